//! The data keys of a vault by generation, and the row that keeps them wrapped under the active master key.

mod error;
mod generation;
mod mac;
mod master;
mod row;
mod stored;
mod wrap;

use std::collections::BTreeMap;

use crate::policy::{Policy, RawPolicy};
use crate::secret::{SecretBytes, on_wiped_stack};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

use stored::{Stored, StoredGeneration, StoredLookup, StoredMaster};
use wrap::Purpose;

pub use error::KeyringError;
pub(crate) use generation::{GenerationKeys, LookupKey, Statement};
pub(crate) use mac::MacKey;
pub use master::KnownMasterKey;
pub(crate) use master::clamped;
pub(crate) use row::claimed;
pub(crate) use row::{RowError, RowLabel, decode_whole, encode};
pub(crate) use wrap::KeyEncryptionKeys;

/// The opened keyring: what is stored, and every data key it wraps, ready for use.
pub(crate) struct Keyring {
    stored: Stored,
    bytes: Vec<u8>,
    generations: BTreeMap<Generation, GenerationKeys>,
    lookups: BTreeMap<Generation, LookupKey>,
    policy: Policy,
}

impl Keyring {
    /// A new vault's keyring: one generation under `master`.
    pub(crate) fn create(
        suite: Suite,
        vault: VaultId,
        master: MasterKeyVersion,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let fingerprint = keks.fingerprint(master).ok_or(KeyringError::NotConfigured { version: master })?;
        let mut stored = Stored {
            vault: vault.0.into(),
            created_at: now.unix_millis(),
            suite: suite.byte(),
            revision: 0,
            active_master: master,
            masters: vec![],
            active_generation: Generation::FIRST,
            generations: vec![],
            lookups: vec![],
            policy: None,
        };
        stored.masters.push(StoredMaster::new(master, fingerprint, now));
        Self::begin_generation(stored, Generation::FIRST, keks, now)
    }

    /// Opens the `keyring` row: unwraps every data key, and checks the MAC of the row.
    pub(crate) fn open(bytes: Vec<u8>, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        let stored = Stored::parse(&bytes)?;
        stored.check_masters(keks)?;
        on_wiped_stack(|| Self::unwrap(stored, bytes, keks))
    }

    /// The same vault with a new generation under master key `to`, the present generation retiring.
    pub(crate) fn with_next_generation(
        &self,
        to: MasterKeyVersion,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        Self::begin_generation(self.stored_under(to, keks, now)?, self.next_generation()?, keks, now)
    }

    /// The same, where the present master key has leaked: the API keys of the retiring generation count as exposed.
    pub(crate) fn with_next_generation_after_leak(
        &self,
        to: MasterKeyVersion,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let mut stored = self.stored_under(to, keks, now)?;
        stored.generations.iter_mut().for_each(|generation| generation.exposed_at = Some(now.unix_millis()));
        Self::begin_generation(stored, self.next_generation()?, keks, now)
    }

    /// The same vault with every wrap under master key `to`.
    pub(crate) fn rewrapped(
        &self,
        to: MasterKeyVersion,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        Self::seal(self.stored_under(to, keks, now)?, keks)
    }

    /// The same vault without generation `id`. `lookup_rows` says how many rows each retired lookup key still
    /// serves; those that serve none are dropped.
    pub(crate) fn without_generation(
        &self,
        id: Generation,
        lookup_rows: &BTreeMap<Generation, u64>,
        keks: &KeyEncryptionKeys,
    ) -> Result<Self, KeyringError> {
        let mut stored = self.stored.clone();
        stored.generations.retain(|generation| generation.id != id);
        let active = stored.active_generation;
        stored.lookups.retain(|key| key.id == active || lookup_rows.get(&key.id).is_some_and(|rows| *rows > 0));
        for key in stored.lookups.iter_mut().filter(|key| key.id != active) {
            key.rows = lookup_rows.get(&key.id).copied();
        }
        Self::seal(stored, keks)
    }

