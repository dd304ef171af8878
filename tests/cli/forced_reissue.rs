//! Recovering and exporting where the policy forces a reissue on every recovery.

use std::fs;
use std::time::Duration;

use crate::running::{Ran, Room, Run, text};
use crate::support::act;
use age::secrecy::ExposeSecret;
use serde_json::Value;
use strongroom::error::Detail;
use strongroom::policy::PolicyError;
use strongroom::{Error, NewApiKey, Reissue, Request, SqliteStore, Vault};

fn open(room: &Room) -> Vault {
    Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault")
}

fn force(room: &Room, grace: &str) {
    room.run(&["policy", "set", "--reissue-on-recovery", grace, "--reason", "r"]).ends(0);
}

fn recover(room: &Room, id: &str, more: &[&str]) -> Run {
    room.run(&[&["recover", id, "--reason", "r", "--yes"], more].concat())
}

/// The export of a room to somebody, and the identity it opens with.
struct Export {
    out: String,
    recipient: String,
    identity: String,
}

impl Export {
    fn of(room: &Room) -> Self {
        let identity = age::x25519::Identity::generate();
        let keep = room.file("identity").display().to_string();
        fs::write(&keep, identity.to_string().expose_secret()).expect("written");
        let out = room.file("export").display().to_string();
        Self { out, recipient: identity.to_public().to_string(), identity: keep }
    }

    fn run(&self, room: &Room, more: &[&str]) -> Run {
        let all = ["recover", "--all", "--to", &self.recipient, "--out", &self.out, "--reason", "r", "--yes"];
        room.run(&[&all[..], more].concat())
    }
}

fn valid(room: &Room, token: &str) -> bool {
    room.run(&["verify"]).stdin(token).go().code == Some(0)
}

/// Every entry of these acts: what was done, how it ended, and why not.
fn log(room: &Room) -> Vec<(String, String, String)> {
    let entries = room.run(&["audit", "list", "--all", "--json"]).ends(0).json_lines();
    let word = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let told = entries.iter().map(|entry| (word(entry, "action"), word(entry, "outcome"), word(entry, "cause")));
    told.filter(|(action, ..)| ["recover", "reissue", "export"].contains(&action.as_str())).collect()
}

fn refused(action: &str, cause: &str) -> (String, String, String) {
    (action.into(), "refused".into(), cause.into())
}

#[test]
fn a_bare_recovery_gives_nothing_away_and_its_hint_is_the_command_that_works() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    force(&room, "90m");
    let file = room.file("token").display().to_string();
    for more in [&[][..], &["--json"], &["--out", &file]] {
        let ran = recover(&room, &id, more).ends(2).says("--reissue --grace 90m");
        assert!(ran.out.is_empty() && !ran.err.contains(&token[29..]), "{} {}", ran.out, ran.err);
    }
    assert!(!room.file("token").exists() && valid(&room, &token));
    assert_eq!(log(&room), vec![refused("recover", "policy-reissue"); 3]);
    // Nobody recovers by another name either.
    room.run(&["recover", "--name", "n", "--reason", "r", "--yes"]).ends(2);
    recover(&room, &id[..20], &[]).ends(2);

    let ran = recover(&room, &id, &["--reissue", "--grace", "90m", "--out", &file]).ends(0);
    assert!(!ran.out.contains(&token[29..]));
    let written = fs::read_to_string(&file).expect("read");
    let [old, new] = written.lines().collect::<Vec<_>>().try_into().expect("two tokens");
    assert!(old == token && valid(&room, new) && valid(&room, old), "both inside the grace");
}

#[test]
fn a_grace_beyond_the_policy_is_refused_and_none_ends_the_old_token() {
    let room = Room::new();
    let (id, token) = room.issue(&["--name", "n"]);
    force(&room, "1h");
    let ran = recover(&room, &id, &["--reissue", "--grace", "61m"]).ends(2).says("--reissue --grace 1h");
    assert!(ran.out.is_empty() && valid(&room, &token));
    assert_eq!(room.run(&["list", "--json"]).ends(0).json_lines().len(), 1, "nothing was issued");
    let ran = recover(&room, &id, &["--reissue"]).ends(0);
    let [old, new] = ran.out.lines().collect::<Vec<_>>().try_into().expect("two tokens");
    assert!(old == token && !valid(&room, old) && valid(&room, new));
    // The recovered one is of use to nobody: the newest is to be recovered, and under the same rule.
    recover(&room, &id, &["--reissue"]).ends(5);
    let new_id = text(&room.run(&["show", &id, "--json"]).ends(0).json()["replaced_by"]);
    recover(&room, &new_id, &[]).ends(2);
    recover(&room, &new_id, &["--reissue", "--grace", "1h"]).ends(0);
    room.run(&["doctor"]).ends(0);
}

