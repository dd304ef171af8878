//! The SQLite engine: one file, several processes, nothing lost by a power cut, nothing left of what was overwritten.

mod at_rest;
mod backup;
mod claim;
mod connection;
mod files;
mod handle;
mod layout;
mod restore;
mod scratch;
mod statements;
mod unfinished;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::TransactionBehavior;

use at_rest::AtRest;
use connection::{Access, explained, said, wait_for_others};
use statements::apply;

use super::batch::Batch;
use super::engine::{RotationClaim, Rows, Scrub, Store, UnfinishedBackup};
use super::error::{CommitError, StoreError};

pub use handle::SqliteStore;
pub use restore::SqliteBackups;

impl Store for SqliteStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut writer = self.writer()?;
        let explain = |error| CommitError::Store(self.explained(error));
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        let conflicts = apply(&transaction, batch).map_err(explain)?;
        if !conflicts.is_empty() {
            return Err(CommitError::Conflict(conflicts));
        }
        transaction.commit().map_err(|error| CommitError::Store(commit_failed(error, &self.path)))
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        if self.access == Access::ReadOnly
            && let Some(store) = AtRest::open(&self.path)?
        {
            return Ok(Box::new(store));
        }
        Ok(Box::new(self.begin_snapshot()?))
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        // secure_delete has zeroed old values in the database; the write-ahead log still holds them. Readers of old
        // moments hinder its truncation, and are waited for.
        let deadline = Instant::now() + SCRUB_PATIENCE;
        loop {
            let mut writer = self.writer()?;
            // SQLite would wait for readers with the lock of the writers in its hands: it asks once, and the waiting is
            // done here without the lock.
            writer.busy_handler(None::<fn(i32) -> bool>).map_err(|error| self.explained(error))?;
            let busy = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            writer.busy_handler(Some(wait_for_others)).map_err(|error| self.explained(error))?;
            drop(writer);
            let busy = match busy.map_err(|error| self.explained(error)) {
                Err(StoreError::Busy) => 1,
                busy => busy?,
            };
            match busy {
                0 => return Ok(Scrub::Clean),
                _ if Instant::now() > deadline => return Ok(Scrub::BestEffort),
                _ => std::thread::sleep(Duration::from_millis(20)),
            }
        }
    }

    fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
        match self.access {
            Access::ReadOnly => Err(StoreError::ReadOnly),
            Access::ReadWrite => Ok(Box::new(backup::Unsealed::reserve(self, to)?)),
        }
    }

    fn scratch(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
        if self.access == Access::ReadOnly {
            return Ok(None);
        }
        Ok(Some(Box::new(self.scratch_store()?)))
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        match self.access {
            Access::ReadOnly => Err(StoreError::ReadOnly),
            Access::ReadWrite => claim::claim(&self.path),
        }
    }

    fn concerns(&self) -> Result<Vec<String>, StoreError> {
        Ok(files::concerns(&self.path))
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let lines = self.read(|connection| {
            let mut check = connection.prepare("PRAGMA quick_check(20)")?;
            check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()
        })?;
        let faults = lines.into_iter().filter(|line| line != "ok");
        Ok(faults.map(|line| format!("SQLite's quick_check: {line}")).collect())
    }
}

/// A commit is a mark in the write-ahead log. When the medium fails while it is written or synced, SQLite goes on as if it were not
/// there, and so do all who have the store open; but it may be there, and whoever recovers the log after a power loss finds it.
fn commit_failed(error: rusqlite::Error, path: &Path) -> StoreError {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::SystemIoFailure) => StoreError::in_doubt(said(error)),
        _ => explained(error, path),
    }
}

const SCRUB_PATIENCE: Duration = Duration::from_secs(5);
