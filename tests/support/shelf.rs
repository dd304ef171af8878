//! An engine of its own with backups: rows in memory, backups and restored stores on a shelf by name.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use strongroom::MemoryStore;
use strongroom::store::{
    BackupFormat, Batch, CommitError, Expected, RotationClaim, Row, Rows, Scrub, Store, StoreError, Table,
    UnfinishedBackup, UnfinishedStore, WatchCopy,
};

use super::past::overwrite;

/// What lies there. Clones are the same shelf.
#[derive(Clone, Default)]
pub(crate) struct Shelf {
    kept: Arc<Mutex<BTreeMap<PathBuf, Kept>>>,
    fault: Option<Fault>,
}

/// What the engine does wrong on purpose.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    ChangesBackups,
    CopiesTooEarly,
    CopiesTwoMoments,
    LeavesBackups,
    LeavesStores,
    LosesUses,
    MarksTheStore,
    NeverStops,
    OpensBackups,
    Overwrites,
}

#[derive(Clone)]
pub(crate) enum Kept {
    Backup(MemoryStore),
    Store(MemoryStore),
}

impl Shelf {
    pub(crate) fn with(fault: Fault) -> Self {
        Self { fault: Some(fault), ..Self::default() }
    }

    fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// An empty store whose backups go here.
    pub(crate) fn new_store(&self) -> ShelfStore {
        self.over(&MemoryStore::new())
    }

    /// An engine's own way to open the store of a name.
    pub(crate) fn open_at(&self, path: &Path) -> Result<ShelfStore, StoreError> {
        let name = || path.display().to_string();
        match self.kept().get(path) {
            Some(Kept::Store(rows)) => Ok(self.over(rows)),
            Some(Kept::Backup(rows)) if self.has(Fault::OpensBackups) => Ok(self.over(rows)),
            Some(Kept::Backup(_)) => Err(StoreError::Backup { path: name() }),
            None => Err(StoreError::NotFound { path: name() }),
        }
    }

    /// A handle on these rows.
    pub(crate) fn over(&self, rows: &MemoryStore) -> ShelfStore {
        ShelfStore { rows: rows.clone(), shelf: self.clone(), writable: true }
    }

    pub(crate) fn names(&self) -> Vec<PathBuf> {
        self.kept().keys().cloned().collect()
    }

    fn place(&self, name: &Path, kept: Kept) -> Result<(), StoreError> {
        let mut shelf = self.kept();
        if shelf.contains_key(name) && self.fault.is_none_or(|fault| !fault.places_anyway()) {
            return Err(StoreError::AlreadyExists { path: name.display().to_string() });
        }
        shelf.insert(name.to_owned(), kept);
        Ok(())
    }

    fn kept(&self) -> MutexGuard<'_, BTreeMap<PathBuf, Kept>> {
        self.kept.lock().expect("nothing panics with it")
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
        let rows = copy(&*self.open(from)?.snapshot()?, self.fault, watch)?;
        if self.has(Fault::LeavesStores) {
            self.place(to, Kept::Store(rows.clone()))?;
        }
        let to = to.to_owned();
        Ok(Box::new(Unfinished { rows, to, shelf: self.clone() }))
    }
}

impl Shelf {
    fn reading(&self, rows: &MemoryStore) -> ShelfStore {
        ShelfStore { rows: rows.clone(), shelf: self.clone(), writable: self.has(Fault::ChangesBackups) }
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

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        self.rows.claim_rotation()
    }

    fn begin_backup(&self, to: &Path) -> Result<Box<dyn UnfinishedBackup + '_>, StoreError> {
        let (of, shelf) = (&self.rows, self.shelf.clone());
        let rows = match shelf.fault {
            Some(Fault::CopiesTooEarly) => copy(of, None, &mut |_, _| ControlFlow::Continue(()))?,
            _ => MemoryStore::new(),
        };
        if shelf.has(Fault::LeavesBackups) {
            shelf.place(to, Kept::Backup(rows.clone()))?;
        }
        Ok(Box::new(InTheMaking { of, copy: Unfinished { rows, to: to.to_owned(), shelf } }))
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
        match self.copy.shelf.fault {
            Some(Fault::CopiesTooEarly) => return Ok(()),
            fault @ Some(Fault::CopiesTwoMoments) => self.copy.rows = copy(self.of, fault, watch)?,
            fault => self.copy.rows = copy(&*self.of.snapshot()?, fault, watch)?,
        }
        Ok(())
    }

    fn seal(&mut self, manifest: &[u8]) -> Result<(), StoreError> {
        overwrite(&self.copy.rows, Table::Vault, Table::MANIFEST, Some(manifest.to_vec()));
        if self.copy.shelf.has(Fault::MarksTheStore) {
            overwrite(self.of, Table::Vault, Table::MANIFEST, Some(manifest.to_vec()));
        }
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
        if self.shelf.has(Fault::LosesUses) {
            for (key, _) in self.rows.scan(Table::Usage, None, usize::MAX)? {
                overwrite(&self.rows, Table::Usage, &key, None);
            }
        }
        Ok(Box::new(self.rows.clone()))
    }

    fn publish(self: Box<Self>) -> Result<(), StoreError> {
        self.shelf.place(&self.to, Kept::Store(self.rows.clone()))
    }
}

fn copy(from: &dyn Rows, fault: Option<Fault>, watch: &mut WatchCopy<'_>) -> Result<MemoryStore, StoreError> {
    let (mut batch, to) = (Batch::new(), MemoryStore::new());
    for &table in Table::ALL {
        for (key, value) in from.scan(table, None, usize::MAX)? {
            batch.put(table, key, value, Expected::Absent);
        }
    }
    let count = batch.changes().len() as u64;
    to.commit(&batch).expect("it is empty");
    let stopped = watch(count, count).is_break() && fault != Some(Fault::NeverStops);
    if stopped { Err(StoreError::Stopped) } else { Ok(to) }
}

impl Fault {
    fn places_anyway(self) -> bool {
        matches!(self, Self::LeavesBackups | Self::LeavesStores | Self::Overwrites)
    }
}
