//! AES-256-GCM under one key, prepared once: by AWS-LC, or in Rust alone.

#[cfg(feature = "aws-lc")]
pub(super) use aws_lc::Gcm;
#[cfg(not(feature = "aws-lc"))]
pub(super) use rust::Gcm;

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

    use crate::suite::parts::{KEY_LEN, OpenError, SealError, Tag};

    /// AWS-LC keeps the key in memory of its own and wipes that when it is freed.
    pub(in crate::suite) struct Gcm(LessSafeKey);

    impl Gcm {
        pub(in crate::suite) fn new(key: &[u8; KEY_LEN]) -> Self {
            Self(LessSafeKey::new(UnboundKey::new(&AES_256_GCM, key).expect("32 bytes are a key of AES-256-GCM")))
        }

        pub(in crate::suite) fn seal(&self, nonce: [u8; 12], aad: &[u8], buffer: &mut [u8]) -> Result<Tag, SealError> {
            let nonce = Nonce::assume_unique_for_key(nonce);
            let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(aad), buffer).map_err(|_| SealError)?;
            tag.as_ref().try_into().map_err(|_| SealError)
        }

        /// `plain` is as long as `sealed`, and holds no plaintext on failure.
        pub(in crate::suite) fn open(
            &self,
            nonce: [u8; 12],
            aad: &[u8],
            sealed: &[u8],
            tag: &Tag,
            plain: &mut [u8],
        ) -> Result<(), OpenError> {
            let nonce = Nonce::assume_unique_for_key(nonce);
            self.0.open_separate_gather(nonce, Aad::from(aad), sealed, tag, plain).map_err(|_| OpenError)
        }
    }
}

#[cfg(not(feature = "aws-lc"))]
mod rust {
    use aes_gcm::Aes256Gcm;
    use aes_gcm::aead::inout::InOutBuf;
    use aes_gcm::aead::{AeadInOut, KeyInit};

    use crate::suite::parts::{KEY_LEN, OpenError, SealError, Tag};

    pub(in crate::suite) struct Gcm(Aes256Gcm);

    impl Gcm {
        pub(in crate::suite) fn new(key: &[u8; KEY_LEN]) -> Self {
            Self(Aes256Gcm::new(key.into()))
        }

        pub(in crate::suite) fn seal(&self, nonce: [u8; 12], aad: &[u8], buffer: &mut [u8]) -> Result<Tag, SealError> {
            let sealed = self.0.encrypt_inout_detached((&nonce).into(), aad, buffer.into());
            sealed.map(Into::into).map_err(|_| SealError)
        }

        /// `plain` is as long as `sealed`, and holds no plaintext on failure.
        pub(in crate::suite) fn open(
            &self,
            nonce: [u8; 12],
            aad: &[u8],
            sealed: &[u8],
            tag: &Tag,
            plain: &mut [u8],
        ) -> Result<(), OpenError> {
            let buffer = InOutBuf::new(sealed, plain).map_err(|_| OpenError)?;
            self.0.decrypt_inout_detached((&nonce).into(), aad, buffer, tag.into()).map_err(|_| OpenError)
        }
    }
}
