//! A store that fails on purpose: the one thing besides time that tests fake.

use std::sync::{Arc, Mutex};

use strongroom::MemoryStore;
use strongroom::store::{Batch, Claim, CommitError, Row, Rows, Scrub, Store, StoreError, Table};

/// Memory that breaks at a chosen commit, before or after it takes effect, and stays broken until mended. Clones share
/// their rows and their fate.
#[derive(Clone, Default)]
pub(crate) struct FaultyStore {
    rows: MemoryStore,
    fate: Arc<Mutex<Fate>>,
}

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

impl FaultyStore {
    /// Breaks at the `number`th commit from now, counted from 1.
    pub(crate) fn break_at(&self, number: u64, moment: Moment) {
        let mut fate = self.fate.lock().expect("no test panics while it holds this");
        fate.fault = Some((fate.commits + number, moment));
    }

    /// Works again, and forgets a fault that has not struck. Whether it had struck is returned.
    pub(crate) fn mend(&self) -> bool {
        let mut fate = self.fate.lock().expect("no test panics while it holds this");
        fate.fault = None;
        std::mem::take(&mut fate.broken)
    }

    fn whole(&self) -> Result<(), StoreError> {
        let broken = self.fate.lock().expect("no test panics while it holds this").broken;
        if broken { Err(failure()) } else { Ok(()) }
    }
}

impl Rows for FaultyStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.whole()?;
        self.rows.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.whole()?;
        self.rows.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.whole()?;
        self.rows.scan(table, after, limit)
    }
}

impl Store for FaultyStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        self.whole()?;
        let strikes = {
            let mut fate = self.fate.lock().expect("no test panics while it holds this");
            fate.commits += 1;
            let strikes = fate.fault.filter(|(at, _)| *at == fate.commits).map(|(_, moment)| moment);
            fate.broken = strikes.is_some();
            strikes
        };
        match strikes {
            None => self.rows.commit(batch),
            Some(Moment::Before) => Err(failure().into()),
            Some(Moment::After) => self.rows.commit(batch).and(Err(failure().into())),
        }
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.whole()?;
        self.rows.snapshot()
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.whole()?;
        Ok(Scrub::Clean)
    }

    fn claim_rotation(&self) -> Result<Claim, StoreError> {
        self.rows.claim_rotation()
    }
}

fn failure() -> StoreError {
    StoreError::engine("the test broke the store")
}
