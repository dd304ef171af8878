//! What makes a file one of ours: its marks and its tables (docs/format.md, SQLite).

use std::path::Path;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};

use super::connection::{raised, wait_for_others};
use super::header::{APPLICATION_ID, BACKUP_ID};
use super::schema;
use crate::store::error::{EngineFault, SchemaFault, StoreError};

pub(super) enum Layout {
    Backup,
    Empty,
    Foreign,
    Newer(i64),
    Ours,
    /// The tables are ours, and the mark is not.
    Unmarked(i64),
    /// The same in a backup.
    UnmarkedBackup(i64),
}

impl Layout {
    /// Why a store with this layout is not opened.
    pub(super) fn refusal(self, path: &Path) -> StoreError {
        let path = path.display().to_string();
        let fault = match self {
            // No version has such a number: it was overwritten.
            Self::Newer(found) if found < LAYOUT_VERSION => SchemaFault::Layout { found },
            Self::Unmarked(found) => SchemaFault::Mark { found },
            other => return other.other_refusal(path),
        };
        StoreError::Schema { path, fault }
    }

    fn other_refusal(self, path: String) -> StoreError {
        match self {
            Self::Backup => StoreError::Backup { path },
            Self::Empty => StoreError::NotFound { path },
            Self::Newer(found) => StoreError::NewerLayout { found },
            Self::UnmarkedBackup(mark) => {
                StoreError::Corrupt { message: format!("the file is a backup, and is marked with {mark:#x}") }
            }
            Self::Foreign | Self::Ours | Self::Unmarked(_) => StoreError::Foreign { path },
        }
    }

    /// Why a backup with this layout is not opened.
    pub(super) fn no_backup(self, path: &Path) -> StoreError {
        match self {
            other @ (Self::Newer(_) | Self::UnmarkedBackup(_)) => other.refusal(path),
            _ => StoreError::NotBackup { path: path.display().to_string() },
        }
    }
}

pub(super) fn layout(connection: &Connection) -> rusqlite::Result<Layout> {
    Ok(match (number(connection, "PRAGMA application_id")?, number(connection, "PRAGMA user_version")?) {
        (APPLICATION_ID, LAYOUT_VERSION) => Layout::Ours,
        (BACKUP_ID, LAYOUT_VERSION) => Layout::Backup,
        (APPLICATION_ID | BACKUP_ID, newer) => Layout::Newer(newer),
        (0, 0) if number(connection, "SELECT count(*) FROM sqlite_schema")? == 0 => Layout::Empty,
        (mark, _) if schema::has_our_tables(connection)? => match number(connection, MANIFESTS)? {
            0 => Layout::Unmarked(mark),
            _ => Layout::UnmarkedBackup(mark),
        },
        _ => Layout::Foreign,
    })
}

pub(super) fn number(connection: &Connection, sql: &str) -> rusqlite::Result<i64> {
    connection.query_row(sql, [], |row| row.get(0))
}

/// Makes the tables, all at once or not at all, unless another process that was at it as well was quicker. What is there then.
pub(super) fn lay_out(connection: &Connection, path: &Path) -> rusqlite::Result<Layout> {
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    let mode = use_write_ahead_log(connection)?;
    if mode != LOG {
        return Err(raised(no_log(path, &mode)));
    }
    let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
    if matches!(layout(&transaction)?, Layout::Empty) {
        make_tables(&transaction)?;
        transaction.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
    }
    transaction.commit()?;
    layout(connection)
}

/// The tables of a store, in a file that has no mark yet.
pub(super) fn make_tables(connection: &Connection) -> rusqlite::Result<()> {
    connection.execute_batch(&format!("{}PRAGMA user_version = {LAYOUT_VERSION}", schema::definitions()))
}

/// SQLite does not wait by itself for another connection that makes the same change.
fn use_write_ahead_log(connection: &Connection) -> rusqlite::Result<String> {
    let mut times = 0;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Err(error) if is_busy(&error) && wait_for_others(times) => times += 1,
            set => return set,
        }
    }
}

/// It was asked for, and the answer was another one.
pub(super) fn no_log(path: &Path, mode: &str) -> StoreError {
    let fault = EngineFault::NoLog { path: path.display().to_string() };
    StoreError::Engine { fault, source: format!("the journal mode stays {mode}").into() }
}

fn is_busy(error: &rusqlite::Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

const MANIFESTS: &str = "SELECT count(*) FROM vault WHERE k = CAST('manifest' AS BLOB)";
/// The journal mode of a store.
pub(super) const LOG: &str = "wal";
pub(super) const LAYOUT_VERSION: i64 = 1;
pub(super) const PAGE_SIZE: u32 = 8192;
