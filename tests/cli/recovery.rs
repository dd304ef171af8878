//! Claims about recovering tokens, one or all of them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};
use crate::support::faulty::{FaultyStore, Moment};
use crate::support::{Keys, act};
use age::secrecy::ExposeSecret;
use serde_json::Value;
use strongroom::error::Detail;
use strongroom::{Act, ApiKeyId, Error, NewApiKey, Reissue, Request, SqliteStore, Update, Vault, VerifyError};

/// Somebody with an age identity, who keeps it in a file.
struct Person {
    recipient: String,
    secret: String,
    file: String,
}

impl Person {
    fn of(room: &Room) -> Self {
        let identity = age::x25519::Identity::generate();
        let (secret, recipient) = (identity.to_string().expose_secret().to_owned(), identity.to_public().to_string());
        let file = room.file("identity");
        fs::write(&file, &secret).expect("written");
        Self { recipient, secret, file: file.display().to_string() }
    }
}

fn open(room: &Room) -> Vault {
    Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault")
}

/// A vault with an API key of every kind: its tokens by name.
fn varied(room: &Room) -> BTreeMap<String, String> {
    let mut tokens = BTreeMap::new();
    let vault = open(room);
    for n in 0..20 {
        let key = NewApiKey::new(format!("plain {n}")).owner("acme").scope("read").scope("write");
        tokens.insert(format!("plain {n}"), vault.issue(&key, &act()).expect("issued").token.expose().to_owned());
    }
    let keep = |tokens: &mut BTreeMap<_, _>, key: NewApiKey, name: &str| {
        let issued = vault.issue(&key, &act()).expect("issued");
        tokens.insert(name.to_owned(), issued.token.expose().to_owned());
        issued.id
    };
    let rich = NewApiKey::new("rich \u{202e}\"").network("10.0.0.0/8".parse().expect("network")).prefix("my_app");
    let far: strongroom::Timestamp = "2099-01-01T00:00:00.123Z".parse().expect("time");
    keep(&mut tokens, rich.attribute("plan", "gold \" \\ \n é").expires_at(far), "rich");
    let revoked = keep(&mut tokens, NewApiKey::new("revoked"), "revoked");
    vault.revoke(revoked, &act()).expect("revoked");
    let suspended = keep(&mut tokens, NewApiKey::new("suspended").not_before(act_start()), "suspended");
    vault.suspend(suspended, &act()).expect("suspended");
    let old = keep(&mut tokens, NewApiKey::new("replaced"), "replaced");
    let issued = vault.reissue(old, &Reissue::new().grace(Duration::from_secs(86_400)), &act()).expect("reissued");
    tokens.insert("replacement".into(), issued.token.expose().to_owned());
    vault.update(issued.id, &Update::new().name("replacement"), &act()).expect("updated");
    let line = r#"{"token": "legacy token ü 9m83fei8pNM5igsr4MGeVKFk", "name": "legacy", "created_at": "2019-01-01T00:00:00Z", "scopes": ["a"]}"#;
    room.run(&["import", "-"]).stdin(line).ends(0);
    tokens.insert("legacy".into(), "legacy token ü 9m83fei8pNM5igsr4MGeVKFk".into());
    tokens
}

fn act_start() -> strongroom::Timestamp {
    "2020-01-01T00:00:00Z".parse().expect("time")
}

/// Everything that `list --json` says, without what is new in every vault.
fn listed(room: &Room) -> Vec<Value> {
    let mut keys = room.run(&["list", "--all", "--json"]).ends(0).json_lines();
    for key in &mut keys {
        key.as_object_mut().expect("an object").remove("revision");
    }
    keys
}

fn export(room: &Room, person: &Person, out: &str, more: &[&str]) -> Run {
    let base = ["recover", "--all", "--to", &person.recipient, "--out", out, "--reason", "migration", "--yes"];
    room.run(&[&base[..], more].concat())
}

