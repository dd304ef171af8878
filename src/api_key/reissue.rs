//! How an API key is issued anew.

use std::time::Duration;

use super::revision::Revision;
use super::update::Setting;
use crate::arguments::Maybe;
use crate::time::Timestamp;

/// A new API key in place of an old one: the same name, owner, scopes, networks and labels, another id and another secret. Where
/// a revocation is set for the old one, it holds for the new one as well.
///
/// ```
/// use std::time::Duration;
/// use strongroom::Reissue;
/// let reissue = Reissue::new().grace(Duration::from_secs(24 * 60 * 60));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reissue {
    pub(crate) grace: Duration,
    pub(crate) expires_at: Setting<Timestamp>,
    pub(crate) prefix: Option<String>,
    pub(crate) expected: Option<Revision>,
}

impl Reissue {
    /// The old API key ends at once, and the new one expires when the old one would have.
    pub fn new() -> Self {
        Self::default()
    }

    /// The old API key stays valid for so long, but never past its own expiry or a revocation set for it before. From the
    /// moment on which the grace ends it is revoked.
    #[must_use]
    pub fn grace(mut self, grace: impl Maybe<Duration>) -> Self {
        self.grace = grace.maybe().unwrap_or(self.grace);
        self
    }

    /// The new API key expires at this time, and not when the old one does.
    #[must_use]
    pub fn expires_at(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.expires_at.set(at);
        self
    }

    /// Whether the new API key never expires, whatever the old one does.
    #[must_use]
    pub fn never_expires(mut self, never: bool) -> Self {
        self.expires_at.unset(never);
        self
    }

    /// What the new token begins with. Unless set: the same as the old one, and `sr` for an imported token of another
    /// shape.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Maybe<String>) -> Self {
        self.prefix = prefix.maybe().or(self.prefix);
        self
    }

    /// Only if the old API key is as the caller saw it.
    #[must_use]
    pub fn expect(mut self, revision: impl Maybe<Revision>) -> Self {
        self.expected = revision.maybe().or(self.expected);
        self
    }
}
