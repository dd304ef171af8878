//! What a service says of an API key when it issues one, and what verification and listing show of it.

mod life;
mod network;
mod past;
mod reissue;
mod request;
mod revision;
mod status;
mod stored;
mod terms;
mod update;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::arguments::Maybe;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, DEFAULT_PREFIX, MAX_PREFIX_LEN, is_prefix};
use crate::written::written_as_word;

pub use life::LifeError;
pub use network::Network;
pub(crate) use past::Past;
pub use reissue::Reissue;
pub use request::Request;
pub use revision::Revision;
pub use status::Status;
pub(crate) use stored::{Attributes, edited, with_exposure};
pub(crate) use terms::Terms;
pub use update::Update;

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
    pub const MAX_ATTRIBUTES_LEN: usize = 8 * 1024;
    /// The longest name or owner, in bytes.
    pub const MAX_LABEL_LEN: usize = 256;
    /// The most networks of one API key.
    pub const MAX_NETWORKS: usize = 64;
    /// The longest scope, in bytes.
    pub const MAX_SCOPE_LEN: usize = 128;
    /// The most scopes of one API key.
    pub const MAX_SCOPES: usize = 64;

    /// An API key with this name (1 to 256 bytes) that never expires, may do nothing in particular from anywhere,
    /// and can be recovered.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            owner: None,
            scopes: vec![],
            networks: vec![],
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
            networks: self.networks.len(),
            attributes: Some(&self.attributes),
            created_at: None,
            not_before: self.not_before,
            expires_at: self.expiry_if_issued(now),
        }
    }
}

/// Whether a token can begin with this.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), LimitError> {
    if is_prefix(prefix) { Ok(()) } else { Err(LimitError::Prefix) }
}

/// An API key as verification, listing and `show` present it. It holds no secret.
///
/// Written as JSON it has the fields below, times and ids as texts. What depends on the moment, its [status](Self::status), is for
/// the caller to add.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiKey {
    /// Its id.
    pub id: ApiKeyId,
    /// Its name.
    pub name: String,
    /// Whom it belongs to.
    pub owner: Option<String>,
    /// What it may do.
    pub scopes: Vec<String>,
    /// Where it may be used from; everywhere when empty.
    pub networks: Vec<Network>,
    /// The service's own labels.
    pub attributes: BTreeMap<String, String>,
    /// When it was issued, here or where it was imported from.
    pub created_at: Timestamp,
    /// The first moment at which it is valid.
    pub not_before: Option<Timestamp>,
    /// The first moment at which it is no longer valid.
    pub expires_at: Option<Timestamp>,
    /// Since when it is suspended; `None` when it is not.
    pub suspended_at: Option<Timestamp>,
    /// The moment from which it counts as revoked without anybody doing more. It can only be moved to an earlier one.
    pub revoke_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
    /// Since when it counts as exposed: the master key above it had leaked, and whoever has that and an older copy of
    /// the store knows its secret. `None` when it does not. It stays valid until it is revoked.
    pub exposed_at: Option<Timestamp>,
    /// What its token begins with; empty for an imported token of another shape.
    pub prefix: String,
    /// Whether an administrator can recover its token.
    pub recoverable: bool,
    /// Whether its token came from elsewhere.
    pub imported: bool,
    /// The API key that this one was issued in place of.
    pub replaces: Option<ApiKeyId>,
    /// The API key that was issued in place of this one.
    pub replaced_by: Option<ApiKeyId>,
    /// Changes with every change of the API key: see [`Update::expect`].
    pub revision: Revision,
}

impl ApiKey {
    /// What state it is in at a moment.
    pub fn status(&self, now: Timestamp) -> Status {
        status::Times {
            not_before: self.not_before,
            expires_at: self.expires_at,
            suspended_at: self.suspended_at,
            revoke_at: self.revoke_at,
            revoked_at: self.revoked_at,
        }
        .status(now)
    }

    /// Whether it has this scope, byte for byte.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| own == scope)
    }

    /// Whether both say the same: all but the revision, which a rotation renews.
    pub fn says_the_same(&self, other: &Self) -> bool {
        Self { revision: other.revision, ..self.clone() } == *other
    }

    /// Since when it counts as revoked, when it does at this moment: it was revoked, or the time set for that has come.
    pub fn revoked_since(&self, now: Timestamp) -> Option<Timestamp> {
        [self.revoked_at, self.revoke_at.filter(|at| *at <= now)].into_iter().flatten().min()
    }
}

/// Why a token is refused. For operators: a client that has not shown the right secret must learn only that the token is not valid.
///
/// The secret is judged first; then the state of the API key, in the order of [`Status`]; then the address; then the scopes. What is
/// told is the first that stands against it. docs/service.md has a status of HTTP for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The API key may not be used from the caller's address, or the address is not known.
    Address,
    /// A token with a wrong check: mistyped or cut off.
    Damaged,
    /// The API key is past its time.
    Expired,
    /// The time of the API key has not come yet.
    NotYetValid,
    /// The API key was revoked.
    Revoked,
    /// The API key lacks a scope that the request asks for.
    Scope,
    /// The API key is suspended.
    Suspended,
    /// No API key has this token.
    Unknown,
}

impl Refusal {
    /// Why a token of an API key in this state is refused.
    fn of(status: Status) -> Option<Self> {
        match status {
            Status::Active => None,
            Status::Expired => Some(Self::Expired),
            Status::NotYetValid => Some(Self::NotYetValid),
            Status::Revoked => Some(Self::Revoked),
            Status::Suspended => Some(Self::Suspended),
        }
    }

    /// Whether the token is that of an API key, which may not be used like this: its uses are counted for that API key. `false` where
    /// nothing says that the caller ever had one.
    pub fn secret_was_right(self) -> bool {
        !matches!(self, Self::Damaged | Self::Unknown)
    }

    /// The word used in JSON and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Damaged => "damaged",
            Self::Expired => "expired",
            Self::NotYetValid => "not-yet-valid",
            Self::Revoked => "revoked",
            Self::Scope => "scope",
            Self::Suspended => "suspended",
            Self::Unknown => "unknown",
        }
    }
}

written_as_word!(Refusal);

/// A limit that an API key to be issued or imported does not keep.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// Something that needs at least one character has none.
    #[error("the {what} is empty")]
    Empty {
        /// What.
        what: &'static str,
    },
    /// There would be no moment at which it is valid.
    #[error("the API key would end before it begins to be valid")]
    NeverValid,
    /// The prefix has other characters or another length.
    #[error("a prefix is 1 to {MAX_PREFIX_LEN} characters of a-z, 0-9 and _")]
    Prefix,
    /// A scope has white space or control characters.
    #[error("a scope has no white space and no control characters")]
    ScopeCharacters,
    /// A text is too long.
    #[error("the {what} has {len} bytes, and {max} is the limit")]
    TooLong {
        /// What.
        what: &'static str,
        /// Its length in bytes.
        len: usize,
        /// The limit in bytes.
        max: usize,
    },
    /// There are too many.
    #[error("there are {found} {what}, and {max} is the limit")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many.
        found: usize,
        /// The limit.
        max: usize,
    },
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
            (key().prefix(""), "a prefix is 1 to 20 characters of a-z, 0-9 and _"),
        ];
        for (key, message) in bad {
            assert_eq!(key.check(at(5)).expect_err(message).to_string(), message);
        }
    }
}
