//! A change in the making: the rows, the audit entries, and the head as it is then.

use std::collections::BTreeSet;
use std::mem;

use tracing::field::display;

use super::head::Head;
use super::log::{KEYRING, grow, subtree_key};
use crate::audit_log::{Act, Draft, EVENTS, row_key};
use crate::error::{Detail, Error};
use crate::keyring::{Feature, Keyring};
use crate::record::Record;
use crate::record_set::RecordSet;
use crate::secret::random_array;
use crate::store::{Batch, Effect, Expected, Table};
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// A change in the making.
pub(crate) struct Change<'k> {
    pub(crate) keyring: &'k Keyring,
    pub(crate) head: Head,
    pub(crate) now: Timestamp,
    pub(crate) batch: Batch,
    drafts: Vec<Draft>,
    /// Rows that it was decided by, whether or not they are in the batch.
    pub(super) looked_at: Vec<(Table, Vec<u8>)>,
    pub(super) next_keyring: Option<Keyring>,
    /// What whoever reads its rows has to know.
    pub(super) needs: BTreeSet<Feature>,
    /// Whether it has to be seen that nobody wrote meanwhile, also where nothing is written.
    pub(super) doubtful: bool,
}

impl<'k> Change<'k> {
    pub(super) fn new(keyring: &'k Keyring, head: Head, now: Timestamp) -> Self {
        Self {
            keyring,
            head,
            now,
            batch: Batch::new(),
            drafts: vec![],
            looked_at: vec![],
            next_keyring: None,
            needs: BTreeSet::new(),
            doubtful: false,
        }
    }

    /// Whether nothing is to be written.
    pub(crate) fn is_idle(&self) -> bool {
        self.drafts.is_empty()
            && self.next_keyring.is_none()
            && self.batch.changes().iter().all(|change| change.effect == Effect::Check)
    }

    /// What was found may come of others that write: it counts only if none did, even if nothing is to be written.
    pub(crate) fn doubt(&mut self) {
        self.doubtful = true;
    }

    /// Decides by the record of an API key, whether there is one or not: none that others change goes into the same commit.
    pub(crate) fn look_at(&mut self, id: ApiKeyId) {
        self.looked_at.push((Table::Keys, id.to_bytes().into()));
    }

    /// Says that there is something among its rows that only who knows these may read. They stand in the keyring from then on, for good.
    pub(crate) fn need(&mut self, features: impl IntoIterator<Item = Feature>) {
        self.needs.extend(features);
    }

    /// Whether it needs another keyring for that.
    pub(super) fn lacks_features(&self) -> bool {
        self.needs.iter().any(|feature| !self.keyring.needs(*feature))
    }

    /// Adds an audit entry.
    pub(crate) fn audit(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// The number of the audit entry added last.
    pub(crate) fn last_seq(&self) -> u64 {
        self.head.chain.seq + self.drafts.len() as u64
    }

    /// Writes a new record.
    pub(crate) fn insert_record(&mut self, id: ApiKeyId, record: Vec<u8>) -> Result<(), Error> {
        self.count(id, &record, RecordSet::add)?;
        self.batch.put(Table::Keys, id.to_bytes(), record, Expected::Absent);
        Ok(())
    }

    /// Writes a new record that [`Change::count_in`] counts together with others.
    pub(crate) fn insert_sealed(&mut self, id: ApiKeyId, record: Vec<u8>) {
        self.batch.put(Table::Keys, id.to_bytes(), record, Expected::Absent);
    }

    /// Counts new records of the active generation.
    pub(crate) fn count_in(&mut self, records: RecordSet) {
        let set = self.head.set(self.keyring.active_generation());
        *set = set.plus(records);
    }

    /// Writes a record in place of the one read before.
    pub(crate) fn replace_record(&mut self, id: ApiKeyId, old: Vec<u8>, new: Vec<u8>) -> Result<(), Error> {
        self.count(id, &old, RecordSet::remove)?;
        self.count(id, &new, RecordSet::add)?;
        self.batch.put(Table::Keys, id.to_bytes(), new, Expected::Exactly(old));
        Ok(())
    }

    /// Puts another keyring in place of the present one; the head is authenticated under it.
    pub(crate) fn replace_keyring(&mut self, next: Keyring) {
        let old = Expected::Exactly(self.keyring.bytes().into());
        self.batch.retain(|change| {
            !(change.table == Table::Vault && change.key == KEYRING && change.effect == Effect::Check)
        });
        self.batch.put(Table::Vault, KEYRING, next.bytes(), old);
        self.next_keyring = Some(next);
    }

    fn count(
        &mut self,
        id: ApiKeyId,
        bytes: &[u8],
        apply: fn(&mut RecordSet, &crate::keyring::MacKey, &Record<'_>),
    ) -> Result<(), Error> {
        let unreadable = |fault| Detail::Record { id, fault };
        let record = Record::parse(bytes).map_err(unreadable)?;
        let generation = record.generation();
        let missing = || unreadable(crate::record::RecordError::MissingGeneration { generation });
        let key = self.keyring.generation(generation).ok_or_else(missing)?.record_set();
        apply(self.head.set(generation), key, &record);
        Ok(())
    }

    /// The rows that it has to do with.
    pub(super) fn rows(&self) -> impl Iterator<Item = (Table, Vec<u8>)> {
        let changed = self.batch.changes().iter().map(|change| (change.table, change.key.clone()));
        changed.chain(self.looked_at.iter().cloned())
    }

    /// Puts the entries of an act into the log.
    pub(super) fn log(&mut self, act: &Act) -> Result<Kept, Error> {
        let (after, commit, drafts) = (self.head.chain.seq, random_array()?, mem::take(&mut self.drafts));
        for draft in &drafts {
            let (line, end) = self.head.chain.append(draft, &commit, act, self.now);
            if let Some(subtree) = grow(&mut self.head.tree, &line) {
                self.batch.put(Table::Vault, subtree_key(subtree.index), subtree.hash, Expected::Absent);
            }
            self.batch.put(Table::Audit, row_key(end.seq), line, Expected::Absent);
            self.head.chain = end;
        }
        Ok(Kept { after, drafts })
    }
}

/// The audit entries of a batch.
pub(super) struct Kept {
    after: u64,
    drafts: Vec<Draft>,
}

impl Kept {
    /// Tells whoever listens to events, once they are committed. A reason may hold anything, and stays in the log.
    pub(super) fn announce(&self, act: &Act) {
        for (seq, draft) in (self.after + 1..).zip(&self.drafts) {
            let (action, actor, key) = (draft.action.name(), act.actor.as_str(), draft.key.map(display));
            match draft.refused {
                None => tracing::info!(target: EVENTS, seq, action, actor, key, outcome = "done"),
                Some(cause) => tracing::warn!(target: EVENTS, seq, action, actor, key, outcome = "refused", cause),
            }
        }
    }
}
