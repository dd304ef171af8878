//! Writing what was counted: one batch, added to what is there, and fenced by the keyring.

use std::collections::BTreeSet;
use std::sync::PoisonError;

use super::opened;
use crate::error::{Detail, Error};
use crate::keyring::Keyring;
use crate::ledger::KEYRING;
use crate::store::{Batch, CommitError, Effect, Expected, Table};
use crate::token::ApiKeyId;
use crate::uses::{Pending, UsageSealer};
use crate::vault::Vault;

/// What a flush wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageFlush {
    /// Rows written: one for each API key that was used, and one for what belongs to none.
    pub rows: u64,
    /// Rows among them that could not be read: what they had counted is lost, and they begin anew.
    pub replaced: u64,
}

impl Vault {
    /// Writes what this process has counted since the last flush, in one transaction; in none when there is nothing. Counts of
    /// several processes add up. What could not be written is kept, and written with the next flush.
    ///
    /// A [`UsageFlusher`](super::UsageFlusher) calls it once an interval, and dropping the vault calls it a last time. No
    /// verification ever does.
    pub fn flush_usage(&self) -> Result<UsageFlush, Error> {
        let Some(counters) = self.usage.counters.as_ref().filter(|_| self.usage.writes) else {
            return Ok(UsageFlush::default());
        };
        let _turn = self.usage.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = counters.take();
        if pending.is_empty() {
            return Ok(UsageFlush::default());
        }
        let flushed = self.write_usage(&pending);
        if flushed.is_err() {
            counters.put_back(pending);
        }
        flushed
    }

    fn write_usage(&self, pending: &Pending) -> Result<UsageFlush, Error> {
        let store = self.ledger.store();
        let mut keyring = self.ledger.reload()?;
        let (mut batch, mut replaced) = (Batch::new(), 0);
        let mut missing: Vec<ApiKeyId> = pending.keys().copied().collect();
        for _ in 0..MAX_ATTEMPTS {
            replaced += self.add_rows(&mut batch, &keyring, pending, &missing)?;
            batch.check(Table::Vault, KEYRING, Expected::Exactly(keyring.bytes().into()));
            match store.commit(&batch) {
                Ok(()) => return Ok(UsageFlush { rows: pending.len() as u64, replaced }),
                // A failure may come after the commit took effect; counted again, its counts would be twice what they were.
                Err(CommitError::Store(_)) if self.took_effect(&batch) => {
                    return Ok(UsageFlush { rows: pending.len() as u64, replaced });
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict(rows)) => {
                    let changed: BTreeSet<_> = rows.into_iter().filter(|(table, _)| *table == Table::Usage).collect();
                    let reloaded = self.ledger.reload()?;
                    let fenced = reloaded.bytes() != keyring.bytes();
                    batch.retain(|change| {
                        !fenced
                            && change.table == Table::Usage
                            && !changed.contains(&(change.table, change.key.clone()))
                    });
                    let written: BTreeSet<_> = batch.changes().iter().map(|change| &change.key).collect();
                    missing = pending.keys().copied().filter(|id| !written.contains(&id.to_bytes().to_vec())).collect();
                    keyring = reloaded;
                }
            }
        }
        Err(Detail::Contended.into())
    }

    /// Adds the rows of these API keys to the batch: what is there, and what was counted. Returns how many of those that are
    /// there say nothing any more.
    fn add_rows(
        &self,
        batch: &mut Batch,
        keyring: &Keyring,
        pending: &Pending,
        ids: &[ApiKeyId],
    ) -> Result<u64, Error> {
        let (mut sealer, mut replaced) = (UsageSealer::new(keyring, ids.len()), 0);
        for id in ids {
            let old = self.ledger.store().get(Table::Usage, &id.to_bytes())?;
            let known = old.as_ref().map(|row| opened(keyring, *id, row));
            let mut usage = match known {
                Some(Err(error)) => {
                    // One of a generation yet unknown is fenced off by the keyring.
                    tracing::warn!(key = %id, %error, "counts of uses could not be read, and begin anew");
                    replaced += 1;
                    None
                }
                known => known.and_then(Result::ok),
            }
            .unwrap_or_default();
            usage.add(&pending[id]);
            let row = sealer.seal(*id, &usage)?;
            batch.put(Table::Usage, id.to_bytes(), row, old.map_or(Expected::Absent, Expected::Exactly));
        }
        Ok(replaced)
    }

    /// Whether a batch is in the store. Sealed values do not repeat, so one row speaks for all.
    fn took_effect(&self, batch: &Batch) -> bool {
        batch.changes().first().is_some_and(|change| {
            let found = self.ledger.store().get(change.table, &change.key);
            matches!((&change.effect, found), (Effect::Put(value), Ok(Some(found))) if *value == found)
        })
    }
}

impl Drop for Vault {
    /// Writes what was counted and not flushed.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Err(error) = self.flush_usage() {
            tracing::warn!(error = format!("{error:#}"), "the last uses of API keys could not be written");
        }
    }
}

/// Others that write the same rows win no more often than this in a row.
const MAX_ATTEMPTS: usize = 100;
