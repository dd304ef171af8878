//! Stores that count, and that fail in ways of their own.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::support::between::{Between, Through};
use strongroom::MemoryStore;
use strongroom::store::{Batch, CommitError, Effect, Store, StoreError};

/// Memory that counts the commits that change something.
pub(crate) type Counting = Through<Count>;

#[derive(Default)]
pub(crate) struct Count(AtomicU64);

impl Count {
    pub(crate) fn commits(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Between for Count {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        assert!(batch.changes().iter().any(|change| change.effect != Effect::Check));
        self.0.fetch_add(1, Ordering::SeqCst);
        rows.commit(batch)
    }
}

/// Memory whose commits take effect and say that they failed, as often as is wanted.
pub(crate) type Late = Through<Lateness>;

#[derive(Default)]
pub(crate) struct Lateness {
    pub(crate) fails: AtomicU64,
}

impl Between for Lateness {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        rows.commit(batch)?;
        if self.fails.swap(0, Ordering::Relaxed) > 0 {
            return Err(StoreError::engine("the test says so").into());
        }
        Ok(())
    }
}
