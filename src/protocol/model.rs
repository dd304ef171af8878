//! The processes, the adversary and what must always hold.

use stateright::{Model, Property};

use crate::change::{Change, Went, What};
use crate::rotator::{Move, Stage};
use crate::rows::{Entry, Head, Keyring, Log, Owner, Phase, RECORDS, Row, Rows, last_version};

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

/// Faults of the code, each of which must be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The anchor is advanced before the commit.
    AnchorFirst,
    /// The store is not held to the anchor, nor to what the process has seen.
    AnchorNotHeld,
    /// The cursor is published, and then the records before it are committed.
    CursorFirst,
    /// Every batch goes without its expectations of these rows.
    Forgets(&'static [Row]),
    /// Whether the head names the keyring is not compared.
    HeadNotCompared,
    /// A rotator believes that its lease is still its own, and does not expect its row.
    LeaseBelieved,
    /// The sweep does not ask the log what a record should say.
    LogNotAsked,
    /// A process takes the keyring that it finds, whatever it has seen.
    OlderKeyringTaken,
    SweepForgetsRecord,
    WriterForgetsRecord,
}

pub(crate) const ROTATION_ENDS: &str = "a rotation ends";

/// Rows that an adversary puts back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum PutBack {
    Everything,
    Head,
    Keyring,
    Record(usize),
    Rotation,
    /// Everything but the records.
    Vault,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct State {
    pub(crate) rows: Rows,
    pub(crate) anchor: Anchor,
    processes: Vec<Process>,
    left: u8,
    crashes: u8,
    copy: Option<Rows>,
    put_back: Option<PutBack>,
    /// Every entry that was committed.
    pub(crate) truth: Log,
    /// What a sweep sealed anew.
    pub(crate) sealed_anew: [Option<u8>; RECORDS],
    /// As far as a process was told that a commit happened.
    acknowledged: usize,
    pub(crate) broken: Option<Broken>,
}

/// What an anchor says: `src/anchor/statement.rs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Anchor {
    pub(crate) log: Log,
    pub(crate) keyring: Keyring,
}

/// What a process knows as long as it lives.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Memory {
    pub(crate) keyring: Keyring,
    /// `Written::seen`.
    pub(crate) seen: Log,
}

/// What can only be seen in the moment in which it happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Broken {
    ActedOnOlderStore,
    Laundered,
    TookOlderKeyring,
    WroteBesideOwner,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Process {
    memory: Memory,
    opening: Opening,
    work: Work,
}

