//! Values and keys that are no bytes, and rows that do not ascend: damage that is named, ends, and can be got rid of.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::edited::{edit_file, edit_without_types};
use crate::support::{Keys, act};
use rusqlite::Connection;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, StoreError, Table};
use strongroom::{Error, ErrorKind, NewApiKey, Query, Request, SqliteStore, Vault};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    keys: Keys,
    tokens: Vec<String>,
}

/// A vault with this many API keys, each of which was used.
fn scene(count: usize) -> Scene {
    let scene = Scene { folder: tempfile::tempdir().expect("a folder"), keys: Keys::generate(2), tokens: vec![] };
    let store = SqliteStore::create(scene.path()).expect("store");
    let vault = Vault::create(store, scene.keys.only([1]), &act()).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("n"); count], &act()).expect("issued");
    let tokens: Vec<_> = issued.into_iter().map(|issued| issued.token.expose().to_owned()).collect();
    for token in &tokens {
        vault.verify(token, &Request::new()).expect("valid");
    }
    vault.flush_usage().expect("flushed");
    Scene { tokens, ..scene }
}

impl Scene {
    fn path(&self) -> PathBuf {
        self.folder.path().join("vault.db")
    }

    fn open(&self) -> Result<Vault, Error> {
        Vault::open(SqliteStore::open(self.path())?, self.keys.only([1, 2]))
    }
}

#[test]
fn an_editor_stores_no_value_of_another_type() {
    let scene = scene(1);
    let connection = Connection::open(scene.path()).expect("open");
    for &table in Table::ALL {
        let name = table.name();
        for sql in [
            format!("UPDATE {name} SET v = CAST(v AS TEXT)"),
            format!("INSERT INTO {name} VALUES ('k', x'00')"),
            format!("INSERT INTO {name} VALUES (1, x'00')"),
            format!("INSERT INTO {name} VALUES (x'00', 1.5)"),
            format!("INSERT INTO {name} VALUES (x'00', NULL)"),
            format!("INSERT INTO {name} SELECT hex(k), v FROM keys"),
        ] {
            assert!(connection.execute(&sql, []).is_err() || connection.changes() == 0, "{sql}");
        }
    }
}

#[test]
fn a_value_that_is_no_bytes_is_named_moved_by_no_rotation_and_can_be_given_up() {
    for kind in ["CAST(v AS TEXT)", "7", "1.5", "''"] {
        let scene = scene(3);
        edit_without_types(
            &scene.path(),
            &format!("UPDATE keys SET v = {kind} WHERE k = (SELECT min(k) FROM keys); UPDATE usage SET v = {kind}"),
        );
        let vault = scene.open().expect("it opens");
        let listed = vault.list(&Query::new()).expect("the others are listed").items;
        assert_eq!(listed.iter().filter(|one| one.key.is_ok()).count(), 2, "{kind}");
        let damage = damage_lines(&vault);
        assert!(damage.iter().any(|line| line.contains("table keys is no bytes")), "{kind}: {damage:?}");
        assert!(damage.iter().any(|line| line.contains("table usage is no bytes")), "{kind}: {damage:?}");
        let kept = vault.backup(scene.folder.path().join("backup"), &act(), |_| ()).expect_err("damaged");
        assert_eq!(kept.kind(), ErrorKind::Corrupt, "{kept}");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("the others are moved");
        assert_eq!(
            (report.outcome, report.moved, report.unreadable.len()),
            (RotationOutcome::Incomplete, 2, 1),
            "{kind}"
        );
        let abandon = RotateOptions::new().abandon(&report.unreadable);
        let report = vault.rotate(&abandon, &act(), |_| ()).expect("given up");
        assert_eq!(
            (report.outcome, report.abandoned, report.usage_dropped),
            (RotationOutcome::Finished, 1, 3),
            "{kind}"
        );
        assert_eq!(damage_lines(&vault), Vec::<String>::new(), "{kind}");
        vault.verify(&scene.tokens[2], &Request::new()).expect("the others are valid");
        vault.flush_usage().expect("counted anew");
    }
}

#[test]
fn counts_that_are_no_bytes_hold_up_nobody() {
    let scene = scene(2);
    edit_without_types(&scene.path(), "UPDATE usage SET v = CAST(v AS TEXT)");
    let vault = scene.open().expect("it opens");
    for token in &scene.tokens {
        vault.verify(token, &Request::new()).expect("valid");
    }
    let _ = vault.flush_usage();
    vault.issue(&NewApiKey::new("another"), &act()).expect("issued");
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::Finished);
}

#[test]
fn a_row_of_the_vault_that_is_no_bytes_is_tampered_with() {
    for key in ["keyring", "head"] {
        let scene = scene(1);
        edit_without_types(
            &scene.path(),
            &format!("UPDATE vault SET v = CAST(v AS TEXT) WHERE k = CAST('{key}' AS BLOB)"),
        );
        assert_eq!(scene.open().expect_err(key).kind(), ErrorKind::Corrupt, "{key}");
    }
    let scene = scene(1);
    edit_without_types(&scene.path(), "UPDATE audit SET v = CAST(v AS TEXT)");
    assert_eq!(scene.open().expect_err("the log").kind(), ErrorKind::Corrupt);
}

