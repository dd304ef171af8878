//! A store in a file: opened, read, and seen at one moment.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::access::Access;
use super::at_rest::AtRest;
use super::connection::{connection, explained, keep_log};
use super::guarded::Guarded;
use super::header;
use super::layout::{LOG, Layout, lay_out, layout, no_log, number};
use super::locks;
use super::log_of::Alone;
use super::place::{Parts, Place, refuse_lost_log};
use super::statements::rows_by;
use super::{files, free_pages};
use crate::store::engine::Rows;
use crate::store::error::{EngineFault, StoreError};
use crate::store::table::Table;

/// A store in one SQLite file, with one connection that writes and as many that read as are needed at once.
pub struct SqliteStore {
    pub(super) path: PathBuf,
    pub(super) access: Access,
    place: Place,
    /// Absent where nothing may be written.
    writer: Option<Mutex<Guarded>>,
    readers: Mutex<Vec<Settled>>,
    /// What was wrong with the list of free pages on opening: whoever takes a page from it writes over what stands there.
    damaged_list: Option<String>,
}

impl SqliteStore {
    /// Opens the store at `path`, which must be there.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        files::refuse_no_name(path)?;
        files::refuse_missing(path)?;
        files::refuse_unsafe(path, Access::ReadWrite)?;
        Self::connect(path, false)
    }

    /// Opens the store at `path` to read it, and to write it where that can be: on a medium that cannot be written, or that is full, it
    /// is [only read](Self::open_read_only).
    pub fn open_to_read(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        match Self::open(path) {
            Err(error @ (StoreError::Engine { .. } | StoreError::Full | StoreError::ReadOnly)) => {
                Self::open_read_only(path).map_err(|other| match other {
                    unfinished @ StoreError::Unfinished { .. } => unfinished,
                    _ => error,
                })
            }
            opened => opened,
        }
    }

    /// Opens the store at `path` to read it: for a process that has no right to write its files or their folder. What others
    /// commit is seen at once. While no process that may write has the store open, each read opens the file anew, which takes
    /// longer.
    pub fn open_read_only(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        files::refuse_no_name(path)?;
        files::refuse_missing(path)?;
        files::refuse_unsafe(path, Access::ReadOnly)?;
        refuse_lost_log(path)?;
        let (access, place, path) = (Access::ReadOnly, Place::of(path)?, path.to_owned());
        let alone = Alone::of(&path);
        let store = Self { path, access, place, writer: None, readers: Mutex::default(), damaged_list: None };
        if let Some(alone) = alone {
            alone.must_go_on(store.read(|connection| alone.goes_on(connection)))?;
        }
        store.look()?;
        Ok(store)
    }

    /// Makes an empty store at `path`, readable and writable by its owner alone. An empty store that is there already, as an
    /// interrupted creation leaves one, is taken over. One that holds a vault is [`StoreError::AlreadyExists`], and any other file
    /// an error as well; they stay as they are. So is a file that `SQLite` would take for a part of the new store.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let store = Self::open_or_create(path)?;
        if store.scan(Table::Vault, None, 1)?.is_empty() {
            Ok(store)
        } else {
            Err(StoreError::AlreadyExists { path: store.path.display().to_string() })
        }
    }

    /// Opens the store at `path`, or makes an empty one where there is none, readable and writable by its owner alone. Any other
    /// file is an error, and stays as it is. Of several processes that call it at once one makes the store, and all open it.
    ///
    /// A wrong path makes a new store: what is to be there already is better [opened](Self::open).
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref();
        files::refuse_no_name(path)?;
        files::refuse_long_name(path)?;
        files::refuse_unsafe_folder(path)?;
        files::refuse_part(path)?;
        files::refuse_remains(path)?;
        let made = files::create_private(path)?;
        let opened = files::refuse_unsafe(path, Access::ReadWrite).and_then(|()| Self::connect(path, true));
        if opened.is_err() && made {
            files::remove_empty(path);
        }
        opened
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn connect(path: &Path, create: bool) -> Result<Self, StoreError> {
        refuse_lost_log(path)?;
        let explain = |error| explained(error, path);
        let (access, place, alone) = (Access::ReadWrite, Place::of(path)?, Alone::of(path));
        // Nothing is moved from the log into the file before it is known to be the file's own.
        let connection = connection(path, access, alone.is_some()).map_err(explain);
        let connection = connection.map_err(|error| match &alone {
            Some(alone) => alone.blamed(error),
            None => error,
        })?;
        if create && matches!(layout(&connection).map_err(explain)?, Layout::Empty) {
            files::make_private(path)?;
            lay_out(&connection, path).map_err(explain)?;
        }
        let writer = Some(Mutex::new(Guarded::store(connection, path).map_err(explain)?));
        let readers = Mutex::default();
        let mut store = Self { path: path.to_owned(), access, place, writer, readers, damaged_list: None };
        if let Some(alone) = alone {
            let writer = store.writer()?;
            alone.must_go_on(writer.read(|connection| alone.goes_on(connection)).map_err(explain))?;
            keep_log(writer.bare(), false).map_err(explain)?;
        }
        store.look()?;
        if store.writer()?.bare().is_readonly("main").map_err(explain)?
            && let Some(damage) = header::wrong_byte(path)
        {
            return Err(damage);
        }
        if store.use_write_ahead_log()? {
            store.look()?;
        }
        store.place.hold_parts(true)?;
        if !locks::are_kept(path) {
            let fault = EngineFault::LocksNotKept { path: path.display().to_string() };
            return Err(StoreError::Engine { fault, source: "a lock that was granted is not there".into() });
        }
        let fault = store.writer()?.read(|connection| free_pages::fault_to_come(connection, path)).map_err(explain)?;
        store.damaged_list = fault;
        Ok(store)
    }

    /// Who takes a page from such a list may write over rows. Reading goes on.
    pub(super) fn refuse_damaged_list(&self) -> Result<(), StoreError> {
        self.damaged_list.clone().map_or(Ok(()), |fault| Err(StoreError::FreePages { fault }))
    }

    /// Sets it where it is another one: other tools copy a store without it, and a fault at the moment of its making leaves it out.
    /// Whether it was.
    fn use_write_ahead_log(&self) -> Result<bool, StoreError> {
        let writer = self.writer()?;
        let mode = |sql| writer.bare().query_row(sql, [], |row| row.get::<_, String>(0));
        let found = mode("PRAGMA journal_mode").map_err(|error| self.explained(error))?;
        if found == LOG {
            return Ok(false);
        }
        let path = self.path.display().to_string();
        match mode("PRAGMA journal_mode = WAL").map_err(|error| self.explained(error)) {
            Ok(set) if set == LOG => {
                tracing::warn!(path, mode = found, "the store had no write-ahead log, and has one again");
                Ok(true)
            }
            Err(StoreError::Busy) => Err(StoreError::JournalMode { path, mode: found }),
            Err(error) => Err(error),
            Ok(mode) => Err(no_log(&self.path, &mode)),
        }
    }

    /// Reads something, and with it looks at what kind of file this is, and at its schema.
    fn look(&self) -> Result<(), StoreError> {
        let seen = |connection: &Connection| number(connection, "SELECT count(*) FROM (SELECT 1 FROM vault LIMIT 1)");
        match &self.writer {
            Some(_) => self.writer()?.read(seen).map_err(|error| self.explained(error))?,
            None => self.read(seen)?,
        };
        self.must_be_there()
    }

    /// What is at the place is still what was opened. What goes on in a file that is gone nobody else sees.
    pub(super) fn must_be_there(&self) -> Result<(), StoreError> {
        self.place.must_be_there()
    }

    /// So it was a moment ago.
    pub(super) fn must_have_been_there(&self) -> Result<(), StoreError> {
        self.place.must_have_been_there()
    }

    /// So it is, and the log holds what was committed.
    pub(super) fn must_hold_commit(&self) -> Result<(), StoreError> {
        self.place.must_hold_commit()
    }

    pub(super) fn writer(&self) -> Result<MutexGuard<'_, Guarded>, StoreError> {
        let writer = self.writer.as_ref().ok_or(StoreError::ReadOnly)?;
        Ok(writer.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        match self.access {
            Access::ReadWrite => self.read_beside_writers(work),
            Access::ReadOnly => self.read_unwriting(work),
        }
    }

    /// The same, for what is read of a store that is still at its place. Verification reads the keyring so once in a second.
    fn read_there<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let read = self.read(work);
        self.must_have_been_there()?;
        read
    }

    /// The same for one row. Whoever is about to write reads what it wrote last, which the connection that writes has at hand.
    fn read_one_there<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let Some(writer) = self.writer.as_ref().and_then(|writer| writer.try_lock().ok()) else {
            return self.read_there(work);
        };
        let read = writer.read(work).map_err(|error| self.explained(error));
        drop(writer);
        self.must_have_been_there()?;
        read
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
        if let Some(Settled { connection, parts }) = idle {
            // Who writes looks at the place itself.
            if self.access == Access::ReadOnly {
                self.place.must_have(parts)?;
            }
            return Ok(Reader { store: self, connection: Some(connection), parts: Some(parts) });
        }
        // A connection that is made over another log than that of the others would mix the two.
        self.must_be_there()?;
        let connection = connection(self.place.path(), self.access, false);
        let connection = connection.and_then(|connection| Guarded::store(connection, &self.path));
        Ok(Reader { store: self, connection: Some(connection.map_err(|error| self.explained(error))?), parts: None })
    }

    pub(super) fn begin_snapshot(&self) -> Result<Snapshot<'_>, StoreError> {
        let reader = self.reader()?;
        reader.connection().bare().execute_batch("BEGIN").map_err(|error| self.explained(error))?;
        let snapshot = Snapshot(reader);
        // The moment of a deferred transaction is that of its first read.
        snapshot.read(|connection| number(connection, "SELECT count(*) FROM (SELECT 1 FROM vault LIMIT 1)"))?;
        self.must_be_there()?;
        Ok(snapshot)
    }

    pub(super) fn explained(&self, error: rusqlite::Error) -> StoreError {
        explained(error, &self.path)
    }
}

