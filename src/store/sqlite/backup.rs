//! A backup: a copy of every row of a store at one moment, in a file that is no store until it is restored.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, OpenFlags};

use super::connection::{explained, raised, restrict, wait_for_others, whole};
use super::guarded::Guarded;
use super::handle::SqliteStore;
use super::header::BACKUP_ID;
use super::layout::{PAGE_SIZE, make_tables, number};
use super::statements::{each, rows_by};
use super::unfinished::Unfinished;
use super::{at_rest, files, schema};
use crate::store::batch::Batch;
use crate::store::engine::{Rows, Scrub, Store, UnfinishedBackup, WatchCopy};
use crate::store::error::{CommitError, SchemaFault, StoreError};
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
        // In a transaction that reads no writer moves what it sees.
        let snapshot = self.store.begin_snapshot()?;
        let copy = writing(self.file.path()).map_err(explain)?;
        copy.execute_batch(&format!("PRAGMA page_size = {PAGE_SIZE}; BEGIN IMMEDIATE")).map_err(explain)?;
        make_tables(&copy).map_err(explain)?;
        let watch = RefCell::new(watch);
        let copied = |from: &Connection| copy_rows(from, &copy, &mut **watch.borrow_mut());
        snapshot.read(copied)?;
        drop(snapshot);
        copy.execute_batch("COMMIT").map_err(explain)?;
        self.store.must_be_there()?;
        self.connection = Some(Mutex::new(copy));
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
    connection: Mutex<Guarded>,
}

impl SqliteBackup {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        files::refuse_missing(path)?;
        let none = || StoreError::NotBackup { path: path.display().to_string() };
        if !std::fs::metadata(path).map_err(files::failed)?.is_file() {
            return Err(none());
        }
        at_rest::refuse_unfinished(path)?;
        // Nobody writes it, so nothing beside it is looked for, and it may lie where nothing can be written.
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(at_rest::unchanging(path), flags).and_then(|connection| {
            restrict(&connection)?;
            Guarded::backup(connection, path)
        });
        let opened = opened.map_err(|error| explained(error, path)).and_then(|connection| {
            let backup = Self { path: path.to_owned(), connection: Mutex::new(connection) };
            backup.refuse_strangers()?;
            Ok(backup)
        });
        match opened {
            Err(StoreError::Foreign { .. }) => Err(none()),
            opened => opened,
        }
    }

    pub(super) fn open_checked(path: &Path) -> Result<Self, StoreError> {
        let backup = Self::open(path)?;
        backup.refuse_damaged()?;
        Ok(backup)
    }

    /// There is nothing in it but our tables: no other ever comes into a backup.
    fn refuse_strangers(&self) -> Result<(), StoreError> {
        match self.read(schema::foreign)?.into_iter().next() {
            None => Ok(()),
            Some(stranger) => {
                let fault = SchemaFault::Foreign { kind: stranger.kind, name: stranger.name };
                Err(StoreError::Schema { path: self.path.display().to_string(), fault })
            }
        }
    }

    /// Whether SQLite finds the file whole. It takes as long as reading the file.
    fn refuse_damaged(&self) -> Result<(), StoreError> {
        let found: Vec<String> = self.read(|connection| {
            let mut check = connection.prepare("PRAGMA integrity_check(1)")?;
            check.query_map([], |row| row.get(0))?.collect()
        })?;
        match found.iter().find(|line| *line != "ok") {
            Some(fault) => Err(StoreError::Corrupt { message: format!("SQLite's integrity_check: {fault}") }),
            None => Ok(()),
        }
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .read(work)
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
    let mut connection = Connection::open_with_flags(whole(path)?, flags)?;
    connection.busy_handler(Some(wait_for_others))?;
    restrict(&connection)?;
    connection.execute_batch("PRAGMA secure_delete = ON; PRAGMA synchronous = OFF;")?;
    connection.query_row("PRAGMA journal_mode = MEMORY", [], |row| row.get::<_, String>(0))?;
    Ok(connection)
}

/// Row by row, so that nothing comes along that is no row: no free pages with what stood there once, no tables of somebody else's.
fn copy_rows(from: &Connection, to: &Connection, watch: &mut WatchCopy<'_>) -> rusqlite::Result<()> {
    let pages = number(from, "PRAGMA page_count")?.saturating_mul(number(from, "PRAGMA page_size")?);
    let total = u64::try_from(pages).unwrap_or(0);
    let (mut done, mut told) = (0_u64, 0_u64);
    for &table in Table::ALL {
        let mut insert = to.prepare(&format!("INSERT INTO {} (k, v) VALUES (?1, ?2)", table.name()))?;
        each(from, table, |key, value| {
            insert.execute((key, value))?;
            done += (key.len() + value.len()) as u64;
            if done - told >= STEP {
                told = done;
                go_on(watch(done.min(total), total))?;
            }
            Ok(())
        })?;
    }
    go_on(watch(total, total))
}

fn go_on(verdict: ControlFlow<()>) -> rusqlite::Result<()> {
    if verdict.is_break() { Err(raised(StoreError::Stopped)) } else { Ok(()) }
}

fn not_open() -> StoreError {
    StoreError::engine("the backup is not copied yet, or sealed already")
}

/// Bytes copied between two looks at whether to go on.
const STEP: u64 = 4 * 1024 * 1024;
