//! A store whose file is moved, deleted or replaced under whoever has it open: nothing is acknowledged that nobody else would see.
#![cfg(all(unix, feature = "sqlite"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::support::{Keys, act, becomes};
use strongroom::rotation::RotateOptions;
use strongroom::store::{Batch, CommitError, Expected, Rows, Store, StoreError, Table};
use strongroom::{ApiKeyId, Error, ErrorKind, NewApiKey, Query, Request, SqliteStore, Vault, VerifyError};
use tempfile::TempDir;

struct Scene {
    folder: TempDir,
    keys: Keys,
}

impl Scene {
    fn place(&self, name: &str) -> PathBuf {
        self.folder.path().join("data").join(name)
    }
}

/// A vault in a folder of its own, and another of which a copy could take its place.
fn scene() -> (Scene, Vault) {
    let scene = Scene { folder: tempfile::tempdir().expect("a folder"), keys: Keys::generate(2) };
    fs::create_dir(scene.folder.path().join("data")).expect("a folder");
    let make =
        |name| Vault::create(SqliteStore::create(scene.place(name)).expect("store"), scene.keys.only([1]), &act());
    drop(make("other.db").expect("another vault"));
    drop(make("vault.db").expect("vault"));
    let vault = Vault::open(SqliteStore::open(scene.place("vault.db")).expect("store"), scene.keys.only([1, 2]));
    (scene, vault.expect("vault"))
}

