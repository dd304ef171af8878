//! The machine that a vault's processes share: a store, an anchor, clocks, and everything that can befall them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use strongroom::ApiKeyId;
use strongroom::store::{Batch, CommitError, Effect, Expected, RowChange, StoreError, Table};

use crate::baton::{Baton, Dice};
use crate::life::{Deed, Keys};
use crate::schedule::{Event, Fault, Schedule};
use crate::tables::Tables;

pub(crate) struct Machine {
    pub(crate) baton: Baton,
    pub(crate) schedule: Schedule,
    world: Mutex<World>,
    /// Milliseconds, by the clock that is right.
    time: AtomicI64,
    pub(crate) processes: Vec<Process>,
}

/// What others see of a process.
#[derive(Default)]
pub(crate) struct Process {
    /// How far its clock is off.
    pub(crate) off: AtomicI64,
    /// The moment at which its clock stands during an act; 0 where it goes on.
    pub(crate) stands_at: AtomicI64,
    dead: AtomicBool,
}

pub(crate) struct World {
    now: Tables,
    /// What a power loss leaves.
    durable: Tables,
    durable_acts: usize,
    pub(crate) anchor: Option<String>,
    pub(crate) claimed: Option<usize>,
    steps: usize,
    dice: Dice,
    copy: Option<Copy>,
    /// The clock of whoever renewed a lease last.
    renewed_at: i64,
    truth: Truth,
}

/// What somebody kept of the store.
#[derive(Clone)]
struct Copy {
    rows: Tables,
    /// What the vault held then, and after how many acts.
    keys: Keys,
    acts: usize,
}

/// What really happened.
#[derive(Default)]
pub(crate) struct Truth {
    /// What the vault held after each act that changed it.
    pub(crate) history: Vec<Keys>,
    pub(crate) doing: Vec<Option<Doing>>,
    /// The furthest act that somebody was told is done.
    pub(crate) acknowledged: usize,
    pub(crate) put_back: bool,
    /// Acts that a store lost that was put back whole.
    undone: Vec<Range<usize>>,
    /// Whether one of them was acknowledged: then nobody may believe the store.
    pub(crate) must_be_missed: bool,
    pub(crate) violation: Option<String>,
    /// Commits, and of what kind things befell them.
    pub(crate) counts: BTreeMap<&'static str, usize>,
}

/// An act under way.
#[derive(Clone, Debug)]
pub(crate) struct Doing {
    pub(crate) deed: Deed,
    pub(crate) now: i64,
    /// After how many acts it began.
    pub(crate) since: usize,
    /// The acts that it committed, and the API key that it made.
    pub(crate) committed: Vec<(usize, Option<ApiKeyId>)>,
    /// Whether the store failed it.
    pub(crate) disturbed: bool,
}

thread_local! {
    pub(crate) static ROLE: Cell<Role> = const { Cell::new(Role::Worker) };
}

/// Who calls the store on this thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Before and after the processes run.
    Alone,
    Process(usize),
    /// A thread that a rotation started: it reads ahead while the thread of its process waits for it, and so as early as it can.
    Worker,
}

pub(crate) fn play(role: Role) {
    ROLE.set(role);
}

impl Machine {
    pub(crate) fn new(schedule: Schedule) -> Arc<Self> {
        let dice = Dice::of(schedule.seed);
        let threads = schedule.processes.len();
        let truth = Truth { history: vec![Keys::new()], doing: vec![None; threads], ..Truth::default() };
        let world = World {
            now: Tables::default(),
            durable: Tables::default(),
            durable_acts: 0,
            anchor: None,
            claimed: None,
            steps: 0,
            dice: dice.apart(1),
            copy: None,
            renewed_at: 0,
            truth,
        };
        Arc::new(Self {
            baton: Baton::new(threads, dice.apart(2)),
            schedule,
            world: Mutex::new(world),
            time: AtomicI64::new(1_000_000_000_000),
            processes: (0..threads).map(|_| Process::default()).collect(),
        })
    }

    pub(crate) fn truth<T>(&self, look: impl FnOnce(&mut Truth) -> T) -> T {
        look(&mut self.world().truth)
    }

    pub(crate) fn fail(&self, what: String) {
        self.truth(|truth| {
            truth.violation.get_or_insert(what);
        });
    }

    pub(crate) fn rows(&self) -> Tables {
        self.world().now.clone()
    }

    pub(crate) fn count(&self, what: &'static str) {
        self.truth(|truth| *truth.counts.entry(what).or_default() += 1);
    }

    pub(crate) fn wait(&self, millis: i64) {
        self.time.fetch_add(millis, Ordering::SeqCst);
    }

