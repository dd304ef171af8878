//! The SQLite engine: one file, several processes, nothing lost by a power cut, nothing left of what was overwritten.

mod access;
mod at_rest;
mod backup;
mod claim;
mod connection;
mod files;
mod free_pages;
mod guarded;
mod handle;
mod header;
mod layout;
mod locks;
mod log_of;
mod place;
mod raw;
mod repair;
mod restore;
mod schema;
mod statements;
mod strays;
mod unfinished;
mod whole;

use std::cell::RefCell;
use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use access::Access;
use at_rest::AtRest;
use connection::{commit_failed, wait_for_others};
use free_pages::{FreePages, log_is_empty};
use statements::{apply, of_other_types, refuse_empty_keys};

use super::batch::Batch;
use super::engine::{EachStray, RotationClaim, Rows, Scrub, Store, UnfinishedBackup};
use super::error::{CommitError, EngineFault, StoreError};
use super::table::Table;

pub use handle::SqliteStore;
pub use repair::{Mended, SqliteRepair};
pub use restore::SqliteBackups;

impl Store for SqliteStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        self.refuse_damaged_list()?;
        let writer = self.writer()?;
        let explain = |error| CommitError::Store(self.explained(error));
        let (transaction, conflicts) = writer.write(|connection| apply(connection, batch)).map_err(explain)?;
        if !conflicts.is_empty() {
            return Err(CommitError::Conflict(conflicts));
        }
        // What has gone since is met after the commit, which is in doubt then.
        self.must_have_been_there()?;
        transaction.commit().map_err(|error| CommitError::Store(commit_failed(error, &self.path)))?;
        // Between the two the file can have gone from its place, and nobody else would ever see what was committed.
        self.must_hold_commit().map_err(|moved| StoreError::in_doubt(moved).into())
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
        self.must_be_there()?;
        let emptied = self.empty_log()?;
        if emptied != Scrub::Clean {
            return Ok(emptied);
        }
        // Somebody who deletes with other settings leaves in the free pages what was there.
        let Some(free) = self.free_pages()? else { return Ok(Scrub::BestEffort) };
        if let Some(fault) = free.fault {
            return Err(StoreError::FreePages { fault });
        }
        if !free.dirty {
            return Ok(Scrub::Clean);
        }
        // What is listed as free and is not would be lost.
        if let Some(fault) = self.read(|connection| free_pages::fault(connection, &self.path))? {
            return Err(StoreError::FreePages { fault });
        }
        self.write(free_pages::zero)?;
        self.empty_log()
    }

    fn each_stray(&self, each: &mut EachStray<'_>) -> Result<(), StoreError> {
        let each = RefCell::new(each);
        self.read(|connection| strays::each(connection, &mut **each.borrow_mut()))
    }

    fn each_byte(&self, overlap: usize, each: &mut dyn FnMut(&[u8])) -> Result<Option<u64>, StoreError> {
        self.must_be_there()?;
        let mut bytes = whole::each_piece(&self.path, overlap, each).map_err(files::failed)?;
        for part in [files::LOG, files::JOURNAL].map(|suffix| files::beside(&self.path, suffix)) {
            bytes += whole::each_piece_of_part(&part, overlap, each).map_err(files::failed)?;
        }
        Ok(Some(bytes))
    }

    fn compact(&self) -> Result<(), StoreError> {
        self.must_be_there()?;
        let built = self.writer()?.vacuum().map_err(|error| self.explained(error));
        // It executes what somebody else put there, such as an index on a function that is not known here.
        match built {
            Err(error @ (StoreError::Corrupt { .. } | StoreError::Engine { fault: EngineFault::Other, .. })) => {
                tracing::warn!(%error, "the file cannot be built anew: the rows of the store alone are written anew");
                self.write(free_pages::write_anew).map_err(|_| error)?;
            }
            built => built?,
        }
        self.must_be_there()
    }

    fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
        match self.access {
            Access::ReadOnly => Err(StoreError::ReadOnly),
            Access::ReadWrite => {
                // A backup that is taken is told of in the log.
                self.refuse_damaged_list()?;
                Ok(Box::new(backup::Unsealed::reserve(self, to)?))
            }
        }
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        if self.access == Access::ReadOnly {
            return Err(StoreError::ReadOnly);
        }
        // Whoever takes a page that is no free one writes over what stands there.
        if let Some(fault) = self.read(|connection| free_pages::fault(connection, &self.path))? {
            return Err(StoreError::FreePages { fault });
        }
        self.read(refuse_empty_keys)?;
        claim::claim(&self.path)
    }

    fn concerns(&self) -> Result<Vec<String>, StoreError> {
        Ok(files::concerns(&self.path))
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        let kept = self.access == Access::ReadOnly || locks::are_kept(&self.path);
        let granted =
            (!kept).then(|| format!("the file system of {} grants every lock to everybody", self.path.display()));
        self.read(|connection| {
            let mut lines = Vec::from_iter(granted.clone());
            // First, so that the schema is looked at: the check of SQLite's executes what stands in it.
            for &table in Table::ALL {
                lines.extend(of_other_types(connection, table, SHOWN)?);
            }
            // Each table alone, so that nothing of somebody else's is executed.
            for table in Table::ALL {
                let mut check = connection.prepare(&format!("PRAGMA quick_check('{}')", table.name()))?;
                let found =
                    check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
                let faults = found.into_iter().filter(|line| line != "ok").take(SHOWN);
                lines.extend(faults.map(|line| format!("SQLite's quick_check: {line}")));
            }
            // Which the check of single tables leaves out.
            let faults = free_pages::faults(connection, &self.path)?;
            lines.extend(faults.into_iter().map(|fault| StoreError::FreePages { fault }.to_string()));
            Ok(lines)
        })
    }
}

