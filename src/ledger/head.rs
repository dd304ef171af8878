//! The `head` row: where the audit chain ends, and the digest of the records of each generation.

use std::collections::BTreeMap;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::audit_log::ChainEnd;
use crate::keyring::{Keyring, RowError, RowLabel, encode};
use crate::record_set::{MaskedRecordSet, RecordSet};
use crate::secret::RandomError;
use crate::versions::Generation;

/// The opened `head` row.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) chain: ChainEnd,
    sets: BTreeMap<Generation, RecordSet>,
}

/// docs/format.md, Head.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    seq: u64,
    #[n(1)]
    hash: ByteArray<32>,
    #[n(2)]
    sets: Vec<MaskedRecordSet>,
}

impl Head {
    /// The head of a vault to which nothing has happened.
    pub(crate) fn new(keyring: &Keyring) -> Self {
        Self { chain: ChainEnd::start(keyring.vault()), sets: BTreeMap::new() }
    }

    /// Checks the MAC and reads the row.
    pub(crate) fn open(keyring: &Keyring, row: &[u8]) -> Result<Self, RowError> {
        let stored: Stored = keyring.active().open_row(RowLabel::Head, row)?.decode()?;
        let chain = ChainEnd { seq: stored.seq, hash: *stored.hash };
        Ok(Self { chain, sets: unmask_all(keyring, &stored.sets)? })
    }

    /// The row, authenticated by the active generation.
    pub(crate) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, RandomError> {
        let sets = mask_all(keyring, &self.sets)?;
        let stored = Stored { seq: self.chain.seq, hash: self.chain.hash.into(), sets };
        Ok(keyring.active().seal_row(RowLabel::Head, &encode(&stored)))
    }

    /// The records of a generation, to be changed with them.
    pub(crate) fn set(&mut self, generation: Generation) -> &mut RecordSet {
        self.sets.entry(generation).or_default()
    }

    pub(crate) fn sets(&self) -> &BTreeMap<Generation, RecordSet> {
        &self.sets
    }

    /// Drops a generation whose last record is gone.
    pub(crate) fn drop_set(&mut self, generation: Generation) {
        self.sets.remove(&generation);
    }
}

/// Record sets as stored, one for each generation that the keyring has.
pub(crate) fn mask_all(
    keyring: &Keyring,
    sets: &BTreeMap<Generation, RecordSet>,
) -> Result<Vec<MaskedRecordSet>, RandomError> {
    let known = sets.iter().filter_map(|(id, set)| keyring.generation(*id).map(|keys| (*id, set, keys)));
    known.map(|(id, set, keys)| set.masked(&keys.record_set, id)).collect()
}

pub(crate) fn unmask_all(
    keyring: &Keyring,
    stored: &[MaskedRecordSet],
) -> Result<BTreeMap<Generation, RecordSet>, RowError> {
    let unmask = |masked: &MaskedRecordSet| {
        let keys = keyring.generation(masked.generation).ok_or(RowError::Malformed)?;
        Ok((masked.generation, masked.unmask(&keys.record_set)))
    };
    stored.iter().map(unmask).collect()
}
