//! Why an engine could not do what it was asked.

use super::table::Table;
use crate::unsafe_path::UnsafePath;

/// Why the engine could not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A file that must be new is there already.
    #[error("{path} exists already")]
    AlreadyExists {
        /// The file.
        path: String,
    },
    /// There is a backup, and it is to be restored before it can be used.
    #[error("{path} is a backup")]
    Backup {
        /// Where.
        path: String,
    },
    /// Others held the store for too long.
    #[error("the store stayed locked by others")]
    Busy,
    /// Copies of rows stand in the store where no rotation reaches them.
    #[error("copies of rows stand in {place}, where no rotation reaches them")]
    Copies {
        /// Where, in words.
        place: String,
    },
    /// The medium holds something else than what was written.
    #[error("the store is damaged: {message}")]
    Corrupt {
        /// What the engine says.
        message: String,
    },
    /// The medium or the operating system failed.
    #[error("the storage engine failed{fault}")]
    Engine {
        /// At what.
        fault: EngineFault,
        /// What the engine says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// There is something, and it is not a strongroom store.
    #[error("{path} is not a strongroom store")]
    Foreign {
        /// Where.
        path: String,
    },
    /// The list of pages that are free is damaged: whoever takes one from it may write over rows. The rows can be read, and nothing is
    /// written.
    #[error("the list of free pages is damaged: {fault}")]
    FreePages {
        /// What is wrong with it.
        fault: String,
    },
    /// The medium is full.
    #[error("the disk is full: no space is left for the store")]
    Full,
    /// A batch was to be committed, and nobody knows whether it was: the medium failed so late that all of it may have taken
    /// effect, now or after the store is opened again. It is never half of it.
    ///
    /// A vault neither acknowledges nor denies the act then, and tries nothing again by itself. Whoever asked opens the vault anew and
    /// looks before going on: another try of an issue makes another API key, and another try of a revocation finds it done or
    /// does it.
    #[error("the storage engine failed in a commit, which may have taken effect")]
    InDoubt {
        /// What the engine says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file that was opened is not at its place any more: it was moved, deleted, or replaced by another. What this process has
    /// open nobody else sees.
    #[error("the file at {path} is not the one that was opened: it was moved, deleted or replaced meanwhile")]
    Moved {
        /// The place.
        path: String,
    },
    /// The file has another journal than a write-ahead log, as one that other tools have copied, and it cannot be changed while somebody
    /// else has it open.
    #[error("{path} has the journal mode `{mode}` and not `wal`, and others have it open")]
    JournalMode {
        /// The store.
        path: String,
        /// What it is.
        mode: String,
    },
    /// Written by a later version of strongroom.
    #[error("the store has layout version {found}, which this version of strongroom does not know")]
    NewerLayout {
        /// The version found.
        found: i64,
    },
    /// There is something, and it is not a backup.
    #[error("{path} is not a strongroom backup")]
    NotBackup {
        /// Where.
        path: String,
    },
    /// There is nothing.
    #[error("there is no store at {path}")]
    NotFound {
        /// Where.
        path: String,
    },
    /// Rows do not ascend by their keys, as they were written: the medium holds something else.
    #[error("the store is damaged: the rows of the table {table} are out of order at the key {key}")]
    OutOfOrder {
        /// Of which table.
        table: &'static str,
        /// The key that comes too late, in hexadecimal.
        key: String,
    },
    /// The store can only be read.
    #[error("the store can only be read")]
    ReadOnly,
    /// The tables are not as they were made, or something was added to them that would have a say in what is read or written. Nothing
    /// of it is executed.
    #[error("the schema of {path} is not the one that was made: {fault}")]
    Schema {
        /// The store.
        path: String,
        /// What is other than it was made.
        fault: SchemaFault,
    },
    /// The caller stopped it.
    #[error("stopped")]
    Stopped,
    /// What somebody else keeps in the store cannot be read, so that nobody can tell whether copies of rows are in it. The vault's own
    /// rows are not concerned.
    #[error("{place}, which is none of the store's, cannot be read: {message}")]
    Stranger {
        /// What it is, in words.
        place: String,
        /// What the engine says.
        message: String,
    },
    /// The engine has no such thing.
    #[error("this storage engine has no {what}")]
    Unsupported {
        /// What was asked of it.
        what: &'static str,
    },
    /// A row stands under a key that is no bytes, so that nothing finds it there.
    #[error("the store is damaged: a row of the table {table} has {kind} for its key, where only bytes stand: {key}")]
    KeyType {
        /// Of which table.
        table: &'static str,
        /// What stands there.
        kind: &'static str,
        /// The key, in hexadecimal or as a number.
        key: String,
    },
    /// Somebody was stopped in the middle of a change of a store without a write-ahead log. Before it is read, what was done of the
    /// change is to be taken back, and that writes the file.
    #[error(
        "a change of the store that was not finished stands in {path}: nothing can be read before it is taken back"
    )]
    Unfinished {
        /// The journal.
        path: String,
    },
    /// Files that others may exchange or write.
    #[error("{path} {fault}")]
    Unsafe {
        /// Which.
        path: String,
        /// What is wrong with it.
        fault: UnsafePath,
    },
}

