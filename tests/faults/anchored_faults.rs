//! An anchor that is gone, older, another's, or holds what the store does not: what is refused with which words, and how it goes on.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::machine::{ACCEPT, INIT, Machine};
use crate::process::Scene;
use crate::support::act;
use crate::support::past::{files_in, overwrite, put_files_back};
use strongroom::policy::Policy;
use strongroom::store::{Rows, Table};
use strongroom::{NewApiKey, SqliteStore, Vault};

crate::harness::claims! {
    needs [];
    an_anchor_that_is_gone_is_asked_for_and_made_again,
    an_anchor_that_is_damaged_or_exposed_is_not_believed_until_it_is_mended,
    an_anchor_from_before_refuses_nothing_and_catches_up,
    an_anchor_of_another_vault_is_told_from_this_one,
    a_store_from_before_is_refused_until_it_is_back,
    a_restored_store_is_refused_until_it_is_accepted,
    a_store_that_went_another_way_is_refused_with_what_was_seen_grafted_onto_it_or_not,
    a_store_whose_keyring_went_back_is_refused_however_long_its_log_is,
}

const KEYS: usize = 5;

fn an_anchor_that_is_gone_is_asked_for_and_made_again() {
    let machine = seen();
    fs::remove_file(anchor(&machine)).expect("removed");
    assert_refused(&machine, 74, "anchor-missing", "strongroom anchor init");
    machine.must(&[1], &INIT);
    assert_mended(&machine);
    // Or brought back.
    let copy = fs::read(anchor(&machine)).expect("read");
    fs::remove_file(anchor(&machine)).expect("removed");
    assert_refused(&machine, 74, "anchor-missing", "strongroom anchor init");
    fs::write(anchor(&machine), copy).expect("written");
    assert_mended(&machine);
}

fn an_anchor_that_is_damaged_or_exposed_is_not_believed_until_it_is_mended() {
    let machine = seen();
    let whole = fs::read(anchor(&machine)).expect("read");
    for damaged in [&[][..], &whole[..whole.len() / 2], b"{}"] {
        fs::write(anchor(&machine), damaged).expect("written");
        assert_refused(&machine, 13, "anchor-malformed", "strongroom anchor accept");
    }
    machine.must(&[1], &ACCEPT);
    assert_mended(&machine);
    let mode = |mode| fs::set_permissions(anchor(&machine), fs::Permissions::from_mode(mode)).expect("set");
    mode(0o666);
    assert_refused(&machine, 15, "anchor-unsafe", "chmod go-w");
    mode(0o644);
    assert_mended(&machine);
}

fn an_anchor_from_before_refuses_nothing_and_catches_up() {
    let machine = seen();
    let before = fs::read(anchor(&machine)).expect("read");
    machine.assert_goes_on(&[1], "meanwhile");
    machine.must(&[1, 2], &["rotate-master-key", "--yes", "--quick"]);
    fs::write(anchor(&machine), before).expect("written");
    machine.must(&[2], &["list"]);
    assert_eq!(machine.seen().expect("an anchor").audit_seq, machine.end());
    machine.assert_goes_on(&[2], "an older anchor");
}

fn an_anchor_of_another_vault_is_told_from_this_one() {
    let (machine, other) = (seen(), seen());
    let own = fs::read(anchor(&machine)).expect("read");
    fs::write(anchor(&machine), fs::read(anchor(&other)).expect("read")).expect("written");
    assert_refused(&machine, 13, "anchor-other-vault", "--store");
    fs::write(anchor(&machine), own).expect("written");
    assert_mended(&machine);
    // Where there is no vault any more, none is made over what the anchor knows.
    let files = files_in(machine.scene.folder.path());
    put_files_back(machine.scene.folder.path(), &[]);
    let made = error(&machine, &[1, 2], &["init", "--quick", "--json"]);
    assert_eq!((made["exit"].as_u64(), made["code"].as_str()), (Some(13), Some("anchor-other-vault")), "{made}");
    put_files_back(machine.scene.folder.path(), &files);
    assert_mended(&machine);
}

fn a_store_from_before_is_refused_until_it_is_back() {
    let machine = seen();
    let files = || files_in(machine.scene.folder.path());
    let before = files();
    machine.must(&[1], &["revoke", &machine.scene.issued[0].id.to_string(), "--reason", "r", "--yes"]);
    let now = files();
    put_files_back(machine.scene.folder.path(), &before);
    let told = assert_refused(&machine, 13, "anchor-rolled-back", "strongroom anchor accept");
    assert!(told.contains("the store went back"), "{told}");
    let verified = error(&machine, &[], &["audit", "verify", "--json"]);
    assert_eq!((verified["exit"].as_u64(), verified["code"].as_str()), (Some(13), Some("anchor-rolled-back")));
    put_files_back(machine.scene.folder.path(), &now);
    assert_mended(&machine);
}

fn a_restored_store_is_refused_until_it_is_accepted() {
    let machine = seen();
    machine.must(&[1], &["backup", &machine.file("b")]);
    machine.must(&[1], &["issue", "--name", "since"]);
    assert!(machine.restoring().status().expect("runs").success(), "not restored");
    machine.exchange();
    assert_refused(&machine, 13, "anchor-other-line", "strongroom anchor accept");
    machine.must(&[1], &ACCEPT);
    assert_mended(&machine);
}

