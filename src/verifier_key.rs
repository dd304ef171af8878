//! A verifier key: what a process needs to verify and list the API keys of one vault, and no more.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::authority::{PublicKey, SigningKey};
use crate::master_key::{Fingerprint, MasterKey};
use crate::secret::{SecretBytes, SecretText, on_wiped_stack};
use crate::vault_id::VaultId;

/// The key-encryption key "verify" that one master key has for one vault. With it the API keys of that vault can be
/// verified and listed. Neither the master key nor any secret follows from it.
///
/// With it goes the public key of that master key's authority, which shows that the rows of the vault are its own; nothing can be signed
/// with it.
///
/// Written as `srv1-` and 123 characters of URL-safe base64 (docs/format.md, Verifier keys), which nothing takes for a
/// master key.
pub struct VerifierKey {
    vault: VaultId,
    fingerprint: Fingerprint,
    public: PublicKey,
    key: SecretBytes<KEY_LEN>,
}

impl VerifierKey {
    /// The verifier key of a master key for a vault. [`Vault::issue_verifier_key`](crate::Vault::issue_verifier_key) gives
    /// the same one, and writes it into the audit log.
    pub fn derive(master: &MasterKey, vault: VaultId) -> Self {
        on_wiped_stack(|| {
            let hkdf = Hkdf::<Sha256>::new(Some(&vault.0), master.expose());
            let expanded = |label| {
                let key = SecretBytes::fill_with(|bytes| hkdf.expand(label, bytes));
                key.expect("32 bytes is a length HKDF-SHA256 can give")
            };
            let public = SigningKey::derive(&expanded(KEK_AUTHORITY_LABEL)).public();
            Self { vault, fingerprint: master.fingerprint(), public, key: expanded(KEK_VERIFY_LABEL) }
        })
    }

    /// Reads the 128 characters strictly.
    ///
    /// ```
    /// # use strongroom::master::{VerifierKey, VerifierKeyError};
    /// # use strongroom::MasterKey;
    /// let (master, vault) = (MasterKey::generate()?, "aa1eb8ffa580315602fbbaf5f471ec15".parse()?);
    /// let key = VerifierKey::derive(&master, vault);
    /// assert_eq!(VerifierKey::parse(key.to_text().expose())?.fingerprint(), master.fingerprint());
    /// let error = VerifierKey::parse(master.to_text().expose()).unwrap_err();
    /// assert_eq!(error, VerifierKeyError::MasterKey);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, VerifierKeyError> {
        let Some(encoded) = text.strip_prefix(PREFIX) else {
            let master_key = text.len() == MASTER_KEY_TEXT_LEN && text.ends_with('=');
            return Err(if master_key { VerifierKeyError::MasterKey } else { VerifierKeyError::Prefix });
        };
        if encoded.len() != ENCODED_LEN {
            return Err(VerifierKeyError::Length(text.chars().count()));
        }
        on_wiped_stack(|| {
            let mut bytes = Zeroizing::new([0; BYTES_LEN]);
            let decoded = Base64UrlUnpadded::decode(encoded, bytes.as_mut()).map_err(|_| VerifierKeyError::Alphabet)?;
            Self::from_bytes(decoded.try_into().map_err(|_| VerifierKeyError::Alphabet)?)
        })
    }

    /// The 128 characters.
    pub fn to_text(&self) -> SecretText {
        on_wiped_stack(|| {
            let mut bytes = Zeroizing::new([0; BYTES_LEN]);
            let (vault, rest) = bytes.split_at_mut(VaultId::LEN);
            let (fingerprint, rest) = rest.split_at_mut(Fingerprint::LEN);
            let (key, rest) = rest.split_at_mut(KEY_LEN);
            let (public, _) = rest.split_at_mut(PublicKey::LEN);
            vault.copy_from_slice(&self.vault.0);
            fingerprint.copy_from_slice(&self.fingerprint.to_bytes());
            key.copy_from_slice(self.key.expose());
            public.copy_from_slice(&self.public.to_bytes());
            let (body, check) = bytes.split_at_mut(BYTES_LEN - CHECK_LEN);
            check.copy_from_slice(&check_of(body));
            // Sized first: growing would leave copies behind.
            let mut encoded = Zeroizing::new([0; ENCODED_LEN]);
            let encoded =
                Base64UrlUnpadded::encode(bytes.as_ref(), encoded.as_mut()).expect("92 bytes are 123 characters");
            let mut text = String::with_capacity(PREFIX.len() + ENCODED_LEN);
            text.push_str(PREFIX);
            text.push_str(encoded);
            SecretText::new(text)
        })
    }

    /// The vault it is for.
    pub fn vault(&self) -> VaultId {
        self.vault
    }

    /// Whether both were derived from one master key for one vault. Their fingerprints tell, which are no secrets.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        (self.vault, self.fingerprint) == (other.vault, other.fingerprint)
    }

    /// The fingerprint of the master key that it was derived from.
    pub fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The public key of the authority of that master key for this vault.
    pub fn public_key(&self) -> PublicKey {
        self.public
    }

    /// The same key once more.
    pub(crate) fn of(vault: VaultId, fingerprint: Fingerprint, public: PublicKey, key: &SecretBytes<KEY_LEN>) -> Self {
        Self { vault, fingerprint, public, key: copied(key.expose()) }
    }

    pub(crate) fn into_key(self) -> SecretBytes<KEY_LEN> {
        self.key
    }

    fn from_bytes(bytes: &[u8; BYTES_LEN]) -> Result<Self, VerifierKeyError> {
        let (body, check) = bytes.split_last_chunk::<CHECK_LEN>().expect("92 bytes end with 4");
        if *check != check_of(body) {
            return Err(VerifierKeyError::Check);
        }
        let (vault, rest) = body.split_first_chunk().expect("88 bytes begin with 16");
        let (fingerprint, rest) = rest.split_first_chunk().expect("72 bytes begin with 8");
        let (key, public) = rest.split_first_chunk().expect("64 bytes begin with 32");
        let public = public.first_chunk().expect("32 bytes are left");
        let public = PublicKey::from_bytes(public).ok_or(VerifierKeyError::Check)?;
        let (vault, fingerprint) = (VaultId(*vault), Fingerprint::from_bytes(*fingerprint));
        Ok(Self { vault, fingerprint, public, key: copied(key) })
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "VerifierKey({} for vault {})", self.fingerprint, self.vault)
    }
}

