//! The commands of an operator around a rotation: look before, watch, stop, continue, give up, prove.
#![cfg(unix)]

use std::process::Command;
use std::time::Duration;

use crate::process::{ends_within, signal};
use crate::running::Room;
use crate::support::past::{damage_record, files_in, overwrite};
use serde_json::Value;
use strongroom::store::Table;

#[test]
fn no_event_tells_of_the_scratch_vault_of_an_estimate() {
    let room = Room::with(2);
    for arguments in [&["status"][..], &["rotate-master-key", "--quick", "--dry-run"]] {
        let ran = room.run_with([1, 2], &[arguments, &["--log", "info"]].concat()).ends(0);
        assert!(!ran.err.contains("estimate") && !ran.err.contains("strongroom::audit"), "{}", ran.err);
    }
    room.run(&["issue", "--name", "n", "--log", "info"]).ends(0).says("strongroom::audit");
}

#[test]
fn a_dry_run_tells_all_of_it_and_leaves_the_store_byte_for_byte() {
    let room = Room::with(250);
    let store = || std::fs::read(room.path()).expect("readable");
    let (before, names) = (store(), files_in(room.folder.path()).len());
    let plan = room.run_with([1, 2], &["rotate-master-key", "--quick", "--dry-run", "--json"]).ends(0).json();
    assert_eq!(plan["generations"], serde_json::json!([{ "generation": 1, "master_key": 1, "records": 250 }]));
    assert_eq!(plan["removable_master_keys"], serde_json::json!([]));
    assert_eq!(plan["removable_afterwards"], serde_json::json!([1]));
    assert!(plan["estimate"]["per_second"].as_u64() > Some(0) && plan["estimate"]["seconds"].as_f64() > Some(0.0));
    let status = room.run(&["status"]).ends(0);
    assert!(status.out.contains("1: 250 API keys, under master key 1, active") && status.out.contains("it would take"));
    assert!(store() == before, "the store was changed");
    assert_eq!(
        files_in(room.folder.path()).len(),
        names,
        "something was left behind: {:?}",
        files_in(room.folder.path()).iter().map(|f| &f.0)
    );
}

