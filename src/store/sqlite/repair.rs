//! A store that is mended in one transaction, as far as nothing is guessed. The commit that tells of it in the audit log ends the
//! transaction: both are there, or neither.

mod found;
mod rows;
mod schema;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;

use super::access::Access;
use super::connection::{commit_failed, connection, connection_to_mend, explained, keep_log};
use super::free_pages::FreePages;
use super::guarded::Guarded;
use super::handle::SqliteStore;
use super::header::APPLICATION_ID;
use super::layout::{LAYOUT_VERSION, LOG, Layout, layout, no_log, number};
use super::log_of::Alone;
use super::place::{Place, refuse_lost_log};
use super::schema::must_be_ours;
use super::statements::{apply, rows_by};
use super::unfinished::Unfinished;
use super::{files, free_pages, whole};
use crate::store::batch::Batch;
use crate::store::engine::{Rows, Scrub, Store};
use crate::store::error::{CommitError, SchemaFault, StoreError};
use crate::store::table::Table;

use found::Found;

pub use found::Mended;

/// A SQLite store that is being mended: also one that [`SqliteStore::open`](crate::SqliteStore::open) refuses for its schema. Nothing
/// of it is there for others before a commit, and the first commit is the last. Dropped without one, the store is as it was.
///
/// A vault is opened over it (an `Arc` of it) to judge its rows ([`Vault::mend`](crate::Vault::mend)), and records what was mended
/// ([`Vault::record_repair`](crate::Vault::record_repair)); then [`finish`](Self::finish) zeroes what is left of what was removed.
///
/// What it mends: a journal mode, layout number or schema that is not the one that was made, where the rows can be read all the same;
/// tables, indexes, triggers and views on tables of the store; tables of statistics; with a vault also tables of others that hold
/// copies of its rows, and keys and values that are no bytes. What remains refuses the store as before.
pub struct SqliteRepair {
    path: PathBuf,
    place: Place,
    connection: Mutex<Connection>,
    found: Mutex<Found>,
    rehearsal: bool,
}

impl SqliteRepair {
    /// Begins to mend the store at `path`. Nobody else writes it until this is dropped.
    pub fn begin(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::on(path.as_ref(), false)
    }

    /// The same without an end: nothing can be committed, so that [`mended`](Self::mended) tells what would be.
    pub fn rehearse(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        Self::on(path.as_ref(), true)
    }

    /// What was mended.
    pub fn mended(&self) -> Vec<Mended> {
        self.found().mended.clone()
    }

    /// Rows that are no bytes and stay so, since nobody can tell what they should be; some of each table.
    pub fn unmended(&self) -> Vec<String> {
        self.found().left.clone()
    }

    /// Copies the file of a store as it is, with all that stands in it, to a new file.
    pub fn copy(path: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<(), StoreError> {
        let (path, to) = (path.as_ref(), to.as_ref());
        let still = Self::on(path, true)?;
        if !still.found().log_is_empty {
            return Err(StoreError::Busy);
        }
        let file = Unfinished::beside(to)?;
        let mut written = Ok(());
        whole::each_piece(path, 0, &mut |piece| {
            if written.is_ok() {
                written = std::io::Write::write_all(&mut file.file(), piece);
            }
        })
        .map_err(files::failed)?;
        written.map_err(files::failed)?;
        file.publish()
    }

    /// Builds the file anew where there are old bytes between its rows, once what was mended is committed.
    pub fn finish(&self) -> Result<(), StoreError> {
        let store = SqliteStore::open(&self.path)?;
        if self.found().orphans {
            store.compact()?;
        }
        store.scrub().map(drop)
    }

    fn on(path: &Path, rehearsal: bool) -> Result<Self, StoreError> {
        files::refuse_no_name(path)?;
        files::refuse_missing(path)?;
        files::refuse_unsafe(path, Access::ReadWrite)?;
        refuse_lost_log(path)?;
        let explain = |error| explained(error, path);
        let (place, alone) = (Place::of(path)?, Alone::of(path));
        let connection = connection_to_mend(path, alone.is_some()).map_err(explain)?;
        if let Some(alone) = alone {
            alone.must_go_on(alone.goes_on(&connection).map_err(explain))?;
            keep_log(&connection, false).map_err(explain)?;
        }
        let marks = Marks::of(&connection, path)?;
        let mut found = Found::default();
        mend_journal(&connection, path, rehearsal, &mut found)?;
        found.log_is_empty = empty_log(&connection).map_err(explain)?;
        connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)?;
        place.hold_parts(false)?;
        if !found.log_is_empty && !rehearsal {
            // Whether a page is free is seen in the file alone.
            return Err(StoreError::Busy);
        }
        if found.log_is_empty {
            mend_list(&connection, path, rehearsal, &mut found)?;
        }
        if found.log_is_empty && FreePages::of(path)?.dirty && !found.lists() {
            found.add(Mended::FREE_PAGES, 1, "old bytes in free pages of the file".into());
        }
        marks.mend(&connection, &mut found).map_err(explain)?;
        schema::mend(path, &connection, &mut found).map_err(explain)?;
        must_be_ours(&connection).map_err(explain)?;
        // Whether they are the right ones shows when the vault is opened.
        rows::mend(&connection, Table::Vault, &mut found, &mut |_, _, _| true).map_err(explain)?;
        Ok(Self {
            path: path.to_owned(),
            place,
            connection: Mutex::new(connection),
            found: Mutex::new(found),
            rehearsal,
        })
    }

