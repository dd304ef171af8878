//! The name of a master key.

use hkdf::Hkdf;
use sha2::Sha256;

use crate::secret::{hex_id, on_wiped_stack};

hex_id! {
    /// 8 bytes of HKDF output that name a master key without telling anything else about it; written in hex.
    pub struct Fingerprint([u8; 8]);

    "fingerprint" => "a fingerprint is 16 lower-case hexadecimal characters"
}

impl Fingerprint {
    /// Of bytes that may be a master key: a weak key has one as well.
    pub(crate) fn of(key: &[u8; 32]) -> Self {
        on_wiped_stack(|| {
            let mut bytes = [0; Self::LEN];
            Hkdf::<Sha256>::new(None, key)
                .expand(FINGERPRINT_LABEL, &mut bytes)
                .expect("8 bytes is a length HKDF-SHA256 can give");
            Self(bytes)
        })
    }

    pub(crate) fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    pub(crate) fn to_bytes(self) -> [u8; Self::LEN] {
        self.0
    }
}

/// docs/format.md, Fingerprints.
const FINGERPRINT_LABEL: &[u8] = b"strongroom/v1/master-key-fingerprint";
