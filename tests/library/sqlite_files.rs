//! The files of the `SQLite` engine: who may reach them, what is taken for a store, and what is left in them.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::{Keys, act, becomes};
use strongroom::store::{Batch, Expected, RotationClaim, Rows, Scrub, Store, StoreError, Table};
use strongroom::{NewApiKey, Request, SqliteStore, Vault};
use tempfile::TempDir;

#[test]
fn every_file_is_private_under_any_umask() {
    for umask in ["000", "077", "022"] {
        becomes(&format!("umask {umask}"), Path::new(""), "sqlite_files::every_file_is_private");
    }
}

#[test]
#[ignore = "run by every_file_is_private_under_any_umask"]
fn every_file_is_private() {
    let folder = folder();
    allow(folder.path(), 0o700);
    let path = folder.path().join("store.db");
    let store = SqliteStore::create(&path).expect("create");
    put(&store, b"k", b"value", Expected::Absent);
    let claim = store.claim_rotation().expect("claim");
    assert!(matches!(claim, RotationClaim::Granted(_)));
    for suffix in ["", "-wal", "-shm", "-rotate"] {
        let found = fs::symlink_metadata(beside(&path, suffix)).expect(suffix);
        assert_eq!(found.permissions().mode() & 0o7777, 0o600, "{suffix}");
    }
    assert_eq!(fs::read_dir(&folder).expect("read").count(), 4, "there is no other file");
    drop(claim);
    assert!(!beside(&path, "-rotate").exists());
}

#[test]
fn a_store_behind_a_link_is_refused() {
    let folder = folder();
    let real = a_store(&folder);
    let link = folder.path().join("link.db");
    symlink(&real, &link).expect("link");
    is_unsafe(SqliteStore::open(&link), &link);
    is_unsafe(SqliteStore::create(&link), &link);
    let dangling = folder.path().join("dangling.db");
    symlink(folder.path().join("nowhere"), &dangling).expect("link");
    is_unsafe(SqliteStore::open(&dangling), &dangling);
    is_unsafe(SqliteStore::create(&dangling), &dangling);
    assert!(!folder.path().join("nowhere").exists(), "nothing was made through the link");
}

#[test]
fn a_linked_side_file_is_refused() {
    for suffix in ["-wal", "-shm"] {
        let folder = folder();
        let path = a_store(&folder);
        let target = folder.path().join("target");
        fs::write(&target, "precious").expect("write");
        let _ = fs::remove_file(beside(&path, suffix));
        symlink(&target, beside(&path, suffix)).expect("link");
        is_unsafe(SqliteStore::open(&path), &beside(&path, suffix));
        assert_eq!(fs::read(&target).expect("read"), b"precious");
    }
}

#[test]
fn a_store_with_several_names_is_refused_under_each() {
    let folder = folder();
    let path = a_store(&folder);
    let other = folder.path().join("other.db");
    fs::hard_link(&path, &other).expect("linked");
    for path in [&path, &other] {
        is_unsafe(SqliteStore::open(path), path);
        is_unsafe(SqliteStore::open_to_read(path), path);
        is_unsafe(SqliteStore::open_read_only(path), path);
        is_unsafe(SqliteStore::create(path), path);
        let begun = strongroom::store::SqliteRepair::begin(path).map(drop);
        assert!(matches!(begun, Err(StoreError::Unsafe { .. })), "{begun:?}");
    }
    fs::remove_file(&other).expect("removed");
    SqliteStore::open(&path).expect("one name is left");
}

#[test]
fn a_side_file_that_is_a_hard_link_is_refused_and_what_it_leads_to_stays() {
    for suffix in ["-wal", "-shm", "-journal"] {
        for precious in [&b"precious"[..], b""] {
            let folder = folder();
            let path = a_store(&folder);
            let target = folder.path().join("target");
            private(&target, precious);
            let _ = fs::remove_file(beside(&path, suffix));
            fs::hard_link(&target, beside(&path, suffix)).expect("linked");
            is_unsafe(SqliteStore::open(&path), &beside(&path, suffix));
            is_unsafe(SqliteStore::open_or_create(&path), &beside(&path, suffix));
            is_unsafe(SqliteStore::open_read_only(&path), &beside(&path, suffix));
            assert_eq!(fs::read(&target).expect("read"), precious, "{suffix}");
        }
    }
}

