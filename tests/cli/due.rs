//! The same with the program, on a SQLite file.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::Value;

use strongroom::{NewApiKey, SqliteStore, Timestamp, VaultOptions};

use crate::running::{Room, text};
use crate::support::act;

#[test]
fn due_ends_with_3_when_something_is_and_says_what_to_do() {
    let room = Room::new();
    room.issue(&["--name", "never"]);
    let ran = room.run(&["due"]).ends(0).says("nothing is due: looked at 1 API key");
    assert_eq!(ran.out, "");
    let (id, _) = room.issue(&["--name", "soon", "--expires-in", "10d", "--owner", "acme"]);
    let ran = room.run(&["due"]).ends(3).says("due: 1 of 2 API keys").says("strongroom reissue");
    assert!(ran.out.lines().count() == 2 && ran.out.contains(&id) && ran.out.contains("expiring"), "{}", ran.out);
    let lines = room.run(&["due", "--json"]).ends(3).json_lines();
    assert_eq!((lines[0]["cause"].as_str(), text(&lines[0]["id"])), (Some("expiring"), id.clone()));
    assert!(text(&lines[0]["remedy"]).contains(&format!("reissue {id} --grace 14d")), "{}", lines[0]);
    assert_eq!((&lines[1]["api_keys"], &lines[1]["examined"]), (&1.into(), &2.into()));
    room.run(&["due", "--within", "9d"]).ends(0);
    room.run(&["due", "--owner", "nobody"]).ends(0);
    room.run(&["due", "--within", "soon"]).ends(2).says("time span");
    room.run_with([], &["due"]).ends(12);
}

#[test]
fn what_nobody_uses_is_listed_with_what_to_do_and_ends_with_3() {
    let room = Room::empty();
    let old = Timestamp::from_unix_millis(Timestamp::now().unix_millis() - 200 * 86_400_000).expect("a time");
    let store = SqliteStore::create(room.path()).expect("store");
    let vault = VaultOptions::new().clock(move || old).create(store, room.keys.only([1]), &act()).expect("vault");
    let issued = ["idle", "busy"].map(|name| vault.issue(&NewApiKey::new(name), &act()).expect("issued"));
    drop(vault);
    let (idle, busy) = (issued[0].id.to_string(), issued[1].token.expose().to_owned());
    room.run(&["verify"]).stdin(&busy).ends(0);
    room.run(&["due"]).ends(0);
    let lines = room.run(&["due", "--unused", "90d", "--json"]).ends(3).json_lines();
    assert_eq!((lines.len(), text(&lines[0]["cause"]), text(&lines[0]["id"])), (2, "unused".into(), idle.clone()));
    assert_eq!((text(&lines[0]["at"]), &lines[1]["usage_damaged"]), (old.to_string(), &0.into()));
    assert!(text(&lines[0]["remedy"]).contains(&format!("strongroom suspend {idle} --reason TEXT")), "{}", lines[0]);
    assert!(room.run(&["due", "--unused", "90d"]).ends(3).out.contains("unused"));
    room.run(&["due", "--unused", "100000d"]).ends(0);
    room.run(&["due", "--unused", "-1d"]).ends(2);
    room.run(&["suspend", &idle, "--reason", "nobody uses it"]).ends(0);
    room.run(&["due", "--unused", "90d"]).ends(0);
}

#[test]
fn verifier_keys_are_enough_to_look_and_not_to_set_rules() {
    let room = Room::with(3_000);
    let key = room.run(&["master-key", "verifier", "--version", "1", "--reason", "r"]).ends(0).out;
    let verifier = |arguments: &[&str]| {
        let run = room.run_with([], arguments).unset("STRONGROOM_MASTER_KEYS");
        run.env("STRONGROOM_VERIFIER_KEYS", key.trim())
    };
    verifier(&["due"]).ends(0).says("looked at 3000 API keys");
    verifier(&["policy", "show"]).ends(0);
    verifier(&["policy", "set", "--require-owner", "--reason", "r"]).ends(12);
}

