//! The id of a backup.

use std::fmt;
use std::str::FromStr;

use crate::secret::{RandomError, hex, random_array};

/// 16 random bytes that name a backup, in the vault and in the file; written in hex.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct BackupId(pub(crate) [u8; Self::LEN]);

impl BackupId {
    pub(crate) const LEN: usize = 16;

    pub(crate) fn random() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}

impl fmt::Display for BackupId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&hex(&self.0))
    }
}

impl fmt::Debug for BackupId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for BackupId {
    type Err = BackupIdError;

    fn from_str(text: &str) -> Result<Self, BackupIdError> {
        let mut bytes = [0; Self::LEN];
        match base16ct::lower::decode(text, &mut bytes) {
            Ok(decoded) if decoded.len() == Self::LEN => Ok(Self(bytes)),
            _ => Err(BackupIdError),
        }
    }
}

/// The text is not 32 lower-case hexadecimal characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the id of a backup is 32 lower-case hexadecimal characters")]
pub struct BackupIdError;