#[test]
fn a_change_that_was_not_finished_is_named_by_who_only_reads_and_taken_back_by_who_writes() {
    let folder = folder();
    let (path, copy) = (folder.path().join("store.db"), folder.path().join("copy.db"));
    let store = SqliteStore::create(&path).expect("create");
    fill(&store, 300, 1);
    drop(store);
    // As an editor leaves it that was killed: a copy without a log, and a transaction in the middle.
    let editor = rusqlite::Connection::open(&path).expect("open");
    editor.execute_batch("PRAGMA journal_mode = DELETE; PRAGMA cache_size = 2; BEGIN").expect("begun");
    editor.execute_batch("UPDATE keys SET v = zeroblob(length(v))").expect("changed");
    private(&copy, &fs::read(&path).expect("read"));
    let journal = fs::read(beside(&path, "-journal")).expect("a journal");
    private(&beside(&copy, "-journal"), &journal);
    assert!(journal[0] != 0 && fs::read(&copy).expect("read") != Vec::<u8>::new());
    drop(editor);
    let error = SqliteStore::open_read_only(&copy).map(drop).expect_err("unfinished");
    assert!(matches!(&error, StoreError::Unfinished { path } if path.ends_with("copy.db-journal")), "{error}");
    assert_eq!(fs::read(beside(&copy, "-journal")).expect("it stays"), journal);
    assert_eq!(read_all(&copy).expect("taken back"), 300);
    SqliteStore::open_read_only(&copy).expect("it is whole");
    // What SQLite leaves of a journal that is done with says nothing.
    private(&beside(&copy, "-journal"), &[0; 512]);
    SqliteStore::open_read_only(&copy).expect("it is whole");
}

#[test]
fn a_header_with_our_mark_that_cannot_be_is_damage_and_nothing_else() {
    let folder = folder();
    let path = a_store(&folder);
    let whole = fs::read(&path).expect("read");
    for (at, value) in
        [(0, b's'), (15, 1), (16, 3), (16, 0), (17, 7), (18, 3), (19, 3), (19, 255), (21, 63), (22, 1), (23, 0)]
    {
        let mut bytes = whole.clone();
        bytes[at] = value;
        private(&path, &bytes);
        for opened in [SqliteStore::open(&path), SqliteStore::open_to_read(&path), SqliteStore::create(&path)] {
            let Err(StoreError::Corrupt { message }) = &opened else { panic!("byte {at}: {:?}", opened.map(drop)) };
            assert!(message.contains("header"), "{at}: {message}");
        }
        assert_eq!(fs::read(&path).expect("read"), bytes, "{at}");
    }
    private(&path, &whole);
    SqliteStore::open(&path).expect("as it was");
}

#[test]
fn a_name_is_a_name_and_what_is_none_leaves_no_file() {
    becomes("cd \"$1\"", folder().path(), "sqlite_files::by_their_names");
}

#[test]
#[ignore = "run by a_name_is_a_name_and_what_is_none_leaves_no_file"]
fn by_their_names() {
    let names = || fs::read_dir(".").expect("read").flatten().map(|entry| entry.file_name()).collect::<Vec<_>>();
    for name in ["file:x.db", ":memory:", "file:y.db?vfs=unix-none", "file:z?mode=memory", "a?b#c%20d", " "] {
        put(&SqliteStore::create(name).expect(name), b"k", b"value", Expected::Absent);
        assert_eq!(names(), [name], "there is one file, and it has that name");
        let store = SqliteStore::open(name).expect(name);
        assert_eq!(store.get(Table::Keys, b"k").expect("read").as_deref(), Some(&b"value"[..]), "{name}");
        drop(store);
        fs::remove_file(name).expect("removed");
    }
    let (long, deep) = ("q".repeat(248), format!("{}v.db", format!("{}/", "d".repeat(60)).repeat(9)));
    fs::create_dir_all(Path::new(&deep).parent().expect("a folder")).expect("made");
    for folder in Path::new(&deep).ancestors().skip(1).filter(|folder| folder.components().count() > 0) {
        allow(folder, 0o700);
    }
    let before = names();
    for name in ["tt/", "./tt/", ".", "..", "tt/.", &long, &deep] {
        let error = SqliteStore::create(name).map(drop).expect_err(name);
        assert!(error.to_string().contains(name), "{name}: {error}");
        assert!(names() == before && !Path::new(&deep).exists(), "{name}: {:?}", names());
    }
    let longest = "q".repeat(247);
    put(&SqliteStore::create(&longest).expect("created"), b"k", b"value", Expected::Absent);
    assert!(matches!(SqliteStore::open(&longest).expect("open").claim_rotation(), Ok(RotationClaim::Granted(_))));
}

