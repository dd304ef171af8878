//! A backup on its way to be a store again.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use super::backup::{self, SqliteBackup};
use super::connection::explained;
use super::files;
use super::handle::SqliteStore;
use super::header::APPLICATION_ID;
use super::unfinished::Unfinished;
use crate::store::engine::{BackupFormat, Store, UnfinishedStore, WatchCopy};
use crate::store::error::StoreError;
use crate::store::table::Table;

/// The backup files of [`SqliteStore`].
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SqliteBackups;

impl BackupFormat for SqliteBackups {
    fn open(&self, from: &Path) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteBackup::open(from)?))
    }

    fn open_checked(&self, from: &Path) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteBackup::open_checked(from)?))
    }

    fn begin_restore(
        &self,
        from: &Path,
        to: &Path,
        watch: &mut WatchCopy<'_>,
    ) -> Result<Box<dyn UnfinishedStore>, StoreError> {
        Ok(Box::new(Restoring::copy(from, to, watch)?))
    }
}

/// A copy of a backup beside where the store is to stand. What is checked is this copy, so that nobody can exchange it
/// between the check and its use. Dropped, it is gone.
pub(super) struct Restoring(Unfinished);

impl Restoring {
    /// Copies the file. Nothing may be where the store is to stand.
    pub(super) fn copy(from: &Path, to: &Path, watch: &mut WatchCopy<'_>) -> Result<Self, StoreError> {
        // What is no backup is refused before a byte is written.
        drop(SqliteBackup::open(from)?);
        files::refuse_long_name(to)?;
        let file = Unfinished::beside(to)?;
        let mut source = File::open(from).map_err(files::failed)?;
        let total = source.metadata().map_err(files::failed)?.len();
        let (mut buffer, mut done, mut copy) = (vec![0; CHUNK], 0, file.file());
        loop {
            let read = match source.read(&mut buffer) {
                Ok(0) => return Ok(Self(file)),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return Err(files::failed(error)),
            };
            copy.write_all(&buffer[..read]).map_err(files::failed)?;
            done += read as u64;
            if watch(done, total.max(done)).is_break() {
                return Err(StoreError::Stopped);
            }
        }
    }
}

impl UnfinishedStore for Restoring {
    fn reopen(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteBackup::open_checked(self.0.path())?))
    }

    fn convert(&self) -> Result<Box<dyn Store>, StoreError> {
        let path = self.0.path();
        let explain = |error| explained(error, path);
        let connection = backup::writing(path).map_err(explain)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)?;
        connection.execute("DELETE FROM vault WHERE k = ?1", [Table::MANIFEST]).map_err(explain)?;
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; COMMIT")).map_err(explain)?;
        let log = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        log.map_err(explain)?;
        connection.close().map_err(|(_, error)| explain(error))?;
        Ok(Box::new(SqliteStore::connect(path, false)?))
    }

    fn publish(self: Box<Self>) -> Result<(), StoreError> {
        if files::beside(self.0.path(), files::LOG).exists() {
            return Err(StoreError::engine("the write-ahead log of the restored store could not be moved into it"));
        }
        self.0.publish()
    }
}

const CHUNK: usize = 1024 * 1024;
