//! Records given up: deleted with their lookup rows, so that a rotation can finish without them.

use std::collections::{BTreeMap, BTreeSet};

use super::proof;
use super::run::Run;
use crate::api_key::Attributes;
use crate::audit_log::{Action, AuditFault, Draft, Outcome};
use crate::error::{Detail, Error};
use crate::ledger::{Change, follow_chain};
use crate::lookup::LookupRow;
use crate::record::{Record, RecordError, sentinel};
use crate::record_set::RecordSet;
use crate::store::{Expected, Store, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// What was given up.
pub(super) struct Abandoned {
    pub(super) count: u64,
    /// How many of them stand at an id, and may have been counted when they were written.
    counted: u64,
    /// What the record sets hold of them, if they are what was written.
    as_found: RecordSet,
    /// The records of the new generation that are there without them, counted anew; `None` when nothing was given up.
    pub(super) present: Option<RecordSet>,
    /// Rows that each lookup key still serves.
    pub(super) lookup_rows: BTreeMap<Generation, u64>,
    /// The sentinel as it was, when it is among them.
    sentinel: Option<Vec<u8>>,
}

/// Deletes the records that the options name and that do not open.
pub(super) fn abandon(run: &Run<'_>, change: &mut Change<'_>) -> Result<Abandoned, Error> {
    let mut abandoned = Abandoned {
        count: 0,
        counted: 0,
        as_found: RecordSet::default(),
        present: None,
        lookup_rows: run.lookup_rows.clone(),
        sentinel: None,
    };
    let (store, from, mut gone) = (run.ledger.store(), run.state.from_generation, BTreeSet::new());
    for key in &run.options.abandon {
        let Some(bytes) = store.get(Table::Keys, key)? else { continue };
        let id = ApiKeyId::from_row(key);
        match id.ok_or(RecordError::Malformed).and_then(|id| proof::judge(change.keyring, from, id, &bytes)) {
            Ok(()) => continue,
            // Somebody mended it: it has to be moved like the others.
            Err(RecordError::MissingGeneration { generation }) if generation == from => {
                return Err(Detail::Contended.into());
            }
            Err(_) => abandoned.count += 1,
        }
        abandoned.counted += u64::from(id.is_some());
        if let (Ok(record), Some(keys)) = (Record::parse(&bytes), change.keyring.generation(from)) {
            abandoned.as_found.add(&keys.record_set, &record);
        }
        change.audit(Draft { key: id, ..Draft::of(Action::Abandon) });
        if let Some(row) = store.get(Table::Usage, key)?.filter(|_| id != Some(ApiKeyId::SENTINEL)) {
            change.batch.delete(Table::Usage, key.as_slice(), Expected::Exactly(row));
        }
        if id == Some(ApiKeyId::SENTINEL) {
            abandoned.sentinel = Some(bytes);
        } else {
            gone.extend(id);
            change.batch.delete(Table::Keys, key.as_slice(), Expected::Exactly(bytes));
        }
    }
    if abandoned.count > 0 {
        abandoned.present = Some(proof::present_set(store, change.keyring, &run.options.abandon)?);
        abandoned.delete_lookups(run, change, &gone)?;
    }
    Ok(abandoned)
}

impl Abandoned {
    /// Whether what is left of the old generation's record set is what was given up. Of a damaged record the set cannot
    /// tell more than that it was there, and older copies of others could hide behind it: the audit log has to speak
    /// against those.
    pub(super) fn explains(&self, left: RecordSet, change: &Change<'_>, store: &dyn Store) -> Result<bool, Error> {
        if left == self.as_found {
            return Ok(true);
        }
        Ok(self.count > 0 && left.count() == self.counted && revocations_hold(change, store)?)
    }

    /// The vault cannot be without its sentinel.
    pub(super) fn replace_sentinel(&self, change: &mut Change<'_>) -> Result<(), Error> {
        let Some(old) = &self.sentinel else { return Ok(()) };
        let fresh = sentinel(change.keyring, change.now)?;
        let generation = change.keyring.active_generation();
        let record = Record::parse(&fresh).map_err(|fault| Detail::Record { id: ApiKeyId::SENTINEL, fault })?;
        change.head.set(generation).add(&change.keyring.active().record_set, &record);
        change.batch.put(Table::Keys, ApiKeyId::SENTINEL.to_bytes(), fresh, Expected::Exactly(old.clone()));
        Ok(())
    }

    fn delete_lookups(
        &mut self,
        run: &Run<'_>,
        change: &mut Change<'_>,
        gone: &BTreeSet<ApiKeyId>,
    ) -> Result<(), Error> {
        let mut after: Option<Vec<u8>> = None;
        loop {
            let rows = run.ledger.store().scan(Table::Lookup, after.as_deref(), run.options.batch.get())?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            after = Some(last.clone());
            for (index, value) in rows {
                let Some(row) = LookupRow::parse(&value).filter(|row| gone.contains(&row.id)) else { continue };
                self.lookup_rows.entry(row.lookup_key).and_modify(|rows| *rows = rows.saturating_sub(1));
                change.batch.delete(Table::Lookup, index, Expected::Exactly(value));
            }
        }
    }
}

/// Whether every API key that the audit log says was revoked or is to be, and that is still there and opens, is. The log is believed
/// only if it is whole.
fn revocations_hold(change: &Change<'_>, store: &dyn Store) -> Result<bool, Error> {
    let (keyring, expected) = (change.keyring, change.head.chain);
    let mut hold = true;
    // Writers go on meanwhile; what they add is not in this change's head.
    let end = follow_chain(keyring.vault(), store, expected.seq, |entry| {
        let held: fn(&Attributes) -> bool = match entry.action {
            Action::Revoke => Attributes::is_revoked,
            Action::Reissue | Action::ScheduleRevocation => Attributes::has_an_end_set,
            _ => return Ok(()),
        };
        let Some(id) = entry.key.filter(|_| entry.outcome == Outcome::Done) else { return Ok(()) };
        let Some(bytes) = store.get(Table::Keys, &id.to_bytes())? else { return Ok(()) };
        let attributes = Record::parse(&bytes).and_then(|record| record.attributes(keyring, id));
        hold &= attributes.map_or(true, |attributes| held(&attributes));
        Ok(())
    })?;
    if end == expected { Ok(hold) } else { Err(AuditFault::End { found: end.seq, expected: expected.seq }.into()) }
}
