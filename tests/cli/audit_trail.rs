//! The same with the program, on a SQLite file.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::running::{Ran, Room, text};

fn change(room: &Room, sql: &str) {
    rusqlite::Connection::open(room.path()).expect("opened").execute_batch(sql).expect("changed");
}

/// As somebody does who has a copy of the file from before.
fn copy(room: &Room, from: &str, to: &str) {
    change(room, "PRAGMA wal_checkpoint(TRUNCATE)");
    for suffix in ["-wal", "-shm"] {
        let _ = fs::remove_file(room.file(&format!("vault.db{suffix}")));
    }
    fs::copy(room.file(from), room.file(to)).expect("copied");
    fs::set_permissions(room.file(to), fs::Permissions::from_mode(0o600)).expect("private");
}

fn checkpoint(room: &Room, name: &str) -> String {
    fs::write(room.file(name), room.run(&["audit", "checkpoint"]).ends(0).out).expect("written");
    room.file(name).display().to_string()
}

#[test]
fn an_older_database_put_back_a_cut_tail_and_a_fork_end_with_13_and_are_named() {
    let room = Room::with(5);
    let early = checkpoint(&room, "early.json");
    copy(&room, "vault.db", "old.db");
    room.issue(&["--name", "later"]);
    room.issue(&["--name", "later still"]);
    let late = checkpoint(&room, "late.json");
    let verify = |code: i32| room.run(&["audit", "verify", "--checkpoint", &early, &late]).ends(code);
    let agrees = verify(0);
    assert_eq!(agrees.out.matches(": agrees; ").count(), 2, "{}", agrees.out);
    copy(&room, "vault.db", "new.db");

    copy(&room, "old.db", "vault.db");
    room.run(&["audit", "verify"]).ends(0);
    let ran = verify(13).says("ends with entry 6, and entry 8 was seen before").says("strongroom doctor");
    assert!(ran.out.contains("early.json (entry 6") && ran.out.contains("rolled-back: "), "{}", ran.out);
    let ran = room.run(&["audit", "verify", "--json", "--checkpoint", &late]).ends(13);
    assert_eq!((&ran.json()["checkpoints"][0]["fault"], &ran.json()["whole"]), (&"rolled-back".into(), &true.into()));
    let told: serde_json::Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!(told["code"], "audit-rolled-back");

    for _ in 0..3 {
        room.issue(&["--name", "another way"]);
    }
    let ran = verify(13).says("entry 8 is another than the one seen before");
    assert!(ran.out.contains("forked: "), "{}", ran.out);

    copy(&room, "new.db", "vault.db");
    change(&room, "DELETE FROM audit WHERE k > x'0000000000000005'");
    verify(13).says("the audit log ends with entry 5, and the head names entry 8");
    copy(&room, "new.db", "vault.db");
    verify(0);
}

#[test]
fn a_checkpoint_that_is_none_or_of_another_vault_is_a_mistake_and_an_edited_one_is_not() {
    let (room, other) = (Room::with(2), Room::with(2));
    let made = checkpoint(&room, "made.json");
    let of_other = checkpoint(&other, "other.json");
    let verify = |path: &str| room.run(&["audit", "verify", "--checkpoint", path]);
    verify("/nonexistent").ends(2).says("/nonexistent").says("strongroom audit checkpoint");
    verify("-").stdin("{}").ends(2).says("no audit checkpoint");
    verify("-").stdin(fs::read(&made).expect("read")).ends(0);
    verify(&of_other).ends(2).says("of another vault").says("--store");
    let text = fs::read_to_string(&made).expect("read");
    verify("-")
        .stdin(text.replace("\nrecords 2 ", "\nrecords 3 "))
        .ends(13)
        .says("signature of the checkpoint is wrong");
    verify("-").stdin(text.replace("\nchain ", "\nlink ")).ends(2).says("no audit checkpoint");
}

