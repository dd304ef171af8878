//! Replacing the master key: a new generation of data keys, every record sealed anew under it, the old one dropped.

mod abandon;
mod admit;
mod begin;
mod carry;
mod certificate;
mod feed;
mod finish;
mod options;
mod plan;
mod proof;
mod remnants;
mod report;
mod rewrap;
mod row;
mod run;
mod state;
mod sweep;

use std::ops::ControlFlow;

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::fence;
use crate::ledger::Ledger;

use admit::admit;
use begin::begin;
use finish::finish;
use rewrap::rewrap;
use run::Run;

pub(crate) use certificate::check as check_certificate;
pub use certificate::{CertificateCheck, RotationCertificate};
pub use options::RotateOptions;
pub use plan::{Census, OpenRotation, RotationEstimate, RotationPlan};
pub(crate) use plan::{census, plan};
pub use remnants::Searched;
pub(crate) use remnants::{copies, each_unknown, unknown};
#[cfg(feature = "sqlite")]
pub(crate) use remnants::{holds_a_copy, is_known};
pub use report::{Progress, RotationOutcome, RotationReport, Unreadable};
pub(crate) use row::open_in;
pub use state::Phase;

pub use crate::versions::Generation;

/// Rotates, or continues a rotation begun before. `watch` is called after each batch.
pub(crate) fn rotate(
    ledger: &Ledger,
    options: &RotateOptions,
    act: &Act,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<RotationReport, Error> {
    act.check()?;
    let action = if options.rewrap_only { Action::Rewrap } else { Action::RotationStarted };
    ledger.keep_refusal(act, Draft::of(action), rotate_now(ledger, options, act, watch))
}

fn rotate_now(
    ledger: &Ledger,
    options: &RotateOptions,
    act: &Act,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<RotationReport, Error> {
    options.check()?;
    // Before the first record moves, and not at the audit entry after the last.
    ledger.reload()?.policy().check_reason(act.reason())?;
    if watch(Progress { phase: Phase::Preflight, done: 0, total: 0 }).is_break() {
        return not_begun(ledger, options);
    }
    admit(ledger, options)?;
    remnants::refuse_copies(ledger.store(), &*ledger.reload()?)?;
    if options.rewrap_only {
        let report = rewrap(ledger, options, act)?;
        let scrubbed = remnants::scrub(ledger)?;
        let (scrub, searched) = (Some(scrubbed.scrub), scrubbed.searched);
        return Ok(RotationReport { scrub, searched, old_bytes: scrubbed.left, ..report });
    }
    let (mut run, mut report) = begin(ledger, options, act)?;
    if run.state.phase != Phase::Scrub {
        if move_all(&mut run, &mut report, watch)?.is_break() {
            run.release()?;
            return Ok(report);
        }
        if report.unreadable.iter().any(|record| !options.abandon.contains(&record.key)) {
            run.restart_sweep()?;
            run.release()?;
            report.outcome = RotationOutcome::Incomplete;
            return Ok(report);
        }
        finish(&mut run, act, &mut report)?;
        report.unreadable.clear();
    }
    report.outcome = RotationOutcome::Finished;
    let _ = watch(Progress { phase: Phase::Scrub, done: run.total, total: run.total });
    fence::remove(ledger.store(), &*ledger.reload()?)?;
    let scrubbed = remnants::scrub(ledger)?;
    (report.scrub, report.searched, report.old_bytes) = (Some(scrubbed.scrub), scrubbed.searched, scrubbed.left);
    if report.old_bytes.is_some() {
        // The row stays, so that nobody takes it for done, and the next call goes on here.
        report.outcome = RotationOutcome::OldBytes;
        run.release()?;
        return Ok(report);
    }
    report.certificate = RotationCertificate::issue(ledger, &run.keyring, &run.state, report.searched)?;
    if let Some(certificate) = &report.certificate {
        // What an earlier process proved and gave up, when only the scrub was left.
        (report.verified, report.abandoned) = (certificate.verified, certificate.abandoned);
        report.compromised = certificate.compromised;
    }
    run.close()?;
    Ok(report)
}

/// Sweeps, carries the counts of uses over, and proves.
fn move_all(
    run: &mut Run<'_>,
    report: &mut RotationReport,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    for pass in 1.. {
        report.unreadable.clear();
        if run.state.phase == Phase::Sweep && sweep::sweep(run, report, watch)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        if carry::carry(run, report, watch)?.is_break() || proof::verify(run, report, watch)?.is_break() {
            return Ok(ControlFlow::Break(()));
        }
        // Records that conflicted with a writer that then failed are still where they were: once more over all.
        if pass == MAX_PASSES || !report.unreadable.iter().any(|record| record.is_left_behind(&run.state)) {
            break;
        }
        run.restart_sweep()?;
    }
    Ok(ControlFlow::Continue(()))
}

/// Stopped before anything changed, in this call.
fn not_begun(ledger: &Ledger, options: &RotateOptions) -> Result<RotationReport, Error> {
    let plan = plan(ledger, options)?;
    let generation = ledger.keyring().active_generation();
    let open = plan.open.as_ref();
    let outcome = if open.is_some() { RotationOutcome::Stopped } else { RotationOutcome::NotBegun };
    let from_generation = open.map_or(generation, |open| open.from_generation);
    let masters = [plan.from_master_key, plan.to_master_key];
    Ok(RotationReport {
        moved: open.map_or(0, |open| open.moved),
        ..RotationReport::of(outcome, masters, [from_generation, generation])
    })
}

/// Sweeps in one call. One is enough unless writers beside it fail.
const MAX_PASSES: u32 = 3;
