//! One share, and what it says of its set.

use std::fmt;

use super::polynomial::VALUE_LEN;
use crate::master_key::Fingerprint;
use crate::secret::{SecretBytes, hex};
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

/// One share of a master key. As secret as its share of the key: with as many as the threshold says, the key is known.
///
/// Written as `srs1-` and 103 characters of URL-safe base64, or as 56 words (docs/format.md, Shares of master keys).
pub struct KeyShare {
    pub(super) set: Set,
    pub(super) index: u8,
    pub(super) value: SecretBytes<VALUE_LEN>,
}

/// What all shares of one splitting have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Set {
    pub(super) vault: Option<VaultId>,
    pub(super) version: MasterKeyVersion,
    pub(super) fingerprint: Fingerprint,
    pub(super) id: [u8; SET_ID_LEN],
    pub(super) threshold: u8,
    pub(super) number: u8,
}

impl KeyShare {
    /// The vault whose master key it is, if it was known.
    pub fn vault(&self) -> Option<VaultId> {
        self.set.vault
    }

    /// The version of the master key.
    pub fn version(&self) -> MasterKeyVersion {
        self.set.version
    }

    /// The fingerprint of the master key.
    pub fn fingerprint(&self) -> Fingerprint {
        self.set.fingerprint
    }

    /// The set it belongs to, in hex.
    pub fn set(&self) -> String {
        hex(&self.set.id)
    }

    /// Which one of the set it is, from 1.
    pub fn index(&self) -> u8 {
        self.index
    }

    /// How many shares of the set give the key back.
    pub fn threshold(&self) -> u8 {
        self.set.threshold
    }

    /// How many shares the set has.
    pub fn number(&self) -> u8 {
        self.set.number
    }
}

impl fmt::Debug for KeyShare {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyShare({} of {} of set {})", self.index, self.set.number, self.set())
    }
}

/// With one share enough there would be nothing to share.
pub(super) const MIN_THRESHOLD: u8 = 2;
pub(super) const SET_ID_LEN: usize = 8;
