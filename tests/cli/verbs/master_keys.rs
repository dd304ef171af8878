//! Claims about master keys, and about replacing them.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use strongroom::SqliteStore;
use strongroom::store::{Batch, Expected, Rows, Store, Table};

use super::{fingerprint, key};
use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};
use crate::support::past::overwrite;

#[test]
fn a_missing_wrong_or_malformed_master_key_ends_with_12_and_names_fingerprints() {
    let room = Room::with(1);
    let print = |version| fingerprint(&room, version);
    let run = |list: &str| room.run(&["status"]).env("STRONGROOM_MASTER_KEYS", list);
    let missing = room.run(&["status"]).unset("STRONGROOM_MASTER_KEYS").ends(12);
    missing.says("master key 1").says(&print(1)).says("STRONGROOM_MASTER_KEYS");
    room.run_with([2], &["status"]).ends(12).says("master key 1").says(&print(1)).says(&print(2));
    let (one, two) = (key(&room, 1), key(&room, 2));
    run(&format!("1:{two}")).ends(12).says(&print(1)).says(&print(2));
    for list in
        [" ", "1", "1:", "1:short", "one:two", &format!("0:{one}"), &format!("1:{one}x"), &format!("1:{one} 1:{two}")]
    {
        let ran = run(list).ends(12).says("hint: ");
        assert!(!ran.err.contains(&one) && !ran.err.contains("short"), "{}", ran.err);
    }
    let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    run(zeros).ends(12).says("weak");
    room.run(&["status"]).env("STRONGROOM_MASTER_KEYS_FILE", "/nonexistent").ends(12).says("/nonexistent");
    Room::empty().run(&["init", "--quick"]).unset("STRONGROOM_MASTER_KEYS").ends(12).says("master-key generate");
}

#[test]
fn two_swapped_versions_are_told_apart() {
    let room = Room::with(1);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    let swapped = format!("1:{} 2:{}", key(&room, 2), key(&room, 1));
    let ran = room.run(&["status"]).env("STRONGROOM_MASTER_KEYS", &swapped).ends(12);
    ran.says(&fingerprint(&room, 1)).says(&fingerprint(&room, 2)).says("it is the key of version 2");
}

#[test]
fn master_keys_are_generated_and_checked() {
    let bare = Run::bare(&["master-key", "generate"]).ends(0);
    assert_eq!((bare.out.len(), bare.out.ends_with("=\n")), (45, true));
    Run::bare(&["master-key", "check", "-", "--quick"]).stdin(&bare.out).ends(0);
    let entry = Run::bare(&["master-key", "generate", "--version", "3"]).ends(0).out;
    assert!(entry.starts_with("3:"));
    let checked =
        Run::bare(&["master-key", "check", "--quick", "--json"]).env("STRONGROOM_MASTER_KEYS", &entry).ends(0).json();
    assert_eq!((&checked["good"], &checked["keys"][0]["version"]), (&true.into(), &3.into()));
    let weak = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    let ran = Run::bare(&["master-key", "check", "-"]).stdin(weak).ends(3);
    assert!(ran.out.contains("refused one-byte") && !ran.out.contains(weak), "{}", ran.out);
    let document = Run::bare(&["master-key", "check", "-", "--json"]).stdin(weak).ends(3).json();
    let findings = document["keys"][0]["findings"].as_array().expect("a list");
    assert!(document["good"] == false && findings.iter().any(|finding| finding["id"] == "one-byte"), "{document}");
    let ran = Run::bare(&["master-key", "check", "-"]).stdin("something").ends(3);
    assert!(ran.out.contains("44 characters"), "{}", ran.out);
    Run::bare(&["master-key", "check"]).ends(12).says("STRONGROOM_MASTER_KEYS");
    let other = Run::bare(&["master-key", "generate", "--version", "3"]).ends(0).out;
    let twice = format!("{},{other}", entry.trim());
    let ran = Run::bare(&["master-key", "check", "--json"]).env("STRONGROOM_MASTER_KEYS", &twice).ends(12);
    ran.says("\"code\":\"master-keys-unreadable\"");
    let ran = Run::bare(&["master-key", "check", bare.out.trim()]).ends(2);
    assert!(!ran.err.contains(bare.out.trim()));
    Run::bare(&["master-key", "generate", "--version", "0"]).ends(2);
    Run::bare(&["master-key", "generate", "--out", "/nonexistent/key"]).ends(1).says("/nonexistent/key");
}