    /// The same vault with these rules in the place of the present ones.
    pub(crate) fn with_policy(&self, policy: &Policy, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        Self::seal(Stored { policy: RawPolicy::of(policy), ..self.stored.clone() }, keks)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn policy(&self) -> &Policy {
        &self.policy
    }

    pub(crate) fn vault(&self) -> VaultId {
        VaultId(*self.stored.vault)
    }

    /// The vault a row belongs to, before anything about the row is proven.
    pub(crate) fn vault_claimed_by(row: &[u8]) -> Result<VaultId, KeyringError> {
        Stored::parse(row).map(|stored| VaultId(*stored.vault))
    }

    pub(crate) fn created_at(&self) -> Timestamp {
        clamped(self.stored.created_at)
    }

    /// The suite of new seals.
    pub(crate) fn suite(&self) -> Suite {
        Suite::from_byte(self.stored.suite).expect("parsing refuses unknown suites")
    }

    pub(crate) fn active_master(&self) -> MasterKeyVersion {
        self.stored.active_master
    }

    /// Every master key version the vault has ever had, in the order they were added.
    pub(crate) fn masters(&self) -> impl Iterator<Item = KnownMasterKey> {
        self.stored.masters.iter().map(StoredMaster::view)
    }

    pub(crate) fn active_generation(&self) -> Generation {
        self.stored.active_generation
    }

    pub(crate) fn active(&self) -> &GenerationKeys {
        &self.generations[&self.stored.active_generation]
    }

    pub(crate) fn generation(&self, id: Generation) -> Option<&GenerationKeys> {
        self.generations.get(&id)
    }

    pub(crate) fn generations(&self) -> impl Iterator<Item = Generation> {
        self.generations.keys().copied()
    }

    /// The generation a rotation is moving records away from.
    pub(crate) fn retiring_generation(&self) -> Option<Generation> {
        self.generations.keys().copied().find(|id| *id != self.stored.active_generation)
    }

    /// The lookup keys by the generation they came with, newest first.
    pub(crate) fn lookups(&self) -> impl Iterator<Item = (Generation, &LookupKey)> {
        self.lookups.iter().rev().map(|(id, key)| (*id, key))
    }

    pub(crate) fn active_lookup(&self) -> (Generation, &LookupKey) {
        let id = self.stored.active_generation;
        (id, &self.lookups[&id])
    }

    /// How many imported tokens only a retired lookup key can find.
    pub(crate) fn stale_lookup_rows(&self) -> u64 {
        self.stored.lookups.iter().filter_map(|key| key.rows).fold(0, u64::saturating_add)
    }

    fn stored_under(
        &self,
        to: MasterKeyVersion,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Stored, KeyringError> {
        let mut stored = self.stored.clone();
        if to != stored.active_master {
            let fingerprint = keks.fingerprint(to).ok_or(KeyringError::NotConfigured { version: to })?;
            stored.add_master(StoredMaster::new(to, fingerprint, now))?;
        }
        let vault = self.vault();
        for generation in &mut stored.generations {
            for (purpose, wrap) in
                [(Purpose::Verify, &mut generation.verify), (Purpose::Recover, &mut generation.recover)]
            {
                *wrap = keks.rewrap(wrap, to, vault, generation.id, purpose)?;
            }
        }
        for lookup in &mut stored.lookups {
            lookup.wrap = keks.rewrap(&lookup.wrap, to, vault, lookup.id, Purpose::Lookup)?;
        }
        Ok(stored)
    }

    fn next_generation(&self) -> Result<Generation, KeyringError> {
        self.stored.active_generation.next().ok_or(KeyringError::Malformed)
    }

    /// Makes fresh data keys the active ones, and seals.
    fn begin_generation(
        mut stored: Stored,
        id: Generation,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let suite = Suite::from_byte(stored.suite).ok_or(KeyringError::Malformed)?;
        let fresh = |purpose| {
            let key = SecretBytes::random()?;
            keks.wrap(&key, suite, stored.active_master, VaultId(*stored.vault), id, purpose)
        };
        let (verify, recover, lookup) = (fresh(Purpose::Verify)?, fresh(Purpose::Recover)?, fresh(Purpose::Lookup)?);
        stored.generations.push(StoredGeneration {
            id,
            created_at: now.unix_millis(),
            verify,
            recover,
            exposed_at: None,
        });
        stored.lookups.push(StoredLookup { id, wrap: lookup, rows: None });
        stored.active_generation = id;
        Self::seal(stored, keks)
    }

    /// Writes the row, authenticated by the active generation, and opens it again: what is returned has been read.
    fn seal(mut stored: Stored, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        stored.revision = stored.revision.wrapping_add(1);
        on_wiped_stack(|| {
            let active = stored.generations.iter().find(|generation| generation.id == stored.active_generation);
            let wrap = &active.ok_or(KeyringError::Malformed)?.verify;
            let key = keks.unwrap(wrap, VaultId(*stored.vault), stored.active_generation, Purpose::Verify)?;
            let bytes = stored.to_row(&GenerationKeys::row_key(&key));
            Self::unwrap(Stored::parse(&bytes)?, bytes, keks)
        })
    }

    fn unwrap(stored: Stored, bytes: Vec<u8>, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        let vault = VaultId(*stored.vault);
        let mut generations = BTreeMap::new();
        for generation in &stored.generations {
            let verify = keks.unwrap(&generation.verify, vault, generation.id, Purpose::Verify)?;
            let recover = || keks.unwrap(&generation.recover, vault, generation.id, Purpose::Recover);
            let recover = keks.can_recover().then(recover).transpose()?;
            generations.insert(generation.id, GenerationKeys::new(&verify, recover.as_ref(), generation.exposed_at));
        }
        let mut lookups = BTreeMap::new();
        for lookup in &stored.lookups {
            let key = keks.unwrap(&lookup.wrap, vault, lookup.id, Purpose::Lookup)?;
            lookups.insert(lookup.id, LookupKey::new(&key));
        }
        let active = generations.get(&stored.active_generation).ok_or(KeyringError::Malformed)?;
        if !lookups.contains_key(&stored.active_generation) {
            return Err(KeyringError::Malformed);
        }
        active.open_row(RowLabel::Keyring, &bytes).map_err(|_| KeyringError::Unauthentic)?;
        let policy = stored.policy.as_ref().map_or(Some(Policy::default()), RawPolicy::read);
        let policy = policy.ok_or(KeyringError::Malformed)?;
        Ok(Self { stored, bytes, generations, lookups, policy })
    }
}

/// The master key versions that a `keyring` row names, before anything about the row is proven.
pub(crate) fn claimed_masters(row: &[u8]) -> Result<Vec<KnownMasterKey>, KeyringError> {
    Stored::parse(row).map(|stored| stored.masters.iter().map(StoredMaster::view).collect())
}

#[cfg(test)]
mod tests;
