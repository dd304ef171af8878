//! Acts of a machine with an anchor, stopped at each system call that writes: what was acknowledged stays, nothing that is right is refused
//! afterwards, and the anchor is never ahead of the store.
//!
//! Needs `strace`.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::injected::{Calls, Fault};
use crate::machine::{ACCEPT, INIT, Machine};
use strongroom::anchor::AnchorStatement;
use strongroom::{Request, Vault};

crate::harness::claims! {
    needs [Strace];
    killed_at_every_write_of_an_issue_the_anchor_is_never_ahead_and_the_next_change_is_made,
    killed_at_every_write_of_a_revocation_the_anchor_is_never_ahead_and_the_next_change_is_made,
    killed_at_every_write_of_a_rotation_the_anchor_lets_the_next_run_complete,
    killed_at_every_write_of_an_acceptance_the_anchor_holds_the_old_line_or_the_new_one,
    killed_at_every_write_of_a_restore_the_anchor_holds_what_it_held,
    killed_at_every_write_of_the_making_of_an_anchor_it_is_whole_or_not_there,
    killed_at_every_write_of_a_vault_made_with_its_anchor_no_anchor_is_without_its_vault,
    out_of_space_or_failing_at_any_write_of_an_anchored_act_it_happens_whole_or_not_at_all,
}

const RECORDS: usize = 40;
const ROTATE: [&str; 5] = ["rotate-master-key", "--yes", "--quick", "--batch", "10"];

fn killed_at_every_write_of_an_issue_the_anchor_is_never_ahead_and_the_next_change_is_made() {
    let machine = Machine::anchored(RECORDS, 1);
    let met = sweep(&machine, "issue", &machine.command(&[1], &ISSUE), 1, |stopped| stopped.assert_issued(&machine));
    met.assert_some_happened_unseen();
}

fn killed_at_every_write_of_a_revocation_the_anchor_is_never_ahead_and_the_next_change_is_made() {
    let machine = Machine::anchored(RECORDS, 1);
    let id = machine.scene.issued[0].id.to_string();
    let command = machine.command(&[1], &revoke(&id));
    let met = sweep(&machine, "revoke", &command, 1, |stopped| stopped.assert_revoked(&machine));
    met.assert_some_happened_unseen();
}

fn killed_at_every_write_of_a_rotation_the_anchor_lets_the_next_run_complete() {
    let machine = Machine::anchored(RECORDS, 2);
    let mut open = 0;
    let met = sweep(&machine, "rotate-master-key", &machine.command(&[1, 2], &ROTATE), 3, |stopped| {
        stopped.assert_not_ahead();
        let vault = machine.open(&[1, 2]).unwrap_or_else(|error| panic!("{}: {error}", stopped.at));
        machine.scene.assert_tokens(&vault, &[]);
        open += u32::from(vault.status().expect("status").rotation.is_some());
        drop(vault);
        let again = machine.command(&[1, 2], &ROTATE).status().expect("runs");
        // Killed after the last commit, there is nothing left to rotate to: a usage error.
        assert!(matches!(again.code(), Some(0 | 2)), "{}: the next run: {again}", stopped.at);
        let vault = machine.open(&[2]).unwrap_or_else(|error| panic!("{}: {error}", stopped.at));
        assert_whole(&machine, &vault, &stopped.at);
        drop(vault);
        machine.assert_goes_on(&[2], &stopped.at);
    });
    eprintln!("  {open} of them with the rotation open");
    assert!(open > 5, "only {open} with the rotation open");
    met.assert_some_happened_unseen();
}

fn killed_at_every_write_of_an_acceptance_the_anchor_holds_the_old_line_or_the_new_one() {
    let mut machine = restorable();
    restore(&machine);
    machine.exchange();
    machine.keep();
    let before = machine.seen().expect("an anchor");
    let mut accepted = 0;
    let met = sweep(&machine, "anchor accept", &machine.command(&[1], &ACCEPT), 1, |stopped| {
        if stopped.seen.as_ref() == Some(&before) {
            assert!(!stopped.acknowledged(), "{}: it said it was done", stopped.at);
            let refused = machine.open(&[1]).map(drop).expect_err("restored");
            assert_eq!(refused.code(), "anchor-other-line", "{}", stopped.at);
            machine.must(&[1], &ACCEPT);
        } else {
            accepted += 1;
            stopped.assert_not_ahead();
        }
        let vault = machine.open(&[1]).unwrap_or_else(|error| panic!("{}: {error}", stopped.at));
        assert_whole(&machine, &vault, &stopped.at);
        drop(vault);
        machine.assert_goes_on(&[1], &stopped.at);
    });
    eprintln!("  {accepted} of them accepted");
    assert!(accepted > 0 && met.kills > accepted, "{accepted} of {}", met.kills);
}

