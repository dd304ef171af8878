//! `reissue`, `update`, `suspend`, `resume` and `revoke`, of one API key and of many, as an administrator types them.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::running::{Ran, Room, text};
use serde_json::Value;

fn ids(room: &Room, filter: &[&str]) -> Vec<String> {
    let ran = room.run(&[&["list", "--all", "--json"], filter].concat()).ends(0);
    ran.json_lines().iter().map(|key| text(&key["id"])).collect()
}

fn valid(room: &Room, token: &str) -> bool {
    room.run(&["verify"]).stdin(token).go().code == Some(0)
}

/// Outcomes by id, and the summary behind them.
fn told(ran: &Ran) -> (Vec<(String, String)>, Value) {
    let mut lines = ran.json_lines();
    let summary = lines.pop().expect("a summary");
    assert_eq!(summary["schema"], "strongroom.bulk.v1");
    (lines.iter().map(|line| (text(&line["id"]), text(&line["outcome"]))).collect(), summary)
}

fn entries(room: &Room, action: &str) -> Vec<Value> {
    let log = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    log.into_iter().filter(|entry| entry["action"] == action).collect()
}

#[test]
fn reissue_prints_the_new_token_alone_and_both_work_inside_the_grace() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "worker", "--owner", "acme", "--expires-in", "10d"]);
    let ran = room.run(&["reissue", &id, "--grace", "1d", "--reason", "yearly"]).ends(0);
    let new = ran.out.trim_end();
    assert!(new.starts_with("sr_") && !new.contains('\n'), "the token alone");
    assert!(valid(&room, &token) && valid(&room, new));
    let shown = room.run(&["show", &id, "--json"]).ends(0).json();
    let new_id = text(&shown["replaced_by"]);
    assert_eq!(shown["chain"].as_array().expect("a chain").len(), 2);
    assert!(shown["revoke_at"].is_string() && shown["revoked_at"].is_null());
    let shown = room.run(&["show", &new_id]).ends(0).out;
    assert!(shown.contains(&format!("reissues     {id} active")) && shown.contains("(this one)"), "{shown}");
    let again = room.run(&["reissue", &id, "--grace", "1d"]).ends(5);
    assert!(again.err.contains(&new_id) && again.err.contains("show"), "{}", again.err);

    // Without a grace the old token ends at once, and that is asked for.
    room.run(&["reissue", &new_id, "--now"]).ends(17);
    let newest = room.run(&["reissue", &new_id, "--now", "--yes", "--json"]).ends(0).json();
    assert!(!valid(&room, new) && valid(&room, &text(&newest["token"])));
    assert_eq!(newest["replaces"], new_id.as_str());
    assert_eq!((entries(&room, "reissue").len(), entries(&room, "issue").len()), (3, 3));
}

