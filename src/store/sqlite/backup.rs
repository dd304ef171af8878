//! A backup: a copy of every page of a store at one moment, in a file that is no store until it is restored.

use std::collections::BTreeSet;
use std::io::{Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::connection::{explained, restrict, wait_for_others};
use super::handle::SqliteStore;
use super::layout::{BACKUP_ID, Layout, definition, layout};
use super::statements::rows_by;
use super::unfinished::Unfinished;
use super::{at_rest, files};
use crate::store::batch::Batch;
use crate::store::engine::{Rows, Scrub, Store, UnfinishedBackup, WatchCopy};
use crate::store::error::{CommitError, StoreError};
use crate::store::table::Table;

/// A backup in the making: reserved, then copied, then sealed.
pub(super) struct Unsealed<'s> {
    store: &'s SqliteStore,
    /// Open once the pages are there. It stands before the file, so that it is closed before that is removed.
    connection: Option<Mutex<Connection>>,
    file: Unfinished,
}

impl<'s> Unsealed<'s> {
    pub(super) fn reserve(store: &'s SqliteStore, to: &Path) -> Result<Self, StoreError> {
        Ok(Self { store, connection: None, file: Unfinished::beside(to)? })
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let connection = self.connection.as_ref().ok_or_else(not_open)?;
        work(&connection.lock().unwrap_or_else(PoisonError::into_inner))
            .map_err(|error| explained(error, self.file.path()))
    }
}

impl UnfinishedBackup for Unsealed<'_> {
    fn copy(&mut self, watch: &mut WatchCopy<'_>) -> Result<(), StoreError> {
        let explain = |error| explained(error, self.file.path());
        // In a transaction that reads no writer moves what it sees, so that the copy never begins anew.
        let snapshot = self.store.begin_snapshot()?;
        let mut copy = writing(self.file.path()).map_err(explain)?;
        copy_pages(snapshot.connection(), &mut copy, watch).map_err(|error| match error {
            CopyError::Engine(error) => explain(error),
            CopyError::Store(error) => error,
        })?;
        drop(snapshot);
        copy.close().map_err(|(_, error)| explain(error))?;
        leave_log_mode(&self.file).map_err(files::failed)?;
        self.connection = Some(Mutex::new(writing(self.file.path()).map_err(explain)?));
        Ok(())
    }

    fn seal(&mut self, manifest: &[u8]) -> Result<(), StoreError> {
        let explain = |error| explained(error, self.file.path());
        let connection = self.connection.take().ok_or_else(not_open)?;
        let connection = connection.into_inner().unwrap_or_else(PoisonError::into_inner);
        connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)?;
        connection.execute("INSERT INTO vault (k, v) VALUES (?1, ?2)", (Table::MANIFEST, manifest)).map_err(explain)?;
        connection.execute_batch(&format!("PRAGMA application_id = {BACKUP_ID}; COMMIT")).map_err(explain)?;
        connection.close().map_err(|(_, error)| explain(error))
    }

    fn reopen(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(SqliteBackup::open_checked(self.file.path())?))
    }

    fn publish(self: Box<Self>) -> Result<(), StoreError> {
        self.file.publish()
    }
}

