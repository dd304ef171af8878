//! What a service says of an API key when it issues one.

use std::collections::BTreeMap;
use std::time::Duration;

use super::limit::{LimitError, check_prefix};
use super::network::Network;
use super::terms::{self, Terms};
use crate::arguments::Maybe;
use crate::time::Timestamp;
use crate::token::DEFAULT_PREFIX;

/// An API key to be issued: a name, and whatever else verification should know.
///
/// ```
/// use strongroom::NewApiKey;
/// let key = NewApiKey::new("billing worker").owner("acme").scope("invoices:read").attribute("plan", "gold");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApiKey {
    pub(crate) name: String,
    pub(crate) owner: Option<String>,
    pub(crate) scopes: Vec<String>,
    pub(crate) networks: Vec<Network>,
    pub(crate) denied_networks: Vec<Network>,
    pub(crate) wildcard_scopes: bool,
    pub(crate) attributes: BTreeMap<String, String>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expiry: Option<Expiry>,
    pub(crate) prefix: String,
    pub(crate) recoverable: bool,
}

/// When a new API key expires: at a time, or so long after it is issued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiry {
    At(Timestamp),
    In(Duration),
}

impl Expiry {
    pub(crate) fn issued(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::In(span) => now.saturating_add(span),
        }
    }
}

impl NewApiKey {
    /// The longest attributes, keys and values together, in bytes.
    pub const MAX_ATTRIBUTES_LEN: usize = terms::MAX_ATTRIBUTES_LEN;
    /// The longest name or owner, in bytes.
    pub const MAX_LABEL_LEN: usize = terms::MAX_LABEL_LEN;
    /// The most networks of one API key, and the most that it is kept from.
    pub const MAX_NETWORKS: usize = terms::MAX_NETWORKS;
    /// The longest scope, in bytes.
    pub const MAX_SCOPE_LEN: usize = terms::MAX_SCOPE_LEN;
    /// The most scopes of one API key.
    pub const MAX_SCOPES: usize = terms::MAX_SCOPES;

