//! Backups beside audit checkpoints: one that is older, and one of another line, are told from those that agree.

use std::fs;

use crate::running::{Ran, Room, text};
use serde_json::Value;

/// A vault with a backup and checkpoints before and after it.
struct Scene {
    room: Room,
    revoked: String,
}

impl Scene {
    fn new() -> Self {
        let room = Room::new();
        let (revoked, _) = room.issue(&["--name", "n"]);
        let scene = Self { room, revoked };
        scene.checkpoint("vault.db", "before.json");
        scene.room.run(&["backup", &scene.file("b")]).ends(0);
        scene.checkpoint("vault.db", "at.json");
        scene.room.run(&["revoke", &scene.revoked, "--yes", "--reason", "leaked"]).ends(0);
        scene.checkpoint("vault.db", "next.json");
        scene.room.issue(&["--name", "late"]);
        scene.room.issue(&["--name", "later"]);
        scene.checkpoint("vault.db", "after.json");
        scene
    }

    fn file(&self, name: &str) -> String {
        self.room.file(name).display().to_string()
    }

    fn store(&self, name: &str) -> String {
        format!("sqlite:{}", self.file(name))
    }

    fn checkpoint(&self, store: &str, name: &str) {
        let out = self.room.run(&["audit", "checkpoint", "--store", &self.store(store)]).ends(0).out;
        fs::write(self.room.file(name), out).expect("written");
    }

    fn verify(&self, backup: &str, checkpoints: &[&str], code: i32) -> (Ran, Vec<Value>) {
        let backup = self.file(backup);
        let files: Vec<_> = checkpoints.iter().map(|name| self.file(name)).collect();
        let files: Vec<_> = files.iter().map(String::as_str).collect();
        let arguments = [&["backup", "verify", &backup, "--json", "--checkpoint"], &files[..]].concat();
        let ran = self.room.run(&arguments).ends(code);
        let told = ran.json_lines().pop().map(|document| document["checkpoints"].as_array().expect("a list").clone());
        (ran, told.unwrap_or_default())
    }

    fn restore(&self, to: &str, checkpoint: &str, more: &[&str], code: i32) -> Ran {
        let (b, to, point) = (self.file("b"), self.store(to), self.file(checkpoint));
        // The vault is gone: only the checkpoint is left to say how old the backup is.
        let gone = self.store("gone.db");
        let arguments = ["restore", &b, "--store", &gone, "--to", &to, "--checkpoint", &point];
        self.room.run(&[&arguments[..], more].concat()).ends(code)
    }

    fn restored_beside(&self, store: &str, checkpoint: &str, code: i32) -> Ran {
        let arguments = ["audit", "verify", "--store", &self.store(store), "--checkpoint", &self.file(checkpoint)];
        self.room.run(&arguments).ends(code)
    }
}

#[test]
fn a_backup_agrees_with_earlier_checkpoints_and_is_older_than_later_ones() {
    let scene = Scene::new();
    let (_, told) = scene.verify("b", &["before.json"], 0);
    let seen = |told: &Value| (told["agrees"].clone(), told["entries_since"].clone(), told["authenticated"].clone());
    assert_eq!(told.iter().map(seen).collect::<Vec<_>>(), [(true.into(), 1.into(), true.into())]);
    // The vault notes that the backup is finished after it was taken.
    let (_, told) = scene.verify("b", &["at.json"], 3);
    assert!(text(&told[0]["what"]).contains("it ends with entry 3, 1 entry before"), "{told:?}");
    let (ran, told) = scene.verify("b", &["before.json", "after.json"], 3);
    assert_eq!((&told[0]["agrees"], &told[1]["fault"]), (&true.into(), &"rolled-back".into()));
    assert!(text(&told[1]["what"]).contains("the backup is older: it ends with entry 3, 4 entries before"), "{told:?}");
    assert!(ran.err.contains("\"backup-older\"") && ran.err.contains("strongroom backup list"), "{}", ran.err);
    let shown = scene.room.run(&["backup", "verify", &scene.file("b"), "--checkpoint", &scene.file("next.json")]);
    assert!(shown.ends(3).out.contains("next.json (entry 5, "));
    let inspected = scene.room.run(&["backup", "inspect", &scene.file("b"), "--json"]).ends(0).json();
    assert_eq!(inspected["checkpoints"], Value::Array(vec![]));
}