#[test]
fn wrong_input_is_named_and_nothing_is_done() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "worker"]);
    let log = || room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines().len();
    let before = log();
    let unknown = "01kb0c5x7mq8e4t2v9rwyz3abd";
    let wrong: [(&[&str], i32, &str); 22] = [
        (&["reissue", &id], 2, "--grace"),
        (&["reissue", &id, "--grace", "0s"], 2, "at least 1"),
        (&["reissue", &id, "--grace", "-1d"], 2, "a time span is a number"),
        (&["revoke", &id, "--in", "-1d", "--reason", "r", "--yes"], 2, "a time span is a number"),
        (&["reissue", &id, "--grace", "1d", "--expires-in", "-3d"], 2, "a time span is a number"),
        (&["issue", "--name", "n", "--expires-in", "-3d"], 2, "a time span is a number"),
        (&["reissue", &id, "--grace", "1d", "--now"], 2, "--grace"),
        (&["reissue", &id, "--grace", "1d", "--expires-at", "2020-01-01T00:00:00Z"], 2, "past"),
        (&["reissue", &id, "--grace", "1d", "--expires-in", "1d", "--never-expires"], 2, "cannot stand beside"),
        (&["reissue", "--owner", "acme", "--grace", "1d"], 2, "--out-dir"),
        (&["revoke", &id, "--reason", "r", "--at", "2020-01-01T00:00:00Z", "--yes"], 2, "past"),
        (&["revoke", &id, "--reason", "r", "--at", "2099-01-01T00:00:00Z", "--in", "1d", "--yes"], 2, "--in"),
        (&["revoke", "--reason", "r", "--yes"], 2, "not said which API keys"),
        (&["revoke", &id, "--owner", "acme", "--reason", "r", "--yes"], 2, "cannot stand beside"),
        (&["revoke", "nonsense", "--reason", "r", "--yes"], 2, "26 characters"),
        (&["update", &id], 2, "nothing to change"),
        (&["update", &id, "--set-attribute", "a=1", "--remove-attribute", "a"], 2, "more than once"),
        (&["update", &id, "--not-before", "2020-01-01T00:00:00Z"], 2, "past"),
        (
            &["update", "--owner", "acme", "--set-name", "n", "--if-revision", "0011223344556677", "--yes"],
            2,
            "one API key",
        ),
        (&["update", &id, "--set-name", "n", "--if-revision", "00"], 2, "16 hexadecimal"),
        (&["suspend", &id, "--reason", " "], 2, "reason is empty"),
        (&["issue", "--name", "n", "--not-before", "2020-01-01T00:00:00Z"], 2, "past"),
    ];
    for (arguments, code, said) in wrong {
        let ran = room.run(arguments).ends(code);
        assert!(ran.err.contains(said) && ran.err.contains("hint:"), "{arguments:?}: {}", ran.err);
    }
    assert_eq!(log(), before, "the vault heard of none of these");
    for arguments in [
        &["reissue", unknown, "--grace", "1d"][..],
        &["revoke", unknown, "--in", "1d", "--reason", "r", "--yes"],
        &["suspend", unknown, "--reason", "r"],
        &["resume", unknown, "--reason", "r"],
    ] {
        room.run(arguments).ends(4);
    }
    // With ids on standard input everything is read and looked up before anything is done.
    let bulk = ["revoke", "-", "--reason", "r", "--yes"];
    let ran = room.run(&bulk).stdin(format!("{id}\nnonsense\n")).ends(2);
    assert!(ran.err.contains("line 2") && ran.err.contains("nothing was done"), "{}", ran.err);
    room.run(&bulk).stdin(format!("{id}\n{unknown}\n")).ends(4);
    room.run(&["revoke", "--name", "worker", "--reason", "r"]).ends(17);
    assert!(valid(&room, &token));
    assert!(room.run(&bulk).stdin("").ends(0).err.contains("nothing to do"));
}

#[test]
fn suspending_and_resuming_show_in_every_answer() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "worker"]);
    assert_eq!(room.run(&["suspend", &id, "--reason", "r"]).ends(0).out, format!("suspended {id}\n"));
    let ran = room.run(&["verify", "--json"]).stdin(&token).ends(3);
    assert!(ran.err.contains("token-suspended"), "{}", ran.err);
    assert_eq!(ids(&room, &["--status", "suspended"]), std::slice::from_ref(&id));
    assert!(room.run(&["suspend", &id, "--reason", "r"]).ends(0).out.contains("before"));
    let shown = room.run(&["resume", &id, "--reason", "r", "--json"]).ends(0).json();
    assert_eq!((&shown["status"], &shown["suspended_at"]), (&"active".into(), &Value::Null));
    assert!(valid(&room, &token));
    assert_eq!((entries(&room, "suspend").len(), entries(&room, "resume").len()), (1, 1));
    let (later, token) = room.issue(&["--name", "later", "--not-before", "2099-01-01T00:00:00Z"]);
    let ran = room.run(&["verify", "--json"]).stdin(&token).ends(3);
    assert!(ran.err.contains("token-not-yet-valid"), "{}", ran.err);
    assert_eq!(ids(&room, &["--status", "not-yet-valid"]), [later]);
}

