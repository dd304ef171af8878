//! What makes a file one of ours: its marks and its tables (docs/format.md, SQLite).

use std::path::Path;

use rusqlite::Connection;

use crate::store::{StoreError, Table};

pub(super) enum Layout {
    Backup,
    Empty,
    Foreign,
    Newer(i64),
    Ours,
}

impl Layout {
    /// Why a store with this layout is not opened.
    pub(super) fn refusal(self, path: &Path) -> StoreError {
        let path = path.display().to_string();
        match self {
            Self::Backup => StoreError::Backup { path },
            Self::Empty => StoreError::NotFound { path },
            Self::Newer(found) => StoreError::NewerLayout { found },
            Self::Foreign | Self::Ours => StoreError::Foreign { path },
        }
    }
}

pub(super) fn layout(connection: &Connection) -> rusqlite::Result<Layout> {
    let pragma = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let tables = pragma("SELECT count(*) FROM sqlite_schema")?;
    Ok(match (pragma("PRAGMA application_id")?, pragma("PRAGMA user_version")?) {
        (APPLICATION_ID, LAYOUT_VERSION) => Layout::Ours,
        (BACKUP_ID, LAYOUT_VERSION) => Layout::Backup,
        (APPLICATION_ID | BACKUP_ID, newer) => Layout::Newer(newer),
        (0, 0) if tables == 0 => Layout::Empty,
        _ => Layout::Foreign,
    })
}

/// Makes the tables, all at once or not at all.
pub(super) fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    let tables = Table::ALL.iter().map(|table| definition(*table) + ";\n").collect::<String>();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;\n{tables}PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {LAYOUT_VERSION};\nCOMMIT;"
    ))
}

pub(super) fn definition(table: Table) -> String {
    format!("CREATE TABLE {} (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID", table.name())
}

/// "SRM1" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x5352_4d31;
/// "SRB1" in ASCII: the same tables, and no store that can be worked on.
pub(super) const BACKUP_ID: i64 = 0x5352_4231;
const LAYOUT_VERSION: i64 = 1;
const PAGE_SIZE: u32 = 8192;