#[test]
fn a_rotation_lock_that_is_no_file_is_refused() {
    let folder = folder();
    let store = SqliteStore::create(folder.path().join("store.db")).expect("create");
    let (lock, target) = (beside(store.path(), "-rotate"), folder.path().join("target"));
    fs::write(&target, "precious").expect("write");
    for to in [&target, &folder.path().join("nowhere")] {
        symlink(to, &lock).expect("link");
        assert!(matches!(store.claim_rotation(), Err(StoreError::Unsafe { .. })));
        fs::remove_file(&lock).expect("remove");
    }
    assert_eq!(fs::read(&target).expect("read"), b"precious");
    assert!(!folder.path().join("nowhere").exists(), "nothing was made through the link");
    fs::create_dir(&lock).expect("folder");
    assert!(matches!(store.claim_rotation(), Err(StoreError::Unsafe { .. })));
}

#[test]
fn a_rotation_lock_left_by_a_killed_process_hinders_nobody() {
    let folder = folder();
    let store = SqliteStore::create(folder.path().join("store.db")).expect("create");
    private(&beside(store.path(), "-rotate"), b"");
    assert!(matches!(store.claim_rotation().expect("claim"), RotationClaim::Granted(_)));
    assert!(!beside(store.path(), "-rotate").exists());
}

#[test]
fn files_and_folders_that_others_can_write_are_refused() {
    for mode in [0o620, 0o602, 0o666] {
        for suffix in ["", "-wal", "-shm"] {
            let folder = folder();
            let path = a_store(&folder);
            // Held open, so that the side files stay.
            let store = SqliteStore::open(&path).expect("open");
            put(&store, b"k2", b"value", Expected::Absent);
            allow(&beside(&path, suffix), mode);
            is_unsafe(SqliteStore::open(&path), &beside(&path, suffix));
        }
    }
    for mode in [0o720, 0o702, 0o777] {
        let folder = folder();
        let path = a_store(&folder);
        allow(folder.path(), mode);
        is_unsafe(SqliteStore::open(&path), folder.path());
        is_unsafe(SqliteStore::create(folder.path().join("other.db")), folder.path());
        allow(folder.path(), 0o1777);
        SqliteStore::open(&path).expect("in a sticky folder others cannot exchange our files");
    }
}

#[test]
fn a_store_that_others_can_read_is_opened_with_a_concern() {
    let folder = folder();
    let path = a_store(&folder);
    assert_eq!(SqliteStore::open(&path).expect("open").concerns().expect("concerns"), Vec::<String>::new());
    allow(&path, 0o644);
    let concerns = SqliteStore::open(&path).expect("open").concerns().expect("concerns");
    assert!(concerns.iter().any(|concern| concern.contains("store.db can be read by others")), "{concerns:?}");
}

#[test]
fn what_is_no_file_is_refused() {
    let folder = folder();
    let inner = folder.path().join("store.db");
    fs::create_dir(&inner).expect("folder");
    is_unsafe(SqliteStore::open(&inner), &inner);
    is_unsafe(SqliteStore::create(&inner), &inner);
}

