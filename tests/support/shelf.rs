//! An engine of its own with backups: rows in memory, backups and restored stores on a shelf by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use strongroom::MemoryStore;
use strongroom::store::{
    BackupFormat, Batch, Change, Claim, CommitError, Effect, Expected, Row, Rows, Scrub, Store, StoreError, Table,
    UnfinishedBackup, UnfinishedStore, WatchCopy,
};

use super::past::{copied, overwrite};

/// What lies there. Clones are the same shelf.
#[derive(Clone, Default)]
pub(crate) struct Shelf(Arc<Mutex<BTreeMap<PathBuf, Kept>>>);

#[derive(Clone)]
pub(crate) enum Kept {
    Backup(MemoryStore),
    Store(MemoryStore),
}

impl Shelf {
    /// An empty store whose backups go here.
    pub(crate) fn new_store(&self) -> ShelfStore {
        ShelfStore { rows: MemoryStore::new(), shelf: self.clone(), writable: true }
    }

    /// The restored store of this name.
    pub(crate) fn restored(&self, name: impl AsRef<Path>) -> Option<ShelfStore> {
        match self.kept().get(name.as_ref()) {
            Some(Kept::Store(rows)) => Some(ShelfStore { rows: rows.clone(), shelf: self.clone(), writable: true }),
            _ => None,
        }
    }

    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.kept().keys().cloned().collect()
    }

    fn place(&self, name: &Path, kept: Kept) -> Result<(), StoreError> {
        let mut shelf = self.kept();
        if shelf.contains_key(name) {
            return Err(StoreError::AlreadyExists { path: name.display().to_string() });
        }
        shelf.insert(name.to_owned(), kept);
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Kept>> {
        self.0.lock().expect("nothing panics with it")
    }
}

impl BackupFormat for Shelf {
    fn open(&self, from: &Path) -> Result<Box<dyn Store>, StoreError> {
        let path = || from.display().to_string();
        match self.kept().get(from) {
            Some(Kept::Backup(rows)) => Ok(Box::new(self.reading(rows))),
            Some(Kept::Store(_)) => Err(StoreError::NotBackup { path: path() }),
            None => Err(StoreError::NotFound { path: path() }),
        }
    }

    fn begin_restore(
        &self,
        from: &Path,
        to: &Path,
        watch: &mut WatchCopy<'_>,
    ) -> Result<Box<dyn UnfinishedStore>, StoreError> {
        let (rows, to) = (copy(&*self.open(from)?, watch)?, to.to_owned());
        Ok(Box::new(Unfinished { rows, to, shelf: self.clone() }))
    }
}

impl Shelf {
    fn reading(&self, rows: &MemoryStore) -> ShelfStore {
        ShelfStore { rows: rows.clone(), shelf: self.clone(), writable: false }
    }
}

/// Rows in memory that can be backed up.
pub(crate) struct ShelfStore {
    rows: MemoryStore,
    shelf: Shelf,
    writable: bool,
}

impl Rows for ShelfStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.rows.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.rows.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.rows.scan(table, after, limit)
    }
}

impl Store for ShelfStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        if self.writable { self.rows.commit(batch) } else { Err(StoreError::ReadOnly.into()) }
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.rows.snapshot()
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.rows.scrub()
    }

    fn claim_rotation(&self) -> Result<Claim, StoreError> {
        self.rows.claim_rotation()
    }

    fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
        let (of, to, shelf) = (&self.rows, to.to_owned(), self.shelf.clone());
        Ok(Box::new(InTheMaking { of, copy: Unfinished { rows: MemoryStore::new(), to, shelf } }))
    }
}

struct InTheMaking<'s> {
    of: &'s MemoryStore,
    copy: Unfinished,
}

impl Rows for InTheMaking<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.copy.rows.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.copy.rows.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.copy.rows.scan(table, after, limit)
    }
}

impl UnfinishedBackup for InTheMaking<'_> {
    fn copy(&mut self, watch: &mut WatchCopy<'_>) -> Result<(), StoreError> {
        self.copy.rows = copy(self.of, watch)?;
        Ok(())
    }

    fn seal(&mut self, manifest: &[u8]) -> Result<(), StoreError> {
        overwrite(&self.copy.rows, Table::Vault, Table::MANIFEST, Some(manifest.to_vec()));
        Ok(())
    }

    fn reopen(&self) -> Result<Box<dyn Store>, StoreError> {
        self.copy.reopen()
    }

    fn publish(self: Box<Self>) -> Result<(), StoreError> {
        self.copy.shelf.place(&self.copy.to, Kept::Backup(self.copy.rows.clone()))
    }
}

struct Unfinished {
    rows: MemoryStore,
    to: PathBuf,
    shelf: Shelf,
}

impl UnfinishedStore for Unfinished {
    fn reopen(&self) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.shelf.reading(&self.rows)))
    }

    fn convert(&self) -> Result<Box<dyn Store>, StoreError> {
        overwrite(&self.rows, Table::Vault, Table::MANIFEST, None);
        Ok(Box::new(self.rows.clone()))
    }

    fn publish(self: Box<Self>) -> Result<(), StoreError> {
        self.shelf.place(&self.to, Kept::Store(self.rows.clone()))
    }
}

fn copy(from: &dyn Store, watch: &mut WatchCopy<'_>) -> Result<MemoryStore, StoreError> {
    let (rows, to) = (copied(from), MemoryStore::new());
    let count = rows.len() as u64;
    let change = |(table, key, value)| Change::new(table, key, Expected::Absent, Effect::Put(value));
    to.commit(&rows.into_iter().map(change).collect()).expect("it is empty");
    if watch(count, count).is_break() { Err(StoreError::Stopped) } else { Ok(to) }
}
