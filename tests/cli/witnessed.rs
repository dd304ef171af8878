//! What somebody does who watches the audit log and has no key of the vault.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use crate::running::{Ran, Room, Run, text};

struct Scene {
    room: Room,
}

impl Scene {
    fn new() -> Self {
        let scene = Self { room: Room::with(3) };
        scene.keep("kept.txt", [1]);
        scene.room.issue(&["--name", "later"]);
        scene
    }

    fn file(&self, name: &str) -> String {
        self.room.file(name).display().to_string()
    }

    fn keep(&self, name: &str, versions: impl IntoIterator<Item = u32>) {
        let made = self.room.run_with(versions, &["audit", "checkpoint"]).ends(0).out;
        fs::write(self.room.file(name), made).expect("written");
    }

    /// On a machine without any key.
    fn keyless(&self, arguments: &[&str]) -> Run {
        self.room.run(arguments).unset("STRONGROOM_MASTER_KEYS")
    }

    fn rotate(&self, versions: [u32; 2], more: &[&str]) {
        self.room.run_with(versions, &[&["rotate-master-key", "--yes", "--quick"], more].concat()).ends(0);
    }

    fn keys(&self, versions: impl IntoIterator<Item = u32>) -> Vec<Value> {
        self.room.run_with(versions, &["audit", "public-key", "--json"]).ends(0).json_lines()
    }

    fn pin(&self, version: u32) -> String {
        text(&self.keys([version]).last().expect("a key")["public_key"])
    }
}

#[test]
fn without_any_key_the_log_is_read_and_called_what_it_is() {
    let scene = Scene::new();
    for arguments in [&["audit", "list"][..], &["audit", "export"], &["audit", "public-key"]] {
        let (here, there) = (scene.room.run(arguments).ends(0), scene.keyless(arguments).ends(0));
        assert_eq!(here.out, there.out);
        assert_eq!(here.err, "");
        there.says("nothing here is authenticated").says("audit public-key").says("--pin PUBLICKEY");
    }
    let warned: Value = serde_json::from_str(&scene.keyless(&["audit", "list", "--json"]).ends(0).err).expect("JSON");
    assert_eq!((&warned["schema"], &warned["id"]), (&"strongroom.warning.v1".into(), &"not-authenticated".into()));
    let kept = scene.file("kept.txt");
    let ran = scene.keyless(&["audit", "verify", "--checkpoint", &kept]).ends(3).says("--pin");
    assert!(
        ran.out.contains("holds together: 5 chained entries") && ran.out.contains("not authenticated"),
        "{}",
        ran.out
    );
    let ran = scene.keyless(&["audit", "verify", "--json", "--checkpoint", &kept]).ends(3);
    let said = ran.json();
    assert_eq!([&said["whole"], &said["authenticated"], &said["pin"]], [&true.into(), &false.into(), &Value::Null]);
    assert_eq!(said["checkpoints"][0]["authenticated"], false);
    let told: Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!(told["code"], "pin-missing");
    // Nothing else is done without a key.
    scene.keyless(&["list"]).ends(12);
    scene.keyless(&["audit", "checkpoint"]).ends(12);
}

