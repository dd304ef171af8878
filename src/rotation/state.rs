//! What a rotation knows of itself: from where to where, how far it has come, and who is at it.

use std::collections::BTreeMap;

use crate::keyring::Keyring;
use crate::record_set::RecordSet;
use crate::time::Timestamp;
use crate::versions::{Generation, MasterKeyVersion};
use crate::written::written_as_word;

/// The opened `rotation` row.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) from_master_key: MasterKeyVersion,
    pub(crate) to_master_key: MasterKeyVersion,
    pub(crate) from_generation: Generation,
    pub(crate) to_generation: Generation,
    /// The last key of the table `keys` that the phase is done with.
    pub(crate) cursor: Option<Vec<u8>>,
    pub(crate) started_at: Timestamp,
    pub(crate) moved: u64,
    /// Rows of the table `usage` that did not open and were deleted.
    pub(crate) usage_dropped: u64,
    pub(crate) lease: Option<Lease>,
    /// What the batches so far changed in the record sets that `head` names.
    pub(crate) sets: BTreeMap<Generation, RecordSet>,
    /// Present when only scrubbing is left.
    pub(crate) finish: Option<Finish>,
}

impl State {
    /// That of a rotation that has just begun, from and to these master keys and generations.
    pub(super) fn begun(
        [from_master_key, to_master_key]: [MasterKeyVersion; 2],
        [from_generation, to_generation]: [Generation; 2],
        started_at: Timestamp,
    ) -> Self {
        Self {
            phase: Phase::Sweep,
            from_master_key,
            to_master_key,
            from_generation,
            to_generation,
            cursor: None,
            started_at,
            moved: 0,
            usage_dropped: 0,
            lease: None,
            sets: BTreeMap::new(),
            finish: None,
        }
    }

    /// That of the same rotation when only scrubbing is left.
    pub(super) fn ended(&self, finish: Finish) -> Self {
        Self { phase: Phase::Scrub, cursor: None, sets: BTreeMap::new(), finish: Some(finish), ..self.clone() }
    }

    /// Whether the records that move are marked as exposed, or were.
    pub(crate) fn marks_exposed(&self, keyring: &Keyring) -> bool {
        match keyring.generation(self.from_generation) {
            Some(old) => old.exposed_at.is_some(),
            // What said so went with the generation. A key that had leaked handed nothing over.
            None => keyring.masters().any(|master| master.version == self.to_master_key && !master.handed_over),
        }
    }

    /// Whether the row is of this keyring: the same generations, the same master key.
    pub(super) fn fits(&self, keyring: &Keyring) -> bool {
        self.to_master_key == keyring.active_master()
            && self.to_generation == keyring.active_generation()
            && match self.finish {
                None => self.phase != Phase::Scrub && keyring.retiring_generation() == Some(self.from_generation),
                Some(_) => self.phase == Phase::Scrub && keyring.retiring_generation().is_none(),
            }
    }
}

/// How a rotation ended: what its certificate is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Finish {
    /// The audit entry that says so.
    pub(crate) seq: u64,
    /// The records of the new generation at that moment.
    pub(crate) set: RecordSet,
}

/// What a rotation is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Nothing has changed yet: the last moment to stop before the cutover.
    Preflight,
    /// Records are re-encrypted, in the order of their ids.
    Sweep,
    /// Every record is opened under the new generation.
    Verify,
    /// Overwritten bytes are made unreadable.
    Scrub,
}

impl Phase {
    /// The word used in JSON and progress.
    pub fn name(self) -> &'static str {
        match self {
            Self::Preflight => "preflight",
            Self::Scrub => "scrub",
            Self::Sweep => "sweep",
            Self::Verify => "verify",
        }
    }

    pub(crate) fn byte(self) -> u8 {
        match self {
            Self::Preflight => 0,
            Self::Sweep => 1,
            Self::Verify => 2,
            Self::Scrub => 3,
        }
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Sweep),
            2 => Some(Self::Verify),
            3 => Some(Self::Scrub),
            _ => None,
        }
    }
}

written_as_word!(Phase);

/// Who works on a rotation, and since when without a sign of life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    pub(crate) owner: [u8; 16],
    pub(crate) renewed_at: Timestamp,
    /// The owner holds the engine's claim, which ends with its process.
    pub(crate) claimed: bool,
}

impl Lease {
    /// Whether the owner must be taken for alive. A clock that was put back makes no lease eternal.
    pub(crate) fn is_alive(&self, now: Timestamp) -> bool {
        let age = now.unix_millis().abs_diff(self.renewed_at.unix_millis());
        age < LEASE_MILLIS
    }
}

const LEASE_MILLIS: u64 = 5_000;
