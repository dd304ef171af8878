//! What a service says of an API key when it issues one, and what verification and listing show of it.

mod network;
mod stored;

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::time::Timestamp;
use crate::token::{ApiKeyId, DEFAULT_PREFIX, MAX_PREFIX_LEN, is_prefix};

pub use network::{Network, NetworkError};
pub(crate) use stored::{Attributes, with_exposure, with_revocation};

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
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) prefix: String,
    pub(crate) recoverable: bool,
}

impl NewApiKey {
    /// An API key with this name (1 to 256 bytes) that never expires, may do nothing in particular from anywhere,
    /// and can be recovered.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            owner: None,
            scopes: vec![],
            networks: vec![],
            attributes: BTreeMap::new(),
            expires_at: None,
            prefix: DEFAULT_PREFIX.into(),
            recoverable: true,
        }
    }

    /// Whom the API key belongs to: 1 to 256 bytes.
    #[must_use]
    pub fn owner(mut self, owner: impl Into<String>) -> Self {
        self.owner = Some(owner.into());
        self
    }

    /// Something the API key may do: 1 to 128 bytes without white space; at most 64 of them.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// A network the API key may be used from; at most 64. Without any, it may be used from everywhere.
    #[must_use]
    pub fn network(mut self, network: Network) -> Self {
        self.networks.push(network);
        self
    }

    /// A label of the service's own; keys and values together at most 8 KiB.
    #[must_use]
    pub fn attribute(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), value.into());
        self
    }

    /// The first moment at which the API key is no longer valid.
    #[must_use]
    pub fn expires_at(mut self, at: impl Into<Timestamp>) -> Self {
        self.expires_at = Some(at.into());
        self
    }

    /// What the token begins with: 1 to 20 characters of `a-z`, `0-9` and `_`; `sr` unless set.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Keeps no sealed copy of the secret: nobody can recover it, and it verifies all the same.
    #[must_use]
    pub fn unrecoverable(mut self) -> Self {
        self.recoverable = false;
        self
    }

    /// Whether every limit is kept.
    pub(crate) fn check(&self) -> Result<(), LimitError> {
        let label = |what, text: &str| match text.len() {
            0 => Err(LimitError::Empty { what }),
            len if len > MAX_LABEL_LEN => Err(LimitError::TooLong { what, len, max: MAX_LABEL_LEN }),
            _ => Ok(()),
        };
        label("name", &self.name)?;
        self.owner.as_deref().map_or(Ok(()), |owner| label("owner", owner))?;
        count("scopes", self.scopes.len(), MAX_SCOPES)?;
        count("networks", self.networks.len(), MAX_NETWORKS)?;
        for scope in &self.scopes {
            check_scope(scope)?;
        }
        let len = self.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
        if len > MAX_ATTRIBUTES_LEN {
            return Err(LimitError::TooLong { what: "set of attributes", len, max: MAX_ATTRIBUTES_LEN });
        }
        if self.attributes.keys().any(String::is_empty) {
            return Err(LimitError::Empty { what: "attribute name" });
        }
        if is_prefix(&self.prefix) { Ok(()) } else { Err(LimitError::Prefix) }
    }
}

fn check_scope(scope: &str) -> Result<(), LimitError> {
    match scope.len() {
        0 => Err(LimitError::Empty { what: "scope" }),
        len if len > MAX_SCOPE_LEN => Err(LimitError::TooLong { what: "scope", len, max: MAX_SCOPE_LEN }),
        _ if scope.chars().any(|c| c.is_whitespace() || c.is_control()) => Err(LimitError::ScopeCharacters),
        _ => Ok(()),
    }
}

fn count(what: &'static str, found: usize, max: usize) -> Result<(), LimitError> {
    if found > max { Err(LimitError::TooMany { what, found, max }) } else { Ok(()) }
}

/// An API key as verification, listing and `show` present it. It holds no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// The first moment at which it is no longer valid.
    pub expires_at: Option<Timestamp>,
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
}

impl ApiKey {
    /// What state it is in at a moment. Revoked outranks expired.
    pub fn status(&self, now: Timestamp) -> Status {
        if self.revoked_at.is_some() {
            Status::Revoked
        } else if self.expires_at.is_some_and(|at| at <= now) {
            Status::Expired
        } else {
            Status::Active
        }
    }
}

/// What state an API key is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// Neither revoked nor expired.
    Active,
    /// Past its time.
    Expired,
    /// Revoked by an administrator, for good.
    Revoked,
}

impl Status {
    /// The word used on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
        }
    }
}

/// From where, and for what, a token is presented.
#[derive(Clone, Debug, Default)]
pub struct Request<'a> {
    pub(crate) address: Option<IpAddr>,
    pub(crate) scope: Option<&'a str>,
    pub(crate) endpoint: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// Nothing known: an API key that is bound to networks is refused.
    pub fn new() -> Self {
        Self::default()
    }

    /// The caller's address.
    #[must_use]
    pub fn address(mut self, address: IpAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// The scope the API key must have.
    #[must_use]
    pub fn scope(mut self, scope: &'a str) -> Self {
        self.scope = Some(scope);
        self
    }

    /// What the token is presented for, such as `/v1/invoices`: to be counted with the API key's uses, and nothing else. Give
    /// the route and not what varies within it: an API key keeps counts of 1,000 endpoints, of 500 bytes each.
    #[must_use]
    pub fn endpoint(mut self, endpoint: &'a str) -> Self {
        self.endpoint = Some(endpoint);
        self
    }
}

/// Why a token is refused. For operators: a client must learn only that it is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The API key may not be used from the caller's address, or the address is not known.
    Address,
    /// A token with a wrong check: mistyped or cut off.
    Damaged,
    /// The API key is past its time.
    Expired,
    /// The API key was revoked.
    Revoked,
    /// The API key lacks the wanted scope.
    Scope,
    /// No API key has this token.
    Unknown,
}

impl Refusal {
    /// The word used in JSON and events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Damaged => "damaged",
            Self::Expired => "expired",
            Self::Revoked => "revoked",
            Self::Scope => "scope",
            Self::Unknown => "unknown",
        }
    }
}

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

/// The longest name or owner, in bytes.
pub const MAX_LABEL_LEN: usize = 256;
/// The longest attributes, keys and values together, in bytes.
pub const MAX_ATTRIBUTES_LEN: usize = 8 * 1024;
/// The most scopes of one API key.
pub const MAX_SCOPES: usize = 64;
/// The longest scope, in bytes.
pub const MAX_SCOPE_LEN: usize = 128;
/// The most networks of one API key.
pub const MAX_NETWORKS: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_limit_is_named_when_it_is_passed() {
        let key = || NewApiKey::new("name");
        let many = |n: usize| (0..n).fold(key(), |key, i| key.scope(format!("s{i}")));
        assert_eq!(many(MAX_SCOPES).check(), Ok(()));
        assert_eq!(key().owner("o".repeat(256)).attribute("k", "v".repeat(8191)).check(), Ok(()));
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
            (key().prefix(""), "a prefix is 1 to 20 characters of a-z, 0-9 and _"),
        ];
        for (key, message) in bad {
            assert_eq!(key.check().expect_err(message).to_string(), message);
        }
    }
}
