//! A backup on its way to be a store again.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

use super::unfinished::Unfinished;
use super::{APPLICATION_ID, SqliteBackup, SqliteStore, StoreError, WatchCopy, backup, explained, files};
use crate::store::MANIFEST;

/// A copy of a backup beside where the store is to stand. What is checked is this copy, so that nobody can exchange it
/// between the check and its use. Dropped, it is gone.
pub(crate) struct UnfinishedStore(Unfinished);

impl UnfinishedStore {
    /// Copies the file. Nothing may be where the store is to stand.
    pub(crate) fn copy(from: &Path, to: &Path, watch: &mut WatchCopy<'_>) -> Result<Self, StoreError> {
        // What is no backup is refused before a byte is written.
        drop(SqliteBackup::open(from)?);
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

    /// The copy as the backup that it still is.
    pub(crate) fn backup(&self) -> Result<SqliteBackup, StoreError> {
        SqliteBackup::open(self.0.path())
    }

    /// Makes a store of it.
    pub(crate) fn convert(&self) -> Result<SqliteStore, StoreError> {
        let path = self.0.path();
        let explain = |error| explained(error, path);
        let connection = backup::writing(path).map_err(explain)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)?;
        connection.execute("DELETE FROM vault WHERE k = ?1", [MANIFEST]).map_err(explain)?;
        connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}; COMMIT")).map_err(explain)?;
        let log = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0));
        log.map_err(explain)?;
        connection.close().map_err(|(_, error)| explain(error))?;
        SqliteStore::connect(path, false)
    }

    /// Makes it durable and gives it its name. Nothing may have it open any more.
    pub(crate) fn publish(self) -> Result<(), StoreError> {
        if files::beside(self.0.path(), "-wal").exists() {
            return Err(StoreError::engine("the write-ahead log of the restored store could not be moved into it"));
        }
        self.0.publish()
    }
}

const CHUNK: usize = 1024 * 1024;
