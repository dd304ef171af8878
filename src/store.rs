//! What the vault needs of a storage engine: ordered tables of opaque bytes, and batches that happen whole or not.
//!
//! docs/engines.md in the repository goes through writing one, with an engine that runs.

#[cfg(feature = "conformance")]
pub mod conformance;
mod memory;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::fmt;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use crate::unsafe_path::UnsafePath;
use crate::uses::Usage;

pub use memory::MemoryStore;
#[cfg(feature = "sqlite")]
pub use sqlite::{SqliteBackups, SqliteStore};

/// A row: its key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// Reading rows.
pub trait Rows {
    /// The value at a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// The first row at or after a key, in key order. Verification uses it, so that an unknown id takes the same
    /// path as a known one.
    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError>;

    /// Up to `limit` rows after a key (from the first, when `None`), in key order.
    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError>;
}

/// A storage engine.
///
/// It takes keys of 1 to [`Table::MAX_KEY_LEN`] bytes and values of 0 to [`Table::MAX_VALUE_LEN`], whatever the bytes are, and
/// 100,000 changes in a batch. Every method may be called from any thread at any time, and by several processes where the engine
/// lets several open one store.
pub trait Store: Rows + Send + Sync {
    /// Makes every change of the batch, or none. When it returns `Ok`, the changes survive a power loss. An engine that cannot
    /// know whether they were made, or whether they will survive, answers [`StoreError::InDoubt`].
    fn commit(&self, batch: &Batch) -> Result<(), CommitError>;

    /// A view of all tables at one moment, which lies within this call, unmoved by later commits and hindering none.
    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError>;

    /// Makes bytes that were overwritten or deleted unreadable on the medium, as far as the engine can. A rotation ends with it,
    /// and its report says what was answered.
    fn scrub(&self) -> Result<Scrub, StoreError>;

    /// Claims the right to rotate. The operating system drops the claim when the process ends, so that whoever comes
    /// next need not wait to see whether the other is alive. By default [`RotationClaim::Unknown`]: the engine cannot tell, and
    /// whoever comes after a killed rotator waits for its lease.
    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        Ok(RotationClaim::Unknown)
    }

    /// What an operator should know of the files or the server behind the store, such as unsafe permissions. By
    /// default nothing.
    fn concerns(&self) -> Result<Vec<String>, StoreError> {
        Ok(vec![])
    }

    /// Begins a backup: reserves a place beside where it is to stand. What `to` names is the engine's affair; for an engine with
    /// files it is a path. By default [`StoreError::Unsupported`]. Where something is already, here or at
    /// [`publish`](UnfinishedBackup::publish), the answer is [`StoreError::AlreadyExists`]; while somebody else makes one there,
    /// it may be [`StoreError::Busy`].
    fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
        let _ = to;
        Err(StoreError::Unsupported { what: "backups" })
    }

    /// What the engine finds wrong with what it keeps, when it reads all of it. The doctor shows each line as damage. By default
    /// nothing.
    fn check(&self) -> Result<Vec<String>, StoreError> {
        Ok(vec![])
    }

    /// An empty store of the same kind on the same medium, to measure on; it is gone when it is dropped. By default
    /// `None`: there is no place for one, and a rotation is estimated without measuring.
    fn scratch(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
        Ok(None)
    }
}

/// Told of done and total while something is copied, in units of the engine's own, and at least once; it may stop that, and the
/// copy then answers [`StoreError::Stopped`]. What calls it holds no lock that a writer waits for.
pub type WatchCopy<'w> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'w;

/// A backup that is not in its place yet: copied, read, sealed, reopened and published, in this order. Dropped before it is
/// published, it is gone, and its place is free.
///
/// As [`Rows`] it is what was copied. Before [`copy`](Self::copy) and after [`seal`](Self::seal) nobody reads it so, and an engine
/// may answer either with an error.
///
/// A process that is killed meanwhile drops nothing. How what it leaves is recognised and removed is each engine's affair; the
/// names and locks in docs/format.md are those of SQLite files, and bind no other. It must never pass for a backup.
pub trait UnfinishedBackup: Rows {
    /// Copies every table as it stands at one moment, which lies within this call: what was committed before it is in the copy,
    /// also what was committed since the backup was begun, and what is committed after it is not. It comes to an end however
    /// much others write meanwhile, and holds none of them up. `watch` may stop it.
    fn copy(&mut self, watch: &mut WatchCopy<'_>) -> Result<(), StoreError>;

    /// Writes the manifest, as the row [`Table::MANIFEST`] of the copy alone. Nothing of the backup changes any more after that.
    fn seal(&mut self, manifest: &[u8]) -> Result<(), StoreError>;

    /// Opens it from what was written, to be read, as [`BackupFormat::open_checked`] opens one that is published: the vault
    /// verifies what will be kept, and not what is still in memory.
    fn reopen(&self) -> Result<Box<dyn Store>, StoreError>;

    /// Makes it durable and gives it its name, which must be free: what is there is never replaced, even if it came after the
    /// backup was begun, and the answer is [`StoreError::AlreadyExists`]. On success file and name survive a power loss.
    fn publish(self: Box<Self>) -> Result<(), StoreError>;
}

/// An engine's backups, for whoever has no store: opened to be read, and made stores again.
pub trait BackupFormat: Send + Sync {
    /// Opens a backup to read it. What is no backup, a store among it, is [`StoreError::NotBackup`]; where nothing is,
    /// [`StoreError::NotFound`].
    ///
    /// It is read alone: [`commit`](Store::commit), [`claim_rotation`](Store::claim_rotation) and
    /// [`begin_backup`](Store::begin_backup) change nothing (`commit` answers [`StoreError::ReadOnly`]),
    /// [`scrub`](Store::scrub) answers [`Scrub::Unsupported`], and a [`snapshot`](Store::snapshot) is the same rows. The other
    /// methods may keep their defaults. The engine's own function that opens stores refuses a backup with
    /// [`StoreError::Backup`].
    fn open(&self, from: &Path) -> Result<Box<dyn Store>, StoreError>;