#[test]
fn an_export_taken_in_elsewhere_is_the_same_vault() {
    let (room, other) = (Room::new(), Room::new());
    let (person, tokens) = (Person::of(&room), varied(&room));
    let out = room.file("export").display().to_string();
    let ran = export(&room, &person, &out, &["--json"]).ends(0);
    let document = ran.json_lines().pop().expect("a document");
    assert_eq!((&document["keys"], &document["left_out"]), (&(tokens.len() as u64).into(), &0.into()));
    for path in [out.clone(), format!("{out}.00001.age")] {
        let bytes = fs::read(&path).expect("read");
        assert_eq!(fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o600);
        for token in tokens.values() {
            // The id before it is no secret.
            let secret = &token.as_bytes()[token.len() - 12..];
            assert!(!bytes.windows(12).any(|part| part == secret), "{path}");
        }
    }
    other.run(&["import", &out, "--identity", &person.file]).ends(0);
    assert_eq!(listed(&other), listed(&room));
    let (before, after) = (open(&room), open(&other));
    let request = Request::new().address([10, 1, 2, 3]);
    for (name, token) in &tokens {
        match (before.verify(token, &request), after.verify(token, &request)) {
            (Ok(left), Ok(right)) => assert_eq!((left.id, left.name), (right.id, right.name)),
            (Err(left @ VerifyError::Refused { .. }), Err(right @ VerifyError::Refused { .. })) => {
                assert_eq!((left.refusal(), left.key()), (right.refusal(), right.key()), "{name}");
            }
            (left, right) => panic!("{name}: {left:?} {right:?}"),
        }
    }
    assert!(matches!(after.verify(&tokens["revoked"], &request), Err(VerifyError::Refused { .. })));
    other.run(&["doctor"]).ends(0);
    // A second run finds everything there, and changes nothing.
    let again = other.run(&["import", &out, "--identity", &person.file, "--json"]).ends(0).json_lines();
    assert_eq!(again.last().expect("a document")["imported"], 0);
    assert_eq!(listed(&other), listed(&room));
}

#[test]
fn every_exported_api_key_is_in_the_audit_log() {
    let room = Room::with(30);
    let person = Person::of(&room);
    let out = room.file("export").display().to_string();
    export(&room, &person, &out, &[]).ends(0);
    let entries = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    let exported: Vec<_> = entries.iter().filter(|entry| entry["action"] == "export").collect();
    assert_eq!(exported.len(), 30);
    assert!(exported.iter().all(|entry| entry["reason"] == "migration"));
    let ids: Vec<_> = listed(&room).iter().map(|key| text(&key["id"])).collect();
    assert_eq!(exported.iter().map(|entry| text(&entry["key"])).collect::<Vec<_>>(), ids);
    room.run(&["audit", "verify"]).ends(0);
}

#[test]
fn an_export_that_was_stopped_anywhere_goes_on_and_misses_nothing() {
    let room = Room::with(12_000);
    let person = Person::of(&room);
    let out = room.file("export").display().to_string();
    export(&room, &person, &out, &[]).ends(0);
    let whole = fs::read_to_string(&out).expect("read");
    let lines: Vec<_> = whole.split_inclusive('\n').collect();
    assert_eq!(lines.len(), 5, "a head, three parts and an end");
    let other = Room::new();
    let cuts = (1..lines.len()).flat_map(|kept| {
        let start = lines[..kept].concat();
        [start.clone(), format!("{start}{}", &lines[kept][..lines[kept].len() / 2])]
    });
    for (number, cut) in cuts.enumerate() {
        fs::write(&out, &cut).expect("written");
        // What a run leaves that is killed while it writes.
        fs::write(format!("{out}.00002.age.partial"), "half a part").expect("written");
        if number % 2 == 1 {
            let _ = fs::write(format!("{out}.00003.age"), "never counted");
        }
        other.run(&["import", &out, "--identity", &person.file]).ends(14).says("not complete");
        // A part that does not count yet is written again, and one that counts has to be the one that was written.
        let counted = cut.lines().count() - 1 - usize::from(!cut.ends_with('\n'));
        if counted < 3 || number % 2 == 0 {
            export(&room, &person, &out, &["--resume"]).ends(0);
        }
        if counted == 3 && number % 2 == 1 {
            continue;
        }
        let taken = fs::read_to_string(&out).expect("read");
        assert_eq!(taken.lines().last().expect("an end"), whole.lines().last().expect("an end"));
    }
    fs::remove_file(format!("{out}.00001.age")).expect("removed");
    export(&room, &person, &out, &[]).ends(5);
    let fresh = room.file("fresh").display().to_string();
    export(&room, &person, &fresh, &[]).ends(0);
    other.run(&["import", &fresh, "--identity", &person.file]).ends(0);
    assert_eq!(listed(&other).len(), 12_000);
    assert_eq!(listed(&other), listed(&room));
}

