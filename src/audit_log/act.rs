//! Who acts, and why.

use crate::arguments::Maybe;

/// Who acts, and why. An argument of every administrative call.
///
/// ```
/// use strongroom::Act;
/// let act = Act::by("alice").because("ticket 4711");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub(crate) actor: String,
    pub(crate) reason: Option<String>,
}

impl Act {
    /// The longest actor, in bytes.
    pub const MAX_ACTOR_LEN: usize = 256;
    /// The longest reason, in bytes.
    pub const MAX_REASON_LEN: usize = 1024;

    /// An act of this person or service: 1 to 256 bytes.
    pub fn by(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: None }
    }

    /// The reason, for the audit log: 1 to 1,024 bytes.
    #[must_use]
    pub fn because(mut self, reason: impl Maybe<String>) -> Self {
        self.reason = reason.maybe().or(self.reason);
        self
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether actor and reason keep their limits.
    pub(crate) fn check(&self) -> Result<(), ActError> {
        match (self.actor.len(), self.reason.as_ref().map(String::len)) {
            (0, _) => Err(ActError::NoActor),
            (len, _) if len > Self::MAX_ACTOR_LEN => Err(ActError::ActorTooLong { len }),
            (_, Some(0)) => Err(ActError::NoReason),
            (_, Some(len)) if len > Self::MAX_REASON_LEN => Err(ActError::ReasonTooLong { len }),
            _ => Ok(()),
        }
    }

    /// As [`Act::check`], and a reason must be there.
    pub(crate) fn check_with_reason(&self) -> Result<(), ActError> {
        self.check()?;
        let said = self.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty());
        if said { Ok(()) } else { Err(ActError::NoReason) }
    }
}

/// Why an act cannot be recorded, and is therefore not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The actor is too long.
    #[error("the actor has {len} bytes, and {} is the limit", Act::MAX_ACTOR_LEN)]
    ActorTooLong {
        /// Its length.
        len: usize,
    },
    /// No actor was named.
    #[error("the actor is empty")]
    NoActor,
    /// The act needs a reason, or was given an empty one.
    #[error("the reason is missing or empty")]
    NoReason,
    /// The reason is too long.
    #[error("the reason has {len} bytes, and {} is the limit", Act::MAX_REASON_LEN)]
    ReasonTooLong {
        /// Its length.
        len: usize,
    },
}
