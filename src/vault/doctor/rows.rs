//! The authenticated rows: the rotation that is open, the backups there are, what the head says of the records,
//! the age of the master key.

use std::collections::BTreeMap;

use super::findings::{Findings, RESTORE, TAKE_AWAY};
use crate::error::{Error, ErrorKind};
use crate::keyring::Keyring;
use crate::known_backups::{KnownBackup, KnownBackups};
use crate::ledger::Head;
use crate::master_key::AgePolicy;
use crate::record_set::RecordSet;
use crate::rotation::{Phase, each_unknown, open_in, unknown as unknown_row};
use crate::store::{Rows, Table};
use crate::time::Timestamp;
use crate::versions::Generation;

/// What the row of the rotation says of the records: `None` when it cannot be believed.
pub(super) type Moved = Option<BTreeMap<Generation, RecordSet>>;

pub(super) fn rotation(keyring: &Keyring, rows: &dyn Rows, findings: &mut Findings) -> Result<Moved, Error> {
    let open = findings.survive(open_in(keyring, rows))?;
    match &open {
        Some(Some(state)) => {
            let (to, phase) = (state.to_master_key, state.phase);
            let what = match phase {
                Phase::Scrub => format!(
                    "the rotation to master key {to} has moved every record, but old bytes may still be read in the files of the store"
                ),
                _ => format!("a rotation to master key {to} is open ({})", phase.name()),
            };
            findings.warning("rotation", what, "run `strongroom rotate-master-key --resume` to finish it");
        }
        Some(None) if keyring.retiring_generation().is_some() => {
            findings.damage(
                "rotation",
                "there are two generations, and the row of the rotation between them is missing",
                RESTORE,
            );
        }
        _ => {}
    }
    Ok(open.map(|open| open.map(|state| state.sets).unwrap_or_default()))
}

/// `None` when the list cannot be believed. No backup depends on it, but a rotation stops at it.
pub(super) fn backups(
    keyring: &Keyring,
    head: Option<&Head>,
    rows: &dyn Rows,
    findings: &mut Findings,
) -> Result<Option<Vec<KnownBackup>>, Error> {
    let read = match head {
        Some(head) => KnownBackups::read(keyring, head, rows),
        None => KnownBackups::read_unnamed(keyring, rows),
    };
    match read {
        Ok(known) => Ok(Some(known.list)),
        Err(error) if error.kind() == ErrorKind::Corrupt => {
            findings.damage("backups", error.to_string(), BEGIN_ANEW);
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

/// Compares the records that are there with those that the head names. `false` when there is nothing to compare with.
pub(super) fn compare(
    keyring: &Keyring,
    head: Option<&Head>,
    moved: &Moved,
    found: &BTreeMap<Generation, RecordSet>,
    findings: &mut Findings,
) -> bool {
    let (Some(head), Some(moved)) = (head, moved) else { return false };
    for generation in keyring.generations() {
        let of = |sets: &BTreeMap<Generation, RecordSet>| sets.get(&generation).copied().unwrap_or_default();
        let (expected, found) = (of(head.sets()).plus(of(moved)), of(found));
        if expected == found {
            continue;
        }
        let what = match found.count().cmp(&expected.count()) {
            std::cmp::Ordering::Less => format!("records missing: {}", expected.count() - found.count()),
            std::cmp::Ordering::Greater => format!("records too many: {}", found.count() - expected.count()),
            std::cmp::Ordering::Equal => "a record is not the one last written".into(),
        };
        findings.damage("record-set", format!("generation {generation}, by the authenticated head: {what}"), RESTORE);
    }
    true
}

/// Rows of the table `vault` that are none of ours. A backup has a manifest.
pub(super) fn unknown(rows: &dyn Rows, findings: &mut Findings) -> Result<(), Error> {
    let each = each_unknown(rows, |key, _| {
        if key != Table::MANIFEST {
            findings.damage("store", format!("there is {}", unknown_row(key)), TAKE_AWAY);
        }
    });
    match each.map_err(Error::from) {
        // Keys that are no bytes are a finding of their own.
        Err(error) if error.kind() == ErrorKind::Corrupt => Ok(()),
        each => each,
    }
}

pub(super) fn age(keyring: &Keyring, ages: &AgePolicy, now: Timestamp, findings: &mut Findings) {
    let active = keyring.masters().find(|master| master.version == keyring.active_master());
    if let Some(finding) = active.and_then(|key| ages.judge(key.version, key.added_at, now)) {
        findings.warning("master-key-age", finding.what, ROTATE);
    }
}

/// A rule that is not known can only refuse what it may be about.
pub(super) fn policy(keyring: &Keyring, findings: &mut Findings) {
    if keyring.policy().is_newer() {
        findings.warning("policy", "a later version of strongroom has set a rule that this one does not know", NEWER);
    }
}

const BEGIN_ANEW: &str = "find out who can write the store; `strongroom backup forget --all` begins the list anew, and the \
    audit log still tells when backups were taken";
const NEWER: &str = "use the version of strongroom that set it, or a later one";
const ROTATE: &str = "make a new key with `strongroom master-key generate`, then `strongroom rotate-master-key`";
