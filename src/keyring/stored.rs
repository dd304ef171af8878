//! The `keyring` row as bytes, and what must be true of it by itself.

use std::collections::BTreeSet;

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use super::error::KeyringError;
use super::feature::Feature;
use super::master::{KnownMasterKey, clamped};
use super::row::{RowError, RowLabel, authenticated, body_of, decode_whole};
use super::wrap::{KeyEncryptionKeys, Wrap};
use crate::authority::PublicKey;
use crate::master_key::Fingerprint;
use crate::policy::RawPolicy;
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::versions::{Generation, MasterKeyVersion};

/// The body of the `keyring` row (docs/format.md, Keyring). Adding a field means a new format version: a writer
/// that does not know a field would drop it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct Stored {
    #[n(0)]
    pub(super) vault: ByteArray<16>,
    #[n(1)]
    pub(super) created_at: i64,
    #[n(2)]
    pub(super) suite: u8,
    #[n(3)]
    pub(super) revision: u64,
    #[n(4)]
    pub(super) active_master: MasterKeyVersion,
    #[n(5)]
    pub(super) masters: Vec<StoredMaster>,
    #[n(6)]
    pub(super) active_generation: Generation,
    #[n(7)]
    pub(super) generations: Vec<StoredGeneration>,
    #[n(8)]
    pub(super) lookups: Vec<StoredLookup>,
    #[n(9)]
    pub(super) policy: Option<RawPolicy>,
    #[n(10)]
    pub(super) line: ByteArray<16>,
    /// What a reader has to know beyond the first version of this format, in ascending order.
    #[n(11)]
    pub(super) needs: Option<Vec<String>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredMaster {
    #[n(0)]
    pub(super) version: MasterKeyVersion,
    #[n(1)]
    fingerprint: ByteArray<{ Fingerprint::LEN }>,
    #[n(2)]
    added_at: i64,
    #[n(3)]
    retired_at: Option<i64>,
    #[n(4)]
    pub(super) public_key: ByteArray<{ PublicKey::LEN }>,
    /// How many audit entries there were when another version took its place.
    #[n(5)]
    pub(super) ended: Option<u64>,
    /// Signed by the version before, unless that had leaked.
    #[n(6)]
    pub(super) hand_over: Option<ByteArray<64>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredGeneration {
    #[n(0)]
    pub(super) id: Generation,
    #[n(1)]
    pub(super) created_at: i64,
    #[n(2)]
    pub(super) verify: Wrap,
    #[n(3)]
    pub(super) recover: Wrap,
    /// When a rotation began because the master key above this generation had leaked.
    #[n(4)]
    pub(super) exposed_at: Option<i64>,
    #[n(5)]
    pub(super) authority: Wrap,
    /// What names the records that are believed under it, where the master key above it had leaked.
    #[n(6)]
    pub(super) fence: Option<ByteArray<32>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(super) struct StoredLookup {
    #[n(0)]
    pub(super) id: Generation,
    #[n(1)]
    pub(super) wrap: Wrap,
    #[n(2)]
    pub(super) rows: Option<u64>,
}

impl Stored {
    /// Reads the row without judging its MAC: its keys are needed first.
    pub(super) fn parse(row: &[u8]) -> Result<Self, KeyringError> {
        let body = body_of(row).map_err(|error| match error {
            RowError::Format(found) => KeyringError::Format { found },
            _ => KeyringError::Malformed,
        })?;
        let stored: Self = decode_whole(body).ok_or(KeyringError::Malformed)?;
        if stored.is_consistent() { Ok(stored) } else { Err(KeyringError::Malformed) }
    }

    /// The signature of the row it was read from is this authority's, and it asks for nothing that is not known here.
    pub(super) fn check_signed(&self, public: PublicKey, row: &[u8]) -> Result<(), KeyringError> {
        authenticated(public, RowLabel::Keyring, row).map_err(|_| KeyringError::Unauthentic)?;
        match self.needs.iter().flatten().find(|name| !Feature::is_known(name)) {
            None => Ok(()),
            Some(feature) => Err(KeyringError::Feature { name: feature.clone() }),
        }
    }

    /// The active master key is configured, and no configured key contradicts the fingerprint of its version.
    pub(super) fn check_masters(&self, keks: &KeyEncryptionKeys) -> Result<(), KeyringError> {
        for master in &self.masters {
            let master = master.view().ok_or(KeyringError::Malformed)?;
            if let Some(found) = keks.fingerprint(master.version).filter(|found| *found != master.fingerprint) {
                let belongs_to = self.masters.iter().find(|other| *other.fingerprint == found.to_bytes());
                let belongs_to = belongs_to.map(|other| other.version);
                let (version, expected) = (master.version, master.fingerprint);
                return Err(if keks.can_recover() {
                    KeyringError::WrongMasterKey { version, expected, found, belongs_to }
                } else {
                    KeyringError::WrongVerifierKey { version, expected, found, belongs_to }
                });
            }
            // The same key has the same authority: a row that lists another is not this vault's.
            if keks.public_key(master.version).is_some_and(|public| public != master.public_key) {
                return Err(KeyringError::Unauthentic);
            }
            if master.version == self.active_master && keks.fingerprint(master.version).is_none() {
                let configured = keks.versions().collect();
                let (version, fingerprint) = (master.version, master.fingerprint);
                return Err(if keks.can_recover() {
                    KeyringError::MissingMasterKey { version, fingerprint, configured }
                } else {
                    KeyringError::MissingVerifierKey { version, fingerprint, configured }
                });
            }
        }
        Ok(())
    }

    /// Makes `master` the active version and retires the one before, whose authority ends with so many audit entries.
    pub(super) fn add_master(&mut self, master: StoredMaster, ended: u64) -> Result<(), KeyringError> {
        if let Some(used) = self.masters.iter().find(|known| known.version == master.version) {
            return Err(KeyringError::RetiredVersion { version: used.version });
        }
        if let Some(used) = self.masters.iter().find(|known| known.fingerprint == master.fingerprint) {
            return Err(KeyringError::RetiredKey { version: master.version, used_as: used.version });
        }
        if master.version < self.active_master {
            return Err(KeyringError::RetiredVersion { version: master.version });
        }
        let retired = self.masters.iter_mut().filter(|known| known.version == self.active_master);
        retired.for_each(|known| (known.retired_at, known.ended) = (Some(master.added_at), Some(ended)));
        self.active_master = master.version;
        self.masters.push(master);
        Ok(())
    }

    fn is_consistent(&self) -> bool {
        let wraps = self.generations.iter().flat_map(StoredGeneration::wraps);
        let mut wraps = wraps.chain(self.lookups.iter().map(|lookup| &lookup.wrap));
        Suite::from_byte(self.suite).is_some()
            && self.generations.len() <= 2
            && self.masters.last().is_some_and(|master| master.version == self.active_master)
            && self.masters.iter().all(|master| master.is_over() == Some(master.version != self.active_master))
            && self.masters.is_sorted_by(|one, next| {
                one.version < next.version && next.ended.is_none_or(|end| one.ended <= Some(end))
            })
            && self.generations.iter().any(|generation| generation.id == self.active_generation)
            && self.lookups.iter().any(|lookup| lookup.id == self.active_generation)
            && unique(self.generations.iter().map(|generation| generation.id))
            && unique(self.lookups.iter().map(|lookup| lookup.id))
            && wraps.all(|wrap| wrap.master == self.active_master && Suite::from_byte(wrap.suite).is_some())
    }
}

impl StoredGeneration {
    fn wraps(&self) -> [&Wrap; 3] {
        [&self.verify, &self.recover, &self.authority]
    }
}

impl StoredMaster {
    pub(super) fn new(
        version: MasterKeyVersion,
        fingerprint: Fingerprint,
        public_key: PublicKey,
        hand_over: Option<[u8; 64]>,
        now: Timestamp,
    ) -> Self {
        Self {
            version,
            fingerprint: fingerprint.to_bytes().into(),
            added_at: now.unix_millis(),
            retired_at: None,
            public_key: public_key.to_bytes().into(),
            ended: None,
            hand_over: hand_over.map(Into::into),
        }
    }

    /// Whether another version has taken its place; `None` where its two fields say different things.
    fn is_over(&self) -> Option<bool> {
        (self.retired_at.is_some() == self.ended.is_some()).then_some(self.ended.is_some())
    }

    /// `None` where its public key is none.
    pub(super) fn view(&self) -> Option<KnownMasterKey> {
        Some(KnownMasterKey {
            version: self.version,
            fingerprint: Fingerprint::from_bytes(*self.fingerprint),
            added_at: clamped(self.added_at),
            retired_at: self.retired_at.map(clamped),
            public_key: PublicKey::from_bytes(&self.public_key)?,
            ended: self.ended,
            handed_over: self.hand_over.is_some(),
        })
    }
}

fn unique<T: Ord>(mut ids: impl Iterator<Item = T>) -> bool {
    let mut known = BTreeSet::new();
    ids.all(|id| known.insert(id))
}
