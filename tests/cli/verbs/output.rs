//! Claims about what the program writes, where, and when it cannot.

use std::io::Read;
use std::path::Path;
use std::process::Command;

use crate::process::program_path;
use crate::running::{Ran, Room, Run};

#[test]
fn output_that_cannot_be_written_ends_with_74() {
    let room = Room::with(3);
    let (id, token) = room.issue(&["--name", "n"]);
    let commands: [&[&str]; 14] = [
        &["status"],
        &["doctor"],
        &["issue", "--name", "n"],
        &["verify"],
        &["list"],
        &["show", &id],
        &["recover", &id, "--reason", "r", "--yes"],
        &["audit", "list"],
        &["audit", "verify"],
        &["master-key", "generate"],
        &["master-key", "check"],
        &["completions", "bash"],
        &["--help"],
        &["--version"],
    ];
    for arguments in commands {
        for json in [&[][..], &["--json"]] {
            let run = room.run(&[arguments, json].concat()).stdin(&token);
            let ran = run.ends_writing_to(Path::new("/dev/full"), 74);
            assert!(!ran.err.contains(&token), "{}", ran.err);
        }
    }
    let ran =
        room.run_with([1, 2], &["rotate-master-key", "--yes", "--quick"]).ends_writing_to(Path::new("/dev/full"), 74);
    ran.says("what the command had to change is changed");
    room.run_with([2], &["revoke", &id, "--reason", "r", "--yes"]).ends_writing_to(Path::new("/dev/full"), 74);
}

#[test]
fn a_closed_pipe_is_quiet_success() {
    let room = Room::with(20_000);
    for arguments in [&["list", "--all"][..], &["list", "--all", "--json"], &["audit", "list", "--all"]] {
        let mut child = room.run(arguments).spawn();
        let mut output = child.stdout.take().expect("piped");
        output.read_exact(&mut [0; 100]).expect("some output");
        drop(output);
        let ran = Ran::of(child, &arguments.join(" "));
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{}", ran.shown);
    }
}

#[test]
fn a_token_that_nobody_takes_is_a_failure() {
    let room = Room::new();
    let mut child = room.run(&["issue", "--name", "n"]).spawn();
    drop(child.stdout.take());
    let ran = Ran::of(child, "issue");
    assert_eq!(ran.code, Some(74), "{}", ran.err);
}

#[test]
fn a_secret_that_goes_nowhere_is_a_failure() {
    let room = Room::new();
    let (id, _) = room.issue(&["--name", "n"]);
    let commands: [&[&str]; 4] = [
        &["issue", "--name", "n"],
        &["recover", &id, "--reason", "r", "--yes"],
        &["master-key", "generate"],
        &["master-key", "verifier", "--version", "1", "--reason", "r"],
    ];
    let closed = |redirection: &str, arguments: &[&str]| {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("exec \"$0\" \"$@\" {redirection}"), program_path()]);
        let run = Run::through(shell, arguments).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1]));
        run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()))
    };
    for arguments in commands {
        for json in [&[][..], &["--json"]] {
            closed(">&-", &[arguments, json].concat()).ends(74).says("Bad file descriptor");
        }
        closed(">/dev/null", arguments).ends(0);
    }
    // What is no secret, and is printed to be kept.
    let kept: [&[&str]; 5] = [
        &["audit", "checkpoint"],
        &["audit", "export"],
        &["audit", "public-key"],
        &["audit", "prove", "--entry", "1"],
        &["completions", "bash"],
    ];
    for arguments in kept {
        for json in [&[][..], &["--json"]] {
            closed(">&-", &[arguments, json].concat()).ends(74).says("Bad file descriptor");
        }
        closed(">/dev/null", arguments).ends(0);
    }
    closed(">&-", &["status"]).ends(0);
}

#[test]
fn nothing_is_done_whose_secret_could_not_be_written() {
    let room = Room::new();
    let (id, _) = room.issue(&["--name", "n"]);
    let entries = || room.run(&["audit", "list", "--all"]).ends(0).out.lines().count();
    let before = entries();
    let commands: [&[&str]; 5] = [
        &["issue", "--name", "n"],
        &["reissue", &id, "--grace", "1d"],
        &["recover", &id, "--reason", "r", "--yes"],
        &["recover", &id, "--reissue", "--reason", "r", "--yes"],
        &["master-key", "verifier", "--version", "1", "--reason", "r"],
    ];
    let unwritable = [
        (">&-", "Bad file descriptor"),
        ("1</dev/null", "Bad file descriptor"),
        (">/dev/full", "No space left"),
        // A pipe whose reader has gone.
        ("| true", "broken pipe"),
    ];
    for arguments in commands {
        for json in [&[][..], &["--json"]] {
            for (redirection, said) in unwritable {
                let mut shell = Command::new("bash");
                let script = match redirection {
                    "| true" => "set -o pipefail; { sleep 0.3; exec \"$0\" \"$@\"; } | true".to_owned(),
                    other => format!("exec \"$0\" \"$@\" {other}"),
                };
                shell.args(["-c", &script, program_path()]);
                let run = Run::through(shell, &[arguments, json].concat());
                let run = run.env("STRONGROOM_MASTER_KEYS", &room.keys.variable([1]));
                let run = run.env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()));
                run.ends(74).says(said).says("nothing was done");
            }
        }
    }
    assert_eq!(entries(), before, "no act, and no entry");
}