#[test]
fn what_cannot_be_reissued_cannot_be_recovered() {
    let room = Room::new();
    let (unrecoverable, _) = room.issue(&["--name", "n", "--unrecoverable"]);
    let (revoked, _) = room.issue(&["--name", "n"]);
    let (ownerless, token) = room.issue(&["--name", "n"]);
    let (suspended, _) = room.issue(&["--name", "n"]);
    room.run(&["revoke", &revoked, "--reason", "r", "--yes"]).ends(0);
    room.run(&["suspend", &suspended, "--reason", "r"]).ends(0);
    room.run(&["import", "-"])
        .stdin(r#"{"token": "imported-9m83fei8pNM5igsr4MGeVKFk", "name": "i", "owner": "o"}"#)
        .ends(0);
    let imported = text(&room.run(&["list", "--owner", "o", "--json"]).ends(0).json()["id"]);
    force(&room, "1h");
    recover(&room, &unrecoverable, &["--reissue"]).ends(4);
    recover(&room, &revoked, &["--reissue"]).ends(5);
    let ran = recover(&room, &suspended, &["--reissue", "--json"]).ends(0).json();
    assert!(!valid(&room, &text(&ran["replacement"]["token"])), "the new one is suspended as well");
    let ran = recover(&room, &imported, &["--reissue", "--json"]).ends(0).json();
    assert_eq!(ran["token"], "imported-9m83fei8pNM5igsr4MGeVKFk");
    assert!(valid(&room, &text(&ran["replacement"]["token"])) && !valid(&room, "imported-9m83fei8pNM5igsr4MGeVKFk"));
    // The new API key has to keep the other rules, and nothing is recovered when it does not.
    room.run(&["policy", "set", "--require-owner", "--reason", "r"]).ends(0);
    let ran = recover(&room, &ownerless, &["--reissue"]).ends(2);
    assert!(ran.out.is_empty() && valid(&room, &token));
    assert_eq!(log(&room).pop(), Some(refused("recover", "policy-owner")));
    room.run(&["update", &ownerless, "--set-owner", "o"]).ends(0);
    recover(&room, &ownerless, &["--reissue"]).ends(0);
}

#[test]
fn an_export_is_refused_before_anything_is_written_and_is_made_once_the_rule_is_lifted() {
    let room = Room::with(3);
    let export = Export::of(&room);
    force(&room, "1h");
    let before = names(&room);
    for json in [&[][..], &["--json"]] {
        let ran: Ran = export.run(&room, json).ends(2).says("--no-reissue-on-recovery");
        assert!(ran.out.is_empty() && !ran.err.contains("--resume"), "{}", ran.err);
        assert_eq!(names(&room), before, "no manifest, and no part");
    }
    assert_eq!(log(&room), vec![refused("export", "policy-reissue"); 2]);
    room.run(&["policy", "set", "--no-reissue-on-recovery", "--reason", "migration"]).ends(0);
    export.run(&room, &[]).ends(0);
    force(&room, "1h");
    let other = Room::new();
    other.run(&["import", &export.out, "--identity", &export.identity]).ends(0);
    assert_eq!(other.run(&["list", "--json"]).ends(0).json_lines().len(), 3);
}

#[test]
fn an_export_that_the_rule_stops_midway_goes_on_once_it_is_lifted() {
    let room = Room::with(5_001);
    let export = Export::of(&room);
    export.run(&room, &[]).ends(0);
    let whole = fs::read_to_string(&export.out).expect("read");
    let first: String = whole.split_inclusive('\n').take(2).collect();
    // As a run leaves it that was stopped after its first part.
    fs::write(&export.out, &first).expect("written");
    force(&room, "1h");
    export.run(&room, &["--resume"]).ends(2).says("--no-reissue-on-recovery").says("--resume");
    assert_eq!(fs::read_to_string(&export.out).expect("read"), first);
    room.run(&["policy", "set", "--no-reissue-on-recovery", "--reason", "r"]).ends(0);
    export.run(&room, &["--resume"]).ends(0);
    let other = Room::new();
    let imported = other.run(&["import", &export.out, "--identity", &export.identity, "--json"]).ends(0);
    assert_eq!(imported.json_lines().last().expect("a document")["imported"], 5_001);
}

#[test]
fn a_vault_that_was_opened_before_the_rule_keeps_it() {
    let room = Room::new();
    let (early, late) = (open(&room), open(&room));
    let issued = early.issue(&NewApiKey::new("n"), &act()).expect("issued");
    early.recover(issued.id, &act()).expect("no rule yet");
    late.change_policy(|policy| policy.reissue_on_recovery = Some(HOUR), &act()).expect("set");
    let forced = |error: Error| matches!(error.detail(), Detail::Policy(PolicyError::Reissue));
    assert!(early.recover(issued.id, &act()).is_err_and(forced));
    assert!(early.export_page(None, 10, &act()).is_err_and(forced));
    let longer = Reissue::new().grace(2 * HOUR);
    let refused = early.recover_and_reissue(issued.id, &longer, &act());
    assert!(
        matches!(refused.as_ref().map_err(Error::detail), Err(Detail::Policy(PolicyError::Grace { max })) if *max == HOUR)
    );
    let (token, new) = early.recover_and_reissue(issued.id, &Reissue::new(), &act()).expect("recovered");
    assert_eq!(token.expose(), issued.token.expose());
    assert!(late.verify(new.token.expose(), &Request::new()).is_ok());
    assert!(late.verify(token.expose(), &Request::new()).is_err());
}

/// Everything that lies in the folder of the room, but for what SQLite puts beside its file.
fn names(room: &Room) -> Vec<String> {
    let entries = fs::read_dir(room.folder.path()).expect("a folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    let mut names: Vec<_> = names.filter(|name| !name.starts_with("vault.db-")).collect();
    names.sort();
    names
}

const HOUR: Duration = Duration::from_secs(3_600);
