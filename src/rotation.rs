//! Replacing the master key: a new generation of data keys, every record sealed anew under it, the old one dropped.

mod feed;
mod plan;
mod proof;
mod reindex;
mod state;
mod sweep;

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use crate::audit::{Act, Action, Draft};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::{KEYRING, Ledger};
use crate::record::RecordError;
use crate::secret::random_array;
use crate::store::{Batch, Claim, CommitError, Expected, Row, Scrub, Table};
use crate::token::ApiKeyId;

use plan::{ReadState, read_state};
use state::{Lease, ROTATION, State, tampered};

pub use plan::{OpenRotation, RotationPlan};
pub(crate) use plan::{open_in, plan, records_by_generation};
pub use state::Phase;

/// How to rotate.
#[derive(Clone, Debug)]
pub struct RotateOptions {
    pub(crate) to: Option<u32>,
    pub(crate) batch: NonZeroUsize,
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) rewrap_only: bool,
    pub(crate) accept_record_set: bool,
}

impl Default for RotateOptions {
    fn default() -> Self {
        Self { to: None, batch: DEFAULT_BATCH, workers: None, rewrap_only: false, accept_record_set: false }
    }
}

impl RotateOptions {
    /// To the newest master key that is configured, in batches of 1,000 records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rotates to this version.
    #[must_use]
    pub fn to(mut self, version: u32) -> Self {
        self.to = Some(version);
        self
    }

    /// Records in one batch. Other writers get their turn between batches.
    #[must_use]
    pub fn batch(mut self, records: NonZeroUsize) -> Self {
        self.batch = records.min(MAX_BATCH);
        self
    }

    /// Threads that open and seal, beside the one that writes; one less than the machine has, unless set.
    #[must_use]
    pub fn workers(mut self, threads: NonZeroUsize) -> Self {
        self.workers = Some(threads);
        self
    }

    /// Wraps the data keys under the new master key and leaves the records as they are.
    #[must_use]
    pub fn rewrap_only(mut self) -> Self {
        self.rewrap_only = true;
        self
    }

    /// Finishes although the records are not those that were written, and takes those that are there for the right
    /// ones. The audit log says so.
    #[must_use]
    pub fn accept_record_set(mut self) -> Self {
        self.accept_record_set = true;
        self
    }

    fn worker_count(&self) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.workers.unwrap_or_else(|| NonZeroUsize::new(cores().saturating_sub(1)).unwrap_or(NonZeroUsize::MIN))
    }
}

/// Whether a rotation goes on after a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It goes on.
    Continue,
    /// It stops here; the next call continues.
    Stop,
}

/// How far a rotation has come, after each committed batch.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Progress {
    /// What it is doing.
    pub phase: Phase,
    /// Records this phase has been through, in this call.
    pub done: u64,
    /// Records in the vault when the call began.
    pub total: u64,
}

/// How a call to rotate ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RotationReport {
    /// How it ended.
    pub outcome: RotationOutcome,
    /// The master key version before.
    pub from_master: u32,
    /// The master key version after.
    pub to_master: u32,
    /// The generation that retires; the same as `to_generation` when only wraps changed.
    pub from_generation: u32,
    /// The generation of every record at the end.
    pub to_generation: u32,
    /// Whether the call continued a rotation begun before.
    pub resumed: bool,
    /// Records that rotation sealed anew, in this and earlier calls.
    pub moved: u64,
    /// Records opened under the new generation at the end.
    pub verified: u64,
    /// Records that do not open. They stay as they are, and keep the old generation alive.
    pub unreadable: Vec<Unreadable>,
    /// Imported tokens that only a retired lookup key finds, because they cannot be recovered.
    pub stale_lookups: u64,
    /// How far overwritten bytes were made unreadable.
    pub scrub: Option<Scrub>,
}

/// How a rotation stands at the end of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RotationOutcome {
    /// Every record is under the new generation, and the old one is gone.
    Finished,
    /// Records that do not open keep the old generation alive. The next call tries them again.
    Incomplete,
    /// Stopped when asked; the next call continues.
    Stopped,
}

/// A record that rotation could not move, or verification could not open.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreadable {
    /// Where the record stands; `None` for a row whose key is no id.
    pub id: Option<ApiKeyId>,
    /// Why.
    pub cause: RecordError,
}

