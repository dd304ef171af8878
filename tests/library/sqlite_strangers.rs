//! What somebody else keeps in the store and cannot be read: it is named, hides nothing else, and can be taken away. The vault's own
//! rows are not concerned.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::edited::edit_file;
use crate::support::{Keys, act};
use rusqlite::Connection;
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{SqliteRepair, StoreError};
use strongroom::{ErrorKind, NewApiKey, Request, SqliteStore, Vault, VaultOptions};

const NEAR: &str = "CREATE TABLE near (id INTEGER PRIMARY KEY, seq INTEGER); INSERT INTO near VALUES (1, 2); \
    CREATE INDEX near_seq ON near (seq)";

/// Bytes that are none of a page over the beginning of the first page of a table.
fn overwrite(path: &Path, table: &str) {
    let connection = Connection::open(path).expect("open");
    let root: u32 = connection
        .query_row("SELECT rootpage FROM sqlite_schema WHERE name = ?1", [table], |row| row.get(0))
        .expect("read");
    let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).expect("read");
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("emptied");
    drop(connection);
    let mut bytes = fs::read(path).expect("read");
    let at = usize::try_from((root - 1) * page).expect("small");
    bytes[at..][..64].fill(0xa5);
    fs::write(path, bytes).expect("written");
}

/// A name that is no text, for the table and for the words that make it.
fn rename(what: &str, sql: &str) -> String {
    format!(
        "PRAGMA writable_schema = ON; CREATE TABLE abcd (a); INSERT INTO abcd VALUES ('x'); \
         UPDATE sqlite_schema SET {what} sql = CAST({sql} AS TEXT) WHERE name = 'abcd'"
    )
}

type Damage = fn(&Path);

const DAMAGES: [(&str, Damage); 4] = [
    ("near", |path| {
        edit_file(path, NEAR);
        overwrite(path, "near");
    }),
    ("rows", |path| {
        edit_file(path, "CREATE TABLE rows (k PRIMARY KEY, v) WITHOUT ROWID; INSERT INTO rows VALUES (1, 2)");
        overwrite(path, "rows");
    }),
    ("abc", |path| {
        let name = "name = CAST(x'ff616263' AS TEXT), tbl_name = CAST(x'ff616263' AS TEXT),";
        edit_file(path, &rename(name, "x'435245415445205441424c452022ff61626322286129'"));
    }),
    ("abcd", |path| {
        edit_file(path, &rename("", "x'435245415445205441424c4520616263642822ff622229'"));
    }),
];

#[test]
fn what_somebody_else_keeps_and_cannot_be_read_is_named_and_can_be_taken_away() {
    for (named, damage) in DAMAGES {
        let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(2));
        let path: PathBuf = folder.path().join("vault.db");
        let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
        let token = vault.issue(&NewApiKey::new("n"), &act()).expect("issued").token.expose().to_owned();
        drop(vault);
        damage(&path);
        // Beside a table with copies, which is named all the same.
        edit_file(&path, "CREATE TABLE stash AS SELECT * FROM keys");
        let open = || Vault::open(SqliteStore::open(&path).expect("store"), keys.only([1, 2])).expect("vault");
        let vault = open();
        let symptoms = vault.doctor(|_| ()).expect("examined").symptoms;
        for (name, words) in [(named, "cannot be read"), ("stash", "copies of rows")] {
            let told = symptoms.iter().any(|symptom| symptom.what.contains(name) && symptom.what.contains(words));
            assert!(told, "{named}: {name}: {symptoms:?}");
        }
        edit_file(&path, "DROP TABLE stash");
        let refused = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err(named);
        assert!(matches!(refused.detail(), Detail::Store(StoreError::Stranger { .. })), "{named}: {refused:?}");
        assert!(refused.kind() == ErrorKind::Corrupt && refused.to_string().contains(named), "{named}: {refused}");
        vault.verify(&token, &Request::new()).expect("valid");
        vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
        drop(vault);

        let repair = Arc::new(SqliteRepair::begin(&path).expect("begun"));
        let vault = VaultOptions::new().to_examine(true).open(Arc::clone(&repair), keys.only([1, 2])).expect("vault");
        vault.mend(&repair).unwrap_or_else(|error| panic!("{named}: {error:?}"));
        let mended = repair.mended();
        assert!(mended.iter().any(|mended| mended.what.contains(named)), "{named}: {mended:?}");
        assert!(
            mended.iter().all(|mended| mended.kind != "foreign" || mended.what.contains("cannot be read")),
            "{named}: {mended:?}"
        );
        vault.record_repair(mended.iter().map(|mended| (mended.kind, mended.count)), &act()).expect("recorded");
        drop(vault);
        repair.finish().expect("finished");
        drop(repair);
        let vault = open();
        let symptoms = vault.doctor(|_| ()).expect("examined").symptoms;
        assert!(symptoms.iter().all(|symptom| symptom.id != "store"), "{named}: {symptoms:?}");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!(report.outcome, RotationOutcome::Finished, "{named}");
        vault.verify(&token, &Request::new()).expect("valid");
    }
}
