//! The tables that a store keeps, and their rows.

use crate::uses::Usage;

/// The tables every engine has (docs/format.md, Tables).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Table {
    /// Audit entries by sequence number.
    Audit,
    /// Records by API key id.
    Keys,
    /// API key ids by the HMAC of an imported token.
    Lookup,
    /// Counts of uses by API key id.
    Usage,
    /// The rows `keyring`, `head`, `rotation` while one is open, `backups` once one was taken, and in a backup `manifest`.
    Vault,
}

impl Table {
    /// Every table.
    pub const ALL: &[Self] = &[Self::Audit, Self::Keys, Self::Lookup, Self::Usage, Self::Vault];
    /// Key of the row of the table [`Vault`](Self::Vault) that holds the manifest, in a backup and nowhere else
    /// (docs/format.md, Backups).
    pub const MANIFEST: &[u8] = b"manifest";
    /// The longest key that an engine has to take. Those of a vault have 32 bytes at most.
    pub const MAX_KEY_LEN: usize = 64;
    /// The longest value that an engine has to take. The largest that a vault writes are counts of uses, which take half of it with
    /// [`Usage::MAX_ENDPOINTS`] long endpoints.
    pub const MAX_VALUE_LEN: usize = 1024 * 1024;

    /// Its name in engines that name tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Audit => "audit",
            Self::Keys => "keys",
            Self::Lookup => "lookup",
            Self::Usage => "usage",
            Self::Vault => "vault",
        }
    }
}

/// A row: its key and its value.
pub type Row = (Vec<u8>, Vec<u8>);

// The counts of every endpoint fit, each with its length and its count.
const _: () = assert!(Usage::MAX_ENDPOINTS * (Usage::MAX_ENDPOINT_LEN + 16) < Table::MAX_VALUE_LEN);
