//! The rows of a store that is being repaired, judged by who can open them.

use crate::audit_log::{AuditEntry, row_key};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::lookup::LookupRow;
use crate::record::Record;
use crate::rotation::holds_a_copy;
use crate::store::{SqliteRepair, Table};
use crate::token::ApiKeyId;
use crate::uses::UsageRow;
use crate::vault::handle::Vault;

/// # Examining
impl Vault {
    /// Mends the rows of the store that this vault was opened over: keys and values that are no bytes become bytes again where
    /// they then are what was sealed, rows under other keys that are there beside the rows themselves are removed, and so is what somebody
    /// else keeps in the file with copies of rows in it. [`record_repair`](Self::record_repair) makes it durable.
    pub fn mend(&self, repair: &SqliteRepair) -> Result<(), Error> {
        let keyring = self.ledger.keyring();
        repair.mend_rows(&mut |table, key, value| is_a_row(&keyring, table, key, value))?;
        repair.remove_copies(&mut |bytes| holds_a_copy(bytes, &keyring))?;
        Ok(())
    }
}

fn is_a_row(keyring: &Keyring, table: Table, key: &[u8], value: &[u8]) -> bool {
    let id = || ApiKeyId::from_row(key);
    match table {
        Table::Audit => serde_json::from_slice::<AuditEntry>(value).is_ok_and(|entry| row_key(entry.seq) == *key),
        Table::Keys => {
            let opens = |id, record: &Record<'_>| record.open_both(keyring, id).is_ok();
            id().is_some_and(|id| Record::parse(value).is_ok_and(|record| opens(id, &record)))
        }
        Table::Lookup => LookupRow::open(keyring, key, value).is_some(),
        Table::Usage => {
            let opens = |id, row: &UsageRow<'_>| row.open(keyring, id).is_ok();
            id().is_some_and(|id| UsageRow::parse(value).is_ok_and(|row| opens(id, &row)))
        }
        // The vault was opened with them.
        Table::Vault => true,
    }
}