rows_by!(SqliteStore, read_one_there, read, read_there);

impl Drop for SqliteStore {
    fn drop(&mut self) {
        let writer = self.writer.iter_mut().map(|writer| writer.get_mut().unwrap_or_else(PoisonError::into_inner));
        let readers = self.readers.get_mut().unwrap_or_else(PoisonError::into_inner).iter_mut();
        for connection in writer.chain(readers.map(|reader| &mut reader.connection)) {
            self.place.before_close(connection.bare());
        }
    }
}

/// A connection that has read, and what it has open beside the file.
struct Settled {
    connection: Guarded,
    parts: Parts,
}

/// A reading connection on loan from the pool.
struct Reader<'s> {
    store: &'s SqliteStore,
    connection: Option<Guarded>,
    /// Of one that was in the pool before.
    parts: Option<Parts>,
}

impl Reader<'_> {
    fn connection(&self) -> &Guarded {
        self.connection.as_ref().expect("the connection is only taken when the loan ends")
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.connection().read(work).map_err(|error| self.store.explained(error))
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        // One that is still in a transaction stands at an old moment, and must not go back to the pool.
        let settled = self.connection.take().filter(|connection| connection.bare().is_autocommit());
        let settled = settled.map(|connection| {
            let parts = self.parts.unwrap_or_else(|| self.store.place.parts_now());
            Settled { connection, parts }
        });
        let mut idle = self.store.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MAX_IDLE_READERS {
            idle.extend(settled);
        }
    }
}

pub(super) struct Snapshot<'s>(Reader<'s>);

impl Snapshot<'_> {
    pub(super) fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.0.read(work)
    }
}

rows_by!(Snapshot<'_>, read);

impl Drop for Snapshot<'_> {
    fn drop(&mut self) {
        if self.0.connection().bare().execute_batch("ROLLBACK").is_err() {
            // A connection that cannot leave its transaction must not go back to the pool.
            self.0.connection = None;
        }
    }
}

/// A store changes between rest and use when a process begins or ends: not so often in a row.
const READ_ATTEMPTS: usize = 100;
const MAX_IDLE_READERS: usize = 16;