/// `Ledger::open` and `Ledger::check_that_it_belongs_together`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Opening {
    Open,
    /// `Anchored::read`.
    Anchor,
    /// `Ledger::check_rows`, and `Anchored::hold`.
    Rows(Anchor),
    /// `Anchored::advance`.
    Advance(Anchor),
    Refused,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Work {
    Rotator { stage: Stage, run: u8 },
    Writer(Option<Change>),
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

impl State {
    /// `Anchored::hold`: the store is where the anchor was, or further on the same way.
    pub(crate) fn holds(&self, seen: &Anchor, head: &Head, keyring: Keyring) -> bool {
        let (from, to) = (seen.log.len(), head.log.len());
        head.log.starts_with(&seen.log)
            && keyring.revision >= seen.keyring.revision
            && (keyring.revision == seen.keyring.revision) == (keyring == seen.keyring)
            && (from < to || keyring == seen.keyring)
            && self.rows.log.get(from..to) == head.log.get(from..to)
    }

    /// `Anchored::advance`: only ever further.
    pub(crate) fn advance(&mut self, anchor: Anchor) {
        if anchor.log.len() > self.anchor.log.len() {
            self.anchor = anchor;
        }
    }

    /// Whether rows were put back of which the anchor, this process or the other rows know better.
    pub(crate) fn is_behind(&self, memory: &Memory) -> bool {
        let (head, keyring) = (&self.rows.head, self.rows.keyring);
        self.put_back.is_some()
            && !(head.log.starts_with(&self.anchor.log)
                && keyring.revision >= self.anchor.keyring.revision
                && head.log.starts_with(&memory.seen)
                && keyring.follows(memory.keyring)
                && head.keyring == keyring)
    }

    pub(crate) fn committed(&mut self, anchor: &Anchor, late: bool) {
        if late {
            self.broken.get_or_insert(Broken::ActedOnOlderStore);
        }
        if anchor.log.len() > self.truth.len() {
            self.truth.clone_from(&anchor.log);
        }
    }

    pub(crate) fn acknowledge(&mut self, log: &Log) {
        self.acknowledged = self.acknowledged.max(log.len());
    }

    /// What was put back after the sweep had read the log, and sealed anew, is found by the proof.
    pub(crate) fn must_have_laundered_nothing(&mut self) {
        let laundered = |at: &usize| {
            let record = self.rows.records[*at];
            let sealed = self.sealed_anew[*at] == Some(record.version) && record.generation == 2;
            sealed && record.version != last_version(&self.rows.log, *at)
        };
        if (0..RECORDS).any(|at| laundered(&at)) {
            self.broken.get_or_insert(Broken::Laundered);
        }
    }

    pub(crate) fn is_honest(&self) -> bool {
        self.put_back.is_none()
    }

    fn put_back(&mut self, what: PutBack) {
        let Some(copy) = self.copy.clone() else { return };
        let records = self.rows.records;
        match what {
            PutBack::Everything => self.rows = copy,
            PutBack::Head => self.rows.head = copy.head,
            PutBack::Keyring => self.rows.keyring = copy.keyring,
            PutBack::Record(at) => self.rows.records[at] = copy.records[at],
            PutBack::Rotation => self.rows.rotation = copy.rotation,
            PutBack::Vault => self.rows = Rows { records, ..copy },
        }
        self.put_back = Some(what);
    }

    fn rotated(&self) -> bool {
        self.rows.keyring.active == 2 && self.rows.keyring.retiring.is_none() && self.rows.rotation.is_none()
    }
}

impl Process {
    fn new(work: Work, rows: &Rows) -> Self {
        Self { memory: Memory { keyring: rows.keyring, seen: vec![] }, opening: Opening::Open, work }
    }

    fn open(self, state: &mut State) -> Self {
        let opening = match self.opening {
            Opening::Anchor => Opening::Rows(state.anchor.clone()),
            Opening::Rows(seen) => {
                let rows = &state.rows;
                if !rows.belong_together() || !state.holds(&seen, &rows.head, rows.keyring) {
                    return Self { opening: Opening::Refused, ..self };
                }
                let memory = Memory { keyring: rows.keyring, seen: vec![] };
                let now = Anchor { log: rows.head.log.clone(), keyring: rows.keyring };
                let opening = if now.log.len() > seen.log.len() { Opening::Advance(now) } else { Opening::Open };
                return Self { memory, opening, ..self };
            }
            Opening::Advance(now) => {
                state.advance(now);
                Opening::Open
            }
            opening => opening,
        };
        Self { opening, ..self }
    }

    /// What a kill leaves: nothing but the process that is started next.
    fn crash(&mut self) {
        self.memory = Memory { keyring: Rows::new().keyring, seen: vec![] };
        self.opening = Opening::Anchor;
        match &mut self.work {
            Work::Writer(change) => *change = None,
            Work::Rotator { stage, run } => (*stage, *run) = (Stage::Begin, *run + 1),
        }
    }
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
        vec![State {
            anchor: Anchor { log: vec![], keyring: rows.keyring },
            processes,
            left: self.changes,
            crashes: self.crashes,
            copy: None,
            put_back: None,
            truth: vec![],
            sealed_anew: [None; RECORDS],
            acknowledged: 0,
            broken: None,
            rows,
        }]
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
        if !self.adversary.is_empty() && state.copy.is_none() {
            actions.push(Action::TakeCopy);
        }
        if state.copy.is_some() && state.put_back.is_none() {
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
                state.put_back(what);
                if state.rows == last.rows {
                    return None;
                }
            }
            Action::Starts(at, record) => {
                state.left -= 1;
                let (change, process) = (Change::of(What::Record(record)), &mut state.processes[at]);
                process.work = Work::Writer(Some(change));
                return self.next_state(&state, Action::Does(at, Move::On));
            }
            Action::TakeCopy => state.copy = Some(state.rows.clone()),
            Action::Does(at, made) => {
                let mut process = state.processes[at].clone();
                if process.opening != Opening::Open {
                    state.processes[at] = process.open(&mut state);
                    self.forget(&mut state);
                    return Some(state);
                }
                process.work = match process.work {
                    Work::Writer(change) => {
                        let change = change?;
                        let went = change.step(&mut state, &mut process.memory, self.fault);
                        Work::Writer(if let Went::On(change) = went { Some(change) } else { None })
                    }
                    Work::Rotator { stage: Stage::Stopped, run } => Work::Rotator { stage: Stage::Begin, run: run + 1 },
                    Work::Rotator { stage, run } => {
                        let me = Owner { rotator: at, run };
                        let stage = stage.step(made, &mut state, &mut process.memory, self.fault, me);
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
                let opens = |at: &usize| state.rows.keyring.has(state.rows.records[*at].generation);
                !state.is_honest() || (0..RECORDS).all(|at| opens(&at))
            }),
            Property::always("4: one generation, or two while a rotation is open", |_, state: &State| {
                let open = state.rows.rotation.as_ref().is_some_and(|row| row.phase != Phase::Scrub);
                !state.is_honest() || state.rows.keyring.retiring.is_some() == open
            }),
            Property::always("5: nothing is written under a retired generation", |_, state: &State| {
                let of = |at: &usize| (state.rows.records[*at], last_version(&state.rows.log, *at));
                let started = state.rows.log.iter().position(|entry| matches!(entry, Entry::Started { .. }));
                let changed_since = |at: &usize| {
                    let changed = |entry: &Entry| matches!(entry, Entry::Changed { record, .. } if record == at);
                    started.is_some_and(|started| state.rows.log[started..].iter().any(changed))
                };
                let stale = |at: &usize| changed_since(at) && of(at).0.generation == 1;
                !state.is_honest() || !(0..RECORDS).any(|at| stale(&at))
            }),
            Property::always("6: a change, its audit entry and the head are one batch", |_, state: &State| {
                !state.is_honest() || state.rows.belong_together()
            }),
            Property::always("8: a rotation never undoes what a writer did beside it", |_, state: &State| {
                let is_last = |at: &usize| state.rows.records[*at].version == last_version(&state.rows.log, *at);
                let kept = state.rows.log.len() >= state.acknowledged && state.rows.log == state.truth;
                !state.is_honest() || (kept && (0..RECORDS).all(|at| is_last(&at)))
            }),
            Property::always(
                "9: the record sets of head and rotation row together are of what is there",
                |_, state: &State| !state.is_honest() || state.rows.counted() == state.rows.present(),
            ),
            Property::always("10: one process moves a rotation on", |_, state: &State| {
                state.broken != Some(Broken::WroteBesideOwner)
            }),
            Property::always("21: whatever rows of the vault are put back is noticed", |_, state: &State| {
                state.broken != Some(Broken::ActedOnOlderStore)
            }),
            Property::always("22: a process that has seen a keyring takes no older one", |_, state: &State| {
                state.broken != Some(Broken::TookOlderKeyring)
            }),
            Property::always(
                "23: a rotation seals nothing anew that the audit log does not bear out",
                |_, state: &State| state.broken != Some(Broken::Laundered),
            ),
            Property::always("25: an anchor is never ahead of its store", |_, state: &State| {
                let behind = state.rows.log.starts_with(&state.anchor.log)
                    && state.rows.keyring.revision >= state.anchor.keyring.revision;
                !state.is_honest() || behind
            }),
        ];
        if self.rotators > 0 {
            properties.push(Property::sometimes(ROTATION_ENDS, |model: &Self, state: &State| {
                state.rotated()
                    && state.left == 0
                    && state.crashes == 0
                    && (model.adversary.is_empty() || !state.is_honest())
            }));
        }
        properties
    }
}