    /// What the clock of a process says.
    pub(crate) fn clock(&self, process: usize) -> i64 {
        let process = &self.processes[process];
        match process.stands_at.load(Ordering::SeqCst) {
            0 => self.time.load(Ordering::SeqCst) + process.off.load(Ordering::SeqCst),
            at => at,
        }
    }

    /// The clock of the operator who comes after all.
    pub(crate) fn clock_after_all(&self) -> i64 {
        let renewed_at = self.world().renewed_at;
        match self.schedule.fault {
            Some(Fault::LeaseBelieved) if renewed_at > 0 => renewed_at,
            _ => self.time.load(Ordering::SeqCst),
        }
    }

    /// Starts a process anew that was killed. Whether it had been.
    pub(crate) fn restart(&self, process: usize) -> bool {
        let was_dead = self.processes[process].dead.swap(false, Ordering::SeqCst);
        let mut world = self.world();
        if was_dead && world.claimed == Some(process) {
            world.claimed = None;
        }
        was_dead
    }

    pub(crate) fn is_dead(&self, process: usize) -> bool {
        self.processes[process].dead.load(Ordering::SeqCst)
    }

    /// Before and after each call: others have their turn, and things happen.
    pub(crate) fn step(&self, process: usize) -> Result<(), StoreError> {
        self.baton.pass(process);
        let step = {
            let mut world = self.world();
            world.steps += 1;
            world.steps
        };
        self.time.fetch_add(7, Ordering::SeqCst);
        for event in self.schedule.events.iter().filter(|(at, _)| *at == step).map(|(_, event)| *event) {
            self.befall(event, process);
        }
        if self.is_dead(process) { Err(killed()) } else { Ok(()) }
    }

    fn befall(&self, event: Event, process: usize) {
        let mut world = self.world();
        let world = &mut *world;
        let kill = |process: usize, truth: &mut Truth| {
            self.processes[process].dead.store(true, Ordering::SeqCst);
            truth.doing[process].iter_mut().for_each(|doing| doing.disturbed = true);
        };
        match event {
            Event::Crash => kill(process, &mut world.truth),
            Event::JumpClock(by) => drop(self.processes[process].off.fetch_add(by, Ordering::SeqCst)),
            Event::Pause(millis) => drop(self.time.fetch_add(millis, Ordering::SeqCst)),
            Event::PowerLoss => {
                (0..self.processes.len()).for_each(|process| kill(process, &mut world.truth));
                world.now = world.durable.clone();
                if world.truth.acknowledged > world.durable_acts {
                    let lost = format!("the power was lost, and act {} with it", world.truth.acknowledged);
                    world.truth.violation.get_or_insert(lost);
                }
                world.truth.history.truncate(world.durable_acts + 1);
                if let Some(copy) = &mut world.copy {
                    copy.acts = copy.acts.min(world.durable_acts);
                }
            }
            Event::TakeCopy => {
                let (keys, acts) =
                    (world.truth.history.last().cloned().unwrap_or_default(), world.truth.history.len() - 1);
                world.copy = Some(Copy { rows: world.now.clone(), keys, acts });
            }
            Event::PutRecordBack(which) => world.put_one_back(Table::Keys, which),
            Event::PutRowBack(which) => world.put_one_back(Table::Vault, which),
            Event::PutAllBack => {
                if let Some(copy) = world.copy.clone().filter(|copy| copy.rows != world.now) {
                    world.now = copy.rows;
                    world.truth.put_all_back(copy.keys, copy.acts);
                    (world.durable, world.durable_acts) = (world.now.clone(), world.truth.history.len() - 1);
                }
            }
        }
        *world.truth.counts.entry(event.name()).or_default() += 1;
    }

