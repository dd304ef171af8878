//! Saying nothing where all is well, asking so that people can answer, and readers and terminals that go away.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::process::program_path;
use crate::running::{Ran, Room, Run, text};
use crate::support::past::damage_record;

#[test]
fn a_check_that_finds_nothing_says_nothing_when_it_is_told_to_be_quiet() {
    let room = Room::with(3);
    let backup = room.file("b").display().to_string();
    let silent = |arguments: &[&str]| {
        for json in [&[][..], &["--json"]] {
            for quiet in ["-q", "--quiet"] {
                let ran = room.run(&[arguments, json, &[quiet]].concat()).ends(0);
                assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{arguments:?}");
            }
        }
    };
    room.run(&["backup", &backup, "-q"]).ends(0);
    silent(&["doctor"]);
    silent(&["master-key", "check", "--quick"]);
    silent(&["audit", "verify"]);
    silent(&["backup", "verify", &backup]);
    silent(&["suspend", "--owner", "acme", "--reason", "r", "--yes"]);
    silent(&["scan", &backup]);
    // What was asked for is printed, and nothing beside it.
    for arguments in [&["list", "--owner", "nobody"][..], &["status"], &["issue", "--name", "n"], &["policy", "show"]] {
        let ran = room.run(&[arguments, &["-q"]].concat()).ends(0);
        assert_eq!(ran.err, "", "{arguments:?}");
        assert_eq!(ran.out.is_empty(), arguments[0] == "list", "{arguments:?}: {}", ran.out);
    }
    let weak =
        Run::bare(&["master-key", "check", "-", "-q"]).stdin("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").ends(3);
    assert!(weak.out.contains("refused published"), "{}", weak.out);
    damage_record(&room.store(), 1);
    let doctor = room.run(&["doctor", "-q"]).ends(13);
    assert!(doctor.out.contains("damage record"), "{}", doctor.out);
    let ran = room.run(&["resume", "--owner", "acme", "--reason", "r", "--yes", "-q"]).go();
    assert!(ran.code == Some(0) || ran.out.contains("failed "), "{}", ran.out);
}

