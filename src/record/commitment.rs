//! What the audit log says of a record without saying what the record says.

use sha2::{Digest, Sha256};

use super::layout::{IMPORTED, Plain, RECOVERABLE};
use crate::api_key::each_committed_field;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;

/// The commitment to a record (docs/format.md, Commitments).
pub(crate) type Commitment = [u8; 32];

impl Plain<'_> {
    /// The commitment to a record of this at `id`.
    pub(crate) fn commitment(&self, vault: VaultId, id: ApiKeyId) -> Commitment {
        let recoverable = if self.secret.is_some() { RECOVERABLE } else { 0 };
        let imported = if self.imported { IMPORTED } else { 0 };
        commitment(vault, id, recoverable | imported, self.attributes)
    }
}

/// Attributes that are none have the commitment to nothing, which no record has.
pub(super) fn commitment(vault: VaultId, id: ApiKeyId, flags: u8, attributes: &[u8]) -> Commitment {
    let mut hash = Sha256::new().chain_update(LABEL).chain_update([0]);
    hash.update(vault.0);
    hash.update(id.to_bytes());
    hash.update([flags]);
    let sound = each_committed_field(attributes, |fields| hash.update(fields));
    sound.map_or([0; 32], |()| hash.finalize().into())
}

const LABEL: &[u8] = b"strongroom/v1/commitment";
