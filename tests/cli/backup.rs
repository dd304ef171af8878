//! Claims about `backup` and `restore`, made by running the program.

use std::fs;
use std::io::{BufRead, BufReader};
use std::num::NonZeroUsize;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::process::program_path;
use crate::running::{Room, Run, text};
use crate::support::act;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use strongroom::rotation::RotateOptions;
use strongroom::{Request, SqliteStore, Vault};

#[test]
fn a_backup_is_taken_inspected_verified_and_restored() {
    let room = Room::with(3);
    let ran = room.run(&["backup", &path(&room, "b"), "--reason", "nightly"]).ends(0).says("keep that master key");
    assert!(ran.out.contains("3 API keys") && ran.out.contains("opens with master key 1 ("), "{}", ran.out);
    let shown = room.run(&["backup", "inspect", &path(&room, "b")]).ends(0).says("its signature is right").out;
    let claimed = bare(&room, &["backup", "inspect", &path(&room, "b")]).ends(0).says("not authenticated").out;
    assert_eq!(shown, claimed);
    let fingerprint = text(&room.run(&["status", "--json"]).ends(0).json()["master_keys"][0]["fingerprint"]);
    assert!(shown.contains(&format!("master key 1 ({fingerprint})")), "{shown}");
    let verified = room.run(&["backup", "verify", &path(&room, "b")]).ends(0).out;
    assert!(verified.starts_with(&shown) && verified.contains("3 API keys opened"), "{verified}");
    bare(&room, &["backup", "verify", &path(&room, "b")]).ends(12).says(&fingerprint);
    let listed = room.run(&["backup", "list"]).ends(0).out;
    assert!(listed.contains("finished") && listed.lines().count() == 2, "{listed}");
    let audit = room.run(&["audit", "list"]).ends(0).out;
    assert!(audit.contains("backup") && audit.contains("reason: nightly"), "{audit}");

    fs::remove_file(room.path()).expect("lost");
    let ran = room.run(&["restore", &path(&room, "b"), "--reason", "drill"]).ends(0);
    let ran = ran.says("revoked since are valid again").says("strongroom revoke --store");
    assert!(ran.out.contains("restored vault"), "{}", ran.out);
    room.run(&["doctor"]).ends(0);
    assert!(room.run(&["audit", "list"]).ends(0).out.contains("reason: drill"));
    room.run(&["audit", "verify"]).ends(0);
}

#[test]
fn a_backup_beside_two_writing_processes_holds_every_write_acknowledged_before_it() {
    let room = Room::with(500);
    let (stop, begun) = (AtomicBool::new(false), std::sync::Barrier::new(3));
    let tokens = std::sync::Mutex::new(Vec::<String>::new());
    let (mut sizes, mut after) = (vec![], 0);
    std::thread::scope(|threads| {
        for _ in 0..2 {
            threads.spawn(|| {
                let mut first = true;
                while !stop.load(Ordering::Relaxed) {
                    let ran = room.run(&["issue", "--name", "n"]).ends(0);
                    tokens.lock().expect("no panic").push(ran.out.trim_end().to_owned());
                    if std::mem::take(&mut first) {
                        begun.wait();
                    }
                }
            });
        }
        begun.wait();
        for round in 0..8 {
            let before = tokens.lock().expect("no panic").len();
            let ran = room.run(&["backup", &path(&room, &format!("b{round}")), "--json"]).ends(0);
            sizes.push((before, ran.json_lines().pop().expect("a document")));
        }
        after = tokens.lock().expect("no panic").len();
        stop.store(true, Ordering::Relaxed);
    });
    assert!(after > sizes[0].0 + 2, "the two wrote meanwhile");
    let tokens = tokens.into_inner().expect("no panic");
    for (round, (before, manifest)) in sizes.iter().enumerate() {
        let to = format!("r{round}.db");
        let ran =
            room.run(&["restore", &path(&room, &format!("b{round}")), "--to", &url(&room, &to), "--yes", "--json"]);
        let restored = ran.ends(0).json_lines().pop().expect("a document");
        let vault = Vault::open(SqliteStore::open(room.file(&to)).expect("store"), room.keys.only([1])).expect("vault");
        for token in &tokens[..*before] {
            vault.verify(token, &Request::new()).expect("acknowledged before the backup began");
        }
        let status = vault.status().expect("status");
        assert_eq!((&manifest["records"], &restored["records"]), (&status.record_count().into(), &manifest["records"]));
        assert_eq!(manifest["audit_entries"], status.audit_entries - 1, "and the restore");
        assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    }
}

