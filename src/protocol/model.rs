//! The processes, the adversary and what must always hold.

use stateright::{Model, Property};

use crate::change::{Change, Went, What};
use crate::process::{Opening, Process, Work};
use crate::rotator::{Move, Stage};
use crate::rows::{Entry, Owner, Phase, RECORDS, Rows, last_version};
use crate::world::{Broken, Fault, Memory, PutBack, World};

/// Two writers and two rotators over one store and one anchor, and how much may go wrong.
#[derive(Clone, Debug, Default)]
pub(crate) struct Protocol {
    pub(crate) writers: usize,
    pub(crate) rotators: usize,
    /// Changes of records, by whichever writer.
    pub(crate) changes: u8,
    /// How often any process is killed, between two calls or after a commit of which it does not learn.
    pub(crate) crashes: u8,
    /// How often each rotator begins, if it was stopped.
    pub(crate) runs: u8,
    /// What somebody puts back who took a copy of the store, once each.
    pub(crate) adversary: &'static [PutBack],
    pub(crate) fault: Option<Fault>,
}

pub(crate) const ROTATION_ENDS: &str = "a rotation ends";

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct State {
    world: World,
    processes: Vec<Process>,
    left: u8,
    crashes: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Action {
    Crash(usize),
    /// A process does its next step.
    Does(usize, Move),
    PutBack(PutBack),
    /// A writer begins to change a record.
    Starts(usize, usize),
    TakeCopy,
}

impl Protocol {
    /// What nobody asks for any more is made the same, and so are two writers that only changed places: there are fewer states then.
    fn forget(&self, state: &mut State) {
        let blank = || Memory { keyring: Rows::new().keyring, seen: vec![] };
        for process in &mut state.processes {
            let ended = match &process.work {
                Work::Writer(change) => change.is_none() && state.left == 0,
                Work::Rotator { stage, run } => {
                    *stage == Stage::Done || (*stage == Stage::Stopped && *run >= self.runs)
                }
            };
            if ended || process.opening == Opening::Refused {
                (process.memory, process.opening) = (blank(), Opening::Refused);
                if let Work::Rotator { stage, .. } = &mut process.work {
                    *stage = Stage::Done;
                }
            }
        }
        state.processes[..self.writers].sort();
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        let rows = Rows::new();
        let writers = (0..self.writers).map(|_| Process::new(Work::Writer(None), &rows));
        let rotators = (0..self.rotators).map(|_| Process::new(Work::Rotator { stage: Stage::Begin, run: 1 }, &rows));
        let processes = writers.chain(rotators).collect();
        vec![State { world: World::new(), processes, left: self.changes, crashes: self.crashes }]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for (at, process) in state.processes.iter().enumerate() {
            let running = match (&process.opening, &process.work) {
                (Opening::Refused, _) => false,
                (Opening::Open, Work::Writer(None)) => {
                    if state.left > 0 {
                        actions.extend((0..RECORDS).map(|record| Action::Starts(at, record)));
                    }
                    false
                }
                (Opening::Open, Work::Rotator { stage, run }) => {
                    let again = *stage == Stage::Stopped && *run < self.runs;
                    actions.extend(stage.moves().into_iter().map(|made| Action::Does(at, made)));
                    actions.extend(again.then_some(Action::Does(at, Move::On)));
                    !matches!(stage, Stage::Begin | Stage::Done | Stage::Stopped)
                }
                _ => {
                    actions.push(Action::Does(at, Move::On));
                    process.opening == Opening::Open
                }
            };
            if running && state.crashes > 0 {
                actions.push(Action::Crash(at));
            }
        }
        if !self.adversary.is_empty() && state.world.copy.is_none() {
            actions.push(Action::TakeCopy);
        }
        if state.world.copy.is_some() && state.world.put_back.is_none() {
            actions.extend(self.adversary.iter().map(|what| Action::PutBack(*what)));
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::Crash(at) => {
                state.crashes -= 1;
                state.processes[at].crash();
            }
            Action::PutBack(what) => {
                state.world.put_back(what);
                if state.world.rows == last.world.rows {
                    return None;
                }
            }
            Action::Starts(at, record) => {
                state.left -= 1;
                let (change, process) = (Change::of(What::Record(record)), &mut state.processes[at]);
                process.work = Work::Writer(Some(change));
                return self.next_state(&state, Action::Does(at, Move::On));
            }
            Action::TakeCopy => state.world.copy = Some(state.world.rows.clone()),
            Action::Does(at, made) => {
                let mut process = state.processes[at].clone();
                if process.opening != Opening::Open {
                    state.processes[at] = process.open(&mut state.world);
                    self.forget(&mut state);
                    return Some(state);
                }
                process.work = match process.work {
                    Work::Writer(change) => {
                        let change = change?;
                        let went = change.step(&mut state.world, &mut process.memory, self.fault);
                        Work::Writer(if let Went::On(change) = went { Some(change) } else { None })
                    }
                    Work::Rotator { stage: Stage::Stopped, run } => Work::Rotator { stage: Stage::Begin, run: run + 1 },
                    Work::Rotator { stage, run } => {
                        let me = Owner { rotator: at, run };
                        let stage = stage.step(made, &mut state.world, &mut process.memory, self.fault, me);
                        Work::Rotator { stage, run }
                    }
                };
                state.processes[at] = process;
            }
        }
        self.forget(&mut state);
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always("2, 7: each record opens under exactly one generation", |_, state: &State| {
                let opens = |at: &usize| state.world.rows.keyring.has(state.world.rows.records[*at].generation);
                !state.world.is_honest() || (0..RECORDS).all(|at| opens(&at))
            }),
            Property::always("4: one generation, or two while a rotation is open", |_, state: &State| {
                let open = state.world.rows.rotation.as_ref().is_some_and(|row| row.phase != Phase::Scrub);
                !state.world.is_honest() || state.world.rows.keyring.retiring.is_some() == open
            }),
            Property::always("5: nothing is written under a retired generation", |_, state: &State| {
                let of = |at: &usize| (state.world.rows.records[*at], last_version(&state.world.rows.log, *at));
                let started = state.world.rows.log.iter().position(|entry| matches!(entry, Entry::Started { .. }));
                let changed_since = |at: &usize| {
                    let changed = |entry: &Entry| matches!(entry, Entry::Changed { record, .. } if record == at);
                    started.is_some_and(|started| state.world.rows.log[started..].iter().any(changed))
                };
                let stale = |at: &usize| changed_since(at) && of(at).0.generation == 1;
                !state.world.is_honest() || !(0..RECORDS).any(|at| stale(&at))
            }),
            Property::always("6: a change, its audit entry and the head are one batch", |_, state: &State| {
                !state.world.is_honest() || state.world.rows.belong_together()
            }),
            Property::always("8: a rotation never undoes what a writer did beside it", |_, state: &State| {
                let is_last =
                    |at: &usize| state.world.rows.records[*at].version == last_version(&state.world.rows.log, *at);
                let kept =
                    state.world.rows.log.len() >= state.world.acknowledged && state.world.rows.log == state.world.truth;
                !state.world.is_honest() || (kept && (0..RECORDS).all(|at| is_last(&at)))
            }),
            Property::always(
                "9: the record sets of head and rotation row together are of what is there",
                |_, state: &State| !state.world.is_honest() || state.world.rows.counted() == state.world.rows.present(),
            ),
            Property::always("10: one process moves a rotation on", |_, state: &State| {
                state.world.broken != Some(Broken::WroteBesideOwner)
            }),
            Property::always("21: whatever rows of the vault are put back is noticed", |_, state: &State| {
                state.world.broken != Some(Broken::ActedOnOlderStore)
            }),
            Property::always("22: a process that has seen a keyring takes no older one", |_, state: &State| {
                state.world.broken != Some(Broken::TookOlderKeyring)
            }),
            Property::always(
                "23: a rotation seals nothing anew that the audit log does not bear out",
                |_, state: &State| state.world.broken != Some(Broken::Laundered),
            ),
            Property::always("25: an anchor is never ahead of its store", |_, state: &State| {
                let behind = state.world.rows.log.starts_with(&state.world.anchor.log)
                    && state.world.rows.keyring.revision >= state.world.anchor.keyring.revision;
                !state.world.is_honest() || behind
            }),
        ];
        if self.rotators > 0 {
            properties.push(Property::sometimes(ROTATION_ENDS, |model: &Self, state: &State| {
                state.world.rotated()
                    && state.left == 0
                    && state.crashes == 0
                    && (model.adversary.is_empty() || !state.world.is_honest())
            }));
        }
        properties
    }
}
