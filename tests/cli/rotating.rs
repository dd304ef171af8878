//! Beginning a rotation: to the key that was meant, and to no other.

use std::process::{Command, Stdio};

use crate::process::program_path;
use crate::running::{Room, Run, text};

const ROTATE: &str = "rotate-master-key";

/// The fingerprint of a master key of the room.
fn print(room: &Room, version: u32) -> String {
    room.keys.only([version]).versions().next().expect("a key").1.to_string()
}

fn key(room: &Room, version: u32) -> String {
    room.keys.variable([version]).split_once(':').expect("an entry").1.to_owned()
}

/// With master key 1, and this text as another version.
fn with(room: &Room, version: u32, key: &str, arguments: &[&str]) -> Run {
    room.run(arguments).env("STRONGROOM_MASTER_KEYS", &format!("{},{version}:{key}", room.keys.variable([1])))
}

fn active(room: &Room, version: u32) -> u64 {
    room.run_with([version], &["status", "--json"]).ends(0).json()["active_master_key"].as_u64().expect("a version")
}

#[test]
fn without_a_terminal_a_rotation_begins_with_the_expected_key_or_a_yes_and_with_no_other() {
    let room = Room::with(3);
    let (one, two) = (print(&room, 1), print(&room, 2));
    let rotate = |more: &[&str]| room.run_with([1, 2], &[&[ROTATE, "--quick"], more].concat());
    rotate(&[]).ends(17).says(&one).says(&two).says("--expect FINGERPRINT").says("nothing was done");
    for more in [&[][..], &["--yes"], &["--dry-run"], &["--resume"]] {
        let ran = rotate(&[&["--expect", &one], more].concat()).go();
        // What is there to resume was finished: the key that is named is the active one.
        let code = if more == ["--resume"] { 0 } else { 12 };
        assert_eq!(ran.code, Some(code), "{more:?}: {}", ran.err);
        assert!(code == 0 || ran.err.contains(&two) && ran.err.contains(&one), "{}", ran.err);
    }
    let said = rotate(&["--expect", &one, "--json"]).ends(12);
    said.says("\"code\":\"master-key-unexpected\"");
    assert_eq!(active(&room, 1), 1);
    // Whoever takes the key itself for its fingerprint does not see it again.
    let secret = key(&room, 2);
    let ran = rotate(&["--expect", &secret]).ends(2).says("16 lower-case hexadecimal");
    assert!(!ran.err.contains(&secret) && !ran.out.contains(&secret));
    rotate(&["--expect", &two]).ends(0);
    assert_eq!(active(&room, 2), 2);
    room.run_with([2, 3], &[ROTATE, "--quick", "--yes"]).ends(0);
    assert_eq!(active(&room, 3), 3);
}

#[test]
fn the_question_names_both_fingerprints() {
    let room = Room::with(3);
    let mut command = Command::new("script");
    command.args(["-qec", &format!("{} {ROTATE} --quick", program_path()), "/dev/null"]).env_clear();
    command.env("PATH", std::env::var_os("PATH").expect("a path")).env("SHELL", "/bin/sh");
    command.env("STRONGROOM_MASTER_KEYS", room.keys.variable([1, 2]));
    command.env("STRONGROOM_STORE", format!("sqlite:{}", room.path().display()));
    let output = command.stdin(Stdio::null()).output().expect("script of util-linux");
    let said = String::from_utf8(output.stdout).expect("UTF-8");
    let question =
        format!("Replace master key 1 ({}) by 2 ({}), re-encrypt 3 records?", print(&room, 1), print(&room, 2));
    assert!(output.status.code() == Some(17) && said.contains(&question), "{said}");
}

