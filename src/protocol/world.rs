//! What all processes share: the rows, the anchor, and what is only known to who sees everything.

use crate::rows::{Head, Keyring, Log, RECORDS, Row, Rows, last_version};

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct World {
    pub(crate) rows: Rows,
    pub(crate) anchor: Anchor,
    /// What somebody has kept, and what of it he has put back.
    pub(crate) copy: Option<Rows>,
    pub(crate) put_back: Option<PutBack>,
    /// Every entry that was committed.
    pub(crate) truth: Log,
    /// What a sweep sealed anew.
    pub(crate) sealed_anew: [Option<u8>; RECORDS],
    /// As far as a process was told that a commit happened.
    pub(crate) acknowledged: usize,
    pub(crate) broken: Option<Broken>,
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

impl World {
    pub(crate) fn new() -> Self {
        let rows = Rows::new();
        Self {
            anchor: Anchor { log: vec![], keyring: rows.keyring },
            copy: None,
            put_back: None,
            truth: vec![],
            sealed_anew: [None; RECORDS],
            acknowledged: 0,
            broken: None,
            rows,
        }
    }

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

    pub(crate) fn put_back(&mut self, what: PutBack) {
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

    pub(crate) fn rotated(&self) -> bool {
        self.rows.keyring.active == 2 && self.rows.keyring.retiring.is_none() && self.rows.rotation.is_none()
    }
}
