//! Old ciphertext where nobody looks: after a rotation none is left in any file, or it did not begin and says where it stands.
#![cfg(all(unix, feature = "sqlite"))]

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::edited::edit_file;
use crate::support::{Keys, act, version};
use rusqlite::Connection;
use strongroom::error::Detail;
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Rows, Scrub, StoreError, Table};
use strongroom::{ErrorKind, NewApiKey, Request, SqliteStore, Vault};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    keys: Keys,
    token: String,
    /// Pieces of 16 bytes of what is sealed under the old master key.
    old: HashSet<Vec<u8>>,
}

impl Scene {
    fn new(count: usize) -> Self {
        let (folder, keys) = (tempfile::tempdir().expect("a folder"), Keys::generate(2));
        let path = folder.path().join("vault.db");
        let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("n"); count], &act()).expect("issued");
        let token = issued[0].token.expose().to_owned();
        vault.verify(&token, &Request::new()).expect("valid");
        vault.flush_usage().expect("counted");
        drop(vault);
        let rows = SqliteStore::open(&path).expect("store").scan(Table::Keys, None, usize::MAX).expect("rows");
        let pieces = rows.iter().flat_map(|(_, record)| record[32..].chunks_exact(16).map(<[u8]>::to_vec));
        let old = pieces.collect();
        Self { folder, keys, token, old }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    fn open(&self) -> Vault {
        Vault::open(SqliteStore::open(self.path()).expect("store"), self.keys.only([1, 2])).expect("vault")
    }

    /// How often something old stands in a file, in bytes or in hexadecimal.
    fn old_in(&self, path: &Path) -> usize {
        let bytes = fs::read(path).expect("readable");
        let plain = bytes.windows(16).filter(|window| self.old.contains(*window)).count();
        let digit = |byte: &u8| char::from(*byte).to_digit(16);
        let in_digits = bytes.windows(32).filter(|window| {
            let digits: Option<Vec<_>> = window.iter().map(digit).collect();
            digits.is_some_and(|digits| {
                let bytes: Vec<_> =
                    digits.chunks_exact(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("a byte")).collect();
                self.old.contains(&bytes)
            })
        });
        plain + in_digits.count()
    }

    fn old_anywhere(&self) -> usize {
        fs::read_dir(self.folder.path()).expect("read").map(|entry| self.old_in(&entry.expect("entry").path())).sum()
    }
}

#[test]
fn copies_in_other_tables_are_refused_before_a_rotation_begins_and_named() {
    for (sql, named) in [
        ("CREATE TABLE stash AS SELECT * FROM keys", "the table \"stash\""),
        ("CREATE TABLE _litestream_seq AS SELECT v FROM keys LIMIT 1", "the table \"_litestream_seq\""),
        ("CREATE TABLE a (b); INSERT INTO a SELECT hex(v) FROM keys", "the table \"a\""),
        (
            "CREATE TABLE a (b PRIMARY KEY) WITHOUT ROWID; INSERT INTO a SELECT lower(hex(v)) FROM keys",
            "the table \"a\"",
        ),
        ("CREATE TABLE a (b); INSERT INTO a SELECT x'000102' || v FROM keys", "the table \"a\""),
        ("CREATE TABLE a (b, c AS (zeroblob(1000000000))); INSERT INTO a SELECT v FROM keys", "the table \"a\""),
        ("CREATE TABLE counts AS SELECT k, v FROM usage", "the table \"counts\""),
        ("CREATE TABLE counts AS SELECT hex(v) FROM usage", "the table \"counts\""),
        ("CREATE TABLE ring AS SELECT * FROM vault WHERE k = x'6b657972696e67'", "the table \"ring\""),
        ("CREATE VIRTUAL TABLE words USING fts4(text); INSERT INTO words SELECT hex(v) FROM keys", "words_content"),
    ] {
        let scene = Scene::new(20);
        edit_file(&scene.path(), sql);
        let vault = scene.open();
        let refused = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err(sql);
        assert!(matches!(refused.detail(), Detail::Store(StoreError::Copies { .. })), "{sql}: {refused:?}");
        assert!(refused.to_string().contains(named) && refused.kind() == ErrorKind::Corrupt, "{sql}: {refused}");
        assert!(vault.status().expect("status").rotation.is_none(), "{sql}: it began");
        vault.rotate(&RotateOptions::new().rewrap_only(true), &act(), |_| ()).expect_err(sql);
        let report = vault.doctor(|_| ()).expect("examined");
        assert!(report.symptoms.iter().any(|symptom| symptom.what.contains(named)), "{sql}: {:?}", report.symptoms);
        // Everything else goes on, and no copy comes into a backup.
        vault.verify(&scene.token, &Request::new()).expect("valid");
        let name = named.split('"').nth(1).unwrap_or("words");
        edit_file(&scene.path(), &format!("PRAGMA secure_delete = OFF; DROP TABLE {name}"));
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!((report.outcome, report.scrub), (RotationOutcome::Finished, Some(Scrub::Clean)), "{sql}");
        assert_eq!(report.searched.expect("searched").left, 0, "{sql}");
        assert_eq!(scene.old_anywhere(), 0, "{sql}");
    }
}

