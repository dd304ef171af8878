//! Where and how the log does not hold together.

/// Where and how the log does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditFault {
    /// An entry does not hold the hash of the one before: one of the two was changed.
    #[error("audit entry {seq} does not follow from the one before")]
    Broken {
        /// The entry.
        seq: u64,
    },
    /// The last entry is not the one the authenticated head names.
    #[error("the audit log ends with entry {found}, and the head names entry {expected} with another hash or number")]
    End {
        /// What the log ends with.
        found: u64,
        /// What the head names.
        expected: u64,
    },
    /// An entry is another than the one that was seen before.
    #[error(
        "audit entry {seq} is another than the one seen before: an older store was put back and went on from there, or the log was \
         written anew"
    )]
    Forked {
        /// The entry.
        seq: u64,
    },
    /// An entry is not one.
    #[error("audit entry {seq} is malformed")]
    Malformed {
        /// The entry.
        seq: u64,
    },
    /// An entry is not there.
    #[error("audit entry {seq} is missing")]
    Missing {
        /// The entry.
        seq: u64,
    },
    /// A row of the log stands under a key that is no number of an entry.
    #[error("after audit entry {seq} stands a row under a key that no entry has")]
    NoEntry {
        /// The entry before it.
        seq: u64,
    },
    /// The tree over the log is not the one that the head names.
    #[error("the tree over the audit log is not the one that the head names")]
    Tree,
    /// The log was longer when it was seen before.
    #[error(
        "the audit log ends with entry {found}, and entry {seen} was seen before: an older store was put back, or the end of the \
         log was cut off together with the head"
    )]
    RolledBack {
        /// What the log ends with.
        found: u64,
        /// What was seen.
        seen: u64,
    },
}

impl AuditFault {
    /// A stable word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "broken",
            Self::End { found, expected } if found < expected => "cut",
            Self::End { .. } => "end",
            Self::Forked { .. } => "forked",
            Self::Malformed { .. } => "malformed",
            Self::Missing { .. } => "missing",
            Self::NoEntry { .. } => "no-entry",
            Self::RolledBack { .. } => "rolled-back",
            Self::Tree => "tree",
        }
    }

    /// The word for an error that it is.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::End { found, expected } if found < expected => "audit-cut",
            Self::Broken { .. }
            | Self::End { .. }
            | Self::Malformed { .. }
            | Self::Missing { .. }
            | Self::NoEntry { .. }
            | Self::Tree => "audit-broken",
            Self::Forked { .. } => "audit-forked",
            Self::RolledBack { .. } => "audit-rolled-back",
        }
    }
}
