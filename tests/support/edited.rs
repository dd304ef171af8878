//! A store that somebody edits with SQLite alone.

use std::path::Path;

use rusqlite::Connection;
use strongroom::store::Table;

/// Executes what an editor would.
pub(crate) fn edit_file(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("opened");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
}

/// The same where the types of values are not looked at, as one flipped bit does not; the schema is as before afterwards.
pub(crate) fn edit_without_types(path: &Path, sql: &str) {
    let connection = Connection::open(path).expect("opened");
    let set = |from: &str, to: &str| {
        connection
            .execute_batch(&format!(
                "PRAGMA writable_schema = ON; \
                 UPDATE sqlite_schema SET sql = replace(sql, '{from}', '{to}') WHERE name IN ({}); \
                 PRAGMA writable_schema = RESET",
                Table::ALL.iter().map(|table| format!("'{}'", table.name())).collect::<Vec<_>>().join(", ")
            ))
            .expect("the schema is edited");
    };
    set(") STRICT, WITHOUT", ") WITHOUT");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
    set(") WITHOUT", ") STRICT, WITHOUT");
}
