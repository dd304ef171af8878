//! The AEAD suites a record or a wrap may be sealed with, and keys prepared for them.

mod gcm;
mod parts;
mod xaes;

use crate::parse_error::ParseError;
use std::fmt;
use std::ops::Deref;
use std::str::FromStr;

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::inout::InOutBuf;
use chacha20poly1305::aead::{AeadInOut, KeyInit};

use crate::written::written_as_word;

pub(crate) use parts::{KEY_LEN, NONCE_LEN, Nonce, OpenError, SealError, TAG_LEN, Tag};

use gcm::Gcm;
use xaes::Xaes;

/// An AEAD with 32-byte keys, 24-byte random nonces and 16-byte tags (docs/format.md, Suites).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Suite {
    /// Suite 1, the default: XAES-256-GCM (C2SP), as fast as AES and safe with random nonces.
    #[default]
    Xaes256Gcm,
    /// Suite 2: XChaCha20-Poly1305, for machines without AES instructions.
    XChaCha20Poly1305,
}

impl Suite {
    /// Every suite.
    pub const ALL: &[Self] = &Self::BOTH;
    pub(crate) const BOTH: [Self; 2] = [Self::Xaes256Gcm, Self::XChaCha20Poly1305];

    /// The byte that stands for this suite in records and wraps.
    pub fn byte(self) -> u8 {
        match self {
            Self::Xaes256Gcm => 1,
            Self::XChaCha20Poly1305 => 2,
        }
    }

    /// The suite a stored byte stands for.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            1 => Some(Self::Xaes256Gcm),
            2 => Some(Self::XChaCha20Poly1305),
            _ => None,
        }
    }

    /// The name used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Xaes256Gcm => "xaes-256-gcm",
            Self::XChaCha20Poly1305 => "xchacha20-poly1305",
        }
    }

    /// Prepares `key` for sealing and opening.
    pub(crate) fn cipher(self, key: &[u8; KEY_LEN]) -> Cipher {
        match self {
            Self::Xaes256Gcm => Cipher::Xaes(Box::new(Xaes::new(key))),
            Self::XChaCha20Poly1305 => Cipher::XChaCha(Box::new(XChaCha20Poly1305::new(key.into()))),
        }
    }
}

written_as_word!(Suite);

impl fmt::Display for Suite {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

impl FromStr for Suite {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::BOTH
            .into_iter()
            .find(|suite| suite.name() == text)
            .ok_or_else(|| ParseError::new("suite", "not a suite: use xaes-256-gcm or xchacha20-poly1305"))
    }
}

/// One key, prepared for its suite.
pub(crate) enum Cipher {
    Xaes(Box<Xaes>),
    XChaCha(Box<XChaCha20Poly1305>),
}

impl Cipher {
    /// Encrypts `buffer` in place and returns the tag.
    pub(crate) fn seal(&self, nonce: &Nonce, aad: &[u8], buffer: &mut [u8]) -> Result<Tag, SealError> {
        self.stream().seal(nonce, aad, buffer)
    }

    /// Checks the tag and decrypts `sealed` into `plain`, which is as long; on failure it holds no plaintext.
    pub(crate) fn open(
        &self,
        nonce: &Nonce,
        aad: &[u8],
        sealed: &[u8],
        tag: &Tag,
        plain: &mut [u8],
    ) -> Result<(), OpenError> {
        self.stream().open(nonce, aad, sealed, tag, plain)
    }

    /// A worker for many values, fastest when neighbours share the first 12 bytes of their nonces.
    pub(crate) fn stream(&self) -> CipherStream<'_> {
        CipherStream { cipher: self, prepared: None }
    }
}

/// Seals or opens a run of values under one key, and keeps the AES key derived for the last nonce prefix.
pub(crate) struct CipherStream<'a> {
    cipher: &'a Cipher,
    prepared: Option<([u8; xaes::PREFIX_LEN], Gcm)>,
}

impl CipherStream<'_> {
    /// Encrypts `buffer` in place and returns the tag.
    pub(crate) fn seal(&mut self, nonce: &Nonce, aad: &[u8], buffer: &mut [u8]) -> Result<Tag, SealError> {
        match self.cipher {
            Cipher::Xaes(key) => {
                let (gcm, rest) = prepare(&mut self.prepared, key, nonce);
                gcm.seal(rest, aad, buffer)
            }
            Cipher::XChaCha(key) => {
                let tag = key.encrypt_inout_detached(nonce.into(), aad, buffer.into());
                tag.map(Into::into).map_err(|_| SealError)
            }
        }
    }

    /// Checks the tag and decrypts `sealed` into `plain`, which is as long; on failure it holds no plaintext.
    pub(crate) fn open(
        &mut self,
        nonce: &Nonce,
        aad: &[u8],
        sealed: &[u8],
        tag: &Tag,
        plain: &mut [u8],
    ) -> Result<(), OpenError> {
        match self.cipher {
            Cipher::Xaes(key) => {
                let (gcm, rest) = prepare(&mut self.prepared, key, nonce);
                gcm.open(rest, aad, sealed, tag, plain)
            }
            Cipher::XChaCha(key) => {
                let buffer = InOutBuf::new(sealed, plain).map_err(|_| OpenError)?;
                key.decrypt_inout_detached(nonce.into(), aad, buffer, tag.into()).map_err(|_| OpenError)
            }
        }
    }
}

fn prepare<'p>(
    prepared: &'p mut Option<([u8; xaes::PREFIX_LEN], Gcm)>,
    key: &Xaes,
    nonce: &Nonce,
) -> (&'p Gcm, [u8; xaes::PREFIX_LEN]) {
    let (prefix, rest) = xaes::split(nonce);
    if prepared.as_ref().is_none_or(|(known, _)| *known != prefix) {
        *prepared = None;
    }
    (&prepared.get_or_insert_with(|| (prefix, key.derive(prefix))).1, rest)
}

/// Associated data: fields with their length before each, 4 bytes big-endian, so that no two lists of fields give the
/// same bytes. It is made for every part of every record, and therefore not on the heap.
pub(crate) struct AssociatedData {
    bytes: [u8; MAX_AAD_LEN],
    len: usize,
}

impl AssociatedData {
    pub(crate) fn of(fields: &[&[u8]]) -> Self {
        let mut aad = Self { bytes: [0; MAX_AAD_LEN], len: 0 };
        for field in fields {
            let len = u32::try_from(field.len()).expect("associated data fields are a few bytes long");
            aad.push(&len.to_be_bytes());
            aad.push(field);
        }
        aad
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes[self.len..self.len + bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }
}

impl Deref for AssociatedData {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

/// Enough for the fields of records and wraps, whose lengths are all fixed.
const MAX_AAD_LEN: usize = 160;
/// Length of the part of a nonce that neighbours in a batch may share.
pub(crate) const SHARED_NONCE_LEN: usize = xaes::PREFIX_LEN;

#[cfg(test)]
mod tests;