#[test]
fn only_a_store_is_opened() {
    let folder = folder();
    let path = folder.path().join("store.db");
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::NotFound { .. })));
    assert!(!path.exists(), "opening makes nothing");
    let nowhere = folder.path().join("no-folder").join("store.db");
    assert!(matches!(SqliteStore::open(&nowhere), Err(StoreError::NotFound { .. })));
    assert!(matches!(SqliteStore::create(&nowhere), Err(StoreError::NotFound { .. })));
    private(&path, b"");
    assert!(matches!(SqliteStore::open(&path), Err(StoreError::NotFound { .. })), "an empty file");
    SqliteStore::create(&path).expect("an interrupted creation is taken over");
    SqliteStore::open(&path).expect("now it is a store");
    SqliteStore::create(&path).expect("an empty store is taken over");
}

#[test]
fn a_vault_is_neither_made_anew_nor_harmed_by_another_creation() {
    let (folder, keys) = (folder(), Keys::generate(1));
    let path = folder.path().join("vault.db");
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let again = || SqliteStore::create(&path).map(drop).expect_err("there is a vault");
    assert!(matches!(again(), StoreError::AlreadyExists { .. }), "while it is open");
    drop(vault);
    assert!(matches!(again(), StoreError::AlreadyExists { .. }), "while it is not");
    let over = Vault::create(SqliteStore::open_or_create(&path).expect("opened"), keys.only([1]), &act());
    assert_eq!(over.expect_err("there is a vault").code(), "vault-exists");
    let vault = Vault::open(SqliteStore::open(&path).expect("opened"), keys.only([1])).expect("as it was");
    vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    let backup = folder.path().join("backup");
    vault.backup(&backup, &act(), |_| ()).expect("taken");
    let bytes = fs::read(&backup).expect("read");
    for opened in [SqliteStore::create(&backup), SqliteStore::open_or_create(&backup)] {
        assert!(matches!(opened, Err(StoreError::Backup { .. })), "{:?}", opened.err());
    }
    assert_eq!(fs::read(&backup).expect("read"), bytes, "a backup stays as it is");
}

#[test]
fn what_would_be_taken_for_a_part_of_a_new_store_is_refused_and_left_alone() {
    let folder = folder();
    let path = folder.path().join("store.db");
    for suffix in ["-wal", "-shm", "-journal"] {
        let part = beside(&path, suffix);
        private(&part, b"important");
        for make in [SqliteStore::create, SqliteStore::open_or_create] {
            let made = make(&path);
            let named = matches!(&made, Err(StoreError::AlreadyExists { path }) if *path == part.display().to_string());
            assert!(named, "{suffix}: {:?}", made.err());
            assert!(!path.exists(), "{suffix}");
        }
        assert_eq!(fs::read(&part).expect("read"), b"important", "{suffix}");
        fs::remove_file(&part).expect("removed");
        is_unsafe(SqliteStore::open_or_create(&part), &part);
        assert!(!part.exists(), "{suffix}");
    }
    // An empty file is no store whose log this could be.
    let log = beside(&path, "-wal");
    private(&path, b"");
    private(&log, b"important");
    assert!(matches!(SqliteStore::create(&path), Err(StoreError::AlreadyExists { .. })));
    assert_eq!(fs::read(&log).expect("read"), b"important");
}

#[test]
fn an_empty_file_that_others_can_read_becomes_private_before_anything_is_written() {
    let folder = folder();
    let (path, empty) = (folder.path().join("store.db"), folder.path().join("empty.db"));
    private(&path, b"");
    // SQLite's own empty database.
    private(&empty, b"");
    rusqlite::Connection::open(&empty)
        .expect("open")
        .execute_batch("PRAGMA user_version = 1; PRAGMA user_version = 0")
        .expect("made");
    for path in [path, empty] {
        allow(&path, 0o644);
        let store = SqliteStore::create(&path).expect("taken over");
        put(&store, b"k", b"value", Expected::Absent);
        for suffix in ["", "-wal", "-shm"] {
            let found = fs::symlink_metadata(beside(&path, suffix)).expect(suffix);
            assert_eq!(found.permissions().mode() & 0o7777, 0o600, "{suffix}");
        }
    }
}

