//! Records given up: deleted with their lookup rows, so that a rotation can finish without them.

use std::collections::{BTreeMap, BTreeSet};

use super::proof::{Held, present_set};
use super::run::Run;
use crate::audit_log::{Action, Draft};
use crate::commitments::Commitments;
use crate::error::{Detail, Error};
use crate::ledger::Change;
use crate::lookup::{LookupRow, SENTINEL_INDEX};
use crate::record::{Opener, Record, RecordError, sentinel};
use crate::record_set::RecordSet;
use crate::store::{Expected, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// What was given up.
pub(super) struct Abandoned {
    pub(super) count: u64,
    /// Their keys.
    pub(super) deleted: BTreeSet<Vec<u8>>,
    /// How many of them the log knows of, and were counted when they were written.
    counted: u64,
    /// What the record sets hold of them, if they are what was written.
    as_found: RecordSet,
    /// The records of the new generation that are there without them, counted anew; `None` when nothing was given up.
    pub(super) present: Option<RecordSet>,
    /// Rows that each lookup key still serves.
    pub(super) lookup_rows: BTreeMap<Generation, u64>,
    /// Those of them that were API keys.
    gone: BTreeSet<ApiKeyId>,
    /// What is expected where the sentinel stands, and the one that takes its place, when it is among them.
    sentinel: Option<(Expected, Vec<u8>)>,
}

/// Deletes the records that the options name and that do not open.
pub(super) fn abandon(run: &Run<'_>, log: &Commitments, change: &mut Change<'_>) -> Result<Abandoned, Error> {
    let mut abandoned = Abandoned {
        count: 0,
        deleted: BTreeSet::new(),
        counted: 0,
        as_found: RecordSet::default(),
        present: None,
        lookup_rows: run.lookup_rows.clone(),
        gone: BTreeSet::new(),
        sentinel: None,
    };
    let (store, from) = (run.ledger.store(), run.state.from_generation);
    let (held, mut opener) = (Held { keyring: change.keyring, from }, Opener::new(change.keyring));
    for key in &run.options.abandon {
        let Some(bytes) = store.get(Table::Keys, key)? else { continue };
        let id = ApiKeyId::from_row(key);
        let judge = |id| held.judge(id, &bytes, &mut opener, log);
        match id.ok_or(RecordError::Malformed).and_then(judge) {
            Ok(()) => continue,
            // Somebody mended it: it has to be moved like the others.
            Err(RecordError::MissingGeneration { generation }) if generation == from => {
                return Err(Detail::Contended.into());
            }
            Err(_) => abandoned.count += 1,
        }
        abandoned.counted += u64::from(id.is_some_and(|id| log.knows(id)));
        if let (Ok(record), Some(keys)) = (Record::parse(&bytes), change.keyring.generation(from)) {
            abandoned.as_found.add(keys.record_set(), &record);
        }
        let mut draft = Draft { key: id, ..Draft::of(Action::Abandon) };
        if let Some(row) = store.get(Table::Usage, key)?.filter(|_| id != Some(ApiKeyId::SENTINEL)) {
            change.batch.delete(Table::Usage, key.as_slice(), Expected::Exactly(row));
        }
        if id == Some(ApiKeyId::SENTINEL) {
            let (fresh, commitment) = sentinel(change.keyring, change.now)?;
            draft = draft.leaving(commitment);
            abandoned.sentinel = Some((Expected::Exactly(bytes), fresh));
        } else {
            abandoned.gone.extend(id);
            change.batch.delete(Table::Keys, key.as_slice(), Expected::Exactly(bytes));
        }
        change.audit(draft);
        abandoned.deleted.insert(key.clone());
    }
    if abandoned.count > 0 {
        abandoned.present = Some(present_set(store, change.keyring, &abandoned.deleted)?);
        abandoned.delete_lookups(run, change)?;
    }
    Ok(abandoned)
}

impl Abandoned {
    /// Whether what is left of the old generation's record set is what was given up. Of a damaged record the set cannot
    /// tell more than that it was there. Older copies of others do not hide behind it: the proof has held every record that stays
    /// to the audit log.
    pub(super) fn explains(&self, left: RecordSet) -> bool {
        left == self.as_found || (self.count > 0 && left.count() == self.counted)
    }

    /// A record that the audit log knows and that is not there: what the operator takes for right is what the log says from here on.
    pub(super) fn miss(&mut self, id: ApiKeyId, run: &Run<'_>, change: &mut Change<'_>) -> Result<(), Error> {
        let draft = Draft { key: Some(id), ..Draft::of(Action::Abandon) };
        if id == ApiKeyId::SENTINEL {
            let (fresh, commitment) = sentinel(change.keyring, change.now)?;
            self.sentinel = Some((Expected::Absent, fresh));
            change.audit(draft.leaving(commitment));
            return Ok(());
        }
        if let Some(row) = run.ledger.store().get(Table::Usage, &id.to_bytes())? {
            change.batch.delete(Table::Usage, id.to_bytes(), Expected::Exactly(row));
        }
        change.audit(draft);
        Ok(())
    }

    /// The vault cannot be without its sentinel.
    pub(super) fn replace_sentinel(&self, change: &mut Change<'_>) -> Result<(), Error> {
        let Some((expected, fresh)) = &self.sentinel else { return Ok(()) };
        let generation = change.keyring.active_generation();
        let record = Record::parse(fresh).map_err(|fault| Detail::Record { id: ApiKeyId::SENTINEL, fault })?;
        change.head.set(generation).add(change.keyring.active().record_set(), &record);
        change.batch.put(Table::Keys, ApiKeyId::SENTINEL.to_bytes(), fresh.as_slice(), expected.clone());
        Ok(())
    }

    fn delete_lookups(&mut self, run: &Run<'_>, change: &mut Change<'_>) -> Result<(), Error> {
        each_lookup(run, |index, value| {
            let Some(row) = LookupRow::parse(&value).filter(|row| self.gone.contains(&row.id)) else { return Ok(()) };
            self.delete_lookup(index, value, Some(row), change);
            Ok(())
        })
    }

    /// Deletes the rows of the lookup index that lead to no record, and those that this vault did not write: no token is found by
    /// them, and the one that would be cannot be imported while they are there. How many there were.
    pub(super) fn delete_dangling(&mut self, run: &Run<'_>, change: &mut Change<'_>) -> Result<u64, Error> {
        let (store, mut deleted) = (run.ledger.store(), 0);
        each_lookup(run, |index, value| {
            let row = LookupRow::parse(&value);
            if index == SENTINEL_INDEX || row.is_some_and(|row| self.gone.contains(&row.id)) {
                return Ok(());
            }
            let leads = match LookupRow::open(change.keyring, &index, &value) {
                Some(row) => store.get(Table::Keys, &row.id.to_bytes())?.is_some(),
                None => false,
            };
            if !leads {
                self.delete_lookup(index, value, row, change);
                deleted += 1;
            }
            Ok(())
        })?;
        Ok(deleted)
    }

    fn delete_lookup(&mut self, index: Vec<u8>, value: Vec<u8>, row: Option<LookupRow>, change: &mut Change<'_>) {
        if let Some(row) = row {
            self.lookup_rows.entry(row.lookup_key).and_modify(|rows| *rows = rows.saturating_sub(1));
        }
        change.batch.delete(Table::Lookup, index, Expected::Exactly(value));
    }
}

fn each_lookup(run: &Run<'_>, mut each: impl FnMut(Vec<u8>, Vec<u8>) -> Result<(), Error>) -> Result<(), Error> {
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = run.ledger.store().scan(Table::Lookup, after.as_deref(), run.options.batch.get())?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        after = Some(last.clone());
        rows.into_iter().try_for_each(|(index, value)| each(index, value))?;
    }
}
