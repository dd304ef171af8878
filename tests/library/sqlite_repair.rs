//! What somebody has done to the file of a store is mended where nothing is guessed, in one commit with the entry about it.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::edited::{edit_file, edit_without_types};
use crate::support::{Keys, act};
use rusqlite::Connection;
use strongroom::audit::Action;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Mended, Rows, SqliteRepair, StoreError, Table};
use strongroom::{Error, ErrorKind, NewApiKey, Request, SqliteStore, Vault, VaultOptions};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    keys: Keys,
    tokens: Vec<String>,
    rows: Vec<(Table, Vec<u8>, Vec<u8>)>,
}

impl Scene {
    /// A vault with API keys that were used, one of them imported.
    fn new() -> Self {
        let mut scene = Self {
            folder: tempfile::tempdir().expect("a folder"),
            keys: Keys::generate(2),
            tokens: vec!["acme_0b7e2f9d4c6a8e1f3b5d7092a4c6e8f0".into()],
            rows: vec![],
        };
        let store = SqliteStore::create(scene.path()).expect("store");
        let vault = Vault::create(store, scene.keys.only([1]), &act()).expect("vault");
        let imported = strongroom::api_keys::ImportedKey::new(
            strongroom::SecretText::new(scene.tokens[0].clone()),
            NewApiKey::new("imported"),
        );
        vault.import(&[imported], &act()).expect("imported");
        let issued = vault.issue_many(&vec![NewApiKey::new("n"); 20], &act()).expect("issued");
        scene.tokens.extend(issued.iter().map(|issued| issued.token.expose().to_owned()));
        for token in &scene.tokens {
            vault.verify(token, &Request::new()).expect("valid");
        }
        vault.flush_usage().expect("flushed");
        drop(vault);
        scene.rows = scene.rows_now();
        scene
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    fn open(&self) -> Result<Vault, Error> {
        Vault::open(SqliteStore::open(self.path())?, self.keys.only([1, 2]))
    }

    fn rows_now(&self) -> Vec<(Table, Vec<u8>, Vec<u8>)> {
        let store = SqliteStore::open(self.path()).expect("it opens");
        let rows = |table| store.scan(table, None, 1_000).expect("rows").into_iter().map(move |(k, v)| (table, k, v));
        Table::ALL.iter().flat_map(|&table| rows(table)).collect()
    }

    fn begin(&self, rehearsed: bool) -> Result<(Arc<SqliteRepair>, Vault), Error> {
        let begin = if rehearsed { SqliteRepair::rehearse } else { SqliteRepair::begin };
        let repair = Arc::new(begin(self.path())?);
        let vault = VaultOptions::new().to_examine(true).open(Arc::clone(&repair), self.keys.only([1, 2]))?;
        vault.mend(&repair)?;
        Ok((repair, vault))
    }

    /// What is mended, after a rehearsal that finds the same and changes nothing.
    fn repair(&self) -> Result<(Vec<Mended>, Vec<String>), Error> {
        let before = contents(&self.path());
        let (rehearsed, _) = self.begin(true)?;
        let planned = (rehearsed.mended(), rehearsed.unmended());
        drop(rehearsed);
        assert_eq!(contents(&self.path()), before, "a rehearsal changes nothing");
        let (repair, vault) = self.begin(false)?;
        let mended = repair.mended();
        assert_eq!(mended, planned.0);
        vault.record_repair(mended.iter().map(|mended| (mended.kind, mended.count)), &act())?;
        repair.finish()?;
        Ok((mended, planned.1))
    }

    /// All is as it was before somebody came, and nothing of theirs is in the file.
    fn is_whole(&self, what: &str) {
        let now = self.rows_now();
        let kept = |rows: &[(Table, Vec<u8>, Vec<u8>)]| {
            let changes = |(table, key, _): &&(Table, Vec<u8>, Vec<u8>)| *table == Table::Vault && key == b"head";
            rows.iter().filter(|row| !changes(row)).cloned().collect::<Vec<_>>()
        };
        let (before, mut after) = (kept(&self.rows), kept(&now));
        after.retain(|row| row.0 != Table::Audit || before.contains(row));
        assert_eq!(after, before, "{what}");
        let vault = self.open().expect(what);
        for token in &self.tokens {
            vault.verify(token, &Request::new()).expect(what);
        }
        assert!(vault.doctor(|_| ()).expect(what).symptoms.is_empty(), "{what}");
        let entries = vault.audit_entries(None, 1_000).expect("entries").items;
        let repairs: Vec<_> = entries.iter().filter(|entry| entry.action == Action::Repair).collect();
        assert_eq!(repairs.len(), 1, "{what}");
        assert!(repairs[0].counts.values().sum::<u64>() > 0 && repairs[0].reason.is_some(), "{what}");
        let check: String = Connection::open(self.path())
            .and_then(|connection| connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)))
            .expect("checked");
        assert_eq!(check, "ok", "{what}");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect(what);
        assert_eq!(report.outcome, RotationOutcome::Finished, "{what}");
        assert_eq!(report.searched.map(|searched| searched.left), Some(0), "{what}");
    }
}