/// On a terminal, with this typed.
fn typed(room: &Room, arguments: &str, answer: &str) -> (Option<i32>, String) {
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {arguments}", program_path()), "/dev/null"]).env_clear();
    command.env("PATH", std::env::var_os("PATH").expect("a path")).env("SHELL", "/bin/sh");
    command.env("STRONGROOM_MASTER_KEYS", room.keys.variable([1]));
    command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("script of util-linux");
    child.stdin.take().expect("piped").write_all(answer.as_bytes()).expect("typed");
    let output = child.wait_with_output().expect("ended");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn y_is_yes_and_a_no_is_not_answered_with_an_option() {
    let room = Room::with(6);
    let ids: Vec<_> = room.run(&["list", "--json"]).ends(0).json_lines().iter().map(|key| text(&key["id"])).collect();
    for (id, answer) in ids.iter().zip(["y\n", "Y\n", "yes\n", "YES\n"]) {
        let (code, said) = typed(&room, &format!("revoke {id} --reason r"), answer);
        assert!(code == Some(0) && said.contains("revoked "), "{answer:?}: {said}");
    }
    for answer in ["n\n", "no\n", "\n", "yep\n", "oui\n"] {
        let (code, said) = typed(&room, &format!("revoke {} --reason r", ids[5]), answer);
        assert!(code == Some(17) && said.contains("not confirmed: nothing was done"), "{answer:?}: {said}");
        assert!(!said.contains("--yes") && !said.contains("hint:"), "{said}");
    }
    let unasked = room.run(&["revoke", &ids[5], "--reason", "r"]).ends(17);
    unasked.says("--yes");
}

#[test]
fn totals_are_true_when_the_reader_leaves() {
    let room = Room::with(20_000);
    room.run_with([1, 2], &["rotate-master-key", "--quick", "--yes", "--compromised"]).ends(0);
    let early = |arguments: &[&str]| {
        let mut child = room.run_with([2], arguments).spawn();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        out.read_line(&mut String::new()).expect("a line");
        drop(out);
        Ran::of(child, &arguments.join(" "))
    };
    let ran = early(&["due"]);
    assert_eq!(ran.code, Some(3), "{}", ran.err);
    let number = |after: &str| -> u64 {
        let (_, rest) = ran.err.split_once(after).unwrap_or_else(|| panic!("{after:?} is not in {}", ran.err));
        rest.split(|c: char| !c.is_ascii_digit()).next().and_then(|digits| digits.parse().ok()).expect("a number")
    };
    let (due, of) = (number("due: "), number("closed when "));
    assert!(ran.err.contains(" at least") && due <= of && of < 20_000, "{}", ran.err);
    let dry = early(&["suspend", "--owner", "acme", "--reason", "r", "--dry-run"]);
    assert!(
        dry.code == Some(0) && dry.err.contains("of 20000 API keys had been looked at"),
        "{:?} {}",
        dry.code,
        dry.err
    );
}

#[test]
fn a_terminal_that_goes_stops_as_a_term_does_and_nohup_goes_on() {
    let room = Room::with(3_000);
    let rotate = ["rotate-master-key", "--yes", "--quick", "--rate", "1000", "--batch", "100", "--json"];
    let hang_up = |mut run: Run| {
        let mut child = run.spawn();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        // Until the sweep is under way.
        out.read_line(&mut String::new()).expect("a line");
        kill_process(Pid::from_child(&child), Signal::HUP).expect("sent");
        let drained = std::thread::spawn(move || std::io::copy(&mut out, &mut std::io::sink()));
        let ran = Ran::of(child, "rotate-master-key");
        drained.join().expect("joined").expect("read");
        ran
    };
    let ran = hang_up(room.run_with([1, 2], &rotate));
    assert_eq!(ran.code, Some(129), "{}", ran.err);
    let open = room.run_with([2], &["rotate-master-key", "--status", "--json"]).ends(0).json();
    assert_eq!(open["open"]["running"], false, "it gave up its lease: {open}");
    let mut nohup = Command::new("nohup");
    nohup.arg(program_path());
    let run = Run::through(nohup, &rotate).env("STRONGROOM_MASTER_KEYS", &room.keys.variable([2]));
    let run = run.env("PATH", "/usr/bin:/bin").env("STRONGROOM_STORE", &format!("sqlite:{}", room.path().display()));
    std::thread::sleep(Duration::from_millis(10));
    let ran = hang_up(run);
    assert_eq!(ran.code, Some(0), "{}", ran.err);
}

#[test]
fn a_hint_names_the_source_that_was_used() {
    let room = Room::with(1);
    let file = room.file("keys");
    std::fs::write(&file, room.keys.variable([2])).expect("written");
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
    let bare = |verb: &[&str]| room.run(verb).unset("STRONGROOM_MASTER_KEYS");
    let named = format!("put 1:KEY into the key file {}", file.display());
    bare(&["list"]).env("STRONGROOM_MASTER_KEYS_FILE", &file.display().to_string()).ends(12).says(&named);
    let command = format!("/bin/cat {}", file.display());
    let ran = bare(&["list"]).env("STRONGROOM_MASTER_KEYS_COMMAND", &command).ends(12);
    ran.says("put 1:KEY into what STRONGROOM_MASTER_KEYS_COMMAND prints");
    room.run_with([2], &["list"]).ends(12).says("put 1:KEY into STRONGROOM_MASTER_KEYS;");
    let ran = room.run(&["list"]).env("STRONGROOM_WAIVERS", "/nowhere").ends(2).says("in STRONGROOM_WAIVERS");
    assert!(!ran.err.contains("--waivers"), "{}", ran.err);
    room.run(&["list", "--waivers", "/nowhere"]).ends(2).says("--waivers FILE");
}

#[test]
fn what_only_the_program_types_is_shown_nowhere() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = Run::bare(&["completions", shell]).ends(0).out;
        assert!(script.contains("rehearse") && !script.contains("rehearsal"), "{shell}");
    }
    for arguments in [&["--help"][..], &["rehearsal"], &["rehearsal-ste"], &["help"], &[]] {
        let ran = Run::bare(arguments).go();
        assert!(!ran.err.contains("rehearsal-step") && !ran.out.contains("rehearsal"), "{arguments:?}: {}", ran.err);
    }
}