#[test]
fn list_filters_and_shows_the_newest_first() {
    let room = Room::new();
    let (id, _) = room.issue(&["--name", "n", "--actor", "alice", "--reason", "ticket 4711"]);
    room.run(&["recover", &id, "--yes", "--actor", "bob", "--reason", "audit 12"]).ends(0);
    room.run(&["recover", "01000000000000000000000000", "--yes", "--actor", "bob", "--reason", "typo"]).ends(4);
    for _ in 0..3 {
        room.issue(&["--name", "more", "--actor", "carol"]);
    }
    let listed = |arguments: &[&str]| -> Vec<u64> {
        let ran = room.run(&[&["audit", "list", "--json"], arguments].concat()).ends(0);
        let lines = ran.json_lines();
        let entries = lines.iter().filter(|line| line["schema"] != "strongroom.page.v1");
        entries.map(|entry| entry["seq"].as_u64().expect("a number")).collect()
    };
    assert_eq!(listed(&["--actor", "bob"]), [3, 4]);
    assert_eq!(listed(&["--action", "issue"]), [2, 5, 6, 7]);
    assert_eq!(listed(&["--key", &id]), [2, 3]);
    assert_eq!(listed(&["--outcome", "refused"]), [4]);
    assert_eq!(listed(&["--reason", "4711"]), [2]);
    assert_eq!(listed(&["--since", "2999-01-01T00:00:00Z"]), [0_u64; 0]);
    assert_eq!(listed(&["--until", "2999-01-01T00:00:00Z"]).len(), 7);
    assert_eq!(listed(&["--last", "3"]), [7, 6, 5]);
    assert_eq!(listed(&["--last", "2", "--actor", "bob"]), [4, 3]);
    assert_eq!(listed(&["--last", "9", "--after", "5"]), [7, 6]);
    assert_eq!(listed(&["--after", "2", "--limit", "2"]), [3, 4]);
    let page = room.run(&["audit", "list", "--action", "issue", "--limit", "2"]).ends(0).says("--after 5");
    assert_eq!(page.out.lines().count(), 3);
    assert!(!room.run(&["audit", "list", "--action", "issue", "--limit", "4"]).ends(0).err.contains("more"));
    let refused = room.run(&["audit", "list", "--outcome", "refused"]).ends(0);
    assert!(refused.out.contains("cause=not-found reason: typo"), "{}", refused.out);
    room.run(&["audit", "list", "--action", "borrow"]).ends(2).says("verifier-key");
    room.run(&["audit", "list", "--last", "2", "--all"]).ends(2);
    change(&room, "UPDATE audit SET v = CAST('nonsense' AS BLOB) WHERE k = x'0000000000000003'");
    let ran = room.run(&["audit", "list"]).ends(13).says("no entries: 1").says("audit verify");
    assert_eq!(ran.out.lines().count(), 8);
}

#[test]
fn an_export_is_what_is_stored() {
    let room = Room::with(30);
    room.issue(&["--name", "n", "--reason", "\u{202e}\u{7f} \"quoted\"\n"]);
    let exported = room.run(&["audit", "export"]).ends(0);
    let out = room.file("audit.jsonl").display().to_string();
    let said = room.run(&["audit", "export", "--out", &out, "--json"]).ends(0).json();
    assert_eq!((&said["entries"], &said["whole"]), (&32.into(), &true.into()));
    assert_eq!(fs::read_to_string(&out).expect("read"), exported.out);
    assert_eq!(fs::metadata(&out).expect("there").permissions().mode() & 0o777, 0o600);
    room.run(&["audit", "export", "--out", &out]).ends(5).says("new file");
    assert_eq!(said["last_hash"], room.run(&["audit", "checkpoint", "--json"]).ends(0).json()["hash"]);
    change(
        &room,
        "UPDATE audit SET v = CAST(replace(CAST(v AS TEXT), 'tester', 'nobody') AS BLOB) WHERE k = x'0000000000000003'",
    );
    let ran = room.run(&["audit", "export"]).ends(13).says("audit entry 4 does not follow");
    assert_eq!(ran.out.lines().count(), 32, "all of it is written all the same");
}

#[test]
fn ten_lines_of_python_check_an_export() {
    if Command::new("python3").arg("--version").output().is_err() {
        return crate::support::skipped("python3 was not found (on Debian: apt-get install python3)");
    }
    let room = Room::with(30);
    room.issue(&["--name", "n", "--reason", "\u{202e}\u{7f} \"quoted\"\n"]);
    let out = room.file("audit.jsonl").display().to_string();
    room.run(&["audit", "export", "--out", &out]).ends(0);
    let checkpoint = checkpoint(&room, "checkpoint.txt");
    let exported = fs::read_to_string(&out).expect("read");
    let manual = include_str!("../../docs/audit.md");
    let script = manual.split_once("```python\n").expect("a script").1.split_once("```").expect("its end").0;
    assert!(script.lines().count() <= 15, "ten lines or so");
    let python = |export: &str| {
        let mut child = Command::new("python3")
            .args(["-c", script, export, &checkpoint])
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut said = String::new();
        child.stdout.take().expect("piped").read_to_string(&mut said).expect("text");
        (child.wait().expect("ended").success(), said)
    };
    assert_eq!(python(&out), (true, "whole: 32 entries\n".into()));
    let lines: Vec<&str> = exported.split_inclusive('\n').collect();
    let edited = room.file("edited.jsonl").display().to_string();
    for at in 0..lines.len() {
        let mut without = lines.clone();
        without.remove(at);
        fs::write(&edited, without.concat()).expect("written");
        assert!(!python(&edited).0, "without {at}");
    }
}

