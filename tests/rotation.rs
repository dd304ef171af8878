//! Claims about rotation, made through the public API and the real store.

mod support;

use std::collections::BTreeMap;

use strongroom::{
    Error, Flow, ImportedKey, KeyringError, NewApiKey, Refusal, Request, RotateOptions, RotationOutcome, SqliteStore,
    Vault, VerifyError,
};
use support::{Keys, act};

#[test]
fn five_rotations_keep_every_token_valid_recoverable_and_every_revocation() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("vault.db");
    let keys = Keys::generate(6);
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");

    let mut tokens = BTreeMap::new();
    let new: Vec<_> = (0..1_000).map(|n| NewApiKey::new(format!("key {n}")).owner("acme").scope("read")).collect();
    for issued in vault.issue_many(&new, &act()).expect("issued") {
        tokens.insert(issued.id, (issued.token.expose().to_owned(), true));
    }
    let lines = include_str!("data/django_tokens.jsonl");
    let imported: Vec<_> = lines.lines().map(|line| ImportedKey::parse(line).expect("a good line")).collect();
    let live: Vec<_> = lines.lines().map(|line| !line.contains(r#""revoked": true"#)).collect();
    let texts: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["token"].as_str().expect("text").into()
        })
        .collect();
    for ((id, text), live) in vault.import(&imported, &act()).expect("imported").into_iter().zip(texts).zip(live) {
        tokens.insert(id, (text, live));
    }
    assert_eq!(tokens.len(), 1_060);
    for (id, (_, live)) in tokens.iter_mut().step_by(7) {
        vault.revoke(*id, &act()).expect("revoked");
        *live = false;
    }
    drop(vault);

    for to in 2..=6 {
        let open = |versions: &[u32]| {
            Vault::open(SqliteStore::open(&path).expect("store"), keys.only(versions.iter().copied()))
        };
        let vault = open(&[to - 1, to]).expect("vault");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| Flow::Continue).expect("rotated");
        assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Finished, 1_060, 1_060));
        assert_eq!(report.stale_lookups, 0);
        drop(vault);

        let refused = open(&[to - 1]).err().expect("the old master key opens nothing");
        assert!(matches!(refused, Error::Keyring(KeyringError::MissingMasterKey { version, .. }) if version == to));
        let vault = open(&[to]).expect("the new master key is enough");
        for (id, (token, live)) in &tokens {
            let verdict = vault.verify(token, &Request::new());
            match verdict {
                Ok(key) => assert!(*live && key.id == *id),
                Err(VerifyError::NotValid(Refusal::Revoked)) => assert!(!live),
                Err(error) => panic!("{id}: {error:?}"),
            }
            assert_eq!(vault.recover(*id, &act()).expect("recovered").expose(), token);
        }
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    }
}