type Way = (&'static str, fn(&Scene));

const WAYS: &[Way] = &[
    ("moved", |scene| rename(&scene.place("vault.db"), &scene.place("away.db"))),
    ("deleted", |scene| fs::remove_file(scene.place("vault.db")).expect("deleted")),
    ("deleted with its log", |scene| {
        for suffix in ["", "-wal", "-shm"] {
            fs::remove_file(scene.place(&format!("vault.db{suffix}"))).expect("deleted");
        }
    }),
    ("replaced by another vault", |scene| rename(&scene.place("other.db"), &scene.place("vault.db"))),
    ("replaced by a copy of itself", |scene| {
        fs::copy(scene.place("vault.db"), scene.place("copy.db")).expect("copied");
        rename(&scene.place("copy.db"), &scene.place("vault.db"));
    }),
    ("moved with its folder", |scene| {
        rename(&scene.folder.path().join("data"), &scene.folder.path().join("elsewhere"));
    }),
    ("replaced by a folder", |scene| {
        rename(&scene.place("vault.db"), &scene.place("away.db"));
        fs::create_dir(scene.place("vault.db")).expect("a folder");
    }),
];

/// Whatever is asked is refused with the name of what is gone.
fn assert_all_is_refused(way: &str, named: &str, scene: &Scene, vault: &Vault, id: ApiKeyId, token: &str) {
    // Who only reads looks some fifty times in a second.
    std::thread::sleep(Duration::from_millis(50));
    let gone = |what: &str, error: Error| {
        assert_eq!((error.kind(), error.code()), (ErrorKind::Engine, "store-moved"), "{way}: {what}: {error:#}");
        assert!(error.to_string().contains(named), "{way}: {what}: {error}");
    };
    gone("issue", vault.issue(&NewApiKey::new("after"), &act()).map(drop).expect_err(way));
    gone("revoke", vault.revoke(id, &act()).map(drop).expect_err(way));
    gone("suspend", vault.suspend(id, &act()).map(drop).expect_err(way));
    gone("recover", vault.recover(id, &act()).map(drop).expect_err(way));
    gone("list", vault.list(&Query::new()).map(drop).expect_err(way));
    gone("audit", vault.audit_entries(None, 10).map(drop).expect_err(way));
    gone("doctor", vault.doctor(|_| ()).map(drop).expect_err(way));
    gone("rotate", vault.rotate(&RotateOptions::new(), &act(), |_| ()).map(drop).expect_err(way));
    gone("backup", vault.backup(scene.folder.path().join("b"), &act(), |_| ()).map(drop).expect_err(way));
    assert!(!scene.folder.path().join("b").exists(), "{way}");
    // The next look of a verification, a second later at most.
    let begun = Instant::now();
    let refused = loop {
        match vault.verify(token, &Request::new()) {
            Err(VerifyError::Unavailable(error)) => break error,
            Err(refused) => panic!("{way}: {refused}"),
            Ok(_) => assert!(begun.elapsed() < Duration::from_secs(5), "{way}: it never looks"),
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    gone("verify", refused);
}

#[test]
fn nothing_is_acknowledged_into_a_file_that_is_gone() {
    for (way, go) in WAYS {
        let (scene, vault) = scene();
        let issued = vault.issue(&NewApiKey::new("before"), &act()).expect("issued");
        let other = vault.issue(&NewApiKey::new("other"), &act()).expect("issued");
        go(&scene);
        assert_all_is_refused(way, "vault.db", &scene, &vault, issued.id, other.token.expose());
    }
}

#[test]
fn a_file_that_goes_in_a_rotation_ends_it_and_in_a_backup_leaves_none() {
    for (way, go) in WAYS {
        let (scene, vault) = scene();
        vault.issue_many(&vec![NewApiKey::new("n"); 50], &act()).expect("issued");
        let mut left = 2;
        let rotated = vault.rotate(
            &RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero")),
            &act(),
            |_| {
                left -= 1;
                if left == 0 {
                    go(&scene);
                }
            },
        );
        let error = rotated.expect_err(way);
        assert!(["store-moved", "commit-in-doubt"].contains(&error.code()), "{way}: {error:#}");

        let (scene, vault) = self::scene();
        let mut gone = false;
        let taken = vault.backup(scene.folder.path().join("b"), &act(), |_| {
            if !std::mem::replace(&mut gone, true) {
                go(&scene);
            }
        });
        let error = taken.map(drop).expect_err(way);
        assert!(["store-moved", "commit-in-doubt"].contains(&error.code()), "{way}: {error:#}");
        assert!(!scene.folder.path().join("b").exists(), "{way}");
    }
}

#[test]
fn a_store_that_is_put_back_goes_on() {
    let (scene, vault) = scene();
    rename(&scene.place("vault.db"), &scene.place("away.db"));
    vault.issue(&NewApiKey::new("n"), &act()).expect_err("gone");
    std::thread::sleep(Duration::from_millis(50));
    vault.list(&Query::new()).expect_err("gone");
    rename(&scene.place("away.db"), &scene.place("vault.db"));
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let anew = Vault::open(SqliteStore::open(scene.place("vault.db")).expect("store"), scene.keys.only([1]));
    anew.expect("vault").verify(issued.token.expose(), &Request::new()).expect("others see it");
}

#[test]
fn a_commit_during_which_the_file_goes_is_in_doubt() {
    let folder = tempfile::tempdir().expect("a folder");
    let (place, away) = (folder.path().join("store.db"), folder.path().join("away.db"));
    let store = SqliteStore::create(&place).expect("create");
    let over = std::sync::atomic::AtomicBool::new(false);
    let (mut doubts, mut refused, mut done) = (0, 0, 0_u32);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(std::sync::atomic::Ordering::Relaxed) {
                rename(&place, &away);
                std::thread::sleep(Duration::from_micros(100));
                rename(&away, &place);
                std::thread::sleep(Duration::from_micros(300));
            }
        });
        let begun = Instant::now();
        for number in 0_u32.. {
            let mut batch = Batch::new();
            batch.put(Table::Keys, number.to_be_bytes(), b"value", Expected::Absent);
            match store.commit(&batch) {
                Ok(()) => done += 1,
                Err(CommitError::Store(StoreError::InDoubt { source })) => {
                    assert!(source.to_string().contains("moved, deleted or replaced"), "{source}");
                    doubts += 1;
                }
                Err(CommitError::Store(StoreError::Moved { .. })) => refused += 1,
                Err(error) => panic!("{error}"),
            }
            if (doubts > 0 && refused > 0 && done > 0) || begun.elapsed() > Duration::from_secs(30) {
                break;
            }
        }
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    assert!(doubts > 0 && refused > 0 && done > 0, "{doubts} in doubt, {refused} refused, {done} done");
    // What was refused did not happen, and what was acknowledged did.
    let rows = store.scan(Table::Keys, None, usize::MAX).expect("it is there").len();
    assert_eq!(rows, done as usize + doubts);
}

#[test]
fn a_store_opened_by_a_path_from_where_the_process_works_is_found_from_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    becomes("cd \"$1\"", folder.path(), "sqlite_moved::from_elsewhere");
}