#[test]
fn follow_prints_what_comes_and_ends_at_a_signal_a_closed_pipe_and_a_break() {
    let room = Room::with(3);
    let follow = |arguments: &[&str]| {
        let arguments = [&["audit", "follow", "--json", "--every", "50ms"], arguments].concat();
        let mut child = room.run(&arguments).spawn();
        let lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        (child, lines)
    };
    let seq = |line: Option<std::io::Result<String>>| {
        let entry: serde_json::Value = serde_json::from_str(&line.expect("a line").expect("text")).expect("JSON");
        assert_eq!(text(&entry["schema"]), "strongroom.audit-entry.v1");
        entry["seq"].as_u64().expect("a number")
    };
    let (child, mut lines) = follow(&["--after", "2"]);
    assert_eq!([seq(lines.next()), seq(lines.next())], [3, 4]);
    room.issue(&["--name", "n"]);
    assert_eq!(seq(lines.next()), 5);
    kill_process(Pid::from_child(&child), Signal::INT).expect("sent");
    let ran = Ran::of(child, "follow");
    assert_eq!((ran.code, ran.err.as_str()), (Some(130), ""));

    let (child, lines) = follow(&["--after", "0"]);
    drop(lines);
    let ran = Ran::of(child, "follow");
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "nobody reads any more");

    let (child, mut lines) = follow(&["--after", "4"]);
    assert_eq!(seq(lines.next()), 5);
    change(&room, "DELETE FROM audit WHERE k = x'0000000000000005'");
    let ran = Ran::of(child, "follow");
    assert_eq!(ran.code, Some(13), "{}", ran.err);
    ran.says("audit entry 5 is missing");
    room.run(&["audit", "follow", "--after", "99"]).ends(2).says("ends with entry 5");
    room.run(&["audit", "follow", "--every", "1ms"]).ends(2).says("50ms");
}

#[test]
fn with_verifier_keys_the_trail_is_shown_and_checked() {
    let room = Room::with(3);
    let key = room.run(&["master-key", "verifier", "--version", "1", "--reason", "r"]).ends(0).out;
    let run =
        |arguments: &[&str]| room.run(arguments).unset("STRONGROOM_MASTER_KEYS").env("STRONGROOM_VERIFIER_KEYS", &key);
    run(&["audit", "checkpoint"]).ends(12).says("needs a master key");
    let made = room.run(&["audit", "checkpoint"]).ends(0).out;
    run(&["audit", "verify", "--checkpoint", "-"]).stdin(&made).ends(0);
    room.run(&["audit", "verify", "--checkpoint", "-"]).stdin(&made).ends(0);
    assert_eq!(run(&["audit", "list", "--last", "1"]).ends(0).out.lines().count(), 2);
    assert_eq!(run(&["audit", "export"]).ends(0).out.lines().count(), 5);
}

#[test]
fn events_mirror_the_log_without_reasons_and_tell_how_verifications_ended() {
    let room = Room::new();
    let reason = "canary-reason-51f0";
    let run = |arguments: &[&str]| room.run(&[arguments, &["--log", "debug"]].concat());
    let issued = run(&["issue", "--name", "canary-name-77aa", "--reason", reason, "--actor", "alice"]).ends(0);
    let token = issued.out.trim().to_owned();
    let id = &token[3..29];
    let mut heard = issued.err;
    for needle in ["INFO strongroom::audit:", "seq=2", "action=\"issue\"", "actor=\"alice\"", id, "outcome=\"done\""] {
        assert!(heard.contains(needle), "{needle}: {heard}");
    }
    let refused = run(&["revoke", "01000000000000000000000000", "--yes", "--reason", reason]).ends(4).err;
    assert!(refused.contains("WARN strongroom::audit:") && refused.contains("cause=\"not-found\""), "{refused}");
    let valid = run(&["verify"]).stdin(&token).ends(0).err;
    assert!(valid.contains("DEBUG strongroom::audit: token valid") && valid.contains(id), "{valid}");
    let invalid = run(&["verify"]).stdin("nobody's").ends(3).err;
    assert!(invalid.contains("INFO strongroom::audit: token refused refusal=\"token-unknown\""), "{invalid}");
    heard.extend([refused, valid, invalid]);
    assert!(!heard.contains(reason) && !heard.contains("canary-name") && !heard.contains(&token[29..]), "{heard}");
    // Acts that were not committed are not told.
    let other = rusqlite::Connection::open(room.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let busy = run(&["issue", "--name", "n"]).ends(11).err;
    assert!(!busy.contains("strongroom::audit"), "{busy}");
}

#[test]
fn no_secret_appears_in_any_command_of_the_trail() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["recover", &id, "--yes", "--reason", "r"]).ends(0);
    let made = checkpoint(&room, "made.json");
    let master = room.keys.variable([1]);
    let commands: [&[&str]; 9] = [
        &["audit", "list", "--last", "5"],
        &["audit", "list", "--action", &token],
        &["audit", "list", "--since", &token],
        &["audit", "export"],
        &["audit", "export", "--out", "/nonexistent/file"],
        &["audit", "checkpoint"],
        &["audit", "verify", "--checkpoint", &made],
        &["audit", "follow", "--after", &token],
        &["doctor"],
    ];
    for arguments in commands {
        for extra in [&["--log", "trace"][..], &["--log", "trace", "--json"]] {
            let ran = room.run(&[arguments, extra].concat()).go();
            let said = format!("{}{}", ran.out, ran.err);
            assert!(!said.contains(&token[29..72]) && !said.contains(&master[2..20]), "{}: {said}", ran.shown);
        }
    }
}
