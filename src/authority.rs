//! The authority of a master key: an Ed25519 key (RFC 8032) that signs what verifiers and auditors are to believe.

mod signer;

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature, VerifyingKey};
use hkdf::Hkdf;
use sha2::Sha256;

use self::signer::Signer;
use crate::parse_error::ParseError;
use crate::secret::{SecretBytes, hex, on_wiped_stack};
use crate::written::written_as_text;

/// The private half, wiped with this value.
pub(crate) struct SigningKey {
    signer: Signer,
    public: PublicKey,
}

impl SigningKey {
    /// That of a master key whose key-encryption key of this purpose is given (docs/format.md, Authority).
    pub(crate) fn derive(kek: &SecretBytes<32>) -> Self {
        let hkdf = Hkdf::<Sha256>::from_prk(kek.expose()).expect("32 bytes is long enough for a pseudorandom key");
        let seed = SecretBytes::fill_with(|bytes| hkdf.expand(SEED_LABEL, bytes));
        Self::from_seed(seed.expect("32 bytes is a length HKDF-SHA256 can give"))
    }

    pub(crate) fn from_seed(seed: SecretBytes<32>) -> Self {
        // What its making and its move to the heap leave behind lies on the stack that is wiped.
        let signer = on_wiped_stack(|| Signer::new(seed.expose()));
        let public = PublicKey(signer.public());
        Self { signer, public }
    }

    pub(crate) fn public(&self) -> PublicKey {
        self.public
    }

    /// Signs `bytes` as what `label` says they are. A label has no zero byte in it.
    pub(crate) fn sign(&self, label: &[u8], bytes: &[u8]) -> [u8; SIGNATURE_LEN] {
        self.sign_text(&labelled(label, bytes))
    }

    /// Signs a text that says itself what it is: that of a note, which begins as no label does.
    pub(crate) fn sign_text(&self, text: &[u8]) -> [u8; SIGNATURE_LEN] {
        on_wiped_stack(|| self.signer.sign(text))
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey {{ key: [REDACTED], public: {} }}", self.public)
    }
}

/// The public half: who has it can check what was signed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; Self::LEN]);

impl PublicKey {
    pub(crate) const LEN: usize = 32;

    /// Nothing for bytes that are no point, are not the one spelling of theirs, or under which anyone can sign: a point of small order.
    pub(crate) fn from_bytes(bytes: &[u8; Self::LEN]) -> Option<Self> {
        let key = VerifyingKey::from_bytes(bytes).ok()?;
        let canonical = key.to_edwards().compress().to_bytes() == *bytes;
        (canonical && !key.is_weak()).then_some(Self(*bytes))
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }

    /// Whether `signature` was made of `bytes` as what `label` says.
    pub(crate) fn verify(&self, label: &[u8], bytes: &[u8], signature: &[u8]) -> bool {
        self.verify_text(&labelled(label, bytes), signature)
    }

    /// Strictly: where RFC 8032 leaves a choice between accepting and refusing, this refuses.
    pub(crate) fn verify_text(&self, text: &[u8], signature: &[u8]) -> bool {
        let verified = || {
            let key = VerifyingKey::from_bytes(&self.0).ok()?;
            key.verify_strict(text, &Signature::from_slice(signature).ok()?).ok()
        };
        verified().is_some()
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(&self.0))
    }
}

written_as_text!(PublicKey);

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for PublicKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut bytes = [0; Self::LEN];
        let decoded = base16ct::lower::decode(text, &mut bytes).is_ok_and(|decoded| decoded.len() == Self::LEN);
        let key = if decoded { Self::from_bytes(&bytes) } else { None };
        key.ok_or_else(|| {
            ParseError::new(
                "public key",
                "a public key is 64 lower-case hexadecimal characters, and one that can be signed with",
            )
        })
    }
}

pub(crate) const SIGNATURE_LEN: usize = 64;
const SEED_LABEL: &[u8] = b"strongroom/v1/authority/signing-key";

fn labelled(label: &[u8], bytes: &[u8]) -> Vec<u8> {
    [label, &[0], bytes].concat()
}

#[cfg(test)]
mod tests;