#[test]
#[ignore = "run by a_store_opened_by_a_path_from_where_the_process_works_is_found_from_elsewhere"]
fn from_elsewhere() {
    let store = SqliteStore::create("store.db").expect("create");
    std::env::set_current_dir("/").expect("elsewhere");
    let mut batch = Batch::new();
    batch.put(Table::Keys, b"k", b"value", Expected::Absent);
    store.commit(&batch).expect("committed");
    assert!(store.get(Table::Keys, b"k").expect("read").is_some());
}

fn rename(from: &Path, to: &Path) {
    fs::rename(from, to).expect("renamed");
}

/// The log that a vault keeps while it is open, beside its file as it is at that moment.
fn with_log(scene: &Scene, name: &str, acts: usize) -> (Vec<u8>, Vec<u8>) {
    let vault = Vault::open(SqliteStore::open(scene.place(name)).expect("store"), scene.keys.only([1])).expect("vault");
    for n in 0..acts {
        vault.issue(&NewApiKey::new(format!("{name} {n}")), &act()).expect("issued");
    }
    let read = |suffix: &str| fs::read(scene.place(&format!("{name}{suffix}"))).expect("read");
    (read(""), read("-wal"))
}

fn put_private(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    fs::write(path, bytes).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(0o600)).expect("private");
}

#[test]
fn a_log_of_another_file_is_not_mixed_into_a_store_that_nobody_has_open() {
    for what in ["another vault's", "of once", "of later, beside the file of once", "of another program"] {
        let (scene, vault) = scene();
        drop(vault);
        let place = |suffix: &str| scene.place(&format!("vault.db{suffix}"));
        let log = match what {
            "another vault's" => with_log(&scene, "other.db", 3).1,
            "of once" => {
                let log = with_log(&scene, "vault.db", 3).1;
                with_log(&scene, "vault.db", 3);
                log
            }
            "of later, beside the file of once" => {
                let file = fs::read(place("")).expect("read");
                with_log(&scene, "vault.db", 400);
                let log = with_log(&scene, "vault.db", 1).1;
                fs::write(place(""), file).expect("as it was");
                log
            }
            _ => {
                let other = rusqlite::Connection::open(scene.place("program.db")).expect("opened");
                other
                    .execute_batch("PRAGMA page_size = 8192; PRAGMA journal_mode = WAL; CREATE TABLE t (v); INSERT INTO t VALUES (1)")
                    .expect("written");
                fs::read(scene.place("program.db-wal")).expect("read")
            }
        };
        assert!(!place("-wal").exists() && log.len() > 8_192, "{what}");
        let before = fs::read(place("")).expect("read");
        put_private(&place("-wal"), &log);
        // Also what another file's index says of it.
        put_private(&place("-shm"), &vec![7; 32_768]);
        for _ in 0..3 {
            let opened: [(&str, Opening); 3] = [
                ("to write", |path| SqliteStore::open(path)),
                ("to read", |path| SqliteStore::open_to_read(path)),
                ("read-only", |path| SqliteStore::open_read_only(path)),
            ];
            for (how, open) in opened {
                let error = open(place("")).map(drop).expect_err(what);
                assert!(
                    error.to_string().contains("vault.db-wal is the log of another store"),
                    "{what}: {how}: {error}"
                );
            }
            let error = strongroom::store::SqliteRepair::begin(place("")).map(drop).expect_err(what);
            assert!(matches!(error, StoreError::Unsafe { .. }), "{what}: {error}");
        }
        assert_eq!(fs::read(place("")).expect("read"), before, "{what}: nothing of it is in the file");
        rename(&place("-wal"), &place("-wal.other"));
        let vault = Vault::open(SqliteStore::open(place("")).expect("store"), scene.keys.only([1])).expect("vault");
        assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, vec![], "{what}");
        vault.issue(&NewApiKey::new("after"), &act()).expect("issued");
    }
}