#[test]
fn files_of_others_are_refused_and_left_alone() {
    let text = "this is a letter, and no store at all\n".repeat(100).into_bytes();
    let zeros = vec![0; 8192];
    let folder = folder();
    let other = folder.path().join("other.db");
    private(&other, b"");
    let connection = rusqlite::Connection::open(&other).expect("open");
    connection.execute_batch("CREATE TABLE keys (k, v); INSERT INTO keys VALUES (1, 2)").expect("create");
    drop(connection);
    let sqlite = fs::read(&other).expect("read");
    let marked = folder.path().join("marked.db");
    private(&marked, b"");
    let connection = rusqlite::Connection::open(&marked).expect("open");
    connection.execute_batch("PRAGMA application_id = 1234").expect("mark");
    drop(connection);
    let marked = fs::read(&marked).expect("read");
    for (what, bytes) in [("text", text), ("zeros", zeros), ("SQLite", sqlite), ("another application", marked)] {
        let path = folder.path().join("store.db");
        for open in [SqliteStore::open, SqliteStore::create, SqliteStore::open_or_create] {
            private(&path, &bytes);
            let opened = open(&path);
            assert!(matches!(opened, Err(StoreError::Foreign { .. })), "{what}: {:?}", opened.err());
            assert_eq!(fs::read(&path).expect("read"), bytes, "{what}");
        }
    }
}

#[test]
fn a_later_layout_is_named() {
    let folder = folder();
    let path = a_store(&folder);
    let connection = rusqlite::Connection::open(&path).expect("open");
    connection.execute_batch("PRAGMA user_version = 7").expect("mark");
    drop(connection);
    for opened in [SqliteStore::open(&path), SqliteStore::create(&path)] {
        assert!(matches!(opened, Err(StoreError::NewerLayout { found: 7 })), "{:?}", opened.err());
    }
}

#[test]
fn a_truncated_file_is_never_read_as_if_it_were_whole() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let store = SqliteStore::create(&path).expect("create");
    fill(&store, 2_000, 1);
    store.scrub().expect("scrub");
    drop(store);
    let whole = fs::read(&path).expect("read");
    assert_eq!(read_all(&path).expect("whole"), 2_000);
    for sixteenth in 0..16 {
        let len = whole.len() * sixteenth / 16;
        // A power cut or a full disk leaves whole pages or parts of them.
        for len in [len, len / 8192 * 8192] {
            for suffix in ["-wal", "-shm"] {
                let _ = fs::remove_file(beside(&path, suffix));
            }
            private(&path, &whole[..len]);
            let read = read_all(&path);
            assert!(read.is_err(), "{len} of {} bytes gave {read:?} rows", whole.len());
        }
    }
}

#[test]
fn what_is_read_of_a_store_at_rest_counts_only_if_it_stayed_at_rest() {
    let folder = folder();
    let path = a_store(&folder);
    let read_only = SqliteStore::open_read_only(&path).expect("open");
    let value = |rows: &dyn Rows| rows.get(Table::Keys, b"k");
    let snapshot = read_only.snapshot().expect("snapshot");
    assert_eq!(value(&*snapshot).expect("at rest").as_deref(), Some(&b"value"[..]));
    // Somebody writes, and the file is at rest again: it is another one than the one that the moment was taken of.
    let store = SqliteStore::open(&path).expect("open");
    put(&store, b"k", b"another", Expected::Exactly(b"value".to_vec()));
    assert!(matches!(value(&*snapshot), Err(StoreError::Busy)), "while it is written");
    drop(store);
    assert!(!beside(&path, "-wal").exists(), "it is at rest again");
    assert!(matches!(value(&*snapshot), Err(StoreError::Busy)), "after it was written");
    assert!(matches!(snapshot.scan(Table::Keys, None, 10), Err(StoreError::Busy)));
    assert_eq!(value(&read_only).expect("a read of its own").as_deref(), Some(&b"another"[..]));
    let snapshot = read_only.snapshot().expect("another moment");
    assert_eq!(value(&*snapshot).expect("at rest").as_deref(), Some(&b"another"[..]));
}

