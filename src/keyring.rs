//! The data keys of a vault by generation, and the row that keeps them wrapped under the active master key.

mod stored;
mod wrap;

use std::collections::BTreeMap;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::master_key::Fingerprint;
use crate::policy::{Policy, RawPolicy};
use crate::secret::{RandomError, SecretBytes, on_wiped_stack};
use crate::suite::{Cipher, Suite};
use crate::time::Timestamp;
use crate::vault_id::VaultId;

use stored::{Authenticated, Stored, StoredGeneration, StoredLookup, StoredMaster};
use wrap::Purpose;

pub(crate) use stored::{RowError, RowLabel, encode};
pub(crate) use wrap::KeyEncryptionKeys;

/// The opened keyring: what is stored, and every data key it wraps, ready for use.
pub(crate) struct Keyring {
    stored: Stored,
    bytes: Vec<u8>,
    generations: BTreeMap<u32, Generation>,
    lookups: BTreeMap<u32, LookupKey>,
    policy: Policy,
}

/// The prepared data keys of one generation.
pub(crate) struct Generation {
    pub(crate) verify: DataKey,
    /// Absent where the keyring was opened with verifier keys.
    recover: Option<DataKey>,
    pub(crate) record_set: MacKey,
    /// Since when its API keys count as exposed: the master key above them had leaked.
    pub(crate) exposed_at: Option<Timestamp>,
    rows: MacKey,
}

/// What a master key version is in the life of a vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MasterKeyVersion {
    /// The version.
    pub version: u32,
    /// Names the key of this version.
    pub fingerprint: Fingerprint,
    /// When the vault began to use it.
    pub added_at: Timestamp,
    /// When another version took its place; `None` for the active one.
    pub retired_at: Option<Timestamp>,
}

