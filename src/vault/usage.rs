//! Uses of API keys: counted in memory with every verification, written together, and read beside the keys.

mod flush;
mod flusher;
mod list;

use std::sync::Mutex;
use std::time::Duration;

use crate::api_key::{Refusal, Request};
use crate::arguments::Maybe;
use crate::error::{Error, VaultRow};
use crate::keyring::Keyring;
use crate::store::Table;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::uses::{Counters, Usage, UsageError, UsageRow};
use crate::vault::Vault;

pub use flush::UsageFlush;
pub use flusher::UsageFlusher;
pub use list::ListedUsage;
pub(super) use list::UsageRows;

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
    /// Uses are counted; a [`UsageFlusher`] writes them every 60 seconds; up to 100,000 API keys are kept apart meanwhile.
    pub fn new() -> Self {
        Self::default()
    }

    /// Nothing is counted, and nothing written.
    pub fn off() -> Self {
        Self { records: false, ..Self::default() }
    }

    /// How often a [`UsageFlusher`] writes: the most that a process loses when it is killed.
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

/// What a vault counts, and how it is written.
pub(super) struct Recorder {
    counters: Option<Counters>,
    interval: Duration,
    /// One write at a time.
    flushing: Mutex<()>,
    writes: bool,
}

impl Recorder {
    pub(super) fn of(options: UsageOptions) -> Self {
        let counters = options.records.then(|| Counters::new(options.max_keys));
        Self { counters, interval: options.interval, flushing: Mutex::new(()), writes: true }
    }

    /// Of a vault that verifies nothing.
    pub(super) fn unused() -> Self {
        Self::of(UsageOptions::default())
    }

    /// Never writes.
    pub(super) fn in_memory(options: UsageOptions) -> Self {
        Self { writes: false, ..Self::of(options) }
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
}

impl Vault {
    /// How an API key was used: what was written, and what this process has counted since. `None` when there is nothing.
    pub fn usage(&self, id: ApiKeyId) -> Result<Option<Usage>, Error> {
        let stored =
            self.stored_usage(id)?.map_err(|fault| Error::Tampered { row: VaultRow::Usage, fault: fault.into() })?;
        Ok(self.with_counted(id, stored))
    }

    /// What belongs to no API key: refusals of tokens that are damaged or that nobody has, and uses that a process could not keep
    /// apart ([`UsageOptions::max_keys`]).
    pub fn usage_of_none(&self) -> Result<Option<Usage>, Error> {
        self.usage(ApiKeyId::SENTINEL)
    }

    /// Counts uses that another process has counted: those of a [`Verifier`](super::Verifier), from
    /// [`take_usage`](super::Verifier::take_usage). They are written with the next flush. Ids are not looked up.
    pub fn add_usage(&self, counted: impl IntoIterator<Item = (Option<ApiKeyId>, Usage)>) {
        if let Some(counters) = &self.usage.counters {
            let keyed = counted.into_iter().map(|(id, usage)| (id.unwrap_or(ApiKeyId::SENTINEL), usage));
            keyed.for_each(|(id, usage)| counters.put_back([(id, usage)].into()));
        }
    }

    /// What was counted since the last flush, to be kept elsewhere or forgotten: the uses of each API key, and under `None` what
    /// belongs to none. It is not written then.
    pub fn take_usage(&self) -> Vec<(Option<ApiKeyId>, Usage)> {
        let pending = self.usage.counters.as_ref().map(Counters::take).unwrap_or_default();
        pending.into_iter().map(|(id, usage)| (Some(id).filter(|id| *id != ApiKeyId::SENTINEL), usage)).collect()
    }

    fn with_counted(&self, id: ApiKeyId, stored: Option<Usage>) -> Option<Usage> {
        let Some(counted) = self.usage.counters.as_ref().and_then(|counters| counters.peek(id)) else { return stored };
        let mut usage = stored.unwrap_or_default();
        usage.add(&counted);
        Some(usage)
    }

    /// The row of an API key, which may be newer than the keyring.
    fn stored_usage(&self, id: ApiKeyId) -> Result<Result<Option<Usage>, UsageError>, Error> {
        let mut keyring = self.ledger.recent_keyring()?;
        loop {
            let Some(row) = self.ledger.store().get(Table::Usage, &id.to_bytes())? else { return Ok(Ok(None)) };
            match opened(&keyring, id, &row) {
                Err(UsageError::MissingGeneration { generation }) => {
                    let reloaded = self.ledger.reload()?;
                    if reloaded.bytes() == keyring.bytes() {
                        return Ok(Err(UsageError::MissingGeneration { generation }));
                    }
                    keyring = reloaded;
                }
                judged => return Ok(judged.map(Some)),
            }
        }
    }
}

fn opened(keyring: &Keyring, id: ApiKeyId, row: &[u8]) -> Result<Usage, UsageError> {
    UsageRow::parse(row)?.open(keyring, id)
}

const INTERVAL: Duration = Duration::from_secs(60);
const MAX_KEYS: usize = 100_000;
