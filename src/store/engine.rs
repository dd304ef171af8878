//! What an engine does: rows read, batches committed, backups made and restored.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::batch::Batch;
use super::error::{CommitError, StoreError};
use super::table::{Row, Table};

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

    /// What stands in the store beside its rows, piece by piece, each with its place in words: what somebody else keeps there, where
    /// copies of rows could be that no rotation reaches; and [`StoreError::Stranger`] for what of it cannot be read. By default
    /// nothing.
    fn each_stray(&self, each: &mut EachStray<'_>) -> Result<(), StoreError> {
        let _ = each;
        Ok(())
    }

    /// Gives every byte of the files of the store as it lies there, whether anything leads to it or not. Each piece begins with
    /// the last `overlap` bytes of the one before, or is the first of a file. Returns how many bytes there are. By default `None`:
    /// the engine has no such files.
    fn each_byte(&self, overlap: usize, each: &mut dyn FnMut(&[u8])) -> Result<Option<u64>, StoreError> {
        let _ = (overlap, each);
        Ok(None)
    }

    /// Builds the files of the store anew from what is in it, so that nothing is left of what is not. A rotation asks for it when it
    /// finds something old. By default nothing is done.
    fn compact(&self) -> Result<(), StoreError> {
        Ok(())
    }

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
}

/// Told of done and total while something is copied, in units of the engine's own, and at least once; it may stop that, and the
/// copy then answers [`StoreError::Stopped`]. What calls it holds no lock that a writer waits for.
pub type WatchCopy<'w> = dyn FnMut(u64, u64) -> ControlFlow<()> + 'w;

/// Told of what stands in a store beside its rows: of which place, and the bytes, or why they cannot be read.
pub type EachStray<'e> = dyn FnMut(&str, Result<&[u8], StoreError>) + 'e;

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

impl<R: Rows + ?Sized> Rows for &R {
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

            fn each_stray(&self, each: &mut EachStray<'_>) -> Result<(), StoreError> {
                (**self).each_stray(each)
            }

            fn each_byte(&self, overlap: usize, each: &mut dyn FnMut(&[u8])) -> Result<Option<u64>, StoreError> {
                (**self).each_byte(overlap, each)
            }

            fn compact(&self) -> Result<(), StoreError> {
                (**self).compact()
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
        }
        )*
    };
}

through_pointers!(Arc, Box);
