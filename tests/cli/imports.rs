//! Imports of more lines than go into one commit: killed, stopped and gone on with.

use std::fs;
use std::io::{BufRead, BufReader};

use crate::running::{Ran, Room, text};
use rustix::process::{Pid, Signal, kill_process};
use sha2::{Digest, Sha256};

/// More than the 16,384 of one commit.
const COUNT: usize = 20_000;

fn lines(count: usize) -> String {
    let line = |n: usize| {
        let token = base16ct::lower::encode_string(&Sha256::digest(n.to_be_bytes())[..16]);
        format!("{{\"token\":\"acme_{token}\",\"name\":\"n{n}\",\"owner\":\"acme\"}}\n")
    };
    (0..count).map(line).collect()
}

fn records(room: &Room) -> u64 {
    room.run(&["status", "--json"]).ends(0).json()["records"].as_u64().expect("a number")
}

#[test]
fn an_import_that_was_killed_or_stopped_goes_on_with_the_same_command() {
    for signal in [Signal::KILL, Signal::INT] {
        let room = Room::new();
        let file = room.file("lines");
        fs::write(&file, lines(COUNT)).expect("written");
        let path = file.display().to_string();
        let import = ["import", &path, "--json"];
        let mut child = room.run(&import).spawn();
        let mut out = BufReader::new(child.stdout.take().expect("piped"));
        let mut first = String::new();
        out.read_line(&mut first).expect("the first commit");
        kill_process(Pid::from_child(&child), signal).expect("sent");
        let ran = Ran::of(child, "import");
        let done = records(&room);
        if done == COUNT as u64 {
            // It was the quicker one.
            continue;
        }
        assert_eq!(done, 16_384);
        let told: serde_json::Value = serde_json::from_str(&first).expect("JSON");
        assert_eq!(
            (text(&told["schema"]), &told["line"], &told["lines"]),
            ("strongroom.import-ids.v1".into(), &16_384.into(), &COUNT.into())
        );
        if signal == Signal::INT {
            assert_eq!(ran.code, Some(130), "{}", ran.err);
            drop(ran.says("lines 1 to 16384 of 20000 are imported").says("run the same command again"));
        }
        // What is in verifies, and other lines are another import.
        fs::write(&file, lines(COUNT - 1)).expect("written");
        room.run(&import).ends(2).says("line 1: an API key with this token is in the vault already");
        fs::write(&file, lines(COUNT)).expect("written");
        let last = room.run(&import).ends(0).json_lines().pop().expect("a summary");
        assert_eq!((&last["imported"], &last["there_before"]), (&(COUNT - 16_384).into(), &16_384.into()));
        assert_eq!(records(&room), COUNT as u64);
        room.run(&import).ends(2).says("line 1: an API key with this token is in the vault already");
        room.run(&["doctor"]).ends(0);
    }
}

#[test]
fn a_fault_on_the_last_of_many_lines_leaves_nothing_behind() {
    let room = Room::new();
    let faulty = format!("{}{{\"token\":\"summer-2024\",\"name\":\"n\"}}\n", lines(17_000));
    room.run(&["import", "-"]).stdin(&faulty).ends(2).says("line 17001: the token can be guessed");
    assert_eq!(records(&room), 0);
    room.run(&["import", "-"]).stdin("\n".repeat(65 << 20)).ends(2).says("longer than 64 MiB").says("name a file");
}