#[test]
fn rotation_moves_everything_and_the_old_master_key_opens_nothing_after_it() {
    let room = Room::with(2_500);
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["rotate-master-key", "--yes", "--quick"]).ends(2).says("no newer one is configured").says("--version 2");
    room.run(&["rotate-master-key", "--yes", "--quick", "--to", "3"]).ends(2).says("not configured");
    let plan = room.run_with([1, 2], &["rotate-master-key", "--quick", "--dry-run", "--json"]).ends(0).json();
    assert_eq!((&plan["from_master_key"], &plan["to_master_key"]), (&1.into(), &2.into()));
    assert_eq!(
        (text(&plan["from_fingerprint"]), text(&plan["to_fingerprint"])),
        (fingerprint(&room, 1), fingerprint(&room, 2))
    );
    assert_eq!(plan["generations"][0]["records"], 2_501);
    assert_eq!(room.run(&["status", "--json"]).ends(0).json()["active_master_key"], 1, "a dry run does nothing");

    let ran = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    for line in ["2501 records", "none is left", "master key 1: remove it"] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    room.run(&["verify"]).stdin(&token).ends(12).says("master key 2").says(&fingerprint(&room, 2));
    assert_eq!(room.run_with([2], &["verify"]).stdin(&token).ends(0).out, format!("valid {id} n\n"));
    assert_eq!(room.run_with([2], &["recover", &id, "--reason", "r", "--yes"]).ends(0).out, format!("{token}\n"));
    room.run_with([2], &["doctor"]).ends(0);

    room.run_with([2, 3], &["rotate-master-key", "--yes", "--quick", "--rewrap-only"]).ends(0);
    room.run(&["verify"]).stdin(&token).ends(12);
    room.run_with([3], &["verify"]).stdin(&token).ends(0);
    let status = room.run_with([1, 3], &["status", "--json"]).ends(0).json();
    assert_eq!((&status["removable"][0], &status["active_master_key"]), (&1.into(), &3.into()));
}

#[test]
fn accepting_another_record_set_always_needs_a_yes() {
    let room = Room::with(3);
    let store = SqliteStore::open(room.path()).expect("store");
    let (key, record) = store.scan(Table::Keys, None, 1).expect("rows").remove(0);
    let mut batch = Batch::new();
    batch.delete(Table::Keys, key, Expected::Exactly(record));
    store.commit(&batch).expect("deleted");
    drop(store);
    room.run(&["doctor"]).ends(13);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(13).says("--accept-record-set");
    room.run_with([1, 2], &["rotate-master-key", "--accept-record-set"]).ends(17);
    room.run_with([1, 2], &["rotate-master-key", "--quick", "--accept-record-set", "--yes"]).ends(0);
    room.run_with([2], &["doctor"]).ends(0);
}

#[test]
fn an_imported_record_that_is_missing_is_given_up_with_all_that_leads_to_it() {
    let room = Room::new();
    let line = "{\"token\": \"legacy-q7Rk2vXw9TzB4mLc8NpYd3Hs\", \"name\": \"old\"}\n";
    room.run(&["import", "-"]).stdin(line).ends(0);
    let (key, _) = room.store().scan(Table::Keys, None, 1).expect("rows").remove(0);
    overwrite(&room.store(), Table::Keys, &key, None);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(13).says("--accept-record-set");
    let accept = ["rotate-master-key", "--resume", "--accept-record-set", "--yes"];
    let accepted = room.run_with([1, 2], &accept).ends(0).out;
    assert!(accepted.contains("1 row for imported tokens led to no record"), "{accepted}");
    room.run_with([2], &["doctor"]).ends(0);
    let backup = room.file("backup").display().to_string();
    room.run_with([2], &["backup", &backup]).ends(0);
    room.run_with([2], &["doctor"]).ends(0);
    room.run_with([2], &["import", "-"]).stdin(line).ends(0);
    room.run_with([2], &["verify"]).stdin("legacy-q7Rk2vXw9TzB4mLc8NpYd3Hs").ends(0);
}

#[test]
fn the_hint_for_a_record_that_was_put_back_leads_to_the_end() {
    let room = Room::with(3);
    let (id, _) = room.issue(&["--name", "n"]);
    let (key, before) = room.store().scan(Table::Keys, None, 4).expect("rows").remove(3);
    room.run(&["revoke", &id, "--reason", "r", "--yes"]).ends(0);
    overwrite(&room.store(), Table::Keys, &key, Some(before));
    let ran = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(14);
    assert!(ran.out.contains("differs") && !ran.err.contains("did not open"), "{} {}", ran.out, ran.err);
    ran.says("was put back or forged").says(&format!("strongroom revoke {id} --reason TEXT"));
    assert!(room.run_with([2], &["doctor"]).ends(13).out.contains("revoke it with"));
    room.run_with([2], &["revoke", &id, "--reason", "TEXT", "--yes"]).ends(0);
    room.run_with([2], &["rotate-master-key", "--resume", "--accept-record-set", "--yes"]).ends(0);
    room.run_with([2], &["doctor"]).ends(0);
}

