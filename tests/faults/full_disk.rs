//! A disk that is really full: nothing is lost, everything stays readable, and with room it goes on.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::time::Duration;

use crate::mount::Mounted;
use crate::process::{ends_within, program};
use crate::support::{Keys, act};
use strongroom::{ErrorKind, Issued, NewApiKey, Request, SqliteStore, Vault};

crate::harness::claims! {
    needs [Mount];
    a_rotation_on_a_full_disk_fails_loses_nothing_and_completes_when_there_is_room,
    an_issue_and_a_revocation_on_a_full_disk_happen_whole_or_not_at_all,
}

fn a_rotation_on_a_full_disk_fails_loses_nothing_and_completes_when_there_is_room() {
    let mut full = 0;
    for step in 0..16_u64 {
        let disk = Mounted::tmpfs("6m");
        let (path, keys) = (disk.path.join("vault.db"), Keys::generate(2));
        let issued = filled(&path, &keys);
        let filler = fill(&disk.path, step * STEP);
        let mut child = program(&path, &keys.variable([1, 2]));
        let mut child = child.args(["rotate-master-key", "--quick", "--batch", "200"]).spawn().expect("runs");
        let ended = ends_within(&mut child, Duration::from_secs(20));
        if !ended.success() {
            full += 1;
            assert_eq!(ended.code(), Some(16), "{} KiB free", step * STEP / 1024);
        }
        // Reading takes a few pages of shared memory beside the database, which a full disk may not give.
        match SqliteStore::open(&path) {
            Ok(store) => assert_tokens(&Vault::open(store, keys.only([1, 2])).expect("vault"), &issued),
            Err(error) => assert!(step == 0, "{} KiB free: {error}", step * STEP / 1024),
        }
        fs::remove_file(filler).expect("removed");
        assert_tokens(&open(&path, &keys, &[1, 2]), &issued);
        if !ended.success() {
            let again =
                program(&path, &keys.variable([1, 2])).args(["rotate-master-key", "--quick"]).status().expect("runs");
            assert!(again.success(), "{} KiB free at first: {again}", step * STEP / 1024);
        }
        let vault = open(&path, &keys, &[2]);
        assert_tokens(&vault, &issued);
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    }
    eprintln!("{full} of 16 rotations ran out of space");
    assert!(full >= 4, "only {full} rotations ran out of space");
}

fn an_issue_and_a_revocation_on_a_full_disk_happen_whole_or_not_at_all() {
    let disk = Mounted::tmpfs("6m");
    let (path, keys) = (disk.path.join("vault.db"), Keys::generate(1));
    let issued = filled(&path, &keys);
    let vault = open(&path, &keys, &[1]);
    let filler = fill(&disk.path, 0);
    let refused = (0..100).find_map(|_| vault.issue(&NewApiKey::new("late"), &act()).err()).expect("it was full");
    assert_eq!(refused.kind(), ErrorKind::Engine, "{refused}");
    let refused = vault.revoke(issued[0].id, &act()).expect_err("it is full");
    assert_eq!(refused.kind(), ErrorKind::Engine, "{refused}");
    assert_tokens(&vault, &issued);
    fs::remove_file(filler).expect("removed");
    assert!(vault.revoke(issued[0].id, &act()).expect("there is room"));
    vault.issue(&NewApiKey::new("late"), &act()).expect("there is room");
    assert!(vault.verify(issued[0].token.expose(), &Request::new()).is_err());
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
}

fn filled(path: &Path, keys: &Keys) -> Vec<Issued> {
    let vault = Vault::create(SqliteStore::create(path).expect("store"), keys.only([1]), &act()).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("key"); 3_000], &act()).expect("issued")
}

fn open(path: &Path, keys: &Keys, versions: &[u32]) -> Vault {
    let keys = keys.only(versions.iter().copied());
    Vault::open(SqliteStore::open(path).expect("store"), keys).expect("vault")
}

/// From nothing to more than a rotation needs, in sixteen steps.
const STEP: u64 = 224 * 1024;

/// A file that leaves so many bytes.
fn fill(folder: &Path, leave: u64) -> std::path::PathBuf {
    let path = folder.join("filler");
    let mut file = File::create(&path).expect("created");
    while file.write_all(&[0; 4096]).is_ok() {}
    let len = file.metadata().expect("a file").len();
    file.set_len(len.saturating_sub(leave)).expect("shortened");
    path
}

fn assert_tokens(vault: &Vault, issued: &[Issued]) {
    assert!(issued.iter().all(|issued| vault.verify(issued.token.expose(), &Request::new()).is_ok()));
}