#[test]
fn an_export_that_was_cut_off_in_its_first_line_begins_anew() {
    let room = Room::with(3);
    let person = Person::of(&room);
    let out = room.file("export").display().to_string();
    export(&room, &person, &out, &[]).ends(0);
    let whole = fs::read_to_string(&out).expect("read");
    let head = whole.lines().next().expect("a head").to_owned();
    for len in [0, 1, head.len() / 2, head.len()] {
        fs::remove_file(format!("{out}.00001.age")).expect("removed");
        fs::write(&out, &head[..len]).expect("written");
        export(&room, &person, &out, &["--resume"]).ends(0);
        assert_eq!(fs::read_to_string(&out).expect("read").lines().count(), 3, "cut at {len}");
    }
    // What somebody else has written is not written over.
    for foreign in ["{\"schema\":\"another", "a", "\n"] {
        fs::write(&out, foreign).expect("written");
        export(&room, &person, &out, &["--resume"]).ends(2).says("cannot read the export");
        assert_eq!(fs::read_to_string(&out).expect("read"), foreign);
    }
}

#[test]
fn what_cannot_be_exported_is_listed_and_makes_exit_14() {
    let room = Room::with(3);
    let person = Person::of(&room);
    let (id, _) = room.issue(&["--name", "n", "--unrecoverable"]);
    let out = room.file("export").display().to_string();
    let ran = export(&room, &person, &out, &[]).ends(14).says("could not be exported: 1");
    assert!(ran.out.contains(&format!("left out {id}: not-recoverable")) && ran.out.contains("exported 3 API keys"));
    let other = Room::new();
    let ran = other.run(&["import", &out, "--identity", &person.file]).ends(0);
    assert!(
        ran.out.contains("imported 3") && ran.err.contains("1 API key had been left out"),
        "{} {}",
        ran.out,
        ran.err
    );
}

#[test]
fn an_export_is_not_taken_from_others_over_another_or_damaged() {
    let room = Room::with(3);
    let (person, out) = (Person::of(&room), room.file("export").display().to_string());
    export(&room, &person, &out, &[]).ends(0);
    export(&room, &person, &out, &[]).ends(5);
    let elsewhere = Room::with(1);
    export(&elsewhere, &person, &out, &["--resume"]).ends(5).says("is of another vault");
    let stranger = Person::of(&elsewhere);
    export(&room, &stranger, &out, &["--resume"]).ends(5).says("other recipients");
    let other = Room::new();
    other.run(&["import", &out]).ends(2).says("--identity");
    other.run(&["import", &out, "--identity", &stranger.file]).ends(2).says("not encrypted to any");
    let part = format!("{out}.00001.age");
    let good = fs::read(&part).expect("read");
    for at in (0..good.len()).step_by(97) {
        let mut bad = good.clone();
        bad[at] ^= 1;
        fs::write(&part, bad).expect("written");
        other.run(&["import", &out, "--identity", &person.file]).ends(13).says("is not the part");
        // Without the manifest nothing but age itself notices.
        let ran = other.run(&["import", &part, "--identity", &person.file]).go();
        assert!(matches!(ran.code, Some(2)), "byte {at}: {:?} {}", ran.code, ran.err);
    }
    fs::write(&part, good).expect("written");
    assert_eq!(listed(&other).len(), 0);
    other.run(&["import", &part, "--identity", &person.file]).ends(0);
    assert_eq!(listed(&other), listed(&room));
    let file = room.file("unwritable/export").display().to_string();
    export(&room, &person, &file, &[]).ends(1).says("hint: ");
    let base = ["recover", "--all", "--to", &person.recipient, "--reason", "r"];
    room.run(&[&base[..], &["--out", &room.file("x").display().to_string()]].concat()).ends(17);
    room.run(&base).ends(2).says("--out");
    assert!(!room.file("x").exists());
}

