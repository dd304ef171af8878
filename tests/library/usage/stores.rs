//! Stores that count, and that fail in ways of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strongroom::MemoryStore;
use strongroom::store::{Batch, CommitError, Effect, Row, Rows, Scrub, Store, StoreError, Table};

/// Memory that counts the commits that change something.
#[derive(Clone, Default)]
pub(crate) struct Counting {
    pub(crate) rows: MemoryStore,
    commits: Arc<AtomicU64>,
}

impl Counting {
    pub(crate) fn commits(&self) -> u64 {
        self.commits.load(Ordering::SeqCst)
    }
}

impl Store for Counting {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        assert!(batch.changes().iter().any(|change| change.effect != Effect::Check));
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.rows.commit(batch)
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.rows.snapshot()
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.rows.scrub()
    }
}

/// Memory whose commits take effect and say that they failed, as often as is wanted.
#[derive(Clone, Default)]
pub(crate) struct Late {
    pub(crate) rows: MemoryStore,
    pub(crate) fails: Arc<AtomicU64>,
}

impl Store for Late {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        self.rows.commit(batch)?;
        if self.fails.swap(0, Ordering::Relaxed) > 0 {
            return Err(StoreError::engine("the test says so").into());
        }
        Ok(())
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.rows.snapshot()
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.rows.scrub()
    }
}

macro_rules! reads_its_rows {
    ($store:ty) => {
        impl Rows for $store {
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
    };
}

reads_its_rows!(Counting);
reads_its_rows!(Late);