#[test]
fn another_terminal_sees_how_far_it_is_and_a_signal_stops_it_where_it_can_be_resumed() {
    let room = Room::with(2_000);
    let none = room.run(&["rotate-master-key", "--status", "--json"]).ends(0).json();
    assert_eq!((&none["open"], &none["records"]), (&Value::Null, &Value::from(2_000)));
    room.run_with([1, 2], &["rotate-master-key", "--quick", "--resume"]).ends(4).says("no rotation is open");

    let mut slow = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick", "--batch", "50", "--rate", "500"]);
    let mut child = slow.spawn();
    let status = loop {
        let status = room.run_with([1, 2], &["rotate-master-key", "--status", "--json"]).go();
        let status = if status.code == Some(0) { status.json() } else { Value::Null };
        if status["open"]["moved"].as_u64() > Some(0) {
            break status;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert_eq!((&status["open"]["running"], &status["open"]["phase"]), (&true.into(), &"sweep".into()));
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(11);
    signal(&child, "TERM");
    assert_eq!(ends_within(&mut child, Duration::from_secs(5)).code(), Some(143));
    let shown = room.run_with([2], &["rotate-master-key", "--status"]).ends(0).says("--resume");
    assert!(shown.out.contains("no process is at it") && shown.out.contains("of 2000 records"), "{}", shown.out);
    let report = room.run_with([2], &["rotate-master-key", "--quick", "--resume", "--json"]).ends(0).json_lines().pop();
    assert_eq!(report.expect("a report")["moved"], 2_000);
}

#[test]
fn bad_records_are_shown_and_mended_or_given_up_by_a_typed_word() {
    let room = Room::with(300);
    let (first, whole) = damage_record(&room.store(), 10);
    damage_record(&room.store(), 20);
    let ran = room
        .run_with([1, 2], &["rotate-master-key", "--yes", "--quick"])
        .ends(14)
        .says("2 records did not open")
        .says("--resume");
    assert_eq!(ran.out.matches("corrupt").count(), 2, "{}", ran.out);
    overwrite(&room.store(), Table::Keys, &first, Some(whole));
    // What a rotation would refuse, its dry run refuses too.
    room.run_with([1, 2], &["rotate-master-key", "--quick", "--dry-run", "--compromised"]).ends(5).says("is open");
    room.run_with([2], &["rotate-master-key", "--abandon-unreadable"]).ends(17).says("--yes");
    let ran = room.run_with([2], &["rotate-master-key", "--quick", "--resume"]).ends(14).says("1 record did not open");
    assert_eq!(ran.out.matches("corrupt").count(), 1, "{}", ran.out);
    let ran = room.run_with([2], &["rotate-master-key", "--abandon-unreadable", "--yes", "--json"]).ends(0);
    let report = ran.json_lines().pop().expect("a report");
    assert_eq!((&report["outcome"], &report["abandoned"]), (&"finished".into(), &1.into()));
    let healthy = room.run_with([2], &["doctor", "--json"]).ends(0).json();
    assert_eq!(healthy["opened"], 299);
    assert!(room.run_with([2], &["audit", "list", "--all"]).ends(0).out.contains("abandon"));
}

#[test]
fn after_a_leak_the_list_shows_what_to_reissue() {
    let room = Room::with(20);
    let question = room.run_with([1, 2], &["rotate-master-key", "--quick", "--dry-run", "--compromised"]).ends(0);
    assert!(question.err.contains("marked as exposed"), "{}", question.err);
    let ran = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick", "--compromised"]).ends(0);
    assert!(ran.out.contains("copies of the store taken before"), "{}", ran.out);
    let late = room.run_with([2], &["issue", "--name", "late", "--json"]).ends(0).json();
    let exposed = room.run_with([2], &["list", "--exposed", "--json"]).ends(0).json_lines();
    assert_eq!(exposed.len(), 20);
    assert!(exposed.iter().all(|key| key["exposed_at"].is_string() && key["id"] != late["id"]));
    let id = crate::running::text(&exposed[0]["id"]);
    assert!(room.run_with([2], &["show", &id]).ends(0).out.contains("reissue it"));
    room.run_with([2], &["revoke", &id, "--reason", "leaked", "--yes"]).ends(0);
    assert_eq!(room.run_with([2], &["list", "--exposed", "--json"]).ends(0).json_lines().len(), 19);
}

#[test]
fn a_certificate_is_written_once_and_checked_later() {
    let room = Room::with(20);
    let file = room.file("rotation.json");
    let name = file.to_str().expect("text");
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick", "--certificate", "/nowhere/c.json"])
        .ends(2)
        .says("nothing was done");
    assert!(room.run(&["status"]).ends(0).out.contains("none open"));
    // A run that was killed leaves the file empty: the same command goes on with it.
    std::fs::write(&file, "").expect("written");
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick", "--certificate", name]).ends(0).says("doctor");
    let text = std::fs::read_to_string(&file).expect("written");
    let checked = room.run_with([2], &["doctor", "--certificate", name]).ends(0);
    assert!(checked.out.contains("the certificate is true") && checked.out.contains("the records are the same"));
    let ran = room.run_with([2, 3], &["rotate-master-key", "--yes", "--quick", "--certificate", name]).ends(5);
    assert!(ran.says("exists").out.is_empty() && std::fs::read_to_string(&file).expect("kept") == text);
    std::fs::write(&file, text.replace("\"moved\": 20", "\"moved\": 21")).expect("written");
    let checked = room.run_with([2], &["doctor", "--certificate", name, "--json"]).ends(13).json();
    assert_eq!(
        (&checked["certificate"]["valid"], &checked["symptoms"][0]["id"]),
        (&false.into(), &"certificate".into())
    );
    room.run_with([2], &["doctor", "--certificate", "-"]).stdin("{}").ends(2).says("no rotation certificate");
    // A rotation that does not come to its end leaves no empty file.
    let other = room.file("other.json");
    damage_record(&room.store(), 3);
    room.run_with([2, 3], &["rotate-master-key", "--yes", "--quick", "--certificate", other.to_str().expect("text")])
        .ends(14);
    assert!(!other.exists());
}

#[test]
fn a_rehearsal_kills_a_copy_again_and_again_and_leaves_the_vault_alone() {
    let room = Room::with(120);
    let before = files_in(room.folder.path());
    let place = format!("sqlite:{}", room.path().display());
    let arguments = ["rehearse", "--from", &place, "--batch", "30", "--json"];
    let tmp = room.file("tmp");
    std::fs::create_dir(&tmp).expect("folder");
    let ran = room.run(&arguments).env("TMPDIR", tmp.to_str().expect("text")).ends(0).json_lines();
    let report = ran.last().expect("a report");
    assert_eq!((&report["held"], &report["records"]), (&true.into(), &120.into()));
    let (points, commits) = (report["points"].as_u64().expect("points"), report["commits"].as_u64().expect("commits"));
    assert!(points == 2 * commits && commits >= 9, "{points} of {commits}");
    assert_eq!(report["recovered"], points);
    assert_eq!(std::fs::read_dir(&tmp).expect("folder").count(), 0, "scratch was left behind");
    std::fs::remove_dir(&tmp).expect("empty");
    let same = files_in(room.folder.path()).iter().map(|file| &file.0).eq(before.iter().map(|file| &file.0));
    assert!(same && std::fs::read(room.path()).expect("readable") == before[0].1, "the vault was changed");
}

#[test]
fn a_rehearsal_needs_no_vault_and_shows_no_key() {
    let folder = tempfile::tempdir().expect("folder");
    let mut command = Command::new(crate::process::program_path());
    command.args(["rehearse", "--keys", "60", "--points", "4"]).env_clear().current_dir(folder.path());
    let output = command.env("TMPDIR", folder.path()).output().expect("ran");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(output.status.success() && text.contains("killed at 4 of"), "{text}");
    assert_eq!(std::fs::read_dir(folder.path()).expect("folder").count(), 0);
}
