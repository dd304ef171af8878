//! Anchors in files: who could write or exchange them, what is planted beside them, and how several processes share one.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use crate::support::{Keys, act};
use strongroom::anchor::{AnchorStatement, FileAnchor};
use strongroom::store::Store;
use strongroom::{MemoryStore, NewApiKey, Vault, VaultOptions};

/// A folder of this test.
fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o700)).expect("private");
    let path = folder.path().join("anchor");
    (folder, path)
}

/// Something that is not ours, and who puts it there.
type Plant<'p> = (&'p str, &'p dyn Fn(&Path));

#[test]
fn what_is_planted_beside_an_anchor_is_neither_followed_nor_written_nor_waited_for() {
    let (folder, path) = folder();
    let (keys, store) = (Keys::generate(1), MemoryStore::new());
    let anchor = || VaultOptions::new().anchor(FileAnchor::new(&path));
    let vault = anchor().create(store, keys.only([1]), &act()).expect("vault");
    let victim = folder.path().join("victim");
    let dangling = folder.path().join("dangling");
    let private = || fs::metadata(&victim).expect("there").permissions().mode() & 0o777;
    let plants: [Plant<'_>; 4] = [
        ("a link", &|at| std::os::unix::fs::symlink(&victim, at).expect("linked")),
        ("a link to nothing", &|at| std::os::unix::fs::symlink(&dangling, at).expect("linked")),
        ("another name", &|at| fs::hard_link(&victim, at).expect("linked")),
        ("a pipe", &|at| {
            assert!(Command::new("mkfifo").arg(at).status().expect("runs").success());
        }),
    ];
    for (name, plant) in plants {
        for ending in [".lock", ".next"] {
            fs::write(&victim, "somebody's").expect("written");
            fs::set_permissions(&victim, fs::Permissions::from_mode(0o600)).expect("set");
            let at = PathBuf::from(format!("{}{ending}", path.display()));
            let _ = fs::remove_file(&at);
            plant(&at);
            vault.issue(&NewApiKey::new("n"), &act()).unwrap_or_else(|error| panic!("{name} at {ending}: {error}"));
            assert_eq!(vault.anchor_behind(), None, "{name} at {ending}");
            assert_eq!(fs::read_to_string(&victim).expect("read"), "somebody's", "{name} at {ending}");
            assert_eq!(private(), 0o600, "{name} at {ending}");
            assert!(!dangling.exists(), "{name} at {ending}");
        }
    }
    vault.check_anchor().expect("it has followed");
}

#[test]
fn nothing_is_written_into_a_folder_that_others_can_write() {
    let (folder, path) = folder();
    let (keys, store) = (Keys::generate(1), MemoryStore::new());
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("set");
    let victim = folder.path().join("victim");
    fs::write(&victim, "somebody's").expect("written");
    std::os::unix::fs::symlink(&victim, format!("{}.next", path.display())).expect("linked");
    let vault = Vault::create(store, keys.only([1]), &act()).expect("vault");
    let refused = vault.init_anchor(FileAnchor::new(&path), &act().because("r")).expect_err("writable by all");
    assert_eq!(refused.code(), "anchor-unsafe", "{refused}");
    let made = VaultOptions::new().anchor(FileAnchor::new(&path)).create(MemoryStore::new(), keys.only([1]), &act());
    assert_eq!(made.expect_err("writable by all").code(), "anchor-unsafe");
    assert_eq!(fs::read_to_string(&victim).expect("read"), "somebody's");
    assert!(!path.exists());
}

#[test]
fn a_file_that_others_could_write_is_refused_and_one_of_its_own_is_not() {
    let (folder, path) = folder();
    let (keys, store) = (Keys::generate(1), MemoryStore::new());
    let anchor = || VaultOptions::new().anchor(FileAnchor::new(&path));
    anchor().create(store.clone(), keys.only([1]), &act()).expect("vault");
    assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o644);
    let open = || anchor().open(store.clone(), keys.only([1]));
    open().expect("opened").issue(&NewApiKey::new("n"), &act()).expect("issued");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("set");
    assert_eq!(open().expect_err("writable").code(), "anchor-unsafe");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("set");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).expect("set");
    assert_eq!(open().expect_err("exchangeable").code(), "anchor-unsafe");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("set");
    open().expect("safe");
    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&path, &link).expect("linked");
    let linked = VaultOptions::new().anchor(FileAnchor::new(&link)).open(store.clone(), keys.only([1]));
    assert_eq!(linked.expect_err("a link").code(), "anchor-unsafe");
    for (text, whole) in [("file:/a/b", true), ("file:", false), ("/a/b", false), ("http://x", false), ("", false)] {
        assert_eq!(text.parse::<FileAnchor>().is_ok(), whole, "{text}");
    }
}

#[test]
fn eight_that_share_a_file_under_load_raise_no_false_alarm() {
    let (_folder, path) = folder();
    let (keys, store) = (Keys::generate(1), MemoryStore::new());
    let anchor = || VaultOptions::new().anchor(FileAnchor::new(&path));
    anchor().create(store.clone(), keys.only([1]), &act()).expect("vault");
    let entries = 8 * 12 + 1;
    thread::scope(|scope| {
        for _ in 0..8 {
            let vault = anchor().open(store.clone(), keys.only([1])).expect("opened");
            scope.spawn(move || {
                for _ in 0..12 {
                    vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
                    vault.check_anchor().expect("the store is ahead");
                }
            });
        }
    });
    let held = AnchorStatement::parse(&fs::read_to_string(&path).expect("there"), "file").expect("whole");
    assert_eq!(held.audit_seq, entries);
    assert!(store.snapshot().is_ok());
}

#[test]
fn of_eight_that_start_at_once_one_makes_vault_and_anchor_and_all_open_it() {
    let (_folder, path) = folder();
    let (keys, store) = (Keys::generate(1), MemoryStore::new());
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let options = VaultOptions::new().anchor(FileAnchor::new(&path)).quick(true);
                options.open_or_create(store.clone(), keys.only([1]), &act()).expect("made or opened");
            });
        }
    });
}
