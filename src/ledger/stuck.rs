//! Rows that stay in the way of a change: damage, which no other attempt gets past.

use crate::error::Error;
use crate::secret::hex;
use crate::store::{StoreError, Table};

/// Rows that stay in the way of a change while nobody else makes any: that is damage, and no other attempt gets past it.
#[derive(Default)]
pub(super) struct Stuck {
    head: Vec<u8>,
    rows: Vec<(Table, Vec<u8>)>,
    times: usize,
}

impl Stuck {
    /// A rotation moves a row beside us without a trace in the head, but not the same row time and again.
    pub(super) fn again(&mut self, head: Vec<u8>, rows: &[(Table, Vec<u8>)]) -> Result<(), Error> {
        if self.head != head || self.rows != rows {
            *self = Self { head, rows: rows.to_vec(), times: 0 };
        }
        self.times += 1;
        match rows.first() {
            Some((table, key)) if self.times == STUCK_AFTER => Err(in_the_way(*table, key).into()),
            _ => Ok(()),
        }
    }
}

/// A row that is never what it was read as.
pub(crate) fn in_the_way(table: Table, key: &[u8]) -> StoreError {
    let (key, table) = (hex(key), table.name());
    StoreError::Corrupt {
        message: format!("the row {key} of the table {table} cannot be changed, and nobody else changes it"),
    }
}

const STUCK_AFTER: usize = 20;