#[test]
fn reissuing_what_is_due_keeps_every_token_in_a_private_file_and_goes_on_where_it_was_stopped() {
    let room = Room::new();
    let soon = ["--expires-in", "10d", "--owner", "acme"];
    let due: BTreeSet<_> = (0..5).map(|n| room.issue(&[&["--name", &format!("n{n}")], &soon[..]].concat()).0).collect();
    room.issue(&["--name", "later", "--expires-in", "90d"]);
    let out = room.file("tokens").display().to_string();
    let reissue = ["reissue", "--due", "--grace", "3d", "--expires-in", "60d", "--out-dir", &out];
    let ran = room.run(&[&reissue[..], &["--dry-run"]].concat()).ends(0).says("5 API keys would be reissued");
    assert!(!room.file("tokens").exists() && ran.out.lines().count() == 5);
    room.run(&reissue).ends(17);
    room.run(&[&reissue[..], &["--yes", "--reason", "cron"]].concat()).ends(0).says("5 API keys reissued");
    let files: Vec<_> = fs::read_dir(room.file("tokens")).expect("folder").map(|entry| entry.expect("entry")).collect();
    assert_eq!(files.len(), 5);
    for file in files {
        assert_eq!(file.metadata().expect("file").permissions().mode() & 0o777, 0o600);
        let (name, token) = (file.file_name(), fs::read_to_string(file.path()).expect("a token"));
        let (old, new) = name.to_str().and_then(|name| name.strip_suffix(".token")?.split_once('-')).expect("ids");
        assert!(due.contains(old) && token.contains(new));
        room.run(&["verify"]).stdin(token).ends(0);
    }
    room.run(&[&reissue[..], &["--yes"]].concat()).ends(0).says("nothing to do");
    let entries = room.run(&["audit", "list", "--json", "--all"]).ends(0).json_lines();
    let of = |action: &str| entries.iter().filter(|entry| entry["action"] == action).collect::<Vec<&Value>>();
    assert!(of("reissue").len() == 5 && of("reissue").iter().all(|entry| entry["reason"] == "cron"));
    room.run(&["due", "--json"]).ends(3);
    room.run(&["due", "--ending-within", "1d"]).ends(0);
    room.run(&["reissue", "--due", "--grace", "1d", due.first().expect("one")]).ends(2);
    room.run(&["revoke", "--reason", "r"]).ends(2).says("not said which");
}

#[test]
fn a_reissue_of_what_is_due_that_the_policy_refuses_names_the_rule_and_goes_on() {
    let room = Room::new();
    let (_, _) = room.issue(&["--name", "owned", "--expires-in", "10d", "--owner", "acme"]);
    let (bare, _) = room.issue(&["--name", "bare", "--expires-in", "10d"]);
    room.run(&["policy", "set", "--require-owner", "--reason", "r"]).ends(0);
    let out = room.file("tokens").display().to_string();
    let reissue = ["reissue", "--due", "--grace", "3d", "--expires-in", "60d", "--out-dir", &out, "--yes", "--json"];
    let ran = room.run(&reissue).go();
    assert_ne!(ran.code, Some(0));
    let lines = ran.json_lines();
    let failed = lines.iter().find(|line| line["outcome"] == "failed").expect("one failed");
    assert_eq!((text(&failed["id"]), text(&failed["code"])), (bare, "policy-owner".into()));
    assert_eq!(lines.last().expect("a summary")["done"], 1);
    assert_eq!(fs::read_dir(room.file("tokens")).expect("folder").count(), 1);
}

#[test]
fn a_closed_pipe_is_no_failure_to_list() {
    let room = Room::with(0);
    room.issue(&["--name", "n", "--expires-in", "1d"]);
    let mut run = room.run(&["due"]);
    let mut child = run.spawn();
    drop(child.stdout.take());
    assert_eq!(child.wait().expect("ended").code(), Some(3));
}
