//! The schema of a store is the one that was made: what somebody adds to it is named and never executed, and what is somebody
//! else's is left alone.
#![cfg(all(unix, feature = "sqlite"))]

use std::path::{Path, PathBuf};

use crate::edited::edit_file;
use crate::support::past::damage_of;
use crate::support::{Keys, act};
use rusqlite::Connection;
use strongroom::backup::Backup;
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, CommitError, Expected, Rows, SchemaFault, Store, StoreError, Table};
use strongroom::{Error, ErrorKind, NewApiKey, Query, Request, SqliteStore, Vault};
use tempfile::TempDir;

/// What an editor does, and how it is named.
const PLANTED: &[(&str, &str)] = &[
    (
        "CREATE TABLE t (v); CREATE TRIGGER keep AFTER UPDATE ON keys BEGIN INSERT INTO t VALUES (old.v); END",
        "trigger \"keep\"",
    ),
    ("CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END", "trigger \"refuse\""),
    ("CREATE TRIGGER \"a \"\"b\" BEFORE DELETE ON vault BEGIN SELECT RAISE(IGNORE); END", "trigger \"a \\\"b\""),
    ("CREATE INDEX by_value ON usage (v)", "index \"by_value\""),
    ("CREATE UNIQUE INDEX one ON lookup (length(v))", "index \"one\""),
    ("CREATE INDEX some ON KEYS (v) WHERE length(v) > 10", "index \"some\""),
    ("DROP TABLE usage; CREATE VIEW usage AS SELECT k, v FROM keys", "view \"usage\""),
    ("DROP TABLE usage; CREATE VIEW \"Usage\" AS SELECT k, v FROM keys", "view \"Usage\""),
    ("DROP TABLE usage; CREATE VIRTUAL TABLE usage USING fts4(k, v)", "virtual table \"usage\""),
    ("DROP TABLE lookup", "table lookup is missing"),
    ("ALTER TABLE keys RENAME TO elsewhere", "table keys is missing"),
    ("ALTER TABLE keys ADD COLUMN more ANY", "table keys is defined in another way"),
    ("ALTER TABLE keys RENAME COLUMN v TO w", "table keys is defined in another way"),
    ("ALTER TABLE keys RENAME TO x; ALTER TABLE x RENAME TO Keys", "table keys is defined in another way"),
];

/// Other words for one of the tables.
const WORDED: &[&str] = &[
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY ON CONFLICT REPLACE NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL ON CONFLICT IGNORE, v BLOB NOT NULL ON CONFLICT IGNORE) STRICT, WITHOUT ROWID",
    "(k BLOB COLLATE NOCASE PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY DESC NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL UNIQUE) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL CHECK (length(randomblob(100000000)) > 0)) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL DEFAULT x'00') STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL, w BLOB AS (substr(v, 2))) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, w BLOB NOT NULL, v BLOB AS (w)) STRICT, WITHOUT ROWID",
    "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL REFERENCES usage (k)) STRICT, WITHOUT ROWID",
    "(K BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
];

