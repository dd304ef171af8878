//! A disk that is really full: nothing is lost, everything stays readable, and with room it goes on.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use crate::machine::Machine;
use crate::mount::{Mounted, make_image};
use crate::process::{ends_within, program};
use crate::support::{Keys, act};
use strongroom::anchor::{Anchor, AnchorFault, FileAnchor};
use strongroom::{ErrorKind, Issued, NewApiKey, Request, SqliteStore, Vault, VaultOptions};

crate::harness::claims! {
    needs [Mount];
    a_rotation_on_a_full_disk_fails_loses_nothing_and_completes_when_there_is_room,
    an_issue_and_a_revocation_on_a_full_disk_happen_whole_or_not_at_all,
    nothing_is_changed_while_the_disk_of_the_anchor_is_full_or_read_only,
    where_the_disk_of_the_anchor_fills_up_during_a_commit_there_is_room_for_it,
}

fn a_rotation_on_a_full_disk_fails_loses_nothing_and_completes_when_there_is_room() {
    let mut full = 0;
    for step in 0..16_u64 {
        let disk = Mounted::tmpfs("6m");
        let (path, keys) = (disk.path.join("vault.db"), Keys::generate(2));
        let issued = filled(&path, &keys);
        let filler = fill(&disk.path, step * STEP);
        let mut child = program(&path, &keys.variable([1, 2]));
        let mut child = child.args(["rotate-master-key", "--yes", "--quick", "--batch", "200"]).spawn().expect("runs");
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
            let again = program(&path, &keys.variable([1, 2]))
                .args(["rotate-master-key", "--yes", "--quick"])
                .status()
                .expect("runs");
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

fn nothing_is_changed_while_the_disk_of_the_anchor_is_full_or_read_only() {
    for disk in disks() {
        let machine = Machine::anchored_in(&disk.path, 20, 2);
        machine.assert_goes_on(&[1], "with room");
        let id = machine.scene.issued[0].id.to_string();
        let revoke = ["revoke", id.as_str(), "--reason", "r", "--yes"];
        let rotate = ["rotate-master-key", "--yes", "--quick", "--compromised"];
        let refuses_changes = |why: &str| {
            let end = machine.end();
            for arguments in [&["issue", "--name", "n"][..], &revoke, &rotate] {
                let ran = machine.command(&[1, 2], arguments).stderr(Stdio::piped()).output().expect("runs");
                let told = String::from_utf8(ran.stderr).expect("UTF-8");
                assert_eq!(ran.status.code(), Some(74), "{why}, {arguments:?}: {told}");
                let said = ["cannot write the anchor at", "nothing was changed", "make room there", "ls -ld"];
                assert!(said.iter().all(|text| told.contains(text)), "{why}, {arguments:?}: {told}");
            }
            assert_eq!(machine.end(), end, "{why}: something was changed");
            // What changes nothing goes on.
            machine.must(&[1, 2], &["list"]);
            machine.scene.assert_tokens(&machine.open(&[1]).expect("vault"), &[]);
        };
        let filler = fill(&disk.path, 0);
        refuses_changes("full");
        // Another machine goes on meanwhile: this one sees it and cannot keep it, and is refused nothing for that.
        machine.scene.open([1]).issue(&NewApiKey::new("elsewhere"), &act()).expect("issued");
        refuses_changes("full and behind");
        fs::remove_file(filler).expect("removed");
        machine.assert_goes_on(&[1], "with room again");
        disk.remount("ro");
        refuses_changes("read-only");
        disk.remount("rw");
        machine.assert_goes_on(&[1], "writable again");
        machine.must(&[1, 2], &rotate);
        machine.must(&[2], &revoke);
        machine.scene.assert_tokens(&machine.open(&[2]).expect("vault"), &[0]);
        machine.assert_goes_on(&[2], "at last");
    }
}

fn where_the_disk_of_the_anchor_fills_up_during_a_commit_there_is_room_for_it() {
    for disk in disks() {
        let machine = Machine::anchored_in(&disk.path, 1, 1);
        let anchor = FillsUp(FileAnchor::new(disk.path.join("anchor")), disk.path.clone());
        let store = SqliteStore::open(machine.scene.path()).expect("store");
        let vault = VaultOptions::new().anchor(anchor).open(store, machine.scene.keys.only([1])).expect("vault");
        for _ in 0..3 {
            vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
            assert_eq!(vault.anchor_behind(), None);
            assert_eq!(machine.seen().map(|seen| seen.audit_seq), Some(machine.end()));
            fs::remove_file(disk.path.join("filler")).expect("it was filled");
        }
    }
}

/// One whose disk is full as soon as a change was let through.
struct FillsUp(FileAnchor, PathBuf);

impl Anchor for FillsUp {
    fn read(&self) -> Result<Option<String>, AnchorFault> {
        self.0.read()
    }

    fn prepare(&self) -> std::io::Result<()> {
        self.0.prepare()?;
        fill(&self.1, 0);
        Ok(())
    }

    fn update(&self, next: &mut dyn FnMut(Option<&str>) -> Option<String>) -> std::io::Result<()> {
        self.0.update(next)
    }

    fn place(&self) -> String {
        self.0.place()
    }
}

/// One in memory, and one with a journal.
fn disks() -> [Mounted; 2] {
    let folder = tempfile::tempdir().expect("folder");
    let image = folder.path().join("disk.img");
    make_image(&image, 8);
    // A mounted image needs no name.
    [Mounted::tmpfs("1m"), Mounted::image(&image)]
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