impl StoreError {
    /// The engine, its medium or the operating system failed, and this is what it says.
    pub fn engine(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Engine { fault: EngineFault::Other, source: source.into() }
    }

    /// Nobody knows whether a commit took effect, and this is what the engine says.
    pub fn in_doubt(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::InDoubt { source: source.into() }
    }
}

/// What a storage engine failed at, as far as it matters for what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EngineFault {
    /// A file of the store cannot be opened.
    #[error(" to open {path}: it writes the file and its folder")]
    CannotOpen {
        /// The store.
        path: String,
    },
    /// A file of the store would become longer than the process may make one.
    #[error(": a file of {path} would be longer than this process may write")]
    FileLimit {
        /// The store.
        path: String,
    },
    /// The file system grants every lock to everybody, so that two writers overwrite each other.
    #[error(": the file system of {path} grants every lock to everybody")]
    LocksNotKept {
        /// The store.
        path: String,
    },
    /// The file system refuses every lock.
    #[error(": the file system of {path} refuses locks")]
    LocksRefused {
        /// The store.
        path: String,
    },
    /// The name is longer than SQLite, or the file system, takes it with what stands beside the file.
    #[error(": the name {path} is too long, with those of the files beside it")]
    NameTooLong {
        /// The store.
        path: String,
    },
    /// This process, or the system, has as many files open as it may.
    #[error(" to open {path}: no more files may be opened")]
    NoDescriptors {
        /// The store.
        path: String,
    },
    /// The file system has no memory that processes share, which a write-ahead log needs.
    #[error(": the file system of {path} has no write-ahead log")]
    NoLog {
        /// The store.
        path: String,
    },
    /// Anything else.
    #[error("")]
    Other,
    /// Anything else, at a file.
    #[error(" at {path}")]
    OtherAt {
        /// Which.
        path: String,
    },
}

/// What is other in a schema than it was made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SchemaFault {
    /// A table is defined in other words: other columns, types, collations or conditions.
    #[error("the table {table} is defined in another way")]
    Altered {
        /// Which.
        table: &'static str,
    },
    /// Something is there that is never in such a file.
    #[error("there is the {kind} {name:?}, which is no part of it")]
    Foreign {
        /// `table`, `trigger`, `view` or `index`.
        kind: &'static str,
        /// Its name.
        name: String,
    },
    /// There never was such a layout version: it was overwritten.
    #[error("there is no layout version {found}")]
    Layout {
        /// The version found.
        found: i64,
    },
    /// SQLite cannot read the schema: what it says of it.
    #[error("{message}")]
    Malformed {
        /// In its words.
        message: String,
    },
    /// All tables are there, and the number that marks the file as a store is another one.
    #[error("the file is marked with {found:#x}")]
    Mark {
        /// What stands there.
        found: i64,
    },
    /// A table is not there.
    #[error("the table {table} is missing")]
    Missing {
        /// Which.
        table: &'static str,
    },
    /// Something was added to a table, or stands in the place of one.
    #[error("there is the {kind} {name:?} on the table {table}")]
    Planted {
        /// `trigger`, `view`, `index` or `table`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// On which table.
        table: &'static str,
    },
}

/// Why a batch was not committed. Nothing of it happened, unless the error is [`StoreError::InDoubt`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Expectations that did not hold, by table and key: all of them.
    #[error("{} rows changed meanwhile", .0.len())]
    Conflict(Vec<(Table, Vec<u8>)>),
    /// The engine failed. Nothing of the batch happened, or, with [`StoreError::InDoubt`] and with no other, all of it may have.
    #[error(transparent)]
    Store(#[from] StoreError),
}
