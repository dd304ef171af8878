//! One error type from the environment to an answer, and what it tells.
#![cfg(feature = "sqlite")]

use crate::support::version;
use std::error::Error as StdError;

use strongroom::error::Detail;
use strongroom::store::StoreError;
use strongroom::{
    ApiKeyId, Error, ErrorKind, MasterKey, MasterKeys, SqliteStore, Vault, VaultId, Verifier, VerifierKeys,
};

/// Never run: that it compiles is what counts.
#[expect(dead_code, reason = "it is compiled")]
fn every_way_to_a_vault() -> Result<(), Error> {
    let mut keys = MasterKeys::from_env()?;
    keys.insert(version(7), MasterKey::parse("")?)?;
    let vault = Vault::open(SqliteStore::open("vault.db")?, keys)?;
    vault.show("01kb0c5x7mq8e4t2v9rwyz3abd".parse()?)?;
    vault.issue(&strongroom::NewApiKey::new("n").network("10.0.0.0/8".parse()?), &strongroom::Act::by("tester"))?;
    Verifier::open(SqliteStore::open_read_only("vault.db")?, VerifierKeys::from_env()?)?;
    MasterKeys::single(MasterKey::generate()?);
    strongroom::policy::ReasonPattern::new("^OPS-")?;
    strongroom::master::KeyCommand::parse("pass show keys")?;
    let _: (VaultId, strongroom::Timestamp) = ("".parse()?, "".parse()?);
    Ok(())
}

#[test]
fn an_error_is_small_and_goes_anywhere() {
    fn anywhere<T: StdError + Send + Sync + 'static>() -> usize {
        size_of::<T>()
    }
    assert_eq!(anywhere::<Error>(), size_of::<usize>());
}

#[test]
fn an_error_tells_what_it_is() {
    let id: ApiKeyId = "01kb0c5x7mq8e4t2v9rwyz3abd".parse().expect("an id");
    let error = Error::from(Detail::NotFound { id });
    assert_eq!((error.kind(), error.code(), error.api_key()), (ErrorKind::NotFound, "not-found", Some(id)));
    assert!(!error.is_retryable() && Error::from(StoreError::Busy).is_retryable());
    assert!(
        matches!(error.detail(), Detail::NotFound { .. }) && matches!(error.into_detail(), Detail::NotFound { .. })
    );
}

#[test]
fn the_long_form_tells_what_lies_behind() {
    let error = Error::from(StoreError::engine("disk I/O error"));
    assert_eq!(error.to_string(), "the storage engine failed");
    assert_eq!(format!("{error:#}"), "the storage engine failed: disk I/O error");
    assert_eq!(error.source().map(ToString::to_string).as_deref(), Some("disk I/O error"));
}
