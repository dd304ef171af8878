//! The last commit of a rotation: the old generation dropped, when its records add up to none.

use super::abandon::abandon;
use super::proof::present_set;
use super::report::RotationReport;
use super::run::{Run, taken_over};
use super::state::{Finish, State};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::ledger::ROTATION;
use crate::store::{Expected, Table};

/// Drops the old generation. Only scrubbing is left then.
pub(super) fn finish(run: &mut Run<'_>, act: &Act, report: &mut RotationReport) -> Result<(), Error> {
    let (store, keks, options) = (run.ledger.store(), run.ledger.keks(), run.options);
    let (from, to) = (run.state.from_generation, run.state.to_generation);
    let mut log = run.log.take().expect("the proof comes before the end, and read it");
    let finished = run.ledger.change(act, |change| {
        // A conflict over the rotation row does not pass with another attempt.
        let row = store.get(Table::Vault, ROTATION)?;
        if change.keyring.bytes() != run.keyring.bytes() || row.as_ref() != Some(&run.row) {
            return Err(taken_over());
        }
        for (generation, moved) in &run.state.sets {
            let set = change.head.set(*generation);
            *set = set.plus(*moved);
        }
        log.follow(store, &change.head, |_| Ok(()))?;
        let mut abandoned = abandon(run, &log, change)?;
        let left = *change.head.set(from);
        // Behind one that is given up, another may be gone without a trace in the sums.
        let mut missing = 0_u64;
        if abandoned.count > 0 {
            log.each_missing(store, |_, _| missing += 1)?;
        }
        let adds_up =
            missing == 0 && abandoned.explains(left) && abandoned.present.is_none_or(|set| set == *change.head.set(to));
        if !adds_up && !options.accept_record_set {
            return Err(Detail::RecordSet { generation: from }.into());
        }
        if !adds_up {
            *change.head.set(to) = present_set(store, change.keyring, &abandoned.deleted)?;
            let mut lost = vec![];
            log.each_missing(store, |id, _| lost.push(id))?;
            lost.into_iter().try_for_each(|id| abandoned.miss(id, run, change))?;
        }
        report.lookups_dropped = if options.accept_record_set { abandoned.delete_dangling(run, change)? } else { 0 };
        abandoned.replace_sentinel(change)?;
        change.head.drop_set(from);
        let next = change.keyring.without_generation(from, &abandoned.lookup_rows, keks)?;
        report.abandoned = abandoned.count;
        report.stale_lookups = next.stale_lookup_rows();
        change.audit(entry(&run.state, report, adds_up));
        let state = run.state.ended(Finish { seq: change.last_seq(), set: *change.head.set(to) });
        let row = state.seal(&next)?;
        change.batch.put(Table::Vault, ROTATION, row.as_slice(), Expected::Exactly(run.row.clone()));
        change.replace_keyring(next);
        Ok((state, row))
    });
    match finished {
        Ok((state, row)) => {
            (run.state, run.row, run.keyring) = (state, row, run.ledger.keyring());
            Ok(())
        }
        // What is not finished stays open, and nobody has to wait for this process.
        Err(error) => run.release().and(Err(error)),
    }
}

/// The audit entry that the certificate is read from.
fn entry(state: &State, report: &RotationReport, adds_up: bool) -> Draft {
    let counts = [
        ("from_master_key", state.from_master_key.into()),
        ("to_master_key", state.to_master_key.into()),
        ("from_generation", state.from_generation.into()),
        ("to_generation", state.to_generation.into()),
        ("moved", state.moved),
        ("verified", report.verified),
    ];
    let notes = [
        ("abandoned", report.abandoned),
        ("compromised", u64::from(report.compromised)),
        ("lookups_dropped", report.lookups_dropped),
        ("record_set_accepted", u64::from(!adds_up)),
        ("usage_dropped", state.usage_dropped),
    ];
    let counts = counts.into_iter().chain(notes.into_iter().filter(|(_, count)| *count > 0));
    counts.fold(Draft::of(Action::RotationFinished), |draft, (name, count)| draft.count(name, count))
}
