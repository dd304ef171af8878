//! What cannot be done to an API key because of where it stands in its life.

use super::revision::Revision;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// Why an API key cannot be changed as asked. Each reads after the id of the API key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LifeError {
    /// It has been changed since the caller saw it.
    #[error("has been changed since: its revision is {current}, and {expected} was expected")]
    Changed {
        /// What the caller saw.
        expected: Revision,
        /// What it is now.
        current: Revision,
    },
    /// It has expired, and the one to be issued in its place would have the same expiry.
    #[error("expired at {at}, and the new one would have the same expiry")]
    Expired {
        /// When.
        at: Timestamp,
    },
    /// A moment that has to lie ahead does not.
    #[error("cannot be given {what} {at}: that time has passed")]
    Past {
        /// Of what.
        what: &'static str,
        /// The moment.
        at: Timestamp,
    },
    /// It was reissued before.
    #[error("was reissued as {by}")]
    Replaced {
        /// The API key that was issued in its place.
        by: ApiKeyId,
    },
    /// It is revoked.
    #[error("is revoked, and that is for good")]
    Revoked,
    /// Its revocation is set for an earlier time.
    #[error("is to be revoked at {at} already, and a revocation is never put off")]
    RevokedEarlier {
        /// The time set.
        at: Timestamp,
    },
}

impl LifeError {
    /// The error in one stable word.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Changed { .. } => "changed",
            Self::Expired { .. } => "expired",
            Self::Past { .. } => "time-past",
            Self::Replaced { .. } => "replaced",
            Self::Revoked => "revoked",
            Self::RevokedEarlier { .. } => "revoked-earlier",
        }
    }
}