#[test]
fn what_was_freed_without_being_zeroed_is_gone_after_a_rotation() {
    for sql in [
        // Whole pages.
        "CREATE TABLE t AS SELECT * FROM keys; DROP TABLE t",
        "CREATE TABLE t AS SELECT hex(v) FROM keys; DROP TABLE t",
        // Between the rows of our own tables, and in pages that they have given up.
        "INSERT INTO lookup SELECT k, v FROM keys; DELETE FROM lookup WHERE length(k) = 16",
        "INSERT INTO usage SELECT x'ff' || substr(k, 2), v FROM keys WHERE true ON CONFLICT DO NOTHING; \
         DELETE FROM usage WHERE substr(k, 1, 1) = x'ff'",
        // Trunks that list nothing any more.
        "CREATE TABLE t AS SELECT * FROM keys; DROP TABLE t; CREATE TABLE u AS SELECT zeroblob(20000); DROP TABLE u",
        // One value, in pages that hang on its row.
        "CREATE TABLE t (v); INSERT INTO t SELECT group_concat(hex(v)) FROM keys; DELETE FROM t; DROP TABLE t",
    ] {
        let scene = Scene::new(300);
        let sql = sql.replace("x'ff' || substr(k, 2)", "CAST(x'ff' || substr(k, 2) AS BLOB)");
        edit_file(&scene.path(), &format!("PRAGMA secure_delete = OFF; {sql}; PRAGMA wal_checkpoint(TRUNCATE)"));
        let before = scene.old_in(&scene.path());
        let vault = scene.open();
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!((report.outcome, report.scrub), (RotationOutcome::Finished, Some(Scrub::Clean)), "{sql}");
        let searched = report.searched.expect("searched");
        assert_eq!((searched.left, searched.bytes), (0, fs::metadata(scene.path()).expect("there").len()), "{sql}");
        assert_eq!(scene.old_anywhere(), 0, "{sql}");
        assert!(before > 300 * 10, "{sql}: the search finds what is there");
        vault.verify(&scene.token, &Request::new()).expect("valid");
        assert_eq!(vault.doctor(|_| ()).expect("examined").symptoms.len(), 1, "{sql}: no backup, and nothing else");
    }
}

#[test]
fn a_usual_rotation_builds_no_file_anew() {
    let scene = Scene::new(2_000);
    let version = || -> i64 {
        let connection = Connection::open(scene.path()).expect("open");
        connection.query_row("PRAGMA schema_version", [], |row| row.get(0)).expect("read")
    };
    let before = version();
    let vault = scene.open();
    let listed = vault.list_all(&strongroom::Query::new()).take(500).collect::<Result<Vec<_>, _>>().expect("listed");
    for listed in listed {
        assert!(vault.revoke(listed.id, &act()).expect("revoked"));
    }
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.scrub, Some(Scrub::Clean));
    assert_eq!(version(), before, "it was built anew");
    assert_eq!(scene.old_anywhere(), 0);
}