#[test]
fn recovering_names_an_api_key_by_id_beginning_token_or_name() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "billing", "--prefix", "my_app"]);
    std::thread::sleep(Duration::from_millis(40));
    let (other, _) = room.issue(&["--name", "billing 2"]);
    let run = |arguments: &[&str]| room.run(&[&["recover", "--reason", "r", "--yes"], arguments].concat());
    let line = format!("{token}\n");
    let unique = &id[..10];
    assert_ne!(unique, &other[..10]);
    for subject in [&id, unique, &id[..25], &format!("my_app_{id}"), &format!("my_app_{}", &id[..12])] {
        assert_eq!(run(&[subject]).ends(0).out, line, "{subject}");
    }
    assert_eq!(run(&["--name", "billing"]).ends(0).out, line);
    run(&[&format!("sr_{}", &other[..10])]).ends(0);
    run(&["name:billing 2"]).ends(0);
    for (arguments, code, says) in [
        (&[&id[..6]][..], 5, other.as_str()),
        (&[&id[..3]], 2, "6 characters"),
        (&["--name", "nobody"], 4, "strongroom list"),
        (&["--name", "bill"], 4, "strongroom list"),
        (&[&format!("sr_{id}")], 4, "begin so"),
        (&["7zzzzz"], 4, "begin so"),
        (&["800000"], 4, "begin so"),
        (&["name:bill"], 4, "strongroom list"),
        (&["name:"], 2, "no name"),
        (&["my_app_"], 2, "nothing of an id"),
        (&[""], 2, "nothing of an id"),
        (&[&id, "--name", "billing"], 2, "--name"),
        (&[], 2, "ID"),
    ] {
        let ran = run(arguments).ends(code).says(says);
        assert_eq!(ran.out, "", "{arguments:?}");
    }
    room.issue(&["--name", "billing"]);
    let ran = run(&["--name", "billing"]).ends(5).says(&id).says("strongroom show");
    assert!(ran.out.is_empty() && !ran.err.contains(&token[33..]));
    // A whole token in the arguments is refused and not repeated.
    let ran = run(&[&token]).ends(2).says("more than an id");
    assert!(!ran.err.contains(&token[33..]));
}

#[test]
fn a_token_goes_to_a_new_private_file_and_to_a_terminal_only_when_asked() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let out = room.file("token");
    let name = out.display().to_string();
    let ran = room.run(&["recover", &id, "--reason", "r", "--yes", "--out", &name, "--json"]).ends(0);
    assert!(ran.json().get("token").is_none() && !ran.out.contains(&token[33..]));
    assert_eq!(fs::read_to_string(&out).expect("read"), format!("{token}\n"));
    assert_eq!(fs::metadata(&out).expect("there").permissions().mode() & 0o777, 0o600);
    let entries = || room.run(&["audit", "list", "--json"]).ends(0).json_lines().len();
    let before = entries();
    room.run(&["recover", &id, "--reason", "r", "--yes", "--out", &name]).ends(5);
    let terminal = |more: &str| -> (Option<i32>, String) {
        let line = format!("{} recover {id} --reason r --yes {more}", program_path());
        let mut command = Command::new("script");
        command.args(["-qec", &line, "/dev/null"]).env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
        command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
        let output = command.output().expect("script of util-linux");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let (code, said) = terminal("");
    assert!(code == Some(17) && said.contains("--reveal") && !said.contains(&token[33..]), "{code:?} {said}");
    assert_eq!(entries(), before, "nothing was done");
    let (code, said) = terminal("--reveal");
    assert!(code == Some(0) && said.contains(&token), "{code:?} {said}");
}

