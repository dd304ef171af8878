//! Replacing the master key: a new generation of data keys, every record sealed anew under it, the old one dropped.

mod abandon;
mod carry;
mod certificate;
mod feed;
mod options;
mod plan;
mod proof;
mod reindex;
mod report;
mod run;
mod state;
mod sweep;

use crate::audit_log::{Act, Action, Draft};
use crate::error::{Error, TargetFault};
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::record::RecordError;
use crate::store::{Expected, Row, Scrub, Table};
use crate::token::ApiKeyId;

use run::{Run, SaveError, row_missing};
use state::{State, tampered};

pub(crate) use certificate::check as check_certificate;
pub use certificate::{CertificateCheck, CertificateError, RotationCertificate};
pub use options::RotateOptions;
pub use plan::{Census, OpenRotation, RotationEstimate, RotationPlan};
pub(crate) use plan::{census, open_in, plan};
pub use report::{Flow, Progress, RotationOutcome, RotationReport, Unreadable};
pub use state::Phase;
pub(crate) use state::ROTATION;

/// Rotates, or continues a rotation begun before. `watch` is called after each batch.
pub(crate) fn rotate(
    ledger: &Ledger,
    options: &RotateOptions,
    act: &Act,
    watch: &mut dyn FnMut(&Progress) -> Flow,
) -> Result<RotationReport, Error> {
    act.check()?;
    let action = if options.rewrap_only { Action::Rewrap } else { Action::RotationStarted };
    ledger.keep_refusal(act, Draft::of(action), rotate_now(ledger, options, act, watch))
}

fn rotate_now(
    ledger: &Ledger,
    options: &RotateOptions,
    act: &Act,
    watch: &mut dyn FnMut(&Progress) -> Flow,
) -> Result<RotationReport, Error> {
    // Before the first record moves, and not at the audit entry after the last.
    ledger.reload()?.policy().check_reason(act.reason())?;
    if watch(&Progress { phase: Phase::Preflight, done: 0, total: 0 }) == Flow::Stop {
        return not_begun(ledger, options);
    }
    if options.rewrap_only {
        return rewrap(ledger, options, act);
    }
    let (mut run, resumed) = Run::take_up(ledger, options, act)?;
    let mut report = run.report(resumed);
    if run.state.phase != Phase::Scrub {
        if move_all(&mut run, &mut report, watch)? == Flow::Stop {
            run.release()?;
            return Ok(report);
        }
        if report.unreadable.iter().any(|record| !options.abandon.contains(&record.key)) {
            run.restart_sweep()?;
            run.release()?;
            report.outcome = RotationOutcome::Incomplete;
            return Ok(report);
        }
        run.finish(act, &mut report)?;
        report.unreadable.clear();
    }
    report.outcome = RotationOutcome::Finished;
    watch(&Progress { phase: Phase::Scrub, done: run.total, total: run.total });
    report.scrub = Some(scrubbed(ledger));
    report.certificate = RotationCertificate::issue(ledger, &run.keyring, &run.state)?;
    if let Some(certificate) = &report.certificate {
        // What an earlier process proved and gave up, when only the scrub was left.
        (report.verified, report.abandoned) = (certificate.verified, certificate.abandoned);
        report.compromised = certificate.compromised;
    }
    run.close()?;
    Ok(report)
}

/// Sweeps and verifies.
fn move_all(
    run: &mut Run<'_>,
    report: &mut RotationReport,
    watch: &mut dyn FnMut(&Progress) -> Flow,
) -> Result<Flow, Error> {
    for pass in 1.. {
        report.unreadable.clear();
        if run.state.phase == Phase::Sweep && sweep::sweep(run, report, watch)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
        if carry::carry(run, report, watch)? == Flow::Stop || proof::verify(run, report, watch)? == Flow::Stop {
            return Ok(Flow::Stop);
        }
        // Records that conflicted with a writer that then failed are still where they were: once more over all.
        if pass == MAX_PASSES || !report.unreadable.iter().any(|record| record.is_left_behind(&run.state)) {
            break;
        }
        run.restart_sweep()?;
    }
    Ok(Flow::Continue)
}

/// Stopped before anything changed, in this call.
fn not_begun(ledger: &Ledger, options: &RotateOptions) -> Result<RotationReport, Error> {
    let plan = plan(ledger, options)?;
    let generation = ledger.keyring().active_generation();
    let open = plan.open.as_ref();
    Ok(RotationReport {
        outcome: if open.is_some() { RotationOutcome::Stopped } else { RotationOutcome::NotBegun },
        from_master: plan.from_master,
        to_master: plan.to_master,
        from_generation: open.map_or(generation, |open| open.from_generation),
        to_generation: generation,
        resumed: false,
        moved: open.map_or(0, |open| open.moved),
        verified: 0,
        unreadable: vec![],
        abandoned: 0,
        usage_dropped: 0,
        compromised: false,
        stale_lookups: 0,
        scrub: None,
        certificate: None,
    })
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
            abandoned: 0,
            usage_dropped: 0,
            compromised: false,
            stale_lookups: change.keyring.stale_lookup_rows(),
            scrub: None,
            certificate: None,
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
    let refuse = |fault| Err(Error::RotationTarget { to, fault });
    if ledger.keks().fingerprint(to).is_none() {
        return refuse(TargetFault::NotConfigured);
    }
    match to.cmp(&active) {
        std::cmp::Ordering::Equal if options.to.is_none() => refuse(TargetFault::NoNewer),
        std::cmp::Ordering::Equal => refuse(TargetFault::Active),
        std::cmp::Ordering::Less => refuse(TargetFault::Older),
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