#[test]
fn overwritten_and_deleted_values_are_gone_after_a_scrub() {
    let folder = folder();
    let path = folder.path().join("store.db");
    let store = SqliteStore::create(&path).expect("create");
    let old = fill(&store, 2_000, 1);
    let mut batch = Batch::new();
    let mut new = vec![];
    for (at, (key, value)) in old.iter().enumerate() {
        if at % 10 == 0 {
            batch.delete(Table::Keys, key.clone(), Expected::Exactly(value.clone()));
        } else {
            let value = random(value.len());
            batch.put(Table::Keys, key.clone(), value.clone(), Expected::Exactly(old[at].1.clone()));
            new.push(value);
        }
    }
    store.commit(&batch).expect("commit");
    let heads = |values: &mut dyn Iterator<Item = &Vec<u8>>| values.map(|value| value[..16].to_vec()).collect();
    let old: std::collections::HashSet<Vec<u8>> = heads(&mut old.iter().map(|(_, value)| value));
    let new: std::collections::HashSet<Vec<u8>> = heads(&mut new.iter());
    assert!(found_in_files(&path, &old) > 0, "before a scrub the write-ahead log holds old values");
    assert_eq!(store.scrub().expect("scrub"), Scrub::Clean);
    assert_eq!(found_in_files(&path, &old), 0);
    // That the search finds what is there: overflow pages and page ends cut no head off at this size.
    assert_eq!(found_in_files(&path, &new), 1_800);
    assert_eq!(store.scan(Table::Keys, None, usize::MAX).expect("scan").len(), 1_800);
}

#[test]
fn a_scrub_beside_a_reader_of_old_values_does_not_claim_to_be_clean() {
    let folder = folder();
    let store = SqliteStore::create(folder.path().join("store.db")).expect("create");
    put(&store, b"k", b"old value, 16 b+", Expected::Absent);
    let snapshot = store.snapshot().expect("snapshot");
    put(&store, b"k", b"new", Expected::Exactly(b"old value, 16 b+".to_vec()));
    assert_eq!(store.scrub().expect("scrub"), Scrub::BestEffort);
    drop(snapshot);
    assert_eq!(store.scrub().expect("scrub"), Scrub::Clean);
    assert_eq!(found_in_files(store.path(), &[b"old value, 16 b+".to_vec()].into()), 0);
}

/// How often the 16-byte `heads` stand in the store's files.
fn found_in_files(path: &Path, heads: &std::collections::HashSet<Vec<u8>>) -> usize {
    let files = ["", "-wal"].map(|suffix| fs::read(beside(path, suffix)).unwrap_or_default());
    files.iter().map(|bytes| bytes.windows(16).filter(|window| heads.contains(*window)).count()).sum()
}

/// Every row of every table.
fn read_all(path: &Path) -> Result<usize, StoreError> {
    let store = SqliteStore::open(path)?;
    let mut rows = 0;
    for &table in Table::ALL {
        rows += store.scan(table, None, usize::MAX)?.len();
    }
    Ok(rows)
}

/// Writes `count` random values of 300 bytes.
fn fill(store: &SqliteStore, count: u32, tag: u8) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut batch = Batch::new();
    let rows: Vec<_> = (0..count).map(|at| ([&[tag], at.to_be_bytes().as_slice()].concat(), random(300))).collect();
    for (key, value) in &rows {
        batch.put(Table::Keys, key.clone(), value.clone(), Expected::Absent);
    }
    store.commit(&batch).expect("commit");
    rows
}

fn random(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    getrandom::fill(&mut bytes).expect("random");
    bytes
}

fn put(store: &SqliteStore, key: &[u8], value: &[u8], expected: Expected) {
    let mut batch = Batch::new();
    batch.put(Table::Keys, key, value, expected);
    store.commit(&batch).expect("commit");
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn a_store(folder: &TempDir) -> PathBuf {
    let path = folder.path().join("store.db");
    put(&SqliteStore::create(&path).expect("create"), b"k", b"value", Expected::Absent);
    path
}

fn private(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).expect("write");
    allow(path, 0o600);
}

fn allow(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("mode");
}

fn is_unsafe(opened: Result<SqliteStore, StoreError>, expected: &Path) {
    match opened {
        Err(StoreError::Unsafe { path, .. }) => assert_eq!(Path::new(&path), expected),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("{} was opened", expected.display()),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}