    /// Makes keys and values bytes again, where `is_ours` says that they are a row then.
    pub(crate) fn mend_rows(&self, is_ours: &mut rows::IsOurs<'_>) -> Result<(), StoreError> {
        let (connection, mut found) = (self.connection(), self.found());
        for &table in Table::ALL {
            rows::mend(&connection, table, &mut found, is_ours).map_err(|error| self.explained(error))?;
        }
        Ok(())
    }

    /// Removes rows of a table of which `is_strange` says so, and where `with_others` also those that are no bytes; `what` says what they
    /// are.
    pub(crate) fn remove_rows(
        &self,
        table: Table,
        what: &str,
        with_others: bool,
        is_strange: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), StoreError> {
        let (connection, mut found) = (self.connection(), self.found());
        rows::remove(&connection, table, what, with_others, &mut found, is_strange)
            .map_err(|error| self.explained(error))
    }

    /// A table that was made anew and has rows has at least one of which `is_ours` says that it is one: its columns may have been others.
    pub(crate) fn must_have_been_rows(&self, is_ours: &mut rows::IsOurs<'_>) -> Result<(), StoreError> {
        let remade = self.found().remade.clone();
        for table in remade {
            let some = self.scan(table, None, TRIED)?;
            if !some.is_empty() && !some.iter().any(|(key, value)| is_ours(table, key, value)) {
                let (path, fault) = (self.path.display().to_string(), SchemaFault::Altered { table: table.name() });
                return Err(StoreError::Schema { path, fault });
            }
        }
        Ok(())
    }

    /// Removes what somebody else keeps in the file and has copies of rows in it.
    pub(crate) fn remove_copies(&self, is_copy: &mut dyn FnMut(&[u8]) -> bool) -> Result<(), StoreError> {
        let (connection, mut found) = (self.connection(), self.found());
        schema::remove_copies(&self.path, &connection, &mut found, is_copy).map_err(|error| self.explained(error))
    }

    fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        work(&self.connection()).map_err(|error| self.explained(error))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> MutexGuard<'_, Found> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn must_be_there(&self) -> Result<(), StoreError> {
        self.place.must_be_there()
    }

    fn explained(&self, error: rusqlite::Error) -> StoreError {
        explained(error, &self.path)
    }
}

rows_by!(SqliteRepair, read);

impl Drop for SqliteRepair {
    fn drop(&mut self) {
        self.place.before_close(&self.connection());
    }
}

impl Store for SqliteRepair {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let connection = self.connection();
        if self.rehearsal || connection.is_autocommit() {
            return Err(StoreError::ReadOnly.into());
        }
        let explain = |error| CommitError::Store(self.explained(error));
        connection.execute_batch("SAVEPOINT batch").map_err(explain)?;
        let conflicts = apply(&connection, batch).map_err(explain)?;
        if !conflicts.is_empty() {
            connection.execute_batch("ROLLBACK TO batch; RELEASE batch").map_err(explain)?;
            return Err(CommitError::Conflict(conflicts));
        }
        connection.execute_batch("RELEASE batch").map_err(explain)?;
        must_be_ours(&connection).map_err(explain)?;
        self.must_be_there()?;
        let committed = connection.execute_batch("COMMIT");
        committed.map_err(|error| CommitError::Store(commit_failed(error, &self.path)))?;
        self.must_be_there().map_err(|moved| StoreError::in_doubt(moved).into())
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        Ok(Box::new(self))
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        Ok(Scrub::Unsupported)
    }
}

