//! What is wrong with a row, or with a master key to rotate to.

use std::fmt;

use crate::uses::UsageError;

/// Rows that a vault has beside the records of its API keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VaultRow {
    /// The list of backups.
    Backups,
    /// What names the records that are believed under a generation whose master key has leaked.
    Fence,
    /// What holds the audit log and the set of records together.
    Head,
    /// A row of the lookup index, for imported tokens.
    Lookup,
    /// The manifest of a backup.
    Manifest,
    /// The rotation that is open.
    Rotation,
    /// The record that stands after all others.
    Sentinel,
    /// Counts of the uses of an API key.
    Usage,
}

impl VaultRow {
    /// Its name in messages, and in the findings of the doctor.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backups => "backups",
            Self::Fence => "fence",
            Self::Head => "head",
            Self::Lookup => "lookup",
            Self::Manifest => "manifest",
            Self::Rotation => "rotation",
            Self::Sentinel => "sentinel",
            Self::Usage => "usage",
        }
    }
}

impl fmt::Display for VaultRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What is wrong with a row. Each reads after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// Too short, or it holds something else than it should.
    #[error("is malformed")]
    Malformed,
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is authentic, and belongs beside another keyring: an older one of the two was put back.
    #[error("does not belong to the keyring beside it: one of the two is older, and was put back")]
    OfOtherKeyring,
    /// It is authentic, and not the one that the head names: an older one was put back.
    #[error("is not the one that the head names: an older one was put back")]
    OfOtherHead,
    /// It is authentic, and the backup that it stands in is another one.
    #[error("does not describe what is in the backup")]
    OfOtherContents,
    /// Its signature, or its tag, is wrong.
    #[error("failed authentication")]
    Unauthentic,
    /// It holds counts, and they do not open.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// Why a master key cannot be rotated to. Each reads after a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// It is the active one.
    #[error("it is active already")]
    Active,
    /// It has the last number there is, and there are others left: no rotation could follow.
    #[error("it has the last number there can be, so that no rotation could ever follow")]
    Last,
    /// None was named, and the newest that is configured is active.
    #[error("it is active already, and no newer one is configured")]
    NoNewer,
    /// It is not among the configured ones.
    #[error("it is not configured")]
    NotConfigured,
    /// There is no way back.
    #[error("a newer one is active")]
    Older,
}