/// In words that SQLite does not execute here, so that it cannot build the file anew.
const NEIGHBOURS: [&str; 4] = [
    "CREATE TABLE near (a); INSERT INTO near VALUES ('x'); CREATE INDEX i ON near (a); \
     UPDATE sqlite_schema SET sql = 'CREATE INDEX i ON near (hex(sha3(a)))' WHERE name = 'i'",
    "CREATE TABLE near (a, b); INSERT INTO near VALUES ('x', 'y'); \
     UPDATE sqlite_schema SET sql = 'CREATE TABLE near (a, b AS (sha3(a)) STORED)' WHERE name = 'near'",
    "CREATE TABLE near (a PRIMARY KEY); INSERT INTO near VALUES ('x'), ('y'); \
     UPDATE sqlite_schema SET sql = 'CREATE TABLE near (a PRIMARY KEY COLLATE uint)' WHERE name = 'near'",
    "CREATE TABLE near (a); INSERT INTO near VALUES ('x'); \
     UPDATE sqlite_schema SET sql = 'CREATE TABLE near (a CHECK (sha3(a) <> 1))' WHERE name = 'near'",
];

fn with_neighbour(count: usize, neighbour: &str) -> Scene {
    let scene = Scene::new(count);
    edit_file(&scene.path(), &format!("PRAGMA writable_schema = ON; {neighbour}"));
    let connection = Connection::open(scene.path()).expect("open");
    connection.execute_batch("VACUUM").expect_err("it is built anew all the same");
    scene
}

#[test]
fn what_was_freed_is_gone_also_beside_what_cannot_be_built_anew() {
    for neighbour in NEIGHBOURS {
        for sql in [
            "CREATE TABLE t AS SELECT * FROM keys; DROP TABLE t",
            "INSERT INTO lookup SELECT k, v FROM keys; DELETE FROM lookup WHERE length(k) = 16",
        ] {
            let scene = with_neighbour(300, neighbour);
            edit_file(&scene.path(), &format!("PRAGMA secure_delete = OFF; {sql}; PRAGMA wal_checkpoint(TRUNCATE)"));
            assert!(scene.old_in(&scene.path()) > 300 * 10, "{sql}: the search finds what is there");
            let vault = scene.open();
            let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
            let what = format!("{neighbour}; {sql}: {:?}", report.old_bytes);
            assert_eq!((report.outcome, report.scrub), (RotationOutcome::Finished, Some(Scrub::Clean)), "{what}");
            assert_eq!((report.searched.expect("searched").left, scene.old_anywhere()), (0, 0), "{what}");
            vault.verify(&scene.token, &Request::new()).expect("valid");
            assert_eq!(
                vault.doctor(|_| ()).expect("examined").symptoms.len(),
                1,
                "{what}: no backup, and nothing else"
            );
            let connection = Connection::open(scene.path()).expect("open");
            let kept = "SELECT count(*) FROM sqlite_schema WHERE tbl_name = 'near'";
            assert!(connection.query_row(kept, [], |row| row.get::<_, i64>(0)).expect("read") > 0, "{what}");
        }
    }
}

#[test]
fn what_is_left_between_the_rows_of_somebody_else_keeps_the_rotation_open_until_it_is_dropped() {
    let scene = with_neighbour(100, NEIGHBOURS[0]);
    edit_file(
        &scene.path(),
        "PRAGMA secure_delete = OFF; CREATE TABLE mine (a, b); INSERT INTO mine SELECT k, v FROM keys; \
         DELETE FROM mine WHERE rowid % 2 = 0; UPDATE mine SET b = zeroblob(length(b)); PRAGMA wal_checkpoint(TRUNCATE)",
    );
    assert!(scene.old_in(&scene.path()) > 100 * 10);
    let vault = scene.open();
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.scrub), (RotationOutcome::OldBytes, Some(Scrub::BestEffort)));
    assert!(report.searched.expect("searched").left > 0 && report.certificate.is_none());
    assert!(report.old_bytes.expect("why").contains("somebody else"));
    assert_eq!(vault.status().expect("status").rotation.expect("open").phase, Phase::Scrub);
    edit_file(&scene.path(), "PRAGMA secure_delete = OFF; DROP TABLE mine");
    let report = vault.rotate(&RotateOptions::new().resume_only(true), &act(), |_| ()).expect("resumed");
    assert_eq!((report.outcome, report.searched.expect("searched").left), (RotationOutcome::Finished, 0));
    assert_eq!(scene.old_anywhere(), 0);
}

