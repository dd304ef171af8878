//! The HMAC that every authenticated value of a vault is judged by.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::secret::SecretBytes;

/// A prepared HMAC-SHA256 key.
pub(crate) struct MacKey(Hmac<Sha256>);

impl MacKey {
    pub(crate) fn mac(&self, pieces: &[&[u8]]) -> [u8; 32] {
        let mut mac = self.0.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac.finalize().into_bytes().into()
    }

    pub(super) fn derive(data_key: &SecretBytes<32>, label: &[u8]) -> Self {
        let hkdf = Hkdf::<Sha256>::from_prk(data_key.expose()).expect("32 bytes is long enough for a pseudorandom key");
        let key: Result<SecretBytes<32>, _> = SecretBytes::fill_with(|bytes| hkdf.expand(label, bytes));
        Self::of(&key.expect("32 bytes is a length HKDF-SHA256 can give"))
    }

    pub(super) fn of(key: &SecretBytes<32>) -> Self {
        Self(Hmac::new_from_slice(key.expose()).expect("HMAC takes keys of any length"))
    }
}
