//! What is to be changed about an API key.

use std::collections::BTreeMap;

use super::network::Network;
use super::revision::Revision;
use crate::arguments::Maybe;
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
    pub(crate) owner: Setting<String>,
    pub(crate) scopes: Option<Vec<String>>,
    pub(crate) networks: Option<Vec<Network>>,
    pub(crate) denied_networks: Option<Vec<Network>>,
    pub(crate) wildcard_scopes: Option<bool>,
    pub(crate) attributes: BTreeMap<String, Option<String>>,
    pub(crate) not_before: Setting<Timestamp>,
    pub(crate) expires_at: Setting<Timestamp>,
    pub(crate) expected: Option<Revision>,
}

impl Update {
    /// Changes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another name: 1 to 256 bytes.
    #[must_use]
    pub fn name(mut self, name: impl Maybe<String>) -> Self {
        self.name = name.maybe().or(self.name);
        self
    }

    /// Another owner: 1 to 256 bytes.
    #[must_use]
    pub fn owner(mut self, owner: impl Maybe<String>) -> Self {
        self.owner.set(owner);
        self
    }

    /// Whether the owner goes.
    #[must_use]
    pub fn without_owner(mut self, without: bool) -> Self {
        self.owner.unset(without);
        self
    }

    /// These scopes, and no others: at most 64, each 1 to 128 bytes without white space.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes = Some(scopes.into_iter().map(Into::into).collect());
        self
    }

    /// These networks, and no others: at most 64; from everywhere when there are none.
    #[must_use]
    pub fn networks(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.networks = Some(networks.into_iter().collect());
        self
    }

    /// These networks from which it may not be used, and no others: at most 64.
    #[must_use]
    pub fn denied_networks(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.denied_networks = Some(networks.into_iter().collect());
        self
    }

    /// Whether a scope that ends in a wildcard stands for others: see [`NewApiKey::wildcard_scopes`](crate::NewApiKey::wildcard_scopes).
    #[must_use]
    pub fn wildcard_scopes(mut self, wildcards: impl Maybe<bool>) -> Self {
        self.wildcard_scopes = wildcards.maybe().or(self.wildcard_scopes);
        self
    }

    /// Sets a label of the service's own; keys and values together at most 8 KiB.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), Some(value.into()));
        self
    }

    /// Sets more labels.
    #[must_use]
    pub fn attributes<K: Into<String>, V: Into<String>>(
        mut self,
        attributes: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.attributes.extend(attributes.into_iter().map(|(key, value)| (key.into(), Some(value.into()))));
        self
    }

    /// Removes a label.
    #[must_use]
    pub fn without_attribute(mut self, key: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), None);
        self
    }

    /// Removes more labels.
    #[must_use]
    pub fn without_attributes(mut self, keys: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.attributes.extend(keys.into_iter().map(|key| (key.into(), None)));
        self
    }

    /// Valid from this time on, which lies ahead.
    #[must_use]
    pub fn not_before(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.not_before.set(at);
        self
    }

    /// Whether it is valid at once.
    #[must_use]
    pub fn without_not_before(mut self, without: bool) -> Self {
        self.not_before.unset(without);
        self
    }

    /// Another expiry, earlier or later, which lies ahead. A revocation set before stays where it is.
    #[must_use]
    pub fn expires_at(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.expires_at.set(at);
        self
    }

    /// Whether the expiry goes.
    #[must_use]
    pub fn never_expires(mut self, never: bool) -> Self {
        self.expires_at.unset(never);
        self
    }

    /// Only if the API key is as the caller saw it: nothing changes, and the error is a conflict, when somebody else has
    /// changed it since.
    #[must_use]
    pub fn expect(mut self, revision: impl Maybe<Revision>) -> Self {
        self.expected = revision.maybe().or(self.expected);
        self
    }

    /// Whether it names nothing to change.
    pub fn is_empty(&self) -> bool {
        Self { expected: None, ..self.clone() } == Self::default()
    }
}

/// What becomes of something that an API key need not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Setting<T> {
    #[default]
    Kept,
    Set(T),
    Unset,
}

impl<T: Clone> Setting<T> {
    pub(crate) fn apply<U>(&self, field: &mut Option<U>, stored: impl Fn(T) -> U) {
        match self {
            Self::Kept => {}
            Self::Set(value) => *field = Some(stored(value.clone())),
            Self::Unset => *field = None,
        }
    }

    pub(super) fn set(&mut self, value: impl Maybe<T>) {
        if let Some(value) = value.maybe() {
            *self = Self::Set(value);
        }
    }

    pub(super) fn unset(&mut self, really: bool) {
        if really {
            *self = Self::Unset;
        }
    }

    pub(crate) fn value(&self) -> Option<T> {
        if let Self::Set(value) = self { Some(value.clone()) } else { None }
    }
}
