//! The statements of the engine: rows read, and batches applied.

use rusqlite::{CachedStatement, Connection, OptionalExtension, params};

use crate::store::batch::{Batch, Effect, Expected};
use crate::store::table::{Row, Table};

pub(super) fn get(connection: &Connection, table: Table, key: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
    connection.prepare_cached(sql(table).get)?.query_row([key], |row| bytes(row, 0)).optional()
}

pub(super) fn at_or_after(connection: &Connection, table: Table, key: &[u8]) -> rusqlite::Result<Option<Row>> {
    connection.prepare_cached(sql(table).at_or_after)?.query_row([key], row).optional()
}

pub(super) fn scan(
    connection: &Connection,
    table: Table,
    after: Option<&[u8]>,
    limit: usize,
) -> rusqlite::Result<Vec<Row>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // Every key has at least one byte, so the empty one stands before the first.
    let mut statement = connection.prepare_cached(sql(table).scan)?;
    statement.query_map(params![after.unwrap_or(&[]), limit], row)?.collect()
}

/// Lets a type read rows over the connection that its method lends.
macro_rules! rows_by {
    ($reader:ty, $lend:ident) => {
        const _: () = {
            use $crate::store::engine::Rows;
            use $crate::store::error::StoreError;
            use $crate::store::sqlite::statements::{at_or_after, get, scan};
            use $crate::store::table::{Row, Table};

            impl Rows for $reader {
                fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
                    self.$lend(|connection| get(connection, table, key))
                }

                fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
                    self.$lend(|connection| at_or_after(connection, table, key))
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

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((bytes(row, 0)?, bytes(row, 1)?))
}

/// What is no blob was not written by this program. It reads as no bytes, which nothing above takes for whole: one
/// such value must not hide the rows after it.
fn bytes(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_blob().unwrap_or_default().to_vec())
}

struct Sql {
    get: &'static str,
    at_or_after: &'static str,
    scan: &'static str,
    replace: &'static str,
    insert: &'static str,
    delete: &'static str,
}

macro_rules! statements {
    ($table:literal) => {
        Sql {
            get: concat!("SELECT v FROM ", $table, " WHERE k = ?1"),
            at_or_after: concat!("SELECT k, v FROM ", $table, " WHERE k >= ?1 ORDER BY k LIMIT 1"),
            scan: concat!("SELECT k, v FROM ", $table, " WHERE k > ?1 ORDER BY k LIMIT ?2"),
            replace: concat!("UPDATE ", $table, " SET v = ?3 WHERE k = ?1 AND v = ?2"),
            insert: concat!("INSERT INTO ", $table, " (k, v) VALUES (?1, ?2) ON CONFLICT DO NOTHING"),
            delete: concat!("DELETE FROM ", $table, " WHERE k = ?1 AND v = ?2"),
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