#[test]
fn what_is_planted_in_the_schema_is_named_and_not_executed() {
    let worded = WORDED.iter().map(|words| {
        (format!("DROP TABLE lookup; CREATE TABLE lookup {words}"), "table lookup is defined in another way".to_owned())
    });
    let planted = PLANTED.iter().map(|(sql, named)| ((*sql).to_owned(), (*named).to_owned()));
    for (sql, named) in planted.chain(worded) {
        let (_folder, path) = a_store();
        // Open while it is planted, and with every statement prepared that will be used.
        let held = SqliteStore::open(&path).expect("open");
        put(&held, b"held", b"1").expect("put");
        for &table in Table::ALL {
            touch(&held, table).expect("as it was made");
        }
        let snapshot = held.snapshot().expect("a moment");
        edit_file(&path, &sql);
        let refused = |what: &str, error: StoreError| {
            assert!(matches!(error, StoreError::Schema { .. }), "{sql}: {what}: {error}");
            assert!(error.to_string().contains(&named), "{sql}: {what}: {error}");
            let error = Error::from(error);
            assert_eq!((error.kind(), error.code()), (ErrorKind::Corrupt, "store-schema"));
        };
        refused("a commit", put(&held, b"held", b"2").expect_err(&sql));
        for &table in Table::ALL {
            refused("a read", touch(&held, table).expect_err(&sql));
        }
        refused("a check", held.check().expect_err(&sql));
        refused("a snapshot", held.snapshot().map(drop).expect_err(&sql));
        for open in [SqliteStore::open, SqliteStore::open_or_create, SqliteStore::open_read_only] {
            refused("opening", open(&path).map(drop).expect_err(&sql));
        }
        // At its moment nothing was planted yet.
        assert_eq!(snapshot.get(Table::Keys, b"held").expect("as it was").as_deref(), Some(&b"1"[..]), "{sql}");
        drop(snapshot);
        drop(held);
        refused("opening at rest", SqliteStore::open_read_only(&path).map(drop).expect_err(&sql));
        let connection = Connection::open(&path).expect("open");
        let count = |sql: &str| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
        assert!(count("SELECT count(*) FROM t").is_err() || count("SELECT count(*) FROM t") == Ok(0), "{sql}: it ran");
        // Nothing was committed over it.
        let kept = connection.query_row("SELECT v FROM keys WHERE k = x'68656c64'", [], |row| row.get::<_, Vec<u8>>(0));
        assert!(kept.is_err() || kept == Ok(b"1".to_vec()), "{sql}: {kept:?}");
    }
}

#[test]
fn a_schema_that_is_as_it_was_again_is_used_again() {
    let (_folder, path) = a_store();
    let store = SqliteStore::open(&path).expect("open");
    edit_file(&path, "CREATE TRIGGER refuse BEFORE INSERT ON keys BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert!(matches!(put(&store, b"a", b"1"), Err(StoreError::Schema { .. })));
    assert!(store.snapshot().is_err());
    edit_file(&path, "DROP TRIGGER refuse");
    put(&store, b"a", b"1").expect("put");
    store.snapshot().expect("a moment");
    for &table in Table::ALL {
        touch(&store, table).expect("read");
    }
}

#[test]
fn a_table_that_shares_its_tree_with_another_is_refused() {
    let (_folder, path) = a_store();
    let connection = Connection::open(&path).expect("open");
    connection
        .execute_batch(
            "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema \
             WHERE name = 'keys') WHERE name = 'lookup'",
        )
        .expect("edited");
    drop(connection);
    let opened = SqliteStore::open(&path).map(drop).expect_err("two tables are one");
    assert!(matches!(&opened, StoreError::Schema { fault: SchemaFault::Altered { .. }, .. }), "{opened}");
}

#[test]
fn a_file_that_is_no_store_any_more_is_not_worked_on() {
    let (_folder, path) = a_store();
    let store = SqliteStore::open(&path).expect("open");
    edit_file(&path, "PRAGMA user_version = 9; CREATE TABLE new (a)");
    assert!(matches!(put(&store, b"a", b"1"), Err(StoreError::NewerLayout { found: 9 })));
}

/// Tables and views of somebody else's, and what refers to ours without a say in it.
const NEIGHBOURS: &str = "\
    CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER); INSERT INTO _litestream_seq VALUES (1, 7);
    CREATE TABLE _litestream_lock (id INTEGER);
    CREATE TABLE counted (n INTEGER PRIMARY KEY AUTOINCREMENT, what TEXT UNIQUE); INSERT INTO counted (what) VALUES ('a');
    CREATE INDEX whats ON counted (what DESC);
    CREATE TRIGGER on_counted AFTER INSERT ON counted BEGIN UPDATE counted SET what = 'b'; END;
    CREATE VIEW looks AS SELECT length(v) FROM keys;
    CREATE TABLE refers (k BLOB REFERENCES keys (k) ON DELETE RESTRICT ON UPDATE RESTRICT);
    INSERT INTO refers SELECT k FROM keys;
    CREATE TABLE slow (a CHECK (length(randomblob(a)) >= 0)); INSERT INTO slow VALUES (10);
    CREATE VIRTUAL TABLE words USING fts4(text); INSERT INTO words VALUES ('some words');
    ANALYZE;";

#[test]
fn neighbours_leave_everything_working() {
    let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(2));
    let place = |name: &str| folder.path().join(name);
    let path = place("vault.db");
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
    let before = vault.issue(&NewApiKey::new("before"), &act()).expect("issued");
    edit_file(&path, NEIGHBOURS);
    // Beside one that was open, and anew.
    for again in 0..2 {
        let vault = match again {
            0 => vault.clone(),
            _ => Vault::open(SqliteStore::open(&path).expect("store"), keys.only([1, 2])).expect("vault"),
        };
        let issued = vault.issue(&NewApiKey::new("beside"), &act()).expect("issued");
        vault.verify(before.token.expose(), &Request::new()).expect("valid");
        vault.verify(issued.token.expose(), &Request::new()).expect("valid");
        vault.revoke(issued.id, &act()).expect("revoked");
        vault.recover(before.id, &act()).expect("recovered");
        vault.flush_usage().expect("flushed");
        assert_eq!(vault.list(&Query::new()).expect("listed").items.len(), 2 + again);
        let report = vault.doctor(|_| ()).expect("examined");
        assert!(report.symptoms.iter().all(|symptom| symptom.id != "store"), "{:?}", report.symptoms);
        assert_eq!(damage_of(&vault), Vec::<&str>::new());
        vault.backup(place(&format!("backup {again}")), &act(), |_| ()).expect("backed up");
        let backup = Backup::open(place(&format!("backup {again}"))).expect("a backup");
        backup.verify(&keys.only([1]), |_| ()).expect("whole");
        backup.restore(place(&format!("restored {again}")), &keys.only([1]), &act(), |_| ()).expect("restored");
        for copy in ["backup", "restored"] {
            let names = names_in(&place(&format!("{copy} {again}")));
            assert_eq!(names, ["audit", "keys", "lookup", "usage", "vault"], "{copy}");
        }
    }
    drop(vault);
    let vault = Vault::open(SqliteStore::open(&path).expect("store"), keys.only([1, 2])).expect("vault");
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::Finished);
    assert_eq!(damage_of(&vault), Vec::<&str>::new());
    let seq: i64 = Connection::open(&path)
        .expect("open")
        .query_row("SELECT seq FROM _litestream_seq", [], |row| row.get(0))
        .expect("it is still there");
    assert_eq!(seq, 7);
}