impl Keyring {
    /// A new vault's keyring: one generation under `master`.
    pub(crate) fn create(
        suite: Suite,
        vault: VaultId,
        master: u32,
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
            active_generation: 0,
            generations: vec![],
            lookups: vec![],
            policy: None,
        };
        stored.masters.push(StoredMaster::new(master, fingerprint, now));
        Self::start_generation(&mut stored, keks, now)?;
        Self::seal(stored, keks)
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
        to: u32,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let mut stored = self.stored_under(to, keks, now)?;
        Self::start_generation(&mut stored, keks, now)?;
        Self::seal(stored, keks)
    }

    /// The same, where the present master key has leaked: the API keys of the retiring generation count as exposed.
    pub(crate) fn with_next_generation_after_leak(
        &self,
        to: u32,
        keks: &KeyEncryptionKeys,
        now: Timestamp,
    ) -> Result<Self, KeyringError> {
        let mut stored = self.stored_under(to, keks, now)?;
        stored.generations.iter_mut().for_each(|generation| generation.exposed_at = Some(now.unix_millis()));
        Self::start_generation(&mut stored, keks, now)?;
        Self::seal(stored, keks)
    }

    /// The same vault with every wrap under master key `to`.
    pub(crate) fn rewrapped(&self, to: u32, keks: &KeyEncryptionKeys, now: Timestamp) -> Result<Self, KeyringError> {
        Self::seal(self.stored_under(to, keks, now)?, keks)
    }

    /// The same vault without generation `id`. `lookup_rows` says how many rows each retired lookup key still
    /// serves; those that serve none are dropped.
    pub(crate) fn without_generation(
        &self,
        id: u32,
        lookup_rows: &BTreeMap<u32, u64>,
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

    pub(crate) fn active_master(&self) -> u32 {
        self.stored.active_master
    }

    /// Every master key version the vault has ever had, in the order they were added.
    pub(crate) fn masters(&self) -> impl Iterator<Item = MasterKeyVersion> {
        self.stored.masters.iter().map(StoredMaster::view)
    }

    pub(crate) fn active_generation(&self) -> u32 {
        self.stored.active_generation
    }

    pub(crate) fn active(&self) -> &Generation {
        &self.generations[&self.stored.active_generation]
    }

    pub(crate) fn generation(&self, id: u32) -> Option<&Generation> {
        self.generations.get(&id)
    }

    pub(crate) fn generations(&self) -> impl Iterator<Item = u32> {
        self.generations.keys().copied()
    }

    /// The generation a rotation is moving records away from.
    pub(crate) fn retiring_generation(&self) -> Option<u32> {
        self.generations.keys().copied().find(|id| *id != self.stored.active_generation)
    }

    /// The lookup keys by the generation they came with, newest first.
    pub(crate) fn lookups(&self) -> impl Iterator<Item = (u32, &LookupKey)> {
        self.lookups.iter().rev().map(|(id, key)| (*id, key))
    }

    pub(crate) fn active_lookup(&self) -> (u32, &LookupKey) {
        let id = self.stored.active_generation;
        (id, &self.lookups[&id])
    }

    /// How many imported tokens only a retired lookup key can find.
    pub(crate) fn stale_lookup_rows(&self) -> u64 {
        self.stored.lookups.iter().filter_map(|key| key.rows).fold(0, u64::saturating_add)
    }

    fn stored_under(&self, to: u32, keks: &KeyEncryptionKeys, now: Timestamp) -> Result<Stored, KeyringError> {
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

    fn start_generation(stored: &mut Stored, keks: &KeyEncryptionKeys, now: Timestamp) -> Result<(), KeyringError> {
        let id = stored.active_generation.checked_add(1).ok_or(KeyringError::Malformed)?;
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
        Ok(())
    }

    /// Writes the row, authenticated by the active generation, and opens it again: what is returned has been read.
    fn seal(mut stored: Stored, keks: &KeyEncryptionKeys) -> Result<Self, KeyringError> {
        stored.revision = stored.revision.wrapping_add(1);
        on_wiped_stack(|| {
            let active = stored.generations.iter().find(|generation| generation.id == stored.active_generation);
            let wrap = &active.ok_or(KeyringError::Malformed)?.verify;
            let key = keks.unwrap(wrap, VaultId(*stored.vault), stored.active_generation, Purpose::Verify)?;
            let bytes = stored.to_row(&Generation::row_key(&key));
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
            generations.insert(generation.id, Generation::new(&verify, recover.as_ref(), generation.exposed_at));
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

impl Generation {
    fn new(verify: &SecretBytes<32>, recover: Option<&SecretBytes<32>>, exposed_at: Option<i64>) -> Self {
        Self {
            verify: DataKey::new(verify, Purpose::Verify),
            recover: recover.map(|key| DataKey::new(key, Purpose::Recover)),
            record_set: MacKey::derive(verify, RECORD_SET_LABEL),
            exposed_at: exposed_at.map(clamped),
            rows: Self::row_key(verify),
        }
    }

    /// The data key of the secrets themselves.
    pub(crate) fn recover(&self) -> &DataKey {
        self.recover.as_ref().expect("only a verifier has none, and a verifier neither seals nor recovers")
    }

    /// Appends the MAC that makes `body` a row of this vault.
    pub(crate) fn seal_row(&self, label: RowLabel, body: &[u8]) -> Vec<u8> {
        stored::authenticate(&self.rows, label, body)
    }

    /// The MAC of a statement that leaves the vault.
    pub(crate) fn certify(&self, statement: &[u8]) -> [u8; 32] {
        self.rows.mac(&[CERTIFICATE_LABEL, &[0], statement])
    }

    /// Checks the MAC of a row and returns its body.
    pub(crate) fn open_row<'a>(&self, label: RowLabel, row: &'a [u8]) -> Result<Authenticated<'a>, RowError> {
        stored::authenticated(&self.rows, label, row)
    }

    fn row_key(verify: &SecretBytes<32>) -> MacKey {
        MacKey::derive(verify, ROWS_LABEL)
    }
}

/// A data key, prepared for each suite a record may have. The key itself seals nothing: every suite has its own.
pub(crate) struct DataKey {
    xaes: Cipher,
    xchacha: Cipher,
}

impl DataKey {
    fn new(key: &SecretBytes<32>, purpose: Purpose) -> Self {
        let hkdf = Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes is long enough for a pseudorandom key");
        let cipher = |suite: Suite| {
            let info = [PART_KEY_LABEL, purpose.name().as_bytes(), &[0, suite.byte()]];
            let key = SecretBytes::fill_with(|bytes| hkdf.expand_multi_info(&info, bytes));
            suite.cipher(key.expect("32 bytes is a length HKDF-SHA256 can give").expose())
        };
        Self { xaes: cipher(Suite::Xaes256Gcm), xchacha: cipher(Suite::XChaCha20Poly1305) }
    }

    pub(crate) fn cipher(&self, suite: Suite) -> &Cipher {
        match suite {
            Suite::Xaes256Gcm => &self.xaes,
            Suite::XChaCha20Poly1305 => &self.xchacha,
        }
    }
}

/// A prepared HMAC-SHA256 key.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn mac(&self, pieces: &[&[u8]]) -> [u8; 32] {
        self.mac_all(pieces.iter().copied())
    }

    pub(crate) fn mac_all<'p>(&self, pieces: impl Iterator<Item = &'p [u8]>) -> [u8; 32] {
        let mut mac = self.0.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    }

    fn derive(data_key: &SecretBytes<32>, label: &[u8]) -> Self {
        let hkdf = Hkdf::<Sha256>::from_prk(data_key.expose()).expect("32 bytes is long enough for a pseudorandom key");
        let key: Result<SecretBytes<32>, _> = SecretBytes::fill_with(|bytes| hkdf.expand(label, bytes));
        Self::of(&key.expect("32 bytes is a length HKDF-SHA256 can give"))
    }

    fn of(key: &SecretBytes<32>) -> Self {
        Self(Hmac::new_from_slice(key.expose()).expect("HMAC takes keys of any length"))
    }
}