#[test]
fn a_pin_authenticates_and_moves_forward_over_hand_overs() {
    let scene = Scene::new();
    let first = scene.pin(1);
    let named = text(&scene.keys([1])[0]["note_key"]);
    assert!(named.starts_with("strongroom/"), "{named}");
    let verify = |arguments: &[&str]| scene.keyless(&[&["audit", "verify"], arguments].concat());
    for pin in [&first, &named] {
        let ran = verify(&["--pin", pin]).ends(0);
        assert_eq!(ran.out, "the audit log is whole: 5 chained entries\n");
        assert_eq!(scene.keyless(&["audit", "list", "--pin", pin]).ends(0).err, "");
    }
    // What is to come can be given to witnesses before.
    let coming = scene.keys([1, 2]);
    assert_eq!(
        (&coming[1]["version"], &coming[1]["first"], &coming[1]["active"]),
        (&2.into(), &Value::Null, &false.into())
    );
    let ran = scene.room.run_with([1, 2], &["audit", "public-key"]).ends(0);
    assert!(ran.out.contains("master key 2: configured, and not active yet\n"), "{}", ran.out);
    scene.rotate([1, 2], &[]);
    let second = scene.pin(2);
    assert_eq!(coming[1]["public_key"], second.as_str());
    let ran = scene.keyless(&["audit", "public-key"]).ends(0);
    assert!(ran.out.contains("master key 1: entries 1 to 5; ended, and handed over to the next\n"), "{}", ran.out);
    assert!(ran.out.contains("master key 2: from entry 6 on; active\n"), "{}", ran.out);

    verify(&["--pin", &first]).ends(3).says("ended with audit entry 5").says("--checkpoint FILE");
    let kept = scene.file("kept.txt");
    for (pin, kept_from_now_on) in [(&first, &second), (&named, &text(&scene.keys([2])[1]["note_key"]))] {
        let ran = verify(&["--pin", pin, "--checkpoint", &kept]).ends(0);
        assert!(
            ran.out.contains(": agrees; ") && ran.out.ends_with(&format!(":\n{kept_from_now_on}\n")),
            "{}",
            ran.out
        );
    }
    let said = verify(&["--pin", &first, "--checkpoint", &kept, "--json"]).ends(0).json();
    assert_eq!((&said["pin"], &said["authenticated"]), (&second.as_str().into(), &true.into()));
    assert!(!verify(&["--pin", &second]).ends(0).out.contains("keep from now on"));
    scene.keyless(&["audit", "list", "--pin", &first]).ends(3).says("--checkpoint FILE");
    scene.keyless(&["audit", "list", "--pin", &first, "--checkpoint", &kept]).ends(0);
    // One made after the hand-over, and one of another vault, lead nowhere.
    scene.keep("after.txt", [2]);
    let other = Scene::new();
    for lost in [scene.file("after.txt"), other.file("kept.txt")] {
        verify(&["--pin", &first, "--checkpoint", &lost]).ends(3).says("ended with audit entry 5");
    }
    verify(&["--pin", &other.pin(1)]).ends(13).says("no master key version of this vault");
    verify(&["--pin", &text(&other.keys([1])[0]["note_key"])]).ends(2).says("names vault");
    verify(&["--pin", "0123"]).ends(2).says("--pin");

    scene.rotate([2, 3], &["--compromised"]);
    let ran = verify(&["--pin", &second, "--checkpoint", &scene.file("after.txt")]).ends(3);
    ran.says("nothing was handed over to master key 3").says("audit public-key").says("--pin PUBLICKEY");
    verify(&["--pin", &scene.pin(3)]).ends(0);
    let ran = scene.keyless(&["audit", "public-key"]).ends(0);
    assert!(ran.out.contains("; ended, and handed nothing over: pin the next anew\n"), "{}", ran.out);
}

