//! What stands in the store, and the one thing that is asked of an engine: all of a batch, or none, where every expectation holds.

/// As many API keys as the model has.
pub(crate) const RECORDS: usize = 3;
/// How often one record can have been written: once, and by every change that the model allows.
const VERSIONS: usize = 3;

/// The tables `vault`, `keys` and `audit`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rows {
    pub(crate) keyring: Keyring,
    pub(crate) head: Head,
    pub(crate) rotation: Option<Rotation>,
    pub(crate) records: [Record; RECORDS],
    pub(crate) log: Log,
}

/// `src/keyring.rs`. The version of the active master key is the number of the active generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Keyring {
    pub(crate) revision: u8,
    pub(crate) active: u8,
    pub(crate) retiring: Option<u8>,
    /// Whether it was made after rows were put back: what is made twice is never the same.
    pub(crate) anew: bool,
}

/// `src/ledger/head.rs`. The hash of the last entry stands for all entries before it, so that here they are it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Head {
    pub(crate) log: Log,
    pub(crate) keyring: Keyring,
    pub(crate) sets: Sets,
}

/// `src/rotation/state.rs`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Rotation {
    pub(crate) phase: Phase,
    /// How many records the sweep is done with.
    pub(crate) cursor: usize,
    pub(crate) lease: Option<Owner>,
    pub(crate) sets: Sets,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Phase {
    Sweep,
    Verify,
    Scrub,
}

/// What `Run::of` draws by chance: of one run of one process alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Owner {
    pub(crate) rotator: usize,
    pub(crate) run: u8,
}

/// `src/record/sealed.rs`. Each version is written once, and the commitment of the log is to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Record {
    pub(crate) generation: u8,
    pub(crate) version: u8,
}

pub(crate) type Log = Vec<Entry>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Entry {
    Changed { record: usize, version: u8, anew: bool },
    Finished { anew: bool },
    Started { anew: bool },
}

/// `src/record_set.rs`: sums over the records of each generation, here without the hash in between.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Sets([[[i8; VERSIONS]; RECORDS]; 2]);

/// `src/store/batch.rs`: what each row has to be, and what it is to be then.
#[derive(Clone, Debug, Default)]
pub(crate) struct Batch {
    pub(crate) keyring: Option<(Keyring, Option<Keyring>)>,
    pub(crate) head: Option<(Head, Head)>,
    pub(crate) rotation: Option<(Option<Rotation>, Option<Rotation>)>,
    pub(crate) record: Option<(usize, Record, Record)>,
    /// Where the entry goes: there is none yet.
    pub(crate) entry: Option<(usize, Entry)>,
}

/// A row that was not what was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Row {
    Entry,
    Head,
    Keyring,
    Record,
    Rotation,
}

impl Rows {
    pub(crate) fn new() -> Self {
        let (keyring, record) =
            (Keyring { revision: 1, active: 1, retiring: None, anew: false }, Record { generation: 1, version: 0 });
        let mut sets = Sets::default();
        (0..RECORDS).for_each(|at| sets.count(at, record, 1));
        Self {
            keyring,
            head: Head { log: vec![], keyring, sets },
            rotation: None,
            records: [record; RECORDS],
            log: vec![],
        }
    }

    /// `Store::commit`. A row that is in `forgotten` is not compared.
    pub(crate) fn commit(&mut self, batch: &Batch, forgotten: &[Row]) -> Result<(), Vec<Row>> {
        let mut conflicts = vec![];
        let mut expect = |row, holds: bool| {
            if !holds && !forgotten.contains(&row) {
                conflicts.push(row);
            }
        };
        expect(Row::Keyring, batch.keyring.is_none_or(|(expected, _)| expected == self.keyring));
        expect(Row::Head, batch.head.as_ref().is_none_or(|(expected, _)| *expected == self.head));
        expect(Row::Rotation, batch.rotation.as_ref().is_none_or(|(expected, _)| *expected == self.rotation));
        expect(Row::Record, batch.record.is_none_or(|(at, expected, _)| expected == self.records[at]));
        expect(Row::Entry, batch.entry.is_none_or(|(at, _)| at >= self.log.len()));
        if !conflicts.is_empty() {
            return Err(conflicts);
        }
        if let Some((_, Some(keyring))) = batch.keyring {
            self.keyring = keyring;
        }
        if let Some((_, head)) = &batch.head {
            self.head.clone_from(head);
        }
        if let Some((_, rotation)) = &batch.rotation {
            self.rotation.clone_from(rotation);
        }
        if let Some((at, _, record)) = batch.record {
            self.records[at] = record;
        }
        if let Some((at, entry)) = batch.entry {
            self.log.truncate(at);
            self.log.push(entry);
        }
        Ok(())
    }

    /// `Head::is_the_end_of_the_log` and `Stored::must_stand_beside`.
    pub(crate) fn belong_together(&self) -> bool {
        self.head.keyring == self.keyring && self.head.log == self.log
    }

    /// The record sets of head and rotation row, added.
    pub(crate) fn counted(&self) -> Sets {
        self.rotation.as_ref().map_or(self.head.sets, |rotation| self.head.sets.plus(rotation.sets))
    }

    /// The record sets of what is there.
    pub(crate) fn present(&self) -> Sets {
        let mut sets = Sets::default();
        (0..RECORDS).for_each(|at| sets.count(at, self.records[at], 1));
        sets
    }
}

impl Keyring {
    /// `Keyring::must_follow`.
    pub(crate) fn follows(self, known: Self) -> bool {
        self == known || (self.revision > known.revision && self.active >= known.active)
    }

    pub(crate) fn has(self, generation: u8) -> bool {
        self.active == generation || self.retiring == Some(generation)
    }
}

impl Rotation {
    /// `State::fits`.
    pub(crate) fn fits(&self, keyring: Keyring) -> bool {
        keyring.active == 2 && keyring.retiring.is_none() == (self.phase == Phase::Scrub)
    }
}

impl Sets {
    pub(crate) fn count(&mut self, record: usize, what: Record, by: i8) {
        self.0[usize::from(what.generation) - 1][record][usize::from(what.version)] += by;
    }

    pub(crate) fn plus(mut self, other: Self) -> Self {
        let theirs = other.0.iter().flatten().flatten();
        self.0.iter_mut().flatten().flatten().zip(theirs).for_each(|(ours, theirs)| *ours += theirs);
        self
    }

    pub(crate) fn is_empty(&self, generation: u8) -> bool {
        self.0[usize::from(generation) - 1].iter().flatten().all(|count| *count == 0)
    }
}

/// `Commitments::judge`: whether the log says this of a record, last.
pub(crate) fn bears_out(log: &[Entry], record: usize, version: u8) -> bool {
    last_version(log, record) == version
}

pub(crate) fn last_version(log: &[Entry], wanted: usize) -> u8 {
    let of = |entry: &Entry| match entry {
        Entry::Changed { record, version, .. } if *record == wanted => Some(*version),
        _ => None,
    };
    log.iter().rev().find_map(of).unwrap_or(0)
}
