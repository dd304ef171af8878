//! The statements of the engine: rows read, and batches applied.

use rusqlite::types::ValueRef;
use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use super::connection::raised;
use crate::secret::hex;
use crate::store::batch::{Batch, Effect, Expected};
use crate::store::error::StoreError;
use crate::store::ordered::out_of_order;
use crate::store::table::{Row, Table};

pub(super) fn get(connection: &Connection, table: Table, key: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
    let found = connection.prepare_cached(sql(table).get)?.query_row([key], |row| bytes(row, 0)).optional()?;
    if found.is_none() {
        // It may stand there under the same bytes as a text, and nobody is to take it for one that is not there.
        refuse_other_keys(connection, table)?;
    }
    Ok(found)
}

pub(super) fn at_or_after(connection: &Connection, table: Table, key: &[u8]) -> rusqlite::Result<Option<Row>> {
    let row = |row: &rusqlite::Row<'_>| row_of(table, row);
    connection.prepare_cached(sql(table).at_or_after)?.query_row([key], row).optional()
}

pub(super) fn scan(
    connection: &Connection,
    table: Table,
    after: Option<&[u8]>,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    if after.is_none() {
        refuse_other_keys(connection, table)?;
    }
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // Every key has at least one byte, so the empty one stands before the first.
    let mut statement = connection.prepare_cached(sql(table).scan)?;
    let (mut rows, mut page) = (statement.query(params![after.unwrap_or(&[]), limit])?, Vec::<Row>::new());
    while let Some(row) = rows.next()? {
        let row = row_of(table, row)?;
        let last = page.last().map_or(after.unwrap_or(&[]), |(key, _)| key);
        if row.0.as_slice() <= last {
            return Err(raised(out_of_order(table, &row.0)));
        }
        page.push(row);
    }
    Ok(page)
}

/// Every row of a table in the order of its keys, without a copy.
pub(super) fn each(
    connection: &Connection,
    table: Table,
    mut each: impl FnMut(&[u8], &[u8]) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    refuse_other_keys(connection, table)?;
    let mut statement = connection.prepare(&format!("SELECT k, v FROM {} ORDER BY k", table.name()))?;
    let (mut rows, mut last) = (statement.query([])?, vec![]);
    while let Some(row) = rows.next()? {
        let (key, value) = (row.get_ref(0)?, row.get_ref(1)?);
        let ValueRef::Blob(key @ [_, ..]) = key else { return Err(raised(other_key(table, key))) };
        if key <= last.as_slice() {
            return Err(raised(out_of_order(table, key)));
        }
        let ValueRef::Blob(value) = value else { return Err(raised(other_value(table, key))) };
        each(key, value)?;
        last.clear();
        last.extend(key);
    }
    Ok(())
}

/// Rows whose key or value is no blob, and those under the empty key, as far as `limit`, each in words.
pub(super) fn of_other_types(connection: &Connection, table: Table, limit: usize) -> rusqlite::Result<Vec<String>> {
    let name = table.name();
    let mut statement = connection.prepare(&format!(
        "SELECT k, typeof(v) FROM {name} WHERE typeof(k) <> 'blob' OR k = x'' OR typeof(v) <> 'blob'"
    ))?;
    let (mut rows, mut found) = (statement.query([])?, vec![]);
    while let Some(row) = rows.next()?.filter(|_| found.len() < limit) {
        found.push(match row.get_ref(0)? {
            ValueRef::Blob(key @ [_, ..]) => other_value(table, key).to_string(),
            key => other_key(table, key).to_string(),
        });
    }
    Ok(found)
}

/// A row under the empty key, which nothing that reads from the first key on ever sees.
pub(super) fn refuse_empty_keys(connection: &Connection) -> rusqlite::Result<()> {
    for &table in Table::ALL {
        if connection.prepare_cached(sql(table).get)?.exists([&[] as &[u8]])? {
            return Err(raised(other_key(table, ValueRef::Blob(&[]))));
        }
    }
    Ok(())
}

/// What is no blob stands before all blobs.
fn refuse_other_keys(connection: &Connection, table: Table) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(sql(table).first)?;
    let mut rows = statement.query([])?;
    match rows.next()?.map(|row| row.get_ref(0)).transpose()? {
        None | Some(ValueRef::Blob(_)) => Ok(()),
        Some(key) => Err(raised(other_key(table, key))),
    }
}

fn other_key(table: Table, key: ValueRef<'_>) -> StoreError {
    let (kind, key) = match key {
        ValueRef::Blob([]) => ("no byte", "x''".into()),
        ValueRef::Blob(bytes) => ("bytes", hex(bytes)),
        ValueRef::Integer(number) => ("an integer", number.to_string()),
        ValueRef::Null => ("nothing", "NULL".into()),
        ValueRef::Real(number) => ("a number", number.to_string()),
        ValueRef::Text(bytes) => ("a text", hex(bytes)),
    };
    StoreError::KeyType { table: table.name(), kind, key }
}

fn other_value(table: Table, key: &[u8]) -> StoreError {
    StoreError::Corrupt {
        message: format!("the value of the row {} of the table {} is no bytes", hex(key), table.name()),
    }
}

