//! The same with the program, on a SQLite file.

mod backups;
mod repair;

use std::fmt::Write;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::process::program_path;
use crate::running::{Room, Run};

fn change(room: &Room, sql: &str) {
    rusqlite::Connection::open(room.path()).expect("opened").execute_batch(sql).expect("changed");
}

/// Names and severities of what was found.
fn found(document: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    let symptoms = document["symptoms"].as_array().expect("a list");
    symptoms.iter().map(|symptom| (text(&symptom["id"]), text(&symptom["severity"]))).collect()
}

#[test]
fn each_depth_says_what_it_did() {
    let room = Room::with(200);
    room.run(&["backup", &room.file("b").display().to_string()]).ends(0);
    let run = |arguments: &[&str]| room.run(&[&["doctor"], arguments].concat());
    assert_eq!(
        run(&[]).ends(0).out,
        "nothing is wrong: 200 API keys opened, their digest compared, 203 audit entries followed\n"
    );
    assert_eq!(run(&["--quick"]).ends(0).out, "nothing is wrong: no record opened, 203 audit entries followed\n");
    let mut opened = 0;
    for part in 1..=3 {
        let document = run(&["--json", "--subset", &format!("{part}/3")]).ends(0).json();
        assert_eq!((&document["counted"], &document["compared"]), (&200.into(), &true.into()));
        assert_eq!((&document["depth"], &document["healthy"]), (&format!("{part}/3").into(), &true.into()));
        opened += document["opened"].as_u64().expect("a number");
    }
    assert_eq!(opened, 200);
    for wrong in ["0/3", "4/3", "3", "a/b", "+1/3", "1/0", "1/3/3", ""] {
        run(&["--subset", wrong]).ends(2).says("--subset").says("strongroom doctor --help");
    }
    run(&["--deep", "--quick"]).ends(2);
    run(&["--deep", "--subset", "1/2"]).ends(2);
}

#[test]
fn damage_ends_with_13_whatever_else_is_found_and_nothing_hides_another() {
    let room = Room::with(20);
    change(&room, "UPDATE vault SET v = x'01' WHERE k = CAST('head' AS BLOB); DELETE FROM lookup");
    change(&room, "UPDATE audit SET v = x'00' WHERE k = x'0000000000000003'");
    change(
        &room,
        "UPDATE keys SET v = CAST(substr(v, 1, 60) || x'0000' || substr(v, 63) AS BLOB) WHERE k = (SELECT min(k) FROM keys)",
    );
    fs::set_permissions(room.path(), fs::Permissions::from_mode(0o644)).expect("set");
    let document = room.run_with([1, 2], &["doctor", "--json"]).ends(13).json();
    let expected = [
        ("head", "damage"),
        ("audit", "damage"),
        ("record", "damage"),
        ("lookup", "damage"),
        ("store", "warning"),
        ("store", "warning"),
        ("store", "warning"),
        ("backup-none", "notice"),
    ];
    assert_eq!(found(&document), expected.map(|(id, severity)| (id.to_owned(), severity.to_owned())));
    assert_eq!((&document["compared"], &document["opened"]), (&false.into(), &19.into()));
    let shown = room.run_with([1, 2], &["doctor"]).ends(13).out;
    assert!(shown.contains("damage head: the row head ") && shown.contains("digest not compared"), "{shown}");
    assert!(shown.lines().filter(|line| line.starts_with("    ")).count() == 8, "a remedy each: {shown}");
}

#[test]
fn files_of_others_loose_modes_and_litter_are_told() {
    let room = Room::with(1);
    let mode = |name: &str, mode| fs::set_permissions(room.file(name), fs::Permissions::from_mode(mode)).expect("set");
    fs::write(room.file("vault.db-rotate"), "").expect("written");
    mode("vault.db-rotate", 0o666);
    let out = room.run(&["doctor", "--quick"]).ends(3).out;
    assert!(out.contains("vault.db-rotate can be read by others") && out.contains("can be written by others"), "{out}");
    fs::remove_file(room.file("vault.db-rotate")).expect("removed");
    mode("", 0o1777);
    let out = room.run(&["doctor", "--quick"]).ends(3).out;
    assert!(out.contains("others can make files in") && out.contains("chmod 700"), "{out}");
    mode("", 0o700);
    // Only root can give a file away.
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(room.path(), Some(12_345), None).expect("given away");
        let out = room.run(&["doctor", "--quick"]).ends(3).out;
        assert!(out.contains("belongs to another user (uid 12345)"), "{out}");
    }
}

