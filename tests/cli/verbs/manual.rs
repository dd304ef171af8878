//! Claims about what the program says of itself: its manual, its help and its demonstration.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;

use age::secrecy::ExposeSecret;

use super::key;
use crate::running::{Ran, Room, Run, every_verb, text};
use crate::support::past::damage_listed_record;

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
    check(json(&[1], &["init", "--quick"], ""));
    let (id, token) = room.issue(&["--name", "n", "--owner", "o", "--network", "10.0.0.0/8", "--attribute", "a=b"]);
    check(json(&[1], &["issue", "--name", "n"], ""));
    check(json(&[1], &["import", "-"], r#"{"token": "t-9m83fei8pNM5igsr4MGeVKFk", "name": "n"}"#));
    check(json(&[1], &["verify", "--address", "10.0.0.1", "--endpoint", "/v1"], &token));
    check(json(&[1], &["verify"], &token));
    check(json(&[1], &["identify"], &token));
    for arguments in [
        &["show", &id][..],
        &["list"],
        &["list", "--limit", "1"],
        &["list", "--ids"],
        &["list", "--count"],
        &["man"],
        &["stats"],
        &["audit", "list"],
        &["audit", "verify"],
        &["doctor"],
    ] {
        check(json(&[1], arguments, ""));
    }
    fs::create_dir(room.file("pages")).expect("made");
    let pages = room.file("pages").display().to_string();
    check(json(&[1], &["man", "--out-dir", &pages], ""));
    let writable = fs::Permissions::from_mode(0o622);
    fs::set_permissions(room.path(), writable).expect("set");
    check(json(&[1], &["doctor", "--repair", "--reason", "r", "--yes"], ""));
    let exported = room.file("audit.jsonl").display().to_string();
    check(json(&[1], &["audit", "export", "--out", &exported], ""));
    let checkpoint = json(&[1], &["audit", "checkpoint"], "");
    check(json(&[1], &["audit", "verify", "--checkpoint", "-"], &checkpoint.out));
    let keys = json(&[1], &["audit", "public-key"], "");
    let pin = text(&keys.json()["public_key"]);
    check(keys);
    check(room.run(&["audit", "list", "--json"]).unset("STRONGROOM_MASTER_KEYS").go());
    let proof = json(&[1], &["audit", "prove", "--entry", "2"], "");
    check(json(&[1], &["audit", "check-proof", "-", "--pin", &pin], &proof.out));
    check(proof);
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
    check(json(&[1], &["update", &other, "--not-before", "2099-01-01T00:00:00Z", "--dry-run"], ""));
    check(json(&[1], &["revoke", &other, "--in", "30m", "--reason", "r", "--dry-run"], ""));
    check(json(&[1], &["resume", &other, "--reason", "r"], ""));
    check(json(&[1], &["revoke", &id, "--reason", "r", "--yes"], ""));
    check(json(&[1], &["suspend", "-", "--reason", "r", "--yes"], &id));
    let out = room.file("key").display().to_string();
    check(json(&[1], &["master-key", "generate"], ""));
    check(json(&[1], &["master-key", "generate", "--out", &out], ""));
    check(json(&[1], &["master-key", "check", "--quick"], ""));
    let beside = room.file("keys-beside-the-store");
    fs::write(&beside, format!("1:{}", key(&room, 1))).expect("written");
    fs::set_permissions(&beside, fs::Permissions::from_mode(0o600)).expect("set");
    let beside = beside.display().to_string();
    check(room.run_with([], &["status", "--json"]).env("STRONGROOM_MASTER_KEYS_FILE", &beside).go());
    check(json(&[1], &["policy", "show"], ""));
    check(json(&[1], &["policy", "set", "--require-owner", "--reason", "r"], ""));
    check(json(&[1], &["due", "--unused", "1h"], ""));
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
    let point = room.file("checkpoint").display().to_string();
    fs::write(&point, json(&[1], &["audit", "checkpoint"], "").out).expect("written");
    check(json(&[1], &["backup", "verify", &backup, "--checkpoint", &point], ""));
    check(json(&[1], &["restore", &backup, "--to", &restored, "--yes", "--checkpoint", &point], ""));
    let anchor = room.folder.path().join("anchored");
    fs::create_dir(&anchor).expect("made");
    fs::set_permissions(&anchor, fs::Permissions::from_mode(0o700)).expect("set");
    let anchor = format!("file:{}", anchor.join("anchor").display());
    for arguments in
        [&["anchor", "init", "--reason", "r"][..], &["anchor", "show"], &["anchor", "accept", "--reason", "r", "--yes"]]
    {
        let keyed = format!("1:{}", key(&room, 1));
        let run = room.run_with([], &[arguments, &["--json"]].concat()).env("STRONGROOM_MASTER_KEYS", &keyed);
        check(run.env("STRONGROOM_ANCHOR", &anchor).go());
    }
    fs::write(room.file("leak"), format!("KEY = \"{}\"\n", key(&room, 1))).expect("written");
    let leak = room.file("leak").display().to_string();
    check(json(&[1], &["scan", &leak, "/nonexistent"], ""));
    check(json(&[1, 2], &["rotate-master-key", "--quick", "--dry-run"], ""));
    // Slow enough to show progress, and with a record that keeps it open.
    damage_listed_record(&room.store(), 0);
    check(json(&[1, 2], &["rotate-master-key", "--yes", "--quick", "--rate", "1"], ""));
    // The rotation stays open; one to the key that is active is done.
    let other = Room::with(1);
    check(other.run(&["rotate-master-key", "--to", "1", "--json"]).go());
    damage_an_entry(&room);
    check(json(&[2], &["backup", "forget", "--all"], ""));
    let status = ["rotate-master-key", "--status"];
    for arguments in [
        &["list"][..],
        &["audit", "list"],
        &["status"],
        &["doctor"],
        &["rotate-master-key", "--quick", "--dry-run"],
        &status,
    ] {
        check(json(&[2], arguments, ""));
    }
    let unseen: Vec<_> = manual.fields.keys().filter(|schema| !seen.contains(*schema)).collect();
    assert!(
        unseen.is_empty(),
        "described, and never printed: add a run above, in tests/cli/verbs/manual.rs: {unseen:?}"
    );
}

/// The tables of docs/cli.md: the fields of each document, with those inside as `a.b` and `a[].b`.
struct Manual {
    fields: BTreeMap<String, BTreeSet<String>>,
}

impl Manual {
    fn read() -> Self {
        let mut fields: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut schema = None;
        for line in include_str!("../../../docs/cli.md").lines() {
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
        let described = self.fields.get(&schema).unwrap_or_else(|| {
            panic!("{schema} is not described: add a section under \"JSON documents\" in docs/cli.md");
        });
        for (name, value) in document.as_object().expect("an object").iter().filter(|(name, _)| *name != "schema") {
            Self::check_field(&schema, described, name, value);
        }
        schema
    }

    fn check_field(schema: &str, described: &BTreeSet<String>, path: &str, value: &serde_json::Value) {
        assert!(described.contains(path), "{path} of {schema} is not described: add a row in docs/cli.md");
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
    let secrets: Vec<_> = (1..=3).map(|version| key(&room, version)).collect();
    let verbs = every_verb();
    assert!(verbs.len() > 40, "{verbs:?}");
    for verb in verbs.iter().map(String::as_str).chain([""]) {
        for flag in ["--help", "-h"] {
            let arguments: Vec<_> = verb.split_whitespace().chain([flag]).collect();
            let ran = room.run_with([1, 2, 3], &arguments).env("STRONGROOM_ACTOR", "canary-actor").ends(0);
            assert!(ran.out.contains("Usage:") && ran.err.is_empty());
            let hidden = !secrets.iter().any(|secret| ran.out.contains(secret));
            assert!(
                hidden && !ran.out.contains("canary-actor") && !ran.out.contains(&*room.path().to_string_lossy()),
                "{verb}"
            );
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
fn every_verb_is_in_the_readme_and_in_the_manual() {
    let (readme, manual) = (include_str!("../../../README.md"), include_str!("../../../docs/cli.md"));
    let verbs: BTreeSet<_> = every_verb().into_iter().filter(|verb| is_shown(verb)).collect();
    assert!(verbs.contains("master-key split") && !verbs.contains("rehearsal-step"), "{verbs:?}");
    let missing = |named: &dyn Fn(&String) -> bool| -> Vec<_> { verbs.iter().filter(|verb| !named(verb)).collect() };
    let table = named_in_table(readme, &verbs);
    let unnamed = missing(&|verb| table.contains(verb) || table.iter().any(|it| it.starts_with(&format!("{verb} "))));
    assert!(unnamed.is_empty(), "add rows to the table under \"From a terminal\" in README.md: {unnamed:?}");
    let unnamed = missing(&|verb| [" ", "`"].iter().any(|end| manual.contains(&format!("`{verb}{end}"))));
    assert!(unnamed.is_empty(), "say in docs/cli.md what they do: {unnamed:?}");
    let made_up = "## From a terminal\n\n| `strongroom list`, `show ID` | `due` |\n| `strongroom audit list`, `verify` | x |\n\n## More\n| `due` |";
    let found = ["list", "show", "audit list", "audit verify"].map(String::from);
    assert_eq!(named_in_table(made_up, &verbs), found.into());
}

/// Whether the help of the program, or of the verb above, lists it.
fn is_shown(verb: &str) -> bool {
    let (above, last) = verb.rsplit_once(' ').unwrap_or(("", verb));
    let help = Run::bare(&above.split_whitespace().chain(["--help"]).collect::<Vec<_>>()).ends(0).out;
    help.lines().any(|line| line.starts_with("  ") && line.split_whitespace().next() == Some(last))
}

/// The verbs in the first column of the README's table; the second of a row can be named without what they have in common.
fn named_in_table(readme: &str, verbs: &BTreeSet<String>) -> BTreeSet<String> {
    let section =
        readme.split("\n## ").find(|section| section.trim_start_matches("## ").starts_with("From a terminal\n"));
    let rows = section.unwrap_or_default().lines().filter(|line| line.starts_with("| `"));
    let mut found = BTreeSet::new();
    for cell in rows.filter_map(|row| row.split('|').nth(1)) {
        let mut group = "";
        for code in cell.split('`').skip(1).step_by(2) {
            let words = code.trim_start_matches("strongroom ");
            let named = verbs.iter().filter(|verb| format!("{words} ").starts_with(&format!("{verb} ")));
            let within = format!("{group} {words} ");
            let in_group = verbs.iter().filter(|verb| !group.is_empty() && within.starts_with(&format!("{verb} ")));
            let longest = |verbs: &mut dyn Iterator<Item = &String>| verbs.max_by_key(|verb| verb.len()).cloned();
            let in_group = longest(&mut in_group.filter(|verb| verb.contains(' ')));
            found.extend(in_group.or_else(|| longest(&mut { named })));
            if code.starts_with("strongroom ") {
                group = words.split(' ').next().unwrap_or_default();
            }
        }
    }
    found
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

/// Puts something else in the place of the second audit entry.
fn damage_an_entry(room: &Room) {
    let connection = rusqlite::Connection::open(room.path()).expect("opened");
    let changed = connection.execute("UPDATE audit SET v = x'00' WHERE k = x'0000000000000002'", []);
    assert_eq!(changed.expect("changed"), 1);
}