/// Finds imported tokens: their HMAC is the key of a row that names the API key.
pub(crate) struct LookupKey(MacKey);

impl LookupKey {
    /// Where the row of an imported token stands.
    pub(crate) fn index(&self, token: &str) -> [u8; 32] {
        self.0.mac(&[LOOKUP_INDEX_LABEL, &[0], token.as_bytes()])
    }

    /// What shows that the row at `index` was meant to hold `value`.
    pub(crate) fn tag(&self, index: &[u8], value: &[u8]) -> [u8; 16] {
        let mac = self.0.mac(&[LOOKUP_ROW_LABEL, &[0], index, value]);
        *mac.first_chunk().expect("32 bytes begin with 16")
    }

    fn new(key: &SecretBytes<32>) -> Self {
        Self(MacKey::of(key))
    }
}

/// The master key versions that a `keyring` row names, before anything about the row is proven.
pub(crate) fn claimed_masters(row: &[u8]) -> Result<Vec<MasterKeyVersion>, KeyringError> {
    Stored::parse(row).map(|stored| stored.masters.iter().map(StoredMaster::view).collect())
}

/// Why the keyring does not open.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// Written by a later version of strongroom.
    #[error("the keyring has format version {found}, which this version of strongroom does not know")]
    Format {
        /// The version found.
        found: u8,
    },
    /// Not a keyring at all.
    #[error("the keyring is malformed")]
    Malformed,
    /// The active master key is not among the configured ones.
    #[error("master key {version} with fingerprint {fingerprint} is needed, and {}", configured_text(.configured))]
    MissingMasterKey {
        /// The version the vault needs.
        version: u32,
        /// Its fingerprint.
        fingerprint: Fingerprint,
        /// What is configured instead.
        configured: Vec<(u32, Fingerprint)>,
    },
    /// A version was asked for that is not configured.
    #[error("master key {version} is not configured")]
    NotConfigured {
        /// The version.
        version: u32,
    },
    /// The verifier key of the active master key is not among the configured ones.
    #[error(
        "the verifier key of master key {version} with fingerprint {fingerprint} is needed, and {}",
        configured_text(.configured)
    )]
    MissingVerifierKey {
        /// The master key version the vault needs.
        version: u32,
        /// Its fingerprint.
        fingerprint: Fingerprint,
        /// What is configured instead.
        configured: Vec<(u32, Fingerprint)>,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// The key of a new version has been used by this vault before.
    #[error("master key {version} is the same key as version {used_as}")]
    RetiredKey {
        /// The new version.
        version: u32,
        /// The version it has been.
        used_as: u32,
    },
    /// The version has been used by this vault before.
    #[error("master key version {version} has been used before")]
    RetiredVersion {
        /// The version.
        version: u32,
    },
    /// The MAC of the row is wrong.
    #[error("the keyring failed authentication")]
    Unauthentic,
    /// A wrap does not open although the master key is the right one.
    #[error("a data key of generation {generation} does not unwrap")]
    Unwrap {
        /// The generation.
        generation: u32,
    },
    /// A verifier key is for another vault.
    #[error("verifier key {version} is for vault {found}, and this is vault {expected}")]
    VerifierKeyVault {
        /// The version.
        version: u32,
        /// The vault that was opened.
        expected: VaultId,
        /// The vault it is for.
        found: VaultId,
    },
    /// This needs a master key, and there are only verifier keys.
    #[error("this needs a master key, and only verifier keys are configured")]
    VerifierOnly,
    /// The key configured for a version is not the vault's.
    #[error(
        "master key {version} should have fingerprint {expected} and has {found}{}",
        belongs_text(*.belongs_to)
    )]
    WrongMasterKey {
        /// The version.
        version: u32,
        /// What the vault knows.
        expected: Fingerprint,
        /// What is configured.
        found: Fingerprint,
        /// The version the configured key really is.
        belongs_to: Option<u32>,
    },
    /// The verifier key configured for a version is that of another master key.
    #[error(
        "verifier key {version} should be that of the master key with fingerprint {expected}, and is that of {found}{}",
        belongs_text(*.belongs_to)
    )]
    WrongVerifierKey {
        /// The version.
        version: u32,
        /// What the vault knows.
        expected: Fingerprint,
        /// What is configured.
        found: Fingerprint,
        /// The version it really is of.
        belongs_to: Option<u32>,
    },
}

