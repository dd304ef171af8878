//! A store that lets a test look on, act, or break, at a chosen step.

use std::sync::Mutex;

use strongroom::MemoryStore;
use strongroom::store::{
    Batch, CommitError, Effect, RotationClaim, Row, RowChange, Rows, Scrub, Store, StoreError, Table,
};

use super::between::{Between, Through};

/// What the store is asked: of a commit before it happens, of a read after it.
pub(crate) enum Step<'a> {
    Commit(&'a Batch),
    Read(Table),
}

type Hook = Box<dyn FnMut(&Step<'_>) -> Result<(), StoreError> + Send>;

/// Memory that lets others act, or breaks, at a chosen step. It cannot tell whether another process rotates, as an engine
/// across a network.
pub(crate) type Watched = Through<Watch>;

#[derive(Default)]
pub(crate) struct Watch(Mutex<Option<Hook>>);

impl Watch {
    /// Runs `hook` at each step from now on.
    pub(crate) fn on(&self, hook: impl FnMut(&Step<'_>) -> Result<(), StoreError> + Send + 'static) {
        *self.0.lock().expect("no hook panics") = Some(Box::new(hook));
    }

    /// Runs `act` once, at the first step that `when` accepts.
    pub(crate) fn once(&self, when: impl Fn(&Step<'_>) -> bool + Send + 'static, act: impl FnOnce() + Send + 'static) {
        let mut act = Some(act);
        self.on(move |step| {
            if when(step)
                && let Some(act) = act.take()
            {
                act();
            }
            Ok(())
        });
    }

    fn step(&self, step: &Step<'_>) -> Result<(), StoreError> {
        // What a hook itself does through this store is not watched.
        self.0.try_lock().map_or(Ok(()), |mut hook| hook.as_mut().map_or(Ok(()), |hook| hook(step)))
    }
}

impl Between for Watch {
    fn get(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let found = rows.get(table, key);
        self.step(&Step::Read(table)).and(found)
    }

    fn at_or_after(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        let found = rows.at_or_after(table, key);
        self.step(&Step::Read(table)).and(found)
    }

    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        self.step(&Step::Commit(batch))?;
        rows.commit(batch)
    }

    fn scrub(&self, _: &MemoryStore) -> Result<Scrub, StoreError> {
        Ok(Scrub::Clean)
    }

    fn claim_rotation(&self, _: &MemoryStore) -> Result<RotationClaim, StoreError> {
        Ok(RotationClaim::Unknown)
    }
}

/// Whether the step is a commit that writes or deletes this row.
pub(crate) fn writes(step: &Step<'_>, table: Table, key: &[u8]) -> bool {
    let Step::Commit(batch) = step else { return false };
    let hits = |change: &&RowChange| change.table == table && change.key == key && change.effect != Effect::Check;
    batch.changes().iter().any(|change| hits(&change))
}
