//! Claims about the files of the program, and about its process.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::process::program_path;
use crate::running::{Ran, Room, Run};

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
    room.run(&["init", "--quick"]).ends(10);
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
        shell.args(["-c", r#"umask 000; exec "$0" "$@""#, program_path()]);
        let run = Run::through(shell, arguments).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1, 2]));
        run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()))
    };
    loose(&["init", "--quick"]).ends(0);
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
fn a_store_that_others_keep_locked_is_busy() {
    let room = Room::new();
    let other = rusqlite::Connection::open(room.path()).expect("opened");
    other.execute_batch("BEGIN IMMEDIATE").expect("locked");
    room.run(&["issue", "--name", "n"]).ends(11).says("locked by others");
    room.run(&["list"]).ends(0);
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
fn no_verb_puts_a_secret_into_a_folder_that_others_can_write() {
    let room = Room::new();
    let (id, _) = room.issue(&["--name", "n"]);
    let open = room.file("open");
    fs::create_dir(&open).expect("made");
    let (file, folder) = (open.join("secret").display().to_string(), open.display().to_string());
    let mut verbs: Vec<Vec<&str>> = vec![
        vec!["recover", &id, "--reason", "r", "--yes", "--out", &file],
        vec!["master-key", "generate", "--out", &file],
        vec!["master-key", "verifier", "--version", "1", "--reason", "r", "--out", &file],
        vec!["reissue", "--owner", "acme", "--grace", "1d", "--yes", "--out-dir", &folder],
    ];
    if cfg!(feature = "age") {
        let to = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
        verbs.push(vec!["recover", "--all", "--reason", "r", "--yes", "--to", to, "--out", &file]);
        verbs.push(vec![
            "master-key",
            "split",
            "--threshold",
            "2",
            "--shares",
            "3",
            "--reason",
            "r",
            "--out-dir",
            &folder,
        ]);
        verbs.push(vec!["master-key", "combine", "/dev/null", "/dev/null", "--out", &file]);
    }
    for mode in [0o777, 0o1777, 0o770] {
        fs::set_permissions(&open, fs::Permissions::from_mode(mode)).expect("set");
        let hint = if mode == 0o1777 { "mkdir -m 700" } else { "chmod go-w" };
        for verb in &verbs {
            room.run(verb).ends(15).says("others can write to").says(hint);
        }
    }
    assert_eq!(fs::read_dir(&open).expect("a folder").count(), 0);
    let acts = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    assert_eq!(acts.iter().map(|act| act["action"].clone()).collect::<Vec<_>>(), ["init", "issue"], "nothing was done");
}