/// Why a text is no verifier key. Never holds any part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierKeyError {
    /// Not URL-safe base64.
    #[error("a verifier key is srv1- and 123 characters of URL-safe base64, and this has other characters")]
    Alphabet,
    /// The check does not fit the rest.
    #[error("the verifier key is mistyped or cut: its check does not fit")]
    Check,
    /// The wrong number of characters.
    #[error("a verifier key has 128 characters, and this has {0}")]
    Length(usize),
    /// It is written like a master key.
    #[error("this is written like a master key, which does not belong here")]
    MasterKey,
    /// It does not begin like one.
    #[error("a verifier key begins with srv1-, and this does not")]
    Prefix,
}

fn copied(key: &[u8; KEY_LEN]) -> SecretBytes<KEY_LEN> {
    let filled = SecretBytes::fill_with(|bytes| {
        bytes.copy_from_slice(key);
        Ok::<_, std::convert::Infallible>(())
    });
    let Ok(key) = filled;
    key
}

/// Against typing errors; it proves nothing.
fn check_of(body: &[u8]) -> [u8; CHECK_LEN] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(PREFIX.as_bytes());
    crc.update(body);
    crc.finalize().to_be_bytes()
}

/// docs/format.md, Verifier keys.
pub(crate) const PREFIX: &str = "srv1-";
/// docs/format.md, Key-encryption keys.
pub(crate) const KEK_VERIFY_LABEL: &[u8] = b"strongroom/v1/key-encryption-key/verify";
/// docs/format.md, Key-encryption keys.
pub(crate) const KEK_AUTHORITY_LABEL: &[u8] = b"strongroom/v1/key-encryption-key/authority";
const KEY_LEN: usize = 32;
const CHECK_LEN: usize = 4;
const BYTES_LEN: usize = VaultId::LEN + Fingerprint::LEN + KEY_LEN + PublicKey::LEN + CHECK_LEN;
const ENCODED_LEN: usize = (BYTES_LEN * 4).div_ceil(3);
const MASTER_KEY_TEXT_LEN: usize = 44;

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> VerifierKey {
        VerifierKey::derive(&MasterKey::generate().expect("random"), VaultId::random().expect("random"))
    }

    #[test]
    fn a_key_survives_being_written_and_has_one_spelling() {
        let key = key();
        let text = key.to_text();
        let text = text.expose();
        assert_eq!(text.len(), 128);
        let read = VerifierKey::parse(text).expect("good");
        assert_eq!((read.vault(), read.fingerprint()), (key.vault(), key.fingerprint()));
        assert_eq!(read.key.expose(), key.key.expose());
        assert_eq!(read.to_text().expose(), text);
        for at in 0..text.len() {
            for other in ['A', 'b', '7', '-', '_', '=', ' ', '!'] {
                let mut wrong = text.to_owned();
                wrong.replace_range(at..=at, &other.to_string());
                assert!(wrong == text || VerifierKey::parse(&wrong).is_err(), "character {at}");
            }
        }
        for wrong in
            [&text[..127], &format!("{text}A"), &format!("{text}\n"), &format!(" {text}"), "", "srv1-", &"é".repeat(43)]
        {
            assert!(VerifierKey::parse(wrong).is_err(), "{} characters", wrong.len());
        }
    }

    #[test]
    fn neither_is_taken_for_the_other_and_errors_never_echo_the_text() {
        let master = MasterKey::generate().expect("random").to_text();
        assert_eq!(VerifierKey::parse(master.expose()).err(), Some(VerifierKeyError::MasterKey));
        let key = key().to_text();
        assert!(MasterKey::parse(key.expose()).is_err());
        let error = VerifierKey::parse(&key.expose()[..80]).expect_err("cut");
        assert!(!format!("{error} {error:?} {key:?}").contains(&key.expose()[5..20]));
    }

    #[test]
    fn it_does_not_print_itself() {
        let key = key();
        let shown = format!("{key:?}");
        assert!(shown.contains(&key.fingerprint().to_string()) && !shown.contains(&key.to_text().expose()[40..]));
    }

    #[test]
    fn another_vault_has_another_key() {
        let master = MasterKey::generate().expect("random");
        let of = |id| VerifierKey::derive(&master, VaultId([id; 16]));
        assert_ne!(of(1).key.expose(), of(2).key.expose());
        assert_ne!(of(1).key.expose(), master.expose());
    }
}
