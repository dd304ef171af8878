//! Every verb that writes, stopped at each system call that changes a file, one kind of fault after the other: it happened whole or not at
//! all, what was acknowledged stays, and the next run completes it. The verbs that make or move whole vaults have rooms of their own.
//!
//! Needs `strace`.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::injected::{Calls, Fault};
use crate::machine::Machine;
use crate::process::program_path;
use crate::support::act;
use crate::support::past::damage_of;
use strongroom::{Query, Request, Vault};

crate::harness::claims! {
    needs [Strace];
    every_change_of_an_api_key_happens_whole_or_not_at_all,
    every_change_of_many_api_keys_happens_whole_or_not_at_all,
    a_token_is_handed_out_only_with_its_entry_in_the_log,
    rules_uses_and_repairs_happen_whole_or_not_at_all,
    a_compromised_rotation_goes_on_whatever_failed,
}

fn every_change_of_an_api_key_happens_whole_or_not_at_all() {
    let sweep = Sweep::new();
    let id = sweep.id(3);
    sweep.verb(&["update", &id, "--set-owner", "other", "--yes"], Next::Same(&[0]));
    sweep.verb(&["suspend", &id, "--reason", "r", "--yes"], Next::Same(&[0]));
    sweep.verb(&["resume", &sweep.id(SUSPENDED), "--reason", "r", "--yes"], Next::Same(&[0]));
    sweep.verb(&["revoke", &id, "--reason", "r", "--yes", "--at", "2099-01-01T00:00:00Z"], Next::Same(&[0]));
    sweep.verb(&["reissue", &id, "--now", "--reason", "r", "--yes"], Next::Another(&[0, 5]));
}

fn every_change_of_many_api_keys_happens_whole_or_not_at_all() {
    let sweep = Sweep::new();
    let tokens = sweep.machine.file("tokens");
    let keys = sweep.machine.file("keys.jsonl");
    let line = |n: usize| format!("{{\"token\":\"live_{}{n:02}\",\"name\":\"theirs {n}\"}}\n", "q7Xv2LmZt9RbKc4WnJp8");
    fs::write(&keys, (0..RECORDS).map(line).collect::<String>()).expect("written");
    let mut sweep = sweep;
    sweep.machine.keep();
    sweep.verb(&["revoke", "--owner", "acme", "--reason", "r", "--yes"], Next::Same(&[0]));
    sweep.verb(&["suspend", "--owner", "acme", "--reason", "r", "--yes"], Next::Same(&[0]));
    sweep.verb(&["update", "--owner", "acme", "--set-name", "one of many", "--yes"], Next::Same(&[0]));
    // What was done and not said is refused by name: the tokens are there.
    sweep.verb(&["import", &keys, "--reason", "r"], Next::Same(&[0, 2]));
    let reissue = ["reissue", "--owner", "acme", "--now", "--out-dir", &tokens, "--reason", "r", "--yes"];
    sweep.verb(&reissue, Next::Files(Path::new(&tokens), &[0]));
}

fn a_token_is_handed_out_only_with_its_entry_in_the_log() {
    let sweep = Sweep::new();
    let (id, out) = (sweep.id(3), sweep.machine.file("token"));
    sweep.verb(&["recover", &id, "--reason", "r", "--yes"], Next::Logged);
    sweep.verb(&["recover", &id, "--reason", "r", "--out", &out, "--yes"], Next::Logged);
    sweep.verb(&["recover", &id, "--reason", "r", "--reissue", "--yes"], Next::Another(&[0, 5]));
    let export = ["recover", "--all", "--reason", "r", "--to", RECIPIENT, "--out", &out, "--yes"];
    sweep.verb(&export, Next::Logged);
}

fn rules_uses_and_repairs_happen_whole_or_not_at_all() {
    let sweep = Sweep::new();
    sweep.verb(&["policy", "set", "--max-key-age", "90d", "--reason", "r", "--yes"], Next::Same(&[0]));
    sweep.verb(&["verify"], Next::Same(&[0]));
    sweep.verb(&["audit", "checkpoint"], Next::Same(&[0]));
    sweep.verb(&["master-key", "verifier", "--version", "1", "--reason", "r"], Next::Logged);
    sweep.verb(&["doctor", "--repair", "--reason", "r", "--yes"], Next::Same(&[0]));
}

fn a_compromised_rotation_goes_on_whatever_failed() {
    let sweep = Sweep::new();
    let rotate = ["rotate-master-key", "--quick", "--compromised", "--batch", "4", "--yes", "--reason", "r"];
    sweep.verb(&rotate, Next::Rotated);
}

/// How many API keys there are.
const RECORDS: usize = 12;
/// The one of them that is suspended.
const SUSPENDED: usize = 5;
const RECIPIENT: &str = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

