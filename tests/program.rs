//! Claims about the program, made by running it.
#![cfg(feature = "cli")]

#[path = "support/running.rs"]
mod running;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use age::secrecy::ExposeSecret;
use running::{PROGRAM, Ran, Room, Run, text};
use rustix::process::{Pid, Signal, kill_process};
use strongroom::{Batch, Expected, Fingerprint, MasterKeys, Rows, SqliteStore, Store, Table};

#[test]
fn a_first_vault_takes_four_commands() {
    let room = Room::empty();
    let said = room.run(&["init"]).ends(0);
    assert!(said.out.contains("made vault") && said.err.contains("strongroom issue"));
    let issued = room.run(&["issue", "--name", "billing", "--owner", "acme", "--scope", "read"]).ends(0);
    let token = issued.out.trim_end_matches('\n');
    assert_eq!((token.len(), issued.out.lines().count()), (78, 1), "the token alone");
    let id = &token[3..29];
    assert!(issued.err.contains(id) && !issued.err.contains(token));
    assert_eq!(room.run(&["verify"]).stdin(&issued.out).ends(0).out, format!("valid {id} billing\n"));
    assert_eq!(room.run(&["verify", "--scope", "read"]).stdin(token).ends(0).err, "");
    assert!(room.run(&["list"]).ends(0).out.contains(id));
}

#[test]
fn a_second_vault_in_the_same_place_is_a_conflict() {
    let room = Room::new();
    room.run(&["init"]).ends(5).says("holds a vault already").says("strongroom status");
}

#[test]
fn the_suite_of_a_new_vault_can_be_chosen() {
    let room = Room::empty();
    room.run(&["init", "--suite", "xchacha20-poly1305"]).ends(0);
    assert_eq!(room.run(&["status", "--json"]).ends(0).json()["suite"], "xchacha20-poly1305");
    room.issue(&["--name", "n"]);
    Room::empty().run(&["init", "--suite", "rot13"]).ends(2).says("not a suite");
}

#[test]
fn verify_says_no_with_exit_3_and_tells_the_cause_on_stderr_alone() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n", "--scope", "read", "--network", "10.0.0.0/8"]);
    let verify = |arguments: &[&str], token: &str| room.run(&[&["verify"], arguments].concat()).stdin(token);
    let inside = ["--address", "10.1.2.3"];
    verify(&inside, &token).ends(0);
    let wrong = format!("{}x{}", &token[..40], &token[41..]);
    let two_lines = format!("{token}\n\n");
    let cases: [(&[&str], &str, &str); 8] = [
        (&[], &token, "address"),
        (&["--address", "192.0.2.1"], &token, "address"),
        (&["--address", "10.1.2.3", "--scope", "write"], &token, "scope"),
        (&inside, &wrong, "mistyped"),
        (&inside, "", "no API key has this token"),
        (&inside, "some other token", "no API key has this token"),
        (&inside, &two_lines, "no API key has this token"),
        (&inside, &"x".repeat(100_000), "no API key has this token"),
    ];
    for (arguments, token, cause) in cases {
        let ran = verify(arguments, token).ends(3).says(cause).says("hint: ");
        assert_eq!(ran.out, "not valid\n");
    }
    room.run(&["revoke", &id, "--reason", "leaked", "--yes"]).ends(0);
    verify(&inside, &token).ends(3).says("revoked");
    let ran = verify(&["--json"], &token).ends(3);
    assert_eq!(ran.json()["valid"], false);
    let told: serde_json::Value = serde_json::from_str(&ran.err).expect("JSON");
    assert_eq!((&told["code"], &told["exit"]), (&"token-revoked".into(), &3.into()));
}

#[test]
fn an_api_key_expires() {
    let room = Room::new();
    let (_, token) = room.issue(&["--name", "n", "--expires-in", "1s"]);
    std::thread::sleep(Duration::from_millis(1_100));
    room.run(&["verify"]).stdin(token).ends(3).says("expired");
    room.run(&["issue", "--name", "n", "--expires-at", "2020-01-01T00:00:00Z"]).ends(2).says("in the past");
    for bad in ["90", "d", "-1d", "+1d", "0d", "1w", "1.5h", "99999999999999999999d", "é"] {
        room.run(&["issue", "--name", "n", &format!("--expires-in={bad}")]).ends(2).says("time span");
    }
    room.run(&["issue", "--name", "n", "--expires-in", "365001d"]).ends(2).says("too long");
    room.run(&["issue", "--name", "n", "--expires-at", "tomorrow"]).ends(2).says("RFC 3339");
}