#[test]
fn control_and_bidi_characters_in_labels_come_out_escaped() {
    let room = Room::new();
    let nasty = "a\u{1b}[31m\u{7}\u{7f}\u{9b}\r\n\t\u{202e}\u{2066}\u{200e}\u{61c}\u{2028}z";
    let (id, token) = room.issue(&["--name", nasty, "--owner", nasty, "--attribute", &format!("{nasty}={nasty}")]);
    let act = ["--reason", nasty, "--actor", nasty, "--yes"];
    room.run(&[&["recover", &id], &act[..]].concat()).ends(0);
    let commands: [&[&str]; 4] = [&["list"], &["show", &id], &["verify"], &["audit", "list"]];
    for arguments in commands {
        for json in [&[][..], &["--json"]] {
            let ran = room.run(&[arguments, json].concat()).stdin(&token).ends(0);
            let raw = |c: char| (c.is_control() && c != '\n') || "\u{202e}\u{2066}\u{200e}\u{61c}\u{2028}".contains(c);
            assert!(!ran.out.chars().chain(ran.err.chars()).any(raw), "{}: {:?}", ran.shown, ran.out);
            if json.is_empty() {
                assert!(ran.out.contains(r"a\u{1b}[31m\u{7}\u{7f}\u{9b}"), "{}: {:?}", ran.shown, ran.out);
            }
        }
    }
    assert_eq!(room.run(&["show", &id, "--json"]).ends(0).json()["name"], nasty);
    let nowhere = format!("sqlite:{}/\u{1b}[31m\u{202e}", room.folder.path().display());
    let ran = room.run(&["status", "--store", &nowhere]).ends(2).says("control characters");
    assert!(!ran.err.contains('\u{1b}') && !ran.err.contains('\u{202e}'), "{:?}", ran.err);
    let ran = room.run(&["show", "x", "--\u{1b}[31m"]).ends(2);
    assert!(!ran.err.contains('\u{1b}'), "{:?}", ran.err);
}

#[test]
fn errors_in_json_have_a_code_a_message_and_a_hint() {
    let room = Room::with(1);
    let (id, _) = room.issue(&["--name", "n"]);
    let cases: [(&[&str], i32, &str); 7] = [
        (&["show", "01000000000000000000000000"], 4, "not-found"),
        (&["init", "--quick"], 5, "vault-exists"),
        (&["status", "--store", "sqlite:/nonexistent/x.db"], 10, "no-store"),
        (&["rotate-master-key", "--yes", "--quick"], 2, "rotation-target"),
        (&["revoke", &id, "--reason", "r"], 17, "confirmation-needed"),
        (&["list", "--nonsense"], 2, "usage"),
        (&[], 2, "usage"),
    ];
    for (arguments, code, word) in cases {
        let ran = room.run(&[arguments, &["--json"]].concat()).ends(code);
        assert_eq!(ran.out, "");
        let told: serde_json::Value = serde_json::from_str(&ran.err).expect("one JSON object");
        assert_eq!((&told["schema"], &told["code"]), (&"strongroom.error.v1".into(), &word.into()));
        assert!(told["message"].is_string() && told["hint"].is_string(), "{told}");
    }
}

#[test]
fn columns_stand_below_each_other_whatever_the_script() {
    let room = Room::new();
    // Four columns each: of two characters, of four, and of five with a mark that takes none.
    let owners = ["東京", "acme", "rene\u{301}"];
    for owner in owners {
        room.issue(&["--name", "n", "--owner", owner]);
    }
    let list = room.run(&["list"]).ends(0).out;
    assert!(list.contains("OWNER  SCOPES  NAME\n"), "{list}");
    for owner in owners {
        assert!(list.contains(&format!("  {owner}   -       n\n")), "{owner}: {list}");
    }
}
