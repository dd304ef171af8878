//! The schema as it was made: five tables in these words, and nothing that has a say in what is read from them or written.
//!
//! Whoever can write the file can write into its schema what `SQLite` then executes for them with each of our statements. So nothing
//! is prepared over a schema that was not looked at ([`Guarded`](super::guarded::Guarded)).

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::connection::raised;
use crate::store::error::SchemaFault;
use crate::store::table::Table;

/// Makes the tables of a new store.
pub(super) fn definitions() -> String {
    Table::ALL.iter().map(|table| definition(*table) + ";\n").collect()
}

/// What has a part of the schema in its hands: it is refused by name. Other tables, with what hangs on them, are somebody else's.
pub(super) fn must_be_ours(connection: &Connection) -> rusqlite::Result<()> {
    let entries = entries(connection)?;
    if let Some(fault) = entries.iter().find_map(|entry| entry.fault(&entries)) {
        return Err(raised(fault));
    }
    let missing = |table: &&Table| !entries.iter().any(|entry| entry.name == table.name());
    match Table::ALL.iter().find(missing) {
        Some(table) => Err(raised(SchemaFault::Missing { table: table.name() })),
        None => Ok(()),
    }
}

/// Whether all tables are there as they were made: nobody else makes these five in these words.
pub(super) fn has_our_tables(connection: &Connection) -> rusqlite::Result<bool> {
    let entries = entries(connection)?;
    let is_made = |table: &Table| entries.iter().any(|entry| entry.kind == "table" && entry.sql == definition(*table));
    Ok(Table::ALL.iter().all(is_made))
}

/// What is somebody else's.
pub(super) fn foreign(connection: &Connection) -> rusqlite::Result<Vec<Stranger>> {
    let others = entries(connection)?.into_iter().filter(|entry| entry.named().is_none());
    Ok(others
        .map(|entry| Stranger {
            kind: entry.kind(),
            has_rows: entry.kind == "table" && entry.root > 0,
            name: entry.name,
            sql: entry.sql,
        })
        .collect())
}

/// Something in the schema that is none of ours, and has no part in what is.
pub(super) struct Stranger {
    pub(super) kind: &'static str,
    pub(super) name: String,
    /// The words in which it was made.
    pub(super) sql: String,
    /// Whether it is a table with rows of its own, and no index, view, trigger or virtual table.
    pub(super) has_rows: bool,
}

pub(super) fn entries(connection: &Connection) -> rusqlite::Result<Vec<Entry>> {
    let mut schema = connection.prepare("SELECT type, name, tbl_name, sql, rootpage, rowid FROM sqlite_schema")?;
    let entry = |row: &rusqlite::Row<'_>| {
        let text = |column: usize| Ok::<_, rusqlite::Error>(written(row.get_ref(column)?));
        let root = row.get_ref(4)?.as_i64().unwrap_or(0);
        Ok(Entry { kind: text(0)?, name: text(1)?, on: text(2)?, sql: text(3)?, root, number: row.get(5)? })
    };
    schema.query_map([], entry)?.collect()
}

fn written(value: ValueRef<'_>) -> String {
    match value {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        ValueRef::Integer(_) | ValueRef::Null | ValueRef::Real(_) => String::new(),
    }
}

/// A row of `sqlite_schema`.
pub(super) struct Entry {
    kind: String,
    pub(super) name: String,
    pub(super) on: String,
    pub(super) sql: String,
    /// The page of what it stores; 0 where it stores nothing.
    pub(super) root: i64,
    /// Of the row.
    pub(super) number: i64,
}

impl Entry {
    pub(super) fn fault(&self, all: &[Self]) -> Option<SchemaFault> {
        let Some(table) = self.named() else {
            return table_of(&self.on).map(|table| self.planted(table));
        };
        if self.kind != "table" {
            return Some(self.planted(table));
        }
        let as_made = self.sql == definition(table) && self.name == table.name() && self.on == table.name();
        let alone = self.root > 1 && all.iter().filter(|other| other.root == self.root).count() == 1;
        match (as_made && alone, self.root) {
            (true, _) => None,
            (false, 0) => {
                Some(SchemaFault::Planted { kind: "virtual table", name: self.name.clone(), table: table.name() })
            }
            (false, _) => Some(SchemaFault::Altered { table: table.name() }),
        }
    }

    /// The table of ours whose name it has. `SQLite` makes no difference between cases.
    pub(super) fn named(&self) -> Option<Table> {
        table_of(&self.name)
    }

    fn planted(&self, table: Table) -> SchemaFault {
        SchemaFault::Planted { kind: self.kind(), name: self.name.clone(), table: table.name() }
    }

    pub(super) fn kind(&self) -> &'static str {
        KINDS.iter().find(|kind| **kind == self.kind).unwrap_or(&"entry")
    }
}

/// A name that nothing in the schema has.
pub(super) fn unused_name(connection: &Connection, begins: &str) -> rusqlite::Result<String> {
    let entries = entries(connection)?;
    let is_free = |name: &String| !entries.iter().any(|entry| entry.name.eq_ignore_ascii_case(name));
    let names = std::iter::once(begins.to_owned()).chain((2_u64..).map(|number| format!("{begins}_{number}")));
    Ok(names.into_iter().find(is_free).unwrap_or_default())
}

fn table_of(name: &str) -> Option<Table> {
    Table::ALL.iter().copied().find(|table| table.name().eq_ignore_ascii_case(name))
}

/// `STRICT`: no value of another type can be stored, whoever writes.
pub(super) fn definition(table: Table) -> String {
    format!("CREATE TABLE {} (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) STRICT, WITHOUT ROWID", table.name())
}

const KINDS: [&str; 4] = ["index", "table", "trigger", "view"];