#[test]
fn a_rotation_that_was_stopped_goes_on_to_its_certificate() {
    let room = Room::with(3_000);
    let file = room.file("the certificate").display().to_string();
    let arguments = ["rotate-master-key", "--yes", "--quick", "--rate", "500", "--json", "--certificate", &file];
    let mut run = room.run_with([1, 2], &arguments);
    let mut child = run.spawn();
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    lines.next().expect("progress").expect("text");
    kill_process(Pid::from_child(&child), Signal::INT).expect("sent");
    lines.last().expect("a report").expect("text");
    let ran = Ran::of(child, "rotate-master-key");
    assert_eq!(ran.code, Some(130), "{}", ran.err);
    let told: serde_json::Value = serde_json::from_str(&ran.err).expect("one document");
    let hint = text(&told["hint"]);
    let typed = hint.split('`').nth(1).expect("a command").strip_prefix("strongroom ").expect("ours");
    assert_eq!(typed, format!("rotate-master-key --resume --certificate '{file}'"));
    room.run_with([2], &["rotate-master-key", "--resume", "--certificate", &file]).ends(0);
    room.run_with([2], &["doctor", "--certificate", &file]).ends(0);
}

/// The check takes longer than this in every build.
#[test]
fn a_signal_while_the_new_master_key_is_checked_leaves_everything_as_it_was() {
    for ignored in [false, true] {
        let room = Room::with(10);
        let new = room.file("new.db");
        let cases: [(&[&str], &Path); 2] =
            [(&["rotate-master-key", "--yes", "--json"], &room.path()), (&["init", "--json"], &new)];
        for (arguments, store) in cases {
            // As a shell without job control starts what it puts into the background.
            let mut shell = Command::new("sh");
            let trap = if ignored { "trap '' INT; " } else { "" };
            shell.args(["-c", &format!("{trap}exec \"$0\" \"$@\""), program_path()]);
            let mut run = Run::through(shell, arguments)
                .env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1, 2]))
                .env("STRONGROOM_STORE", &format!("sqlite:{}", store.display()));
            let child = run.spawn();
            std::thread::sleep(Duration::from_millis(300));
            kill_process(Pid::from_child(&child), Signal::INT).expect("sent");
            let ran = Ran::of(child, &arguments.join(" "));
            assert_eq!(ran.code, Some(130), "{}: {} {}", ran.shown, ran.out, ran.err);
            if store == new {
                assert!(!new.exists());
            } else {
                assert_eq!(ran.json()["outcome"], "not-begun");
                assert_eq!(room.run(&["status", "--json"]).ends(0).json()["active_master_key"], 1);
            }
            ran.says("\"code\":\"stopped\"");
        }
    }
}

#[test]
fn a_signal_stops_a_rotation_after_a_whole_batch_and_the_next_run_completes_it() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let room = Room::with(3_000);
        let (_, token) = room.issue(&["--name", "n"]);
        let arguments = ["rotate-master-key", "--yes", "--quick", "--rate", "500", "--json"];
        let mut run = room.run_with([1, 2], &arguments);
        let mut child = run.spawn();
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let first = lines.next().expect("progress").expect("text");
        assert!(first.contains("strongroom.progress.v1"), "{first}");
        let sent = Instant::now();
        kill_process(Pid::from_child(&child), signal).expect("sent");
        let last = lines.last().expect("a report").expect("text");
        let ran = Ran::of(child, "rotate-master-key");
        assert_eq!(ran.code, Some(code), "{}", ran.err);
        assert!(sent.elapsed() < Duration::from_secs(2), "{:?}", sent.elapsed());
        let report: serde_json::Value = serde_json::from_str(&last).expect("JSON");
        assert_eq!(report["outcome"], "stopped");
        let moved = report["moved"].as_u64().expect("a number");
        assert!((1..3_001).contains(&moved), "{moved}");
        let ran = ran.says("stopped").says("rotate-master-key");
        drop(ran);

        room.run_with([2], &["verify"]).stdin(&token).ends(0);
        assert!(room.run_with([2], &["status"]).ends(0).out.contains("no process is at it"));
        room.run_with([2, 3], &["rotate-master-key", "--yes", "--quick", "--to", "3"])
            .ends(5)
            .says("to master key 2 is open");
        let report = room.run_with([2], &["rotate-master-key", "--yes", "--json"]).ends(0);
        let report = report.json_lines().pop().expect("a report");
        assert_eq!((&report["outcome"], &report["resumed"]), (&"finished".into(), &true.into()));
        assert_eq!(report["verified"], 3_001);
    }
}

#[test]
fn a_second_rotation_is_busy() {
    let room = Room::with(2_000);
    let mut run = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick", "--rate", "100", "--json"]);
    let mut child = run.spawn();
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    lines.next().expect("progress").expect("text");
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"])
        .ends(11)
        .says("another process")
        .says("strongroom status");
    kill_process(Pid::from_child(&child), Signal::KILL).expect("sent");
    child.wait().expect("ended");
    room.run_with([2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
}
