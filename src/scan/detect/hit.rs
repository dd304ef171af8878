//! What a scan of content has to tell: each place where a key lies, and what of the key is no secret.

use sha2::{Digest, Sha256};

use crate::master_key::Fingerprint;
use crate::versions::MasterKeyVersion;

/// What a scan of one content found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Scanned {
    /// In the order of their places.
    pub hits: Vec<Hit>,
    /// How many more there were, silenced by a comment on their line.
    pub allowed: u64,
    /// How many bytes were read.
    pub bytes: u64,
    /// How many layers of packed content were not unpacked to their end, because too much came out.
    pub cut: u64,
}

/// A place where a master key lies. It holds nothing of the key but its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// From 1.
    pub line: u64,
    /// In bytes, from 1.
    pub column: u64,
    /// What found it.
    pub mode: ScanMode,
    /// The writing or the rule: `base64`, `byte-array`, `fernet`. Stable.
    pub kind: &'static str,
    /// The version of the key, where the key is known.
    pub version: Option<MasterKeyVersion>,
    /// The fingerprint of the 32 bytes, where they are 32.
    pub fingerprint: Option<Fingerprint>,
    /// In generic mode, why the checks of master keys would refuse it: the identifier of the finding (docs/master-keys.md), or
    /// `derived-in-code`. Worse than a key that was drawn at random: nobody has to find it to have it.
    pub weak: Option<&'static str>,
    pub(in crate::scan) sameness: Sameness,
}

/// What is equal for the same text where there is no fingerprint. Never shown.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::scan) struct Sameness([u8; 16]);

impl Sameness {
    pub(super) fn of(text: &[u8]) -> Self {
        let digest = Sha256::new().chain_update(b"strongroom/v1/scan-sameness").chain_update(text).finalize();
        Self(*digest.first_chunk().expect("32 bytes begin with 16"))
    }

    pub(in crate::scan) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Sameness {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str("_")
    }
}

/// How a key was found, the surest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ScanMode {
    /// It is a key that the scanner was given.
    Exact,
    /// Its fingerprint is one that the scanner was given.
    Fingerprint,
    /// It stands where a master key would.
    Generic,
}

impl ScanMode {
    /// `exact`, `fingerprint`, `generic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Fingerprint => "fingerprint",
            Self::Generic => "generic",
        }
    }
}
