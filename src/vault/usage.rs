//! Uses of API keys: what is known of them, read beside the keys, and what this process has counted of them.

mod flusher;
mod list;

use crate::error::{Detail, Error, VaultRow};
use crate::page::{Cursor, Page};
use crate::store::Table;
use crate::token::ApiKeyId;
use crate::uses::{Counters, Usage, UsageError};
use crate::vault::handle::{Vault, Verifier};
use crate::vault::list::{Query, one_by_one};
use crate::vault::recorder::{UsageFlush, opened};

pub use flusher::UsageFlusher;
pub use list::ListedUsage;
pub(super) use list::UsageRows;

/// # Uses
impl Verifier {
    /// How an API key was used: what was written, and what this process has counted since. `None` when there is nothing.
    pub fn usage(&self, id: ApiKeyId) -> Result<Option<Usage>, Error> {
        let stored =
            self.stored_usage(id)?.map_err(|fault| Detail::Tampered { row: VaultRow::Usage, fault: fault.into() })?;
        Ok(self.with_counted(id, stored))
    }

    /// What belongs to no API key: refusals of tokens that are damaged or that nobody has, and uses that a process could not keep
    /// apart ([`UsageOptions::max_keys`](crate::usage::UsageOptions::max_keys)).
    pub fn usage_of_none(&self) -> Result<Option<Usage>, Error> {
        self.usage(ApiKeyId::SENTINEL)
    }

    /// A page of API keys as [`Verifier::list`] finds them, each with its uses. With many endpoints those may take half a megabyte
    /// each: [`Verifier::list_usage_all`] holds one at a time.
    pub fn list_usage(&self, query: &Query) -> Result<Page<ListedUsage>, Error> {
        Page::take(query.page_len(), self.found_usage(query)?, |line| Cursor::after_api_key(line.listed.id))
    }

    /// The same one after the other, to the last: the query's limit says nothing here. Both tables are read a page at a time, so that a
    /// million API keys take no more memory than a thousand. It ends with the first error.
    pub fn list_usage_all<'v>(&'v self, query: &Query) -> impl Iterator<Item = Result<ListedUsage, Error>> + use<'v> {
        one_by_one(self.found_usage(query))
    }

    /// What was counted since the last flush, to be kept elsewhere or forgotten: the uses of each API key, and under `None` what
    /// belongs to none. It is not written then. Of a [`Verifier::open`] this is the only way that counts take: it writes
    /// nothing of them, and whoever has a [`Vault`] can, with [`Vault::add_usage`]; it counts only if
    /// [`VaultOptions::usage`](crate::VaultOptions::usage) was given.
    pub fn take_usage(&self) -> Vec<(Option<ApiKeyId>, Usage)> {
        let pending = self.usage.counters.as_ref().map(Counters::take).unwrap_or_default();
        pending.into_iter().map(|(id, usage)| (Some(id).filter(|id| *id != ApiKeyId::SENTINEL), usage)).collect()
    }

    fn found_usage<'v>(
        &'v self,
        query: &Query,
    ) -> Result<impl Iterator<Item = Result<ListedUsage, Error>> + use<'v>, Error> {
        let mut rows = self.usage_rows();
        Ok(self.found(query)?.map(move |listed| {
            let listed = listed?;
            let usage = self.usage_among(&mut rows, listed.id)?;
            Ok(ListedUsage { listed, usage })
        }))
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

/// # Writing uses
impl Vault {
    /// Writes what this process has counted since the last flush, in one transaction; in none when there is nothing. Counts of
    /// several processes add up. What could not be written is kept, and written with the next flush.
    ///
    /// A [`UsageFlusher`] calls it once an interval, and dropping the last handle of the vault calls it a last time. No
    /// verification ever does.
    pub fn flush_usage(&self) -> Result<UsageFlush, Error> {
        self.usage.flush()
    }

    /// Counts uses that another process has counted: those of a [`Verifier`], from
    /// [`take_usage`](Verifier::take_usage). They are written with the next flush. Ids are not looked up.
    pub fn add_usage(&self, counted: impl IntoIterator<Item = (Option<ApiKeyId>, Usage)>) {
        if let Some(counters) = &self.usage.counters {
            let keyed = counted.into_iter().map(|(id, usage)| (id.unwrap_or(ApiKeyId::SENTINEL), usage));
            keyed.for_each(|(id, usage)| counters.put_back([(id, usage)].into()));
        }
    }
}
