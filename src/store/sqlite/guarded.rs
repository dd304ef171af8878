//! A connection on which nothing is prepared over a schema that was not looked at.
//!
//! `SQLite` prepares a statement anew when the schema has changed since, before it executes it again. The authorizer is asked then,
//! and refuses; the schema is looked at in a transaction, and the statement tried again in the same. So a schema that stays costs
//! nothing, and one that changes is looked at before anything of it is executed.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, ffi};

use super::connection::raised;
use super::layout::{Layout, layout, number};
use super::schema;

pub(super) struct Guarded {
    connection: Connection,
    path: PathBuf,
    /// Whether a statement may be prepared.
    open: Arc<AtomicBool>,
    /// The version of the schema that was looked at last.
    version: AtomicI64,
    /// Which mark the file has to have.
    backup: bool,
}

impl Guarded {
    /// Of a store.
    pub(super) fn store(connection: Connection, path: &Path) -> rusqlite::Result<Self> {
        Self::new(connection, path, false)
    }

    /// Of a backup.
    pub(super) fn backup(connection: Connection, path: &Path) -> rusqlite::Result<Self> {
        Self::new(connection, path, true)
    }

    fn new(mut connection: Connection, path: &Path, backup: bool) -> rusqlite::Result<Self> {
        let open = Arc::new(AtomicBool::new(false));
        let gate = Arc::clone(&open);
        connection.authorizer(Some(move |context: AuthContext<'_>| match context.action {
            AuthAction::Pragma { .. } | AuthAction::Transaction { .. } => Authorization::Allow,
            _ if gate.load(Ordering::Relaxed) => Authorization::Allow,
            _ => Authorization::Deny,
        }))?;
        Ok(Self { connection, path: path.to_owned(), open, version: AtomicI64::new(NEVER), backup })
    }

    /// What needs no look: pragmas and the ends of transactions.
    pub(super) fn bare(&self) -> &Connection {
        &self.connection
    }

    pub(super) fn bare_mut(&mut self) -> &mut Connection {
        &mut self.connection
    }

    pub(super) fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        match work(&self.connection) {
            Err(error) if wants_a_look(&error) => self.read_looking(work),
            done => done,
        }
    }

    fn read_looking<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        if !self.connection.is_autocommit() {
            return self.look_and(work);
        }
        // What was looked at is what is read.
        let _moment = Transaction::new_unchecked(&self.connection, TransactionBehavior::Deferred)?;
        self.look_and(work)
    }

    /// Begins a transaction that writes, and does `work` in it.
    pub(super) fn write<T>(
        &self,
        work: impl Fn(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<(Writing<'_>, T)> {
        let begin = || Writing::begin(&self.connection);
        let transaction = begin()?;
        match work(&transaction) {
            Err(error) if wants_a_look(&error) => drop(transaction),
            done => return Ok((transaction, done?)),
        }
        let transaction = begin()?;
        let done = self.look_and(work)?;
        Ok((transaction, done))
    }

    /// Builds the file anew from what is in it.
    pub(super) fn vacuum(&self) -> rusqlite::Result<()> {
        self.read_looking(|_| Ok(()))?;
        self.open.store(true, Ordering::Relaxed);
        let _closed = Closed(&self.open);
        self.connection.execute_batch("VACUUM")
    }

    fn look_and<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> rusqlite::Result<T> {
        self.open.store(true, Ordering::Relaxed);
        let _closed = Closed(&self.open);
        let version = number(&self.connection, "PRAGMA schema_version")?;
        if self.version.load(Ordering::Relaxed) != version {
            match (layout(&self.connection)?, self.backup) {
                (Layout::Ours, false) | (Layout::Backup, true) => schema::must_be_ours(&self.connection)?,
                (other, false) => return Err(raised(other.refusal(&self.path))),
                (other, true) => return Err(raised(other.no_backup(&self.path))),
            }
            self.version.store(version, Ordering::Relaxed);
        }
        work(&self.connection)
    }
}

/// A transaction that writes, undone when it is dropped. Its statements are prepared once for a connection.
pub(super) struct Writing<'c>(&'c Connection);

impl<'c> Writing<'c> {
    fn begin(connection: &'c Connection) -> rusqlite::Result<Self> {
        execute(connection, "BEGIN IMMEDIATE")?;
        Ok(Self(connection))
    }

    pub(super) fn commit(self) -> rusqlite::Result<()> {
        execute(self.0, "COMMIT")
    }
}

impl Deref for Writing<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.0
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if !self.0.is_autocommit() {
            let _ = self.0.execute_batch("ROLLBACK");
        }
    }
}

fn execute(connection: &Connection, sql: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(sql)?.execute([]).map(drop)
}

/// Closes the gate when it goes.
struct Closed<'g>(&'g AtomicBool);

impl Drop for Closed<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// What the authorizer refused, and what cannot be made out: a table is missing, or a view stands in its place.
fn wants_a_look(error: &rusqlite::Error) -> bool {
    let rusqlite::Error::SqliteFailure(ffi::Error { code, extended_code }, _) = error else { return false };
    match code {
        ErrorCode::AuthorizationForStatementDenied => true,
        ErrorCode::Unknown => *extended_code == ffi::SQLITE_ERROR,
        _ => false,
    }
}

/// No schema has this version: it is 32 bits wide.
const NEVER: i64 = i64::MIN;
