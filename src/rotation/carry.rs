//! The counts of uses, carried over to the new generation before the old one goes.
//!
//! Nobody writes rows of the old generation after the cutover, so one pass moves them all. A pass that finds nothing to do is the
//! proof: it opened every row under the new generation.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use super::feed::Feed;
use super::report::{Progress, RotationReport};
use super::run::{Run, SaveError};
use super::state::Phase;
use crate::error::{Detail, Error};
use crate::keyring::Keyring;
use crate::ledger::in_the_way;
use crate::store::{Batch, Expected, Row, Table};
use crate::token::ApiKeyId;
use crate::uses::{UsageError, UsageRow, UsageSealer};
use crate::versions::Generation;

/// Moves every row, and deletes those that do not open: no API key depends on them. Always from the first row on, which an
/// interrupted pass does not harm.
pub(super) fn carry(
    run: &mut Run<'_>,
    report: &mut RotationReport,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let (keyring, rows) = (run.keyring.clone(), run.options.batch.get());
    let mut before = BTreeSet::new();
    for _ in 0..MAX_PASSES {
        let (mut changes, mut left_out) = (0, BTreeSet::new());
        let worker = || {
            let mut sealer = UsageSealer::new(&keyring, rows);
            let keyring = &keyring;
            move |rows| Carried::of(rows, keyring, &mut sealer)
        };
        let flow = Feed::of(run.ledger.store(), Table::Usage, None, run.options).run(worker, |carried: Carried| {
            changes += carried.batch.changes().len();
            commit(run, report, carried, &mut left_out)?;
            Ok(watch(run.progress(Phase::Verify, 0)))
        })?;
        if flow.is_break() || changes == 0 {
            return Ok(flow);
        }
        // Whoever changed a row moved it, and it is not in the way once more.
        if let Some(key) = left_out.intersection(&before).next() {
            return Err(in_the_way(Table::Usage, key).into());
        }
        before = left_out;
    }
    Err(Detail::Contended.into())
}

/// Commits a batch. Rows that changed since they were read are left out: whoever changed them moved them.
fn commit(
    run: &mut Run<'_>,
    report: &mut RotationReport,
    mut carried: Carried,
    left_out: &mut BTreeSet<Vec<u8>>,
) -> Result<(), Error> {
    let before = run.state.usage_dropped;
    while !carried.batch.changes().is_empty() {
        run.state.usage_dropped = before + carried.dropped.len() as u64;
        match run.save(&mut carried.batch) {
            Ok(()) => break,
            Err(SaveError::Failed(error)) => return Err(error),
            Err(SaveError::Rows(rows)) => {
                run.state.usage_dropped = before;
                let changed: BTreeSet<_> = rows.into_iter().map(|(_, key)| key).collect();
                carried.batch.retain(|change| !changed.contains(&change.key));
                carried.dropped.retain(|key| !changed.contains(key));
                left_out.extend(changed);
            }
        }
    }
    report.usage_dropped = run.state.usage_dropped;
    Ok(())
}

/// A batch ready to be committed, and which of its rows are deleted.
struct Carried {
    batch: Batch,
    dropped: BTreeSet<Vec<u8>>,
}

impl Carried {
    fn of(rows: Vec<Row>, keyring: &Keyring, sealer: &mut UsageSealer<'_>) -> Result<Self, Error> {
        let (mut carried, mut plain) = (Self { batch: Batch::new(), dropped: BTreeSet::new() }, vec![]);
        for (key, bytes) in rows {
            match (ApiKeyId::from_row(&key), generation(keyring, &key, &bytes, &mut plain)) {
                (_, Ok(generation)) if generation == keyring.active_generation() => {}
                (Some(id), Ok(_)) => {
                    let row = sealer.seal_bytes(id, &plain)?;
                    carried.batch.put(Table::Usage, key, row, Expected::Exactly(bytes));
                }
                _ => {
                    carried.dropped.insert(key.clone());
                    carried.batch.delete(Table::Usage, key, Expected::Exactly(bytes));
                }
            }
        }
        Ok(carried)
    }
}

/// The generation under which a row opens; labels are not believed.
fn generation(keyring: &Keyring, key: &[u8], bytes: &[u8], plain: &mut Vec<u8>) -> Result<Generation, UsageError> {
    let (row, id) = (UsageRow::parse(bytes)?, ApiKeyId::from_row(key).ok_or(UsageError::Malformed)?);
    row.open_into(keyring, id, plain)?;
    Ok(row.generation())
}

/// The second pass has nothing to do, unless somebody puts rows back.
const MAX_PASSES: usize = 10;
