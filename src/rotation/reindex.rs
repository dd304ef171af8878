//! The lookup row of an imported token, moved from whichever lookup key it is under to the newest.

use crate::error::Error;
use crate::keyring::Keyring;
use crate::lookup::{LookupRow, SENTINEL_INDEX};
use crate::store::{Batch, Expected, Store, Table};
use crate::token::ApiKeyId;

/// The changes that make `token` found under the newest lookup key alone; none when it is already.
pub(super) fn reindex(store: &dyn Store, keyring: &Keyring, token: &str, id: ApiKeyId) -> Result<Batch, Error> {
    let mut batch = Batch::new();
    let (index, value) = LookupRow::newest(keyring, token, id);
    match store.get(Table::Lookup, &index)? {
        None => batch.put(Table::Lookup, index, value, Expected::Absent),
        Some(found) if found == value => {}
        Some(found) => batch.put(Table::Lookup, index, value, Expected::Exactly(found)),
    }
    for (_, key) in keyring.lookups().skip(1) {
        let index = key.index(token);
        if let Some(found) = store.get(Table::Lookup, &index)? {
            batch.delete(Table::Lookup, index, Expected::Exactly(found));
        }
    }
    Ok(batch)
}

/// The same for the sentinel of the table, whose place never changes.
pub(super) fn reindex_sentinel(store: &dyn Store, keyring: &Keyring) -> Result<Batch, Error> {
    let mut batch = Batch::new();
    let (index, value) = LookupRow::sentinel(keyring);
    match store.get(Table::Lookup, &SENTINEL_INDEX)? {
        Some(found) if found == value => {}
        Some(found) => batch.put(Table::Lookup, index, value, Expected::Exactly(found)),
        None => batch.put(Table::Lookup, index, value, Expected::Absent),
    }
    Ok(batch)
}