#[test]
fn files_are_private_under_any_umask() {
    let room = Room::with(1);
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\"", program_path()]);
    let run = |command: &mut Command, arguments: &[&str]| {
        command.args(arguments).env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
        command.env("STRONGROOM_STORE", url(&room, "vault.db")).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(command.status().expect("runs").success());
    };
    run(&mut shell, &["backup", &path(&room, "b")]);
    let mut shell = Command::new("sh");
    shell.args(["-c", "umask 000; exec \"$0\" \"$@\"", program_path()]);
    run(&mut shell, &["restore", &path(&room, "b"), "--to", &url(&room, "r.db"), "--yes"]);
    for name in ["b", "r.db"] {
        let mode = fs::metadata(room.file(name)).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{name}");
    }
}

#[test]
fn a_restore_says_what_it_undoes_and_asks() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    room.run(&["backup", &path(&room, "b")]).ends(0);
    let restore = ["restore", &path(&room, "b"), "--to", &url(&room, "r.db")];
    room.run(&restore).ends(0).says("has done nothing since");
    fs::remove_file(room.file("r.db")).expect("removed");
    room.run(&["revoke", &id, "--reason", "leaked", "--yes"]).ends(0);
    let (late, _) = room.issue(&["--name", "late"]);
    let ran = room.run(&restore).ends(17).says("goes back in time").says("1 issue, 1 revoke").says(&id);
    assert!(!ran.err.contains(&late) && !room.file("r.db").exists());
    let ran = room.run(&[&restore[..], &["--yes", "--json"]].concat()).ends(0);
    let behind = &ran.json_lines().pop().expect("a document")["behind"];
    assert_eq!((&behind["revoked"][0], &behind["acts"]["issue"]), (&id.as_str().into(), &1.into()));
    assert_eq!(behind["suspended"], Value::Array(vec![]));
    let store = url(&room, "r.db");
    room.run(&["verify", "--store", &store]).stdin(&token).ends(0);
    room.run(&["revoke", "--store", &store, &id, "--reason", "again", "--yes"]).ends(0);
    room.run(&["verify", "--store", &store]).stdin(&token).ends(3);
}

