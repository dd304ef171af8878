//! The program stopped at each system call that writes: killed there, out of space there, failing there.
//!
//! Needs `strace`.
#![cfg(target_os = "linux")]

use std::fs;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

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

const WRITES: &str = "write,pwrite64,writev,pwritev,fsync,fdatasync,ftruncate,unlink,rename";
const RECORDS: usize = 200;
const ROTATE: [&str; 4] = ["rotate-master-key", "--quick", "--batch", "20"];

fn killed_at_every_write_of_a_rotation_the_next_run_completes() {
    let scene = prepared();
    let mut points = 0;
    for number in 1.. {
        scene.restore();
        let ended = scene.injected(&[1, 2], &ROTATE, &format!("signal=KILL:when={number}"));
        scene.assert_readable();
        if ended.success() {
            break;
        }
        points += 1;
        scene.complete();
    }
    eprintln!("killed at {points} points of a rotation");
    assert!(points > 50, "only {points} points");
}

fn killed_again_while_resuming_the_third_run_completes() {
    let scene = prepared();
    let mut pairs = 0;
    for first in (3..).step_by(8) {
        scene.restore();
        if scene.injected(&[1, 2], &ROTATE, &format!("signal=KILL:when={first}")).code().is_some() {
            break;
        }
        let halfway = files_in(scene.scene.folder.path());
        for second in (1..).step_by(4) {
            put_files_back(scene.scene.folder.path(), &halfway);
            // Not killed: it came to an end, or there was nothing left to do.
            if scene.injected(&[1, 2], &ROTATE, &format!("signal=KILL:when={second}")).code().is_some() {
                break;
            }
            pairs += 1;
            scene.assert_readable();
            scene.complete();
        }
    }
    eprintln!("killed at {pairs} pairs of points");
    assert!(pairs >= 150, "only {pairs} pairs");
}

fn out_of_space_or_failing_at_any_write_the_old_state_stays_readable() {
    let scene = prepared();
    for error in ["ENOSPC", "EIO"] {
        let mut points = 0;
        for number in 1.. {
            scene.restore();
            // From this call on, as a full or broken disk is.
            let ended = scene.injected(&[1, 2], &ROTATE, &format!("error={error}:when={number}+"));
            scene.assert_readable();
            if ended.success() {
                // The scrub failed and the rotation was over, or there is no such call: whom nothing kills has none.
                scene.complete();
                scene.restore();
                if scene.injected(&[1, 2], &ROTATE, &format!("signal=KILL:when={number}")).success() {
                    break;
                }
                continue;
            }
            assert!(ended.code().is_some_and(|code| code != 101), "{error} at {number}: {ended}");
            points += 1;
            scene.complete();
        }
        eprintln!("{error} from {points} points of a rotation on");
        assert!(points > 50, "only {points} points");
    }
}

fn killed_at_every_write_of_issue_and_revoke_what_was_acknowledged_stays() {
    let scene = prepared();
    let id = scene.scene.issued[0].id.to_string();
    let revoke = ["revoke", id.as_str(), "--reason", "test", "--yes"];
    for (arguments, is_revoke) in [(&["issue", "--name", "late"][..], false), (&revoke[..], true)] {
        let mut points = 0;
        for number in 1.. {
            scene.restore();
            let ended = scene.injected(&[1], arguments, &format!("signal=KILL:when={number}"));
            let vault = scene.scene.open([1]);
            assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{arguments:?} at {number}");
            let valid = vault.verify(scene.scene.issued[0].token.expose(), &Request::new()).is_ok();
            let count = vault.status().expect("status").record_count();
            if ended.success() {
                assert_eq!((valid, count), (!is_revoke, RECORDS as u64 + u64::from(!is_revoke)), "it said it was done");
                break;
            }
            points += 1;
            assert!((RECORDS as u64..=RECORDS as u64 + 1).contains(&count));
        }
        eprintln!("killed at {points} points of {}", arguments[0]);
        assert!(points >= 3, "only {points} points of {}", arguments[0]);
    }
}

