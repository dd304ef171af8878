//! The program stopped at each system call that writes: killed there, out of space there, failing there.
//!
//! Needs `strace`.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

use crate::injected::{Calls, Fault};
use crate::process::{Scene, program};
use crate::support::past::{files_in, put_files_back};
use strongroom::{Request, SqliteStore, Vault};

crate::harness::claims! {
    needs [Strace];
    killed_at_every_write_of_a_rotation_the_next_run_completes,
    killed_again_while_resuming_the_third_run_completes,
    out_of_space_or_failing_at_any_write_the_old_state_stays_readable,
    killed_at_every_write_of_issue_and_revoke_what_was_acknowledged_stays,
    killed_at_every_write_of_init_it_can_be_run_again,
    out_of_space_or_failing_at_any_write_of_init_it_can_be_run_again,
    out_of_space_or_failing_at_any_write_of_issue_and_revoke_they_happen_whole_or_not_at_all,
}

const RECORDS: usize = 200;
const ROTATE: [&str; 5] = ["rotate-master-key", "--yes", "--quick", "--batch", "20"];

fn killed_at_every_write_of_a_rotation_the_next_run_completes() {
    let scene = prepared();
    let (command, mut kills) = (scene.scene.command(&[1, 2], &ROTATE), 0);
    let calls = Calls::of(&command);
    for point in calls.points(2) {
        scene.restore();
        kills += u32::from(!stopped(&calls, &command, point, Fault::Kill).success());
        scene.assert_readable();
        scene.complete();
    }
    eprintln!("killed at {kills} of {} calls of a rotation", calls.len());
    assert!(kills > 50, "only {kills} kills");
}

fn killed_again_while_resuming_the_third_run_completes() {
    let scene = prepared();
    let (command, mut pairs) = (scene.scene.command(&[1, 2], &ROTATE), 0);
    let calls = Calls::of(&command);
    for first in (5..calls.len()).step_by(10) {
        scene.restore();
        stopped(&calls, &command, first, Fault::Kill);
        let halfway = files_in(scene.scene.folder.path());
        // Nothing to rotate to is a usage error.
        if scene.scene.command(&[1, 2], &ROTATE).status().expect("runs").code() != Some(0) {
            continue;
        }
        put_files_back(scene.scene.folder.path(), &halfway);
        let resuming = Calls::of(&command);
        for second in (first % 8..resuming.len()).step_by(8) {
            put_files_back(scene.scene.folder.path(), &halfway);
            pairs += u32::from(!stopped(&resuming, &command, second, Fault::Kill).success());
            scene.assert_readable();
            scene.complete();
        }
    }
    eprintln!("killed at {pairs} pairs of calls");
    assert!(pairs >= 150, "only {pairs} pairs");
}

fn out_of_space_or_failing_at_any_write_the_old_state_stays_readable() {
    let scene = prepared();
    let command = scene.scene.command(&[1, 2], &ROTATE);
    let calls = Calls::of(&command);
    for error in ["ENOSPC", "EIO"] {
        let mut failed = 0;
        for point in calls.points(4) {
            scene.restore();
            // From this call on, as a full or broken disk is.
            let ended = stopped(&calls, &command, point, Fault::FailsFrom(error));
            scene.assert_readable();
            assert!(ended.code().is_some_and(|code| code != 101), "{error} from call {point} on: {ended}");
            failed += u32::from(!ended.success());
            scene.complete();
        }
        eprintln!("{error} from some of {} calls of a rotation on: {failed} failed", calls.len());
        assert!(failed > 20, "only {failed} failed");
    }
}

fn killed_at_every_write_of_issue_and_revoke_what_was_acknowledged_stays() {
    let scene = prepared();
    let id = scene.scene.issued[0].id.to_string();
    let revoke = ["revoke", id.as_str(), "--reason", "test", "--yes"];
    for (arguments, is_revoke) in [(&["issue", "--name", "late"][..], false), (&revoke[..], true)] {
        let (command, mut kills) = (scene.scene.command(&[1], arguments), 0);
        scene.restore();
        let calls = Calls::of(&command);
        for point in calls.points(1) {
            scene.restore();
            let ended = stopped(&calls, &command, point, Fault::Kill);
            let vault = scene.scene.open([1]);
            assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{arguments:?} at {point}");
            let valid = vault.verify(scene.scene.issued[0].token.expose(), &Request::new()).is_ok();
            let count = vault.status().expect("status").record_count();
            if ended.success() {
                assert_eq!((valid, count), (!is_revoke, RECORDS as u64 + u64::from(!is_revoke)), "it said it was done");
                continue;
            }
            kills += 1;
            assert!((RECORDS as u64..=RECORDS as u64 + 1).contains(&count));
        }
        eprintln!("killed at {kills} of {} calls of {}", calls.len(), arguments[0]);
        assert!(kills > 20, "only {kills} kills of {}", arguments[0]);
    }
}

fn killed_at_every_write_of_init_it_can_be_run_again() {
    let new = New::in_the_room_of(prepared());
    let (calls, mut kills) = (Calls::of(&new.command), 0);
    for point in calls.points(1) {
        new.remove();
        let ended = stopped(&calls, &new.command, point, Fault::Kill);
        new.assert_made(ended, &format!("killed at call {point}"));
        kills += u32::from(!ended.success());
    }
    eprintln!("killed at {kills} of {} calls of init", calls.len());
    assert!(kills > 20, "only {kills} kills");
}

