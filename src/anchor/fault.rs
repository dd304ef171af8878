//! Why a store is not believed, or an anchor cannot be used.

use crate::time::Timestamp;
use crate::unsafe_path::UnsafePath;
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

/// Why a store is not believed by an anchor, or why an anchor cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AnchorFault {
    /// Where one is made, there is one already.
    #[error("there is an anchor at {place} already")]
    Exists {
        /// Where it is.
        place: String,
    },
    /// The store went another way from an entry on that the anchor holds.
    #[error(
        "the store is not the one that this machine saw last, at {since}: the audit log took another way at or before entry {seen}. A database lost \
         acknowledged acts and went on, or an older store was put back and went on"
    )]
    Forked {
        /// The entry that the anchor holds.
        seen: u64,
        /// When it was seen.
        since: Timestamp,
    },
    /// It is no anchor.
    #[error("{place} is no anchor: {problem}")]
    Malformed {
        /// Where it is.
        place: String,
        /// What is wrong with it.
        problem: String,
    },
    /// There is none where one is expected.
    #[error("there is no anchor at {place}: it was removed, or never made on this machine")]
    Missing {
        /// Where it should be.
        place: String,
    },
    /// A later version of strongroom made it.
    #[error("{place} is an anchor of a later version of strongroom: {schema}")]
    Newer {
        /// Where it is.
        place: String,
        /// What it calls itself.
        schema: String,
    },
    /// The store is on another line.
    #[error(
        "the vault was restored from a backup since this machine saw it last, at {since} with entry {seen}: it is on another line, and its audit log \
         ends with entry {found}"
    )]
    OtherLine {
        /// The entry that the anchor holds.
        seen: u64,
        /// The last entry of the store.
        found: u64,
        /// When that was seen.
        since: Timestamp,
    },
    /// The anchor is of another vault than the store.
    #[error("the anchor is of vault {anchored}, and the store is of vault {found}")]
    OtherVault {
        /// That of the anchor.
        anchored: VaultId,
        /// That of the store.
        found: VaultId,
    },
    /// The anchor is of a vault, and the store has none.
    #[error("the anchor is of vault {anchored}, and there is no vault in the store")]
    NoVault {
        /// That of the anchor.
        anchored: VaultId,
    },
    /// The store went back.
    #[error(
        "the store went back: its audit log ends with entry {found}, and this machine saw entry {seen} at {since}. A database lost acknowledged \
         acts, or an older store was put back"
    )]
    RolledBack {
        /// The last entry of the store.
        found: u64,
        /// The entry that the anchor holds.
        seen: u64,
        /// When it was seen.
        since: Timestamp,
    },
    /// The keyring went back, or is another one.
    #[error(
        "the keyring went back: it has revision {found} under master key {found_master_key}, and this machine saw revision {seen} under master key \
         {seen_master_key} at {since}"
    )]
    KeyringRolledBack {
        /// The revision of the store's.
        found: u64,
        /// Its master key.
        found_master_key: MasterKeyVersion,
        /// The revision that the anchor holds.
        seen: u64,
        /// Its master key.
        seen_master_key: MasterKeyVersion,
        /// When it was seen.
        since: Timestamp,
    },
    /// It cannot be read.
    #[error("cannot read the anchor at {place}: {problem}")]
    Unreadable {
        /// Where it is.
        place: String,
        /// What the system says.
        problem: String,
    },
    /// Others could exchange or write it.
    #[error("the anchor is not safe: {path} {fault}")]
    Unsafe {
        /// What others could write or exchange.
        path: String,
        /// How.
        fault: UnsafePath,
    },
    /// It cannot be written, and an act that it could not follow is not done.
    #[error("cannot write the anchor at {place}: {problem}; nothing was changed")]
    Unwritten {
        /// Where it is.
        place: String,
        /// What the system says.
        problem: String,
    },
    /// What names the anchor is no such name.
    #[error("{what} is no place of an anchor: it is `file:` and a path")]
    Where {
        /// The text, or the variable that holds it.
        what: String,
    },
}

impl AnchorFault {
    /// The word for an error that it is.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "anchor-exists",
            Self::Forked { .. } => "anchor-forked",
            Self::Malformed { .. } => "anchor-malformed",
            Self::Missing { .. } => "anchor-missing",
            Self::Newer { .. } => "anchor-newer",
            Self::OtherLine { .. } => "anchor-other-line",
            Self::OtherVault { .. } | Self::NoVault { .. } => "anchor-other-vault",
            Self::RolledBack { .. } | Self::KeyringRolledBack { .. } => "anchor-rolled-back",
            Self::Unreadable { .. } => "anchor-unreadable",
            Self::Unsafe { .. } => "anchor-unsafe",
            Self::Unwritten { .. } => "anchor-unwritten",
            Self::Where { .. } => "anchor-where",
        }
    }

    /// Whether it says that the store is not what was seen, and not that the anchor cannot be used.
    pub(crate) fn is_about_the_store(&self) -> bool {
        matches!(
            self,
            Self::Forked { .. }
                | Self::OtherLine { .. }
                | Self::OtherVault { .. }
                | Self::NoVault { .. }
                | Self::RolledBack { .. }
                | Self::KeyringRolledBack { .. }
        )
    }
}
