//! The SQLite engine: one file, several processes, nothing lost by a power cut, nothing left of what was overwritten.

mod at_rest;
mod backup;
mod claim;
mod files;
mod restore;
mod scratch;
mod statements;
mod unfinished;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, TransactionBehavior, ffi};

use at_rest::AtRest;
use scratch::Scratch;
use statements::{apply, rows_by};

use super::{Batch, Claim, CommitError, Row, Rows, Scrub, Store, StoreError, Table, UnfinishedBackup, WatchCopy};
use crate::store::EngineFault;

pub(crate) use backup::SqliteBackup;
pub(crate) use restore::UnfinishedStore;

/// A store in one SQLite file, with one connection that writes and as many that read as are needed at once.
pub struct SqliteStore {
    path: PathBuf,
    access: Access,
    /// Absent where nothing may be written.
    writer: Option<Mutex<Connection>>,
    readers: Mutex<Vec<Connection>>,
    /// Dropped after the connections to what is in it.
    _scratch: Option<Scratch>,
}

impl SqliteStore {
    /// Opens the store at `path`, which must be there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        files::refuse_missing(path)?;
        files::refuse_unsafe(path)?;
        Self::connect(path, false)
    }

    /// Opens the store at `path` to read it: for a process that has no right to write its files or their folder. What others
    /// commit is seen at once. While no process that may write has the store open, each read opens the file anew, which takes
    /// longer.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        files::refuse_missing(path)?;
        files::refuse_unsafe(path)?;
        let (access, path) = (Access::ReadOnly, path.to_owned());
        let store = Self { path, access, writer: None, readers: Mutex::default(), _scratch: None };
        match store.read(layout)? {
            Layout::Ours => Ok(store),
            other => Err(other.refusal(&store.path)),
        }
    }

    /// Makes an empty store at `path`, readable and writable by its owner alone. An empty store that is there
    /// already, as an interrupted creation leaves one, is taken over; anything else is an error.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        files::refuse_unsafe_folder(path)?;
        files::create_private(path)?;
        files::refuse_unsafe(path)?;
        Self::connect(path, true)
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn connect(path: &Path, create: bool) -> Result<Self, StoreError> {
        let explain = |error| explained(error, path);
        let access = Access::ReadWrite;
        let connection = connection(path, access).map_err(explain)?;
        match layout(&connection).map_err(explain)? {
            Layout::Ours => {}
            Layout::Empty if create => lay_out(&connection).map_err(explain)?,
            other => return Err(other.refusal(path)),
        }
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).map_err(explain)?;
        if mode != "wal" {
            return Err(StoreError::engine(format!(
                "the journal mode is {mode}: this file system has no write-ahead log"
            )));
        }
        let (path, writer) = (path.to_owned(), Some(Mutex::new(connection)));
        Ok(Self { path, access, writer, readers: Mutex::default(), _scratch: None })
    }

    fn writer(&self) -> Result<MutexGuard<'_, Connection>, StoreError> {
        let writer = self.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        match self.access {
            Access::ReadWrite => self.read_beside_writers(work),
            Access::ReadOnly => self.read_unwriting(work),
        }
    }

    fn read_beside_writers<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.reader()?.read(work)
    }

    /// In the way that the store allows at the moment, which may change between the look and the read.
    fn read_unwriting<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        for _ in 0..READ_ATTEMPTS {
            let Some(store) = AtRest::open(&self.path)? else {
                match self.read_beside_writers(&work) {
                    Err(StoreError::Engine { .. } | StoreError::ReadOnly) if AtRest::is(&self.path)? => continue,
                    read => return read,
                }
            };
            if let Some(read) = store.read(&work)? {
                return Ok(read);
            }
        }
        Err(StoreError::Busy)
    }

    fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection =
            idle.map_or_else(|| connection(&self.path, self.access), Ok).map_err(|error| self.explained(error))?;
        Ok(Reader { store: self, connection: Some(connection) })
    }

    fn begin_snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let reader = self.reader()?;
        // The moment of a deferred transaction is that of its first read.
        let begun = reader.connection().execute_batch("BEGIN; SELECT count(*) FROM vault");
        begun.map_err(|error| self.explained(error))?;
        Ok(Snapshot(reader))
    }

    fn explained(&self, error: rusqlite::Error) -> StoreError {
        explained(error, &self.path)
    }
}

rows_by!(SqliteStore, read);

impl Store for SqliteStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut writer = self.writer()?;
        let explain = |error| CommitError::Store(self.explained(error));
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        let conflicts = apply(&transaction, batch).map_err(explain)?;
        if !conflicts.is_empty() {
            return Err(CommitError::Conflict(conflicts));
        }
        transaction.commit().map_err(explain)
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
        let scratch = Scratch::beside(&self.path)?;
        let store = Self::create(scratch.store())?;
        Ok(Some(Box::new(Self { _scratch: Some(scratch), ..store })))
    }

    fn claim_rotation(&self) -> Result<Claim, StoreError> {
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

/// A reading connection on loan from the pool.
struct Reader<'s> {
    store: &'s SqliteStore,
    connection: Option<Connection>,
}

