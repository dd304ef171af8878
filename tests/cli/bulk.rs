//! Acts on many API keys that are watched, interrupted, killed, and gone on with.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::process::Dice;
use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};
use crate::support::act;
use crate::support::past::damage_listed_record;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use strongroom::{ApiKeyId, NewApiKey, Request, SqliteStore, Update, Vault};

/// Every API key of acme, as `show` tells of it, in order.
fn all(room: &Room) -> Vec<Value> {
    room.run(&["list", "--all", "--owner", "acme", "--json"]).ends(0).json_lines()
}

fn entries(room: &Room, action: &str) -> Vec<String> {
    let log = room.run(&["audit", "list", "--all", "--action", action, "--json"]).ends(0).json_lines();
    log.iter().map(|entry| text(&entry["key"])).collect()
}

/// Whether an API key is as the act leaves it.
type Changed = fn(&Value) -> bool;

/// Runs it until some are done, sends it the signal, and tells what it said of which API key.
fn stopped(room: &Room, arguments: &[&str], signal: Signal, code: i32) -> (Vec<(String, String)>, Ran) {
    let mut child = room.run(arguments).spawn();
    let mut out = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut lines: Vec<_> = out.by_ref().take(3).map(|line| line.expect("text")).collect();
    kill_process(Pid::from_child(&child), signal).expect("sent");
    lines.extend(out.map(|line| line.expect("text")));
    let ran = Ran::of(child, &arguments.join(" "));
    assert_eq!(ran.code, Some(code), "{}: {}", ran.shown, ran.err);
    let told = |line: &String| -> (String, String) {
        let line: Value = serde_json::from_str(line).expect("JSON");
        (text(line.get("id").unwrap_or(&line["schema"])), line["outcome"].as_str().unwrap_or_default().into())
    };
    let mut told: Vec<_> = lines.iter().map(told).collect();
    assert_eq!(told.pop().expect("a summary").0, "strongroom.bulk.v1");
    (told, ran)
}

