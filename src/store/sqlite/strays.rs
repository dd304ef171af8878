//! What somebody else keeps in the file of a store: the rows of their tables, and the words of their schema.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::schema;

/// Every value that is stored in a table of somebody else's, in the words of its type. Nothing of theirs is executed: values that
/// are computed when they are read are not read.
pub(super) fn each(connection: &Connection, each: &mut dyn FnMut(&str, &[u8])) -> rusqlite::Result<()> {
    for stranger in schema::foreign(connection)? {
        let place = format!("the {} {:?}", stranger.kind, stranger.name);
        each(&place, stranger.sql.as_bytes());
        if stranger.has_rows {
            each_value(connection, &stranger.name, &place, each)?;
        }
    }
    Ok(())
}

/// The same of one table.
pub(super) fn each_value(
    connection: &Connection,
    table: &str,
    place: &str,
    each: &mut dyn FnMut(&str, &[u8]),
) -> rusqlite::Result<()> {
    let mut columns = connection.prepare("SELECT name FROM pragma_table_xinfo(?1) WHERE hidden IN (0, 3)")?;
    let columns = columns.query_map([table], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let columns: Vec<_> = columns.iter().map(|column| quoted(column)).collect();
    let mut rows = connection.prepare(&format!("SELECT {} FROM {} NOT INDEXED", columns.join(", "), quoted(table)))?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        for column in 0..columns.len() {
            if let ValueRef::Blob(bytes) | ValueRef::Text(bytes) = row.get_ref(column)? {
                each(place, bytes);
            }
        }
    }
    Ok(())
}

/// A name as SQL has it.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
