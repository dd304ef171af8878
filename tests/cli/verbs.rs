//! Claims about the program, made by running it.

mod files;
#[cfg(feature = "age")]
mod manual;
mod master_keys;
mod output;

use std::fs;
use std::process::Command;
use std::time::Duration;

use crate::edited::{edit_file, edit_without_types};
use crate::running::{Room, text};
use crate::support::past::damage_listed_record;
use serde_json::json;
use strongroom::master::Fingerprint;
use strongroom::{MasterKeyVersion, MasterKeys};

#[test]
fn a_first_vault_takes_four_commands() {
    let room = Room::empty();
    let said = room.run(&["init", "--quick"]).ends(0);
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
    room.run(&["init", "--quick"]).ends(5).says("holds a vault already").says("strongroom status");
}

#[test]
fn the_suite_of_a_new_vault_can_be_chosen() {
    let room = Room::empty();
    room.run(&["init", "--quick", "--suite", "xchacha20-poly1305"]).ends(0);
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
fn a_refusal_names_the_api_key_only_where_its_secret_was_shown_and_identify_names_it_in_every_state() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "billing", "--scope", "read", "--network", "10.0.0.0/8"]);
    let (_, other) = room.issue(&["--name", "other"]);
    let wrong_secret = format!("{}{}", &token[..29], &other[29..]);
    let named = |arguments: &[&str], token: &str| {
        let ran = room.run(&[&["verify", "--json", "--log", "info"], arguments].concat()).stdin(token).ends(3);
        (ran.json().get("id").is_some_and(|found| *found == id.as_str()), ran.err.contains(&id))
    };
    assert_eq!(named(&[], &token), (true, true), "the address");
    assert_eq!(named(&["--address", "10.1.2.3", "--scope", "write"], &token), (true, true), "the scope");
    for nobodys in [&wrong_secret, "nobody's", &token[..token.len() - 1], ""] {
        assert_eq!(named(&[], nobodys), (false, false), "{nobodys}");
        room.run(&["identify"]).stdin(nobodys).ends(4).says("hint: ");
    }
    let identified = |status: &str| {
        let ran = room.run(&["identify"]).stdin(&token).ends(0);
        assert_eq!(ran.out, format!("{id} {status} billing\n"));
        let document = room.run(&["identify", "--json"]).stdin(&token).ends(0).json();
        assert_eq!((&document["id"], &document["status"]), (&id.as_str().into(), &status.into()));
    };
    identified("active");
    room.run(&["suspend", &id, "--reason", "r"]).ends(0);
    identified("suspended");
    room.run(&["verify"]).stdin(&token).ends(3).says(&format!("resume {id}"));
    room.run(&["revoke", &id, "--reason", "r", "--yes"]).ends(0);
    identified("revoked");
    let ran = room.run(&["verify"]).stdin(&token).ends(3).says(&format!("(API key {id})")).says("audit list");
    assert_eq!(ran.out, "not valid\n");
    let counted = room.run(&["show", &id, "--json"]).ends(0).json();
    assert_eq!((&counted["verifications"], &counted["refused"]), (&0.into(), &4.into()), "identify is no use");
}