#[test]
fn list_filters_pages_and_shows() {
    let room = Room::new();
    let ids: Vec<_> = (0..5).map(|n| room.issue(&["--name", &format!("name {n}"), "--owner", "acme"]).0).collect();
    let (other, _) = room.issue(&["--name", "other", "--scope", "read", "--attribute", "plan=gold"]);
    room.run(&["revoke", &ids[0], "--reason", "r", "--yes"]).ends(0);
    let listed = |arguments: &[&str]| -> Vec<String> {
        let ran = room.run(&[&["list", "--json"], arguments].concat()).ends(0);
        ran.json_lines().iter().map(|line| text(&line["id"])).collect()
    };
    assert_eq!(listed(&[]).len(), 6);
    assert_eq!(listed(&["--owner", "acme", "--status", "active"]), ids[1..]);
    assert_eq!(listed(&["--status", "revoked"]), ids[..1]);
    assert_eq!(listed(&["--name", "ame 3"]), ids[3..4]);
    assert_eq!(listed(&["--scope", "read"]), std::slice::from_ref(&other));
    assert_eq!(listed(&["--limit", "2", "--after", &ids[1]]), ids[2..4]);
    assert_eq!(listed(&["--all"]).len(), 6);
    let page = room.run(&["list", "--limit", "2"]).ends(0).says(&format!("--after {}", ids[1]));
    assert_eq!(page.out.lines().count(), 3);
    assert_eq!(room.run(&["list", "--limit", "6"]).ends(0).err, "");
    room.run(&["list", "--owner", "nobody"]).ends(0).says("no API key");
    room.run(&["list", "--limit", "0"]).ends(2);

    let shown = room.run(&["show", &other, "--json"]).ends(0).json();
    assert_eq!(shown["schema"], "strongroom.api-key.v1");
    assert_eq!(shown["attributes"]["plan"], "gold");
    assert!(room.run(&["show", &ids[0]]).ends(0).out.contains("status       revoked"));
    let unknown = "01000000000000000000000000";
    room.run(&["show", unknown]).ends(4).says(unknown).says("strongroom list");
    room.run(&["show", "not-an-id"]).ends(2).says("26 characters");
}

#[test]
fn one_bad_record_never_hides_the_others_and_makes_exit_13() {
    let room = Room::with(3);
    damage_a_record(&room);
    let ran = room.run(&["list"]).ends(13).says("records that do not open: 1").says("strongroom doctor");
    assert_eq!(ran.out.lines().count(), 4);
    assert!(ran.out.contains("unreadable") && ran.out.contains("failed authentication"));
    let lines = room.run(&["list", "--json"]).ends(13).json_lines();
    assert_eq!(lines.iter().filter(|line| line["schema"] == "strongroom.unreadable.v1").count(), 1);
    let ran = room.run(&["doctor"]).ends(13);
    assert!(ran.out.contains("damage record:"), "{}", ran.out);
    let ran = room.run_with([1, 2], &["rotate-master-key"]).ends(14).says("did not open").says("rotate-master-key");
    assert!(ran.out.contains("UNREADABLE") && ran.out.contains("corrupt"));
    let ran = room.run_with([2], &["rotate-master-key", "--json"]).ends(14);
    let lines = ran.json_lines();
    let report = lines.last().expect("a report");
    assert_eq!((&report["outcome"], &report["unreadable"][0]["cause"]), (&"incomplete".into(), &"corrupt".into()));
}

#[test]
fn a_value_that_is_no_blob_is_a_bad_record_like_any_other() {
    let room = Room::with(3);
    let change = |sql: &str| rusqlite::Connection::open(room.path()).expect("opened").execute_batch(sql).expect("done");
    change("UPDATE keys SET v = CAST(v AS TEXT) WHERE k = (SELECT min(k) FROM keys)");
    let ran = room.run(&["list"]).ends(13).says("records that do not open: 1");
    assert_eq!(ran.out.lines().count(), 4);
    assert!(room.run(&["doctor"]).ends(13).out.contains("damage record:"));
    let ran = room.run_with([1, 2], &["rotate-master-key", "--json"]).ends(14);
    assert_eq!(ran.json_lines().last().expect("a report")["moved"], 2);
    change("DROP TABLE audit");
    room.run_with([2], &["audit", "verify"]).ends(13).says("no such table: audit").says("restore a backup");
}

#[test]
fn revoking_and_recovering_need_a_reason_and_a_yes() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    for verb in ["revoke", "recover"] {
        room.run(&[verb, &id]).ends(2).says("--reason");
        room.run(&[verb, &id, "--reason", " ", "--yes"]).ends(2).says("reason is empty");
        let ran =
            room.run(&[verb, &id, "--reason", "r"]).stdin("yes\n").ends(17).says("nothing was done").says("--yes");
        assert_eq!(ran.out, "");
        room.run(&[verb, "01000000000000000000000000", "--reason", "r", "--yes"]).ends(4);
    }
    assert_eq!(room.run(&["recover", &id, "--reason", "r", "--yes"]).ends(0).out, format!("{token}\n"));
    let document = room.run(&["recover", &id, "--reason", "r", "--yes", "--json"]).ends(0).json();
    assert_eq!(document["token"], token.as_str());
    assert_eq!(room.run(&["revoke", &id, "--reason", "r", "--yes"]).ends(0).out, format!("revoked {id}\n"));
    room.run(&["revoke", &id, "--reason", "r", "--yes"]).ends(0);
    let audit = room.run(&["audit", "list", "--json"]).ends(0).json_lines();
    let acts: Vec<_> =
        audit.iter().map(|entry| format!("{} {}", text(&entry["action"]), text(&entry["outcome"]))).collect();
    let refused = ["revoke refused", "recover refused"];
    let done = ["recover done", "recover done", "revoke done"];
    assert_eq!(acts, [&["init done", "issue done"][..], &refused, &done].concat());
}

#[test]
fn an_unrecoverable_api_key_verifies_and_is_not_recovered() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n", "--unrecoverable"]);
    room.run(&["verify"]).stdin(token).ends(0);
    room.run(&["recover", &id, "--reason", "r", "--yes"]).ends(4).says("unrecoverable").says("strongroom issue");
}