#[test]
fn an_update_with_an_old_revision_is_a_conflict() {
    let room = Room::new();
    let (id, _) = room.issue(&["--name", "worker", "--owner", "acme", "--attribute", "a=1"]);
    let seen = text(&room.run(&["show", &id, "--json"]).ends(0).json()["revision"]);
    let update = ["update", &id, "--set-name", "other", "--set-attribute", "b=2", "--no-owner", "--if-revision", &seen];
    let updated = room.run(&[&update[..], &["--json"]].concat()).ends(0).json();
    assert_eq!((&updated["name"], &updated["owner"]), (&"other".into(), &Value::Null));
    assert_eq!(updated["attributes"], serde_json::json!({ "a": "1", "b": "2" }));
    let ran = room.run(&update).ends(5);
    let current = text(&updated["revision"]);
    assert!(ran.err.contains(&current) && ran.err.contains(&seen), "{}", ran.err);
    let same = ["update", &id, "--set-name", "other", "--if-revision", &current];
    assert!(room.run(&same).ends(0).out.starts_with("nothing to change"));
    assert_eq!(entries(&room, "update").len(), 2, "one done and one refused");
    room.run(&["revoke", &id, "--reason", "r", "--yes"]).ends(0);
    room.run(&["update", &id, "--set-name", "late"]).ends(5);
}

#[test]
fn a_revocation_is_set_made_earlier_and_never_put_off() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "worker"]);
    let revoke = |more: &[&str]| room.run(&[&["revoke", &id, "--reason", "r", "--yes"], more].concat());
    assert!(revoke(&["--in", "2d"]).ends(0).out.starts_with("to be revoked at "));
    assert!(valid(&room, &token));
    assert!(revoke(&["--in", "3d"]).ends(5).err.contains("never put off"));
    revoke(&["--in", "1d"]).ends(0);
    assert_eq!(revoke(&[]).ends(0).out, format!("revoked {id}\n"));
    assert!(!valid(&room, &token));
    revoke(&["--in", "1d"]).ends(5);
    assert_eq!(revoke(&["--json"]).ends(0).json()["revoked_before"], true);
    let set = entries(&room, "schedule-revocation");
    assert_eq!(set.iter().filter(|entry| entry["outcome"] == "done").count(), 2);
    assert!(set[0]["counts"]["at_ms"].is_u64());
}

#[test]
fn many_are_changed_one_commit_each_and_the_same_command_goes_on() {
    let room = Room::with(7);
    let all = ids(&room, &["--owner", "acme"]);
    let dry = ["revoke", "--owner", "acme", "--reason", "leak", "--json", "--dry-run"];
    let (outcomes, summary) = told(&room.run(&dry).ends(0));
    assert!(outcomes.iter().all(|(_, outcome)| outcome == "planned") && outcomes.len() == 7);
    assert_eq!((&summary["planned"], &summary["done"]), (&7.into(), &0.into()));
    assert_eq!(entries(&room, "revoke").len(), 0);

    room.run(&["revoke", &all[2], "--reason", "first", "--yes"]).ends(0);
    let run = ["revoke", "--owner", "acme", "--reason", "leak", "--json", "--yes"];
    let (outcomes, summary) = told(&room.run(&run).ends(0));
    assert_eq!(outcomes.iter().filter(|(_, outcome)| outcome == "done").count(), 6);
    assert_eq!(outcomes[2], (all[2].clone(), "skipped".into()));
    assert_eq!((&summary["done"], &summary["skipped"]), (&6.into(), &1.into()));
    let log: Vec<_> = entries(&room, "revoke").iter().map(|entry| text(&entry["key"])).collect();
    assert_eq!(log.len(), 7, "one entry each: {log:?}");
    let (_, summary) = told(&room.run(&run).ends(0));
    assert_eq!((&summary["done"], &summary["skipped"]), (&0.into(), &7.into()));

    // Those that cannot be changed do not stop the others.
    let (id, _) = room.issue(&["--name", "fine"]);
    let mixed = room.run(&["update", "-", "--set-name", "m", "--json", "--yes"]).stdin(format!("{}\n{id}\n", all[0]));
    let ran = mixed.ends(14);
    let lines = ran.json_lines();
    assert_eq!((&lines[0]["outcome"], &lines[0]["code"]), (&"failed".into(), &"revoked".into()));
    assert_eq!(lines[1]["outcome"], "done");
    room.run(&["audit", "verify"]).ends(0);
}

