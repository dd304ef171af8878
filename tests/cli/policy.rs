//! The same with the program, on a SQLite file.

use crate::running::{Room, text};

#[test]
fn a_policy_is_shown_and_only_what_is_named_changes() {
    let room = Room::new();
    let shown = || room.run(&["policy", "show", "--json"]).ends(0).json();
    assert_eq!((&shown()["max_key_age_seconds"], &shown()["require_owner"]), (&().into(), &false.into()));
    room.run(&["policy", "set"]).ends(2);
    room.run(&["policy", "set", "--require-owner"]).ends(2).says("--reason");
    room.run(&["policy", "set", "--reason", "r"]).ends(2);
    room.run(&["policy", "set", "--require-owner", "--no-require-owner", "--reason", "r"]).ends(2);
    room.run(&["policy", "set", "--max-key-age", "0d", "--reason", "r"]).ends(2).says("at least 1");
    room.run(&["policy", "set", "--reason-pattern", "(", "--reason", "r"]).ends(2).says("no regular expression");
    room.run(&["policy", "set", "--require-owner", "--dry-run"]).ends(0).says("nothing was changed");
    assert_eq!(shown()["require_owner"], false);
    let set =
        ["policy", "set", "--require-owner", "--max-key-age", "90d", "--max-master-key-age", "30d", "--reason", "r"];
    let ran = room.run(&set).ends(0);
    assert!(ran.out.lines().any(|line| line.contains("any") && line.ends_with("90d")), "{}", ran.out);
    room.run(&set).ends(0).says("hold already");
    let change = room.run(&["policy", "set", "--no-max-key-age", "--reason", "r", "--json"]).ends(0).json();
    assert_eq!((&change["before"]["max_key_age_seconds"], &change["changed"]), (&7_776_000.into(), &true.into()));
    let now = shown();
    assert_eq!((&now["max_key_age_seconds"], &now["require_owner"]), (&().into(), &true.into()));
    assert_eq!(now["refuse_master_key_age_seconds"], 60 * 86_400);
    let entries = room.run(&["audit", "list", "--json"]).ends(0).json_lines();
    assert_eq!(entries.iter().filter(|entry| entry["action"] == "policy" && entry["outcome"] == "done").count(), 2);
}

#[test]
fn status_shows_the_rules_in_force_to_whoever_may_read_them() {
    let room = Room::new();
    let policy_row = |out: &str| {
        let row = out.lines().find(|line| line.starts_with("policy ")).expect("a row");
        row.trim_start_matches("policy").trim_start().to_owned()
    };
    assert_eq!(policy_row(&room.run(&["status"]).ends(0).out), "no rule is set");
    let rules = ["--require-owner", "--max-key-age", "90d", "--reason-pattern", "^OPS-[0-9]+"];
    let more = ["--reissue-on-recovery", "36h", "--max-master-key-age", "30d", "--reason", "OPS-1"];
    room.run(&[&["policy", "set"], &rules[..], &more[..]].concat()).ends(0);
    let told = "API keys up to 90d old; with an owner; reasons with ^OPS-[0-9]+; \
                recovery reissues within 36h; master keys due at 30d, refused at 60d";
    assert_eq!(policy_row(&room.run(&["status"]).ends(0).out), told);
    let mut shown = room.run(&["policy", "show", "--json"]).ends(0).json();
    shown.as_object_mut().expect("an object").remove("schema");
    assert_eq!(room.run(&["status", "--json"]).ends(0).json()["policy"], shown);
    let key = room.run(&["master-key", "verifier", "--version", "1", "--reason", "OPS-2"]).ends(0).out;
    let verifier = room.run(&["status", "--json"]).unset("STRONGROOM_MASTER_KEYS");
    let seen = verifier.env("STRONGROOM_VERIFIER_KEYS", key.trim()).ends(0).json();
    assert_eq!((&seen["policy"], &seen["last_backup"]), (&shown, &serde_json::Value::Null));
}

#[test]
fn each_refusal_ends_with_2_a_code_and_the_next_command() {
    let room = Room::new();
    let (id, _) = room.issue(&["--name", "n"]);
    let rules = ["--require-owner", "--require-expiry", "--max-key-age", "90d", "--reason-pattern", "^OPS-[0-9]+"];
    let given = ["--reissue-on-recovery", "1d", "--reason", "OPS-1"];
    room.run(&[&["policy", "set"], &rules[..], &given[..]].concat()).ends(0);
    let cases: [(&[&str], &str); 6] = [
        (&["issue", "--name", "n", "--expires-in", "1d", "--reason", "OPS-2"], "policy-owner"),
        (&["issue", "--name", "n", "--owner", "o", "--reason", "OPS-2"], "policy-expiry"),
        (&["issue", "--name", "n", "--owner", "o", "--expires-in", "91d", "--reason", "OPS-2"], "policy-age"),
        (&["issue", "--name", "n", "--owner", "o", "--expires-in", "90d"], "policy-reason"),
        (&["revoke", &id, "--reason", "because", "--yes"], "policy-reason"),
        (&["recover", &id, "--reason", "OPS-2", "--yes"], "policy-reissue"),
    ];
    for (arguments, code) in cases {
        let ran = room.run(&[arguments, &["--json"]].concat()).ends(2).says("strongroom policy show");
        let told: serde_json::Value = serde_json::from_str(&ran.err).expect("JSON");
        assert_eq!((text(&told["code"]).as_str(), ran.out.as_str()), (code, ""), "{arguments:?}");
    }
    let line = r#"{"token": "fake-9m83fei8pNM5igsr4MGeVKFk", "name": "n"}"#;
    room.run(&["import", "-", "--reason", "OPS-3"]).stdin(line).ends(2).says("--exempt-from-policy");
    let exempt = ["import", "-", "--reason", "OPS-3", "--exempt-from-policy"];
    room.run(&exempt).stdin(line).ends(0).says("strongroom due");
    room.run(&["verify"]).stdin("fake-9m83fei8pNM5igsr4MGeVKFk").ends(0);
}

#[test]
fn many_expiries_are_brought_nearer_past_the_maximum_age_and_none_is_put_off() {
    let room = Room::with(2);
    room.run(&["policy", "set", "--max-key-age", "30d", "--reason", "r"]).ends(0);
    let update = |span: &str| room.run(&["update", "--owner", "acme", "--expires-in", span, "--yes"]);
    update("300d").ends(0);
    update("200d").ends(0);
    update("300d").ends(14).says("do what the messages ask for first");
}
