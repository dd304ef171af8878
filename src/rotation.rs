//! Replacing the master key: a new generation of data keys, every record sealed anew under it, the old one dropped.

mod feed;
mod options;
mod plan;
mod proof;
mod reindex;
mod report;
mod run;
mod state;
mod sweep;

use crate::audit::{Act, Action, Draft};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::record::RecordError;
use crate::store::{Expected, Row, Scrub, Table};
use crate::token::ApiKeyId;

use run::{Run, SaveError, row_missing};
use state::{ROTATION, State, tampered};

pub use options::RotateOptions;
pub use plan::{OpenRotation, RotationPlan};
pub(crate) use plan::{open_in, plan, records_by_generation};
pub use report::{Flow, Progress, RotationOutcome, RotationReport, Unreadable};
pub use state::Phase;

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

impl Unreadable {
    /// It is readable, and the sweep passed it by.
    fn is_left_behind(&self, state: &State) -> bool {
        self.cause == RecordError::MissingGeneration { generation: state.from_generation }
    }
}

/// Sweeps in one call. One is enough unless writers beside it fail.
const MAX_PASSES: u32 = 3;
