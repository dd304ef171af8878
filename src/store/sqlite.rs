//! The SQLite engine: one file, several processes, nothing lost by a power cut, nothing left of what was overwritten.

mod claim;
mod files;
mod scratch;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{CachedStatement, Connection, ErrorCode, OptionalExtension, TransactionBehavior, ffi, params};

use scratch::Scratch;

use super::{Batch, Claim, CommitError, Effect, Expected, Row, Rows, Scrub, Store, StoreError, Table};

/// A store in one SQLite file, with one connection that writes and as many that read as are needed at once.
pub struct SqliteStore {
    path: PathBuf,
    writer: Mutex<Connection>,
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
        let connection = connection(path).map_err(explain)?;
        match layout(&connection).map_err(explain)? {
            Layout::Ours => {}
            Layout::Empty if create => lay_out(&connection).map_err(explain)?,
            Layout::Empty => return Err(StoreError::NotFound { path: path.display().to_string() }),
            Layout::Newer(found) => return Err(StoreError::NewerLayout { found }),
            Layout::Foreign => return Err(StoreError::Foreign { path: path.display().to_string() }),
        }
        let mode = connection.query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0)).map_err(explain)?;
        if mode != "wal" {
            let message = format!("the journal mode is {mode}: this file system has no write-ahead log");
            return Err(StoreError::Engine { message });
        }
        Ok(Self { path: path.to_owned(), writer: Mutex::new(connection), readers: Mutex::default(), _scratch: None })
    }

    fn writer(&self) -> MutexGuard<'_, Connection> {
        self.writer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reader(&self) -> Result<Reader<'_>, StoreError> {
        let idle = self.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = idle.map_or_else(|| connection(&self.path), Ok).map_err(|error| self.explained(error))?;
        Ok(Reader { store: self, connection: Some(connection) })
    }

    fn explained(&self, error: rusqlite::Error) -> StoreError {
        explained(error, &self.path)
    }
}

impl Rows for SqliteStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.reader()?.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.reader()?.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.reader()?.scan(table, after, limit)
    }
}

impl Store for SqliteStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut writer = self.writer();
        let explain = |error| CommitError::Store(self.explained(error));
        let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate).map_err(explain)?;
        let conflicts = apply(&transaction, batch).map_err(explain)?;
        if !conflicts.is_empty() {
            return Err(CommitError::Conflict(conflicts));
        }
        transaction.commit().map_err(explain)
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        let reader = self.reader()?;
        // The moment of a deferred transaction is that of its first read.
        let begun = reader.connection().execute_batch("BEGIN; SELECT count(*) FROM vault");
        begun.map_err(|error| self.explained(error))?;
        Ok(Box::new(Snapshot(reader)))
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        // secure_delete has zeroed old values in the database; the write-ahead log still holds them. Readers of old
        // moments hinder its truncation, and are waited for.
        let deadline = Instant::now() + SCRUB_PATIENCE;
        loop {
            let mut writer = self.writer();
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

    fn scratch(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
        let scratch = Scratch::beside(&self.path)?;
        let store = Self::create(scratch.store())?;
        Ok(Some(Box::new(Self { _scratch: Some(scratch), ..store })))
    }

    fn claim_rotation(&self) -> Result<Claim, StoreError> {
        claim::claim(&self.path)
    }

    fn concerns(&self) -> Result<Vec<String>, StoreError> {
        let mut concerns = files::concerns(&self.path);
        let reader = self.reader()?;
        let explain = |error| self.explained(error);
        let mut check = reader.connection().prepare("PRAGMA quick_check(20)").map_err(explain)?;
        let lines = check.query_map([], |row| row.get::<_, String>(0)).map_err(explain)?;
        for line in lines {
            let line = line.map_err(explain)?;
            if line != "ok" {
                concerns.push(format!("SQLite's quick_check: {line}"));
            }
        }
        Ok(concerns)
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

    fn prepared(&self, sql: &str) -> Result<CachedStatement<'_>, StoreError> {
        self.connection().prepare_cached(sql).map_err(|error| self.store.explained(error))
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

impl Rows for Reader<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = self.prepared(sql(table).get)?.query_row([key], |row| bytes(row, 0)).optional();
        found.map_err(|error| self.store.explained(error))
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let found = self.prepared(sql(table).at_or_after)?.query_row([key], row).optional();
        found.map_err(|error| self.store.explained(error))
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        // Every key has at least one byte, so the empty one stands before the first.
        let mut statement = self.prepared(sql(table).scan)?;
        let rows = statement.query_map(params![after.unwrap_or(&[]), limit], row).and_then(Iterator::collect);
        rows.map_err(|error| self.store.explained(error))
    }
}

struct Snapshot<'s>(Reader<'s>);

impl Rows for Snapshot<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.0.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.0.scan(table, after, limit)
    }
}

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.0.connection().execute_batch("ROLLBACK").is_err() {
            // A connection that cannot leave its transaction must not go back to the pool.
            self.0.connection = None;
        }
    }
}