/// What marks the file as a store of this layout.
struct Marks {
    /// What stands there instead.
    mark: Option<i64>,
    version: Option<i64>,
}

impl Marks {
    /// Of a store of ours. There is no layout before the first, so that a lower number was overwritten.
    fn of(connection: &Connection, path: &Path) -> Result<Self, StoreError> {
        let explain = |error| explained(error, path);
        let number = |sql| number(connection, sql).map_err(explain);
        let (mark, version) = (number("PRAGMA application_id")?, number("PRAGMA user_version")?);
        let marked = mark == APPLICATION_ID || matches!(layout(connection).map_err(explain)?, Layout::Unmarked(_));
        if !marked || version > LAYOUT_VERSION {
            return Err(layout(connection).map_err(explain)?.refusal(path));
        }
        let other = |found, right| Some(found).filter(|found| *found != right);
        Ok(Self { mark: other(mark, APPLICATION_ID), version: other(version, LAYOUT_VERSION) })
    }

    fn mend(&self, connection: &Connection, found: &mut Found) -> rusqlite::Result<()> {
        if let Some(mark) = self.mark {
            connection.execute_batch(&format!("PRAGMA application_id = {APPLICATION_ID}"))?;
            found.add(Mended::SCHEMA, 1, format!("the file was marked with {mark:#x}"));
        }
        if let Some(version) = self.version {
            connection.execute_batch(&format!("PRAGMA user_version = {LAYOUT_VERSION}"))?;
            found.add(Mended::SCHEMA, 1, format!("the layout version was {version}, which there never was"));
        }
        Ok(())
    }
}

/// Builds the file anew where its list of free pages is damaged, or where its header says that it vacuums itself, before a page is taken
/// from it. Only over a schema that is ours: what else is wrong cannot be mended without taking one.
fn mend_list(connection: &Connection, path: &Path, rehearsal: bool, found: &mut Found) -> Result<(), StoreError> {
    let explain = |error| explained(error, path);
    let fault = free_pages::fault(connection, path).map_err(explain)?;
    let vacuums = number(connection, "PRAGMA auto_vacuum").map_err(explain)? != 0;
    let what = match &fault {
        Some(fault) => format!("the list of free pages was damaged: {fault}"),
        None if vacuums => "the file was to vacuum itself, as no store does".into(),
        None => return Ok(()),
    };
    if let Some(fault) = &fault
        && must_be_ours(connection).is_err()
    {
        // No repair mends both: neither the one error nor the other, which name one.
        let message = format!(
            "the list of free pages is damaged: {fault}. The schema is not the one that was made either, so that the file cannot be built anew"
        );
        return Err(StoreError::Corrupt { message });
    }
    found.add(Mended::FREE_LIST, 1, what);
    if rehearsal {
        return Ok(());
    }
    connection.execute_batch("ROLLBACK").map_err(explain)?;
    build_anew(path).map_err(explain)?;
    found.log_is_empty = empty_log(connection).map_err(explain)?;
    connection.execute_batch("BEGIN IMMEDIATE").map_err(explain)?;
    match free_pages::fault(connection, path).map_err(explain)? {
        Some(fault) => Err(StoreError::FreePages { fault }),
        None => Ok(()),
    }
}

/// From the trees of the tables alone, so that nothing of the list is left.
fn build_anew(path: &Path) -> rusqlite::Result<()> {
    let connection = Guarded::store(connection(path, Access::ReadWrite, false)?, path)?;
    connection.bare().execute_batch("PRAGMA auto_vacuum = 0")?;
    connection.vacuum()
}

fn mend_journal(connection: &Connection, path: &Path, rehearsal: bool, found: &mut Found) -> Result<(), StoreError> {
    let mode =
        |sql| connection.query_row(sql, [], |row| row.get::<_, String>(0)).map_err(|error| explained(error, path));
    let before = mode("PRAGMA journal_mode")?;
    if before == LOG {
        return Ok(());
    }
    found.add(Mended::JOURNAL, 1, format!("the journal mode was {before}, and is a write-ahead log"));
    if rehearsal {
        return Ok(());
    }
    match mode("PRAGMA journal_mode = WAL") {
        Ok(set) if set == LOG => Ok(()),
        Ok(stays) => Err(no_log(path, &stays)),
        Err(StoreError::Busy) => Err(StoreError::JournalMode { path: path.display().to_string(), mode: before }),
        Err(error) => Err(error),
    }
}

/// Rows of a table that was made anew.
const TRIED: usize = 100;

/// Whether the file holds everything now: somebody who reads an old moment hinders it.
fn empty_log(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}