    /// An API key with this name (1 to 256 bytes) that never expires, may do nothing in particular from anywhere,
    /// and can be recovered.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            owner: None,
            scopes: vec![],
            networks: vec![],
            denied_networks: vec![],
            wildcard_scopes: false,
            attributes: BTreeMap::new(),
            not_before: None,
            expiry: None,
            prefix: DEFAULT_PREFIX.into(),
            recoverable: true,
        }
    }

    /// Whom the API key belongs to: 1 to 256 bytes.
    #[must_use]
    pub fn owner(mut self, owner: impl Maybe<String>) -> Self {
        self.owner = owner.maybe().or(self.owner);
        self
    }

    /// Something the API key may do: 1 to 128 bytes without white space; at most 64 of them.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// More of what it may do.
    #[must_use]
    pub fn scopes(mut self, scopes: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.scopes.extend(scopes.into_iter().map(Into::into));
        self
    }

    /// A network the API key may be used from; at most 64. Without any, it may be used from everywhere.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.networks.push(network);
        self
    }

    /// More networks it may be used from.
    #[must_use]
    pub fn networks(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.networks.extend(networks);
        self
    }

    /// A network the API key may not be used from, also where it lies in one of those it may be used from; at most 64.
    #[must_use]
    pub fn deny_network(mut self, network: Network) -> Self {
        self.denied_networks.push(network);
        self
    }

    /// More networks it may not be used from.
    #[must_use]
    pub fn deny_networks(mut self, networks: impl IntoIterator<Item = Network>) -> Self {
        self.denied_networks.extend(networks);
        self
    }

    /// Whether a scope of it that ends in `:*`, `.*` or `/*` stands for all that begin so and go on, and `*` for every scope. Unless this
    /// says so, a scope is itself and no other.
    #[must_use]
    pub fn wildcard_scopes(mut self, wildcards: bool) -> Self {
        self.wildcard_scopes = wildcards;
        self
    }

    /// A label of the service's own; keys and values together at most 8 KiB.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    /// More labels.
    #[must_use]
    pub fn attributes<K: Into<String>, V: Into<String>>(
        mut self,
        attributes: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        self.attributes.extend(attributes.into_iter().map(|(key, value)| (key.into(), value.into())));
        self
    }

    /// The first moment at which the API key is valid; at once unless set, and when that has passed.
    #[must_use]
    pub fn not_before(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.not_before = at.maybe().or(self.not_before);
        self
    }

    /// The first moment at which the API key is no longer valid, which lies ahead when it is issued. Of this and
    /// [`expires_in`](Self::expires_in) the last call holds.
    #[must_use]
    pub fn expires_at(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.expiry = at.maybe().map(Expiry::At).or(self.expiry);
        self
    }

    /// It expires so long after it is issued, by the vault's clock; none at all is no span. Of this and
    /// [`expires_at`](Self::expires_at) the last call holds.
    #[must_use]
    pub fn expires_in(mut self, span: impl Maybe<Duration>) -> Self {
        self.expiry = span.maybe().map(Expiry::In).or(self.expiry);
        self
    }

    /// What the token begins with: 1 to 20 characters of `a-z`, `0-9` and `_`; `sr` unless set.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Maybe<String>) -> Self {
        self.prefix = prefix.maybe().unwrap_or(self.prefix);
        self
    }

    /// Whether a sealed copy of the secret is kept; it is unless this says no. Without it nobody can recover the token, and it
    /// verifies all the same.
    #[must_use]
    pub fn recoverable(mut self, recoverable: bool) -> Self {
        self.recoverable = recoverable;
        self
    }

    /// Whether every limit is kept, if it is issued now.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), LimitError> {
        self.terms(now).check()?;
        check_prefix(&self.prefix)
    }

    /// When it expires, if it is issued now.
    pub(crate) fn expiry_if_issued(&self, now: Timestamp) -> Option<Timestamp> {
        self.expiry.map(|expiry| expiry.issued(now))
    }

    /// What it is to say, if it is issued now.
    pub(crate) fn terms(&self, now: Timestamp) -> Terms<'_> {
        Terms {
            name: &self.name,
            owner: self.owner.as_deref(),
            scopes: &self.scopes,
            wildcards: self.wildcard_scopes,
            networks: self.networks.len(),
            denied_networks: self.denied_networks.len(),
            attributes: Some(&self.attributes),
            created_at: None,
            not_before: self.not_before,
            expires_at: self.expiry_if_issued(now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_named_when_it_is_passed() {
        let key = || NewApiKey::new("name");
        let at = |millis| Timestamp::from_unix_millis(millis).expect("time");
        assert_eq!(key().not_before(at(8)).expires_at(at(9)).check(at(5)), Ok(()));
        assert_eq!(key().not_before(at(8)).expires_in(Duration::from_millis(4)).check(at(5)), Ok(()));
        let many = |n: usize| key().scopes((0..n).map(|i| format!("s{i}")));
        assert_eq!(many(NewApiKey::MAX_SCOPES).check(at(5)), Ok(()));
        assert_eq!(key().scope("rea*").check(at(5)), Ok(()), "a scope of that name");
        assert_eq!(key().scope("a:*").scope("*").wildcard_scopes(true).check(at(5)), Ok(()));
        assert_eq!(key().owner("o".repeat(256)).attribute("k", "v".repeat(8191)).check(at(5)), Ok(()));
        let bad = [
            (NewApiKey::new(""), "the name is empty"),
            (NewApiKey::new("é".repeat(129)), "the name has 258 bytes, and 256 is the limit"),
            (key().owner("o".repeat(257)), "the owner has 257 bytes, and 256 is the limit"),
            (many(65), "there are 65 scopes, and 64 is the limit"),
            (key().scope("a b"), "a scope has no white space and no control characters"),
            (key().scope(""), "the scope is empty"),
            (key().attribute("k", "v".repeat(8192)), "the set of attributes has 8193 bytes, and 8192 is the limit"),
            (key().attribute("", "v"), "the attribute name is empty"),
            (key().prefix("No"), "a prefix is 1 to 20 characters of a-z, 0-9 and _"),
            (key().not_before(at(9)).expires_at(at(9)), "the API key would end before it begins to be valid"),
            (
                key().not_before(at(9)).expires_in(Duration::from_millis(4)),
                "the API key would end before it begins to be valid",
            ),
            (
                key().wildcard_scopes(true).scope("rea*"),
                "a wildcard is a scope of its own (*), or stands at the end behind : or . or / (invoices:*)",
            ),
            (
                key().deny_networks(vec!["10.0.0.0/8".parse().expect("a network"); 65]),
                "there are 65 denied networks, and 64 is the limit",
            ),
            (key().prefix(""), "a prefix is 1 to 20 characters of a-z, 0-9 and _"),
        ];
        for (key, message) in bad {
            assert_eq!(key.check(at(5)).expect_err(message).to_string(), message);
        }
    }
}
