//! The schema as it was made: what was planted is taken away, and tables in other words are made anew from their rows.

use std::path::Path;

use rusqlite::{Connection, params};

use super::found::{Found, Mended};
use crate::store::error::{SchemaFault, StoreError};
use crate::store::sqlite::connection::{MALFORMED_SCHEMA, connection_to_mend, raised};
use crate::store::sqlite::layout::number;
use crate::store::sqlite::schema::{Entry, definition, entries, foreign, unused_name};
use crate::store::sqlite::strays::{each_value, is_of_what_stands_there, quoted};
use crate::store::table::Table;

/// What cannot be mended stays, for the caller to find.
pub(super) fn mend(path: &Path, connection: &Connection, found: &mut Found) -> rusqlite::Result<()> {
    let before = found.mended.len();
    for entry in entries(connection)? {
        // Indexes that a table makes for itself go with it.
        let own = entry.name.starts_with("sqlite_autoindex_");
        let all = entries(connection)?;
        let (gone, kind) = (!all.iter().any(|other| other.number == entry.number), entry.kind());
        if gone || own {
            continue;
        }
        if kind == "table" && entry.name.starts_with("sqlite_stat") {
            remove(connection, &entry, &all, found)?;
            found.add(Mended::STATISTICS, 1, format!("the table of statistics {:?}", entry.name));
        } else if entry.named().is_none() && shares_root(&entry, &all, |other| other.named().is_some()) {
            remove(connection, &entry, &all, found)?;
            found.add(Mended::SCHEMA, 1, format!("the {kind} {:?} in the place of one of the store", entry.name));
        } else if let Some(SchemaFault::Planted { kind, table, .. }) = entry.fault(&all) {
            remove(connection, &entry, &all, found)?;
            found.add(Mended::SCHEMA, 1, format!("the {kind} {:?} on the table {table}", entry.name));
        }
    }
    let all = entries(connection)?;
    for entry in &all {
        if let (Some(table), Some(SchemaFault::Altered { .. })) = (entry.named(), entry.fault(&all))
            && make_anew(path, connection, entry, table)?
        {
            found.remade.push(table);
            found.add(Mended::SCHEMA, 1, format!("the table {} was defined in another way", table.name()));
        }
    }
    remove_unreadable(connection, found)?;
    if found.mended.len() == before { Ok(()) } else { tell_others(connection) }
}

/// Takes away what somebody else has put into the schema in words, or at a place, that SQLite cannot read: nobody reads anything in
/// the file then. SQLite names one after the other.
fn remove_unreadable(connection: &Connection, found: &mut Found) -> rusqlite::Result<()> {
    for _ in 0..=entries(connection)?.len() {
        connection.flush_prepared_statement_cache();
        connection.execute_batch("PRAGMA writable_schema = RESET")?;
        let read = connection.prepare("SELECT 1 FROM sqlite_schema").map(drop);
        connection.execute_batch("PRAGMA writable_schema = ON")?;
        let Err(error) = read else { return Ok(()) };
        let Some(name) = named_by(&error.to_string()) else { return Ok(()) };
        let entries = entries(connection)?;
        let unreadable = entries.iter().filter(|entry| entry.named().is_none() && entry.name == name);
        let unreadable: Vec<_> = unreadable.collect();
        if unreadable.is_empty() {
            return Ok(());
        }
        for entry in unreadable {
            take_out(connection, entry, found)?;
            found.add(Mended::FOREIGN, 1, format!("the {} {:?}, which SQLite cannot read", entry.kind(), entry.name));
        }
    }
    Ok(())
}

/// Which entry of the schema SQLite cannot read. One without a name it calls `?`.
fn named_by(message: &str) -> Option<String> {
    let (_, after) = message.split_once(MALFORMED_SCHEMA)?;
    let after = after.strip_prefix(" (")?;
    let name = after.split_once(") - ").map_or_else(|| after.strip_suffix(')'), |(name, _)| Some(name))?;
    Some(if name == "?" { String::new() } else { name.to_owned() })
}

