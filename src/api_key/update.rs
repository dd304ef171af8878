//! What is to be changed about an API key.

use std::collections::BTreeMap;

use super::{Network, Revision};
use crate::time::Timestamp;

/// Changes of what an API key says. What is not named stays.
///
/// ```
/// use strongroom::Update;
/// let update = Update::new().owner("acme").attribute("plan", "gold").without_attribute("trial");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    pub(crate) name: Option<String>,
    pub(crate) owner: Option<Option<String>>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) networks: Option<Vec<Network>>,
    pub(crate) attributes: BTreeMap<String, Option<String>>,
    pub(crate) not_before: Option<Option<Timestamp>>,
    pub(crate) expires_at: Option<Option<Timestamp>>,
    pub(crate) expected: Option<Revision>,
}

impl Update {
    /// Changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another name: 1 to 256 bytes.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Another owner: 1 to 256 bytes.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(Some(owner.into()));
        self
    }

    /// No owner.
    #[must_use]
    pub fn without_owner(mut self) -> Self {
        self.owner = Some(None);
        self
    }

    /// These scopes, and no others: at most 64, each 1 to 128 bytes without white space.
    #[must_use]
    pub fn scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// These networks, and no others: at most 64; from everywhere when there are none.
    #[must_use]
    pub fn networks(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.networks = Some(networks.into_iter().collect());
        self
    }

    /// Sets a label of the service's own; keys and values together at most 8 KiB.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), Some(value.into()));
        self
    }

    /// Removes a label.
    #[must_use]
    pub fn without_attribute(mut self, key: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), None);
        self
    }

    /// Valid from this time on, which lies ahead.
    #[must_use]
    pub fn not_before(mut self, at: impl Into<Timestamp>) -> Self {
        self.not_before = Some(Some(at.into()));
        self
    }

    /// Valid at once.
    #[must_use]
    pub fn without_not_before(mut self) -> Self {
        self.not_before = Some(None);
        self
    }

    /// Another expiry, earlier or later, which lies ahead. A revocation set before stays where it is.
    #[must_use]
    pub fn expires_at(mut self, at: impl Into<Timestamp>) -> Self {
        self.expires_at = Some(Some(at.into()));
        self
    }

    /// No expiry.
    #[must_use]
    pub fn never_expires(mut self) -> Self {
        self.expires_at = Some(None);
        self
    }

    /// Only if the API key is as the caller saw it: nothing changes, and the error is a conflict, when somebody else has
    /// changed it since.
    #[must_use]
    pub fn expect(mut self, revision: Revision) -> Self {
        self.expected = Some(revision);
        self
    }

    /// Whether it names nothing to change.
    pub fn is_empty(&self) -> bool {
        Self { expected: None, ..self.clone() } == Self::default()
    }
}
