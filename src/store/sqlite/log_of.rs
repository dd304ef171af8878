//! Whether the write-ahead log beside a file is its own.
//!
//! SQLite knows a log by its name alone: that of another file, or of an earlier copy of this one, is mixed into the file when nobody
//! had it open. But the table of the audit log only grows. So the file alone is looked at first, and its last entry has to be there
//! with the log as well, and every number behind it. Until that is known nothing is moved from the log into the file.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, OpenFlags, OptionalExtension};

use super::at_rest::unchanging;
use super::connection::restrict;
use super::guarded::Guarded;
use super::statements::get;
use super::{files, locks};
use crate::audit_log::{AuditEntry, row_key};
use crate::store::error::StoreError;
use crate::store::table::{Row, Table};
use crate::unsafe_path::UnsafePath;

/// What the file says without its log.
pub(super) struct Alone {
    log: PathBuf,
    last: Row,
}

impl Alone {
    /// `None` where there is nothing to doubt: there is no log, or somebody has the store open and so knows it, or the file alone says
    /// nothing.
    pub(super) fn of(path: &Path) -> Option<Self> {
        let log = files::beside(path, files::LOG);
        let written = std::fs::symlink_metadata(&log).is_ok_and(|found| found.len() > 0);
        if !written || locks::is_in_use(&files::beside(path, files::INDEX)) {
            return None;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(unchanging(path), flags).ok()?;
        restrict(&connection).ok()?;
        let last = |connection: &Connection| {
            let sql = "SELECT k, v FROM audit WHERE typeof(k) = 'blob' AND typeof(v) = 'blob' ORDER BY k DESC LIMIT 1";
            connection.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()
        };
        let last: Row = Guarded::store(connection, path).and_then(|connection| connection.read(last)).ok()??;
        // What a process that was killed has moved in part leads to pages of another time, in which anything can stand. Only a whole
        // entry in its place says something: none is ever taken back.
        let is_entry = |entry: &AuditEntry| row_key(entry.seq) == *last.0;
        serde_json::from_slice(&last.1).is_ok_and(|entry| is_entry(&entry)).then_some(Self { log, last })
    }

    /// Refuses a log that does not go on from there, or that spoils the file so that nothing can be read.
    pub(super) fn must_go_on(&self, goes_on: Result<bool, StoreError>) -> Result<(), StoreError> {
        match goes_on {
            Ok(true) => Ok(()),
            Ok(false) => Err(self.refusal()),
            Err(error) => Err(self.blamed(error)),
        }
    }

    /// What could be read in the file alone cannot with its log.
    pub(super) fn blamed(&self, error: StoreError) -> StoreError {
        match error {
            StoreError::Corrupt { .. } | StoreError::Foreign { .. } | StoreError::NotFound { .. } => self.refusal(),
            error => error,
        }
    }

    fn refusal(&self) -> StoreError {
        StoreError::Unsafe { path: self.log.display().to_string(), fault: UnsafePath::OtherLog }
    }

    /// Whether what this connection sees is what the file says, and more.
    pub(super) fn goes_on(&self, connection: &Connection) -> rusqlite::Result<bool> {
        let (key, value) = &self.last;
        if get(connection, Table::Audit, key)?.as_ref() != Some(value) {
            return Ok(false);
        }
        let sql = "SELECT count(*), max(k) FROM audit WHERE k > ?1";
        let (count, last) =
            connection.query_row(sql, [key], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<Vec<u8>>>(1)?)))?;
        let number = |key: &[u8]| key.try_into().ok().map(u64::from_be_bytes);
        let Some(last) = last else { return Ok(true) };
        // Keys of another kind are none of a vault's.
        let between = number(&last).zip(number(key)).map(|(last, first)| last.wrapping_sub(first));
        Ok(between.is_none_or(|between| u64::try_from(count).is_ok_and(|count| count == between)))
    }
}