#[test]
fn what_cannot_be_restored_is_told_with_a_code_and_leaves_nothing() {
    let (room, other) = (Room::with(2), Room::with(1));
    let backup = path(&room, "b");
    room.run(&["backup", &backup]).ends(0);
    other.run(&["backup", &path(&other, "b")]).ends(0);
    let told = |arguments: &[&str], code: i32, word: &str| {
        let ran = room.run(&[arguments, &["--json"]].concat()).ends(code);
        let told: Value = serde_json::from_str(ran.err.lines().last().expect("an error")).expect("JSON");
        assert_eq!(told["code"], word, "{arguments:?}: {told}");
        assert!(told["hint"].is_string(), "{told}");
    };
    let r = url(&room, "r.db");
    told(&["backup", &backup], 5, "store-exists");
    told(&["backup", &path(&room, "none/b")], 10, "no-store");
    told(&["restore", &backup], 5, "store-exists");
    told(&["restore", &backup, "--to", "r.db"], 2, "invalid-store");
    told(&["restore", &path(&room, "none"), "--to", &r], 10, "no-store");
    told(&["restore", &path(&room, "vault.db"), "--to", &r], 10, "not-a-backup");
    told(&["restore", &path(&other, "b"), "--to", &r], 5, "backup-of-other");
    told(&["restore", &backup, "--to", &r, "--vault", &"0".repeat(32)], 5, "backup-of-other");
    told(&["list", "--store", &url(&room, "b")], 10, "is-a-backup");
    told(&["backup", "forget", &"0".repeat(32)], 4, "backup-unknown");
    fs::write(room.file("text"), "no database at all, and longer than a hundred bytes ".repeat(40)).expect("written");
    told(&["restore", &path(&room, "text"), "--to", &r], 10, "not-a-backup");
    fs::write(room.file("empty"), "").expect("written");
    told(&["backup", "inspect", &path(&room, "empty")], 10, "not-a-backup");
    told(&["backup", "inspect", &path(&room, ".")], 10, "not-a-backup");
    let mut bytes = fs::read(&backup).expect("readable");
    bytes.truncate(bytes.len() / 2);
    fs::write(room.file("cut"), &bytes).expect("written");
    told(&["restore", &path(&room, "cut"), "--to", &r], 13, "store-damaged");
    fs::copy(&backup, room.file("newer")).expect("copied");
    let newer = rusqlite::Connection::open(room.file("newer")).expect("opened");
    newer.pragma_update(None, "user_version", 2).expect("written");
    told(&["restore", &path(&room, "newer"), "--to", &r], 1, "newer-format");
    room.run_with([2], &["restore", &backup, "--to", &r, "--yes"]).ends(12).says("master key 1");
    fs::create_dir(room.file("theirs")).expect("made");
    fs::set_permissions(room.file("theirs"), fs::Permissions::from_mode(0o777)).expect("mode");
    told(&["backup", &path(&room, "theirs/b")], 15, "unsafe-permissions");
    told(&["restore", &backup, "--to", &url(&room, "theirs/r.db"), "--yes"], 15, "unsafe-permissions");
    assert!(!room.file("r.db").exists());
    assert_eq!(unfinished(room.folder.path()), 0);
    room.run(&["doctor"]).ends(0);
}

#[test]
fn a_rotation_warns_of_backups_that_need_the_old_master_key() {
    let room = Room::with(2);
    room.run(&["backup", &path(&room, "b")]).ends(0);
    let plan = room.run_with([1, 2], &["rotate-master-key", "--quick", "--dry-run", "--json"]).ends(0).json();
    assert_eq!(plan["backups_needing_other_keys"][0]["file_name"], "b");
    let ran = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    assert!(ran.out.contains("1 backup needs master key 1: keep it apart"), "{}", ran.out);
    let status = room.run_with([2], &["status"]).ends(0).out;
    assert!(status.contains("last backup") && status.contains("1 backup needs master key 1"), "{status}");
    let listed = room.run_with([2], &["backup", "list", "--json"]).ends(0).json();
    assert_eq!((&listed["needs_retired_key"], &listed["key_configured"]), (&true.into(), &false.into()));
    room.run_with([2], &["backup", &path(&room, "b2")]).ends(0);
    let last = room.run_with([2], &["status", "--json"]).ends(0).json()["last_backup"].clone();
    assert_eq!((&last["file_name"], &last["master_key"]), (&"b2".into(), &2.into()));
    room.run_with([2], &["backup", "forget", &text(&listed["id"]), "--reason", "deleted"]).ends(0);
    assert_eq!(
        room.run_with([2], &["status", "--json"]).ends(0).json()["backups_needing_other_keys"],
        Value::Array(vec![])
    );
    let (b3, b4) = (path(&room, "b3"), path(&room, "b4"));
    room.run_with([2], &["backup", &b3]).ends(0);
    room.run_with([2, 3], &["rotate-master-key", "--yes", "--quick"]).ends(0);
    room.run_with([3], &["backup", &b4]).ends(0);
    let forget = ["backup", "forget", "--needing-other-keys", "--reason", "deleted", "--json"];
    assert_eq!(room.run_with([3], &forget).ends(0).json()["forgotten"], 2);
    assert_eq!(room.run_with([3], &forget).ends(0).json()["forgotten"], 0);
    assert_eq!(room.run_with([3], &["backup", "list", "--json"]).ends(0).json()["file_name"], "b4");
    room.run_with([3], &["backup", "forget", "--needing-other-keys", "--all"]).ends(2);
    room.run_with([3], &["backup", "forget"]).ends(2);
    room.run_with([3], &["backup", "forget", "--all"]).ends(0);
    room.run_with([3], &["backup", "list"]).ends(0).says("no backup is known");
    assert_eq!(room.run_with([3], &["status", "--json"]).ends(0).json()["last_backup"], Value::Null);
    assert!(room.run_with([3], &["status"]).ends(0).out.contains("none known"));
}

