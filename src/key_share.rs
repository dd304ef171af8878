//! A share of a master key: of a set of shares, so many put together give the key back, and fewer tell nothing of it.

mod combine;
mod encoding;
mod error;
mod polynomial;
mod share;
mod words;

use crate::arguments::Maybe;
use crate::master_key::MasterKey;
use crate::secret::{on_wiped_stack, random_array};
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

use share::{MIN_THRESHOLD, Set};

pub use combine::Combined;
pub use error::{CombineError, KeyShareError, SplitError};
pub use share::KeyShare;

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

#[cfg(test)]
mod tests;
