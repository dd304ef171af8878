//! The `head` row: where the audit log ends, which keyring is its own, and the digest of the records of each generation.

use std::collections::BTreeMap;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::audit_log::{AuditFault, ChainEnd, row_key};
use crate::error::Error;
use crate::keyring::{Authenticated, Keyring, PublicKeyring, RowError, RowLabel, encode};
use crate::record_set::{MaskedRecordSet, RecordSet};
use crate::secret::RandomError;
use crate::store::{Rows, Table};
use crate::tree::CompactRange;
use crate::versions::Generation;

/// The opened `head` row.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) chain: ChainEnd,
    /// The tree over the lines of the log.
    pub(crate) tree: CompactRange,
    /// The hash of the row `backups`, where there is one.
    pub(crate) backups: Option<[u8; 32]>,
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
    #[n(3)]
    revision: u64,
    #[n(4)]
    keyring: ByteArray<32>,
    #[n(5)]
    backups: Option<ByteArray<32>>,
    #[n(6)]
    line: ByteArray<16>,
    #[n(7)]
    tree: Vec<ByteArray<32>>,
}

impl Stored {
    fn must_stand_beside(&self, keyring: (u64, [u8; 32], [u8; 16])) -> Result<(), RowError> {
        let named = (self.revision, *self.keyring, *self.line);
        if named == keyring { Ok(()) } else { Err(RowError::Other) }
    }
}

impl Head {
    /// The head of a vault to which nothing has happened.
    pub(crate) fn new(keyring: &Keyring) -> Self {
        let chain = ChainEnd::start(keyring.vault());
        Self { chain, tree: CompactRange::default(), backups: None, sets: BTreeMap::new() }
    }

    /// Checks the signature and reads the row. It must name this keyring.
    pub(crate) fn open(keyring: &Keyring, row: &[u8]) -> Result<Self, RowError> {
        let stored: Stored = keyring.open_row(RowLabel::Head, row)?.decode()?;
        stored.must_stand_beside((keyring.revision(), keyring.hash(), keyring.line()))?;
        let sets = unmask_all(keyring, &stored.sets)?;
        Self::of(&stored, sets)
    }

    /// The same without a key of the vault: records are counted and no more.
    pub(crate) fn open_public(keyring: &PublicKeyring, row: &[u8]) -> Result<Self, RowError> {
        let stored: Stored = keyring.open_row(RowLabel::Head, row)?.decode()?;
        stored.must_stand_beside((keyring.revision(), keyring.hash(), keyring.line()))?;
        let counted = stored.sets.iter().map(|masked| (masked.generation, masked.counted())).collect();
        Self::of(&stored, counted)
    }

    fn of(stored: &Stored, sets: BTreeMap<Generation, RecordSet>) -> Result<Self, RowError> {
        let chain = ChainEnd { seq: stored.seq, hash: *stored.hash };
        let tree = CompactRange::from_parts(stored.seq, stored.tree.iter().map(|hash| **hash).collect());
        Ok(Self { chain, tree: tree.ok_or(RowError::Malformed)?, backups: stored.backups.as_deref().copied(), sets })
    }

    /// What a row names, for who has no keyring beside it.
    pub(super) fn names(body: &Authenticated<'_>) -> Option<Named> {
        let stored: Stored = body.decode().ok()?;
        let chain = ChainEnd { seq: stored.seq, hash: *stored.hash };
        Some(Named { chain, revision: stored.revision, keyring: *stored.keyring, line: *stored.line })
    }

    /// The row, signed by the authority of the active master key.
    pub(crate) fn seal(&self, keyring: &Keyring) -> Result<Vec<u8>, RandomError> {
        let stored = Stored {
            seq: self.chain.seq,
            hash: self.chain.hash.into(),
            sets: mask_all(keyring, &self.sets)?,
            revision: keyring.revision(),
            keyring: keyring.hash().into(),
            backups: self.backups.map(Into::into),
            line: keyring.line().into(),
            tree: self.tree.nodes().iter().map(|hash| (*hash).into()).collect(),
        };
        Ok(keyring.seal_row(RowLabel::Head, &encode(&stored)))
    }

    /// The log of these rows ends where the head says.
    pub(crate) fn is_the_end_of_the_log(&self, rows: &dyn Rows) -> Result<(), Error> {
        let end = self.chain;
        let fault = |found| AuditFault::End { found, expected: end.seq };
        if let Some((key, _)) = rows.scan(Table::Audit, Some(&row_key(end.seq)), 1)?.pop() {
            let behind = key.try_into().map(u64::from_be_bytes);
            return Err(behind.map_or(AuditFault::NoEntry { seq: end.seq }, fault).into());
        }
        match rows.get(Table::Audit, &row_key(end.seq))? {
            Some(line) if ChainEnd::at(end.seq, &line) == end => Ok(()),
            Some(_) => Err(fault(end.seq).into()),
            None => Err(fault(last_before(end.seq, rows)?).into()),
        }
    }

    /// The log of these rows still holds an entry that was seen before.
    pub(crate) fn still_holds(&self, rows: &dyn Rows, seen: ChainEnd) -> Result<(), Error> {
        if self.chain.seq < seen.seq {
            return Err(AuditFault::RolledBack { found: self.chain.seq, seen: seen.seq }.into());
        }
        if seen.seq == 0 {
            return Ok(());
        }
        let line = rows.get(Table::Audit, &row_key(seen.seq))?.ok_or(AuditFault::Missing { seq: seen.seq })?;
        if ChainEnd::at(seen.seq, &line) == seen { Ok(()) } else { Err(AuditFault::Forked { seq: seen.seq }.into()) }
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

/// What a head names: the end of the log, and the keyring that belongs beside it.
#[derive(Clone, Copy)]
pub(super) struct Named {
    pub(super) chain: ChainEnd,
    pub(super) revision: u64,
    pub(super) keyring: [u8; 32],
    pub(super) line: [u8; 16],
}

/// The last entry before one that is missing, in a log that has no other gap.
fn last_before(missing: u64, rows: &dyn Rows) -> Result<u64, Error> {
    let (mut there, mut gone) = (0, missing);
    while gone - there > 1 {
        let middle = there + (gone - there) / 2;
        match rows.get(Table::Audit, &row_key(middle))? {
            Some(_) => there = middle,
            None => gone = middle,
        }
    }
    Ok(there)
}

/// Record sets as stored, one for each generation that the keyring has.
pub(crate) fn mask_all(
    keyring: &Keyring,
    sets: &BTreeMap<Generation, RecordSet>,
) -> Result<Vec<MaskedRecordSet>, RandomError> {
    let known = sets.iter().filter_map(|(id, set)| keyring.generation(*id).map(|keys| (*id, set, keys)));
    known.map(|(id, set, keys)| set.masked(keys.record_set(), id)).collect()
}

pub(crate) fn unmask_all(
    keyring: &Keyring,
    stored: &[MaskedRecordSet],
) -> Result<BTreeMap<Generation, RecordSet>, RowError> {
    let unmask = |masked: &MaskedRecordSet| {
        let keys = keyring.generation(masked.generation).ok_or(RowError::Malformed)?;
        let key = keys.record_set_if_held();
        Ok((masked.generation, key.map_or_else(|| masked.counted(), |key| masked.unmask(key))))
    };
    stored.iter().map(unmask).collect()
}