#[test]
fn an_api_key_expires() {
    let room = Room::new();
    let (_, token) = room.issue(&["--name", "n", "--expires-in", "1s"]);
    std::thread::sleep(Duration::from_millis(1_100));
    room.run(&["verify"]).stdin(token).ends(3).says("expired");
    room.run(&["issue", "--name", "n", "--expires-at", "2020-01-01T00:00:00Z"]).ends(2).says("in the past");
    for bad in ["90", "d", "-1d", "+1d", "0d", "1x", "1.5h", "99999999999999999999d", "é"] {
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
        let lines = ran.json_lines();
        lines.iter().filter(|line| line["schema"] != "strongroom.page.v1").map(|line| text(&line["id"])).collect()
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
    let next = |limit: &str| {
        let lines = room.run(&["list", "--json", "--owner", "acme", "--limit", limit]).ends(0).json_lines();
        lines.last().map(|line| line["next"].clone())
    };
    assert_eq!((next("2"), next("4")), (Some(json!(ids[1])), Some(json!(ids[3]))));
    assert_eq!((next("5"), next("6")), (Some(json!(null)), Some(json!(null))), "there are no more");
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
    damage_listed_record(&room.store(), 0);
    let ran = room.run(&["list"]).ends(13).says("records that do not open: 1").says("strongroom doctor");
    assert_eq!(ran.out.lines().count(), 4);
    assert!(ran.out.contains("unreadable") && ran.out.contains("failed authentication"));
    let lines = room.run(&["list", "--json"]).ends(13).json_lines();
    assert_eq!(lines.iter().filter(|line| line["schema"] == "strongroom.unreadable.v1").count(), 1);
    let ran = room.run(&["doctor"]).ends(13);
    assert!(ran.out.contains("damage record:"), "{}", ran.out);
    let ran = room
        .run_with([1, 2], &["rotate-master-key", "--yes", "--quick"])
        .ends(14)
        .says("did not open")
        .says("rotate-master-key");
    assert!(ran.out.contains("UNREADABLE") && ran.out.contains("corrupt"));
    let ran = room.run_with([2], &["rotate-master-key", "--yes", "--quick", "--json"]).ends(14);
    let lines = ran.json_lines();
    let report = lines.last().expect("a report");
    assert_eq!((&report["outcome"], &report["unreadable"][0]["cause"]), (&"incomplete".into(), &"corrupt".into()));
}

#[test]
fn a_value_that_is_no_blob_is_a_bad_record_like_any_other() {
    let room = Room::with(3);
    edit_without_types(&room.path(), "UPDATE keys SET v = CAST(v AS TEXT) WHERE k = (SELECT min(k) FROM keys)");
    let ran = room.run(&["list"]).ends(13).says("records that do not open: 1");
    assert_eq!(ran.out.lines().count(), 4);
    assert!(room.run(&["doctor"]).ends(13).out.contains("damage record:"));
    let ran = room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick", "--json"]).ends(14);
    assert_eq!(ran.json_lines().last().expect("a report")["moved"], 2);
    edit_file(&room.path(), "DROP TABLE audit");
    room.run_with([2], &["audit", "verify"]).ends(13).says("the table audit is missing").says("restore a backup");
}

#[test]
fn what_is_planted_in_the_file_is_refused_with_the_command_that_takes_it_away() {
    let room = Room::with(2);
    let repair = |told: &str, code: i32| {
        let at = told.find("strongroom doctor ").expect("a command");
        let command = &told[at..told[at..].find('`').map_or(told.len(), |end| at + end)];
        let words: Vec<_> = command.split(' ').skip(1).chain(["--yes"]).collect();
        room.run_with([1, 2], &words).ends(code);
    };
    for (sql, named) in [
        ("CREATE TRIGGER keep AFTER UPDATE ON keys BEGIN SELECT 1; END", "trigger \"keep\" on the table keys"),
        ("CREATE INDEX \"it's\" ON usage (v)", "index \"it's\" on the table usage"),
    ] {
        edit_file(&room.path(), sql);
        for verb in
            [&["list"][..], &["status"], &["doctor"], &["issue", "--name", "n"], &["stats"], &["audit", "verify"]]
        {
            let ran = room.run(verb).ends(13).says(named);
            assert!(!ran.err.contains("run the command again"), "{}", ran.err);
        }
        let told = room.run(&["list"]).ends(13).err;
        repair(&told, 0);
        room.run(&["list"]).ends(0);
    }
    let text_key = "INSERT INTO keys SELECT hex(k), v FROM keys";
    edit_without_types(&room.path(), text_key);
    let ran = room.run(&["list"]).ends(13).says("a row of the table keys has a text for its key");
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(13).says("a text for its key");
    // The rotation that met it is open.
    repair(&ran.err, 3);
    room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends(0);
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
    room.run(&["init", "--quick", "--actor", "alice"]).ends(0);
    room.run(&["issue", "--name", "n"]).env("STRONGROOM_ACTOR", "bob").ends(0);
    room.run(&["issue", "--name", "n"]).ends(0);
    room.run(&["issue", "--name", "n", "--actor", ""]).ends(2).says("actor");
    let entries = room.run(&["audit", "list", "--json"]).ends(0).json_lines();
    assert_eq!((&entries[0]["actor"], &entries[1]["actor"]), (&"alice".into(), &"bob".into()));
    let id = Command::new("id").arg("-un").output().expect("id");
    assert_eq!(text(&entries[2]["actor"]), String::from_utf8_lossy(&id.stdout).trim());
}

#[test]
fn import_takes_all_or_nothing() {
    let room = Room::new();
    let data = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/django_tokens.jsonl");
    let good = fs::read_to_string(data).expect("read");
    let ids = room.run(&["import", data]).ends(0);
    assert_eq!(ids.out.lines().count(), 60);
    let first: serde_json::Value = serde_json::from_str(good.lines().next().expect("a line")).expect("JSON");
    let token = text(&first["token"]);
    room.run(&["verify"]).stdin(&token).ends(0);
    let id = ids.out.lines().next().expect("an id").to_owned();
    assert_eq!(room.run(&["recover", &id, "--reason", "r", "--yes"]).ends(0).out, format!("{token}\n"));
    room.run(&["import", data]).ends(2).says("line 1: ");

    let line = |n: u32| format!("{{\"token\": \"tok{n}-9m83fei8pNM5igsr4MGeVKFk\", \"name\": \"n\"}}\n");
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
    let lines = room.run(&["import", "-", "--json"]).stdin(many.trim_end()).ends(0).json_lines();
    assert_eq!(lines[0]["ids"].as_array().map(Vec::len), Some(5_000));
    assert_eq!(lines[1]["imported"], 5_000);
}

#[test]
fn the_audit_log_pages_and_its_chain_is_followed() {
    let room = Room::with(3);
    assert!(room.run(&["audit", "verify"]).ends(0).out.contains("4 chained entries"));
    let page = room.run(&["audit", "list", "--limit", "2"]).ends(0).says("--after 2");
    assert_eq!(page.out.lines().count(), 3);
    let lines = room.run(&["audit", "list", "--limit", "2", "--json"]).ends(0).json_lines();
    assert_eq!(lines[2], json!({ "schema": "strongroom.page.v1", "next": "2" }));
    assert_eq!(room.run(&["audit", "list", "--limit", "4", "--json"]).ends(0).json_lines().len(), 4);
    assert_eq!(room.run(&["audit", "list", "--after", "3", "--json"]).ends(0).json_lines().len(), 1);
    assert_eq!(room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines().len(), 4);
    let connection = rusqlite::Connection::open(room.path()).expect("opened");
    connection.execute("DELETE FROM audit WHERE k = ?1", [2_u64.to_be_bytes()]).expect("deleted");
    drop(connection);
    room.run(&["audit", "verify"]).ends(13).says("audit entry 2 is missing").says("strongroom doctor");
}

fn key(room: &Room, version: u32) -> String {
    room.keys.variable([version]).split_once(':').expect("an entry").1.to_owned()
}

fn fingerprint(room: &Room, version: u32) -> String {
    let keys: MasterKeys = room.keys.only([version]);
    let (_, print): (MasterKeyVersion, Fingerprint) = keys.versions().next().expect("a key");
    print.to_string()
}