#[test]
fn a_backup_with_anything_beside_the_tables_of_a_store_is_refused() {
    for sql in [NEIGHBOURS, "CREATE VIEW looks AS SELECT 1", "CREATE TABLE t (a)", PLANTED[1].0, PLANTED[3].0] {
        let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(1));
        let place = |name: &str| folder.path().join(name);
        let vault = Vault::create(SqliteStore::create(place("vault.db")).expect("store"), keys.only([1]), &act());
        vault.expect("vault").backup(place("backup"), &act(), |_| ()).expect("backed up");
        edit_file(&place("backup"), sql);
        let opened = Backup::open(place("backup")).map(drop).expect_err(sql);
        assert!(matches!(opened.detail(), Detail::Store(StoreError::Schema { .. })), "{sql}: {opened}");
        assert_eq!(opened.kind(), ErrorKind::Corrupt);
    }
}

fn names_in(path: &Path) -> Vec<String> {
    let connection = Connection::open(path).expect("open");
    let mut names = connection.prepare("SELECT name FROM sqlite_schema ORDER BY name").expect("prepared");
    names.query_map([], |row| row.get(0)).expect("read").collect::<Result<_, _>>().expect("names")
}

fn touch(store: &SqliteStore, table: Table) -> Result<(), StoreError> {
    store.get(table, b"k")?;
    store.at_or_after(table, b"k")?;
    store.scan(table, None, 10).map(drop)
}

fn put(store: &SqliteStore, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let mut batch = Batch::new();
    let there = store.get(Table::Keys, key);
    let expected = there.ok().flatten().map_or(Expected::Absent, Expected::Exactly);
    batch.put(Table::Keys, key, value, expected);
    match store.commit(&batch) {
        Err(CommitError::Store(error)) => Err(error),
        done => {
            done.expect("nobody else writes");
            Ok(())
        }
    }
}

fn a_store() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("store.db");
    put(&SqliteStore::create(&path).expect("create"), b"k", b"value").expect("put");
    (folder, path)
}