fn killed_at_every_write_of_a_restore_the_anchor_holds_what_it_held() {
    let machine = restorable();
    let before = machine.seen();
    let target = machine.file("r.db");
    let met = sweep(&machine, "restore", &machine.restoring(), 4, |stopped| {
        assert_eq!(stopped.seen, before, "{}", stopped.at);
        machine.open(&[1]).unwrap_or_else(|error| panic!("{}: what was there: {error}", stopped.at));
        if !Path::new(&target).exists() {
            assert!(!stopped.acknowledged(), "{}: it said it was done", stopped.at);
            restore(&machine);
        }
        machine.exchange();
        let refused = machine.open(&[1]).map(drop).expect_err("restored");
        assert_eq!(refused.code(), "anchor-other-line", "{}", stopped.at);
        machine.must(&[1], &ACCEPT);
        let vault = machine.open(&[1]).unwrap_or_else(|error| panic!("{}: {error}", stopped.at));
        assert_whole(&machine, &vault, &stopped.at);
        drop(vault);
        machine.assert_goes_on(&[1], &stopped.at);
    });
    assert!(met.kills > 5, "only {} kills", met.kills);
}

fn killed_at_every_write_of_the_making_of_an_anchor_it_is_whole_or_not_there() {
    let machine = Machine::to_be_anchored(RECORDS, 1);
    let mut made = 0;
    let met = sweep(&machine, "anchor init", &machine.command(&[1], &INIT), 1, |stopped| {
        made += u32::from(stopped.seen.is_some());
        if stopped.seen.is_none() {
            assert!(!stopped.acknowledged(), "{}: it said it was done", stopped.at);
            let refused = machine.open(&[1]).map(drop).expect_err("there is none");
            assert_eq!(refused.code(), "anchor-missing", "{}", stopped.at);
            machine.must(&[1], &INIT);
        }
        assert_eq!(machine.seen().expect("an anchor").audit_seq, stopped.end, "{}", stopped.at);
        let vault = machine.open(&[1]).unwrap_or_else(|error| panic!("{}: {error}", stopped.at));
        assert_whole(&machine, &vault, &stopped.at);
        drop(vault);
        machine.assert_goes_on(&[1], &stopped.at);
    });
    assert!(made > 0 && met.kills > made, "{made} of {}", met.kills);
}

fn killed_at_every_write_of_a_vault_made_with_its_anchor_no_anchor_is_without_its_vault() {
    let mut machine = Machine::to_be_anchored(0, 1);
    machine.keep_nothing();
    let (mut kills, mut between) = (0, 0);
    let making = machine.command(&[1], &["init", "--quick"]);
    machine.put_back();
    let calls = Calls::of(&making);
    for point in calls.points(1) {
        let at = format!("init, killed at call {point}");
        machine.put_back();
        let ended = calls.stop(&making, point, Fault::Kill).status().expect("strace runs");
        assert!(point < calls.len() || ended.success(), "without a fault: {ended}");
        let had = machine.seen().is_some();
        let again = machine.command(&[1], &["init", "--quick"]).status().expect("runs");
        assert!(matches!(again.code(), Some(0 | 5)), "{at}: init again: {again}");
        assert!(!had || again.code() == Some(5), "{at}: an anchor without its vault");
        assert!(!ended.success() || had, "{at}: it said it was done");
        if machine.seen().is_none() {
            between += 1;
            let refused = machine.open(&[1]).map(drop).expect_err("there is no anchor");
            assert_eq!(refused.code(), "anchor-missing", "{at}");
            machine.must(&[1], &INIT);
        }
        assert_eq!(machine.open(&[1]).expect("vault").doctor(|_| {}).expect("doctor").symptoms, [], "{at}");
        machine.assert_goes_on(&[1], &at);
        kills += u32::from(!ended.success());
    }
    eprintln!("init: {kills} kills at {} calls, {between} of them between the vault and its anchor", calls.len());
    assert!(kills > 10 && between > 0, "{kills} kills, {between} between");
}

fn out_of_space_or_failing_at_any_write_of_an_anchored_act_it_happens_whole_or_not_at_all() {
    let machine = Machine::anchored(RECORDS, 1);
    let id = machine.scene.issued[0].id.to_string();
    // A disk that is full from a call on, and one call that fails.
    for fault in [Fault::FailsFrom("ENOSPC"), Fault::Fails("EIO")] {
        for (name, arguments) in [("issue", &ISSUE[..]), ("revoke", &revoke(&id)[..])] {
            let (mut warned, mut refused) = (0, 0);
            machine.put_back();
            let command = machine.command(&[1], arguments);
            let calls = Calls::of(&command);
            for point in calls.points(1) {
                let stopped = stop(&machine, name, &calls, &command, point, fault);
                let (at, code, happened) = (&stopped.at, stopped.output.status.code(), stopped.happened());
                let told = String::from_utf8_lossy(&stopped.output.stderr);
                assert!(code.is_some_and(|code| code != 101), "{at}: {told}");
                assert!(!told.contains("nothing was changed") || !happened, "{at}: {told}");
                warned += u32::from(code == Some(0) && told.contains("anchor-behind"));
                refused += u32::from(code == Some(74) && !happened);
                if name == "issue" {
                    stopped.assert_issued(&machine);
                } else {
                    stopped.assert_revoked(&machine);
                }
            }
            eprintln!(
                "{name}: {fault:?} at {} calls, {refused} refused for the anchor, {warned} done before it",
                calls.len()
            );
            let one_alone = matches!(fault, Fault::Fails(_));
            assert!(refused > 0 && (!one_alone || warned > 0), "{fault:?}: {refused} refused, {warned} warned");
        }
    }
}