fn out_of_space_or_failing_at_any_write_of_init_it_can_be_run_again() {
    let new = New::in_the_room_of(prepared());
    let calls = Calls::of(&new.command);
    for error in ["ENOSPC", "EIO"] {
        let mut failed = 0;
        for point in calls.points(2) {
            new.remove();
            let ended = stopped(&calls, &new.command, point, Fault::FailsFrom(error));
            assert!(ended.code().is_some_and(|code| code != 101), "{error} from call {point} on: {ended}");
            new.assert_made(ended, &format!("{error} from call {point} on"));
            failed += u32::from(!ended.success());
        }
        eprintln!("{error} from some of {} calls of init on: {failed} failed", calls.len());
        assert!(failed > 10, "only {failed} failed");
    }
}

fn out_of_space_or_failing_at_any_write_of_issue_and_revoke_they_happen_whole_or_not_at_all() {
    let scene = prepared();
    let id = scene.scene.issued[0].id.to_string();
    let revoke = ["revoke", id.as_str(), "--reason", "test", "--yes"];
    for error in ["ENOSPC", "EIO"] {
        for (arguments, issues) in [(&["issue", "--name", "late"][..], 1), (&revoke[..], 0)] {
            let (command, mut failed) = (scene.scene.command(&[1], arguments), 0);
            scene.restore();
            let calls = Calls::of(&command);
            for point in calls.points(2) {
                scene.restore();
                let ended = stopped(&calls, &command, point, Fault::FailsFrom(error));
                let vault = scene.scene.open([1]);
                assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{arguments:?}, {error} at {point}");
                let valid = vault.verify(scene.scene.issued[0].token.expose(), &Request::new()).is_ok();
                let issued = vault.status().expect("status").record_count() - RECORDS as u64;
                drop(vault);
                if ended.success() {
                    assert_eq!((valid, issued), (issues == 1, issues), "it said it was done");
                    continue;
                }
                assert!(ended.code().is_some_and(|code| code != 101), "{error} at {point}: {ended}");
                assert!(issued <= issues && (valid || issues == 0), "{arguments:?}, {error} at {point}");
                assert!(scene.scene.command(&[1], arguments).status().expect("runs").success(), "with room again");
                failed += 1;
            }
            eprintln!("{error} from some of {} calls of {} on: {failed} failed", calls.len(), arguments[0]);
            assert!(failed >= 5, "only {failed} of {} failed", arguments[0]);
        }
    }
}

/// A vault of 200 records, and its files as they were before anything happened.
struct Prepared {
    scene: Scene,
    before: Vec<(String, Vec<u8>)>,
}

fn prepared() -> Prepared {
    let scene = Scene::new(RECORDS, 2);
    let mut prepared = Prepared { scene, before: vec![] };
    prepared.before = files_in(prepared.scene.folder.path());
    prepared
}

impl Prepared {
    fn restore(&self) {
        put_files_back(self.scene.folder.path(), &self.before);
    }

    /// Every token verifies with the two master keys, whatever happened.
    fn assert_readable(&self) {
        self.scene.assert_tokens(&self.scene.open([1, 2]), &[]);
    }

    /// Another run finishes, and then the new master key is enough and nothing is amiss.
    fn complete(&self) {
        let ended = self.scene.command(&[1, 2], &ROTATE).status().expect("runs");
        // Killed after the last commit, there is nothing left to rotate to: a usage error.
        assert!(matches!(ended.code(), Some(0 | 2)), "the next run: {ended}");
        let vault = self.scene.open([2]);
        self.scene.assert_tokens(&vault, &[]);
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    }
}

fn stopped(calls: &Calls, command: &Command, point: usize, fault: Fault) -> ExitStatus {
    let ended = calls.stop(command, point, fault).status().expect("strace runs");
    assert!(point < calls.len() || ended.success(), "without a fault: {ended}");
    ended
}

/// A vault that is to be made.
struct New {
    prepared: Prepared,
    path: PathBuf,
    command: Command,
}

impl New {
    fn in_the_room_of(prepared: Prepared) -> Self {
        let path = prepared.scene.folder.path().join("new.db");
        let mut command = program(&path, &prepared.scene.keys.variable([1]));
        command.args(["init", "--quick"]);
        Self { prepared, path, command }
    }

    fn remove(&self) {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", self.path.display()));
        }
    }

    /// Another run makes it, unless it is there, and then nothing is amiss.
    fn assert_made(&self, ended: ExitStatus, at: &str) {
        let keys = &self.prepared.scene.keys;
        let mut again = program(&self.path, &keys.variable([1]));
        let again = again.args(["init", "--quick"]).status().expect("runs");
        assert!(matches!(again.code(), Some(0 | 5)), "init again after {at}: {again}");
        let vault = Vault::open(SqliteStore::open(&self.path).expect("store"), keys.only([1])).expect("vault");
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{at}");
        assert!(!ended.success() || again.code() == Some(5), "{at}: it said it had made a vault");
    }
}