    pub(crate) fn commit(&self, process: Option<usize>, batch: &Batch) -> Result<(), CommitError> {
        let mut world = self.world();
        let world = &mut *world;
        let broken = |change: &&RowChange| {
            !self.forgets(change) && !change.expected.holds(world.now.get(change.table, &change.key).map(Vec::as_slice))
        };
        let conflicts: Vec<_> = batch.changes().iter().filter(broken).map(|c| (c.table, c.key.clone())).collect();
        if !conflicts.is_empty() {
            *world.truth.counts.entry("conflicts").or_default() += 1;
            return Err(CommitError::Conflict(conflicts));
        }
        let Some(process) = process else {
            world.now.apply(batch.changes().iter());
            world.durable = world.now.clone();
            return Ok(());
        };
        let misfortune = world.dice.below(100);
        let doubtful = self.schedule.doubts && misfortune < 6;
        if self.schedule.doubts && misfortune < 4 {
            // It did not happen.
            world.truth.doing[process].iter_mut().for_each(|doing| doing.disturbed = true);
            *world.truth.counts.entry("commits that failed").or_default() += 1;
            return Err(if misfortune < 2 { StoreError::Busy } else { StoreError::in_doubt("simulated") }.into());
        }
        let is_rotation = |change: &&RowChange| {
            change.table == Table::Vault && change.key == b"rotation" && change.effect != Effect::Check
        };
        let rotates = batch.changes().iter().find(is_rotation);
        if rotates.is_some() {
            world.renewed_at = self.clock(process);
        }
        if self.schedule.fault == Some(Fault::TornCommit) && misfortune > 97 {
            world.now.apply(batch.changes().iter().take(batch.changes().len() / 2));
            world.durable = world.now.clone();
            self.processes[process].dead.store(true, Ordering::SeqCst);
            world.truth.doing[process].iter_mut().for_each(|doing| doing.disturbed = true);
            return Err(killed().into());
        }
        world.now.apply(batch.changes().iter());
        if rotates.is_none() {
            Self::judge(process, batch, &mut world.truth);
        }
        *world.truth.counts.entry("commits").or_default() += 1;
        let lies = self.schedule.fault == Some(Fault::LyingDisk) && misfortune > 80;
        // What an anchor may have seen is not lost again: it would rightly be missed.
        if !lies && (!doubtful || self.schedule.anchor) {
            (world.durable, world.durable_acts) = (world.now.clone(), world.truth.history.len() - 1);
        }
        if doubtful {
            world.truth.doing[process].iter_mut().for_each(|doing| doing.disturbed = true);
            *world.truth.counts.entry("commits in doubt").or_default() += 1;
            return Err(StoreError::in_doubt("simulated").into());
        }
        Ok(())
    }

    /// Does to the model what a writer has committed.
    fn judge(process: usize, batch: &Batch, truth: &mut Truth) {
        let puts = |change: &&RowChange| change.table == Table::Keys && matches!(change.effect, Effect::Put(_));
        if !batch.changes().iter().any(|change| puts(&change)) {
            return;
        }
        let made = batch.changes().iter().filter(puts).find(|c| c.expected == Expected::Absent);
        let made = made.map(|change| id_of(&change.key));
        let mut keys = truth.history.last().cloned().unwrap_or_default();
        let Some(doing) = truth.doing[process].as_mut() else { return };
        let applied = doing.deed.apply(&mut keys, made, doing.now);
        doing.committed.push((truth.history.len(), made));
        truth.history.push(keys);
        if let Err(what) = applied
            && !truth.put_back
        {
            truth.violation.get_or_insert(what);
        }
    }

    fn forgets(&self, change: &RowChange) -> bool {
        let row = change.table == Table::Vault;
        match self.schedule.fault {
            Some(Fault::ForgetsHeadAndEntries) => change.table == Table::Audit || (row && change.key == b"head"),
            Some(Fault::ForgetsKeyring) => row && change.key == b"keyring",
            Some(Fault::ForgetsRecords) => change.table == Table::Keys,
            Some(Fault::ForgetsRotation) => row && change.key == b"rotation",
            _ => false,
        }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Truth {
    /// The vault holds again what it held after so many acts.
    fn put_all_back(&mut self, keys: Keys, acts: usize) {
        self.put_back = true;
        self.undone.push(acts + 1..self.history.len());
        self.must_be_missed |= self.acknowledged > acts;
        self.acknowledged = self.history.len();
        self.history.push(keys);
    }

    /// Somebody was told that this act is done.
    pub(crate) fn acknowledge(&mut self, act: usize) {
        self.must_be_missed |= self.undone.iter().any(|undone| undone.contains(&act));
        self.acknowledged = self.acknowledged.max(act);
    }
}

impl World {
    /// One of the rows of a table that are not what they were, if any, is what it was.
    fn put_one_back(&mut self, table: Table, which: usize) {
        let Some(copy) = &self.copy else { return };
        let differs = |((of, key), value): &(&(Table, Vec<u8>), &Vec<u8>)| {
            *of == table && key[..] != SENTINEL && self.now.get(table, key) != Some(value)
        };
        let older: Vec<_> = copy.rows.0.iter().filter(differs).collect();
        if let Some((key, value)) = older.get(which % older.len().max(1)) {
            Arc::make_mut(&mut self.now.0).insert((*key).clone(), (*value).clone());
            self.truth.put_back = true;
        }
    }
}

/// The id that a row of the table `keys` stands at.
fn id_of(key: &[u8]) -> ApiKeyId {
    let number = key.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
    let digit = |at: usize| DIGITS[usize::try_from(number >> (5 * at) & 31).expect("below 32")];
    let text: String = (0..26).rev().map(|at| char::from(digit(at))).collect();
    text.parse().expect("an id")
}

fn killed() -> StoreError {
    StoreError::engine("the process was killed")
}

const SENTINEL: [u8; 16] = [0xff; 16];
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
