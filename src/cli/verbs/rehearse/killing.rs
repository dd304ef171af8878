//! A store whose process dies at a chosen commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use strongroom::store::{Batch, CommitError, RotationClaim, Row, Rows, Scrub, Store, StoreError, Table};

/// When to die.
#[derive(Clone, Copy)]
pub(super) enum When {
    Never,
    /// Points are counted from 1: one before each commit, one after it.
    Point(u64),
}

pub(super) struct Killing<S> {
    store: S,
    when: When,
    commits: Arc<AtomicU64>,
}

impl<S> Killing<S> {
    /// `commits` counts the commits that succeeded.
    pub(super) fn new(store: S, when: When, commits: Arc<AtomicU64>) -> Self {
        Self { store, when, commits }
    }

    fn die_at(&self, point: u64) {
        if matches!(self.when, When::Point(chosen) if chosen == point) {
            // SIGKILL, as from outside: nothing is flushed, closed or unlocked.
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}

impl<S: Store> Rows for Killing<S> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.store.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.store.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.store.scan(table, after, limit)
    }
}

impl<S: Store> Store for Killing<S> {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let number = self.commits.load(Ordering::SeqCst);
        self.die_at(2 * number + 1);
        self.store.commit(batch)?;
        self.commits.store(number + 1, Ordering::SeqCst);
        self.die_at(2 * number + 2);
        Ok(())
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.store.snapshot()
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.store.scrub()
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        self.store.claim_rotation()
    }

    fn concerns(&self) -> Result<Vec<String>, StoreError> {
        self.store.concerns()
    }

    fn check(&self) -> Result<Vec<String>, StoreError> {
        self.store.check()
    }
}
