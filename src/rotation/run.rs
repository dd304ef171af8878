//! A rotation that this process has taken up: its row, its lease, its first commit and its last.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::abandon::abandon;
use super::feed::Feed;
use super::plan::{ReadState, read_state};
use super::state::{Finish, Lease, Phase, ROTATION, State};
use super::{RotateOptions, RotationOutcome, RotationReport, proof, target};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Error, RowFault, VaultRow};
use crate::keyring::Keyring;
use crate::known_backups::KnownBackups;
use crate::ledger::{KEYRING, Ledger};
use crate::secret::random_array;
use crate::store::{Batch, Claim, CommitError, Expected, Table};

/// A rotation that this process has taken up.
pub(super) struct Run<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) options: &'a RotateOptions,
    pub(super) keyring: Arc<Keyring>,
    pub(super) state: State,
    /// The row as last written: every commit expects it, so that only one process can go on.
    row: Vec<u8>,
    owner: [u8; 16],
    claimed: bool,
    pub(super) total: u64,
    pub(super) lookup_rows: BTreeMap<u32, u64>,
    _claim: Claim,
}

impl<'a> Run<'a> {
    /// Begins a rotation, or continues the one that is open when nobody else is at it.
    pub(super) fn take_up(ledger: &'a Ledger, options: &'a RotateOptions, act: &Act) -> Result<(Self, bool), Error> {
        let claim = ledger.store().claim_rotation()?;
        let claimed = matches!(claim, Claim::Granted(_));
        let owner = random_array()?;
        let resumed = match read_state(ledger)? {
            Some(open) => {
                may_take_over(ledger, &claim, &open, options)?;
                true
            }
            None if matches!(claim, Claim::Held) => return Err(Error::RotationHeld { since_secs: 0 }),
            None if options.resume_only && ledger.reload()?.retiring_generation().is_none() => {
                return Err(Error::NoRotation);
            }
            None if ledger.reload()?.retiring_generation().is_some() => {
                restore_row(ledger, options, act)?;
                true
            }
            None => {
                cut_over(ledger, options, act)?;
                false
            }
        };
        let taken = read_state(ledger)?.ok_or(Error::RotationHeld { since_secs: 0 })?;
        let ReadState { state, row, keyring, head } = taken;
        let sets = head.sets().values().chain(state.sets.values()).map(|set| set.count());
        let total = sets.fold(0_u64, u64::wrapping_add).saturating_sub(1);
        let lookup_rows = BTreeMap::new();
        let mut run = Self { ledger, options, keyring, state, row, owner, claimed, total, lookup_rows, _claim: claim };
        run.save(&mut Batch::new())?;
        tracing::info!(to = run.state.to_master, resumed, "rotation taken up");
        Ok((run, resumed))
    }

    pub(super) fn report(&self, resumed: bool) -> RotationReport {
        RotationReport {
            outcome: RotationOutcome::Stopped,
            from_master: self.state.from_master,
            to_master: self.state.to_master,
            from_generation: self.state.from_generation,
            to_generation: self.state.to_generation,
            resumed,
            moved: self.state.moved,
            verified: 0,
            unreadable: vec![],
            abandoned: 0,
            usage_dropped: self.state.usage_dropped,
            compromised: self.compromised(),
            stale_lookups: self.keyring.stale_lookup_rows(),
            scrub: None,
            certificate: None,
        }
    }

    /// Whether the records that move are marked as exposed.
    fn compromised(&self) -> bool {
        self.state.marks_exposed(&self.keyring)
    }

    /// Commits changes with the present state beside them, and renews the lease. A conflict over the `rotation` row
    /// or the keyring means that another process has taken over.
    pub(super) fn save(&mut self, batch: &mut Batch) -> Result<(), SaveError> {
        self.state.lease = Some(Lease { owner: self.owner, renewed_at: self.ledger.now(), claimed: self.claimed });
        let row = self.state.seal(&self.keyring).map_err(Error::from)?;
        let changes = batch.changes().len();
        batch.put(Table::Vault, ROTATION, row.as_slice(), Expected::Exactly(self.row.clone()));
        batch.check(Table::Vault, KEYRING, Expected::Exactly(self.keyring.bytes().into()));
        let committed = self.ledger.store().commit(batch);
        batch.truncate(changes);
        match committed {
            Ok(()) => {
                self.row = row;
                Ok(())
            }
            Err(CommitError::Store(error)) => Err(SaveError::Failed(error.into())),
            Err(CommitError::Conflict(rows)) if rows.iter().any(|(table, _)| *table == Table::Vault) => {
                Err(SaveError::Failed(Error::RotationHeld { since_secs: 0 }))
            }
            Err(CommitError::Conflict(rows)) => Err(SaveError::Rows(rows)),
        }
    }