#[test]
fn keys_that_are_not_needed_or_wait_are_notices_and_a_waived_one_is_a_warning() {
    let room = Room::with(1);
    let document = room.run_with([1, 2], &["doctor", "--json"]).ends(0).json();
    assert_eq!((found(&document).remove(0).0.as_str(), &document["healthy"]), ("master-key-next", &true.into()));
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    let document = room.run_with([1, 2], &["doctor", "--json"]).ends(0).json();
    assert_eq!(found(&document).remove(0).0, "master-key-retired");
    assert!(room.run_with([1, 2], &["doctor"]).ends(0).out.contains("nothing is wrong: "));

    let weak = Room::empty();
    let key = "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUE=";
    let refused = Run::bare(&["master-key", "check", "-", "--json"]).stdin(key).ends(3).json();
    let print = refused["keys"][0]["fingerprint"].as_str().expect("a fingerprint").to_owned();
    let mut lines = String::new();
    for finding in refused["keys"][0]["findings"].as_array().expect("a list") {
        let id = &finding["id"];
        writeln!(lines, r#"{{"id": {id}, "fingerprint": "{print}", "until": "2999-01-01", "reason": "a test"}}"#)
            .expect("written");
    }
    fs::write(weak.file("waivers"), lines).expect("written");
    let waivers = weak.file("waivers").display().to_string();
    let run = |arguments: &[&str]| {
        let waived = ["--waivers", &waivers, "--accept-risk"];
        weak.run(&[arguments, &waived].concat()).env("STRONGROOM_MASTER_KEYS", key)
    };
    run(&["init", "--quick"]).ends(0);
    let ran = run(&["doctor", "--json"]).ends(3);
    assert!(found(&ran.json()).iter().any(|(id, grave)| id == "master-key-weak" && grave == "warning"), "{}", ran.out);
    assert!(ran.out.contains("waived: ") && !ran.out.contains(key));
}

#[test]
fn on_a_terminal_there_is_a_bar_and_in_json_one_document() {
    let room = Room::with(20_000);
    let ran = room.run(&["doctor", "--deep", "--json"]).ends(0);
    assert_eq!(ran.out.lines().count(), 1);
    let mut script = Command::new("script");
    let command = format!("{} doctor --deep", program_path());
    script.args(["-qec", &command, "/dev/null"]).env_clear().env("TERM", "xterm").env("PATH", "/usr/bin:/bin");
    script.env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
    script.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
    let output = script.output().expect("script");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("doctor ") && said.contains('%'), "{said}");
    assert!(said.contains("nothing is wrong: 20000 API keys opened"), "{said}");
}

#[test]
fn a_format_version_that_there_never_was_is_damage() {
    for (table, key) in
        [("vault", "CAST('keyring' AS BLOB)"), ("vault", "CAST('head' AS BLOB)"), ("keys", "(SELECT min(k) FROM keys)")]
    {
        let room = Room::with(2);
        change(&room, &format!("UPDATE {table} SET v = zeroblob(length(v)) WHERE k = {key}"));
        let ran = room.run(&["doctor"]).ends(13);
        assert!(!format!("{}{}", ran.out, ran.err).contains("newer"), "{table} {key}: {} {}", ran.out, ran.err);
    }
    let room = Room::with(2);
    change(&room, "PRAGMA user_version = 0");
    room.run(&["status"]).ends(13);
}

#[test]
fn a_repair_mends_modes_and_what_was_left_behind_after_a_backup_and_says_so_in_the_log() {
    let room = Room::with(3);
    let (tmp, place) = (room.file("tmp"), room.folder.path().join("tmp/strongroom-0123456789abcdef"));
    let kept = room.folder.path().join("tmp/strongroom-kept-0123456789abcdef");
    for folder in [&tmp, &place, &kept] {
        fs::create_dir(folder).expect("made");
        fs::set_permissions(folder, Permissions::from_mode(0o700)).expect("private");
    }
    fs::write(place.join("vault.db"), "left").expect("written");
    let tmp = tmp.display().to_string();
    let doctor = |more: &[&str]| room.run(&[&["doctor", "--json"], more].concat()).env("TMPDIR", &tmp);
    let repair = ["--repair", "--reason", "OPS-7", "--yes"];
    // One that was made a moment ago may be in use.
    let quiet = doctor(&repair).ends(0).json_lines();
    assert!(quiet.iter().all(|line| line["schema"] != "strongroom.repair.v1"), "{quiet:?}");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3_600);
    let aged = |path: &Path| fs::File::open(path).and_then(|folder| folder.set_modified(old)).expect("aged");
    aged(&place);
    let found = doctor(&[]).ends(0).json();
    assert!(
        found["symptoms"].as_array().is_some_and(|all| all.iter().any(|one| one["id"] == "scratch-left")),
        "{found}"
    );
    // A process that is at work holds its folder.
    let held = fs::File::open(&place).expect("opened");
    held.lock().expect("locked");
    assert!(doctor(&repair).ends(0).json_lines().len() == 1 && place.exists());
    drop(held);

    fs::set_permissions(room.path(), Permissions::from_mode(0o622)).expect("set");
    fs::set_permissions(room.folder.path(), Permissions::from_mode(0o777)).expect("set");
    doctor(&[]).ends(15);
    doctor(&["--repair", "--reason", "OPS-7"]).ends(17).says("--yes");
    doctor(&["--repair", "--yes"]).ends(2);
    doctor(&["--reason", "OPS-7"]).ends(2);
    let lines = doctor(&repair).ends(0).json_lines();
    let mended = &lines[0];
    assert_eq!(
        (mended["modes"].as_array().map(Vec::len), mended["scratch"].as_array().map(Vec::len)),
        (Some(2), Some(1))
    );
    assert!(!place.exists() && kept.exists());
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o7777;
    assert_eq!((mode(&room.path()), mode(room.folder.path())), (0o600, 0o755));
    room.run(&["backup", "verify", mended["backup"].as_str().expect("a path")]).ends(0);
    let log = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    let last = log.last().expect("an entry");
    assert_eq!(
        (&last["action"], &last["reason"], &last["counts"]["modes"], &last["counts"]["scratch"]),
        (&"repair".into(), &"OPS-7".into(), &2.into(), &1.into())
    );
    let entries = log.len();
    doctor(&repair).ends(0);
    assert_eq!(room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines().len(), entries, "nothing to mend");
}