/// What a sweep met.
#[derive(Default)]
struct Met {
    kills: u32,
    /// The act had happened by then.
    happened: u32,
    /// And the anchor did not know.
    unseen: u32,
}

impl Met {
    fn assert_some_happened_unseen(&self) {
        assert!(self.kills > self.happened && self.unseen > 0, "no kill fell between a commit and its anchor");
    }
}

/// Stops an act at its first call, then at a later one, and so on until nothing is left to be stopped. `look` sees what is there after each.
fn sweep(machine: &Machine, name: &str, command: &Command, usual: usize, mut look: impl FnMut(&Stopped)) -> Met {
    let mut met = Met::default();
    machine.put_back();
    let calls = Calls::of(command);
    for point in calls.points(usual) {
        let stopped = stop(machine, name, &calls, command, point, Fault::Kill);
        look(&stopped);
        if !stopped.output.status.success() {
            met.kills += 1;
            met.happened += u32::from(stopped.happened());
            met.unseen += u32::from(stopped.is_unseen());
        }
    }
    let Met { kills, happened, unseen } = met;
    eprintln!(
        "{name}: {kills} kills at {} calls, {happened} of them after a commit, {unseen} before its anchor",
        calls.len()
    );
    met
}

/// What is there after an act was stopped.
struct Stopped {
    at: String,
    output: Output,
    /// The ends of the log.
    before: u64,
    end: u64,
    seen: Option<AnchorStatement>,
}

fn stop(machine: &Machine, name: &str, calls: &Calls, command: &Command, point: usize, fault: Fault) -> Stopped {
    machine.put_back();
    let (before, at) = (machine.end(), format!("{name}, {fault:?} at call {point}"));
    let mut command = calls.stop(command, point, fault);
    let output = command.stdout(Stdio::piped()).stderr(Stdio::piped()).output().expect("strace runs");
    assert!(point < calls.len() || output.status.success(), "{at}: without a fault: {}", output.status);
    Stopped { at, output, before, end: machine.end(), seen: machine.seen() }
}

impl Stopped {
    fn happened(&self) -> bool {
        self.end > self.before
    }

    fn is_unseen(&self) -> bool {
        self.happened() && self.seen.as_ref().is_some_and(|seen| seen.audit_seq < self.end)
    }

    /// Whoever ran it was told that it is done.
    fn acknowledged(&self) -> bool {
        self.output.status.success() || !self.output.stdout.is_empty()
    }

    fn assert_not_ahead(&self) {
        let seen = self.seen.as_ref().expect("the anchor is there").audit_seq;
        assert!(seen <= self.end, "{}: the anchor holds entry {seen}, and the log ends with {}", self.at, self.end);
    }

    fn assert_issued(&self, machine: &Machine) {
        self.assert_not_ahead();
        let vault = machine.open(&[1]).unwrap_or_else(|error| panic!("{}: {error}", self.at));
        assert_whole(machine, &vault, &self.at);
        let issued = vault.status().expect("status").record_count() - RECORDS as u64;
        assert_eq!(issued, self.end - self.before, "{}", self.at);
        assert!(!self.acknowledged() || issued == 1, "{}: it said it was done", self.at);
        if let Ok(document) = serde_json::from_slice::<serde_json::Value>(&self.output.stdout) {
            let token = document["token"].as_str().expect("a token");
            vault.verify(token, &Request::new()).unwrap_or_else(|error| panic!("{}: acknowledged: {error}", self.at));
        }
        drop(vault);
        machine.assert_goes_on(&[1], &self.at);
    }

    fn assert_revoked(&self, machine: &Machine) {
        self.assert_not_ahead();
        let vault = machine.open(&[1]).unwrap_or_else(|error| panic!("{}: {error}", self.at));
        machine.scene.assert_tokens(&vault, if self.happened() { &[0] } else { &[] });
        assert!(!self.acknowledged() || self.happened(), "{}: it said it was done", self.at);
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{}", self.at);
        drop(vault);
        machine.assert_goes_on(&[1], &self.at);
    }
}

fn assert_whole(machine: &Machine, vault: &Vault, at: &str) {
    machine.scene.assert_tokens(vault, &[]);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{at}");
}

/// With a backup, and an act since that the anchor has seen.
fn restorable() -> Machine {
    let mut machine = Machine::anchored(RECORDS, 1);
    machine.must(&[1], &["backup", &machine.file("b")]);
    machine.must(&[1], &["issue", "--name", "since"]);
    machine.keep();
    machine
}

fn restore(machine: &Machine) {
    assert!(machine.restoring().status().expect("runs").success(), "not restored");
}

const ISSUE: [&str; 4] = ["issue", "--json", "--name", "late"];

fn revoke(id: &str) -> [&str; 6] {
    ["revoke", id, "--reason", "test", "--yes", "--json"]
}