/// Everything that is in the file, read as an editor does.
fn contents(path: &Path) -> Vec<(String, String)> {
    let connection = Connection::open(path).expect("opened");
    connection.execute_batch("PRAGMA writable_schema = ON").expect("set");
    let pairs = |sql: &str| -> Vec<(String, String)> {
        let Ok(mut statement) = connection.prepare(sql) else { return vec![] };
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
        // What the words say may not be what is stored.
        rows.map(|row| row.unwrap_or_else(|error| (error.to_string(), String::new()))).collect()
    };
    let mut all = pairs("SELECT name || type || tbl_name, quote(sql) FROM sqlite_schema ORDER BY rowid");
    for table in Table::ALL {
        let sql = "SELECT typeof(k) || quote(CAST(k AS BLOB)), typeof(v) || quote(CAST(v AS BLOB)) FROM";
        all.extend(pairs(&format!("{sql} {} NOT INDEXED", table.name())));
    }
    all
}

#[test]
fn what_was_planted_in_the_schema_is_taken_away_and_tables_are_made_anew_from_their_rows() {
    let anew = |words: &str| {
        format!(
            "ALTER TABLE lookup RENAME TO x; CREATE TABLE lookup {words}; INSERT INTO lookup (k, v) SELECT k, v FROM x; DROP TABLE x"
        )
    };
    let mut done: Vec<String> = [
        "CREATE TABLE t (v); CREATE TRIGGER keep AFTER UPDATE ON keys BEGIN INSERT INTO t VALUES (1); END",
        "CREATE TRIGGER refuse BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'no'); END",
        "CREATE TRIGGER \"a \"\"b\" BEFORE DELETE ON vault BEGIN SELECT RAISE(IGNORE); END",
        "CREATE INDEX by_value ON usage (v)",
        "CREATE UNIQUE INDEX one ON lookup (length(v), v); CREATE INDEX two ON KEYS (v) WHERE length(v) > 10",
        "ALTER TABLE keys ADD COLUMN more ANY; UPDATE keys SET more = v",
        "ALTER TABLE keys RENAME COLUMN v TO w",
        "ALTER TABLE keys RENAME TO x; ALTER TABLE x RENAME TO Keys",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE keys (((' WHERE name = 'keys'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE keyz (k)' WHERE name = 'usage'",
        "CREATE INDEX broken ON audit (v); PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET sql = 'CREATE INDEX broken ON audit (nothing(v))' WHERE name = 'broken'",
        "CREATE TABLE x (v); PRAGMA writable_schema = ON; \
         UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema WHERE name = 'keys') WHERE name = 'x'",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -7",
        "PRAGMA application_id = 0",
        "PRAGMA application_id = 1397902642; PRAGMA user_version = 0",
        // Words that SQLite reads, and that are not those of what is stored.
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = \
         'CREATE TABLE usage (v BLOB PRIMARY KEY NOT NULL, k BLOB NOT NULL) STRICT, WITHOUT ROWID' WHERE name = 'usage'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = \
         'CREATE TABLE keys (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT' WHERE name = 'keys'",
        "PRAGMA writable_schema = ON; INSERT INTO sqlite_schema SELECT * FROM sqlite_schema WHERE name = 'usage'",
        "CREATE TABLE x (v); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET rootpage = 7777 WHERE name = 'x'",
        "CREATE TABLE x (v); PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE x (((' WHERE name = 'x'",
        // Names that a repair would take for its own.
        "CREATE TABLE strongroom_mending (a); CREATE TABLE strongroom_moving (a); CREATE TRIGGER t AFTER INSERT ON keys BEGIN SELECT 1; END; \
         ALTER TABLE lookup RENAME TO x; CREATE TABLE lookup (k, v); INSERT INTO lookup SELECT k, v FROM x; DROP TABLE x",
    ]
    .map(str::to_owned)
    .into();
    done.extend(
        [
            "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID",
            "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT",
            "(k, v)",
            "(k TEXT PRIMARY KEY, v TEXT)",
            "(k BLOB COLLATE NOCASE PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
            "(k BLOB PRIMARY KEY DESC NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID",
            "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL UNIQUE) STRICT, WITHOUT ROWID",
            "(k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL, w BLOB AS (substr(v, 2))) STRICT, WITHOUT ROWID",
            "(\"k\" BLOB NOT NULL, \"v\" BLOB NOT NULL, PRIMARY KEY (\"k\")) STRICT, WITHOUT ROWID",
        ]
        .map(anew),
    );
    for sql in done {
        let scene = Scene::new();
        edit_file(&scene.path(), &sql);
        assert!(SqliteStore::open(scene.path()).is_err(), "{sql}");
        let (mended, left) = scene.repair().unwrap_or_else(|error| panic!("{sql}: {error}"));
        let of_schema = |mended: &Mended| ["foreign", "schema"].contains(&mended.kind);
        assert!(mended.iter().any(of_schema) && left.is_empty(), "{sql}: {mended:?} {left:?}");
        assert!(mended.iter().all(|mended| !mended.what.is_empty()));
        scene.is_whole(&sql);
    }
}

#[test]
fn what_would_be_a_guess_is_named_and_stays_as_it_is() {
    for (sql, named) in [
        ("DROP TABLE lookup", "the table lookup is missing"),
        ("DROP TABLE usage; CREATE VIEW usage AS SELECT k, v FROM keys", "the table usage is missing"),
        ("DROP TABLE usage; CREATE VIRTUAL TABLE usage USING fts4(k, v)", "the table usage is missing"),
        ("ALTER TABLE keys RENAME TO elsewhere", "the table keys is missing"),
        ("DROP TABLE usage; CREATE TABLE usage (k BLOB, x BLOB)", "the table usage is defined in another way"),
        ("UPDATE vault SET v = x'00' WHERE k = CAST('keyring' AS BLOB)", "keyring"),
        ("PRAGMA application_id = 7; ALTER TABLE usage RENAME TO used", "not a strongroom store"),
    ] {
        let scene = Scene::new();
        edit_file(&scene.path(), sql);
        let before = contents(&scene.path());
        let error = scene.repair().expect_err(sql);
        assert!(error.to_string().contains(named) || error.kind() == ErrorKind::Corrupt, "{sql}: {error}");
        let error = scene.begin(false).map(drop).expect_err(sql);
        assert!(named == "not a strongroom store" || error.to_string().contains(named), "{sql}: {error}");
        assert_eq!(contents(&scene.path()), before, "{sql}");
    }
}

#[test]
fn keys_and_values_that_are_no_bytes_are_bytes_again_where_they_are_the_right_ones() {
    for sql in [
        "UPDATE keys SET v = CAST(v AS TEXT)",
        "UPDATE keys SET v = CAST(v AS TEXT) WHERE k = (SELECT min(k) FROM keys); UPDATE usage SET v = CAST(v AS TEXT)",
        "UPDATE audit SET v = CAST(v AS TEXT); UPDATE lookup SET v = CAST(v AS TEXT)",
        "UPDATE vault SET v = CAST(v AS TEXT)",
        "UPDATE vault SET k = CAST(k AS TEXT)",
        "UPDATE keys SET k = CAST(k AS TEXT)",
        "UPDATE audit SET k = CAST(k AS TEXT), v = CAST(v AS TEXT)",
        "UPDATE lookup SET k = CAST(k AS TEXT); UPDATE usage SET k = CAST(k AS TEXT)",
        // Copies of rows that are there.
        "INSERT INTO keys SELECT hex(k), v FROM keys",
        "INSERT INTO keys SELECT lower(hex(k)), CAST(v AS TEXT) FROM keys",
        "INSERT INTO keys SELECT CAST(k AS TEXT), v FROM keys",
        "INSERT INTO keys SELECT row_number() OVER (), v FROM keys",
        "INSERT INTO usage SELECT 1.5 * row_number() OVER (), v FROM usage; INSERT INTO audit SELECT hex(k), 'x' FROM audit",
    ] {
        let scene = Scene::new();
        edit_without_types(&scene.path(), sql);
        let (mended, left) = scene.repair().unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(mended.iter().any(|mended| mended.kind == "types") && left.is_empty(), "{sql}: {mended:?} {left:?}");
        scene.is_whole(sql);
    }
    // In a table that is not strict any more.
    let scene = Scene::new();
    edit_file(
        &scene.path(),
        "ALTER TABLE keys RENAME TO x; CREATE TABLE keys (k TEXT PRIMARY KEY, v TEXT); \
         INSERT INTO keys SELECT k, CAST(v AS TEXT) FROM x; DROP TABLE x",
    );
    scene.repair().expect("both are mended");
    scene.is_whole("a table of texts");
}

#[test]
fn what_is_no_right_bytes_is_named_and_left() {
    for (sql, count) in [
        ("UPDATE keys SET v = 7 WHERE k = (SELECT min(k) FROM keys)", 1),
        ("UPDATE keys SET v = hex(v) WHERE k = (SELECT min(k) FROM keys)", 1),
        ("UPDATE lookup SET v = '' WHERE k = (SELECT min(k) FROM lookup)", 1),
        ("UPDATE keys SET v = CAST(v || 'x' AS TEXT) WHERE k IN (SELECT k FROM keys LIMIT 3)", 3),
        ("INSERT INTO keys VALUES ('k', x'00'); INSERT INTO keys VALUES (1, x'00')", 1),
    ] {
        let scene = Scene::new();
        edit_without_types(&scene.path(), sql);
        edit_file(&scene.path(), "CREATE INDEX planted ON usage (v)");
        let before = contents(&scene.path());
        let (mended, left) = scene.repair().unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert_eq!((mended.len(), left.len() >= count), (1, true), "{sql}: {mended:?} {left:?}");
        let after = contents(&scene.path());
        let typed = |all: &[(String, String)]| {
            let other = |(key, value): &&(String, String)| !key.starts_with("blob") || !value.starts_with("blob");
            let rows = all.iter().filter(|(key, _)| key.contains("X'"));
            rows.filter(other).cloned().collect::<Vec<_>>()
        };
        assert_eq!(typed(&before), typed(&after), "{sql}");
        assert!(!typed(&after).is_empty(), "{sql}");
    }
}

#[test]
fn rows_under_keys_that_no_row_has_are_named_and_removed() {
    for (sql, count) in [
        ("INSERT INTO keys VALUES (x'01', x'00')", 1),
        ("INSERT INTO keys SELECT CAST(k || x'00' AS BLOB), v FROM keys", 22),
        ("INSERT INTO lookup SELECT substr(k, 2), v FROM lookup; INSERT INTO lookup VALUES (x'ff', x'00')", 3),
        ("INSERT INTO vault VALUES (CAST('foo' AS BLOB), x'00')", 1),
        ("INSERT INTO vault SELECT CAST(k || x'00' AS BLOB), v FROM vault", 2),
        // With more in it than such a row has.
        ("INSERT INTO vault SELECT CAST('subtree/' || x'00000000000000ff' AS BLOB), v FROM keys LIMIT 1", 1),
        ("INSERT INTO keys VALUES (x'', x'00'); INSERT INTO vault VALUES (x'', x'')", 2),
        (
            "INSERT INTO audit VALUES (x'', x'00'); INSERT INTO usage VALUES (x'', x''); INSERT INTO lookup VALUES (x'', x'')",
            3,
        ),
        ("INSERT INTO audit VALUES (x'01', x'00'); INSERT INTO audit VALUES (x'000000000000000200', x'00')", 2),
        ("INSERT INTO usage VALUES (x'00112233445566778899aabbccddeeff', x'00')", 1),
        ("UPDATE usage SET v = ''; DELETE FROM usage WHERE k > (SELECT min(k) FROM usage)", 1),
        ("UPDATE usage SET v = CAST(v || x'00' AS BLOB); DELETE FROM usage WHERE k > (SELECT min(k) FROM usage)", 1),
    ] {
        let mut scene = Scene::new();
        edit_without_types(&scene.path(), sql);
        if sql.contains("usage SET") || sql.contains("DELETE") {
            scene.rows.retain(|(table, ..)| *table != Table::Usage);
        }
        let store = SqliteStore::open(scene.path()).expect(sql);
        let vault = VaultOptions::new().to_examine(true).open(store, scene.keys.only([1, 2])).expect(sql);
        let symptoms = vault.doctor(|_| ()).expect(sql).symptoms;
        drop(vault);
        assert!(symptoms.iter().any(|symptom| symptom.remedy.contains("doctor --repair")), "{sql}: {symptoms:?}");
        let (mended, left) = scene.repair().unwrap_or_else(|error| panic!("{sql}: {error}"));
        let rows: u64 = mended.iter().filter(|mended| mended.kind == "rows").map(|mended| mended.count).sum();
        assert_eq!((rows, left), (count, vec![]), "{sql}: {mended:?}");
        scene.is_whole(sql);
    }
}

#[test]
fn no_entry_is_added_to_a_log_that_was_cut() {
    for sql in [
        "DELETE FROM audit",
        "DELETE FROM audit WHERE k = (SELECT max(k) FROM audit)",
        "INSERT INTO audit VALUES (x'ffffffffffffffff', x'00')",
    ] {
        let scene = Scene::new();
        edit_file(&scene.path(), &format!("{sql}; CREATE INDEX planted ON usage (v)"));
        let before = contents(&scene.path());
        let error = scene.begin(false).map(drop).expect_err(sql);
        assert!(matches!(error.detail(), strongroom::error::Detail::Audit(_)), "{sql}: {error}");
        assert_eq!(contents(&scene.path()), before, "{sql}");
    }
}

#[test]
fn copies_of_rows_in_tables_of_others_are_removed_and_harmless_neighbours_stay() {
    for (sql, stays) in [
        ("CREATE TABLE stash AS SELECT * FROM keys", &[][..]),
        ("CREATE TABLE stash (a TEXT); INSERT INTO stash SELECT hex(v) FROM keys; CREATE INDEX i ON stash (a)", &[]),
        (
            "CREATE TABLE \"a b\" AS SELECT * FROM usage; CREATE TABLE _litestream_lock (id INTEGER)",
            &["_litestream_lock"],
        ),
        ("CREATE VIRTUAL TABLE stash USING fts4(k, v); INSERT INTO stash SELECT hex(k), hex(v) FROM keys", &[]),
        ("CREATE TABLE stash AS SELECT * FROM vault; CREATE VIEW see AS SELECT 1", &["see"]),
    ] {
        let scene = Scene::new();
        edit_file(&scene.path(), sql);
        let (mended, _) = scene.repair().unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(mended.iter().any(|mended| mended.kind == "foreign"), "{sql}: {mended:?}");
        let names: Vec<String> = contents(&scene.path())
            .into_iter()
            .filter_map(|(name, sql)| sql.starts_with("'CREATE").then_some(name))
            .filter(|name| !Table::ALL.iter().any(|table| *name == format!("{0}table{0}", table.name())))
            .collect();
        assert_eq!(names.len(), stays.len(), "{sql}: {names:?}");
        assert!(stays.iter().all(|name| names.iter().any(|found| found.starts_with(name))), "{sql}: {names:?}");
        scene.is_whole(sql);
    }
    // Nothing of ours, and nothing to mend.
    let scene = Scene::new();
    edit_file(
        &scene.path(),
        "CREATE TABLE _litestream_lock (id INTEGER); CREATE TABLE _litestream_seq (id INTEGER, seq INTEGER)",
    );
    let (repair, _) = scene.begin(true).expect("begun");
    assert_eq!((repair.mended(), repair.unmended()), (vec![], vec![]));
}

#[test]
fn statistics_the_journal_mode_and_free_pages_are_mended() {
    for (sql, kind) in [
        ("ANALYZE", "statistics"),
        ("PRAGMA journal_mode = DELETE", "journal"),
        (
            "PRAGMA secure_delete = OFF; CREATE TABLE stash AS SELECT * FROM keys; DROP TABLE stash; \
             PRAGMA wal_checkpoint(TRUNCATE)",
            "free_pages",
        ),
    ] {
        let scene = Scene::new();
        edit_file(&scene.path(), sql);
        let record = scene.rows.iter().find(|(table, ..)| *table == Table::Keys).expect("a record").2.clone();
        let copies = |path: &Path| {
            let bytes = fs::read(path).expect("read");
            bytes.windows(record.len()).filter(|window| *window == record).count()
        };
        let before = copies(&scene.path());
        let (mended, _) = scene.repair().unwrap_or_else(|error| panic!("{sql}: {error}"));
        assert!(!mended.is_empty() && mended.iter().all(|mended| mended.kind == kind), "{sql}: {mended:?}");
        assert_eq!((before, copies(&scene.path())), (if kind == "free_pages" { 2 } else { 1 }, 1), "{sql}");
        scene.is_whole(sql);
    }
}

#[test]
fn a_repair_is_there_with_its_entry_or_not_at_all() {
    let scene = Scene::new();
    edit_file(&scene.path(), "CREATE INDEX planted ON usage (v); CREATE TABLE stash AS SELECT * FROM keys");
    let before = contents(&scene.path());
    // Dropped on the way, as a killed process drops it.
    drop(scene.begin(false).expect("begun"));
    assert_eq!(contents(&scene.path()), before);
    // A rehearsal commits nothing.
    let (rehearsed, vault) = scene.begin(true).expect("begun");
    let error = vault.record_repair([("schema", 1)], &act()).expect_err("a rehearsal");
    assert!(matches!(error.detail(), strongroom::error::Detail::Store(StoreError::ReadOnly)), "{error}");
    drop((rehearsed, vault));
    assert_eq!(contents(&scene.path()), before);
    // Nobody else writes meanwhile, and after the one commit nothing more is written this way.
    let (repair, vault) = scene.begin(false).expect("begun");
    vault.record_repair([("schema", 1)], &act()).expect("recorded");
    assert!(vault.issue(&NewApiKey::new("n"), &act()).is_err());
    repair.finish().expect("finished");
    drop((repair, vault));
    scene.open().expect("open").issue(&NewApiKey::new("n"), &act()).expect("issued");
}

#[test]
fn the_copy_of_before_is_the_store_as_it_was() {
    let scene = Scene::new();
    edit_file(&scene.path(), "CREATE TABLE stash AS SELECT * FROM keys; CREATE INDEX planted ON usage (v)");
    let (before, to) = (contents(&scene.path()), scene.folder.path().join("before"));
    SqliteRepair::copy(scene.path(), &to).expect("copied");
    assert_eq!(contents(&to), before);
    assert!(matches!(SqliteRepair::copy(scene.path(), &to), Err(StoreError::AlreadyExists { .. })));
    scene.repair().expect("mended");
    assert_ne!(contents(&scene.path()), before);
    assert_eq!(contents(&to), before);
}
