//! The id of a backup.

use crate::secret::{RandomError, hex_id, random_array};

hex_id! {
    /// 16 random bytes that name a backup, in the vault and in the file; written in hex.
    pub struct BackupId(pub(crate) [u8; 16]);

    "backup id" => "the id of a backup is 32 lower-case hexadecimal characters"
}

impl BackupId {
    pub(crate) fn random() -> Result<Self, RandomError> {
        random_array().map(Self)
    }
}