/// Rotates, or continues a rotation begun before. `watch` is called after each batch.
pub(crate) fn rotate(
    ledger: &Ledger,
    options: &RotateOptions,
    act: &Act,
    watch: &mut dyn FnMut(&Progress) -> Flow,
) -> Result<RotationReport, Error> {
    act.check()?;
    ledger.reload()?;
    if options.rewrap_only {
        return rewrap(ledger, options, act);
    }
    let (mut run, resumed) = Run::take_up(ledger, options, act)?;
    let mut report = run.report(resumed);
    let mut passes = 0;
    let stopped = loop {
        report.unreadable.clear();
        if run.state.phase == Phase::Sweep && sweep::sweep(&mut run, &mut report, watch)? == Flow::Stop {
            break true;
        }
        if proof::verify(&mut run, &mut report, watch)? == Flow::Stop {
            break true;
        }
        // Records that conflicted with a writer that then failed are still where they were: once more over all.
        passes += 1;
        let left_behind = report.unreadable.iter().any(|record| record.is_left_behind(&run.state));
        if !left_behind || passes == MAX_PASSES {
            break false;
        }
        run.restart_sweep()?;
    };
    if stopped {
        run.release()?;
        return Ok(report);
    }
    if !report.unreadable.is_empty() {
        run.restart_sweep()?;
        run.release()?;
        report.outcome = RotationOutcome::Incomplete;
        return Ok(report);
    }
    run.finish(act, &mut report)?;
    report.outcome = RotationOutcome::Finished;
    watch(&Progress { phase: Phase::Scrub, done: run.total, total: run.total });
    report.scrub = Some(scrubbed(ledger));
    Ok(report)
}

/// A rotation that this process has taken up.
struct Run<'a> {
    ledger: &'a Ledger,
    options: &'a RotateOptions,
    keyring: Arc<Keyring>,
    state: State,
    /// The row as last written: every commit expects it, so that only one process can go on.
    row: Vec<u8>,
    owner: [u8; 16],
    claimed: bool,
    total: u64,
    lookup_rows: BTreeMap<u32, u64>,
    _claim: Claim,
}

impl<'a> Run<'a> {
    /// Begins a rotation, or continues the one that is open when nobody else is at it.
    fn take_up(ledger: &'a Ledger, options: &'a RotateOptions, act: &Act) -> Result<(Self, bool), Error> {
        let claim = ledger.store().claim_rotation()?;
        let claimed = matches!(claim, Claim::Granted(_));
        let owner = random_array()?;
        let resumed = match read_state(ledger)? {
            Some(open) => {
                may_take_over(ledger, &claim, &open.state, options)?;
                true
            }
            None if matches!(claim, Claim::Held) => return Err(Error::RotationHeld { since_secs: 0 }),
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

    fn report(&self, resumed: bool) -> RotationReport {
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
            stale_lookups: 0,
            scrub: None,
        }
    }

    /// Commits changes with the present state beside them, and renews the lease. A conflict over the `rotation` row
    /// or the keyring means that another process has taken over.
    fn save(&mut self, batch: &mut Batch) -> Result<(), SaveError> {
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

    fn restart_sweep(&mut self) -> Result<(), Error> {
        (self.state.phase, self.state.cursor) = (Phase::Sweep, None);
        Ok(self.save(&mut Batch::new())?)
    }

    /// Lets the next process begin at once.
    fn release(&mut self) -> Result<(), Error> {
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

    /// Drops the old generation, when its records add up to none.
    fn finish(&mut self, act: &Act, report: &mut RotationReport) -> Result<(), Error> {
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
            let adds_up = change.head.set(from).is_empty();
            if !adds_up && !self.options.accept_record_set {
                return Err(Error::RecordSet { generation: from });
            }
            if !adds_up {
                *change.head.set(to) = proof::present_set(self.ledger.store(), change.keyring)?;
            }
            change.head.drop_set(from);
            let next = change.keyring.without_generation(from, &self.lookup_rows, self.ledger.keks())?;
            let stale = next.stale_lookup_rows();
            let draft = Draft::of(Action::RotationFinished)
                .count("from_master_key", self.state.from_master.into())
                .count("to_master_key", self.state.to_master.into())
                .count("from_generation", from.into())
                .count("to_generation", to.into())
                .count("moved", self.state.moved)
                .count("verified", report.verified);
            change.audit(if adds_up { draft } else { draft.count("record_set_accepted", 1) });
            change.replace_keyring(next);
            change.batch.delete(Table::Vault, ROTATION, Expected::Exactly(self.row.clone()));
            Ok(stale)
        });
        report.stale_lookups = match finished {
            Ok(stale) => stale,
            // What is not finished stays open, and nobody has to wait for this process.
            Err(error) => return self.release().and(Err(error)),
        };
        Ok(())
    }
}

/// Why a batch of a rotation was not committed.
enum SaveError {
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

impl Unreadable {
    /// It is readable, and the sweep passed it by.
    fn is_left_behind(&self, state: &State) -> bool {
        self.cause == RecordError::MissingGeneration { generation: state.from_generation }
    }
}

/// The rotation is over by now, and a scrub that fails does not undo it: what it may have left is for the report to say.
fn scrubbed(ledger: &Ledger) -> Scrub {
    ledger.store().scrub().unwrap_or_else(|error| {
        tracing::warn!(%error, "overwritten bytes may remain");
        Scrub::BestEffort
    })
}

/// How many API keys are among the rows.
fn without_sentinel(rows: &[Row]) -> u64 {
    rows.iter().filter(|(key, _)| *key != ApiKeyId::SENTINEL.to_bytes()).count() as u64
}

/// The master key version to rotate to.
fn target(ledger: &Ledger, keyring: &Keyring, options: &RotateOptions) -> Result<u32, Error> {
    let active = keyring.active_master();
    let newest = ledger.keks().versions().next_back().map_or(active, |(version, _)| version);
    let to = options.to.unwrap_or(newest);
    let refuse = |problem| Err(Error::RotationTarget { to, problem });
    if ledger.keks().fingerprint(to).is_none() {
        return refuse("it is not configured");
    }
    match to.cmp(&active) {
        std::cmp::Ordering::Equal if options.to.is_none() => {
            refuse("it is active already, and no newer one is configured")
        }
        std::cmp::Ordering::Equal => refuse("it is active already"),
        std::cmp::Ordering::Less => refuse("a newer one is active"),
        std::cmp::Ordering::Greater => Ok(to),
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
        let next = change.keyring.with_next_generation(to, ledger.keks(), change.now)?;
        let state = State {
            phase: Phase::Sweep,
            from_master: change.keyring.active_master(),
            to_master: to,
            from_generation: change.keyring.active_generation(),
            to_generation: next.active_generation(),
            cursor: None,
            started_at: change.now,
            moved: 0,
            lease: None,
            sets: BTreeMap::new(),
        };
        change.audit(
            Draft::of(Action::RotationStarted)
                .count("from_master_key", state.from_master.into())
                .count("to_master_key", to.into())
                .count("from_generation", state.from_generation.into())
                .count("to_generation", state.to_generation.into()),
        );
        change.batch.put(Table::Vault, ROTATION, state.seal(&next)?, Expected::Absent);
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
            lease: None,
            sets: BTreeMap::new(),
        };
        change.audit(Draft::of(Action::RotationStarted).count("record_set_accepted", 1));
        change.batch.put(Table::Vault, ROTATION, state.seal(change.keyring)?, Expected::Absent);
        Ok(())
    })
}

