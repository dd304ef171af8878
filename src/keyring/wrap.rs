//! Key-encryption keys, derived from the master keys, and the wraps they make of data keys.

use std::collections::BTreeMap;
use std::sync::Arc;

use hkdf::Hkdf;
use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use sha2::Sha256;

use super::error::KeyringError;
use crate::authority::{PublicKey, SigningKey};
use crate::master_key::Fingerprint;
use crate::master_keys::{Candidates, MasterKeys};
use crate::secret::{SecretBytes, on_wiped_stack, random_array, same_bytes};
use crate::suite::{AssociatedData, NONCE_LEN, Nonce, Suite, TAG_LEN};
use crate::vault_id::VaultId;
use crate::verifier_key::{KEK_AUTHORITY_LABEL, KEK_VERIFY_LABEL, VerifierKey};
use crate::verifier_keys::VerifierKeys;
use crate::versions::{Generation, MasterKeyVersion};

/// What a data key is for. It picks the key-encryption key and is bound into the wrap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Authority,
    Lookup,
    Recover,
    Verify,
}

impl Purpose {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Authority => "authority",
            Self::Lookup => "lookup",
            Self::Recover => "recover",
            Self::Verify => "verify",
        }
    }
}

/// The keys that wrap data keys: three for each master key version, for one vault, and what its authority signs with. The master
/// keys themselves are not needed after this, and are not kept. Where they were verifier keys, there is one for each, and
/// the public key of the authority.
pub(crate) struct KeyEncryptionKeys {
    pub(super) versions: BTreeMap<MasterKeyVersion, Version>,
    given: Given,
    candidates: Candidates,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Given {
    MasterKeys,
    VerifierKeys,
}

pub(super) struct Version {
    fingerprint: Fingerprint,
    public: PublicKey,
    verify: SecretBytes<32>,
    /// What does not follow from a verifier key.
    whole: Option<Whole>,
}

struct Whole {
    recover: SecretBytes<32>,
    authority: SecretBytes<32>,
    signer: Arc<SigningKey>,
}

impl KeyEncryptionKeys {
    pub(crate) fn derive(masters: &MasterKeys, vault: VaultId) -> Self {
        on_wiped_stack(|| {
            let version = |(number, master): (MasterKeyVersion, &crate::master_key::MasterKey)| {
                let hkdf = Hkdf::<Sha256>::new(Some(&vault.0), master.expose());
                let key = |label| {
                    let expanded = SecretBytes::fill_with(|bytes| hkdf.expand(label, bytes));
                    expanded.expect("32 bytes is a length HKDF-SHA256 can give")
                };
                let (verify, recover, authority) =
                    (key(KEK_VERIFY_LABEL), key(KEK_RECOVER_LABEL), key(KEK_AUTHORITY_LABEL));
                let signer = Arc::new(SigningKey::derive(&authority));
                let public = signer.public();
                let whole = Some(Whole { recover, authority, signer });
                (number, Version { fingerprint: master.fingerprint(), public, verify, whole })
            };
            let candidates = Candidates::default();
            Self { versions: masters.iter().map(version).collect(), given: Given::MasterKeys, candidates }
        })
    }

    /// The same, with the master keys themselves beside it until a rotation to the newest of them begins.
    pub(crate) fn derive_to_rotate(masters: &MasterKeys, vault: VaultId) -> Self {
        Self { candidates: Candidates::of(masters), ..Self::derive(masters, vault) }
    }

    /// What verifier keys of this vault are enough for.
    pub(crate) fn of_verifier(keys: VerifierKeys, vault: VaultId) -> Result<Self, KeyringError> {
        let version = |(number, key): (MasterKeyVersion, VerifierKey)| {
            let (found, fingerprint, public) = (key.vault(), key.fingerprint(), key.public_key());
            if found != vault {
                return Err(KeyringError::VerifierKeyVault { version: number, expected: vault, found });
            }
            Ok((number, Version { fingerprint, public, verify: key.into_key(), whole: None }))
        };
        let versions = keys.into_keys().map(version).collect::<Result<_, _>>()?;
        Ok(Self { versions, given: Given::VerifierKeys, candidates: Candidates::default() })
    }

    pub(crate) fn fingerprint(&self, version: MasterKeyVersion) -> Option<Fingerprint> {
        self.versions.get(&version).map(|keys| keys.fingerprint)
    }

    /// The public key of the authority of a configured version.
    pub(crate) fn public_key(&self, version: MasterKeyVersion) -> Option<PublicKey> {
        self.versions.get(&version).map(|keys| keys.public)
    }

    /// What the authority of a version signs with.
    pub(crate) fn signer(&self, version: MasterKeyVersion) -> Result<&Arc<SigningKey>, KeyringError> {
        let keys = self.versions.get(&version).ok_or(KeyringError::NotConfigured { version })?;
        keys.whole.as_ref().map(|whole| &whole.signer).ok_or(KeyringError::VerifierOnly)
    }

    pub(crate) fn versions(&self) -> impl DoubleEndedIterator<Item = (MasterKeyVersion, Fingerprint)> {
        self.versions.iter().map(|(version, keys)| (*version, keys.fingerprint))
    }

    pub(crate) fn candidates(&self) -> &Candidates {
        &self.candidates
    }

    /// Whether they came from master keys, and not from verifier keys.
    pub(crate) fn can_recover(&self) -> bool {
        self.given == Given::MasterKeys
    }