impl Reader<'_> {
    fn connection(&self) -> &Connection {
        self.connection.as_ref().expect("the connection is only taken when the loan ends")
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        work(self.connection()).map_err(|error| self.store.explained(error))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // One that is still in a transaction stands at an old moment, and must not go back to the pool.
        let settled = self.connection.take().filter(Connection::is_autocommit);
        let mut idle = self.store.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_READERS {
            idle.extend(settled);
        }
    }
}

struct Snapshot<'s>(Reader<'s>);

impl Snapshot<'_> {
    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.0.read(work)
    }
}

rows_by!(Snapshot<'_>, read);

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.0.connection().execute_batch("ROLLBACK").is_err() {
            // A connection that cannot leave its transaction must not go back to the pool.
            self.0.connection = None;
        }
    }
}

enum Layout {
    Backup,
    Empty,
    Foreign,
    Newer(i64),
    Ours,
}

impl Layout {
    /// Why a store with this layout is not opened.
    fn refusal(self, path: &Path) -> StoreError {
        let path = path.display().to_string();
        match self {
            Self::Backup => StoreError::Backup { path },
            Self::Empty => StoreError::NotFound { path },
            Self::Newer(found) => StoreError::NewerLayout { found },
            Self::Foreign | Self::Ours => StoreError::Foreign { path },
        }
    }
}

fn layout(connection: &Connection) -> rusqlite::Result<Layout> {
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
fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    let tables = Table::ALL.map(|table| format!("{};\n", definition(table))).concat();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;\n{tables}PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {LAYOUT_VERSION};\nCOMMIT;"
    ))
}

fn definition(table: Table) -> String {
    format!("CREATE TABLE {} (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID", table.name())
}

/// What is asked of the operating system.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Access {
    ReadOnly,
    ReadWrite,
}

fn connection(path: &Path, access: Access) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags as Flags;
    let access = match access {
        Access::ReadOnly => Flags::SQLITE_OPEN_READ_ONLY,
        Access::ReadWrite => Flags::SQLITE_OPEN_READ_WRITE,
    };
    let mut connection = Connection::open_with_flags(path, access | Flags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_handler(Some(wait_for_others))?;
    restrict(&connection)?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;")?;
    Ok(connection)
}

/// What holds for whoever reads as well.
fn restrict(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_prepared_statement_cache_capacity(32);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A trigger that somebody put into the file would run with every write, and could keep what a rotation replaces.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch(&format!(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; \
         PRAGMA cache_size = -{CACHE_KIB};"
    ))
}

/// Called while another process holds the lock. Short waits at first: a writer beside a rotation has to catch the
/// moment between two batches.
fn wait_for_others(times: i32) -> bool {
    let wait = Duration::from_micros(if times < 1_000 { 100 } else { 2_000 });
    std::thread::sleep(wait);
    times < MAX_WAITS
}

fn explained(error: rusqlite::Error, path: &Path) -> StoreError {
    let message = error.to_string();
    let path = || path.display().to_string();
    let rusqlite::Error::SqliteFailure(ffi::Error { code, .. }, _) = error else {
        return StoreError::Corrupt { message };
    };
    match code {
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy,
        ErrorCode::DatabaseCorrupt => StoreError::Corrupt { message },
        ErrorCode::CannotOpen => {
            StoreError::Engine { fault: EngineFault::CannotOpen { path: path() }, source: error.into() }
        }
        // SQLite has no code of its own for this.
        ErrorCode::Unknown if message.starts_with("no such table") => StoreError::Corrupt { message },
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::NotADatabase => StoreError::Foreign { path: path() },
        ErrorCode::ReadOnly => StoreError::ReadOnly,
        _ => StoreError::engine(error),
    }
}

/// "SRM1" in ASCII.
const APPLICATION_ID: i64 = 0x5352_4d31;
/// "SRB1" in ASCII: the same tables, and no store that can be worked on.
const BACKUP_ID: i64 = 0x5352_4231;
const LAYOUT_VERSION: i64 = 1;
const PAGE_SIZE: u32 = 8192;
/// Each connection's page cache.
const CACHE_KIB: u32 = 8 * 1024;
/// A store changes between rest and use when a process begins or ends: not so often in a row.
const READ_ATTEMPTS: usize = 100;
const MAX_IDLE_READERS: usize = 16;
/// With the waits of `wait_for_others` and the few microseconds by which a sleep is late: 10 seconds.
const MAX_WAITS: i32 = 5_700;
const SCRUB_PATIENCE: Duration = Duration::from_secs(5);