#[test]
fn recovering_can_reissue_in_the_same_commit() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n", "--scope", "read"]);
    let ran = room.run(&["recover", &id, "--reason", "leaver", "--yes", "--reissue", "--grace", "24h"]).ends(0);
    let tokens: Vec<_> = ran.out.lines().collect();
    assert_eq!((tokens.len(), tokens[0]), (2, token.as_str()));
    for token in &tokens {
        room.run(&["verify", "--scope", "read"]).stdin(token).ends(0);
    }
    let entries = room.run(&["audit", "list", "--json"]).ends(0).json_lines();
    let last: Vec<_> = entries[entries.len() - 3..].iter().map(|entry| text(&entry["action"])).collect();
    assert_eq!(last, ["recover", "reissue", "issue"]);
    room.run(&["recover", &id, "--reason", "r", "--yes", "--grace", "24h"]).ends(2).says("--reissue");
    let ran = room.run(&["recover", &id, "--reason", "r", "--yes", "--reissue"]).ends(5).says("was reissued as");
    assert_eq!(ran.out, "");
    let last = room.run(&["audit", "list", "--json"]).ends(0).json_lines().pop().expect("an entry");
    assert_eq!((text(&last["action"]), text(&last["outcome"])), ("recover".into(), "refused".into()));
    let new = &tokens[1][3..29];
    let document = room.run(&["recover", new, "--reason", "r", "--yes", "--reissue", "--json"]).ends(0).json();
    room.run(&["verify"]).stdin(tokens[1]).ends(3).says("revoked");
    room.run(&["verify"]).stdin(text(&document["replacement"]["token"])).ends(0);
}

#[test]
fn nothing_is_recovered_reissued_or_exported_when_the_audit_entry_cannot_be_written() {
    for moment in [Moment::Before, Moment::After] {
        let (store, keys) = (FaultyStore::default(), Keys::generate(1));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue(&NewApiKey::new("key"), &act()).expect("issued");
        store.break_at(1, moment);
        let refused = vault.recover_and_reissue(issued.id, &Reissue::new(), &act());
        assert!(matches!(refused.as_ref().map_err(Error::detail), Err(Detail::Store(_))), "{moment:?}: {refused:?}");
        store.mend();
        store.break_at(1, moment);
        let refused = vault.export_page(None, 10, &act());
        assert!(matches!(refused.as_ref().map_err(Error::detail), Err(Detail::Store(_))), "{moment:?}: {refused:?}");
        store.mend();
        store.break_at(1, moment);
        let key =
            strongroom::MasterKey::parse(keys.variable([1]).split_once(':').expect("VERSION:KEY").1).expect("key");
        let refused = vault.split_master_key(&key, &strongroom::escrow::Split::new(3, 2), &act());
        assert!(matches!(refused.as_ref().map_err(Error::detail), Err(Detail::Store(_))), "{moment:?}");
        store.mend();
        assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    }
}

#[test]
fn exporting_and_recovering_need_a_reason() {
    let room = Room::new();
    let vault = open(&room);
    let issued = vault.issue(&NewApiKey::new("key"), &act()).expect("issued");
    assert!(matches!(vault.export_page(None, 10, &Act::by("a")).as_ref().map_err(Error::detail), Err(Detail::Act(_))));
    assert!(matches!(
        vault.recover_and_reissue(issued.id, &Reissue::new(), &Act::by("a")).as_ref().map_err(Error::detail),
        Err(Detail::Act(_))
    ));
    let page = vault.export_page(None, 10, &act()).expect("a page");
    assert_eq!((page.items.len(), page.items[0].id, page.items[0].key.is_ok()), (1, issued.id, true));
    let end = vault.export_page(Some(strongroom::Cursor::after_api_key(issued.id)), 10, &act()).expect("the end");
    assert_eq!((page.next, end.next, end.items.len()), (None, None, 0));
    assert_eq!(vault.ids_beginning(&issued.id.to_string()[..8], 10).expect("found"), [issued.id]);
    assert_eq!(vault.ids_beginning("", 10).expect("found"), [issued.id]);
    assert_eq!(vault.ids_beginning("7zzz", 10).expect("none"), Vec::<ApiKeyId>::new());
}

