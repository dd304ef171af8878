//! The data keys of a vault by generation, and the row that keeps them wrapped under the active master key.

mod error;
mod feature;
mod generation;
mod mac;
mod master;
mod public;
mod row;
mod stored;
mod wrap;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::authority::{PublicKey, SigningKey};
use crate::policy::{Policy, RawPolicy};
use crate::secret::{RandomError, SecretBytes, on_wiped_stack, random_array};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

use stored::{Stored, StoredGeneration, StoredLookup, StoredMaster};
use wrap::Purpose;

pub use error::{KeyringError, PinError};
pub(crate) use feature::Feature;
pub(crate) use generation::{GenerationKeys, LookupKey};
pub(crate) use mac::MacKey;
pub use master::KnownMasterKey;
pub(crate) use master::clamped;
use public::{HAND_OVER_LABEL, hand_over};
pub(crate) use public::{KeyringFacts, PublicKeyring};
use row::authenticate;
pub(crate) use row::claimed;
pub(crate) use row::{Authenticated, RowError, RowLabel, authenticated, decode_whole, encode, row_hash};
pub(crate) use wrap::KeyEncryptionKeys;

/// The opened keyring: what is stored, and every data key it wraps, ready for use.
pub(crate) struct Keyring {
    stored: Stored,
    bytes: Vec<u8>,
    generations: BTreeMap<Generation, GenerationKeys>,
    lookups: BTreeMap<Generation, LookupKey>,
    policy: Policy,
    public: PublicKey,
    hash: [u8; 32],
    /// Absent where it was opened with verifier keys.
    signer: Option<Arc<SigningKey>>,
}

/// A succession like most, for tests.
#[cfg(any(test, fuzzing))]
pub(crate) const HANDED_OVER: Succession = Succession { entries: 5, leaked: false };

/// What happens to the authority of the active master key when another takes its place.
#[derive(Clone, Copy)]
pub(crate) struct Succession {
    /// The audit entries there are: the last that it speaks for.
    pub(crate) entries: u64,
    /// Whether the master key has leaked: then nothing is handed over, and the API keys of the retiring generation count as exposed.
    pub(crate) leaked: bool,
}

/// The data keys of a generation to come.
pub(crate) struct FreshKeys {
    verify: SecretBytes<32>,
    recover: SecretBytes<32>,
    authority: SecretBytes<32>,
    lookup: SecretBytes<32>,
}

impl FreshKeys {
    pub(crate) fn draw() -> Result<Self, RandomError> {
        let fresh = SecretBytes::random;
        Ok(Self { verify: fresh()?, recover: fresh()?, authority: fresh()?, lookup: fresh()? })
    }