#[test]
fn the_actor_is_named_or_is_the_user() {
    let room = Room::empty();
    room.run(&["init", "--actor", "alice"]).ends(0);
    room.run(&["issue", "--name", "n"]).env("STRONGROOM_ACTOR", "bob").ends(0);
    room.run(&["issue", "--name", "n"]).ends(0);
    room.run(&["issue", "--name", "n", "--actor", ""]).ends(2).says("actor");
    let entries = room.run(&["audit", "list", "--json"]).ends(0).json_lines();
    assert_eq!((&entries[0]["actor"], &entries[1]["actor"]), (&"alice".into(), &"bob".into()));
    let id = Command::new("id").arg("-un").output().expect("id");
    assert_eq!(text(&entries[2]["actor"]), String::from_utf8_lossy(&id.stdout).trim());
}

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
    Room::empty().run(&["init"]).unset("STRONGROOM_MASTER_KEYS").ends(12).says("master-key generate");
}

#[test]
fn two_swapped_versions_are_told_apart() {
    let room = Room::with(1);
    room.run_with([1, 2], &["rotate-master-key"]).ends(0);
    let swapped = format!("1:{} 2:{}", key(&room, 2), key(&room, 1));
    let ran = room.run(&["status"]).env("STRONGROOM_MASTER_KEYS", &swapped).ends(12);
    ran.says(&fingerprint(&room, 1)).says(&fingerprint(&room, 2)).says("it is the key of version 2");
}

#[test]
fn a_store_that_is_missing_foreign_cut_or_newer_is_refused() {
    let room = Room::with(50);
    let elsewhere = format!("sqlite:{}", room.file("none.db").display());
    room.run(&["status", "--store", &elsewhere]).ends(10).says(&format!("strongroom init --store {elsewhere}"));
    room.run(&["init", "--store", "sqlite:/nonexistent/vault.db"]).ends(10).says("mkdir -p");
    for bad in ["vault.db", "sqlite:", "postgres://x", ""] {
        room.run(&["status", "--store", bad]).ends(2).says("sqlite:PATH");
    }
    let whole = fs::read(room.path()).expect("read");
    let at = |bytes: &[u8]| {
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(room.file(&format!("vault.db{suffix}")));
        }
        fs::write(room.path(), bytes).expect("written");
    };
    at(b"this is not a database at all, but long enough to be mistaken for one");
    room.run(&["status"]).ends(10).says("not a strongroom store");
    room.run(&["init"]).ends(10);
    at(b"");
    room.run(&["status"]).ends(10);
    for cut in 1..64 {
        at(&whole[..whole.len() * cut / 64]);
        let ran = room.run(&["doctor"]).go();
        assert!(matches!(ran.code, Some(10 | 13)), "{cut}/64: {:?} {}", ran.code, ran.err);
        // What lies before the cut may still be read; nothing else may come of it.
        let ran = room.run(&["list", "--all"]).go();
        assert!(matches!(ran.code, Some(0 | 10 | 13)), "{cut}/64: {:?} {}", ran.code, ran.err);
    }
    at(&whole);
    let connection = rusqlite::Connection::open(room.path()).expect("opened");
    connection.pragma_update(None, "user_version", 2).expect("set");
    drop(connection);
    room.run(&["status"]).ends(1).says("layout version 2").says("later");
}

#[test]
fn files_that_others_could_exchange_or_write_are_refused_with_the_command_that_mends_them() {
    let room = Room::with(1);
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("set");
    mode(&room.path(), 0o620);
    room.run(&["list"]).ends(15).says(&format!("chmod go-w {}", room.path().display()));
    mode(&room.path(), 0o600);
    mode(room.folder.path(), 0o770);
    room.run(&["list"]).ends(15).says(&format!("chmod go-w {}", room.folder.path().display()));
    mode(room.folder.path(), 0o700);
    symlink(room.path(), room.file("link.db")).expect("linked");
    let link = format!("sqlite:{}", room.file("link.db").display());
    room.run(&["list", "--store", &link])
        .ends(15)
        .says("symbolic link")
        .says(&format!("sqlite:{}", room.path().display()));
    room.run(&["init", "--store", &link]).ends(15);
    let side = room.file("vault.db-wal");
    let _ = fs::remove_file(&side);
    symlink("/etc/hostname", &side).expect("linked");
    let ran = room.run(&["list"]).ends(15).says("remove it").says(&side.display().to_string());
    assert!(!ran.err.contains("/etc/hostname"), "{}", ran.err);
    fs::remove_file(&side).expect("removed");
    mode(&room.path(), 0o644);
    let ran = room.run(&["doctor"]).ends(3);
    assert!(ran.out.contains("warning store:"), "{}", ran.out);
}