#[test]
fn a_key_that_is_nearly_another_or_nearly_a_published_one_is_refused_with_yes_too() {
    let room = Room::with(3);
    let good = key(&room, 1);
    let changed = |at: usize| {
        let mut text = good.clone().into_bytes();
        text[at] = if text[at] == b'k' { b'm' } else { b'k' };
        String::from_utf8(text).expect("ASCII")
    };
    let mut swapped = good.clone().into_bytes();
    let at = (5..40).find(|at| swapped[*at] != swapped[at + 1]).expect("two that differ");
    swapped.swap(at, at + 1);
    let swapped = String::from_utf8(swapped).expect("ASCII");
    let lost = format!("{}{}AA=", &good[..20], &good[21..42]);
    // The last letter has bits that no key has set, whichever case it is of.
    let other_case: String = good[..42]
        .chars()
        .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
        .collect();
    let other_case = format!("{other_case}{}", &good[42..]);
    let slips = [changed(3), changed(30), swapped, lost, other_case];
    for slip in &slips {
        for more in [&["--yes"][..], &["--yes", "--quick"], &["--dry-run", "--quick"]] {
            let ran = with(&room, 2, slip, &[&[ROTATE], more].concat()).ends(12);
            let ran =
                ran.says("master key 1 is nearly the same key").says("slip of the pen").says("copy the new key again");
            assert!(!ran.err.contains(&good[..12]) && !ran.err.contains(slip.as_str()), "{}", ran.err);
        }
        let list = format!("1:{good} 2:{slip}");
        let checked = Run::bare(&["master-key", "check", "-", "--quick"]).stdin(&list).ends(3);
        assert!(checked.out.contains("refused mistyped"), "{}", checked.out);
    }
    // FIPS 197, appendix A.3, with one digit changed in the middle.
    let near = "YD3rEBXKcb4rc67whX13gR81LAc7YQjXLZgQowkU3_Q=".replace("X13g", "X12g");
    for more in [&["--yes", "--quick"][..], &["--yes"]] {
        with(&room, 2, &near, &[&[ROTATE], more].concat()).ends(12).says("it is a published key but for one byte");
    }
    assert_eq!(active(&room, 1), 1);
}

#[test]
fn each_target_that_is_no_newer_key_has_an_answer_of_its_own() {
    let room = Room::with(3);
    let rotate = |versions: &[u32], more: &[&str]| {
        room.run_with(versions.iter().copied(), &[&[ROTATE, "--quick", "--json"], more].concat())
    };
    let code = |ran: &crate::running::Ran| {
        ran.err.split("\"code\":\"").nth(1).map(|rest| rest.split('"').next().expect("a word").to_owned())
    };
    rotate(&[1, 2], &["--yes", "--to", "2", "--compromised"]).ends(0);
    // The same job once more.
    for more in [
        &["--to", "2"][..],
        &["--to", "2", "--yes"],
        &["--to", "2", "--dry-run"],
        &["--to", "2", "--resume"],
        &["--to", "2", "--compromised"],
        &["--expect", &print(&room, 2)],
        &["--to", "2", "--expect", &print(&room, 2)],
    ] {
        let done = rotate(&[1, 2], more).ends(0).json();
        assert_eq!(
            (text(&done["schema"]), text(&done["fingerprint"]), &done["master_key"]),
            ("strongroom.rotation-done-before.v1".into(), print(&room, 2), &2.into())
        );
    }
    let note = room.run_with([2], &[ROTATE, "--to", "2"]).ends(0);
    note.says("it is the active one already: nothing was to be done");
    for (versions, more, exit, word) in [
        (&[1, 2][..], &["--to", "1"][..], 5, "rotation-older"),
        (&[2], &["--to", "3"], 2, "rotation-target"),
        (&[2], &[], 2, "rotation-target"),
        (&[2], &["--to", "2", "--expect", &print(&room, 1)], 12, "master-key-unexpected"),
        (&[2], &["--to", "2", "--accept-record-set", "--yes"], 2, "rotation-target"),
        (&[2], &["--to", "2", "--certificate", "/nowhere/c.json"], 5, "certificate-missing"),
        (&[2, 3], &["--to", "4294967296"], 2, "usage"),
    ] {
        let ran = rotate(versions, more).ends(exit);
        assert_eq!(code(&ran).as_deref(), Some(word), "{more:?}: {}", ran.err);
    }
    // One that exposed nothing is not what was asked for.
    rotate(&[2, 3], &["--yes"]).ends(0);
    let ran = rotate(&[3], &["--to", "3", "--compromised"]).ends(2);
    assert_eq!(code(&ran).as_deref(), Some("rotation-target"));
}

#[test]
fn the_last_number_is_kept_from_a_vault_while_there_are_others() {
    let room = Room::with(1);
    let ran = with(&room, u32::MAX, &key(&room, 2), &[ROTATE, "--quick", "--yes"]).ends(2);
    ran.says("no rotation could ever follow").says("the number after the active one");
    let last = format!("{}:{}", u32::MAX, key(&room, 2));
    let empty = Room::empty();
    let init = |list: &str| empty.run(&["init", "--quick"]).env("STRONGROOM_MASTER_KEYS", list);
    init(&last).ends(2).says("no rotation could ever follow");
    // Where it is the only one left it is taken, and nothing can follow.
    let (before, both) = (format!("{}:{}", u32::MAX - 1, key(&room, 1)), |one: &str| format!("{one},{last}"));
    init(&before).ends(0);
    let rotate = |list: &str| empty.run(&[ROTATE, "--quick", "--yes"]).env("STRONGROOM_MASTER_KEYS", list);
    rotate(&both(&before)).ends(0);
    rotate(&last).ends(2).says("make a new vault");
}