#[test]
fn a_store_goes_on_with_its_own_log_however_much_of_it_is_left() {
    let (scene, vault) = scene();
    drop(vault);
    let place = |suffix: &str| scene.place(&format!("vault.db{suffix}"));
    let (file, log) = with_log(&scene, "vault.db", 5);
    let mut counts = vec![];
    for cut in [0, 1, 31, 32, 100, log.len() / 3, log.len() / 2, log.len() - 1, log.len()] {
        for index in [&[][..], &vec![7; 32_768]] {
            fs::write(place(""), &file).expect("as it was");
            put_private(&place("-wal"), &log[..cut]);
            put_private(&place("-shm"), index);
            let vault = Vault::open(SqliteStore::open(place("")).expect("store"), scene.keys.only([1])).expect("vault");
            assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, vec![], "{cut}");
            counts.push(vault.list(&Query::new()).expect("listed").items.len());
            // Beside somebody who has it open the log is not doubted.
            drop(SqliteStore::open(place("")).expect("store"));
            vault.issue(&NewApiKey::new("after"), &act()).expect("issued");
        }
    }
    assert!(counts.is_sorted() && counts.first() == Some(&0) && counts.last() == Some(&5), "{counts:?}");
}

type Opening = fn(PathBuf) -> Result<SqliteStore, StoreError>;
type Done = fn(&Scene);

/// What happens to the log or its index, and whether the log is gone from its place then.
const LOG_WAYS: &[(&str, bool, Done)] = &[
    ("the log deleted", true, |scene| fs::remove_file(scene.place("vault.db-wal")).expect("deleted")),
    ("the index deleted", false, |scene| fs::remove_file(scene.place("vault.db-shm")).expect("deleted")),
    ("both deleted", true, |scene| {
        fs::remove_file(scene.place("vault.db-wal")).expect("deleted");
        fs::remove_file(scene.place("vault.db-shm")).expect("deleted");
    }),
    ("the log moved", true, |scene| rename(&scene.place("vault.db-wal"), &scene.place("kept"))),
    ("the log replaced by a copy", false, |scene| exchange(scene, "-wal")),
    ("the index replaced by a copy", false, |scene| exchange(scene, "-shm")),
    ("the log replaced by an empty one", false, |scene| {
        fs::remove_file(scene.place("vault.db-wal")).expect("deleted");
        put_private(&scene.place("vault.db-wal"), b"");
    }),
    ("the log replaced by a folder", false, |scene| {
        rename(&scene.place("vault.db-wal"), &scene.place("kept"));
        fs::create_dir(scene.place("vault.db-wal")).expect("a folder");
    }),
];

fn exchange(scene: &Scene, suffix: &str) {
    let (place, copy) = (scene.place(&format!("vault.db{suffix}")), scene.place("copy"));
    put_private(&copy, &fs::read(&place).expect("read"));
    rename(&copy, &place);
}

#[test]
fn nothing_is_acknowledged_into_a_log_that_is_gone() {
    for (way, _, go) in LOG_WAYS {
        let (scene, vault) = scene();
        let issued = vault.issue(&NewApiKey::new("before"), &act()).expect("issued");
        let other = vault.issue(&NewApiKey::new("other"), &act()).expect("issued");
        go(&scene);
        assert_all_is_refused(way, "vault.db-", &scene, &vault, issued.id, other.token.expose());
        // What was acknowledged before gets into the file, or is in the log that is left; what was refused is nowhere.
        drop(vault);
        let _ = fs::remove_dir(scene.place("vault.db-wal"));
        if way.ends_with("a folder") {
            rename(&scene.place("kept"), &scene.place("vault.db-wal"));
        }
        let vault = Vault::open(SqliteStore::open(scene.place("vault.db")).expect("store"), scene.keys.only([1]));
        let vault = vault.expect("vault");
        vault.verify(issued.token.expose(), &Request::new()).expect(way);
        vault.verify(other.token.expose(), &Request::new()).expect(way);
        assert_eq!(vault.list(&Query::new()).expect("listed").items.len(), 2, "{way}");
        assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, vec![], "{way}");
    }
}