#[test]
fn files_are_private_under_any_umask() {
    let room = Room::empty();
    let loose = |arguments: &[&str]| {
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", r#"umask 000; exec "$0" "$@""#, PROGRAM]);
        let run = Run::through(shell, arguments).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1, 2]));
        run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()))
    };
    loose(&["init"]).ends(0);
    let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let reader = rusqlite::Connection::open(room.path()).expect("opened");
    reader.execute_batch("BEGIN; SELECT count(*) FROM vault").expect("read");
    loose(&["issue", "--name", "n"]).ends(0);
    for file in ["vault.db", "vault.db-wal", "vault.db-shm"] {
        assert_eq!(mode(&room.file(file)), 0o600, "{file}");
    }
    let out = room.file("master.keys");
    let shown = out.display().to_string();
    let ran = loose(&["master-key", "generate", "--version", "7", "--out", &shown]).ends(0);
    assert_eq!(mode(&out), 0o600);
    let list = fs::read_to_string(&out).expect("read");
    assert!(list.starts_with("7:") && list.len() == 47 && !ran.out.contains(&list[2..46]));
    loose(&["master-key", "generate", "--out", &shown]).ends(5).says("new file");
    assert_eq!(fs::read_to_string(&out).expect("read"), list);
}

#[test]
fn rotation_moves_everything_and_the_old_master_key_opens_nothing_after_it() {
    let room = Room::with(2_500);
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["rotate-master-key"]).ends(2).says("no newer one is configured").says("--version 2");
    room.run(&["rotate-master-key", "--to", "3"]).ends(2).says("not configured");
    let plan = room.run_with([1, 2], &["rotate-master-key", "--dry-run", "--json"]).ends(0).json();
    assert_eq!((&plan["from_master_key"], &plan["to_master_key"]), (&1.into(), &2.into()));
    assert_eq!(
        (text(&plan["from_fingerprint"]), text(&plan["to_fingerprint"])),
        (fingerprint(&room, 1), fingerprint(&room, 2))
    );
    assert_eq!(plan["generations"][0]["records"], 2_501);
    assert_eq!(room.run(&["status", "--json"]).ends(0).json()["active_master_key"], 1, "a dry run does nothing");

    let ran = room.run_with([1, 2], &["rotate-master-key"]).ends(0);
    for line in ["2501 records", "none is left", "master key 1: remove it"] {
        assert!(ran.out.contains(line), "{line}: {}", ran.out);
    }
    room.run(&["verify"]).stdin(&token).ends(12).says("master key 2").says(&fingerprint(&room, 2));
    assert_eq!(room.run_with([2], &["verify"]).stdin(&token).ends(0).out, format!("valid {id} n\n"));
    assert_eq!(room.run_with([2], &["recover", &id, "--reason", "r", "--yes"]).ends(0).out, format!("{token}\n"));
    room.run_with([2], &["doctor"]).ends(0);

    room.run_with([2, 3], &["rotate-master-key", "--rewrap-only"]).ends(0);
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
    room.run_with([1, 2], &["rotate-master-key"]).ends(13).says("--accept-record-set");
    room.run_with([1, 2], &["rotate-master-key", "--accept-record-set"]).ends(17);
    room.run_with([1, 2], &["rotate-master-key", "--accept-record-set", "--yes"]).ends(0);
    room.run_with([2], &["doctor"]).ends(0);
}

#[test]
fn a_signal_stops_a_rotation_after_a_whole_batch_and_the_next_run_completes_it() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let room = Room::with(3_000);
        let (_, token) = room.issue(&["--name", "n"]);
        let arguments = ["rotate-master-key", "--rate", "500", "--json"];
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
        room.run_with([2, 3], &["rotate-master-key", "--to", "3"]).ends(5).says("to master key 2 is open");
        let report = room.run_with([2], &["rotate-master-key", "--json"]).ends(0);
        let report = report.json_lines().pop().expect("a report");
        assert_eq!((&report["outcome"], &report["resumed"]), (&"finished".into(), &true.into()));
        assert_eq!(report["verified"], 3_001);
    }
}

#[test]
fn a_second_rotation_is_busy() {
    let room = Room::with(2_000);
    let mut run = room.run_with([1, 2], &["rotate-master-key", "--rate", "100", "--json"]);
    let mut child = run.spawn();
    let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
    lines.next().expect("progress").expect("text");
    room.run_with([1, 2], &["rotate-master-key"]).ends(11).says("another process").says("strongroom status");
    kill_process(Pid::from_child(&child), Signal::KILL).expect("sent");
    child.wait().expect("ended");
    room.run_with([2], &["rotate-master-key"]).ends(0);
}

#[test]
fn import_takes_all_or_nothing() {
    let room = Room::new();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/django_tokens.jsonl");
    let good = fs::read_to_string(data).expect("read");
    let ids = room.run(&["import", data]).ends(0);
    assert_eq!(ids.out.lines().count(), 60);
    let first: serde_json::Value = serde_json::from_str(good.lines().next().expect("a line")).expect("JSON");
    let token = text(&first["token"]);
    room.run(&["verify"]).stdin(&token).ends(0);
    let id = ids.out.lines().next().expect("an id").to_owned();
    assert_eq!(room.run(&["recover", &id, "--reason", "r", "--yes"]).ends(0).out, format!("{token}\n"));
    room.run(&["import", data]).ends(2).says("line 1: ");

    let line = |n: u32| format!("{{\"token\": \"tok{n}\", \"name\": \"n\"}}\n");
    let cases = [
        (format!("{}nonsense\n{}", line(1), line(2)), "line 2: not JSON"),
        (format!("{}\n{}", line(1), line(2)), "line 2: not JSON"),
        (format!("{}{}{}", line(1), line(2), line(1)), "line 3: the same token stands on line 1"),
        (format!("{}{}nonsense\n", line(1), line(1)), "line 2: the same token stands on line 1"),
        (format!("{}{{\"token\": \"x\"}}", line(1)), "line 2: not an object with the fields"),
        ("\n".into(), "line 1: not JSON"),
        (
            format!("{}[\"tok2\", \"n\", null, null, null, null, null]", line(1)),
            "line 2: not an object with the fields",
        ),
        (format!("\u{feff}{}", line(1)), "line 1: the line begins with a byte order mark"),
        (format!("{}{}", line(1), "x".repeat(270_000)), "line 2: longer than 256 KiB"),
        (String::new(), "nothing to import"),
    ];
    for (lines, message) in cases {
        room.run(&["import", "-"]).stdin(lines).ends(2).says(message);
    }
    room.run(&["import", "-"]).stdin([b'{', 0xff, b'}']).ends(2).says("line 1: not UTF-8");
    room.run(&["import", "/nonexistent"]).ends(2).says("/nonexistent");
    assert_eq!(room.run(&["status", "--json"]).ends(0).json()["records"], 60);
    let many: String = (0..5_000).map(line).collect();
    let imported = room.run(&["import", "-", "--json"]).stdin(many.trim_end()).ends(0).json();
    assert_eq!((&imported["imported"], imported["ids"].as_array().map(Vec::len)), (&5_000.into(), Some(5_000)));
}