#[test]
fn proofs_are_made_where_the_log_is_and_checked_where_it_is_not() {
    let scene = Scene::new();
    let (kept, pin) = (scene.file("kept.txt"), scene.pin(1));
    let proof = scene.file("growth.txt");
    let ran = scene.room.run(&["audit", "prove", "--from", &kept, "--out", &proof]).ends(0);
    assert!(
        ran.out.contains("the log up to entry 5 ") && ran.out.contains("begins with the one up to entry 4"),
        "{}",
        ran.out
    );
    scene.room.run(&["audit", "prove", "--from", &kept, "--out", &proof]).ends(5).says("new file");
    assert!(fs::read_to_string(&proof).expect("read").starts_with("old 4\n"));
    // Neither a store nor a key is there.
    let bare = |arguments: &[&str]| Run::bare(&[&["audit", "check-proof"], arguments].concat());
    let ran = bare(&[&proof, "--from", &kept, "--pin", &pin]).ends(0);
    assert!(ran.out.starts_with("proven: the log up to entry 5 "), "{}", ran.out);
    bare(&[&proof, "--from", &kept]).ends(3).says("--pin");
    bare(&[&proof, "--pin", &pin]).ends(2).says("--from FILE");
    let refused = |ran: Ran, why: &str| {
        ran.says(why).says("hint: ");
    };
    let other = Scene::new();
    refused(
        bare(&[&proof, "--from", &kept, "--pin", &other.pin(1)]).ends(13),
        "signed by none of the pinned public keys",
    );
    refused(bare(&[&proof, "--from", &other.file("kept.txt"), "--pin", &pin]).ends(13), "another vault");
    scene.keep("late.txt", [1]);
    let late = scene.file("late.txt");
    refused(bare(&[&proof, "--from", &late, "--pin", &pin]).ends(13), "goes on from entry 4");
    let edited = fs::read_to_string(&proof).expect("read").replace("\n5\n", "\n6\n");
    refused(bare(&["-", "--from", &kept, "--pin", &pin]).stdin(edited).ends(13), "signed by none");
    bare(&[&kept, "--from", &kept, "--pin", &pin]).ends(2).says("no audit proof").says("audit prove");

    // Between two that were kept no key is needed.
    let between = scene.keyless(&["audit", "prove", "--from", &kept, "--to", &late]).ends(0).out;
    bare(&["-", "--from", &kept, "--pin", &pin]).stdin(between).ends(0);
    scene.keyless(&["audit", "prove", "--from", &late, "--to", &kept]).ends(2).says("exchanged");
    scene.keyless(&["audit", "prove", "--from", &kept]).ends(12);
    let entry = scene.keyless(&["audit", "prove", "--entry", "3", "--to", &late]).ends(0).out;
    assert!(entry.starts_with("c2sp.org/tlog-proof@v1\nextra "), "{entry}");
    let ran = bare(&["-", "--pin", &pin]).stdin(entry.clone()).ends(0);
    assert!(
        ran.out.contains("proven: entry 3 is in the log up to entry 5") && ran.out.contains("issue"),
        "{}",
        ran.out
    );
    let said = bare(&["-", "--pin", &pin, "--json"]).stdin(entry.clone()).ends(0).json();
    assert_eq!((&said["kind"], &said["entry"]["seq"]), (&"entry".into(), &3.into()));
    bare(&["-", "--pin", &pin, "--from", &kept]).stdin(entry.clone()).ends(2).says("leave --from out");
    refused(
        bare(&["-", "--pin", &pin]).stdin(entry.replace("\nindex 2\n", "\nindex 1\n")).ends(13),
        "does not hold this as entry 2",
    );
    scene.room.run(&["audit", "prove", "--entry", "9"]).ends(2).says("entry 9");
    scene.room.run(&["audit", "prove"]).ends(2);
    scene.room.run(&["audit", "prove", "--entry", "1", "--from", &kept]).ends(2);
}

#[test]
fn a_checkpoint_by_a_key_that_has_ended_is_called_that_and_the_log_is_not_blamed_alone() {
    let scene = Scene::new();
    let copy = scene.file("copy.db");
    let connection = rusqlite::Connection::open(scene.room.path()).expect("opened");
    connection.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").expect("checkpointed");
    fs::copy(scene.room.path(), &copy).expect("copied");
    fs::set_permissions(&copy, fs::Permissions::from_mode(0o600)).expect("private");
    for _ in 0..3 {
        scene.room.issue(&["--name", "n"]);
    }
    scene.rotate([1, 2], &[]);
    // Somebody has kept key 1 and a copy, and goes on with it.
    let elsewhere = format!("sqlite:{copy}");
    let there = |arguments: &[&str]| scene.room.run(&[arguments, &["--store", &elsewhere]].concat()).ends(0);
    there(&["issue", "--name", "forged"]);
    fs::write(scene.room.file("below.txt"), there(&["audit", "checkpoint"]).out).expect("written");
    for _ in 0..10 {
        there(&["issue", "--name", "forged"]);
    }
    fs::write(scene.room.file("beyond.txt"), there(&["audit", "checkpoint"]).out).expect("written");
    let verify =
        |name: &str| scene.room.run_with([2], &["audit", "verify", "--checkpoint", &scene.file(name)]).ends(13);
    let ran = verify("below.txt").says("made by a retired key, that of master key 1").says("who has kept master key 1");
    assert!(ran.out.contains("retired: "), "{}", ran.out);
    let ran = verify("beyond.txt").says("ended");
    assert!(ran.out.contains("ended: "), "{}", ran.out);
}