#[test]
fn a_key_that_is_no_bytes_is_named_wherever_the_table_is_read() {
    for (table, key) in [("keys", "hex(k)"), ("keys", "CAST(k AS TEXT)"), ("usage", "7"), ("vault", "CAST(k AS TEXT)")]
    {
        let scene = scene(2);
        let vault = scene.open().expect("vault");
        edit_without_types(
            &scene.path(),
            &format!("INSERT INTO {table} SELECT {key}, v FROM {table} WHERE k = (SELECT min(k) FROM {table})"),
        );
        let store = SqliteStore::open(scene.path()).expect("store");
        let this = Table::ALL.iter().copied().find(|one| one.name() == table).expect("a table");
        let named = |error: StoreError| {
            assert!(matches!(&error, StoreError::KeyType { table: found, .. } if *found == table), "{table}: {error}");
        };
        named(store.scan(this, None, 1).expect_err("scanned"));
        named(store.snapshot().expect("a moment").scan(this, None, 1).expect_err("scanned"));
        named(store.get(this, b"\0").expect_err("nobody is told that there is none"));
        let damage = damage_lines(&vault);
        assert!(damage.iter().any(|line| line.contains(table)), "{table} {key}: {damage:?}");
        let kept = vault.backup(scene.folder.path().join("backup"), &act(), |_| ()).expect_err("damaged");
        assert_eq!(kept.kind(), ErrorKind::Corrupt, "{kept}");
        let rotated = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err("it cannot be told to be whole");
        assert_eq!(
            (rotated.kind(), rotated.code()),
            (ErrorKind::Corrupt, "store-key-type"),
            "{table} {key}: {rotated}"
        );
        edit_file(&scene.path(), &format!("DELETE FROM {table} WHERE typeof(k) <> 'blob'"));
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!(report.outcome, RotationOutcome::Finished);
        assert_eq!(damage_lines(&vault), Vec::<String>::new());
    }
}

#[test]
fn a_keyring_under_a_text_is_not_taken_for_no_vault() {
    let scene = scene(1);
    edit_without_types(
        &scene.path(),
        "INSERT INTO vault SELECT CAST(k AS TEXT), v FROM vault WHERE k = x'6b657972696e67'; \
         DELETE FROM vault WHERE k = x'6b657972696e67'",
    );
    assert_eq!(scene.open().expect_err("damaged").code(), "store-key-type");
    assert!(SqliteStore::create(scene.path()).is_err(), "it is not taken for an empty store");
    let store = SqliteStore::open_or_create(scene.path()).expect("a store");
    let made = Vault::open_or_create(store, scene.keys.only([1]), &act()).expect_err("and not made anew");
    assert_eq!(made.code(), "store-key-type");
}

#[test]
fn rows_that_do_not_ascend_end_every_reader() {
    // Keys of a leaf exchanged in the file, as a flipped bit of its cell pointers or of a key does.
    let scene = scene(200);
    let vault = scene.open().expect("vault");
    SqliteStore::open(scene.path()).expect("store").scrub().expect("moved into the file");
    drop(vault);
    let (first, last) = {
        let store = SqliteStore::open(scene.path()).expect("store");
        let rows = store.scan(Table::Keys, None, 10_000).expect("rows");
        (rows[3].0.clone(), rows[5].0.clone())
    };
    let mut bytes = fs::read(scene.path()).expect("read");
    // The largest key of all in the place of one of the first: the next page begins where an earlier one did.
    let header = record_place(&bytes, &first);
    let mut high = last;
    high[0] = 0xf0;
    bytes[header..header + 16].copy_from_slice(&high);
    fs::write(scene.path(), bytes).expect("written");
    let begun = Instant::now();
    let vault = scene.open().expect("it opens");
    let ends = |what: &str, error: Error| {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Corrupt, "store-out-of-order"), "{what}: {error}");
    };
    ends("list", vault.list(&Query::new()).expect_err("out of order"));
    ends("rotate", vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err("out of order"));
    assert_eq!(
        vault.backup(scene.folder.path().join("b"), &act(), |_| ()).expect_err("damaged").kind(),
        ErrorKind::Corrupt
    );
    let damage = damage_lines(&vault);
    assert!(damage.iter().any(|line| line.contains("out of order")), "{damage:?}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

/// Where the cell of the table `keys` with this key has it: it stands there once before a record that names it again.
fn record_place(bytes: &[u8], key: &[u8]) -> usize {
    let places: Vec<_> = (0..bytes.len() - 16).filter(|at| &bytes[*at..at + 16] == key).collect();
    // A record begins right behind the key of its row, with its format, and has the id 16 bytes further.
    *places.iter().find(|at| places.contains(&(**at + 32))).expect("the row")
}

fn damage_lines(vault: &Vault) -> Vec<String> {
    let report = vault.doctor(|_| ()).expect("examined");
    let damage = report.symptoms.into_iter().filter(|symptom| symptom.severity.name() == "damage");
    damage.map(|symptom| symptom.what).collect()
}

#[test]
fn a_batch_that_expects_no_bytes_does_not_meet_a_row_that_is_there_in_bytes() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::create(folder.path().join("store.db")).expect("create");
    let put = |value: &[u8], expected| {
        let mut batch = Batch::new();
        batch.put(Table::Keys, b"k", value, expected);
        store.commit(&batch)
    };
    put(b"value", Expected::Absent).expect("put");
    put(b"other", Expected::Exactly(vec![])).expect_err("it has bytes");
    put(b"", Expected::Exactly(b"value".to_vec())).expect("put");
    put(b"other", Expected::Exactly(vec![])).expect("it has none");
}