#[test]
fn the_audit_log_pages_and_its_chain_is_followed() {
    let room = Room::with(3);
    assert!(room.run(&["audit", "verify"]).ends(0).out.contains("4 chained entries"));
    let page = room.run(&["audit", "list", "--limit", "2"]).ends(0).says("--after 2");
    assert_eq!(page.out.lines().count(), 3);
    assert_eq!(room.run(&["audit", "list", "--after", "3", "--json"]).ends(0).json_lines().len(), 1);
    assert_eq!(room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines().len(), 4);
    let connection = rusqlite::Connection::open(room.path()).expect("opened");
    connection.execute("DELETE FROM audit WHERE k = ?1", [2_u64.to_be_bytes()]).expect("deleted");
    drop(connection);
    room.run(&["audit", "verify"]).ends(13).says("audit entry 2 is missing").says("strongroom doctor");
}

#[test]
fn master_keys_are_generated_and_checked() {
    let bare = Run::bare(&["master-key", "generate"]).ends(0);
    assert_eq!((bare.out.len(), bare.out.ends_with("=\n")), (45, true));
    Run::bare(&["master-key", "check", "-"]).stdin(&bare.out).ends(0);
    let entry = Run::bare(&["master-key", "generate", "--version", "3"]).ends(0).out;
    assert!(entry.starts_with("3:"));
    let checked = Run::bare(&["master-key", "check", "--json"]).env("STRONGROOM_MASTER_KEYS", &entry).ends(0).json();
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
    let ran = Run::bare(&["master-key", "check", bare.out.trim()]).ends(2);
    assert!(!ran.err.contains(bare.out.trim()));
    Run::bare(&["master-key", "generate", "--version", "0"]).ends(2);
    Run::bare(&["master-key", "generate", "--out", "/nonexistent/key"]).ends(1).says("/nonexistent/key");
}

#[test]
fn output_that_cannot_be_written_ends_with_74() {
    let room = Room::with(3);
    let (id, token) = room.issue(&["--name", "n"]);
    let commands: [&[&str]; 14] = [
        &["status"],
        &["doctor"],
        &["issue", "--name", "n"],
        &["verify"],
        &["list"],
        &["show", &id],
        &["recover", &id, "--reason", "r", "--yes"],
        &["audit", "list"],
        &["audit", "verify"],
        &["master-key", "generate"],
        &["master-key", "check"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ];
    for arguments in commands {
        for json in [&[][..], &["--json"]] {
            let run = room.run(&[arguments, json].concat()).stdin(&token);
            let ran = run.ends_writing_to(Path::new("/dev/full"), 74);
            assert!(!ran.err.contains(&token), "{}", ran.err);
        }
    }
    let ran = room.run(&["issue", "--name", "lost"]).ends_writing_to(Path::new("/dev/full"), 74);
    let lost = text(&room.run(&["list", "--json", "--name", "lost"]).ends(0).json()["id"]);
    ran.says(&lost).says("strongroom revoke");
    let ran = room.run_with([1, 2], &["rotate-master-key"]).ends_writing_to(Path::new("/dev/full"), 74);
    ran.says("what the command had to change is changed");
    room.run_with([2], &["revoke", &id, "--reason", "r", "--yes"]).ends_writing_to(Path::new("/dev/full"), 74);
}

#[test]
fn a_closed_pipe_is_quiet_success() {
    let room = Room::with(20_000);
    for arguments in [&["list", "--all"][..], &["list", "--all", "--json"], &["audit", "list", "--all"]] {
        let mut child = room.run(arguments).spawn();
        let mut output = child.stdout.take().expect("piped");
        output.read_exact(&mut [0; 100]).expect("some output");
        drop(output);
        let ran = Ran::of(child, &arguments.join(" "));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.shown);
    }
}

#[test]
fn a_token_that_nobody_takes_is_a_failure() {
    let room = Room::new();
    let mut child = room.run(&["issue", "--name", "n"]).spawn();
    drop(child.stdout.take());
    let ran = Ran::of(child, "issue");
    assert_eq!(ran.code, Some(74), "{}", ran.err);
}

