//! A rotation in the hands of this process: the row it holds, and the commits that renew its lease.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::options::RotateOptions;
use super::report::Progress;
use super::row::ReadState;
use super::state::{Lease, Phase, State};
use crate::commitments::Commitments;
use crate::error::{Detail, Error};
use crate::keyring::Keyring;
use crate::ledger::{KEYRING, Ledger, ROTATION};
use crate::secret::random_array;
use crate::store::{Batch, CommitError, Expected, RotationClaim, Table};
use crate::versions::Generation;

/// A rotation that this process has taken up.
pub(super) struct Run<'a> {
    pub(super) ledger: &'a Ledger,
    pub(super) options: &'a RotateOptions,
    pub(super) keyring: Arc<Keyring>,
    pub(super) state: State,
    /// The row as last written: every commit expects it, so that only one process can go on.
    pub(super) row: Vec<u8>,
    owner: [u8; 16],
    claimed: bool,
    pub(super) total: u64,
    pub(super) lookup_rows: BTreeMap<Generation, u64>,
    /// What the proof held the records to.
    pub(super) log: Option<Commitments>,
    _claim: RotationClaim,
}

impl<'a> Run<'a> {
    /// Takes up the rotation that was read, with a first lease.
    pub(super) fn of(
        ledger: &'a Ledger,
        options: &'a RotateOptions,
        claim: RotationClaim,
        read: ReadState,
    ) -> Result<Self, Error> {
        let ReadState { state, row, keyring, head } = read;
        let sets = head.sets().values().chain(state.sets.values()).map(|set| set.count());
        let total = sets.fold(0_u64, u64::wrapping_add).saturating_sub(1);
        let (owner, claimed) = (random_array()?, matches!(claim, RotationClaim::Granted(_)));
        let lookup_rows = BTreeMap::new();
        let mut run =
            Self { ledger, options, keyring, state, row, owner, claimed, total, lookup_rows, log: None, _claim: claim };
        run.save(&mut Batch::new())?;
        Ok(run)
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
                Err(SaveError::Failed(taken_over()))
            }
            Err(CommitError::Conflict(rows)) => Err(SaveError::Rows(rows)),
        }
    }

    /// What the audit log says of every record, to its end as it is now. The lease is renewed meanwhile. What was read before is not
    /// read again, where it was put back into its place.
    pub(super) fn read_log(&mut self) -> Result<Commitments, Error> {
        let ledger = self.ledger;
        let snapshot = ledger.store().snapshot()?;
        let (keyring, head) = ledger.read_together(&*snapshot)?;
        let records = self.total.saturating_add(1);
        let mut log = self.log.take().unwrap_or_else(|| Commitments::new(keyring.vault(), records));
        let mut renewed = Instant::now();
        log.follow(&*snapshot, &head, |_| {
            if renewed.elapsed() > RENEWAL {
                self.save(&mut Batch::new())?;
                renewed = Instant::now();
            }
            Ok(())
        })?;
        Ok(log)
    }

    pub(super) fn restart_sweep(&mut self) -> Result<(), Error> {
        (self.state.phase, self.state.cursor) = (Phase::Sweep, None);
        Ok(self.save(&mut Batch::new())?)
    }

    /// What was done of a phase, beside a total that others may have let grow.
    pub(super) fn progress(&mut self, phase: Phase, done: u64) -> Progress {
        self.total = self.total.max(done);
        Progress { phase, done, total: self.total }
    }

    /// Lets the next process begin at once.
    pub(super) fn release(&mut self) -> Result<(), Error> {
        self.state.lease = None;
        let row = self.state.seal(&self.keyring)?;
        let mut batch = Batch::new();
        batch.put(Table::Vault, ROTATION, row.as_slice(), Expected::Exactly(self.row.clone()));
        match self.ledger.store().commit(&batch) {
            Ok(()) => Ok(()),
            Err(CommitError::Conflict(_)) => Err(taken_over()),
            Err(CommitError::Store(error)) => Err(error.into()),
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
            SaveError::Rows(_) => Detail::Contended.into(),
        }
    }
}

/// How often a lease is renewed where nothing is committed.
pub(super) const RENEWAL: Duration = Duration::from_secs(1);

/// Another process works on the rotation.
pub(super) fn taken_over() -> Error {
    Detail::RotationHeld { since_secs: 0 }.into()
}