#[test]
fn no_token_or_identity_appears_where_it_should_not() {
    let room = Room::new();
    let person = Person::of(&room);
    let mut secrets: Vec<String> =
        varied(&room).into_values().map(|token| token[token.len() - 13..].to_owned()).collect();
    secrets.extend([person.secret.clone(), room.keys.variable([1])[2..].to_owned()]);
    let id = text(&listed(&room)[3]["id"]);
    for (number, extra) in [&["--log", "trace"][..], &["--log", "trace", "--json"]].into_iter().enumerate() {
        let file = |name: &str| room.file(&format!("{name}-{number}")).display().to_string();
        let (out, token, other) = (file("export"), file("token"), format!("sqlite:{}", file("other")));
        room.run(&["init", "--quick", "--store", &other]).ends(0);
        let all = ["recover", "--all", "--to", &person.recipient, "--out", &out, "--reason", "r", "--yes"];
        let cases: [&[&str]; 9] = [
            &all,
            &all,
            &["recover", "--all", "--to", &person.recipient, "--out", &out, "--reason", "r", "--yes", "--resume"],
            &["import", &out, "--identity", &person.file, "--store", &other],
            &["import", &out, "--identity", &person.file, "--store", &other],
            &["import", &out, "--store", &other],
            &["import", &person.file, "--store", &other],
            &["recover", &id, "--reason", "r", "--yes", "--out", &token],
            &["recover", "--name", "plain 1", "--reason", "r"],
        ];
        for arguments in cases {
            let Ran { out, err, .. } = room.run(&[arguments, extra].concat()).go();
            for secret in &secrets {
                assert!(!out.contains(secret) && !err.contains(secret), "{arguments:?}: {out} {err}");
            }
        }
        // Where it is the result it is on standard output, and nowhere else.
        let ran = room.run(&[&["recover", &id, "--reason", "r", "--yes"], extra].concat()).ends(0);
        assert_eq!(secrets.iter().filter(|secret| ran.out.contains(*secret)).count(), 1);
        assert!(!secrets.iter().any(|secret| ran.err.contains(secret)));
    }
}

#[test]
fn nothing_is_done_for_a_file_that_cannot_be_written() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    let before = room.run(&["audit", "list", "--all", "--json"]).ends(0).out;
    let nowhere = room.file("none").join("file").display().to_string();
    let acts: [&[&str]; 3] = [
        &["recover", &id, "--reason", "r", "--yes", "--out", &nowhere],
        &["recover", &id, "--reissue", "--reason", "r", "--yes", "--out", &nowhere],
        &["master-key", "verifier", "--version", "1", "--reason", "r", "--out", &nowhere],
    ];
    for act in acts {
        let ran = room.run(act).ends(1);
        assert!(ran.err.contains("No such file") && ran.err.contains("hint:"), "{}", ran.err);
    }
    // The last file of a set is in the way: no share is made, and no other file stays.
    let shares = room.file("shares");
    fs::create_dir(&shares).expect("made");
    fs::write(shares.join("master-key-1-share-3-of-3.txt"), "theirs").expect("written");
    let folder = shares.display().to_string();
    let split = ["master-key", "split", "--shares", "3", "--threshold", "2", "--out-dir", &folder];
    room.run(&split).ends(5);
    assert_eq!(fs::read_dir(&shares).expect("folder").count(), 1);
    assert_eq!(room.run(&["audit", "list", "--all", "--json"]).ends(0).out, before);
    room.run(&["verify", "--no-usage"]).stdin(&token).ends(0);

    // What is refused leaves no file behind.
    let out = room.file("out").display().to_string();
    room.run(&["revoke", &id, "--reason", "r", "--yes"]).ends(0);
    room.run(&["recover", &id, "--reissue", "--reason", "r", "--yes", "--out", &out]).ends(5);
    room.run(&["master-key", "verifier", "--version", "7", "--reason", "r", "--out", &out]).ends(12);
    assert!(!room.file("out").exists());
}
