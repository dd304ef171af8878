//! API keys with their uses: the two tables read side by side, in the order of their ids.

use std::collections::VecDeque;

use serde::{Serialize, Serializer};

use crate::error::Error;
use crate::store::{Row, Store, Table};
use crate::token::ApiKeyId;
use crate::uses::{Usage, UsageError};
use crate::vault::handle::Verifier;
use crate::vault::list::Listed;
use crate::vault::recorder::opened;

/// One line of a list with uses.
///
/// Written as JSON it is one object: the API key as [`Listed`] is written, and beside its fields those of its [`Usage`], or
/// `usage_damaged` with the cause where that does not open. Of a record that does not open there are no uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListedUsage {
    /// The API key, or the record that does not open.
    pub listed: Listed,
    /// How it was used, `None` when it never was; or why that is not known.
    pub usage: Result<Option<Usage>, UsageError>,
}

impl Serialize for ListedUsage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Line<'a> {
            #[serde(flatten)]
            listed: &'a Listed,
            #[serde(flatten)]
            usage: Option<Usage>,
            #[serde(skip_serializing_if = "Option::is_none")]
            usage_damaged: Option<String>,
        }
        let opens = self.listed.key.is_ok();
        let usage = self.usage.as_ref().ok().filter(|_| opens).map(|usage| usage.clone().unwrap_or_default());
        let usage_damaged = self.usage.as_ref().err().filter(|_| opens).map(ToString::to_string);
        Line { listed: &self.listed, usage, usage_damaged }.serialize(to)
    }
}

impl Verifier {
    /// To look for one API key after the other in.
    pub(in crate::vault) fn usage_rows(&self) -> UsageRows<'_> {
        UsageRows { store: self.ledger.store(), page: VecDeque::new(), read_to: None }
    }

    /// The uses of an API key whose id is higher than those that were looked for before.
    pub(in crate::vault) fn usage_among(
        &self,
        rows: &mut UsageRows<'_>,
        id: ApiKeyId,
    ) -> Result<Result<Option<Usage>, UsageError>, Error> {
        let stored = match rows.find(id)? {
            None => Ok(None),
            Some(row) => match opened(&*self.ledger.recent_keyring()?, id, &row) {
                // The page may be newer than the keyring, or older than the rotation.
                Err(UsageError::MissingGeneration { .. }) => self.stored_usage(id)?,
                judged => judged.map(Some),
            },
        };
        Ok(stored.map(|stored| self.with_counted(id, stored)))
    }
}

/// Rows of the table, a page ahead of whoever looks for them in ascending order.
pub(in crate::vault) struct UsageRows<'s> {
    store: &'s dyn Store,
    page: VecDeque<Row>,
    /// There is nothing up to here that is not in the page.
    read_to: Option<ReadTo>,
}

enum ReadTo {
    Key(Vec<u8>),
    End,
}

impl UsageRows<'_> {
    fn find(&mut self, id: ApiKeyId) -> Result<Option<Vec<u8>>, Error> {
        let key = id.to_bytes();
        self.skip_to(&key);
        let known = match &self.read_to {
            None => false,
            Some(ReadTo::Key(last)) => last.as_slice() >= key.as_slice(),
            Some(ReadTo::End) => true,
        };
        if !known {
            // From the id on, and not from the last page on: between two that a query finds there may be many.
            let before = u128::from_be_bytes(key).checked_sub(1).map(u128::to_be_bytes);
            let page = self.store.scan(Table::Usage, before.as_ref().map(<[u8; 16]>::as_slice), PAGE)?;
            let full = page.last().filter(|_| page.len() == PAGE).map(|(last, _)| last.clone());
            self.read_to = Some(full.map_or(ReadTo::End, ReadTo::Key));
            self.page = page.into();
            self.skip_to(&key);
        }
        let found = self.page.front().is_some_and(|(found, _)| *found == key);
        Ok(if found { self.page.pop_front().map(|(_, row)| row) } else { None })
    }

    fn skip_to(&mut self, key: &[u8]) {
        while self.page.front().is_some_and(|(found, _)| found.as_slice() < key) {
            self.page.pop_front();
        }
    }
}

/// The largest rows have half a megabyte.
const PAGE: usize = 50;