fn killed_at_every_write_of_init_it_can_be_run_again() {
    let scene = prepared();
    let path = scene.scene.folder.path().join("new.db");
    let master = scene.scene.keys.variable([1]);
    let mut points = 0;
    for number in 1.. {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", path.display()));
        }
        let ended = strace(&path, &master, &["init", "--quick"], &format!("signal=KILL:when={number}"));
        let again = program(&path, &master).args(["init", "--quick"]).status().expect("runs");
        assert!(matches!(again.code(), Some(0 | 5)), "init again after point {number}: {again}");
        let vault = Vault::open(SqliteStore::open(&path).expect("store"), scene.scene.keys.only([1])).expect("vault");
        assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
        if ended.success() {
            assert_eq!(again.code(), Some(5), "it said it had made a vault");
            break;
        }
        points += 1;
    }
    eprintln!("killed at {points} points of init");
    assert!(points > 5, "only {points} points");
}

fn out_of_space_or_failing_at_any_write_of_init_it_can_be_run_again() {
    let scene = prepared();
    let path = scene.scene.folder.path().join("new.db");
    let master = scene.scene.keys.variable([1]);
    let remove = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(format!("{}{suffix}", path.display()));
        }
    };
    for error in ["ENOSPC", "EIO"] {
        let mut points = 0;
        for number in 1.. {
            remove();
            let ended = strace(&path, &master, &["init", "--quick"], &format!("error={error}:when={number}+"));
            let again = program(&path, &master).args(["init", "--quick"]).status().expect("runs");
            assert!(matches!(again.code(), Some(0 | 5)), "init again after {error} at {number}: {again}");
            let vault =
                Vault::open(SqliteStore::open(&path).expect("store"), scene.scene.keys.only([1])).expect("vault");
            assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{error} at {number}");
            drop(vault);
            if ended.success() {
                assert_eq!(again.code(), Some(5), "it said it had made a vault");
                remove();
                if strace(&path, &master, &["init", "--quick"], &format!("signal=KILL:when={number}")).success() {
                    break;
                }
                continue;
            }
            assert!(ended.code().is_some_and(|code| code != 101), "{error} at {number}: {ended}");
            points += 1;
        }
        eprintln!("{error} from {points} points of init on");
        assert!(points > 5, "only {points} points");
    }
}

fn out_of_space_or_failing_at_any_write_of_issue_and_revoke_they_happen_whole_or_not_at_all() {
    let scene = prepared();
    let id = scene.scene.issued[0].id.to_string();
    let revoke = ["revoke", id.as_str(), "--reason", "test", "--yes"];
    for error in ["ENOSPC", "EIO"] {
        for (arguments, issues) in [(&["issue", "--name", "late"][..], 1), (&revoke[..], 0)] {
            let mut points = 0;
            for number in 1.. {
                scene.restore();
                let ended = scene.injected(&[1], arguments, &format!("error={error}:when={number}+"));
                let vault = scene.scene.open([1]);
                assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{arguments:?}, {error} at {number}");
                let valid = vault.verify(scene.scene.issued[0].token.expose(), &Request::new()).is_ok();
                let issued = vault.status().expect("status").record_count() - RECORDS as u64;
                drop(vault);
                if ended.success() {
                    assert_eq!((valid, issued), (issues == 1, issues), "it said it was done");
                    scene.restore();
                    if scene.injected(&[1], arguments, &format!("signal=KILL:when={number}")).success() {
                        break;
                    }
                    continue;
                }
                assert!(ended.code().is_some_and(|code| code != 101), "{error} at {number}: {ended}");
                assert!(issued <= issues && (valid || issues == 0), "{arguments:?}, {error} at {number}");
                assert!(scene.scene.command(&[1], arguments).status().expect("runs").success(), "with room again");
                points += 1;
            }
            eprintln!("{error} from {points} points of {} on", arguments[0]);
            assert!(points >= 3, "only {points} points of {}", arguments[0]);
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

    fn injected(&self, versions: &[u32], arguments: &[&str], fault: &str) -> ExitStatus {
        strace(&self.scene.path(), &self.scene.keys.variable(versions.iter().copied()), arguments, fault)
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

/// Runs the program under strace with a fault at its writes. The exit status is the program's.
fn strace(store: &Path, master_keys: &str, arguments: &[&str], fault: &str) -> ExitStatus {
    let inner = program(store, master_keys);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("trace={WRITES}")]);
    command.args(["-e", &format!("inject={WRITES}:{fault}")]);
    command.arg(inner.get_program()).args(arguments).env_clear();
    command.envs(inner.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().expect("strace runs")
}