/// Takes away tables and what else of somebody else's has copies in it.
pub(super) fn remove_copies(
    path: &Path,
    connection: &Connection,
    found: &mut Found,
    is_copy: &mut dyn FnMut(&[u8]) -> bool,
) -> rusqlite::Result<()> {
    // SQLite writes nothing more in a transaction that has met a damaged page.
    let reader = connection_to_mend(path, true)?;
    let (mut names, mut unread) = (vec![], vec![]);
    for stranger in foreign(connection)? {
        let mut has_copies = is_copy(stranger.sql.as_bytes());
        if stranger.has_rows && !has_copies {
            match each_value(&reader, &stranger.name, &mut |bytes| has_copies = has_copies || is_copy(bytes)) {
                Err(error) if is_of_what_stands_there(&error) => unread.push(stranger.name.clone()),
                read => read?,
            }
        }
        if has_copies || unread.contains(&stranger.name) {
            names.push(stranger.name);
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    let all = entries(connection)?;
    // A virtual table keeps its rows in tables that are named after it.
    let virtual_tables =
        all.iter().filter(|entry| entry.kind() == "table" && entry.root == 0 && entry.named().is_none());
    let families: Vec<_> = virtual_tables.map(|entry| entry.name.clone()).collect();
    let is_of = |name: &str, family: &str| {
        name == family || name.strip_prefix(family).is_some_and(|rest| rest.starts_with('_'))
    };
    let families: Vec<_> = families.iter().filter(|family| names.iter().any(|name| is_of(name, family))).collect();
    // What hangs on a table goes before it, and the indexes that it made for itself go with it.
    let own = |entry: &Entry| entry.name.starts_with("sqlite_autoindex_");
    let mut order: Vec<_> = all.iter().collect();
    order.sort_by_key(|entry| (own(entry), entry.kind() == "table"));
    for entry in order {
        let goes = [&entry.name, &entry.on].iter().any(|name| names.contains(name))
            || families.iter().any(|family| is_of(&entry.name, family));
        let current = entries(connection)?;
        if goes && entry.named().is_none() && current.iter().any(|other| other.number == entry.number) {
            let unreadable = unread.contains(&entry.on);
            if unreadable {
                // Who begins to drop it stumbles over its pages, and over everything else after that.
                take_out(connection, entry, found)?;
            } else {
                remove(connection, entry, &current, found)?;
            }
            if own(entry) {
                continue;
            }
            let why = if unreadable { "which cannot be read" } else { "with copies of rows" };
            found.add(Mended::FOREIGN, 1, format!("the {} {:?}, {why}", entry.kind(), entry.name));
        }
    }
    tell_others(connection)
}

/// Takes it away, and what it stores, unless that is also something else's.
fn remove(connection: &Connection, entry: &Entry, all: &[Entry], found: &mut Found) -> rusqlite::Result<()> {
    let stores = entry.root > 1 && !shares_root(entry, all, |_| true);
    let as_named = matches!(entry.kind(), "index") || entry.kind() == "table" && entry.name == entry.on;
    let drop = format!("DROP {} {}", entry.kind(), quoted(&entry.name));
    if stores && as_named && attempt(connection, || connection.execute_batch(&drop))? {
        return Ok(());
    }
    take_out(connection, entry, found)
}

/// Takes it out of the schema alone. What it stores goes when the file is built anew.
fn take_out(connection: &Connection, entry: &Entry, found: &mut Found) -> rusqlite::Result<()> {
    connection.execute("DELETE FROM sqlite_schema WHERE rowid = ?1", [entry.number])?;
    // Where it shared its pages with a table, nobody knows which it had before.
    found.orphans |= entry.root > 1;
    read_anew(connection)
}

fn shares_root(entry: &Entry, all: &[Entry], with: impl Fn(&Entry) -> bool) -> bool {
    entry.root > 1 && all.iter().any(|other| other.number != entry.number && other.root == entry.root && with(other))
}

/// A table in the right words with the rows of this one. Where it cannot be read in its own words, whether it can in the right ones.
fn make_anew(path: &Path, connection: &Connection, entry: &Entry, table: Table) -> rusqlite::Result<bool> {
    if can_be_read(path, &entry.name)? && attempt(connection, || copy_over(connection, &entry.name, table))? {
        return Ok(true);
    }
    attempt(connection, || {
        let sql = "UPDATE sqlite_schema SET name = ?1, tbl_name = ?1, sql = ?2 WHERE rowid = ?3";
        connection.execute(sql, params![table.name(), definition(table), entry.number])?;
        read_anew(connection)?;
        must_be_whole(connection, table)?;
        // More columns than two are not left behind this way.
        copy_over(connection, table.name(), table)
    })
}

/// Whether the table can be read to its end in its own words. By another connection: SQLite writes nothing more in a transaction that
/// has met a page which is not what the words say.
fn can_be_read(path: &Path, name: &str) -> rusqlite::Result<bool> {
    let reader = connection_to_mend(path, true)?;
    let read = || {
        let mut rows = reader.prepare(&format!("SELECT k, v FROM {} NOT INDEXED", quoted(name)))?;
        let mut rows = rows.query([])?;
        while rows.next()?.is_some() {}
        Ok(())
    };
    match read() {
        Err(error) if is_of_what_stands_there(&error) => Ok(false),
        read => read.map(|()| true),
    }
}

fn copy_over(connection: &Connection, name: &str, table: Table) -> rusqlite::Result<()> {
    let mut columns = connection.prepare("SELECT lower(name) FROM pragma_table_xinfo(?1) WHERE hidden = 0")?;
    let columns = columns.query_map([name], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    if !["k", "v"].iter().all(|column| columns.iter().any(|found| found == column)) {
        return Err(raised(StoreError::Corrupt { message: format!("{} has other columns", table.name()) }));
    }
    // Without row ids the columns of the key are stored first: words with another key are not those of what is stored.
    let other_key = "SELECT count(*) FROM pragma_table_list(?1) AS list, pragma_table_xinfo(?1) AS info \
                     WHERE list.schema = 'main' AND list.wr AND info.pk = 1 AND lower(info.name) <> 'k'";
    if connection.query_row(other_key, [name], |row| row.get::<_, i64>(0))? > 0 {
        return Err(raised(StoreError::Corrupt { message: format!("{} has another key", table.name()) }));
    }
    let making = unused_name(connection, MAKING)?;
    // Not strict at first: rows of other types are looked at later.
    connection.execute_batch(&format!(
        "CREATE TABLE {making} (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID; \
         INSERT INTO {making} (k, v) SELECT k, v FROM {0} NOT INDEXED; DROP TABLE {0}",
        quoted(name)
    ))?;
    let sql = "UPDATE sqlite_schema SET name = ?1, tbl_name = ?1, sql = ?2 WHERE type = 'table' AND name = ?3";
    connection.execute(sql, params![table.name(), definition(table), making])?;
    read_anew(connection)
}

fn must_be_whole(connection: &Connection, table: Table) -> rusqlite::Result<()> {
    let mut check = connection.prepare(&format!("PRAGMA quick_check('{}')", table.name()))?;
    let lines = check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    // What is no bytes in a sound tree is looked at later.
    match lines.into_iter().find(|line| line != "ok" && !line.contains(" value in ")) {
        Some(line) => Err(raised(StoreError::Corrupt { message: format!("SQLite's quick_check: {line}") })),
        None => Ok(()),
    }
}

/// Does it whole or not at all. Whether it was done.
fn attempt(connection: &Connection, work: impl FnOnce() -> rusqlite::Result<()>) -> rusqlite::Result<bool> {
    connection.execute_batch("SAVEPOINT attempt")?;
    let done = work().inspect_err(|error| tracing::debug!(%error, "not mended in this way")).is_ok();
    if !done {
        connection.execute_batch("ROLLBACK TO attempt")?;
        read_anew(connection)?;
    }
    connection.execute_batch("RELEASE attempt")?;
    Ok(done)
}

fn read_anew(connection: &Connection) -> rusqlite::Result<()> {
    connection.flush_prepared_statement_cache();
    connection.execute_batch("PRAGMA writable_schema = RESET; PRAGMA writable_schema = ON")
}

/// A change of the schema that is made row by row is none for other connections unless its number says so. And nothing that was taken
/// away may have been a part of a table.
fn tell_others(connection: &Connection) -> rusqlite::Result<()> {
    for &table in Table::ALL {
        if entries(connection)?.iter().any(|entry| entry.name == table.name() && entry.root > 0) {
            must_be_whole(connection, table)?;
        }
    }
    let version = number(connection, "PRAGMA schema_version")?;
    connection.execute_batch(&format!("PRAGMA schema_version = {}", (version + 1) & 0x7fff_ffff))
}

const MAKING: &str = "strongroom_mending";
