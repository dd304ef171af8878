//! Rows that nobody wrote: keys and values that are no bytes become bytes again where they are the right ones, and copies of rows that
//! are there go, with what stands under keys that no row has.

use rusqlite::types::{Value, ValueRef};
use rusqlite::{Connection, OptionalExtension};

use super::found::{Found, Mended};
use crate::store::sqlite::statements::of_other_types;
use crate::store::table::Table;

/// Whether these bytes are a row of that table.
pub(in crate::store::sqlite) type IsOurs<'f> = dyn FnMut(Table, &[u8], &[u8]) -> bool + 'f;

/// Mends the rows of a table of which `is_ours` says that they are rows then. The others are left, and named.
pub(super) fn mend(
    connection: &Connection,
    table: Table,
    found: &mut Found,
    is_ours: &mut IsOurs<'_>,
) -> rusqlite::Result<()> {
    let name = table.name();
    let (mut retyped, mut removed, mut left) = (0, 0, 0_u64);
    // Elsewhere a text has other bytes than the ones that were stored.
    let as_stored = connection.query_row("PRAGMA encoding", [], |row| row.get::<_, String>(0))? == "UTF-8";
    loop {
        let page = if as_stored { of_no_bytes(connection, name, left)? } else { vec![] };
        if page.is_empty() {
            break;
        }
        for (key, value) in page {
            let (sql, count) = match judge(connection, table, &key, &value, is_ours)? {
                Verdict::Left => {
                    left += 1;
                    continue;
                }
                Verdict::Removed => (format!("DELETE FROM {name}"), &mut removed),
                Verdict::Retyped => {
                    (format!("UPDATE {name} SET k = CAST(k AS BLOB), v = CAST(v AS BLOB)"), &mut retyped)
                }
            };
            // Its bytes need not be a text for anybody else.
            let this = if matches!(key, Cell::Text(_)) { "CAST(?1 AS TEXT)" } else { "?1" };
            let changed = connection.prepare_cached(&format!("{sql} WHERE k = {this}"))?.execute([key.bytes()])?;
            *count += changed as u64;
        }
    }
    if left > 0 {
        let copies = "WHERE typeof(k) <> 'blob' AND v IN (SELECT v FROM";
        let sql = format!("DELETE FROM {name} {copies} {name} WHERE typeof(k) = 'blob')");
        removed += connection.execute(&sql, [])? as u64;
    }
    let empty = connection.execute(&format!("DELETE FROM {name} WHERE k = x''"), [])? as u64;
    if empty > 0 {
        found.add(Mended::ROWS, empty, format!("a row of the table {name} under the empty key"));
    }
    if retyped > 0 {
        found.add(Mended::TYPES, retyped, format!("{retyped} rows of the table {name} were no bytes, and are again"));
    }
    if removed > 0 {
        let what =
            format!("{removed} rows of the table {name} under keys that are no bytes, beside the rows themselves");
        found.add(Mended::TYPES, removed, what);
    }
    found.name_left(table, of_other_types(connection, table, SHOWN)?);
    Ok(())
}

/// Removes the rows of a table of which `is_strange` says so. What is no bytes is strange where `with_others`.
pub(super) fn remove(
    connection: &Connection,
    table: Table,
    what: &str,
    with_others: bool,
    found: &mut Found,
    is_strange: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) -> rusqlite::Result<()> {
    let name = table.name();
    let mut strange = vec![];
    {
        let mut rows = connection.prepare(&format!("SELECT k, v FROM {name}"))?;
        let mut rows = rows.query([])?;
        while let Some(row) = rows.next()? {
            let goes = match (row.get_ref(0)?, row.get_ref(1)?) {
                (ValueRef::Blob(key), ValueRef::Blob(value)) => is_strange(key, value),
                _ => with_others,
            };
            if goes {
                strange.push(row.get::<_, Value>(0)?);
            }
        }
    }
    let mut delete = connection.prepare(&format!("DELETE FROM {name} WHERE k IS ?1"))?;
    let removed = strange.iter().try_fold(0, |sum, key| delete.execute([key]).map(|removed| sum + removed as u64))?;
    if removed > 0 {
        found.add(Mended::ROWS, removed, format!("{removed} rows of the table {name}: {what}"));
        found.name_left(table, of_other_types(connection, table, SHOWN)?);
    }
    Ok(())
}

enum Verdict {
    Left,
    Removed,
    Retyped,
}

fn judge(
    connection: &Connection,
    table: Table,
    key: &Cell,
    value: &Cell,
    is_ours: &mut IsOurs<'_>,
) -> rusqlite::Result<Verdict> {
    let Some(bytes) = key.bytes() else { return Ok(Verdict::Left) };
    if matches!(key, Cell::Text(_)) {
        // The row itself, beside which this one is one too many; also where an editor wrote its key in digits.
        let digits = base16ct::mixed::decode_vec(bytes).ok();
        for itself in [Some(bytes), digits.as_deref()].into_iter().flatten() {
            if row(connection, table, itself)?.is_some_and(|value| is_ours(table, itself, &value)) {
                return Ok(Verdict::Removed);
            }
        }
        if row(connection, table, bytes)?.is_some() {
            return Ok(Verdict::Left);
        }
    }
    let right = value.bytes().is_some_and(|value| is_ours(table, bytes, value));
    Ok(if right { Verdict::Retyped } else { Verdict::Left })
}

enum Cell {
    Blob(Vec<u8>),
    Other,
    Text(Vec<u8>),
}

impl Cell {
    fn of(value: ValueRef<'_>) -> Self {
        match value {
            ValueRef::Blob(bytes) => Self::Blob(bytes.to_vec()),
            ValueRef::Text(bytes) => Self::Text(bytes.to_vec()),
            ValueRef::Integer(_) | ValueRef::Null | ValueRef::Real(_) => Self::Other,
        }
    }

    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Blob(bytes) | Self::Text(bytes) => Some(bytes),
            Self::Other => None,
        }
    }
}

fn row(connection: &Connection, table: Table, key: &[u8]) -> rusqlite::Result<Option<Vec<u8>>> {
    let sql = format!("SELECT v FROM {} WHERE k = ?1 AND typeof(v) = 'blob'", table.name());
    connection.prepare_cached(&sql)?.query_row([key], |row| row.get(0)).optional()
}

fn of_no_bytes(connection: &Connection, name: &str, after: u64) -> rusqlite::Result<Vec<(Cell, Cell)>> {
    let sql = format!(
        "SELECT k, v FROM {name} WHERE typeof(k) <> 'blob' OR typeof(v) <> 'blob' ORDER BY k LIMIT {PAGE} OFFSET ?1"
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let cells = |row: &rusqlite::Row<'_>| Ok((Cell::of(row.get_ref(0)?), Cell::of(row.get_ref(1)?)));
    statement.query_map([i64::try_from(after).unwrap_or(i64::MAX)], cells)?.collect()
}

const PAGE: usize = 1_000;
/// Rows that are named of each table.
const SHOWN: usize = 20;