#[test]
fn a_log_that_goes_in_a_rotation_ends_it() {
    for (way, _, go) in LOG_WAYS {
        let (scene, vault) = scene();
        vault.issue_many(&vec![NewApiKey::new("n"); 50], &act()).expect("issued");
        let mut left = 2;
        let options = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
        let rotated = vault.rotate(&options, &act(), |_| {
            left -= 1;
            if left == 0 {
                go(&scene);
            }
        });
        let error = rotated.expect_err(way);
        assert!(["store-moved", "commit-in-doubt"].contains(&error.code()), "{way}: {error:#}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_store_whose_log_was_taken_from_whoever_has_it_open_is_not_opened_until_they_end() {
    for (way, _, go) in LOG_WAYS.iter().filter(|(_, gone, _)| *gone) {
        let (scene, vault) = scene();
        let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
        go(&scene);
        let place = || scene.place("vault.db");
        let ways: [(&str, Opening); 4] = [
            ("to write", |path| SqliteStore::open(path)),
            ("to make", |path| SqliteStore::open_or_create(path)),
            ("to read", |path| SqliteStore::open_to_read(path)),
            ("read-only", |path| SqliteStore::open_read_only(path)),
        ];
        for (how, open) in ways {
            let error = open(place()).map(drop).expect_err(way);
            assert!(matches!(&error, StoreError::Moved { path } if path.ends_with("-wal")), "{way}: {how}: {error}");
        }
        let error = strongroom::store::SqliteRepair::begin(place()).map(drop).expect_err(way);
        assert!(matches!(error, StoreError::Moved { .. }), "{way}: {error}");
        assert!(!scene.place("vault.db-wal").exists(), "{way}: none was made");
        drop(vault);
        let vault = Vault::open(SqliteStore::open(place()).expect("store"), scene.keys.only([1])).expect("vault");
        vault.verify(issued.token.expose(), &Request::new()).expect("it was moved into the file");
    }
}

#[test]
fn whoever_ends_removes_no_log_of_somebody_else() {
    type Going = (&'static str, fn(&Scene));
    let goings: [Going; 3] = [
        ("the log is another", |_| ()),
        ("the store is another", |scene| rename(&scene.place("other.db"), &scene.place("vault.db"))),
        ("the store is gone", |scene| rename(&scene.place("vault.db"), &scene.place("away.db"))),
    ];
    for (what, go) in goings {
        let (scene, vault) = scene();
        vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
        vault.list(&Query::new()).expect("with a connection that reads");
        let log = scene.place("vault.db-wal");
        fs::remove_file(&log).expect("deleted");
        go(&scene);
        put_private(&log, b"of somebody else");
        drop(vault);
        assert_eq!(fs::read(&log).expect("it is there"), b"of somebody else", "{what}");
    }
}

#[test]
fn a_log_that_is_emptied_under_a_store_takes_no_commit_that_is_acknowledged() {
    let (scene, vault) = scene();
    vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let before = fs::read(scene.place("vault.db")).expect("read");
    fs::OpenOptions::new().write(true).truncate(true).open(scene.place("vault.db-wal")).expect("emptied");
    let error = vault.issue(&NewApiKey::new("after"), &act()).map(drop).expect_err("nobody else would see it");
    assert_eq!(error.kind(), ErrorKind::Engine, "{error:#}");
    drop(vault);
    assert_eq!(fs::read(scene.place("vault.db")).expect("read"), before, "zeros of the log are not in the file");
}
