//! What the doctor says of the backups that a vault remembers.

use std::ops::ControlFlow;

use serde_json::Value;
use strongroom::{SqliteStore, Timestamp, VaultOptions};

use crate::running::Room;
use crate::support::act;

/// A vault that was made and backed up so many days ago.
fn backed_up(days: u32) -> Room {
    let room = Room::empty();
    let ago = |days: u32| {
        let millis = i64::from(days) * 86_400_000;
        Timestamp::from_unix_millis(Timestamp::now().unix_millis() - millis).expect("a time")
    };
    let store = || SqliteStore::create(room.path()).expect("store");
    VaultOptions::new().clock(move || ago(days)).create(store(), room.keys.only([1]), &act()).expect("vault");
    let store = SqliteStore::open(room.path()).expect("store");
    let vault = VaultOptions::new().clock(move || ago(days)).open(store, room.keys.only([1])).expect("vault");
    vault.backup(room.file("b"), &act(), |_| ()).expect("a backup");
    room
}

fn finding(document: &Value, id: &str) -> Option<Value> {
    let symptoms = document["symptoms"].as_array().expect("a list");
    symptoms.iter().find(|symptom| symptom["id"] == id).cloned()
}

fn file(room: &Room, name: &str) -> String {
    room.file(name).display().to_string()
}

#[test]
fn no_backup_is_a_notice_and_the_first_ends_it() {
    let room = Room::new();
    let document = room.run(&["doctor", "--json"]).ends(0).json();
    let found = finding(&document, "backup-none").expect("a finding");
    assert_eq!((&found["severity"], &document["healthy"]), (&"notice".into(), &true.into()));
    room.run(&["backup", &file(&room, "b")]).ends(0);
    assert_eq!(room.run(&["doctor", "--json"]).ends(0).json()["symptoms"], Value::Array(vec![]));
}

#[test]
fn an_old_backup_is_a_warning_until_there_is_a_new_one_or_it_is_forgotten() {
    let room = backed_up(9);
    let document = room.run(&["doctor", "--json"]).ends(3).json();
    let found = finding(&document, "backup-old").expect("a finding");
    let what = found["what"].as_str().expect("a text");
    assert!(what.contains(", 9 days ago, opens with master key 1"), "{what}");
    for (age, old) in [("10d", false), ("8d", true), ("1h", true)] {
        let document = room.run(&["doctor", "--max-backup-age", age, "--json"]).go().json();
        assert_eq!(finding(&document, "backup-old").is_some(), old, "{age}");
    }
    room.run(&["doctor", "--max-backup-age", "often"]).ends(2).says("--max-backup-age");
    room.run(&["backup", &file(&room, "b2")]).ends(0);
    assert_eq!(finding(&room.run(&["doctor", "--json"]).go().json(), "backup-old"), None);
}

#[test]
fn a_backup_under_a_retired_master_key_is_a_warning_whose_remedy_ends_it() {
    let room = Room::with(2);
    room.run(&["backup", &file(&room, "b")]).ends(0);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    let found = || finding(&room.run_with([2], &["doctor", "--json"]).ends(3).json(), "backup-needs-retired-key");
    let warning = found().expect("a finding");
    assert_eq!(warning["severity"], "warning");
    assert!(warning["what"].as_str().expect("a text").contains("1 backup needs master key 1: keep it apart"));
    assert!(warning["remedy"].as_str().expect("a text").starts_with("take one that the active master key opens"));
    room.run_with([2], &["backup", &file(&room, "b2")]).ends(0);
    assert!(found().expect("a finding")["remedy"].as_str().expect("a text").starts_with("delete those"));
    let listed = room.run_with([2], &["backup", "list", "--json"]).ends(0).json_lines();
    let old = listed.iter().find(|backup| backup["needs_retired_key"] == true).expect("the old one");
    room.run_with([2], &["backup", "forget", old["id"].as_str().expect("an id")]).ends(0);
    assert_eq!(room.run_with([2], &["doctor", "--json"]).ends(0).json()["symptoms"], Value::Array(vec![]));
}

#[test]
fn a_list_that_was_edited_is_damage_and_begins_anew() {
    let room = Room::with(2);
    room.run(&["backup", &file(&room, "b")]).ends(0);
    let edit = "UPDATE vault SET v = CAST(substr(v, 1, 20) || x'0000' || substr(v, 23) AS BLOB) \
                WHERE k = CAST('backups' AS BLOB)";
    rusqlite::Connection::open(room.path()).expect("opened").execute_batch(edit).expect("edited");
    for depth in ["--quick", "--deep"] {
        let document = room.run(&["doctor", depth, "--json"]).ends(13).json();
        let found = finding(&document, "backups").expect("a finding");
        assert!(found["remedy"].as_str().expect("a text").contains("strongroom backup forget --all"), "{found}");
        assert_eq!(finding(&document, "backup-none"), None, "nobody knows");
    }
    room.run(&["backup", "forget", "--all"]).ends(0);
    assert_eq!(finding(&room.run(&["doctor", "--json"]).ends(0).json(), "backups"), None);
}

#[test]
fn a_backup_that_never_finished_is_none() {
    let room = backed_up(20);
    let (stop, act) = (|_: strongroom::backup::BackupProgress| ControlFlow::Break(()), act());
    let store = SqliteStore::open(room.path()).expect("store");
    let vault = VaultOptions::new().open(store, room.keys.only([1])).expect("vault");
    vault.backup(room.file("stopped"), &act, stop).expect_err("stopped");
    drop(vault);
    assert!(finding(&room.run(&["doctor", "--json"]).ends(3).json(), "backup-old").is_some());
}