/// Lets a type read rows over the connection that its method lends.
///
/// Where another is given for verification, that one does less beside the reading.
macro_rules! rows_by {
    ($reader:ty, $lend:ident) => {
        $crate::store::sqlite::statements::rows_by!($reader, $lend, $lend, $lend);
    };
    ($reader:ty, $lend_for_one:ident, $lend_to_verify:ident, $lend:ident) => {
        const _: () = {
            use $crate::store::engine::Rows;
            use $crate::store::error::StoreError;
            use $crate::store::sqlite::statements::{at_or_after, get, scan};
            use $crate::store::table::{Row, Table};

            impl Rows for $reader {
                fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
                    self.$lend_for_one(|connection| get(connection, table, key))
                }

                fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
                    self.$lend_to_verify(|connection| at_or_after(connection, table, key))
                }

                fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
                    self.$lend(|connection| scan(connection, table, after, limit))
                }
            }
        };
    };
}

pub(super) use rows_by;

/// Applies every change and returns the places whose expectation did not hold; the caller then rolls back.
pub(super) fn apply(connection: &Connection, batch: &Batch) -> rusqlite::Result<Vec<(Table, Vec<u8>)>> {
    let (mut conflicts, mut prepared) = (vec![], Prepared { connection, last: None });
    for change in batch.changes() {
        let sql = sql(change.table);
        let key = &change.key;
        let held = match (&change.effect, &change.expected) {
            (Effect::Put(value), Expected::Exactly(old)) => {
                prepared.statement(sql.replace)?.execute(params![key, old, value])? == 1
            }
            (Effect::Put(value), Expected::Absent) => {
                prepared.statement(sql.insert)?.execute(params![key, value])? == 1
            }
            (Effect::Delete, Expected::Exactly(old)) => {
                prepared.statement(sql.delete)?.execute(params![key, old])? == 1
            }
            (Effect::Check, _) | (Effect::Delete, Expected::Absent) => {
                let found: Option<Vec<u8>> =
                    prepared.statement(sql.get)?.query_row([key], |row| bytes(row, 0)).optional()?;
                change.expected.holds(found.as_deref())
            }
        };
        if !held {
            conflicts.push((change.table, key.clone()));
        }
    }
    Ok(conflicts)
}

/// The statement used last: neighbours in a batch mostly want the same.
struct Prepared<'c> {
    connection: &'c Connection,
    last: Option<(&'static str, CachedStatement<'c>)>,
}

impl<'c> Prepared<'c> {
    fn statement(&mut self, sql: &'static str) -> rusqlite::Result<&mut CachedStatement<'c>> {
        let kept = self.last.take().filter(|(last, _)| std::ptr::eq(*last, sql));
        let kept = kept.map_or_else(|| self.connection.prepare_cached(sql).map(|statement| (sql, statement)), Ok)?;
        Ok(&mut self.last.insert(kept).1)
    }
}

fn row_of(table: Table, row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    match row.get_ref(0)? {
        ValueRef::Blob(key) => Ok((key.to_vec(), bytes(row, 1)?)),
        key => Err(raised(other_key(table, key))),
    }
}

/// What is no blob was not written by this program. It reads as no bytes, which nothing above takes for whole: one
/// such value must not hide the rows after it. Whoever expects no bytes finds it, so that it can be replaced and deleted.
fn bytes(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_blob().unwrap_or_default().to_vec())
}

struct Sql {
    get: &'static str,
    first: &'static str,
    at_or_after: &'static str,
    scan: &'static str,
    replace: &'static str,
    insert: &'static str,
    delete: &'static str,
}

/// The value is the one expected, in the way that [`bytes`] reads it.
macro_rules! held {
    () => {
        "(v = ?2 OR (length(?2) = 0 AND typeof(v) <> 'blob'))"
    };
}

macro_rules! statements {
    ($table:literal) => {
        Sql {
            get: concat!("SELECT v FROM ", $table, " WHERE k = ?1"),
            first: concat!("SELECT k FROM ", $table, " ORDER BY k LIMIT 1"),
            at_or_after: concat!("SELECT k, v FROM ", $table, " WHERE k >= ?1 ORDER BY k LIMIT 1"),
            scan: concat!("SELECT k, v FROM ", $table, " WHERE k > ?1 ORDER BY k LIMIT ?2"),
            replace: concat!("UPDATE ", $table, " SET v = ?3 WHERE k = ?1 AND ", held!()),
            insert: concat!("INSERT INTO ", $table, " (k, v) VALUES (?1, ?2) ON CONFLICT DO NOTHING"),
            delete: concat!("DELETE FROM ", $table, " WHERE k = ?1 AND ", held!()),
        }
    };
}

fn sql(table: Table) -> &'static Sql {
    match table {
        Table::Audit => &const { statements!("audit") },
        Table::Keys => &const { statements!("keys") },
        Table::Lookup => &const { statements!("lookup") },
        Table::Usage => &const { statements!("usage") },
        Table::Vault => &const { statements!("vault") },
    }
}