#[test]
fn a_dry_run_tells_which_times_would_be_set() {
    let room = Room::with(1);
    let at = "2099-01-01T00:00:00Z";
    let dry = |arguments: &[&str]| {
        let ran = room.run(&[arguments, &["--owner", "acme", "--dry-run", "--json"]].concat()).ends(0);
        ran.json_lines().remove(0)
    };
    assert!(text(&dry(&["revoke", "--reason", "r", "--at", at])["revoke_at"]).starts_with("2099-01-01T00:00:00"));
    let planned = dry(&["update", "--expires-at", at, "--no-not-before"]);
    assert!(text(&planned["expires_at"]).starts_with("2099-01-01T00:00:00"));
    assert_eq!(planned.get("not_before"), Some(&Value::Null));
    assert!(dry(&["reissue", "--grace", "1d"])["old_until"].is_string());
    let shown = room.run(&["update", "--owner", "acme", "--expires-at", at, "--dry-run"]).ends(0).out;
    assert!(shown.contains(": expires at 2099-01-01T00:00:00"), "{shown}");
    room.run(&["suspend", "--owner", "acme", "--reason", "r", "--yes"]).ends(0);
    let both = ids(&room, &["--status", "active", "--status", "suspended"]);
    assert_eq!((both.len(), ids(&room, &["--status", "active"]).len()), (1, 0));
}

