//! The memory engine: for tests, examples, and services that load their API keys at every start.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use super::batch::{Batch, Effect, RowChange};
use super::engine::{RotationClaim, Rows, Scrub, Store};
use super::error::{CommitError, StoreError};
use super::table::{Row, Table};

/// Keeps everything in memory; gone when dropped. Clones share their rows.
#[derive(Clone, Default)]
pub struct MemoryStore {
    tables: Arc<RwLock<Tables>>,
    rotating: Arc<Mutex<bool>>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn read<T>(&self, read: impl FnOnce(&Tables) -> T) -> T {
        read(&self.tables.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Rows for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tables| tables.get(table, key))
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.read(|tables| tables.at_or_after(table, key))
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(|tables| tables.scan(table, after, limit))
    }
}

impl Store for MemoryStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        let broken =
            |change: &&RowChange| !change.expected.holds(tables.of(change.table).get(&change.key).map(Vec::as_slice));
        let conflicts: Vec<_> = batch.changes().iter().filter(broken).map(|c| (c.table, c.key.clone())).collect();
        if !conflicts.is_empty() {
            return Err(CommitError::Conflict(conflicts));
        }
        for change in batch.changes() {
            let rows = tables.0.entry(change.table).or_default();
            match &change.effect {
                Effect::Check => {}
                Effect::Delete => drop(rows.remove(&change.key)),
                Effect::Put(value) => drop(rows.insert(change.key.clone(), value.clone())),
            }
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        Ok(Box::new(self.read(Tables::clone)))
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        Ok(Scrub::Unsupported)
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        let mut rotating = self.rotating.lock().unwrap_or_else(PoisonError::into_inner);
        if std::mem::replace(&mut *rotating, true) {
            return Ok(RotationClaim::Held);
        }
        Ok(RotationClaim::Granted(Box::new(Held(Arc::clone(&self.rotating)))))
    }
}

struct Held(Arc<Mutex<bool>>);

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }
}

#[derive(Clone, Default)]
struct Tables(BTreeMap<Table, BTreeMap<Vec<u8>, Vec<u8>>>);

impl Tables {
    fn of(&self, table: Table) -> &BTreeMap<Vec<u8>, Vec<u8>> {
        static EMPTY: BTreeMap<Vec<u8>, Vec<u8>> = BTreeMap::new();
        self.0.get(&table).unwrap_or(&EMPTY)
    }
}

impl Rows for Tables {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.of(table).get(key).cloned())
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let mut rows = self.of(table).range::<[u8], _>((Bound::Included(key), Bound::Unbounded));
        Ok(rows.next().map(|(key, value)| (key.clone(), value.clone())))
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let rows = self.of(table).range::<[u8], _>((from, Bound::Unbounded)).take(limit);
        Ok(rows.map(|(key, value)| (key.clone(), value.clone())).collect())
    }
}
