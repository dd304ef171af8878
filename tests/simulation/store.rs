//! Store and anchor, as a process sees them: every call is a step of the machine.

use std::cell::RefCell;
use std::ops::Bound;
use std::sync::Arc;

use strongroom::anchor::{Anchor, AnchorFault};
use strongroom::store::{
    Batch, CommitError, Effect, RotationClaim, Row, RowChange, Rows, Scrub, Store, StoreError, Table,
};

use crate::machine::{Machine, ROLE, Role};
use crate::schedule::Fault;
use crate::tables::Tables;

thread_local! {
    static FROZEN: RefCell<Option<Tables>> = const { RefCell::new(None) };
}

/// The store of one process.
pub(crate) struct SimStore {
    pub(crate) machine: Arc<Machine>,
}

impl SimStore {
    /// Runs `call` with the rows as this thread may see them.
    fn read<T>(&self, call: impl FnOnce(&Tables) -> T) -> Result<T, StoreError> {
        match ROLE.get() {
            Role::Alone => Ok(call(&self.machine.rows())),
            Role::Worker => {
                Ok(FROZEN.with_borrow_mut(|frozen| call(frozen.get_or_insert_with(|| self.machine.rows()))))
            }
            Role::Process(process) => {
                self.machine.step(process)?;
                Ok(call(&self.machine.rows()))
            }
        }
    }
}

impl Rows for SimStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|tables| tables.get(table, key).cloned())
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.read(|tables| tables.from(table, Bound::Included(key), 1).pop())
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.read(|tables| tables.from(table, after.map_or(Bound::Included(&[]), Bound::Excluded), limit))
    }
}

impl Store for SimStore {
    fn commit(&self, batch: &Batch) -> Result<(), CommitError> {
        let Role::Process(process) = ROLE.get() else { return self.machine.commit(None, batch) };
        self.machine.step(process)?;
        let published = |change: &&RowChange| change.table == Table::Vault;
        let moves = batch
            .changes()
            .iter()
            .any(|c| c.table == Table::Vault && c.key == b"rotation" && c.effect != Effect::Check)
            && batch.changes().iter().any(|c| c.table == Table::Keys);
        if self.machine.schedule.fault == Some(Fault::CursorFirst) && moves {
            let (mut first, mut second) = (Batch::new(), Batch::new());
            for change in batch.changes() {
                let part = if published(&change) { &mut first } else { &mut second };
                match &change.effect {
                    Effect::Check => part.check(change.table, &*change.key, change.expected.clone()),
                    Effect::Delete => part.delete(change.table, &*change.key, change.expected.clone()),
                    Effect::Put(value) => part.put(change.table, &*change.key, &**value, change.expected.clone()),
                }
            }
            self.machine.commit(Some(process), &first)?;
            self.machine.step(process)?;
            return match self.machine.commit(None, &second) {
                Err(CommitError::Conflict(_)) => Ok(()),
                done => done,
            };
        }
        let done = self.machine.commit(Some(process), batch);
        // The answer may be late, or never come.
        self.machine.step(process)?;
        done
    }

    fn snapshot(&self) -> Result<Box<dyn Rows + '_>, StoreError> {
        self.read(|tables| Box::new(tables.clone()) as Box<dyn Rows>)
    }

    fn scrub(&self) -> Result<Scrub, StoreError> {
        self.read(|_| Scrub::Clean)
    }

    fn claim_rotation(&self) -> Result<RotationClaim, StoreError> {
        let Role::Process(process) = ROLE.get() else { return Ok(RotationClaim::Unknown) };
        self.machine.step(process)?;
        if !self.machine.schedule.claims {
            return Ok(RotationClaim::Unknown);
        }
        let mut world = self.machine.world();
        if world.claimed.is_some_and(|holder| !self.machine.is_dead(holder)) {
            return Ok(RotationClaim::Held);
        }
        world.claimed = Some(process);
        Ok(RotationClaim::Granted(Box::new(Claim { machine: Arc::clone(&self.machine), process })))
    }
}

struct Claim {
    machine: Arc<Machine>,
    process: usize,
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut world = self.machine.world();
        if world.claimed == Some(self.process) {
            world.claimed = None;
        }
    }
}

/// The anchor that all processes share.
pub(crate) struct SimAnchor(pub(crate) Arc<Machine>);

impl SimAnchor {
    fn step(&self) -> Result<(), StoreError> {
        if let Role::Process(process) = ROLE.get() { self.0.step(process) } else { Ok(()) }
    }
}

impl Anchor for SimAnchor {
    fn read(&self) -> Result<Option<String>, AnchorFault> {
        let unreadable =
            |error: StoreError| AnchorFault::Unreadable { place: self.place(), problem: error.to_string() };
        self.step().map_err(unreadable)?;
        Ok(self.0.world().anchor.clone())
    }

    fn prepare(&self) -> std::io::Result<()> {
        self.step().map_err(std::io::Error::other)
    }

    fn update(&self, next: &mut dyn FnMut(Option<&str>) -> Option<String>) -> std::io::Result<()> {
        self.step().map_err(std::io::Error::other)?;
        let there = self.0.world().anchor.clone();
        if let Some(text) = next(there.as_deref()) {
            self.0.world().anchor = Some(text);
        }
        Ok(())
    }

    fn place(&self) -> String {
        "simulated".into()
    }
}
