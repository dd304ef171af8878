//! A rotation away from a master key that has leaked, stopped at each system call that writes: the next run completes it, and then the old
//! key opens nothing and makes nothing.
//!
//! Needs `strace`.
#![cfg(target_os = "linux")]
#![allow(clippy::print_stderr, reason = "a test says what it saw")]

use crate::injected::{Calls, Fault};
use crate::machine::Machine;
use crate::support::act;
use crate::support::past::{overwrite, row_key};
use strongroom::error::{Detail, RecordError};
use strongroom::store::{Rows, Table};
use strongroom::{ErrorKind, NewApiKey, Query, Request, SqliteStore, Vault, VerifyError};

crate::harness::claims! {
    needs [Strace];
    killed_at_every_write_of_a_compromised_rotation_the_next_run_completes_and_the_old_key_makes_nothing,
    killed_at_every_write_of_an_anchored_compromised_rotation_the_anchor_is_never_ahead,
}

const RECORDS: usize = 40;
const ROTATE: [&str; 6] = ["rotate-master-key", "--yes", "--quick", "--compromised", "--batch", "10"];

fn killed_at_every_write_of_a_compromised_rotation_the_next_run_completes_and_the_old_key_makes_nothing() {
    sweep(&Machine::unanchored(RECORDS, 2));
}

fn killed_at_every_write_of_an_anchored_compromised_rotation_the_anchor_is_never_ahead() {
    sweep(&Machine::anchored(RECORDS, 2));
}

fn sweep(machine: &Machine) {
    let forged = Forged::made(machine);
    let (mut kills, mut open, mut fenced, mut twice) = (0, 0, 0, 0);
    let command = machine.command(&[1, 2], &ROTATE);
    let calls = Calls::of(&command);
    for point in calls.points(4) {
        let at = format!("killed at call {point}");
        machine.put_back();
        let ended = calls.stop(&command, point, Fault::Kill).status().expect("strace runs");
        assert!(point < calls.len() || ended.success(), "without a fault: {ended}");
        if let Some(seen) = machine.seen() {
            assert!(seen.audit_seq <= machine.end(), "{at}: the anchor is ahead");
        }
        let vault = machine.open(&[1, 2]).unwrap_or_else(|error| panic!("{at}: {error}"));
        machine.scene.assert_tokens(&vault, &[]);
        let status = vault.status().expect("status");
        drop(vault);
        // One master key is enough at any moment, and it is the active one.
        let active = status.active_master_key.get();
        machine.scene.assert_tokens(&machine.open(&[active]).unwrap_or_else(|error| panic!("{at}: {error}")), &[]);
        if active == 2 {
            assert_opens_nothing(machine, &at);
            fenced += u32::from(forged.is_fenced(machine, &at));
            open += u32::from(status.rotation.is_some());
        }
        // The run that resumes is killed as well, somewhere else; the one after that is not.
        let resumed = calls.stop(&command, point * 7 % calls.len(), Fault::Kill).status().expect("strace runs");
        twice += u32::from(!ended.success() && resumed.code().is_none());
        if let Some(seen) = machine.seen() {
            assert!(seen.audit_seq <= machine.end(), "{at}, and once more: the anchor is ahead");
        }
        let again = machine.command(&[1, 2], &ROTATE).status().expect("runs");
        // Killed after the last commit, there is nothing left to rotate to: a usage error.
        assert!(matches!(again.code(), Some(0 | 2)), "{at}: the next run: {again}");
        assert_completed(machine, &forged, &at);
        kills += u32::from(!ended.success());
    }
    eprintln!(
        "{kills} kills at {} calls, {open} of them with the rotation open, {fenced} with the fence standing, {twice} killed once more",
        calls.len()
    );
    let seen = [kills > 20, open > 5, fenced > 5, twice > 5];
    assert_eq!(seen, [true; 4], "{kills} kills, {open} open, {fenced} fenced, {twice} twice");
}

/// Nothing of the old generation is left, or can be made.
fn assert_completed(machine: &Machine, forged: &Forged, at: &str) {
    let vault = machine.open(&[2]).unwrap_or_else(|error| panic!("{at}: {error}"));
    machine.scene.assert_tokens(&vault, &[]);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, [], "{at}");
    let exposed = vault.list(&Query::new().exposed(true).limit(1_000)).expect("listed").items.len();
    assert_eq!(exposed, RECORDS, "{at}: exposed");
    drop(vault);
    assert_opens_nothing(machine, at);
    assert!(!forged.is_fenced(machine, at), "{at}: the generation is gone, and its fence with it");
    let left = store(machine).scan(Table::Vault, Some(b"fenc"), 10).expect("rows");
    assert!(left.iter().all(|(key, _)| !key.starts_with(b"fence")), "{at}: rows of a fence are left");
    machine.assert_goes_on(&[2], at);
}

fn assert_opens_nothing(machine: &Machine, at: &str) {
    let refused = machine.open(&[1]).map(drop).expect_err("the old master key opens the vault");
    assert_eq!(refused.kind(), ErrorKind::MasterKey, "{at}: {refused}");
}

/// What who has the old master key makes in a copy of the store.
struct Forged {
    token: String,
    row: Vec<u8>,
    record: Vec<u8>,
}

impl Forged {
    /// The store is left as it was.
    fn made(machine: &Machine) -> Self {
        let path = machine.scene.path();
        let vault = Vault::open(SqliteStore::open(&path).expect("store"), machine.scene.keys.only([1])).expect("vault");
        let issued = vault.issue(&NewApiKey::new("forged"), &act()).expect("issued");
        let row = row_key(issued.id);
        let record = store(machine).get(Table::Keys, &row).expect("read").expect("there");
        drop(vault);
        machine.put_back();
        Self { token: issued.token.expose().to_owned(), row, record }
    }

    /// Puts the record into the store for a moment, where it is believed by nobody. Whether the fence is why.
    fn is_fenced(&self, machine: &Machine, at: &str) -> bool {
        overwrite(&store(machine), Table::Keys, &self.row, Some(self.record.clone()));
        let vault = machine.open(&[2]).unwrap_or_else(|error| panic!("{at}: {error}"));
        let refused = vault.verify(&self.token, &Request::new()).map(drop);
        drop(vault);
        overwrite(&store(machine), Table::Keys, &self.row, None);
        match refused {
            Ok(()) => panic!("{at}: a record made with the old master key is believed"),
            Err(VerifyError::Unavailable(error)) => {
                matches!(error.detail(), Detail::Record { fault: RecordError::Fenced { .. }, .. })
            }
            Err(other) => panic!("{at}: {other:?}"),
        }
    }
}

fn store(machine: &Machine) -> SqliteStore {
    SqliteStore::open(machine.scene.path()).expect("store")
}
