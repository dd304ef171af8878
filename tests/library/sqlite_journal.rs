//! A store that other tools have left without its write-ahead log gets it back, or says who stands in the way.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::edited::edit_file;
use crate::support::{Keys, act};
use rusqlite::Connection;
use strongroom::{Error, ErrorKind, NewApiKey, Request, SqliteStore, Vault};

fn mode(path: &Path) -> String {
    let connection = Connection::open(path).expect("opened");
    connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).expect("read")
}

#[test]
fn a_store_without_its_log_gets_it_back_when_it_is_opened_to_write() {
    let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(1));
    let path = folder.path().join("vault.db");
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    drop(vault);
    let copy = folder.path().join("copy.db");
    edit_file(&path, &format!("VACUUM INTO '{}'", copy.display()));
    for (path, how) in [(&path, "DELETE"), (&path, "TRUNCATE"), (&path, "PERSIST"), (&copy, "")] {
        if !how.is_empty() {
            edit_file(path, &format!("PRAGMA journal_mode = {how}"));
        }
        // What other tools make is as readable as their umask has it.
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
        assert_ne!(mode(path), "wal", "{how}");
        let reading = SqliteStore::open_read_only(path).expect("it can be read");
        strongroom::store::Rows::scan(&reading, strongroom::store::Table::Keys, None, 10).expect("rows");
        let vault = Vault::open(SqliteStore::open(path).expect("mended"), keys.only([1])).expect("vault");
        vault.verify(issued.token.expose(), &Request::new()).expect("valid");
        vault.issue(&NewApiKey::new("more"), &act()).expect("issued");
        drop(vault);
        assert_eq!(mode(path), "wal", "{how}");
    }
}

#[test]
fn while_others_have_it_open_the_journal_mode_is_named_with_what_is_to_be_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("vault.db");
    drop(SqliteStore::create(&path).expect("store"));
    let other = Connection::open(&path).expect("opened");
    other.execute_batch("PRAGMA journal_mode = DELETE; BEGIN; SELECT count(*) FROM keys").expect("held");
    let begun = Instant::now();
    let error = Error::from(SqliteStore::open(&path).map(drop).expect_err("held by another"));
    assert_eq!((error.kind(), error.code()), (ErrorKind::Engine, "store-journal"), "{error}");
    assert!(error.to_string().contains("`delete`"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(30));
    other.execute_batch("COMMIT").expect("let go");
    drop(other);
    SqliteStore::open(&path).expect("mended");
    assert_eq!(mode(&path), "wal");
}