rows_by!(Unsealed<'_>, read);

/// A backup file, which is only read.
pub(super) struct SqliteBackup {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteBackup {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        files::refuse_missing(path)?;
        let none = || StoreError::NotBackup { path: path.display().to_string() };
        if !std::fs::metadata(path).map_err(files::failed)?.is_file() {
            return Err(none());
        }
        // Nobody writes it, so nothing beside it is looked for, and it may lie where nothing can be written.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(at_rest::unchanging(path), flags).and_then(|connection| {
            restrict(&connection)?;
            Ok((layout(&connection)?, connection))
        });
        match opened.map_err(|error| explained(error, path)) {
            Ok((Layout::Backup, connection)) => Ok(Self { path: path.to_owned(), connection: Mutex::new(connection) }),
            Ok((newer @ Layout::Newer(_), _)) => Err(newer.refusal(path)),
            Ok(_) | Err(StoreError::Foreign { .. }) => Err(none()),
            Err(error) => Err(error),
        }
    }

    pub(super) fn open_checked(path: &Path) -> Result<Self, StoreError> {
        let backup = Self::open(path)?;
        backup.refuse_damaged()?;
        Ok(backup)
    }

    /// Whether SQLite finds the file whole, and there is nothing in it but our tables. It takes as long as reading the file.
    fn refuse_damaged(&self) -> Result<(), StoreError> {
        let found: Vec<String> = self.read(|connection| {
            let mut check = connection.prepare("PRAGMA integrity_check(1)")?;
            check.query_map([], |row| row.get(0))?.collect()
        })?;
        if let Some(fault) = found.iter().find(|line| *line != "ok") {
            return Err(StoreError::Corrupt { message: format!("SQLite's integrity_check: {fault}") });
        }
        let schema: BTreeSet<String> = self.read(|connection| {
            let mut schema = connection.prepare("SELECT coalesce(sql, name) FROM sqlite_schema")?;
            schema.query_map([], |row| row.get(0))?.collect()
        })?;
        if schema != Table::ALL.iter().copied().map(definition).collect() {
            return Err(StoreError::Corrupt { message: "its tables are not those of a vault".into() });
        }
        Ok(())
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        work(&self.connection.lock().unwrap_or_else(PoisonError::into_inner))
            .map_err(|error| explained(error, &self.path))
    }
}

rows_by!(SqliteBackup, read);

impl Store for SqliteBackup {
    fn commit(&self, _: &Batch) -> Result<(), CommitError> {
        Err(StoreError::ReadOnly.into())
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        Ok(Box::new(Still(self)))
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        Ok(Scrub::Unsupported)
    }
}

/// The file does not change, so that every moment is the same.
struct Still<'b>(&'b SqliteBackup);

impl Still<'_> {
    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.0.read(work)
    }
}

rows_by!(Still<'_>, read);

/// A connection to a file that is of no use before it is whole: nothing is journalled, and it is made durable at the end.
pub(super) fn writing(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(path, flags)?;
    connection.busy_handler(Some(wait_for_others))?;
    restrict(&connection)?;
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA synchronous = OFF;")?;
    connection.query_row("PRAGMA journal_mode = MEMORY", [], |row| row.get::<_, String>(0))?;
    Ok(connection)
}

enum CopyError {
    Engine(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for CopyError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Engine(error)
    }
}

fn copy_pages(from: &Connection, to: &mut Connection, watch: &mut WatchCopy<'_>) -> Result<(), CopyError> {
    let (backup, mut waits) = (Backup::new(from, to)?, 0);
    loop {
        let stepped = backup.step(PAGES)?;
        match stepped {
            StepResult::Done | StepResult::More => {
                let progress = backup.progress();
                let count = |pages| u64::try_from(pages).unwrap_or(0);
                let (total, left) = (count(progress.pagecount), count(progress.remaining));
                if watch(total.saturating_sub(left), total).is_break() {
                    return Err(CopyError::Store(StoreError::Stopped));
                }
                if stepped == StepResult::Done {
                    return Ok(());
                }
            }
            _ if waits < MAX_WAITS => {
                waits += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            _ => return Err(CopyError::Store(StoreError::Busy)),
        }
    }
}

/// The copied header says that there is a write-ahead log. A backup is one file: bytes 18 and 19 of the header say so
/// (SQLite's Database File Format, section 1.3.3).
fn leave_log_mode(file: &Unfinished) -> std::io::Result<()> {
    let mut file = file.file();
    file.seek(SeekFrom::Start(18))?;
    file.write_all(&[1, 1])
}

fn not_open() -> StoreError {
    StoreError::engine("the backup is not copied yet, or sealed already")
}

/// 4 MiB at a time.
const PAGES: i32 = 512;
const MAX_WAITS: u32 = 1_000;