impl SqliteStore {
    /// One transaction that writes and is no batch.
    fn write(&self, work: impl Fn(&Connection) -> rusqlite::Result<()>) -> Result<(), StoreError> {
        self.refuse_damaged_list()?;
        let writer = self.writer()?;
        let (transaction, ()) = writer.write(work).map_err(|error| self.explained(error))?;
        self.must_be_there()?;
        transaction.commit().map_err(|error| commit_failed(error, &self.path))
    }

    /// The free pages as they stand in the file, once all that was committed is in it. `None` while others are faster.
    fn free_pages(&self) -> Result<Option<FreePages>, StoreError> {
        for _ in 0..WALKS {
            let writer = self.writer()?;
            let (transaction, ()) = writer.write(|_| Ok(())).map_err(|error| self.explained(error))?;
            let free = log_is_empty(&self.path).then(|| FreePages::of(&self.path));
            drop(transaction);
            drop(writer);
            match free {
                Some(free) => return free.map(Some),
                None if self.empty_log()? != Scrub::Clean => return Ok(None),
                None => {}
            }
        }
        Ok(None)
    }

    /// secure_delete has zeroed old values in the database; the write-ahead log still holds them. Readers of old moments hinder its
    /// truncation, and are waited for.
    fn empty_log(&self) -> Result<Scrub, StoreError> {
        let deadline = Instant::now() + SCRUB_PATIENCE;
        loop {
            let mut writer = self.writer()?;
            // SQLite would wait for readers with the lock of the writers in its hands: it asks once, and the waiting is
            // done here without the lock.
            writer.bare_mut().busy_handler(None::<fn(i32) -> bool>).map_err(|error| self.explained(error))?;
            let busy = writer.bare().query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, i64>(0));
            writer.bare_mut().busy_handler(Some(wait_for_others)).map_err(|error| self.explained(error))?;
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
}

/// Others may commit between the emptying of the log and the look.
const WALKS: usize = 20;
const SCRUB_PATIENCE: Duration = Duration::from_secs(5);
/// Lines of each kind of damage.
const SHOWN: usize = 20;
