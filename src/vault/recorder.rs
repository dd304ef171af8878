//! What a vault counts of the uses of its API keys, and the way it is written: one batch, added to what is there, and
//! fenced by the keyring.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::api_key::{Refusal, Request};
use crate::arguments::Maybe;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::{KEYRING, Ledger};
use crate::store::{Batch, CommitError, Effect, Expected, Table};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::uses::{Counters, Pending, Usage, UsageError, UsageRow, UsageSealer};

/// How uses of API keys are recorded.
#[derive(Clone, Debug)]
pub struct UsageOptions {
    records: bool,
    interval: Duration,
    max_keys: usize,
}

impl Default for UsageOptions {
    fn default() -> Self {
        Self { records: true, interval: INTERVAL, max_keys: MAX_KEYS }
    }
}

impl UsageOptions {
    /// Uses are counted; a [`UsageFlusher`](crate::usage::UsageFlusher) writes them every 60 seconds; up to 100,000 API keys are kept apart meanwhile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing is counted, and nothing written.
    pub fn off() -> Self {
        Self { records: false, ..Self::default() }
    }

    /// How often a [`UsageFlusher`](crate::usage::UsageFlusher) writes: the most that a process loses when it is killed.
    #[must_use]
    pub fn interval(mut self, interval: impl Maybe<Duration>) -> Self {
        self.interval = interval.maybe().unwrap_or(self.interval);
        self
    }

    /// How many API keys are kept apart in memory between two writes, at about 250 bytes each, and 80 for each endpoint. Uses of further ones are only
    /// counted, under no API key, and their last use is not kept.
    #[must_use]
    pub fn max_keys(mut self, max_keys: impl Maybe<usize>) -> Self {
        self.max_keys = max_keys.maybe().unwrap_or(self.max_keys);
        self
    }
}

/// What a flush wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageFlush {
    /// Rows written: one for each API key that was used, and one for what belongs to none.
    pub rows: u64,
    /// Rows among them that could not be read: what they had counted is lost, and they begin anew.
    pub replaced: u64,
}

/// What is counted until it is written, in the vault of this ledger.
pub(super) struct Recorder {
    ledger: Arc<Ledger>,
    pub(super) counters: Option<Counters>,
    pub(super) interval: Duration,
    /// One write at a time.
    flushing: Mutex<()>,
    writes: bool,
}

impl Recorder {
    pub(super) fn new(ledger: Arc<Ledger>, options: UsageOptions) -> Self {
        let counters = options.records.then(|| Counters::new(options.max_keys));
        Self { ledger, counters, interval: options.interval, flushing: Mutex::new(()), writes: true }
    }

    /// Never writes.
    pub(super) fn in_memory(ledger: Arc<Ledger>, options: UsageOptions) -> Self {
        let mut recorder = Self::new(ledger, options);
        recorder.writes = false;
        recorder
    }

    pub(super) fn valid(&self, id: ApiKeyId, token: &str, request: &Request<'_>, now: Timestamp) {
        if let Some(counters) = &self.counters {
            counters.valid(id, token, request, now);
        }
    }

    pub(super) fn refused(&self, id: ApiKeyId, refusal: Refusal) {
        if let Some(counters) = &self.counters {
            counters.refused(id, refusal);
        }
    }

    /// Counts what says nothing of an API key, and only that. What does was counted when it was found.
    pub(super) fn refused_of_none(&self, token: &str, refusal: Refusal) {
        if let Some(counters) =
            self.counters.as_ref().filter(|_| matches!(refusal, Refusal::Damaged | Refusal::Unknown))
        {
            counters.refused_of_none(token, refusal);
        }
    }

    /// Writes what was counted since the last time. What could not be written is kept.
    pub(super) fn flush(&self) -> Result<UsageFlush, Error> {
        let Some(counters) = self.counters.as_ref().filter(|_| self.writes) else {
            return Ok(UsageFlush::default());
        };
        let _turn = self.flushing.lock().unwrap_or_else(PoisonError::into_inner);
        let pending = counters.take();
        if pending.is_empty() {
            return Ok(UsageFlush::default());
        }
        let flushed = self.write(&pending);
        if flushed.is_err() {
            counters.put_back(pending);
        }
        flushed
    }

    fn write(&self, pending: &Pending) -> Result<UsageFlush, Error> {
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
        Err(Error::Contended)
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

impl Drop for Recorder {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Err(error) = self.flush() {
            tracing::warn!(%error, "the last uses of API keys could not be written");
        }
    }
}

pub(super) fn opened(keyring: &Keyring, id: ApiKeyId, row: &[u8]) -> Result<Usage, UsageError> {
    UsageRow::parse(row)?.open(keyring, id)
}

/// Others that write the same rows win no more often than this in a row.
const MAX_ATTEMPTS: usize = 100;
const INTERVAL: Duration = Duration::from_secs(60);
const MAX_KEYS: usize = 100_000;