#[test]
fn a_signal_stops_a_backup_and_leaves_nothing() {
    let room = Room::with(20_000);
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129)] {
        let mut run = room.run(&["backup", &path(&room, "b"), "--json"]);
        let mut child = run.spawn();
        // The copy is over in no time; opening the records is not.
        while unfinished(room.folder.path()) == 0 && child.try_wait().expect("a child").is_none() {
            std::thread::sleep(Duration::from_millis(1));
        }
        let sent = kill_process(Pid::from_child(&child), signal);
        let stderr = BufReader::new(child.stderr.take().expect("piped")).lines().map_while(Result::ok).last();
        let ended = child.wait().expect("ended");
        assert!(sent.is_ok(), "it was over before: {ended}");
        assert_eq!(ended.code(), Some(code), "{stderr:?}");
        assert!(stderr.expect("an error").contains("\"stopped\""));
        assert!(!room.file("b").exists() && unfinished(room.folder.path()) == 0);
        room.run(&["backup", "list"]).ends(0).says("no backup is known");
    }
}

#[test]
fn no_secret_is_in_what_is_said_or_in_the_backup() {
    let room = Room::with(1);
    let (id, token) = room.issue(&["--name", "canary-name", "--owner", "canary-owner"]);
    let master = room.keys.variable([1]).split_once(':').expect("an entry").1.to_owned();
    let secrets = [token.as_str(), &token[29..72], master.as_str(), "canary-name", "canary-owner"];
    let (b, r) = (path(&room, "b"), url(&room, "r.db"));
    let commands: [&[&str]; 12] = [
        &["backup", &b],
        &["backup", &b],
        &["backup", "inspect", &b],
        &["backup", "verify", &b],
        &["backup", "list"],
        &["restore", &b],
        &["restore", &b, "--to", &r, "--yes"],
        &["restore", "/nonexistent", "--to", &r],
        &["backup", "forget", &id],
        &["backup", "forget", "--all"],
        &["backup", "--help"],
        &["restore", "--help"],
    ];
    for arguments in commands {
        for more in [&[][..], &["--json"], &["--log", "trace"]] {
            let ran = room.run(&[arguments, more].concat()).go();
            for secret in secrets {
                assert!(!ran.out.contains(secret) && !ran.err.contains(secret), "{arguments:?} {more:?}");
            }
        }
    }
    let bytes = fs::read(&b).expect("readable");
    for secret in secrets {
        assert!(!bytes.windows(secret.len()).any(|window| window == secret.as_bytes()), "still sealed");
    }
}

#[test]
fn a_vault_that_is_rotated_while_it_is_backed_up_gives_a_backup_that_opens() {
    let room = Room::with(3_000);
    std::thread::scope(|threads| {
        threads.spawn(|| {
            let vault =
                Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1, 2])).expect("vault");
            let options = RotateOptions::new().batch(NonZeroUsize::new(10));
            vault.rotate(&options, &act(), |_| ()).expect("rotated");
        });
        for round in 0..4 {
            room.run_with([1, 2], &["backup", &path(&room, &format!("b{round}"))]).ends(0);
        }
    });
    for round in 0..4 {
        room.run_with([1, 2], &["backup", "verify", &path(&room, &format!("b{round}"))]).ends(0);
    }
    room.run_with([2], &["backup", "forget", "--all"]).ends(0);
    room.run_with([2], &["doctor"]).ends(0);
}

fn path(room: &Room, name: &str) -> String {
    room.file(name).display().to_string()
}

fn url(room: &Room, name: &str) -> String {
    format!("sqlite:{}", path(room, name))
}

/// Without master keys.
fn bare(room: &Room, arguments: &[&str]) -> Run {
    Run::bare(arguments).env("STRONGROOM_STORE", &url(room, "vault.db"))
}

fn unfinished(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").file_name());
    entries.filter(|name| name.to_string_lossy().contains("strongroom-unfinished")).count()
}
