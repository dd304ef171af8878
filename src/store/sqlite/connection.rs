//! Connections to a file, and what SQLite's errors mean.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, ffi};

use super::access::Access;
use super::{files, header, locks};
use crate::store::error::{EngineFault, SchemaFault, StoreError};

/// With `keeps_log` what is in the log stays there when the connection is closed, also when it does not even open.
pub(super) fn connection(path: &Path, access: Access, keeps_log: bool) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags as Flags;
    let access = match access {
        Access::ReadOnly => Flags::SQLITE_OPEN_READ_ONLY,
        Access::ReadWrite => Flags::SQLITE_OPEN_READ_WRITE,
    };
    let mut connection = Connection::open_with_flags(whole(path)?, access | Flags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_handler(Some(wait_for_others))?;
    keep_log(&connection, keeps_log)?;
    restrict(&connection)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")?;
    Ok(connection)
}

/// From the root on, so that SQLite takes no name for a URI or for a database in memory.
pub(super) fn whole(path: &Path) -> rusqlite::Result<PathBuf> {
    std::path::absolute(path).map_err(raised)
}

/// For who mends what nobody else accepts: the schema is read as far as it can be, and can be written like a table.
pub(super) fn connection_to_mend(path: &Path, keeps_log: bool) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags as Flags;
    let flags = Flags::SQLITE_OPEN_READ_WRITE | Flags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(whole(path)?, flags)?;
    connection.busy_handler(Some(wait_for_others))?;
    keep_log(&connection, keeps_log)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, false)?;
    connection.execute_batch("PRAGMA writable_schema = ON")?;
    execute_nothing_of_others(&connection)?;
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA ignore_check_constraints = ON;")?;
    Ok(connection)
}

/// Whether what is in the log stays there when the connection is closed.
pub(super) fn keep_log(connection: &Connection, kept: bool) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, kept).map(drop)
}

/// What holds for whoever reads as well.
pub(super) fn restrict(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    execute_nothing_of_others(connection)
}

fn execute_nothing_of_others(connection: &Connection) -> rusqlite::Result<()> {
    // One for each statement and each table, and a few more.
    connection.set_prepared_statement_cache_capacity(48);
    // A trigger that somebody put into the file would run with every write, and could keep what a rotation replaces.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    // A table of somebody else's could refer to ours, and have a say in what is deleted.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, false)?;
    connection.execute_batch(&format!(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; \
         PRAGMA cache_size = -{CACHE_KIB};"
    ))
}

/// Called while another process holds the lock. Short waits at first: a writer beside a rotation has to catch the
/// moment between two batches.
pub(super) fn wait_for_others(times: i32) -> bool {
    let wait = Duration::from_micros(if times < 1_000 { 100 } else { 2_000 });
    std::thread::sleep(wait);
    times < MAX_WAITS
}

/// An error of our own on its way through what answers with those of SQLite.
pub(super) fn raised(error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::ToSqlConversionFailure(Box::new(error))
}

pub(super) fn explained(error: rusqlite::Error, at: &Path) -> StoreError {
    let message = error.to_string();
    let path = || at.display().to_string();
    let error = match error {
        rusqlite::Error::ToSqlConversionFailure(ours) => match ours.downcast::<StoreError>() {
            Ok(error) => return *error,
            Err(other) => match other.downcast::<SchemaFault>() {
                Ok(fault) => return StoreError::Schema { path: path(), fault: *fault },
                Err(_) => return StoreError::Corrupt { message },
            },
        },
        error => error,
    };
    let rusqlite::Error::SqliteFailure(ffi::Error { code, extended_code }, _) = error else {
        return StoreError::Corrupt { message };
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => busy(at, error),
        ErrorCode::DatabaseCorrupt if message.starts_with(MALFORMED_SCHEMA) => {
            StoreError::Schema { path: path(), fault: SchemaFault::Malformed { message } }
        }
        ErrorCode::DatabaseCorrupt => StoreError::Corrupt { message },
        ErrorCode::CannotOpen => {
            let path = path();
            let fault = if files::may_open_more() {
                EngineFault::CannotOpen { path }
            } else {
                EngineFault::NoDescriptors { path }
            };
            StoreError::Engine { fault, source: said(error) }
        }
        // Every statement is one of ours, so what SQLite cannot make out is the schema it meets: a table or a column is missing.
        ErrorCode::Unknown if extended_code == ffi::SQLITE_ERROR => StoreError::Corrupt { message },
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::NotADatabase => header::damage(at).unwrap_or_else(|| StoreError::Foreign { path: path() }),
        ErrorCode::ReadOnly => header::wrong_byte(at).unwrap_or(StoreError::ReadOnly),
        // SQLite says so only where it writes rows, and not where it makes room for the index of the log.
        ErrorCode::SystemIoFailure if files::is_full(at) => StoreError::Full,
        ErrorCode::SystemIoFailure if files::is_limited(at) => {
            StoreError::Engine { fault: EngineFault::FileLimit { path: path() }, source: said(error) }
        }
        _ => StoreError::engine(said(error)),
    }
}

/// A commit is a mark in the write-ahead log. When the medium fails while it is written or synced, SQLite goes on as if it were not
/// there, and so do all who have the store open; but it may be there, and whoever recovers the log after a power loss finds it.
pub(super) fn commit_failed(error: rusqlite::Error, path: &Path) -> StoreError {
    match error.sqlite_error_code() {
        // The mark is written last, and there was no room for it.
        Some(ErrorCode::SystemIoFailure) if is_unwritten(&error) && files::is_limited(path) => explained(error, path),
        Some(ErrorCode::SystemIoFailure) => StoreError::in_doubt(said(error)),
        _ => explained(error, path),
    }
}

fn is_unwritten(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|error| error.extended_code == ffi::SQLITE_IOERR_WRITE)
}

/// SQLite calls it busy as well where no lock can be had at all.
fn busy(path: &Path, error: rusqlite::Error) -> StoreError {
    if !locks::are_refused(path) {
        return StoreError::Busy;
    }
    let fault = EngineFault::LocksRefused { path: path.display().to_string() };
    StoreError::Engine { fault, source: said(error) }
}

/// What SQLite says of a failure: its number and its words. `rusqlite` has the words once more around that.
pub(super) fn said(error: rusqlite::Error) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        rusqlite::Error::SqliteFailure(inner, _) => inner.into(),
        other => other.into(),
    }
}

/// How SQLite begins what it says of a schema that it cannot read.
pub(super) const MALFORMED_SCHEMA: &str = "malformed database schema";
/// Each connection's page cache.
const CACHE_KIB: u32 = 8 * 1024;
/// With the waits of `wait_for_others` and the few microseconds by which a sleep is late: 10 seconds.
const MAX_WAITS: i32 = 5_700;

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn nothing_is_said_twice_in_the_chain_of_an_error() {
        let codes = [ffi::SQLITE_IOERR_SHMSIZE, ffi::SQLITE_IOERR_READ, ffi::SQLITE_CANTOPEN, ffi::SQLITE_PERM];
        for code in codes {
            for words in [None, Some("disk I/O error"), Some("unable to open database file")] {
                let failure = || rusqlite::Error::SqliteFailure(ffi::Error::new(code), words.map(String::from));
                for error in [explained(failure(), Path::new("vault.db")), StoreError::in_doubt(said(failure()))] {
                    let inner = error.source().expect("what the engine says");
                    assert!(inner.to_string().contains(&code.to_string()) && inner.source().is_none(), "{inner:?}");
                }
            }
        }
    }
}