#[test]
fn a_signal_stops_between_two_api_keys_with_a_whole_prefix_done_and_the_same_command_goes_on() {
    let tokens = |room: &Room| room.file("tokens").display().to_string();
    let with_folder = Room::with(COUNT);
    let folder = tokens(&with_folder);
    let others = Room::with(COUNT);
    let reissue = ["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &folder, "--json", "--yes"];
    let update = ["update", "--owner", "acme", "--set-name", "m", "--json", "--yes"];
    let [suspend, resume, revoke] =
        ["suspend", "resume", "revoke"].map(|verb| [verb, "--owner", "acme", "--reason", "r", "--json", "--yes"]);
    let cases: [(&Room, &[&str], Changed, Signal); 5] = [
        (&others, &update, |key| key["name"] == "m", Signal::INT),
        (&others, &suspend, |key| key["suspended_at"].is_string(), Signal::INT),
        (&others, &resume, |key| key["suspended_at"].is_null(), Signal::TERM),
        (&others, &revoke, |key| key["revoked_at"].is_string(), Signal::INT),
        (&with_folder, &reissue, |key| key["replaced_by"].is_string(), Signal::INT),
    ];
    for (room, arguments, changed, signal) in cases {
        let (action, code) = (arguments[0], if signal == Signal::INT { 130 } else { 143 });
        let before = all(room);
        let ids: Vec<_> = before.iter().map(|key| text(&key["id"])).collect();
        let (told, ran) = stopped(room, arguments, signal, code);
        let done = told.len();
        assert!((3..COUNT).contains(&done), "{action}: {done} of {COUNT}");
        assert!(told.iter().all(|(_, outcome)| outcome == "done"));
        assert_eq!(told.iter().map(|(id, _)| id).collect::<Vec<_>>(), ids[..done].iter().collect::<Vec<_>>());
        let message = format!("stopped after {done} of {COUNT} API keys");
        drop(ran.says(&message).says("run the same command again"));
        let after = all(room);
        let states: Vec<_> = after.iter().take(COUNT).map(changed).collect();
        assert_eq!(states, (0..COUNT).map(|at| at < done).collect::<Vec<_>>(), "{action}");
        assert_eq!(entries(room, action), ids[..done], "an audit entry for each that is done, and for no other");

        let again = room.run(arguments).ends(0).json_lines();
        let summary = again.last().expect("a summary");
        assert_eq!(summary["done"], COUNT - done, "{action}");
        assert_eq!(entries(room, action), ids);
        assert!(all(room).iter().take(COUNT).all(changed));
    }
    others.run(&["audit", "verify"]).ends(0);
    with_folder.run(&["doctor"]).ends(0);
}

#[test]
fn an_update_of_many_and_another_writer_undo_nothing_of_each_other() {
    let room = Room::with(COUNT);
    let vault = Vault::open(room.store(), room.keys.only([1])).expect("vault");
    let ids: Vec<ApiKeyId> = all(&room).iter().map(|key| text(&key["id"]).parse().expect("an id")).collect();
    let mut child = room.run(&["update", "--owner", "acme", "--set-name", "m", "--json", "--yes"]).spawn();
    // Each is changed beside the program, those at the end before it comes to them.
    for id in ids.iter().rev() {
        vault.update(*id, &Update::new().attribute("k", "v"), &act()).expect("updated");
    }
    let mut said = String::new();
    std::io::Read::read_to_string(child.stdout.as_mut().expect("piped"), &mut said).expect("text");
    let ran = Ran::of(child, "update");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    assert!(all(&room).iter().all(|key| key["name"] == "m" && key["attributes"]["k"] == "v"));
    let (of_both, log) = (entries(&room, "update"), 2 * COUNT);
    assert_eq!(of_both.len(), log, "an entry for each change of each");
    room.run(&["doctor"]).ends(0);
}

#[test]
fn one_that_is_refused_or_damaged_fails_none_of_its_neighbours() {
    let room = Room::with(40);
    let listed = all(&room);
    let ids: Vec<_> = listed.iter().map(|key| text(&key["id"])).collect();
    room.run(&["revoke", &ids[3], "--reason", "r", "--yes"]).ends(0);
    damage_listed_record(&room.store(), 5);
    let said =
        room.run(&["update", "-", "--set-name", "m", "--json", "--yes"]).stdin(ids.join("\n")).ends(14).json_lines();
    let summary = said.last().expect("a summary");
    assert_eq!((&summary["done"], &summary["failed"]), (&38.into(), &2.into()), "{summary}");
    let code = |id: &String| text(&said.iter().find(|line| line["id"] == **id).expect("told")["code"]);
    assert_eq!((code(&ids[3]), code(&ids[5])), ("revoked".into(), "record-unreadable".into()));
    let refused = room.run(&["audit", "list", "--all", "--outcome", "refused", "--json"]).ends(0).json_lines();
    assert_eq!(
        refused.iter().map(|entry| (text(&entry["key"]), text(&entry["cause"]))).collect::<Vec<_>>(),
        [(ids[3].clone(), "revoked".into())]
    );
    assert_eq!(entries(&room, "update").len(), 39, "one for each that was updated, and one for the refusal");
    // Nothing of a record that does not open is believed, and a revocation needs nothing of it but what can be read.
    let said =
        room.run(&["revoke", "-", "--reason", "r", "--json", "--yes"]).stdin(ids.join("\n")).ends(14).json_lines();
    let summary = said.last().expect("a summary");
    assert_eq!(
        (&summary["done"], &summary["skipped"], &summary["failed"]),
        (&38.into(), &1.into(), &1.into()),
        "{summary}"
    );
}

#[test]
fn the_question_names_how_many_will_change() {
    let room = Room::with(5);
    let ids: Vec<_> = all(&room).iter().map(|key| text(&key["id"])).collect();
    let suspend = ["suspend", "-", "--reason", "r", "--yes"];
    room.run(&suspend).stdin(ids[..2].join("\n")).ends(0);
    let asked = || {
        let mut command = Command::new("script");
        command.args(["-qec", &format!("{} suspend --owner acme --reason r", program_path()), "/dev/null"]).env_clear();
        command.env("PATH", std::env::var_os("PATH").expect("a path")).env("SHELL", "/bin/sh");
        command.env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
        command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
        let output = command.stdin(Stdio::null()).output().expect("script of util-linux");
        (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
    };
    let (code, said) = asked();
    assert!(code == Some(17) && said.contains("Suspend 3 of 5 API keys?"), "{code:?}: {said}");
    room.run(&suspend).stdin(ids.join("\n")).ends(0);
    let (code, said) = asked();
    assert!(code == Some(0) && !said.contains("Type yes") && said.contains("5 skipped"), "{code:?}: {said}");
}

#[test]
fn a_reader_who_goes_stops_no_revocation() {
    let room = Room::with(COUNT);
    let mut child = room.run(&["revoke", "--owner", "acme", "--reason", "r", "--yes"]).spawn();
    let mut out = BufReader::new(child.stdout.take().expect("piped"));
    out.read_line(&mut String::new()).expect("a line");
    drop(out);
    let ran = Ran::of(child, "revoke");
    assert_eq!(ran.code, Some(0), "{}", ran.err);
    drop(ran.says(&format!("{COUNT} API keys revoked, 0 skipped, 0 failed")));
    assert!(all(&room).iter().all(|key| key["status"] == "revoked"));
}

#[test]
fn a_bar_is_drawn_on_a_terminal_and_nowhere_else() {
    let room = Room::with(COUNT);
    let script = |line: &str| -> String {
        let mut command = Command::new("script");
        command.args(["-qec", line, "/dev/null"]).env_clear().env("PATH", std::env::var_os("PATH").expect("a path"));
        command.env("STRONGROOM_MASTER_KEYS", room.keys.variable([1])).env("SHELL", "/bin/sh").env("TERM", "xterm");
        command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
        let output = command.stdin(Stdio::null()).output().expect("script of util-linux");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let act = |verb: &str| format!("{} {verb} --owner acme --reason r --yes", program_path());
    let out = room.file("out");
    let said = script(&format!("{} > {}", act("suspend"), out.display()));
    assert!(said.contains("\r\x1b[Ksuspend [") && said.contains(&format!("/{COUNT}")), "{said:?}");
    assert!(!said.contains("\nsuspended "), "lines go to standard output alone: {said:?}");
    let lines = fs::read_to_string(&out).expect("read");
    assert_eq!(lines.lines().filter(|line| line.starts_with("suspended ")).count(), COUNT);
    assert!(!lines.contains(['\r', '\x1b']));

    // On one terminal each line begins where a line begins, and the bar is gone at the end.
    let said = script(&act("resume"));
    let seen: Vec<_> = said.lines().map(|line| line.rsplit("\x1b[K").next().expect("a rest")).collect();
    assert_eq!(seen.iter().filter(|line| line.starts_with("resumed ")).count(), COUNT, "{said:?}");
    assert!(
        said.contains("resume  [") && seen.last().expect("a summary").starts_with(&format!("{COUNT} API keys resumed"))
    );

    for json in [&[][..], &["--json"]] {
        let ran = room.run(&[&["suspend", "--owner", "acme", "--reason", "r", "--yes"], json].concat()).ends(0);
        assert!(!ran.err.contains(['\r', '\x1b']) && !ran.out.contains("progress"), "{}", ran.err);
    }
}

#[test]
fn no_kill_during_a_reissue_of_many_loses_a_token() {
    let wanted: u32 = std::env::var("STRONGROOM_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    let (room, mut dice) = (Room::new(), Dice::new());
    let open = || Vault::open(SqliteStore::open(room.path()).expect("store"), room.keys.only([1])).expect("vault");
    let count = 40 * wanted as usize;
    let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("client {n}")).owner("acme")).collect();
    let issued = open().issue_many(&new, &act()).expect("issued");
    let folder = room.file("tokens");
    let out = folder.display().to_string();
    let run = ["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &out, "--yes"];
    let (mut kills, mut span) = (0, Duration::from_millis(60));
    while kills < wanted {
        let mut command = room.run(&run).command;
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("runs");
        std::thread::sleep(dice.below(span));
        if child.try_wait().expect("a child").is_none() {
            child.kill().expect("killed");
            kills += 1;
        } else {
            // It was done before: then kills have to come earlier, or have all come.
            assert!(accounted(&open(), &folder).1 < count, "everything was done after {kills} kills");
            span = span.mul_f32(0.8);
        }
        child.wait().expect("ended");
        let (lost, _) = accounted(&open(), &folder);
        assert_eq!(lost, BTreeSet::new(), "valid, and in no file, after {kills} kills");
    }
    let said = room.run(&[&run[..], &["--json"]].concat()).ends(0).json_lines();
    let summary = said.last().expect("a summary");
    assert!(summary["failed"] == 0 && summary["done"].as_u64().is_some_and(|done| done > 0), "{summary}");

    let vault = open();
    assert_eq!(accounted(&vault, &folder), (BTreeSet::new(), count), "each has one new API key, whose token is kept");
    for old in &issued {
        vault.verify(old.token.expose(), &Request::new()).expect("valid inside the grace");
        let key = vault.show(old.id).expect("shown");
        let new = vault.show(key.replaced_by.expect("reissued")).expect("shown");
        assert_eq!((new.replaces, new.name), (Some(old.id), key.name), "the one that was issued in its place");
    }
    let set_aside = fs::read_dir(&folder).expect("a folder").filter(|entry| {
        let path = entry.as_ref().expect("an entry").path();
        let unused = path.extension().is_some_and(|end| end == "unused");
        let token = fs::read_to_string(path).expect("a token");
        assert!(
            !unused || vault.verify(token.trim_end(), &Request::new()).is_err(),
            "no token that is set aside is valid"
        );
        unused
    });
    assert!(set_aside.count() <= AT_ONCE * kills as usize, "a kill leaves the files of one commit at most");
    let log = entries(&room, "reissue");
    assert_eq!((log.len(), log.iter().collect::<BTreeSet<_>>().len()), (count, count), "none was reissued twice");
    room.run(&["doctor"]).ends(0);
}

/// The new API keys whose tokens are in no file of theirs, and how many have one.
fn accounted(vault: &Vault, folder: &Path) -> (BTreeSet<String>, usize) {
    let mut kept = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if let Some((_, new)) = name.strip_suffix(".token").and_then(|name| name.split_once('-')) {
            kept.insert(new.to_owned(), fs::read_to_string(&path).expect("a token"));
        }
    }
    let (mut lost, mut found) = (BTreeSet::new(), 0);
    for listed in vault.list_all(&strongroom::Query::new().owner("acme")) {
        let listed = listed.expect("listed");
        if listed.key.expect("it opens").replaces.is_none() {
            continue;
        }
        let id = listed.id.to_string();
        let token = kept.get(&id).map(|token| token.trim_end());
        match token.map(|token| vault.verify(token, &Request::new())) {
            Some(Ok(key)) if key.id == listed.id => found += 1,
            _ => drop(lost.insert(id)),
        }
    }
    (lost, found)
}

#[test]
fn two_runs_never_write_into_one_folder_at_once() {
    let room = Room::with(3);
    let folder = room.file("tokens");
    fs::create_dir(&folder).expect("made");
    fs::set_permissions(&folder, std::os::unix::fs::PermissionsExt::from_mode(0o700)).expect("private");
    let held = File::open(&folder).expect("opened");
    held.lock().expect("locked");
    let out = folder.display().to_string();
    let run: Run = room.run(&["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &out, "--yes"]);
    drop(run.ends(11).says("another process puts tokens into").says("wait until it is done"));
    assert_eq!(entries(&room, "reissue"), Vec::<String>::new());
    drop(held);
    room.run(&["reissue", "--owner", "acme", "--grace", "1d", "--out-dir", &out, "--yes"]).ends(0);
    assert_eq!(fs::read_dir(&folder).expect("a folder").count(), 3);
}

const COUNT: usize = 2_000;
/// The most that the program puts into one commit.
const AT_ONCE: usize = 4_096;