fn row_missing() -> Error {
    Error::Tampered { row: "rotation", problem: "is missing".into() }
}

fn may_take_over(ledger: &Ledger, claim: &Claim, open: &State, options: &RotateOptions) -> Result<(), Error> {
    if let Some(lease) = open.lease.filter(|lease| lease.is_alive(ledger.now())) {
        // With the claim in our hands, a holder that had it is gone: no need to wait for its lease.
        let gone = lease.claimed && matches!(claim, Claim::Granted(_));
        if !gone {
            return Err(Error::RotationHeld { since_secs: ledger.now().since(lease.renewed_at).as_secs() });
        }
    }
    match options.to {
        Some(to) if to != open.to_master => Err(Error::RotationOpen { to: open.to_master }),
        _ => Ok(()),
    }
}

/// Wraps every data key under the new master key: one commit, whatever the number of records.
fn rewrap(ledger: &Ledger, options: &RotateOptions, act: &Act) -> Result<RotationReport, Error> {
    let mut report = ledger.change(act, |change| {
        if let Some(row) = ledger.store().get(Table::Vault, ROTATION)? {
            let open = State::open(change.keyring, &row).map_err(tampered)?;
            return Err(Error::RotationOpen { to: open.to_master });
        }
        if change.keyring.retiring_generation().is_some() {
            return Err(row_missing());
        }
        let to = target(ledger, change.keyring, options)?;
        let (from, generation) = (change.keyring.active_master(), change.keyring.active_generation());
        let next = change.keyring.rewrapped(to, ledger.keks(), change.now)?;
        change.audit(Draft::of(Action::Rewrap).count("from_master_key", from.into()).count("to_master_key", to.into()));
        change.batch.check(Table::Vault, ROTATION, Expected::Absent);
        change.replace_keyring(next);
        Ok(RotationReport {
            outcome: RotationOutcome::Finished,
            from_master: from,
            to_master: to,
            from_generation: generation,
            to_generation: generation,
            resumed: false,
            moved: 0,
            verified: 0,
            unreadable: vec![],
            stale_lookups: change.keyring.stale_lookup_rows(),
            scrub: None,
        })
    })?;
    report.scrub = Some(scrubbed(ledger));
    Ok(report)
}

const DEFAULT_BATCH: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// Keeps the memory of a rotation bounded, and the nonces under one prefix few.
const MAX_BATCH: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");
/// Sweeps in one call. One is enough unless writers beside it fail.
const MAX_PASSES: u32 = 3;