#[test]
fn control_and_bidi_characters_in_labels_come_out_escaped() {
    let room = Room::new();
    let nasty = "a\u{1b}[31m\u{7}\u{7f}\u{9b}\r\n\t\u{202e}\u{2066}\u{200e}\u{61c}\u{2028}z";
    let (id, token) = room.issue(&["--name", nasty, "--owner", nasty, "--attribute", &format!("{nasty}={nasty}")]);
    let act = ["--reason", nasty, "--actor", nasty, "--yes"];
    room.run(&[&["recover", &id], &act[..]].concat()).ends(0);
    let commands: [&[&str]; 4] = [&["list"], &["show", &id], &["verify"], &["audit", "list"]];
    for arguments in commands {
        for json in [&[][..], &["--json"]] {
            let ran = room.run(&[arguments, json].concat()).stdin(&token).ends(0);
            let raw = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200e}\u{61c}\u{2028}".contains(c);
            assert!(!ran.out.chars().chain(ran.err.chars()).any(raw), "{}: {:?}", ran.shown, ran.out);
            if json.is_empty() {
                assert!(ran.out.contains(r"a\u{1b}[31m\u{7}\u{7f}\u{9b}"), "{}: {:?}", ran.shown, ran.out);
            }
        }
    }
    assert_eq!(room.run(&["show", &id, "--json"]).ends(0).json()["name"], nasty);
    let nowhere = format!("sqlite:{}/\u{1b}[31m\u{202e}", room.folder.path().display());
    let ran = room.run(&["status", "--store", &nowhere]).ends(10);
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{202e}'), "{:?}", ran.err);
    let ran = room.run(&["show", "x", "--\u{1b}[31m"]).ends(2);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