#[test]
fn a_reader_of_an_old_moment_keeps_the_rotation_open_until_it_has_gone() {
    let scene = Scene::new(50);
    let vault = scene.open();
    // And what is free and not zero.
    edit_file(&scene.path(), "PRAGMA secure_delete = OFF; CREATE TABLE t AS SELECT * FROM keys; DROP TABLE t");
    let reader = Connection::open(scene.path()).expect("open");
    reader.execute_batch("BEGIN").expect("begun");
    let _: i64 = reader.query_row("SELECT count(*) FROM keys", [], |row| row.get(0)).expect("read");
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.scrub), (RotationOutcome::OldBytes, Some(Scrub::BestEffort)));
    assert!(report.searched.expect("searched").left > 0);
    assert!(report.old_bytes.expect("why").contains("old moment"));
    let open = vault.status().expect("status").rotation.expect("it is open");
    assert_eq!((open.phase, open.running), (Phase::Scrub, false));
    let symptoms = vault.doctor(|_| ()).expect("examined").symptoms;
    assert!(symptoms.iter().any(|symptom| symptom.what.contains("old bytes")), "{symptoms:?}");
    drop(reader);
    let report = vault.rotate(&RotateOptions::new().resume_only(true), &act(), |_| ()).expect("resumed");
    assert_eq!((report.outcome, report.scrub), (RotationOutcome::Finished, Some(Scrub::Clean)));
    assert_eq!((report.searched.expect("searched").left, scene.old_anywhere()), (0, 0));
    assert!(report.certificate.is_some() && vault.status().expect("status").rotation.is_none());
    vault.verify(&scene.token, &Request::new()).expect("valid");
}

#[test]
fn a_rotation_that_only_looks_for_old_bytes_gives_way_to_the_next() {
    let scene = Scene { keys: Keys::generate(3), ..Scene::new(1) };
    let path = scene.folder.path().join("other.db");
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), scene.keys.only([1]), &act()).expect("vault");
    let token = vault.issue(&NewApiKey::new("n"), &act()).expect("issued").token.expose().to_owned();
    drop(vault);
    let reader = Connection::open(&path).expect("open");
    reader.execute_batch("BEGIN").expect("begun");
    let _: i64 = reader.query_row("SELECT count(*) FROM keys", [], |row| row.get(0)).expect("read");
    let open = |keys: &[u32]| {
        Vault::open(SqliteStore::open(&path).expect("store"), scene.keys.only(keys.iter().copied())).expect("vault")
    };
    let report = open(&[1, 2]).rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::OldBytes);
    drop(reader);
    let vault = open(&[2, 3]);
    let next = RotateOptions::new().to(version(3));
    assert_eq!(vault.plan_rotation(&next).expect("planned").open, None);
    let report = vault.rotate(&next, &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.resumed, report.moved), (RotationOutcome::Finished, false, 1));
    assert_eq!(report.searched.expect("searched").left, 0);
    vault.verify(&token, &Request::new()).expect("valid");
}

#[test]
fn backups_carry_nothing_that_is_no_row() {
    let scene = Scene::new(300);
    let vault = scene.open();
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    // What an editor put back between, and freed without zeroing it.
    let old = base16ct::lower::encode_string(scene.old.iter().next().expect("a piece"));
    edit_file(
        &scene.path(),
        &format!(
            "PRAGMA secure_delete = OFF; CREATE TABLE t (v); \
             WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5000) \
             INSERT INTO t SELECT x'{old}' FROM n; CREATE TABLE kept AS SELECT * FROM t; DROP TABLE t; \
             PRAGMA wal_checkpoint(TRUNCATE)"
        ),
    );
    assert!(scene.old_in(&scene.path()) > 5_000);
    let backup = scene.folder.path().join("backup");
    vault.backup(&backup, &act(), |_| ()).expect("backed up");
    assert_eq!(scene.old_in(&backup), 0);
    let connection = Connection::open(&backup).expect("open");
    let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0)).expect("read");
    assert_eq!(free, 0);
}
