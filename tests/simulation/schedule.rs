//! What is to happen in one run: made from a seed, and made smaller where it fails.

use std::fmt;

use crate::baton::Dice;

/// One run. The same one runs the same again, but for the random bytes in records.
#[derive(Clone, Debug)]
pub(crate) struct Schedule {
    pub(crate) seed: u64,
    pub(crate) processes: Vec<Role>,
    /// How many acts each process does.
    pub(crate) acts: usize,
    /// What happens, and at which call of the store.
    pub(crate) events: Vec<(usize, Event)>,
    /// Whether commits fail, and are left in doubt.
    pub(crate) doubts: bool,
    /// Whether the engine can tell that a rotator is gone.
    pub(crate) claims: bool,
    pub(crate) anchor: bool,
    pub(crate) fault: Option<Fault>,
}

/// What a process is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Takes copies, and opens them.
    Backup,
    /// Rotates, and asks for what cannot be.
    Rotator,
    Verifier,
    Writer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// Whoever is at it is killed.
    Crash,
    JumpClock(i64),
    Pause(i64),
    PowerLoss,
    PutAllBack,
    PutRecordBack(usize),
    /// One of keyring, head, rotation row, and what else stands in that table.
    PutRowBack(usize),
    TakeCopy,
}

/// Faults of the code, as an engine that forgets what it is asked shows them, and of engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    CursorFirst,
    /// Each of the two holds the other.
    ForgetsHeadAndEntries,
    ForgetsKeyring,
    ForgetsRecords,
    ForgetsRotation,
    LeaseBelieved,
    LyingDisk,
    TornCommit,
}

impl Schedule {
    pub(crate) fn of(seed: u64, fault: Option<Fault>) -> Self {
        let mut dice = Dice::of(seed).apart(0);
        let mut processes = vec![Role::Writer, Role::Rotator];
        for _ in 0..=dice.below(4) {
            processes.push([Role::Writer, Role::Writer, Role::Rotator, Role::Verifier, Role::Backup][dice.below(5)]);
        }
        let anchor = dice.once_in(3);
        let mut events = vec![];
        for _ in 0..dice.below(5) {
            let jump = [-60_000, -6_000, 3_000, 6_000, 60_000][dice.below(5)];
            let event = match dice.below(12) {
                0..=4 => Event::Crash,
                5 | 6 => Event::JumpClock(jump),
                7..=9 => Event::Pause(jump.abs()),
                _ => Event::PowerLoss,
            };
            events.push((1 + dice.below(400), event));
        }
        if dice.once_in(6) {
            let at = 1 + dice.below(200);
            events.push((at, Event::TakeCopy));
            let back = match dice.below(4) {
                0 | 1 if anchor => Event::PutAllBack,
                0 => Event::PutRowBack(dice.below(8)),
                _ => Event::PutRecordBack(dice.below(8)),
            };
            events.push((at + 1 + dice.below(200), back));
        }
        let (acts, doubts, claims) = (2 + dice.below(5), dice.once_in(3), dice.once_in(2));
        Self { seed, processes, acts, events, doubts, claims, anchor, fault }
    }

    /// Nobody, and nothing that befalls them.
    pub(crate) fn quiet() -> Self {
        let (processes, events) = (vec![], vec![]);
        Self { seed: 0, processes, acts: 0, events, doubts: false, claims: false, anchor: false, fault: None }
    }

    /// Whether somebody puts rows back.
    pub(crate) fn puts_back(&self) -> bool {
        self.events
            .iter()
            .any(|(_, event)| matches!(event, Event::PutAllBack | Event::PutRecordBack(_) | Event::PutRowBack(_)))
    }

    /// Smaller ones, of which perhaps one fails as well.
    pub(crate) fn smaller(&self) -> Vec<Self> {
        let mut smaller = vec![];
        for at in 0..self.events.len() {
            let mut one = self.clone();
            one.events.remove(at);
            smaller.push(one);
        }
        for at in (0..self.processes.len()).filter(|_| self.processes.len() > 1) {
            let mut one = self.clone();
            one.processes.remove(at);
            smaller.push(one);
        }
        if self.acts > 1 {
            smaller.push(Self { acts: self.acts - 1, ..self.clone() });
        }
        // Without an anchor nobody can know of a whole store that was put back.
        let anchor_may_go = self.anchor && !self.events.iter().any(|(_, event)| *event == Event::PutAllBack);
        for (is_on, off) in [
            (self.doubts, Self { doubts: false, ..self.clone() }),
            (anchor_may_go, Self { anchor: false, ..self.clone() }),
        ] {
            smaller.extend(is_on.then_some(off));
        }
        smaller
    }
}

impl Event {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crash => "kills",
            Self::JumpClock(_) => "clocks that jumped",
            Self::Pause(_) => "pauses",
            Self::PowerLoss => "power losses",
            Self::PutAllBack => "stores put back",
            Self::PutRecordBack(_) => "records put back",
            Self::PutRowBack(_) => "rows of the vault put back",
            Self::TakeCopy => "copies",
        }
    }
}

/// As it can be kept, in a test.
impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}
