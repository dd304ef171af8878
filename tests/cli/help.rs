//! What the program says of itself: help, examples, pages of the manual; and the short ways of saying things to it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::running::{Room, Run, every_verb, text};

fn help(arguments: &[&str]) -> String {
    Run::bare(arguments).ends(0).out
}

#[test]
fn help_is_a_verb_and_the_short_one_is_short() {
    assert_eq!(help(&["help"]), help(&["--help"]));
    for verb in [&["list"][..], &["audit", "verify"], &["master-key", "generate"]] {
        assert_eq!(help(&[&["help"], verb].concat()), help(&[verb, &["--help"]].concat()), "{verb:?}");
        let (short, long) = (help(&[verb, &["-h"]].concat()), help(&[verb, &["--help"]].concat()));
        assert!(short.lines().count() < long.lines().count() && !short.contains("Examples:"), "{verb:?}");
    }
    Run::bare(&["help", "frobnicate"]).ends(2);
    let top = help(&["--help"]);
    for option in ["--store <URL>", "-q, --quiet", "-v, --verbose", "--allow-core-dumps", "Exit codes:"] {
        assert!(top.contains(option), "{option}: {top}");
    }
}

#[test]
fn every_verb_has_two_examples_that_it_takes_and_names_the_options_of_every_command_in_one_place() {
    let verbs: Vec<_> = every_verb().into_iter().filter(|verb| verb != "rehearsal-step").collect();
    for verb in &verbs {
        let words: Vec<_> = verb.split(' ').collect();
        let long = help(&[&words[..], &["--help"]].concat());
        assert!(long.contains("Options of every command: --store") && !long.contains("--allow-core-dumps\n"), "{verb}");
        assert!(!long.contains("--waivers <FILE>"), "{verb}: {long}");
        // Those that only stand above others do nothing by themselves.
        if verbs.iter().any(|other| other.starts_with(&format!("{verb} "))) && verb != "backup" {
            continue;
        }
        let (_, examples) = long.split_once("Examples:\n").unwrap_or_else(|| panic!("{verb} has no examples"));
        let lines: Vec<_> = examples.lines().take_while(|line| line.starts_with("  ")).map(str::trim).collect();
        assert!(lines.len() >= 2, "{verb}: {lines:?}");
        for line in lines {
            assert!(line.starts_with(&format!("strongroom {verb}")), "{verb}: {line}");
            let line = line.split(['|', '<', '>']).next().expect("a command");
            let mut shell = std::process::Command::new("sh");
            let rest = line.strip_prefix("strongroom ").expect("the program");
            shell.args(["-c", &format!("\"$0\" {rest} --help"), crate::process::program_path()]);
            Run::through(shell, &[]).ends(0);
        }
    }
}

#[test]
fn the_pages_of_the_manual_are_made_of_the_help() {
    let room = Room::empty();
    let page = help(&["man", "rotate-master-key"]);
    assert!(page.contains(".TH") && page.contains("expect") && page.contains("FINGERPRINT"), "{page}");
    assert!(help(&["man"]).contains("Exit codes"));
    Run::bare(&["man", "frobnicate"]).ends(2).says("there is no such command");
    let folder = room.file("man1");
    Run::bare(&["man", "--out-dir", &folder.display().to_string()]).ends(1).says("mkdir -p");
    fs::create_dir(&folder).expect("made");
    let ran = Run::bare(&["man", "--out-dir", &folder.display().to_string(), "--json"]).ends(0).json();
    let files = ran["files"].as_array().expect("a list").len();
    assert_eq!(files, every_verb().len(), "one for each verb but the hidden one, and one for the program");
    for name in ["strongroom.1", "strongroom-audit-list.1", "strongroom-issue.1"] {
        assert!(fs::read_to_string(folder.join(name)).is_ok_and(|page| page.contains(".TH")), "{name}");
    }
    assert!(!folder.join("strongroom-rehearsal-step.1").exists());
}

#[test]
fn short_options_spans_and_dates_are_taken() {
    let room = Room::with(2);
    let ran = room.run(&["suspend", "--owner", "acme", "--reason", "r", "-n"]).ends(0);
    drop(ran.says("2 API keys would be suspended"));
    room.run(&["status", "-v"]).ends(0);
    room.run(&["status", "-v", "--log", "warn"]).ends(2);
    let expires = |arguments: &[&str]| {
        let (id, _) = room.issue(&[&["--name", "n"], arguments].concat());
        let shown = room.run(&["show", &id, "--json"]).ends(0).json();
        let span = |name: &str| -> jiff::Timestamp { text(&shown[name]).parse().expect("a time") };
        (span("expires_at").as_second() - span("created_at").as_second() + 30) / 86_400
    };
    assert_eq!((expires(&["--expires-in", "1y"]), expires(&["--expires-in", "2w"])), (365, 14));
    let (id, _) = room.issue(&["--name", "n", "--expires-at", "2099-01-31"]);
    assert_eq!(room.run(&["show", &id, "--json"]).ends(0).json()["expires_at"], "2099-01-31T00:00:00Z");
    room.run(&["revoke", &id, "--at", "2098-01-31", "--reason", "r", "--yes"]).ends(0);
    for wrong in ["31.1.2099", "2099-02-30", "2099-1-31", "2099-01-31T00:00:00"] {
        room.run(&["issue", "--name", "n", "--expires-at", wrong]).ends(2).says("2027-01-31");
    }
    room.run(&["issue", "--name", "n", "--expires-in", "1\u{b5}"]).ends(2).says("such as 90d");
    assert!(room.run(&["audit", "list", "--since", "1d"]).ends(0).out.lines().count() > 2);
}

#[test]
fn a_token_goes_to_a_file_wherever_one_is_printed() {
    let room = Room::new();
    let (first, second) = (room.file("first"), room.file("second"));
    let name = |path: &std::path::Path| path.display().to_string();
    let issued = room.run(&["issue", "--name", "n", "-o", &name(&first), "--json"]).ends(0).json();
    assert_eq!((&issued["token"], text(&issued["path"])), (&serde_json::Value::Null, name(&first)));
    let verify = |path: &std::path::Path| {
        assert_eq!(fs::metadata(path).expect("there").permissions().mode() & 0o777, 0o600);
        room.run(&["verify"]).stdin(fs::read(path).expect("a token")).ends(0);
    };
    verify(&first);
    let id = text(&issued["id"]);
    let ran = room.run(&["reissue", &id, "--grace", "1d", "--out", &name(&second)]).ends(0);
    assert!(ran.out.starts_with("token of ") && !ran.out.contains("sr_"), "{}", ran.out);
    verify(&second);
    // Nothing is issued whose token has no place.
    let before = room.run(&["list", "--count"]).ends(0).out;
    room.run(&["issue", "--name", "n", "--out", &name(&first)]).ends(5).says("exists");
    room.run(&["issue", "--name", "n", "--out", "/nowhere/token"]).go();
    room.run(&["reissue", "name:n", "--now", "--yes", "--out", &name(&second)]).go();
    room.run(&["reissue", "--owner", "acme", "--now", "--yes", "--out", "x"]).ends(2).says("--out-dir");
    assert_eq!(room.run(&["list", "--count"]).ends(0).out, before);
}
