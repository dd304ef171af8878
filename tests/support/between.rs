//! A store that passes everything on to memory, but for what a test puts in between.

use std::ops::Deref;
use std::sync::Arc;

use strongroom::MemoryStore;
use strongroom::store::{Batch, CommitError, RotationClaim, Row, Rows, Scrub, Store, StoreError, Table};

/// What happens between a vault and its rows. Whatever is not said passes through; snapshots, once taken, always do.
pub(crate) trait Between: Send + Sync + 'static {
    fn get(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        rows.get(table, key)
    }

    fn at_or_after(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        rows.at_or_after(table, key)
    }

    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        rows.scan(table, after, limit)
    }

    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        rows.commit(batch)
    }

    fn snapshot<'r>(&self, rows: &'r MemoryStore) -> Result<Box<dyn Rows + 'r>, StoreError> {
        rows.snapshot()
    }

    fn scrub(&self, rows: &MemoryStore) -> Result<Scrub, StoreError> {
        rows.scrub()
    }

    fn claim_rotation(&self, rows: &MemoryStore) -> Result<RotationClaim, StoreError> {
        rows.claim_rotation()
    }

    fn check(&self, rows: &MemoryStore) -> Result<Vec<String>, StoreError> {
        rows.check()
    }
}

/// Memory with something in between. Clones share both.
pub(crate) struct Through<B> {
    pub(crate) rows: MemoryStore,
    between: Arc<B>,
}

impl<B: Default> Through<B> {
    /// Another way to the same rows.
    pub(crate) fn over(rows: &MemoryStore) -> Self {
        Self { rows: rows.clone(), between: Arc::default() }
    }
}

impl<B: Default> Default for Through<B> {
    fn default() -> Self {
        Self::over(&MemoryStore::new())
    }
}

impl<B> Clone for Through<B> {
    fn clone(&self) -> Self {
        Self { rows: self.rows.clone(), between: Arc::clone(&self.between) }
    }
}

impl<B> Deref for Through<B> {
    type Target = B;

    fn deref(&self) -> &B {
        &self.between
    }
}

impl<B: Between> Rows for Through<B> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.between.get(&self.rows, table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.between.at_or_after(&self.rows, table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.between.scan(&self.rows, table, after, limit)
    }
}

impl<B: Between> Store for Through<B> {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        self.between.commit(&self.rows, batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.between.snapshot(&self.rows)
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.between.scrub(&self.rows)
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        self.between.claim_rotation(&self.rows)
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.between.check(&self.rows)
    }
}