    /// The verifier key of a version for this vault.
    pub(crate) fn verifier_key(&self, version: MasterKeyVersion, vault: VaultId) -> Option<VerifierKey> {
        self.versions.get(&version).map(|keys| VerifierKey::of(vault, keys.fingerprint, keys.public, &keys.verify))
    }

    /// Seals a data key under master key version `master`.
    pub(super) fn wrap(
        &self,
        key: &SecretBytes<32>,
        suite: Suite,
        master: MasterKeyVersion,
        vault: VaultId,
        generation: Generation,
        purpose: Purpose,
    ) -> Result<Wrap, KeyringError> {
        let nonce: Nonce = random_array()?;
        let derived = self.derived(master, &nonce, purpose)?;
        let mut sealed = [0; SEALED_LEN];
        let (body, tag_space) = sealed.split_at_mut(KEY_LEN);
        body.copy_from_slice(key.expose());
        let aad = wrap_aad(vault, generation, purpose, master);
        let tag = suite.cipher(derived.key()).seal(&nonce, &aad, body).map_err(|_| KeyringError::Malformed)?;
        tag_space.copy_from_slice(&tag);
        Ok(Wrap {
            master,
            suite: suite.byte(),
            nonce: nonce.into(),
            sealed: sealed.into(),
            commitment: (*derived.commitment()).into(),
        })
    }

    /// Opens a wrap under the master key version it names, after the commitment has shown that it is the right key.
    pub(super) fn unwrap(
        &self,
        wrap: &Wrap,
        vault: VaultId,
        generation: Generation,
        purpose: Purpose,
    ) -> Result<SecretBytes<32>, KeyringError> {
        let suite = Suite::from_byte(wrap.suite).ok_or(KeyringError::Malformed)?;
        let derived = self.derived(wrap.master, &wrap.nonce, purpose)?;
        if !same_bytes(derived.commitment(), &*wrap.commitment) {
            return Err(KeyringError::Unwrap { generation });
        }
        let (body, tag) = wrap.sealed.split_at(KEY_LEN);
        let tag: [u8; TAG_LEN] = tag.try_into().map_err(|_| KeyringError::Malformed)?;
        let aad = wrap_aad(vault, generation, purpose, wrap.master);
        SecretBytes::fill_with(|key| {
            suite
                .cipher(derived.key())
                .open(&wrap.nonce, &aad, body, &tag, key)
                .map_err(|_| KeyringError::Unwrap { generation })
        })
    }

    /// The same data key under master key version `to`.
    pub(super) fn rewrap(
        &self,
        wrap: &Wrap,
        to: MasterKeyVersion,
        vault: VaultId,
        generation: Generation,
        purpose: Purpose,
    ) -> Result<Wrap, KeyringError> {
        let suite = Suite::from_byte(wrap.suite).ok_or(KeyringError::Malformed)?;
        on_wiped_stack(|| {
            let key = self.unwrap(wrap, vault, generation, purpose)?;
            self.wrap(&key, suite, to, vault, generation, purpose)
        })
    }

    fn derived(&self, master: MasterKeyVersion, nonce: &Nonce, purpose: Purpose) -> Result<Derived, KeyringError> {
        let version = self.versions.get(&master).ok_or(KeyringError::NotConfigured { version: master })?;
        let whole = || version.whole.as_ref().ok_or(KeyringError::VerifierOnly);
        let kek = match purpose {
            Purpose::Authority => &whole()?.authority,
            Purpose::Lookup | Purpose::Verify => &version.verify,
            Purpose::Recover => &whole()?.recover,
        };
        let hkdf = Hkdf::<Sha256>::from_prk(kek.expose()).expect("32 bytes is long enough for a pseudorandom key");
        let expanded = SecretBytes::fill_with(|bytes| hkdf.expand_multi_info(&[WRAP_LABEL, nonce], bytes));
        Ok(Derived(expanded.expect("64 bytes is a length HKDF-SHA256 can give")))
    }
}

/// A data key sealed under a key-encryption key (docs/format.md, Wraps).
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub(crate) struct Wrap {
    #[n(0)]
    pub(super) master: MasterKeyVersion,
    #[n(1)]
    pub(super) suite: u8,
    #[n(2)]
    nonce: ByteArray<NONCE_LEN>,
    #[n(3)]
    sealed: ByteArray<SEALED_LEN>,
    #[n(4)]
    commitment: ByteArray<COMMITMENT_LEN>,
}

/// The sealing key of one wrap, and the commitment to it.
struct Derived(SecretBytes<64>);

impl Derived {
    fn key(&self) -> &[u8; KEY_LEN] {
        self.0.expose().first_chunk().expect("64 bytes begin with 32")
    }

    fn commitment(&self) -> &[u8; COMMITMENT_LEN] {
        self.0.expose().last_chunk().expect("64 bytes end with 32")
    }
}

fn wrap_aad(vault: VaultId, generation: Generation, purpose: Purpose, master: MasterKeyVersion) -> AssociatedData {
    let (generation, master) = (generation.to_be_bytes(), master.to_be_bytes());
    AssociatedData::of(&[WRAP_LABEL, &vault.0, &generation, purpose.name().as_bytes(), &master])
}

/// docs/format.md, Key-encryption keys.
const KEK_RECOVER_LABEL: &[u8] = b"strongroom/v1/key-encryption-key/recover";
/// docs/format.md, Wraps.
const WRAP_LABEL: &[u8] = b"strongroom/v1/wrap";
const KEY_LEN: usize = 32;
const COMMITMENT_LEN: usize = 32;
const SEALED_LEN: usize = KEY_LEN + TAG_LEN;