#[test]
fn tokens_of_many_go_into_private_files_and_a_second_run_issues_none_again() {
    let room = Room::with(5);
    let folder = room.file("tokens");
    let out = folder.display().to_string();
    let run = ["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &out, "--json", "--yes"];
    let first = room.run(&run).ends(0);
    assert!(!first.out.contains("sr_") && !first.err.contains("sr_"), "no token is printed");
    let done: Vec<_> = first.json_lines().into_iter().filter(|line| line["outcome"] == "done").collect();
    assert_eq!(done.len(), 5);
    assert_eq!(fs::metadata(&folder).expect("a folder").permissions().mode() & 0o777, 0o700);
    for line in &done {
        let file = text(&line["file"]);
        assert!(file.ends_with(&format!("{}-{}.token", text(&line["id"]), text(&line["new_id"]))), "{file}");
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        let token = fs::read_to_string(&file).expect("a token");
        let judged = room.run(&["verify", "--json"]).stdin(&token).ends(0).json();
        assert_eq!(judged["key"]["id"], line["new_id"]);
    }
    let (outcomes, summary) = told(&room.run(&run).ends(0));
    assert_eq!((outcomes.len(), &summary["skipped"]), (10, &10.into()), "the new ones are of the owner as well");
    assert_eq!(entries(&room, "reissue").len(), 5);

    // A token whose API key never came to be, as a crash before the commit leaves it, is set aside and done again.
    let (id, _) = room.issue(&["--name", "n", "--owner", "other"]);
    let stale = folder.join(format!("{id}-01kb0c5x7mq8e4t2v9rwyz3abd.token"));
    fs::write(&stale, "sr_half").expect("written");
    let other = ["reissue", "--owner", "other", "--grace", "1d", "--out-dir", &out, "--json", "--yes"];
    let (_, summary) = told(&room.run(&other).ends(0));
    assert_eq!(summary["done"], 1);
    assert!(!stale.exists() && stale.with_extension("token.unused").exists());

    fs::set_permissions(&folder, fs::Permissions::from_mode(0o770)).expect("changed");
    let refused = room.run(&run).ends(15);
    assert!(refused.err.contains("chmod go-w"), "{}", refused.err);
    let file = room.file("vault.db").display().to_string();
    room.run(&["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &file, "--yes"]).ends(74);
}

#[test]
fn a_line_that_is_no_text_is_no_id_and_nothing_is_done() {
    let room = Room::with(2);
    let all = ids(&room, &[]);
    for spoilt in [[all[0].as_bytes(), b"\n", all[1].as_bytes(), b"\xa0\n"].concat(), b"\xff\n".to_vec()] {
        let ran = room.run(&["revoke", "-", "--reason", "leak", "--yes"]).stdin(spoilt).ends(2);
        assert!(ran.err.contains("line ") && ran.err.contains("nothing was done"), "{}", ran.err);
    }
    assert_eq!(entries(&room, "revoke").len(), 0);
    let spaced = format!("\r\n  {}\t\r\n\n{}\r\n", all[0], all[0]);
    let (outcomes, _) = told(&room.run(&["revoke", "-", "--reason", "leak", "--yes", "--json"]).stdin(spaced).ends(0));
    assert_eq!(outcomes, [(all[0].clone(), "done".to_owned())]);
}

#[test]
fn two_runs_never_put_tokens_into_one_folder_at_a_time() {
    let room = Room::with(2);
    let folder = room.file("tokens");
    fs::create_dir(&folder).expect("made");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("mode");
    let out = folder.display().to_string();
    let run = ["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &out, "--json", "--yes"];
    // What another run is about to make valid.
    let (id, _) = room.issue(&["--name", "n", "--owner", "other"]);
    let coming = folder.join(format!("{id}-01kb0c5x7mq8e4t2v9rwyz3abd.token"));
    fs::write(&coming, "sr_coming").expect("written");
    let held = fs::File::open(&folder).expect("opened");
    held.try_lock().expect("free");
    let ran = room.run(&run).ends(11);
    assert!(ran.err.contains("folder-held"), "{}", ran.err);
    assert!(coming.exists() && entries(&room, "reissue").is_empty());
    drop(held);
    let (_, summary) = told(&room.run(&run).ends(0));
    assert_eq!(summary["done"], 2);
}

#[test]
fn a_folder_of_another_user_takes_no_tokens() {
    let room = Room::with(1);
    let folder = room.file("tokens");
    fs::create_dir(&folder).expect("made");
    if std::os::unix::fs::chown(&folder, Some(65_534), None).is_err() {
        return crate::support::skipped("only root can give a folder away");
    }
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).expect("mode");
    let out = folder.display().to_string();
    let ran = room.run(&["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &out, "--yes"]).ends(15);
    assert!(ran.err.contains("belongs to another user"), "{}", ran.err);
    assert!(entries(&room, "reissue").is_empty());
}

#[test]
fn nobody_is_asked_where_nothing_would_be_taken_away() {
    let room = Room::new();
    let (revoked, _) = room.issue(&["--name", "n", "--owner", "acme"]);
    let (id, _) = room.issue(&["--name", "n", "--owner", "other"]);
    room.run(&["revoke", &revoked, "--reason", "r", "--yes"]).ends(0);
    let unknown = "01000000000000000000000000";
    let said = room.run(&["revoke", &revoked, "--reason", "r"]).ends(0).out;
    assert_eq!(said, format!("revoked before: {revoked}\n"));
    for none in [&["-"][..], &["--owner", "nobody"]] {
        room.run(&[&["revoke", "--reason", "r"], none].concat()).ends(0).says("nothing to do");
    }
    for verb in ["revoke", "suspend"] {
        room.run(&[verb, "--owner", "acme", "--reason", "r"]).stdin(&revoked).go();
        room.run(&[verb, unknown, "--reason", "r"]).ends(4);
    }
    room.run(&["revoke", "--owner", "acme", "--reason", "r"]).ends(0).says("1 skipped");
    room.run(&["recover", unknown, "--reason", "r"]).ends(4);
    room.run(&["reissue", unknown, "--now"]).ends(4);
    for asked in [&["revoke", id.as_str()][..], &["revoke", "--owner", "other"], &["recover", &id]] {
        room.run(&[asked, &["--reason", "r"]].concat()).ends(17);
    }
    assert_eq!(room.run(&["show", &id, "--json"]).ends(0).json()["revoked_at"], Value::Null);
}