#[test]
fn restoring_what_is_older_than_a_checkpoint_asks_and_the_checkpoint_detects_the_restored_vault() {
    let scene = Scene::new();
    let ran = scene.restore("r.db", "after.json", &[], 17).says("the backup is older").says("4 entries before");
    assert!(ran.out.is_empty() && !scene.room.file("r.db").exists());
    let ran = scene.restore("r.db", "after.json", &["--yes", "--json"], 0);
    let told = ran.json_lines().pop().expect("a document");
    assert_eq!((&told["checkpoints"][0]["fault"], &told["behind"]), (&"rolled-back".into(), &Value::Null));
    scene.restored_beside("r.db", "before.json", 0);
    scene.restored_beside("r.db", "at.json", 13).says("older store was put back");
    scene.restored_beside("r.db", "next.json", 13).says("older store was put back");
    scene.restored_beside("r.db", "after.json", 13).says("older store was put back");
    // However long it goes on.
    for _ in 0..6 {
        scene.room.run(&["issue", "--name", "n", "--store", &scene.store("r.db")]).ends(0);
    }
    scene.restored_beside("r.db", "after.json", 13).says("older store was put back");
    scene.restore("again.db", "after.json", &["--yes"], 0).says("strongroom audit checkpoint --store");
    assert!(!scene.restore("same.db", "before.json", &[], 0).err.contains("checkpoint --store"));
}

#[test]
fn a_backup_of_another_line_is_told_from_an_old_one() {
    let scene = Scene::new();
    scene.restore("r.db", "before.json", &[], 0);
    let other = scene.store("r.db");
    for _ in 0..4 {
        scene.room.run(&["issue", "--name", "n", "--store", &other]).ends(0);
    }
    scene.room.run(&["backup", &scene.file("forked"), "--store", &other]).ends(0);
    let (ran, told) = scene.verify("forked", &["before.json", "next.json", "after.json"], 13);
    assert!(ran.err.contains("\"backup-forked\""), "{}", ran.err);
    let faults: Vec<_> = told.iter().map(|told| told["fault"].clone()).collect();
    assert_eq!(faults, [Value::Null, "forked".into(), "forked".into()]);
    let (b, point) = (scene.file("forked"), scene.file("after.json"));
    let restore = ["restore", &b, "--store", &scene.store("r2.db"), "--checkpoint", &point];
    scene.room.run(&restore).ends(17).says("the two have parted");
}

#[test]
fn what_is_no_checkpoint_of_this_vault_ends_it_before_anything_is_restored() {
    let scene = Scene::new();
    let other = Scene::new();
    let sound = fs::read_to_string(scene.room.file("at.json")).expect("a checkpoint");
    fs::write(scene.room.file("edited.json"), sound.replace("\nrecords 1 ", "\nrecords 2 ")).expect("written");
    fs::write(scene.room.file("none.json"), "{}").expect("written");
    fs::copy(other.room.file("at.json"), scene.room.file("other.json")).expect("copied");
    let wrong = [
        ("edited.json", 13, "checkpoint-altered"),
        ("other.json", 2, "checkpoint-vault"),
        ("none.json", 2, "checkpoint-file"),
        ("missing.json", 2, "checkpoint-file"),
    ];
    for (name, code, word) in wrong {
        assert!(scene.verify("b", &[name], code).0.err.contains(&format!("\"{word}\"")), "{name}");
        scene.restore("r.db", name, &["--yes", "--json"], code).says(word);
        assert!(!scene.room.file("r.db").exists());
    }
    let gone = ["restore", &scene.file("b"), "--to", &scene.store("r.db"), "--checkpoint", &scene.file("at.json")];
    scene.room.run_with([], &gone).ends(12);
}
