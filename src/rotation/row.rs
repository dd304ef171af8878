//! The `rotation` row: read from the store, checked, decoded, and sealed again.

use std::sync::Arc;

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use super::state::{Finish, Lease, Phase, State};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{Keyring, RowError, RowLabel, encode};
use crate::ledger::{Head, Ledger, ROTATION, mask_all, row_refused, unmask_all};
use crate::record_set::MaskedRecordSet;
use crate::secret::RandomError;
use crate::store::{Rows, Table};
use crate::time::Timestamp;
use crate::versions::{Generation, MasterKeyVersion};

/// The rotation that is open, its row, and the keyring and head of the same moment.
pub(crate) fn read_state(ledger: &Ledger) -> Result<Option<ReadState>, Error> {
    let snapshot = ledger.store().snapshot()?;
    let Some(row) = snapshot.get(Table::Vault, ROTATION)? else { return Ok(None) };
    let (keyring, head) = ledger.read_together(&*snapshot)?;
    let state = State::open(&keyring, &row).map_err(tampered)?;
    Ok(Some(ReadState { state, row, keyring, head }))
}

/// See [`read_state`].
pub(crate) struct ReadState {
    pub(crate) state: State,
    pub(crate) row: Vec<u8>,
    pub(crate) keyring: Arc<Keyring>,
    pub(crate) head: Head,
}

/// The rotation that is open in a snapshot whose keyring is this.
pub(crate) fn open_in(keyring: &Keyring, rows: &dyn Rows) -> Result<Option<State>, Error> {
    let Some(row) = rows.get(Table::Vault, ROTATION)? else { return Ok(None) };
    State::open(keyring, &row).map(Some).map_err(tampered)
}

impl State {
    /// Checks the signature and reads the row. It must fit the keyring: the same generations, the same master key.
    pub(crate) fn open(keyring: &Keyring, row: &[u8]) -> Result<Self, RowError> {
        let stored: Stored = keyring.open_row(RowLabel::Rotation, row)?.decode()?;
        let time = |millis| Timestamp::from_unix_millis(millis).ok_or(RowError::Malformed);
        let lease = |lease: StoredLease| {
            Ok(Lease { owner: *lease.owner, renewed_at: time(lease.renewed_at)?, claimed: lease.claimed })
        };
        let state = Self {
            phase: Phase::from_byte(stored.phase).ok_or(RowError::Malformed)?,
            from_master_key: stored.from_master_key,
            to_master_key: stored.to_master_key,
            from_generation: stored.from_generation,
            to_generation: stored.to_generation,
            cursor: stored.cursor.map(Into::into),
            started_at: time(stored.started_at)?,
            moved: stored.moved,
            usage_dropped: stored.usage_dropped.unwrap_or_default(),
            lease: stored.lease.map(lease).transpose()?,
            sets: unmask_all(keyring, &stored.sets)?,
            finish: stored.finish.map(|finish| {
                let set = keyring.active().record_set_if_held();
                let set = set.map_or_else(|| finish.set.counted(), |key| finish.set.unmask(key));
                Finish { seq: finish.seq, set }
            }),
        };
        if state.fits(keyring) { Ok(state) } else { Err(RowError::Malformed) }
    }

    /// The row, signed by the authority of the active master key.
    pub(crate) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, RandomError> {
        let stored = Stored {
            phase: self.phase.byte(),
            from_master_key: self.from_master_key,
            to_master_key: self.to_master_key,
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
        Ok(keyring.seal_row(RowLabel::Rotation, &encode(&stored)))
    }
}

impl Finish {
    fn stored(&self, keyring: &Keyring) -> Result<StoredFinish, RandomError> {
        let set = self.set.masked(keyring.active().record_set(), keyring.active_generation())?;
        Ok(StoredFinish { seq: self.seq, set })
    }
}

/// docs/format.md, Rotation.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    phase: u8,
    #[n(1)]
    from_master_key: MasterKeyVersion,
    #[n(2)]
    to_master_key: MasterKeyVersion,
    #[n(3)]
    from_generation: Generation,
    #[n(4)]
    to_generation: Generation,
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

fn tampered(error: RowError) -> Error {
    row_refused(VaultRow::Rotation, error)
}

pub(super) fn row_missing() -> Error {
    Detail::Tampered { row: VaultRow::Rotation, fault: RowFault::Missing }.into()
}