    /// What marks the records of the generation before.
    pub(crate) fn fence_key(&self) -> MacKey {
        generation::fence_key(&self.verify)
    }
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
            line: random_array()?.into(),
            needs: None,
        };
        let public = keks.public_key(master).ok_or(KeyringError::NotConfigured { version: master })?;
        stored.masters.push(StoredMaster::new(master, fingerprint, public, None, now));
        Self::begin_generation(stored, Generation::FIRST, &FreshKeys::draw()?, keks, now)
    }

    /// Opens the `keyring` row: checks its signature, and unwraps every data key.
    pub(crate) fn open(bytes: Vec<u8>, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        let stored = Stored::parse(&bytes)?;
        stored.check_masters(keks)?;
        on_wiped_stack(|| Self::unwrap(stored, bytes, keks))
    }

    /// The same vault with a new generation under master key `to`, the present generation retiring.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn with_next_generation(
        &self,
        to: MasterKeyVersion,
        succession: Succession,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        self.with_generation(&FreshKeys::draw()?, None, to, succession, keks, now)
    }

    /// The same with keys that were drawn before, and with what fences the present generation off.
    pub(crate) fn with_generation(
        &self,
        keys: &FreshKeys,
        fence: Option<[u8; 32]>,
        to: MasterKeyVersion,
        succession: Succession,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let mut stored = self.stored_under(to, succession, keks, now)?;
        if succession.leaked {
            for generation in &mut stored.generations {
                (generation.exposed_at, generation.fence) = (Some(now.unix_millis()), fence.map(Into::into));
            }
        }
        Self::begin_generation(stored, self.next_generation()?, keys, keks, now)
    }

    /// The same vault with every wrap under master key `to`.
    pub(crate) fn rewrapped(
        &self,
        to: MasterKeyVersion,
        entries: u64,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        Self::seal(self.stored_under(to, Succession { entries, leaked: false }, keks, now)?, keks)
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

    /// The same vault, whose readers have to know these as well; `None` where they do already.
    pub(crate) fn needing(
        &self,
        features: &BTreeSet<Feature>,
        keks: &KeyEncryptionKeys,
    ) -> Result<Option<Self>, KeyringError> {
        if features.iter().all(|feature| self.needs(*feature)) {
            return Ok(None);
        }
        // In ascending order of their names.
        let mut names: BTreeSet<_> = self.stored.needs.iter().flatten().cloned().collect();
        names.extend(features.iter().map(|feature| feature.name().to_owned()));
        let needs = Some(names.into_iter().collect());
        Self::seal(Stored { needs, ..self.stored.clone() }, keks).map(Some)
    }

    /// Whether its readers have to know this.
    pub(crate) fn needs(&self, feature: Feature) -> bool {
        self.stored.needs.iter().flatten().any(|name| name == feature.name())
    }

    /// The same vault on a line of its own: one that was restored, and is not the one that went on.
    pub(crate) fn on_another_line(&self, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        Self::seal(Stored { line: random_array()?.into(), ..self.stored.clone() }, keks)
    }

    /// Whether this may take the place of one that was seen: the keyring of a vault only goes forward.
    pub(crate) fn must_follow(&self, seen: &Self) -> Result<(), KeyringError> {
        if self.line() != seen.line() {
            return Err(KeyringError::OtherLine);
        }
        let forward = self.revision() > seen.revision() && self.active_master() >= seen.active_master();
        if forward || self.bytes == seen.bytes {
            Ok(())
        } else {
            Err(KeyringError::PutBack { found: self.revision(), seen: seen.revision() })
        }
    }

    /// The public key of the authority that is active.
    pub(crate) fn public_key(&self) -> PublicKey {
        self.public
    }

    /// Signs `body` as a row of this vault.
    pub(crate) fn seal_row(&self, label: RowLabel, body: &[u8]) -> Vec<u8> {
        authenticate(self.signer(), label, body)
    }

    /// Checks the signature of a row and returns its body.
    pub(crate) fn open_row<'a>(&self, label: RowLabel, row: &'a [u8]) -> Result<Authenticated<'a>, RowError> {
        authenticated(self.public, label, row)
    }

    /// What the authority of the active master key signs with.
    pub(crate) fn signer(&self) -> &SigningKey {
        self.signer.as_ref().expect("only a verifier has none, and a verifier signs nothing")
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What names this keyring in the rows that belong beside it.
    pub(crate) fn hash(&self) -> [u8; 32] {
        self.hash
    }

    /// What it says to those who have none of its keys.
    pub(crate) fn public(&self) -> PublicKeyring {
        PublicKeyring::of(self.stored.clone(), &self.bytes).expect("a keyring that opened has public keys")
    }

    pub(crate) fn facts(&self) -> KeyringFacts {
        let masters = self.masters().collect();
        KeyringFacts { vault: self.vault(), line: self.line(), revision: self.revision(), hash: self.hash(), masters }
    }

    /// How often the keyring was changed.
    pub(crate) fn revision(&self) -> u64 {
        self.stored.revision
    }

    /// Which life of the vault this is.
    pub(crate) fn line(&self) -> [u8; 16] {
        *self.stored.line
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
        self.stored.masters.iter().filter_map(StoredMaster::view)
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
        succession: Succession,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Stored, KeyringError> {
        let (mut stored, vault) = (self.stored.clone(), self.vault());
        if to != stored.active_master {
            let not_configured = KeyringError::NotConfigured { version: to };
            let (Some(fingerprint), Some(public)) = (keks.fingerprint(to), keks.public_key(to)) else {
                return Err(not_configured);
            };
            let (from, entries) = (stored.active_master, succession.entries);
            let statement = hand_over(vault, (from, self.public), (to, public), entries);
            let signed = (!succession.leaked).then(|| self.signer().sign(HAND_OVER_LABEL, &statement));
            stored.add_master(StoredMaster::new(to, fingerprint, public, signed, now), entries)?;
        }
        for generation in &mut stored.generations {
            let StoredGeneration { id, verify, recover, authority, .. } = generation;
            let wraps = [(Purpose::Verify, verify), (Purpose::Recover, recover), (Purpose::Authority, authority)];
            for (purpose, wrap) in wraps {
                *wrap = keks.rewrap(wrap, to, vault, *id, purpose)?;
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
        keys: &FreshKeys,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let suite = Suite::from_byte(stored.suite).ok_or(KeyringError::Malformed)?;
        let wrapped = |key, purpose| keks.wrap(key, suite, stored.active_master, VaultId(*stored.vault), id, purpose);
        let (verify, recover) = (wrapped(&keys.verify, Purpose::Verify)?, wrapped(&keys.recover, Purpose::Recover)?);
        let (authority, lookup) =
            (wrapped(&keys.authority, Purpose::Authority)?, wrapped(&keys.lookup, Purpose::Lookup)?);
        stored.generations.push(StoredGeneration {
            id,
            created_at: now.unix_millis(),
            verify,
            recover,
            exposed_at: None,
            authority,
            fence: None,
        });
        stored.lookups.push(StoredLookup { id, wrap: lookup, rows: None });
        stored.active_generation = id;
        Self::seal(stored, keks)
    }

    /// Writes the row, signed by the authority of the active master key, and opens it again: what is returned has been read.
    fn seal(mut stored: Stored, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        stored.revision = stored.revision.checked_add(1).ok_or(KeyringError::Malformed)?;
        on_wiped_stack(|| {
            let bytes = authenticate(keks.signer(stored.active_master)?, RowLabel::Keyring, &encode(&stored));
            Self::unwrap(Stored::parse(&bytes)?, bytes, keks)
        })
    }

    fn unwrap(stored: Stored, bytes: Vec<u8>, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        let (vault, active) = (VaultId(*stored.vault), stored.active_master);
        let public = keks.public_key(active).ok_or(KeyringError::NotConfigured { version: active })?;
        stored.check_signed(public, &bytes)?;
        let mut generations = BTreeMap::new();
        for generation in &stored.generations {
            let open = |wrap, purpose| keks.unwrap(wrap, vault, generation.id, purpose);
            let fence = generation.fence.map(|fence| *fence);
            let verify = open(&generation.verify, Purpose::Verify)?;
            let keys = if keks.can_recover() {
                let recover = open(&generation.recover, Purpose::Recover)?;
                let authority = open(&generation.authority, Purpose::Authority)?;
                GenerationKeys::new(&verify, Some((&recover, &authority)), generation.exposed_at, fence)
            } else {
                GenerationKeys::new(&verify, None, generation.exposed_at, fence)
            };
            generations.insert(generation.id, keys);
        }
        let mut lookups = BTreeMap::new();
        for lookup in &stored.lookups {
            let key = keks.unwrap(&lookup.wrap, vault, lookup.id, Purpose::Lookup)?;
            lookups.insert(lookup.id, LookupKey::new(&key));
        }
        let policy = stored.policy.as_ref().map_or(Some(Policy::default()), RawPolicy::read);
        let policy = policy.ok_or(KeyringError::Malformed)?;
        let signer = if keks.can_recover() { Some(Arc::clone(keks.signer(active)?)) } else { None };
        let hash = row_hash(RowLabel::Keyring, &bytes);
        Ok(Self { stored, bytes, generations, lookups, policy, public, hash, signer })
    }
}

/// The master key versions that a `keyring` row names, before anything about the row is proven.
pub(crate) fn claimed_masters(row: &[u8]) -> Result<Vec<KnownMasterKey>, KeyringError> {
    Stored::parse(row).map(|stored| stored.masters.iter().filter_map(StoredMaster::view).collect())
}

#[cfg(test)]
mod tests;