#[test]
fn a_process_that_holds_master_keys_leaves_no_core_dump() {
    let room = Room::new();
    let mut child = room.run(&["verify"]).spawn();
    let limits = format!("/proc/{}/limits", child.id());
    let none =
        |text: String| text.lines().any(|line| line.split_whitespace().take(6).eq("Max core file size 0 0".split(' ')));
    let deadline = Instant::now() + Duration::from_secs(5);
    while !none(fs::read_to_string(&limits).expect("limits")) {
        assert!(Instant::now() < deadline, "core dumps stay allowed");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop(child.stdin.take());
    assert_eq!(Ran::of(child, "verify").code, Some(3));
}

#[test]
fn a_store_that_others_keep_locked_is_busy() {
    let room = Room::new();
    let other = rusqlite::Connection::open(room.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    room.run(&["issue", "--name", "n"]).ends(11).says("locked by others");
    room.run(&["list"]).ends(0);
}

#[test]
fn errors_in_json_have_a_code_a_message_and_a_hint() {
    let room = Room::with(1);
    let cases: [(&[&str], i32, &str); 7] = [
        (&["show", "01000000000000000000000000"], 4, "not-found"),
        (&["init"], 5, "vault-exists"),
        (&["status", "--store", "sqlite:/nonexistent/x.db"], 10, "no-store"),
        (&["rotate-master-key"], 2, "rotation-target"),
        (&["revoke", "01000000000000000000000000", "--reason", "r"], 17, "confirmation-needed"),
        (&["list", "--nonsense"], 2, "usage"),
        (&[], 2, "usage"),
    ];
    for (arguments, code, word) in cases {
        let ran = room.run(&[arguments, &["--json"]].concat()).ends(code);
        assert_eq!(ran.out, "");
        let told: serde_json::Value = serde_json::from_str(&ran.err).expect("one JSON object");
        assert_eq!((&told["schema"], &told["code"]), (&"strongroom.error.v1".into(), &word.into()));
        assert!(told["message"].is_string() && told["hint"].is_string(), "{told}");
    }
}

#[test]
fn the_manual_describes_every_document_and_every_field() {
    let manual = Manual::read();
    let room = Room::empty();
    let mut seen = BTreeSet::new();
    let mut check = |ran: Ran| {
        for line in ran.out.lines().chain(ran.err.lines()) {
            seen.insert(manual.check(&serde_json::from_str(line).expect("a JSON line")));
        }
    };
    let json = |versions: &[u32], arguments: &[&str], stdin: &str| {
        room.run_with(versions.iter().copied(), &[arguments, &["--json"]].concat()).stdin(stdin).go()
    };
    check(json(&[1], &["init"], ""));
    let (id, token) = room.issue(&["--name", "n", "--owner", "o", "--network", "10.0.0.0/8", "--attribute", "a=b"]);
    check(json(&[1], &["issue", "--name", "n"], ""));
    check(json(&[1], &["import", "-"], r#"{"token": "t", "name": "n"}"#));
    check(json(&[1], &["verify", "--address", "10.0.0.1", "--endpoint", "/v1"], &token));
    check(json(&[1], &["verify"], &token));
    for arguments in [&["show", &id][..], &["list"], &["stats"], &["audit", "list"], &["audit", "verify"], &["doctor"]]
    {
        check(json(&[1], arguments, ""));
    }
    let exported = room.file("audit.jsonl").display().to_string();
    check(json(&[1], &["audit", "export", "--out", &exported], ""));
    let checkpoint = json(&[1], &["audit", "checkpoint"], "");
    check(json(&[1], &["audit", "verify", "--checkpoint", "-"], &checkpoint.out));
    check(checkpoint);
    check(json(&[1], &["recover", &id, "--reason", "r", "--yes"], ""));
    check(json(&[1], &["recover", &id, "--reason", "r", "--yes", "--reissue", "--grace", "1h"], ""));
    check(json(&[1], &["issue", "--name", "n", "--unrecoverable"], ""));
    let (out, identity) = (room.file("export").display().to_string(), age::x25519::Identity::generate());
    let (recipient, keep) = (identity.to_public().to_string(), room.file("identity").display().to_string());
    fs::write(&keep, identity.to_string().expose_secret()).expect("written");
    check(json(&[1], &["recover", "--all", "--to", &recipient, "--out", &out, "--reason", "r", "--yes"], ""));
    check(json(&[1], &["import", &out, "--identity", &keep], ""));
    let folder = room.file("shares").display().to_string();
    let split = ["master-key", "split", "--shares", "2", "--threshold", "2"];
    check(json(&[1], &[&split[..], &["--out-dir", &folder]].concat(), ""));
    check(json(&[1], &[&split[..], &["--words"]].concat(), ""));
    let shares = [1, 2].map(|at| format!("{folder}/master-key-1-share-{at}-of-2.txt"));
    check(json(&[1], &["master-key", "combine", &shares[0], &shares[1]], ""));
    let combined = room.file("combined").display().to_string();
    check(json(&[1], &["master-key", "combine", &shares[0], &shares[1], "--out", &combined], ""));
    let (other, _) = room.issue(&["--name", "n"]);
    check(json(&[1], &["reissue", &other, "--grace", "1h"], ""));
    let tokens = room.file("tokens").display().to_string();
    check(json(&[1], &["reissue", "--name", "n", "--grace", "1h", "--out-dir", &tokens, "--yes"], ""));
    check(json(&[1], &["update", "-", "--set-name", "m", "--expires-in", "1h", "--yes"], &other));
    check(json(&[1], &["revoke", &id, "--reason", "r", "--yes"], ""));
    check(json(&[1], &["suspend", "-", "--reason", "r", "--yes"], &id));
    let out = room.file("key").display().to_string();
    check(json(&[1], &["master-key", "generate"], ""));
    check(json(&[1], &["master-key", "generate", "--out", &out], ""));
    check(json(&[1], &["master-key", "check"], ""));
    let beside = room.file("keys-beside-the-store");
    fs::write(&beside, format!("1:{}", key(&room, 1))).expect("written");
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).expect("set");
    let beside = beside.display().to_string();
    check(room.run_with([], &["status", "--json"]).env("STRONGROOM_MASTER_KEYS_FILE", &beside).go());
    check(json(&[1], &["policy", "show"], ""));
    check(json(&[1], &["policy", "set", "--require-owner", "--reason", "r"], ""));
    check(json(&[1], &["due"], ""));
    let out = room.file("verifier-key").display().to_string();
    let verifier = ["master-key", "verifier", "--version", "1", "--reason", "r"];
    check(json(&[1], &verifier, ""));
    check(json(&[1], &[&verifier[..], &["--out", &out]].concat(), ""));
    check(json(&[], &["master-key", "check", "-"], "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="));
    check(json(&[1], &["completions", "bash"], ""));
    check(Run::bare(&["demo", "--keys", "10", "--json"]).env("TMPDIR", &room.folder.path().display().to_string()).go());
    let rehearse = ["rehearse", "--keys", "10", "--points", "2", "--json"];
    check(Run::bare(&rehearse).env("TMPDIR", &room.folder.path().display().to_string()).go());
    let (backup, restored) = (room.file("b").display().to_string(), format!("sqlite:{}", room.file("r.db").display()));
    for arguments in [&["backup", &backup][..], &["backup", "inspect", &backup], &["backup", "list"]] {
        check(json(&[1], arguments, ""));
    }
    check(json(&[1], &["restore", &backup, "--to", &restored, "--yes"], ""));
    fs::write(room.file("leak"), format!("KEY = \"{}\"\n", key(&room, 1))).expect("written");
    let leak = room.file("leak").display().to_string();
    check(json(&[1], &["scan", &leak, "/nonexistent"], ""));
    check(json(&[1, 2], &["rotate-master-key", "--dry-run"], ""));
    // Slow enough to show progress, and with a record that keeps it open.
    damage_a_record(&room);
    check(json(&[1, 2], &["rotate-master-key", "--rate", "1"], ""));
    damage_an_entry(&room);
    check(json(&[2], &["backup", "forget", "--all"], ""));
    let status = ["rotate-master-key", "--status"];
    for arguments in
        [&["list"][..], &["audit", "list"], &["status"], &["doctor"], &["rotate-master-key", "--dry-run"], &status]
    {
        check(json(&[2], arguments, ""));
    }
    assert_eq!(seen, manual.fields.keys().cloned().collect(), "described, and never printed");
}

/// The tables of docs/cli.md: the fields of each document, with those inside as `a.b` and `a[].b`.
struct Manual {
    fields: BTreeMap<String, BTreeSet<String>>,
}

impl Manual {
    fn read() -> Self {
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut schema = None;
        for line in include_str!("../docs/cli.md").lines() {
            if line.starts_with('#') {
                let name = line.strip_prefix("### `strongroom.").and_then(|rest| rest.split_once(".v1`"));
                schema = name.map(|(name, _)| format!("strongroom.{name}.v1"));
            } else if let Some(schema) = &schema {
                let described = fields.entry(schema.clone()).or_default();
                described.extend(
                    line.strip_prefix("| `").and_then(|rest| rest.split_once('`')).map(|(name, _)| name.into()),
                );
            }
        }
        Self { fields }
    }

    /// Every field of this document is described. Returns its schema.
    fn check(&self, document: &serde_json::Value) -> String {
        let schema = text(&document["schema"]);
        let described = self.fields.get(&schema).unwrap_or_else(|| panic!("{schema} is not described"));
        for (name, value) in document.as_object().expect("an object").iter().filter(|(name, _)| *name != "schema") {
            Self::check_field(&schema, described, name, value);
        }
        schema
    }

    fn check_field(schema: &str, described: &BTreeSet<String>, path: &str, value: &serde_json::Value) {
        assert!(described.contains(path), "{path} of {schema} is not described");
        // An object with no field described, such as attributes, has the names its owner gave.
        let inside = |prefix: &str| described.iter().any(|name| name.starts_with(prefix));
        match value {
            serde_json::Value::Object(fields) if inside(&format!("{path}.")) => {
                fields.iter().for_each(|(name, value)| {
                    Self::check_field(schema, described, &format!("{path}.{name}"), value);
                });
            }
            serde_json::Value::Array(items) => {
                for (name, value) in items.iter().filter_map(serde_json::Value::as_object).flatten() {
                    Self::check_field(schema, described, &format!("{path}[].{name}"), value);
                }
            }
            _ => {}
        }
    }
}

#[test]
fn every_command_has_help_that_shows_nothing_of_the_environment() {
    let room = Room::empty();
    let verbs = [
        "",
        "init",
        "status",
        "doctor",
        "issue",
        "verify",
        "list",
        "show",
        "stats",
        "revoke",
        "recover",
        "due",
        "policy",
        "policy show",
        "policy set",
        "rotate-master-key",
        "rehearse",
        "master-key",
        "master-key generate",
        "master-key check",
        "master-key combine",
        "master-key split",
        "master-key verifier",
        "audit",
        "audit list",
        "audit verify",
        "audit export",
        "audit follow",
        "audit checkpoint",
        "scan",
        "backup",
        "backup inspect",
        "backup verify",
        "backup list",
        "backup forget",
        "restore",
        "import",
        "completions",
        "demo",
    ];
    let secrets: Vec<_> = (1..=3).map(|version| key(&room, version)).collect();
    for verb in verbs {
        for flag in ["--help", "-h"] {
            let arguments: Vec<_> = verb.split_whitespace().chain([flag]).collect();
            let ran = room.run_with([1, 2, 3], &arguments).env("STRONGROOM_ACTOR", "canary-actor").ends(0);
            assert!(ran.out.contains("Usage:") && ran.err.is_empty());
            let hidden = !secrets.iter().any(|secret| ran.out.contains(secret));
            assert!(hidden && !ran.out.contains("canary-actor") && !ran.out.contains("vault.db"), "{verb}");
        }
    }
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(room.run(&["completions", shell]).ends(0).out.contains("rotate-master-key"), "{shell}");
    }
    room.run(&["frobnicate"]).ends(2).says("no command frobnicate");
    room.run(&["verfy"]).ends(2).says("verify?");
    room.run(&["list", "--limt", "3"]).ends(2).says("--limt").says("--limit?");
}

#[test]
fn the_demo_holds() {
    let room = Room::empty();
    let folder = room.folder.path().display().to_string();
    let run = |arguments: &[&str]| Run::bare(&[&["demo", "--keys", "1500"], arguments].concat()).env("TMPDIR", &folder);
    let ran = run(&[]).ends(0);
    assert!(ran.out.lines().filter(|line| line.starts_with("ok ")).count() >= 9 && !ran.out.contains("FAILED"));
    let document = run(&["--json"]).ends(0);
    let document = document.json_lines().pop().expect("a document");
    assert_eq!((&document["held"], &document["figures"]["failed_verifications"]), (&true.into(), &0.into()));
    assert_eq!(fs::read_dir(&folder).expect("read").count(), 0, "nothing is left behind");
    run(&["--keep"]).ends(0).says(&folder);
    assert_eq!(fs::read_dir(&folder).expect("read").count(), 1);
}

fn key(room: &Room, version: u32) -> String {
    room.keys.variable([version]).split_once(':').expect("an entry").1.to_owned()
}

fn fingerprint(room: &Room, version: u32) -> String {
    let keys: MasterKeys = room.keys.only([version]);
    let (_, print): (u32, Fingerprint) = keys.versions().next().expect("a key");
    print.to_string()
}

/// Puts something else in the place of the second audit entry.
fn damage_an_entry(room: &Room) {
    let connection = rusqlite::Connection::open(room.path()).expect("opened");
    let changed = connection.execute("UPDATE audit SET v = x'00' WHERE k = x'0000000000000002'", []);
    assert_eq!(changed.expect("changed"), 1);
}

/// Turns one bit in the middle of the first record.
fn damage_a_record(room: &Room) {
    let store = SqliteStore::open(room.path()).expect("store");
    let (key, record) = store.scan(Table::Keys, None, 1).expect("rows").remove(0);
    let mut bad = record.clone();
    bad[70] ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Keys, key, bad, Expected::Exactly(record));
    store.commit(&batch).expect("written");
}
