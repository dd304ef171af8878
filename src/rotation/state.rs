//! The `rotation` row: how far a rotation has come, and who is at it.

use std::collections::BTreeMap;

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use crate::error::{Error, VaultRow};
use crate::keyring::{Keyring, RowError, RowLabel, encode};
use crate::ledger::{mask_all, row_refused, unmask_all};
use crate::record_set::{MaskedRecordSet, RecordSet};
use crate::secret::RandomError;
use crate::time::Timestamp;

/// The opened `rotation` row.
#[derive(Clone, Debug)]
pub(crate) struct State {
    pub(crate) phase: Phase,
    pub(crate) from_master: u32,
    pub(crate) to_master: u32,
    pub(crate) from_generation: u32,
    pub(crate) to_generation: u32,
    /// The last key of the table `keys` that the phase is done with.
    pub(crate) cursor: Option<Vec<u8>>,
    pub(crate) started_at: Timestamp,
    pub(crate) moved: u64,
    /// Rows of the table `usage` that did not open and were deleted.
    pub(crate) usage_dropped: u64,
    pub(crate) lease: Option<Lease>,
    /// What the batches so far changed in the record sets that `head` names.
    pub(crate) sets: BTreeMap<u32, RecordSet>,
    /// Present when only scrubbing is left.
    pub(crate) finish: Option<Finish>,
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

/// docs/format.md, Rotation.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    phase: u8,
    #[n(1)]
    from_master: u32,
    #[n(2)]
    to_master: u32,
    #[n(3)]
    from_generation: u32,
    #[n(4)]
    to_generation: u32,
    #[n(5)]
    cursor: Option<ByteVec>,
    #[n(6)]
    started_at: i64,
    #[n(7)]
    moved: u64,
    #[n(8)]
    lease: Option<StoredLease>,
    #[n(9)]
    sets: Vec<MaskedRecordSet>,
    #[n(10)]
    finish: Option<StoredFinish>,
    #[n(11)]
    usage_dropped: Option<u64>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredFinish {
    #[n(0)]
    seq: u64,
    #[n(1)]
    set: MaskedRecordSet,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredLease {
    #[n(0)]
    owner: ByteArray<16>,
    #[n(1)]
    renewed_at: i64,
    #[n(2)]
    claimed: bool,
}

impl State {
    /// Checks the MAC and reads the row. It must fit the keyring: the same generations, the same master key.
    pub(crate) fn open(keyring: &Keyring, row: &[u8]) -> Result<Self, RowError> {
        let stored: Stored = keyring.active().open_row(RowLabel::Rotation, row)?.decode()?;
        let time = |millis| Timestamp::from_unix_millis(millis).ok_or(RowError::Malformed);
        let lease = |lease: StoredLease| {
            Ok(Lease { owner: *lease.owner, renewed_at: time(lease.renewed_at)?, claimed: lease.claimed })
        };
        let state = Self {
            phase: Phase::from_byte(stored.phase).ok_or(RowError::Malformed)?,
            from_master: stored.from_master,
            to_master: stored.to_master,
            from_generation: stored.from_generation,
            to_generation: stored.to_generation,
            cursor: stored.cursor.map(Into::into),
            started_at: time(stored.started_at)?,
            moved: stored.moved,
            usage_dropped: stored.usage_dropped.unwrap_or_default(),
            lease: stored.lease.map(lease).transpose()?,
            sets: unmask_all(keyring, &stored.sets)?,
            finish: stored
                .finish
                .map(|finish| Finish { seq: finish.seq, set: finish.set.unmask(&keyring.active().record_set) }),
        };
        if state.fits(keyring) { Ok(state) } else { Err(RowError::Malformed) }
    }

    /// The row, authenticated by the active generation.
    pub(crate) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, RandomError> {
        let stored = Stored {
            phase: self.phase.byte(),
            from_master: self.from_master,
            to_master: self.to_master,
            from_generation: self.from_generation,
            to_generation: self.to_generation,
            cursor: self.cursor.clone().map(Into::into),
            started_at: self.started_at.unix_millis(),
            moved: self.moved,
            lease: self.lease.map(|lease| StoredLease {
                owner: lease.owner.into(),
                renewed_at: lease.renewed_at.unix_millis(),
                claimed: lease.claimed,
            }),
            sets: mask_all(keyring, &self.sets)?,
            finish: self.finish.map(|finish| finish.stored(keyring)).transpose()?,
            usage_dropped: Some(self.usage_dropped).filter(|count| *count > 0),
        };
        Ok(keyring.active().seal_row(RowLabel::Rotation, &encode(&stored)))
    }

    /// Whether the records that move are marked as exposed.
    pub(crate) fn marks_exposed(&self, keyring: &Keyring) -> bool {
        keyring.generation(self.from_generation).is_some_and(|old| old.exposed_at.is_some())
    }

    fn fits(&self, keyring: &Keyring) -> bool {
        self.to_master == keyring.active_master()
            && self.to_generation == keyring.active_generation()
            && match self.finish {
                None => self.phase != Phase::Scrub && keyring.retiring_generation() == Some(self.from_generation),
                Some(_) => self.phase == Phase::Scrub && keyring.retiring_generation().is_none(),
            }
    }
}

impl Finish {
    fn stored(&self, keyring: &Keyring) -> Result<StoredFinish, RandomError> {
        let set = self.set.masked(&keyring.active().record_set, keyring.active_generation())?;
        Ok(StoredFinish { seq: self.seq, set })
    }
}

pub(crate) fn tampered(error: RowError) -> Error {
    row_refused(VaultRow::Rotation, error)
}

/// Key of the row in the table `vault`.
pub(crate) const ROTATION: &[u8] = b"rotation";
const LEASE_MILLIS: u64 = 5_000;
