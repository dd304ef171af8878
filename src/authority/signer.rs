//! Ed25519 by AWS-LC where that is built in, and in Rust otherwise: the same signatures.

#[cfg(feature = "aws-lc")]
pub(super) use aws_lc::Signer;
#[cfg(not(feature = "aws-lc"))]
pub(super) use rust::Signer;

#[cfg(feature = "aws-lc")]
mod aws_lc {
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};

    /// AWS-LC keeps the key on its own heap and wipes what it frees.
    pub(in super::super) struct Signer(Ed25519KeyPair);

    impl Signer {
        pub(in super::super) fn new(seed: &[u8; 32]) -> Self {
            Self(Ed25519KeyPair::from_seed_unchecked(seed).expect("every 32 bytes are a seed"))
        }

        pub(in super::super) fn public(&self) -> [u8; 32] {
            self.0.public_key().as_ref().try_into().expect("a public key has 32 bytes")
        }

        pub(in super::super) fn sign(&self, text: &[u8]) -> [u8; 64] {
            self.0.sign(text).as_ref().try_into().expect("a signature has 64 bytes")
        }
    }
}

#[cfg(not(feature = "aws-lc"))]
mod rust {
    use ed25519_dalek::{Signer as _, SigningKey};

    /// It stays in one place on the heap, and is wiped with this value.
    pub(in super::super) struct Signer(Box<SigningKey>);

    impl Signer {
        pub(in super::super) fn new(seed: &[u8; 32]) -> Self {
            Self(Box::new(SigningKey::from_bytes(seed)))
        }

        pub(in super::super) fn public(&self) -> [u8; 32] {
            self.0.verifying_key().to_bytes()
        }

        pub(in super::super) fn sign(&self, text: &[u8]) -> [u8; 64] {
            self.0.sign(text).to_bytes()
        }
    }
}
