//! The rows of a store that is being repaired, judged by who can open them.

use crate::audit_log::{AuditEntry, row_key};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::lookup::LookupRow;
use crate::record::Record;
use crate::rotation::{holds_a_copy, is_known};
use crate::store::{SqliteRepair, Table};
use crate::token::ApiKeyId;
use crate::uses::UsageRow;
use crate::vault::handle::Vault;

/// # Examining
impl Vault {
    /// Mends the rows of the store that this vault was opened over: keys and values that are no bytes become bytes again where
    /// they then are what was sealed, rows under other keys that are there beside the rows themselves are removed, and so are rows under keys
    /// that no row has, counts of uses that do not open, and what somebody else keeps in the file with copies of rows in it. A log that does
    /// not end as its head says refuses it. [`record_repair`](Self::record_repair) makes it durable.
    pub fn mend(&self, repair: &SqliteRepair) -> Result<(), Error> {
        let keyring = self.ledger.keyring();
        let is_ours = &mut |table, key: &[u8], value: &[u8]| is_a_row(&keyring, table, key, value);
        repair.mend_rows(is_ours)?;
        repair.must_have_been_rows(is_ours)?;
        for (table, len) in [(Table::Audit, size_of::<u64>()), (Table::Keys, 16), (Table::Lookup, 32)] {
            repair.remove_rows(table, NO_KEY, false, &mut |key, _| key.len() != len)?;
        }
        // What is mended gets an entry and a new head: not over a log that was cut.
        Ledger::head_in(&keyring, repair)?.is_the_end_of_the_log(repair)?;
        repair.remove_rows(Table::Vault, NO_KEY, false, &mut |key, value| !is_known(key, value))?;
        let opens = |key: &[u8], value: &[u8]| is_a_row(&keyring, Table::Usage, key, value);
        repair
            .remove_rows(Table::Usage, "counts of uses that do not open", true, &mut |key, value| !opens(key, value))?;
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

const NO_KEY: &str = "under keys that no row has";