    pub(super) fn restart_sweep(&mut self) -> Result<(), Error> {
        (self.state.phase, self.state.cursor) = (Phase::Sweep, None);
        Ok(self.save(&mut Batch::new())?)
    }

    /// Lets the next process begin at once.
    pub(super) fn release(&mut self) -> Result<(), Error> {
        self.state.lease = None;
        let row = self.state.seal(&self.keyring)?;
        let mut batch = Batch::new();
        batch.put(Table::Vault, ROTATION, row.as_slice(), Expected::Exactly(self.row.clone()));
        match self.ledger.store().commit(&batch) {
            Ok(()) => Ok(()),
            Err(CommitError::Conflict(_)) => Err(Error::RotationHeld { since_secs: 0 }),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Drops the old generation, when its records add up to none. Only scrubbing is left then.
    pub(super) fn finish(&mut self, act: &Act, report: &mut RotationReport) -> Result<(), Error> {
        let (from, to) = (self.state.from_generation, self.state.to_generation);
        let finished = self.ledger.change(act, |change| {
            // A conflict over the rotation row does not pass with another attempt.
            let row = self.ledger.store().get(Table::Vault, ROTATION)?;
            if change.keyring.bytes() != self.keyring.bytes() || row.as_ref() != Some(&self.row) {
                return Err(Error::RotationHeld { since_secs: 0 });
            }
            for (generation, moved) in &self.state.sets {
                let set = change.head.set(*generation);
                *set = set.plus(*moved);
            }
            let abandoned = abandon(self, change)?;
            let left = *change.head.set(from);
            let adds_up = abandoned.explains(left, change, self.ledger.store())?
                && abandoned.present.is_none_or(|set| set == *change.head.set(to));
            if !adds_up && !self.options.accept_record_set {
                return Err(Error::RecordSet { generation: from });
            }
            if !adds_up {
                *change.head.set(to) = proof::present_set(self.ledger.store(), change.keyring, &self.options.abandon)?;
            }
            abandoned.replace_sentinel(change)?;
            change.head.drop_set(from);
            let next = change.keyring.without_generation(from, &abandoned.lookup_rows, self.ledger.keks())?;
            let counts = [
                ("from_master_key", self.state.from_master.into()),
                ("to_master_key", self.state.to_master.into()),
                ("from_generation", from.into()),
                ("to_generation", to.into()),
                ("moved", self.state.moved),
                ("verified", report.verified),
            ];
            let notes = [
                ("abandoned", abandoned.count),
                ("compromised", u64::from(report.compromised)),
                ("record_set_accepted", u64::from(!adds_up)),
                ("usage_dropped", self.state.usage_dropped),
            ];
            let counts = counts.into_iter().chain(notes.into_iter().filter(|(_, count)| *count > 0));
            change.audit(
                counts.fold(Draft::of(Action::RotationFinished), |draft, (name, count)| draft.count(name, count)),
            );
            let state = State {
                phase: Phase::Scrub,
                cursor: None,
                sets: BTreeMap::new(),
                finish: Some(Finish { seq: change.last_seq(), set: *change.head.set(to) }),
                ..self.state.clone()
            };
            let row = state.seal(&next)?;
            change.batch.put(Table::Vault, ROTATION, row.as_slice(), Expected::Exactly(self.row.clone()));
            let stale = next.stale_lookup_rows();
            change.replace_keyring(next);
            Ok((state, row, stale, abandoned.count))
        });
        match finished {
            Ok((state, row, stale, abandoned)) => {
                (self.state, self.row, self.keyring) = (state, row, self.ledger.keyring());
                (report.stale_lookups, report.abandoned) = (stale, abandoned);
                Ok(())
            }
            // What is not finished stays open, and nobody has to wait for this process.
            Err(error) => self.release().and(Err(error)),
        }
    }

    /// Removes the row, when nothing is left to do. That another process has taken over and removed it is as good.
    pub(super) fn close(self) -> Result<(), Error> {
        let mut batch = Batch::new();
        batch.delete(Table::Vault, ROTATION, Expected::Exactly(self.row));
        match self.ledger.store().commit(&batch) {
            Ok(()) | Err(CommitError::Conflict(_)) => Ok(()),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// The rows of a table from a cursor on, for as many workers as the options say.
    pub(super) fn feed(&self, table: Table, after: Option<Vec<u8>>) -> Feed<'a> {
        let (batch, workers) = (self.options.batch.get(), self.options.worker_count());
        Feed { store: self.ledger.store(), table, after, batch, workers }
    }
}

/// Why a batch of a rotation was not committed.
pub(super) enum SaveError {
    Failed(Error),
    /// Records, or rows of the lookup index, that somebody else changed.
    Rows(Vec<(Table, Vec<u8>)>),
}

impl From<Error> for SaveError {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<SaveError> for Error {
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::Failed(error) => error,
            SaveError::Rows(_) => Self::Contended,
        }
    }
}

/// One commit: the new generation, the old one wrapped under the new master key alone, the `rotation` row.
fn cut_over(ledger: &Ledger, options: &RotateOptions, act: &Act) -> Result<(), Error> {
    ledger.change(act, |change| {
        if change.keyring.retiring_generation().is_some() {
            // Another process began meanwhile.
            return Err(Error::RotationHeld { since_secs: 0 });
        }
        let to = target(ledger, change.keyring, options)?;
        let next = if options.compromised {
            change.keyring.with_next_generation_after_leak(to, ledger.keks(), change.now)?
        } else {
            change.keyring.with_next_generation(to, ledger.keks(), change.now)?
        };
        let state = State {
            phase: Phase::Sweep,
            from_master: change.keyring.active_master(),
            to_master: to,
            from_generation: change.keyring.active_generation(),
            to_generation: next.active_generation(),
            cursor: None,
            started_at: change.now,
            moved: 0,
            usage_dropped: 0,
            lease: None,
            sets: BTreeMap::new(),
            finish: None,
        };
        let draft = Draft::of(Action::RotationStarted)
            .count("from_master_key", state.from_master.into())
            .count("to_master_key", to.into())
            .count("from_generation", state.from_generation.into())
            .count("to_generation", state.to_generation.into());
        change.audit(if options.compromised { draft.count("compromised", 1) } else { draft });
        change.batch.put(Table::Vault, ROTATION, state.seal(&next)?, Expected::Absent);
        // Its MAC is of the generation.
        KnownBackups::read(change.keyring, ledger.store())?.carry_over(change, &next);
        change.replace_keyring(next);
        Ok(())
    })
}

/// Somebody removed the row of an open rotation, and with it a part of the record sets. The records can still be moved;
/// that they are the right ones is for an operator to say.
fn restore_row(ledger: &Ledger, options: &RotateOptions, act: &Act) -> Result<(), Error> {
    ledger.change(act, |change| {
        let from_generation = change.keyring.retiring_generation().ok_or_else(row_missing)?;
        if !options.accept_record_set {
            return Err(row_missing());
        }
        let from_master = change.keyring.masters().filter(|master| master.retired_at.is_some()).last();
        let state = State {
            phase: Phase::Sweep,
            from_master: from_master.map_or(change.keyring.active_master(), |master| master.version),
            to_master: change.keyring.active_master(),
            from_generation,
            to_generation: change.keyring.active_generation(),
            cursor: None,
            started_at: change.now,
            moved: 0,
            usage_dropped: 0,
            lease: None,
            sets: BTreeMap::new(),
            finish: None,
        };
        change.audit(Draft::of(Action::RotationStarted).count("record_set_accepted", 1));
        change.batch.put(Table::Vault, ROTATION, state.seal(change.keyring)?, Expected::Absent);
        Ok(())
    })
}

pub(super) fn row_missing() -> Error {
    Error::Tampered { row: VaultRow::Rotation, fault: RowFault::Missing }
}

fn may_take_over(ledger: &Ledger, claim: &Claim, read: &ReadState, options: &RotateOptions) -> Result<(), Error> {
    let open = &read.state;
    if let Some(lease) = open.lease.filter(|lease| lease.is_alive(ledger.now())) {
        // With the claim in our hands, a holder that had it is gone: no need to wait for its lease.
        let gone = lease.claimed && matches!(claim, Claim::Granted(_));
        if !gone {
            return Err(Error::RotationHeld { since_secs: ledger.now().since(lease.renewed_at).as_secs() });
        }
    }
    let other_target = options.to.is_some_and(|to| to != open.to_master);
    // What was moved unmarked stays so: it takes another rotation to mark it.
    if other_target || options.compromised && !open.marks_exposed(&read.keyring) {
        return Err(Error::RotationOpen { to: open.to_master });
    }
    Ok(())
}
