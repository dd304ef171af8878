//! What goes into a suite and comes out of it: lengths, nonces, tags, and why it fails.

pub(crate) type Nonce = [u8; NONCE_LEN];
pub(crate) type Tag = [u8; TAG_LEN];

/// The plaintext is too long for the suite.
#[derive(Debug, thiserror::Error)]
#[error("too long to seal")]
#[non_exhaustive]
pub struct SealError;

/// The key, nonce, associated data or bytes are not those that were sealed.
#[derive(Debug, thiserror::Error)]
#[error("failed authentication")]
pub(crate) struct OpenError;

pub(crate) const KEY_LEN: usize = 32;
pub(crate) const NONCE_LEN: usize = 24;
pub(crate) const TAG_LEN: usize = 16;