fn configured_text(configured: &[(u32, Fingerprint)]) -> String {
    let named: Vec<_> = configured.iter().map(|(version, print)| format!("{version} ({print})")).collect();
    if named.is_empty() { "none is configured".into() } else { format!("configured is {}", named.join(", ")) }
}

fn belongs_text(belongs_to: Option<u32>) -> String {
    belongs_to.map(|version| format!(", which is the fingerprint of version {version}")).unwrap_or_default()
}

/// Stored times were written by a clock; one outside the calendar is shown as the epoch.
pub(crate) fn clamped(millis: i64) -> Timestamp {
    Timestamp::from_unix_millis(millis).unwrap_or_else(|| Timestamp::from(std::time::UNIX_EPOCH))
}

/// docs/format.md, Data keys. Changing one turns every stored value away.
const PART_KEY_LABEL: &[u8] = b"strongroom/v1/part-key/";
const CERTIFICATE_LABEL: &[u8] = b"strongroom/v1/certificate";
const RECORD_SET_LABEL: &[u8] = b"strongroom/v1/record-set";
const ROWS_LABEL: &[u8] = b"strongroom/v1/rows";
const LOOKUP_INDEX_LABEL: &[u8] = b"strongroom/v1/lookup/index";
const LOOKUP_ROW_LABEL: &[u8] = b"strongroom/v1/lookup/row";

#[cfg(test)]
mod tests;