/// What the same command does once more, and how it may end then.
#[derive(Clone, Copy)]
enum Next<'a> {
    /// It ends in the same state.
    Same(&'a [i32]),
    /// It may do the same to the next API key.
    Another(&'a [i32]),
    /// It ends in the same state, with a file for each new token before that is valid.
    Files(&'a Path, &'a [i32]),
    /// It writes nothing but an entry of the log, and that before it says anything.
    Logged,
    /// It finishes the rotation.
    Rotated,
}

struct Sweep {
    machine: Machine,
}

impl Sweep {
    fn new() -> Self {
        let mut machine = Machine::unanchored(RECORDS, 2);
        machine.scene.open([1]).suspend(machine.scene.issued[SUSPENDED].id, &act()).expect("suspended");
        fs::write(machine.file("stdin"), machine.scene.issued[0].token.expose()).expect("written");
        machine.keep();
        Self { machine }
    }

    fn id(&self, at: usize) -> String {
        self.machine.scene.issued[at].id.to_string()
    }

    /// The program with a token on its standard input, which a traced command cannot be given otherwise.
    fn command(&self, versions: &[u32], arguments: &[&str]) -> Command {
        let plain = self.machine.command(versions, arguments);
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "input=$1; shift; exec \"$@\" <\"$input\"", "sh"]);
        command.arg(self.machine.file("stdin")).arg(program_path()).args(arguments);
        command.env_clear().envs(plain.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command
    }

    fn open(&self) -> Vault {
        self.machine.scene.open([1, 2])
    }

    /// What the vault holds, but for moments and for what comes by chance.
    fn state(&self) -> (Vec<String>, String) {
        let vault = self.open();
        let told = |listed: strongroom::Listed| {
            let key = listed.key.expect("opens");
            let moments = [key.revoke_at, key.revoked_at, key.suspended_at].map(|at| at.is_some());
            format!("{} {:?} {moments:?} {}", key.name, key.owner, key.replaced_by.is_some())
        };
        let mut keys: Vec<_> = vault.list_all(&Query::new()).map(|listed| told(listed.expect("listed"))).collect();
        keys.sort();
        (keys, format!("{:?}", vault.policy().expect("read")))
    }

    fn verb(&self, arguments: &[&str], next: Next<'_>) {
        let versions: &[u32] = if matches!(next, Next::Rotated) { &[1, 2] } else { &[1] };
        let (command, name) =
            (self.command(versions, arguments), arguments.iter().take(2).copied().collect::<Vec<_>>().join(" "));
        self.machine.put_back();
        let before = self.state();
        let calls = Calls::of(&command);
        let after = self.state();
        for fault in [Fault::Kill, Fault::FailsFrom("ENOSPC"), Fault::FailsFrom("EIO"), Fault::Fails("EIO")] {
            let (mut tried, mut met, mut failed, mut happened) = (0, 0, 0, 0);
            self.machine.put_back();
            for point in calls.points(8).filter(|point| *point < calls.len()) {
                let end = self.machine.end();
                // What comes by chance, such as an id, may spare SQLite a page and the run a call: then it is run again.
                let mut runs = std::iter::repeat_with(|| {
                    self.machine.put_back();
                    calls.stopped(&command, point, fault)
                });
                let (output, struck) =
                    runs.by_ref().take(5).find(|(_, struck)| *struck).or_else(|| runs.next()).expect("it ran");
                let at = format!("{name}, {fault:?} at call {point} of {}", calls.len());
                let told = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.code() != Some(101) && !told.contains("panicked"), "{at}: {told}");
                tried += 1;
                met += u32::from(struck);
                failed += u32::from(!output.status.success());
                let vault = self.open();
                assert_eq!(damage_of(&vault), Vec::<&str>::new(), "{at}");
                drop(vault);
                let logged = self.machine.end() > end;
                happened += u32::from(logged);
                let acknowledged = output.status.success() || !output.stdout.is_empty();
                let state = self.state();
                match next {
                    Next::Same(_) | Next::Another(_) | Next::Files(..) => {
                        assert!(state == before || state == after, "{at}: {state:?}");
                        assert!(!acknowledged || state == after, "{at}: it said it was done: {told}");
                    }
                    Next::Logged => {
                        assert!(state == before, "{at}");
                        assert!(!acknowledged || logged, "{at}: told without an entry");
                    }
                    Next::Rotated => assert!(state == before, "{at}"),
                }
                if let Next::Files(folder, _) = next {
                    self.assert_handed_out(folder, &at);
                }
                self.complete(versions, arguments, next, &after, &at);
                self.machine.put_back();
            }
            eprintln!("{name}, {fault:?}: {met} of {tried} points met, {failed} failed, {happened} after a commit");
            assert_eq!(met, tried, "{name}, {fault:?}: a point was not met");
        }
    }

    /// Each new API key that is valid has its token in a file.
    fn assert_handed_out(&self, folder: &Path, at: &str) {
        let vault = self.open();
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        let tokens: Vec<_> = files.filter_map(|file| fs::read_to_string(file.path()).ok()).collect();
        let has = |token: &String, id| vault.verify(token.trim(), &Request::new()).is_ok_and(|key| key.id == id);
        for listed in vault.list_all(&Query::new()) {
            let key = listed.expect("listed").key.expect("opens");
            // One that is suspended verifies neither before nor after.
            if let Some(replacement) = key.replaced_by.filter(|_| key.suspended_at.is_none()) {
                assert!(tokens.iter().any(|token| has(token, replacement)), "{at}: a token is lost");
            }
        }
    }

    fn complete(&self, versions: &[u32], arguments: &[&str], next: Next<'_>, after: &(Vec<String>, String), at: &str) {
        let again = self.command(versions, arguments).output().expect("runs");
        let told = String::from_utf8_lossy(&again.stderr);
        let (code, at) = (again.status.code().expect("it ends"), format!("{at}, and again: {told}"));
        match next {
            Next::Same(codes) | Next::Files(_, codes) => {
                assert!(codes.contains(&code), "{at}{code}");
                assert!(self.state() == *after, "{at}");
            }
            Next::Another(codes) => assert!(codes.contains(&code), "{at}{code}"),
            Next::Logged => {
                // A file that is there already is not written over.
                let there = code == 5 || code == 2;
                assert!(code == 0 || there && arguments.contains(&"--out"), "{at}{code}");
            }
            Next::Rotated => {
                assert!(matches!(code, 0 | 2), "{at}{code}");
                let vault = self.machine.scene.open([2]);
                assert!(vault.status().expect("status").rotation.is_none(), "{at}");
            }
        }
        assert_eq!(damage_of(&self.open()), Vec::<&str>::new(), "{at}");
    }
}