/// Applies every change and returns the places whose expectation did not hold; the caller then rolls back.
fn apply(connection: &Connection, batch: &Batch) -> rusqlite::Result<Vec<(Table, Vec<u8>)>> {
    let (mut conflicts, mut prepared) = (vec![], Prepared { connection, last: None });
    for change in batch.changes() {
        let sql = sql(change.table);
        let key = &change.key;
        let held = match (&change.effect, &change.expected) {
            (Effect::Put(value), Expected::Exactly(old)) => {
                prepared.statement(sql.replace)?.execute(params![key, old, value])? == 1
            }
            (Effect::Put(value), Expected::Absent) => {
                prepared.statement(sql.insert)?.execute(params![key, value])? == 1
            }
            (Effect::Delete, Expected::Exactly(old)) => {
                prepared.statement(sql.delete)?.execute(params![key, old])? == 1
            }
            (Effect::Check, _) | (Effect::Delete, Expected::Absent) => {
                let found: Option<Vec<u8>> =
                    prepared.statement(sql.get)?.query_row([key], |row| bytes(row, 0)).optional()?;
                change.expected.holds(found.as_deref())
            }
        };
        if !held {
            conflicts.push((change.table, key.clone()));
        }
    }
    Ok(conflicts)
}

/// The statement used last: neighbours in a batch mostly want the same.
struct Prepared<'c> {
    connection: &'c Connection,
    last: Option<(&'static str, CachedStatement<'c>)>,
}

impl<'c> Prepared<'c> {
    fn statement(&mut self, sql: &'static str) -> rusqlite::Result<&mut CachedStatement<'c>> {
        let kept = self.last.take().filter(|(last, _)| std::ptr::eq(*last, sql));
        let kept = kept.map_or_else(|| self.connection.prepare_cached(sql).map(|statement| (sql, statement)), Ok)?;
        Ok(&mut self.last.insert(kept).1)
    }
}

fn row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Row> {
    Ok((bytes(row, 0)?, bytes(row, 1)?))
}

/// What is no blob was not written by this program. It reads as no bytes, which nothing above takes for whole: one
/// such value must not hide the rows after it.
fn bytes(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(row.get_ref(column)?.as_blob().unwrap_or_default().to_vec())
}

struct Sql {
    get: &'static str,
    at_or_after: &'static str,
    scan: &'static str,
    replace: &'static str,
    insert: &'static str,
    delete: &'static str,
}

macro_rules! statements {
    ($table:literal) => {
        Sql {
            get: concat!("SELECT v FROM ", $table, " WHERE k = ?1"),
            at_or_after: concat!("SELECT k, v FROM ", $table, " WHERE k >= ?1 ORDER BY k LIMIT 1"),
            scan: concat!("SELECT k, v FROM ", $table, " WHERE k > ?1 ORDER BY k LIMIT ?2"),
            replace: concat!("UPDATE ", $table, " SET v = ?3 WHERE k = ?1 AND v = ?2"),
            insert: concat!("INSERT INTO ", $table, " (k, v) VALUES (?1, ?2) ON CONFLICT DO NOTHING"),
            delete: concat!("DELETE FROM ", $table, " WHERE k = ?1 AND v = ?2"),
        }
    };
}

fn sql(table: Table) -> &'static Sql {
    match table {
        Table::Audit => &const { statements!("audit") },
        Table::Keys => &const { statements!("keys") },
        Table::Lookup => &const { statements!("lookup") },
        Table::Vault => &const { statements!("vault") },
    }
}

enum Layout {
    Empty,
    Foreign,
    Newer(i64),
    Ours,
}

fn layout(connection: &Connection) -> rusqlite::Result<Layout> {
    let pragma = |sql| connection.query_row(sql, [], |row| row.get::<_, i64>(0));
    let tables = pragma("SELECT count(*) FROM sqlite_schema")?;
    Ok(match (pragma("PRAGMA application_id")?, pragma("PRAGMA user_version")?) {
        (APPLICATION_ID, LAYOUT_VERSION) => Layout::Ours,
        (APPLICATION_ID, newer) => Layout::Newer(newer),
        (0, 0) if tables == 0 => Layout::Empty,
        _ => Layout::Foreign,
    })
}

/// Makes the tables, all at once or not at all.
fn lay_out(connection: &Connection) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_SIZE)?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0))?;
    let create = |table: Table| {
        format!("CREATE TABLE {} (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID;\n", table.name())
    };
    let tables = Table::ALL.map(create).concat();
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;\n{tables}PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {LAYOUT_VERSION};\nCOMMIT;"
    ))
}

fn connection(path: &Path) -> rusqlite::Result<Connection> {
    use rusqlite::OpenFlags as Flags;
    let mut connection =
        Connection::open_with_flags(path, Flags::SQLITE_OPEN_READ_WRITE | Flags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_handler(Some(wait_for_others))?;
    connection.set_prepared_statement_cache_capacity(32);
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    // A trigger that somebody put into the file would run with every write, and could keep what a rotation replaces.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_VIEW, false)?;
    connection.execute_batch(&format!(
        "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -{CACHE_KIB};"
    ))?;
    Ok(connection)
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
        ErrorCode::CannotOpen => StoreError::Engine {
            message: format!("{message} (SQLite needs to write the folder of {}, even to read)", path()),
        },
        ErrorCode::Unknown if message.starts_with("no such table") => StoreError::Corrupt { message },
        ErrorCode::DiskFull => StoreError::Full,
        ErrorCode::NotADatabase => StoreError::Foreign { path: path() },
        ErrorCode::ReadOnly => StoreError::ReadOnly,
        _ => StoreError::Engine { message },
    }
}

/// "SRM1" in ASCII.
const APPLICATION_ID: i64 = 0x5352_4d31;
const LAYOUT_VERSION: i64 = 1;
const PAGE_SIZE: u32 = 8192;
/// Each connection's page cache.
const CACHE_KIB: u32 = 8 * 1024;
const MAX_IDLE_READERS: usize = 16;
/// With the waits of `wait_for_others` and the few microseconds by which a sleep is late: 10 seconds.
const MAX_WAITS: i32 = 5_700;
const SCRUB_PATIENCE: Duration = Duration::from_secs(5);
