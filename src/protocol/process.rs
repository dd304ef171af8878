//! A process: opened, at its work, or killed.

use crate::change::Change;
use crate::rotator::Stage;
use crate::rows::Rows;
use crate::world::{Anchor, Memory, World};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Process {
    pub(crate) memory: Memory,
    pub(crate) opening: Opening,
    pub(crate) work: Work,
}

/// `Ledger::open` and `Ledger::check_that_it_belongs_together`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Opening {
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
pub(crate) enum Work {
    Rotator { stage: Stage, run: u8 },
    Writer(Option<Change>),
}

impl Process {
    pub(crate) fn new(work: Work, rows: &Rows) -> Self {
        Self { memory: Memory { keyring: rows.keyring, seen: vec![] }, opening: Opening::Open, work }
    }

    pub(crate) fn open(self, world: &mut World) -> Self {
        let opening = match self.opening {
            Opening::Anchor => Opening::Rows(world.anchor.clone()),
            Opening::Rows(seen) => {
                let rows = &world.rows;
                if !rows.belong_together() || !world.holds(&seen, &rows.head, rows.keyring) {
                    return Self { opening: Opening::Refused, ..self };
                }
                let memory = Memory { keyring: rows.keyring, seen: vec![] };
                let now = Anchor { log: rows.head.log.clone(), keyring: rows.keyring };
                let opening = if now.log.len() > seen.log.len() { Opening::Advance(now) } else { Opening::Open };
                return Self { memory, opening, ..self };
            }
            Opening::Advance(now) => {
                world.advance(now);
                Opening::Open
            }
            opening => opening,
        };
        Self { opening, ..self }
    }

    /// What a kill leaves: nothing but the process that is started next.
    pub(crate) fn crash(&mut self) {
        self.memory = Memory { keyring: Rows::new().keyring, seen: vec![] };
        self.opening = Opening::Anchor;
        match &mut self.work {
            Work::Writer(change) => *change = None,
            Work::Rotator { stage, run } => (*stage, *run) = (Stage::Begin, *run + 1),
        }
    }
}
