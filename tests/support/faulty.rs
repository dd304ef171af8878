//! A store that fails on purpose: the one thing besides time that tests fake.

use std::sync::{Mutex, MutexGuard};

use strongroom::MemoryStore;
use strongroom::store::{Batch, CommitError, Row, Rows, Scrub, Store, StoreError, Table};

use super::between::{Between, Through};

/// Memory that breaks at a chosen commit, before or after it takes effect, and stays broken until mended. Clones share
/// their rows and their fate.
pub(crate) type FaultyStore = Through<Faults>;

#[derive(Default)]
pub(crate) struct Faults(Mutex<Fate>);

#[derive(Default)]
struct Fate {
    commits: u64,
    fault: Option<(u64, Moment)>,
    broken: bool,
}

/// When a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// Nothing of it happened.
    Before,
    /// All of it happened, and the caller does not learn so.
    After,
}

impl Faults {
    /// Breaks at the `number`th commit from now, counted from 1.
    pub(crate) fn break_at(&self, number: u64, moment: Moment) {
        let mut fate = self.fate();
        fate.fault = Some((fate.commits + number, moment));
    }

    /// Works again, and forgets a fault that has not struck. Whether it had struck is returned.
    pub(crate) fn mend(&self) -> bool {
        let mut fate = self.fate();
        fate.fault = None;
        std::mem::take(&mut fate.broken)
    }

    fn whole(&self) -> Result<(), StoreError> {
        if self.fate().broken { Err(failure()) } else { Ok(()) }
    }

    fn fate(&self) -> MutexGuard<'_, Fate> {
        self.0.lock().expect("no test panics while it holds this")
    }
}

impl Between for Faults {
    fn get(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.whole()?;
        rows.get(table, key)
    }

    fn at_or_after(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.whole()?;
        rows.at_or_after(table, key)
    }

    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        self.whole()?;
        rows.scan(table, after, limit)
    }

    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        self.whole()?;
        let strikes = {
            let mut fate = self.fate();
            fate.commits += 1;
            let strikes = fate.fault.filter(|(at, _)| *at == fate.commits).map(|(_, moment)| moment);
            fate.broken = strikes.is_some();
            strikes
        };
        match strikes {
            None => rows.commit(batch),
            Some(Moment::Before) => Err(failure().into()),
            Some(Moment::After) => rows.commit(batch).and(Err(StoreError::in_doubt("the test broke the store").into())),
        }
    }

    fn snapshot<'r>(&self, rows: &'r MemoryStore) -> Result<Box<dyn Rows + 'r>, StoreError> {
        self.whole()?;
        rows.snapshot()
    }

    fn scrub(&self, _: &MemoryStore) -> Result<Scrub, StoreError> {
        self.whole()?;
        Ok(Scrub::Clean)
    }
}

fn failure() -> StoreError {
    StoreError::engine("the test broke the store")
}
