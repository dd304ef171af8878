//! The keys of one generation, prepared for use, and what each of them does.

use hkdf::Hkdf;
use sha2::Sha256;

use super::mac::MacKey;
use super::master::clamped;
use super::wrap::Purpose;
use crate::secret::SecretBytes;
use crate::suite::{Cipher, Suite};
use crate::time::Timestamp;

/// The prepared data keys of one generation.
pub(crate) struct GenerationKeys {
    pub(crate) verify: DataKey,
    /// Absent where the keyring was opened with verifier keys.
    pub(super) recover: Option<DataKey>,
    /// Absent where the keyring was opened with verifier keys, like the key of the secrets.
    record_set: Option<MacKey>,
    /// Seals the rows of the table `usage`.
    pub(crate) usage: DataKey,
    /// Since when its API keys count as exposed: the master key above them had leaked.
    pub(crate) exposed_at: Option<Timestamp>,
    /// What names the records that are believed under it, where that master key had leaked.
    pub(crate) fence: Option<[u8; 32]>,
    fence_key: MacKey,
}

impl GenerationKeys {
    /// `whole` has the data keys `recover` and `authority`.
    pub(super) fn new(
        verify: &SecretBytes<32>,
        whole: Option<(&SecretBytes<32>, &SecretBytes<32>)>,
        exposed_at: Option<i64>,
        fence: Option<[u8; 32]>,
    ) -> Self {
        Self {
            verify: DataKey::new(verify, Purpose::Verify.name()),
            recover: whole.map(|(recover, _)| DataKey::new(recover, Purpose::Recover.name())),
            usage: DataKey::new(verify, USAGE),
            record_set: whole.map(|(_, authority)| MacKey::derive(authority, RECORD_SET_LABEL)),
            exposed_at: exposed_at.map(clamped),
            fence,
            fence_key: fence_key(verify),
        }
    }

    /// What marks the records that are believed under the generation before, where its master key had leaked.
    pub(crate) fn fence_key(&self) -> &MacKey {
        &self.fence_key
    }

    /// The data key of the secrets themselves.
    pub(crate) fn recover(&self) -> &DataKey {
        self.recover.as_ref().expect("only a verifier has none, and a verifier neither seals nor recovers")
    }

    /// The key of the digest over all records.
    pub(crate) fn record_set(&self) -> &MacKey {
        self.record_set
            .as_ref()
            .expect("only a verifier has none, and a verifier neither writes records nor counts them")
    }

    /// The same, where the keyring may have been opened with verifier keys.
    pub(crate) fn record_set_if_held(&self) -> Option<&MacKey> {
        self.record_set.as_ref()
    }
}

/// Hangs on the new data key "verify": under the old one, its thief could look for records with the mark of others.
pub(super) fn fence_key(verify: &SecretBytes<32>) -> MacKey {
    MacKey::derive(verify, FENCE_LABEL)
}

/// A data key, prepared for each suite a record may have. The key itself seals nothing: every suite has its own.
pub(crate) struct DataKey {
    xaes: Cipher,
    xchacha: Cipher,
}

impl DataKey {
    fn new(key: &SecretBytes<32>, part: &str) -> Self {
        let hkdf = Hkdf::<Sha256>::from_prk(key.expose()).expect("32 bytes is long enough for a pseudorandom key");
        let cipher = |suite: Suite| {
            let info = [PART_KEY_LABEL, part.as_bytes(), &[0, suite.byte()]];
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

    pub(super) fn new(key: &SecretBytes<32>) -> Self {
        Self(MacKey::of(key))
    }
}

/// docs/format.md, Data keys. Changing one turns every stored value away.
const PART_KEY_LABEL: &[u8] = b"strongroom/v1/part-key/";
const USAGE: &str = "usage";
const FENCE_LABEL: &[u8] = b"strongroom/v1/fence";
const RECORD_SET_LABEL: &[u8] = b"strongroom/v1/record-set";
const LOOKUP_INDEX_LABEL: &[u8] = b"strongroom/v1/lookup/index";
const LOOKUP_ROW_LABEL: &[u8] = b"strongroom/v1/lookup/row";