    /// The same, once the engine has read all of it and found on the medium what was written; otherwise
    /// [`StoreError::Corrupt`]. By default it is [`open`](Self::open): for engines that have nothing to check, or check there.
    fn open_checked(&self, from: &Path) -> Result<Box<dyn Store>, StoreError> {
        self.open(from)
    }

    /// Copies a backup to beside where a store is to stand. Nothing may be there, as for [`Store::begin_backup`]. `watch` may
    /// stop it. By default [`StoreError::Unsupported`]: the engine only reads its backups.
    fn begin_restore(
        &self,
        from: &Path,
        to: &Path,
        watch: &mut WatchCopy<'_>,
    ) -> Result<Box<dyn UnfinishedStore>, StoreError> {
        let _ = (from, to, watch);
        Err(StoreError::Unsupported { what: "restoring" })
    }
}

/// A copy of a backup that is not in its place yet: read, made a store, written to, and published, in this order. What is read
/// is this copy, so that nobody can exchange it between the check and its use. Dropped before it is published, it is gone.
pub trait UnfinishedStore {
    /// Opens it as the backup that it still is, checked as by [`BackupFormat::open_checked`].
    fn reopen(&self) -> Result<Box<dyn Store>, StoreError>;

    /// Makes a store of it: the same rows but for the [`Table::MANIFEST`]. The vault commits to it before it is published.
    fn convert(&self) -> Result<Box<dyn Store>, StoreError>;

    /// Makes it durable and gives it its name, which must be free, as [`UnfinishedBackup::publish`] does. Nothing has it open any
    /// more.
    fn publish(self: Box<Self>) -> Result<(), StoreError>;
}

/// The tables every engine has (docs/format.md, Tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// Audit entries by sequence number.
    Audit,
    /// Records by API key id.
    Keys,
    /// API key ids by the HMAC of an imported token.
    Lookup,
    /// Counts of uses by API key id.
    Usage,
    /// The rows `keyring`, `head`, `rotation` while one is open, `backups` once one was taken, and in a backup `manifest`.
    Vault,
}

impl Table {
    /// Every table.
    pub const ALL: &[Self] = &[Self::Audit, Self::Keys, Self::Lookup, Self::Usage, Self::Vault];
    /// Key of the row of the table [`Vault`](Self::Vault) that holds the manifest, in a backup and nowhere else
    /// (docs/format.md, Backups).
    pub const MANIFEST: &[u8] = b"manifest";
    /// The longest key that an engine has to take. Those of a vault have 32 bytes at most.
    pub const MAX_KEY_LEN: usize = 64;
    /// The longest value that an engine has to take. The largest that a vault writes are counts of uses, which take half of it with
    /// [`Usage::MAX_ENDPOINTS`] long endpoints.
    pub const MAX_VALUE_LEN: usize = 1024 * 1024;

    /// Its name in engines that name tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Keys => "keys",
            Self::Lookup => "lookup",
            Self::Usage => "usage",
            Self::Vault => "vault",
        }
    }
}

/// Changes that happen together, each with what must be true of the value before. A batch names no row twice, and
/// every key has at least one byte.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    changes: Vec<Change>,
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Writes a value where `expected` holds.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>, expected: Expected) {
        self.changes.push(Change { table, key: key.into(), expected, effect: Effect::Put(value.into()) });
    }

    /// Deletes a row where `expected` holds.
    pub fn delete(&mut self, table: Table, key: impl Into<Vec<u8>>, expected: Expected) {
        self.changes.push(Change { table, key: key.into(), expected, effect: Effect::Delete });
    }

    /// Changes nothing, and conflicts unless `expected` holds.
    pub fn check(&mut self, table: Table, key: impl Into<Vec<u8>>, expected: Expected) {
        self.changes.push(Change { table, key: key.into(), expected, effect: Effect::Check });
    }

    /// The changes, in the order they were added.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Appends another batch's changes.
    pub fn append(&mut self, mut other: Self) {
        self.changes.append(&mut other.changes);
    }

    /// Keeps the first `len` changes.
    pub fn truncate(&mut self, len: usize) {
        self.changes.truncate(len);
    }

    /// Keeps the changes that `keep` accepts.
    pub fn retain(&mut self, keep: impl FnMut(&Change) -> bool) {
        self.changes.retain(keep);
    }
}

