//! What somebody else keeps in the file of a store: the rows of their tables, and the words of their schema.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, ffi};

use super::connection::raised;
use super::schema;
use crate::store::engine::EachStray;
use crate::store::error::StoreError;

/// Every value that is stored in a table of somebody else's, in the words of its type. Nothing of theirs is executed: values that
/// are computed when they are read are not read. A table that cannot be read hides no other.
pub(super) fn each(connection: &Connection, each: &mut EachStray<'_>) -> rusqlite::Result<()> {
    for stranger in schema::foreign(connection)? {
        let place = format!("the {} {:?}", stranger.kind, stranger.name);
        each(&place, Ok(stranger.sql.as_bytes()));
        if stranger.has_rows {
            let read = each_value(connection, &stranger.name, &mut |bytes| each(&place, Ok(bytes)));
            match read {
                Err(error) if is_of_what_stands_there(&error) => {
                    each(&place, Err(StoreError::Stranger { place: place.clone(), message: said(&error) }));
                }
                read => read?,
            }
        }
    }
    Ok(())
}

/// The same of one table.
pub(super) fn each_value(connection: &Connection, table: &str, each: &mut dyn FnMut(&[u8])) -> rusqlite::Result<()> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden IN (0, 3)")?;
    let name = |bytes: &[u8]| std::str::from_utf8(bytes).map(quoted).map_err(|_| unnamed());
    let columns = columns.query_and_then([table], |row| name(row.get_ref(0)?.as_bytes()?))?;
    let columns = columns.collect::<rusqlite::Result<Vec<_>>>()?;
    if columns.is_empty() {
        return Err(unnamed());
    }
    let mut rows = connection.prepare(&format!("SELECT {} FROM {} NOT INDEXED", columns.join(", "), quoted(table)))?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns.len() {
            if let ValueRef::Blob(bytes) | ValueRef::Text(bytes) = row.get_ref(column)? {
                each(bytes);
            }
        }
    }
    Ok(())
}

/// Whether what was to be read is other than it should be, and not the medium or somebody else in the way.
pub(super) fn is_of_what_stands_there(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(ffi::Error { code, extended_code }, _) = error else { return true };
    match code {
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => true,
        ErrorCode::Unknown => *extended_code == ffi::SQLITE_ERROR,
        _ => false,
    }
}

fn unnamed() -> rusqlite::Error {
    raised(StoreError::Corrupt { message: "it has no columns with names that are texts".into() })
}

fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::ToSqlConversionFailure(ours) => match ours.downcast_ref() {
            Some(StoreError::Corrupt { message }) => message.clone(),
            _ => ours.to_string(),
        },
        error => error.to_string(),
    }
}

/// A name as SQL has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