fn a_store_that_went_another_way_is_refused_with_what_was_seen_grafted_onto_it_or_not() {
    let machine = seen();
    let before = files_in(machine.scene.folder.path());
    machine.must(&[1], &["issue", "--name", "seen"]);
    let (seq, now) = (machine.end(), files_in(machine.scene.folder.path()));
    let line = store(&machine.scene).get(Table::Audit, &seq.to_be_bytes()).expect("read").expect("there");
    put_files_back(machine.scene.folder.path(), &before);
    let branch = Vault::open(store(&machine.scene), machine.scene.keys.only([1])).expect("opened");
    for name in ["another way", "and further"] {
        branch.issue(&NewApiKey::new(name), &act()).expect("issued");
    }
    drop(branch);
    let told = assert_refused(&machine, 13, "anchor-forked", "strongroom anchor accept");
    assert!(told.contains(&format!("at or before entry {seq}")), "{told}");
    overwrite(&store(&machine.scene), Table::Audit, &seq.to_be_bytes(), Some(line));
    assert_refused(&machine, 13, "anchor-forked", "strongroom anchor accept");
    put_files_back(machine.scene.folder.path(), &now);
    assert_mended(&machine);
}

fn a_store_whose_keyring_went_back_is_refused_however_long_its_log_is() {
    let machine = seen();
    let before = files_in(machine.scene.folder.path());
    let vault = machine.open(&[1]).expect("vault");
    vault.set_policy(&Policy::new().require_owner(true), &act()).expect("set");
    drop(vault);
    let now = files_in(machine.scene.folder.path());
    put_files_back(machine.scene.folder.path(), &before);
    let branch = Vault::open(store(&machine.scene), machine.scene.keys.only([1])).expect("opened");
    for _ in 0..5 {
        branch.issue(&NewApiKey::new("without an owner"), &act()).expect("issued");
    }
    drop(branch);
    let told = assert_refused(&machine, 13, "anchor-rolled-back", "strongroom anchor accept");
    assert!(told.contains("the keyring went back: it has revision 1 under master key 1"), "{told}");
    put_files_back(machine.scene.folder.path(), &now);
    let ended = machine.command(&[1], &["issue", "--name", "n", "--owner", "o"]).status().expect("runs");
    assert!(ended.success(), "{ended}");
}

/// A vault that was changed under the eyes of its anchor.
fn seen() -> Machine {
    let machine = Machine::anchored(KEYS, 2);
    machine.must(&[1], &["issue", "--name", "first"]);
    assert_eq!(machine.seen().expect("an anchor").audit_seq, machine.end());
    machine
}

/// Whatever is asked is refused with these words, and changes nothing. What was said is returned.
fn assert_refused(machine: &Machine, exit: u64, code: &str, next: &str) -> String {
    let (end, seen) = (machine.end(), fs::read(anchor(machine)).ok());
    let id = machine.scene.issued[1].id.to_string();
    let revoke = ["revoke", id.as_str(), "--reason", "r", "--yes", "--json"];
    let rotate = ["rotate-master-key", "--yes", "--quick", "--compromised", "--json"];
    let mut said = String::new();
    let with_keys =
        [&["list", "--json"][..], &["show", &id, "--json"], &["issue", "--name", "n", "--json"], &revoke, &rotate];
    // The log is read by who has no keys at all.
    let without = [&["audit", "list", "--json"][..], &["audit", "public-key", "--json"]];
    let runs = with_keys.map(|arguments| (&[1, 2][..], arguments)).into_iter();
    for (versions, arguments) in runs.chain(without.map(|arguments| (&[][..], arguments))) {
        let told = error(machine, versions, arguments);
        assert_eq!((told["exit"].as_u64(), told["code"].as_str()), (Some(exit), Some(code)), "{arguments:?}: {told}");
        assert!(told["hint"].as_str().is_some_and(|hint| hint.contains(next)), "{arguments:?}: {told}");
        told["message"].as_str().expect("a message").clone_into(&mut said);
    }
    assert_eq!((machine.end(), fs::read(anchor(machine)).ok()), (end, seen), "{code}: something was changed");
    said
}

/// The error that a run ends with.
fn error(machine: &Machine, versions: &[u32], arguments: &[&str]) -> Value {
    let output = machine.command(versions, arguments).stderr(Stdio::piped()).output().expect("runs");
    let told = String::from_utf8(output.stderr).expect("UTF-8");
    let mut documents = told.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    documents
        .find(|document| document["exit"].is_u64())
        .unwrap_or_else(|| panic!("{arguments:?} ends with {} and {told:?}", output.status))
}

/// Every API key is there, and the next change is made.
fn assert_mended(machine: &Machine) {
    let vault = machine.open(&[1]).unwrap_or_else(|error| panic!("mended: {error}"));
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    drop(vault);
    machine.assert_goes_on(&[1], "mended");
}

fn store(scene: &Scene) -> SqliteStore {
    SqliteStore::open(scene.path()).expect("store")
}

fn anchor(machine: &Machine) -> &Path {
    machine.anchor.as_deref().expect("an anchor")
}