impl FromIterator<Change> for Batch {
    fn from_iter<I: IntoIterator<Item = Change>>(changes: I) -> Self {
        Self { changes: changes.into_iter().collect() }
    }
}

/// One change of a batch.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// Where.
    pub table: Table,
    /// The key of the row.
    pub key: Vec<u8>,
    /// What must be true of the value before.
    pub expected: Expected,
    /// What happens to the row.
    pub effect: Effect,
}

impl Change {
    /// A change of a row.
    pub fn new(table: Table, key: impl Into<Vec<u8>>, expected: Expected, effect: Effect) -> Self {
        Self { table, key: key.into(), expected, effect }
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let effect = match self.effect {
            Effect::Check => "check",
            Effect::Delete => "delete",
            Effect::Put(_) => "put",
        };
        write!(out, "{effect} {}/{}", self.table.name(), crate::secret::hex(&self.key))
    }
}

/// What a change does to its row.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an engine that passes over an effect loses a write: a new one must not compile"
)]
pub enum Effect {
    /// Nothing: only the expectation counts.
    Check,
    /// The row goes away.
    Delete,
    /// The row gets this value.
    Put(Vec<u8>),
}

/// What must be true of a row's value before a change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "an engine that passes over an expectation undoes what others did: a new one must not compile"
)]
pub enum Expected {
    /// There is no row.
    Absent,
    /// The row has exactly this value. Sealed values never repeat, so this is compare-and-swap.
    Exactly(Vec<u8>),
}

impl Expected {
    /// Whether the value found is the one expected.
    pub fn holds(&self, found: Option<&[u8]>) -> bool {
        match self {
            Self::Absent => found.is_none(),
            Self::Exactly(bytes) => found == Some(bytes.as_slice()),
        }
    }
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

/// How far scrubbing went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
#[serde(rename_all = "kebab-case")]
pub enum Scrub {
    /// Old values may remain until readers of old data have ended, or in places the engine does not reach.
    BestEffort,
    /// No overwritten value is left in the files of the store.
    Clean,
    /// The engine cannot.
    Unsupported,
}

/// What points to a store is one: a vault takes a `Box<dyn Store>`, and threads share an `Arc`.
macro_rules! through_pointers {
    ($($pointer:ident),*) => {
        $(
        impl<S: Rows + ?Sized> Rows for $pointer<S> {
            fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
                (**self).get(table, key)
            }

            fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
                (**self).at_or_after(table, key)
            }

            fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
                (**self).scan(table, after, limit)
            }
        }

        impl<S: Store + ?Sized> Store for $pointer<S> {
            fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
                (**self).commit(batch)
            }

            fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
                (**self).snapshot()
            }

            fn scrub(&self) -> Result<Scrub, StoreError> {
                (**self).scrub()
            }

            fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
                (**self).claim_rotation()
            }

            fn concerns(&self) -> Result<Vec<String>, StoreError> {
                (**self).concerns()
            }

            fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
                (**self).begin_backup(to)
            }

            fn check(&self) -> Result<Vec<String>, StoreError> {
                (**self).check()
            }

            fn scratch(&self) -> Result<Option<Box<dyn Store>>, StoreError> {
                (**self).scratch()
            }
        }
        )*
    };
}

through_pointers!(Arc, Box);

/// The answer to a claim to rotate.
#[non_exhaustive]
pub enum RotationClaim {
    /// Nobody else has it; it is given up when the value is dropped.
    Granted(Box<dyn Send + Sync>),
    /// A living process has it.
    Held,
    /// The engine cannot tell.
    Unknown,
}

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
    /// The medium is full.
    #[error("no space left for the store")]
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
    /// The store can only be read.
    #[error("the store can only be read")]
    ReadOnly,
    /// The caller stopped it.
    #[error("stopped")]
    Stopped,
    /// The engine has no such thing.
    #[error("this storage engine has no {what}")]
    Unsupported {
        /// What was asked of it.
        what: &'static str,
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
    #[error(" to open {path}, whose folder it has to write even to read")]
    CannotOpen {
        /// The store.
        path: String,
    },
    /// Anything else.
    #[error("")]
    Other,
}

// The counts of every endpoint fit, each with its length and its count.
const _: () = assert!(Usage::MAX_ENDPOINTS * (Usage::MAX_ENDPOINT_LEN + 16) < Table::MAX_VALUE_LEN);

/// The engine in the manual is compiled and asked.
#[cfg(doctest)]
#[doc = include_str!("../docs/engines.md")]
struct Manual;
