//! A share of a master key: of a set of shares, so many put together give the key back, and fewer tell nothing of it.

mod combine;
mod encoding;
mod error;
mod polynomial;
mod words;

use std::fmt;

use crate::arguments::Maybe;
use crate::master_key::{Fingerprint, MasterKey};
use crate::secret::{SecretBytes, hex, on_wiped_stack, random_array};
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

use polynomial::VALUE_LEN;

pub use combine::Combined;
pub use error::{CombineError, KeyShareError, SplitError};

/// How a master key is split: into how many shares, and how many of them give it back.
///
/// ```
/// use strongroom::escrow::{KeyShare, Split};
/// use strongroom::strength::Waivers;
/// use strongroom::{MasterKey, MasterKeyVersion};
///
/// let key = MasterKey::generate()?;
/// let shares = key.split(&Split::new(5, 3).version(MasterKeyVersion::FIRST))?;
/// let combined = KeyShare::combine(&shares[1..4], &Waivers::none())?;
/// assert!(combined.key.same_as(&key));
/// assert!(KeyShare::combine(&shares[..2], &Waivers::none()).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Split {
    pub(crate) number: u8,
    pub(crate) threshold: u8,
    pub(crate) version: MasterKeyVersion,
    vault: Option<VaultId>,
}

impl Split {
    /// `number` shares, `threshold` of which give the key back: at least 2, and no more than there are.
    pub fn new(number: u8, threshold: u8) -> Self {
        Self { number, threshold, version: MasterKeyVersion::FIRST, vault: None }
    }

    /// The version of the master key; 1 unless set.
    #[must_use]
    pub fn version(mut self, version: impl Maybe<MasterKeyVersion>) -> Self {
        self.version = version.maybe().unwrap_or(self.version);
        self
    }

    /// The vault whose master key it is, for whoever finds a share.
    #[must_use]
    pub fn vault(mut self, vault: impl Maybe<VaultId>) -> Self {
        self.vault = vault.maybe().or(self.vault);
        self
    }
}

impl MasterKey {
    /// Splits the key into shares. Each call makes a new set; shares of two sets do not go together.
    pub fn split(&self, split: &Split) -> Result<Vec<KeyShare>, SplitError> {
        let Split { number, threshold, version, vault } = *split;
        if threshold < MIN_THRESHOLD || threshold > number {
            return Err(SplitError::Numbers { number, threshold });
        }
        let set = Set { vault, version, fingerprint: self.fingerprint(), id: random_array()?, threshold, number };
        let points = on_wiped_stack(|| polynomial::points(self.expose(), threshold, number))?;
        Ok((1..=number).zip(points).map(|(index, value)| KeyShare { set, index, value }).collect())
    }
}

/// One share of a master key. As secret as its share of the key: with as many as the threshold says, the key is known.
///
/// Written as `srs1-` and 103 characters of URL-safe base64, or as 56 words (docs/format.md, Shares of master keys).
pub struct KeyShare {
    set: Set,
    index: u8,
    value: SecretBytes<VALUE_LEN>,
}

/// What all shares of one splitting have in common.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Set {
    vault: Option<VaultId>,
    version: MasterKeyVersion,
    fingerprint: Fingerprint,
    id: [u8; SET_ID_LEN],
    threshold: u8,
    number: u8,
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
const MIN_THRESHOLD: u8 = 2;
const SET_ID_LEN: usize = 8;

#[cfg(test)]
mod tests;
