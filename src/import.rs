//! Import lines: API keys with tokens from elsewhere, one JSON object a line, read strictly.

mod line;

use crate::api_key::{ApiKey, Expiry, LimitError, NewApiKey, Past};
use crate::arguments::Maybe;
use crate::guesses;
use crate::policy::{Policy, PolicyError};
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, MAX_IMPORTED_LEN, Shape};

/// An API key whose token exists already.
#[derive(Debug)]
pub struct ImportedKey {
    pub(crate) token: SecretText,
    pub(crate) key: NewApiKey,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) revoked: bool,
    /// What it had in the vault it comes from; a token of strongroom's own shape holds it.
    pub(crate) id: Option<ApiKeyId>,
    pub(crate) past: Past,
    pub(crate) exempt: bool,
    pub(crate) allow_weak: bool,
}

impl ImportedKey {
    /// An API key with this token (1 to 512 bytes) and the attributes of `key`.
    pub fn new(token: SecretText, key: NewApiKey) -> Self {
        let past = Past::default();
        Self { token, key, created_at: None, revoked: false, exempt: false, allow_weak: false, id: None, past }
    }

    /// When it was issued where it comes from; the moment of import unless set.
    #[must_use]
    pub fn created_at(mut self, at: impl Maybe<Timestamp>) -> Self {
        self.created_at = at.maybe().or(self.created_at);
        self
    }

    /// Whether it was revoked where it comes from.
    #[must_use]
    pub fn revoked(mut self, revoked: bool) -> Self {
        self.revoked = revoked;
        self
    }

    /// Whether it is taken although it does not keep the policy: its token is in use already, and refused it would only stay outside.
    /// The audit entry tells of it, and it is due from the start.
    #[must_use]
    pub fn exempt_from_policy(mut self, exempt: bool) -> Self {
        self.exempt = exempt;
        self
    }

    /// Whether it is taken although its token [can be guessed](Self::is_weak). The act that imports it needs a reason then, and the audit
    /// entry tells of it. A rule of the policy is not opened by it.
    #[must_use]
    pub fn allow_weak(mut self, allowed: bool) -> Self {
        self.allow_weak = allowed;
        self
    }

    /// Whether its token is estimated to take less than 2^80 guesses. One that is revoked is worth no guess, and not judged.
    ///
    /// ```
    /// # use strongroom::api_keys::ImportedKey;
    /// # use strongroom::{NewApiKey, SecretText};
    /// let key = |token: &str| ImportedKey::new(SecretText::new(token.into()), NewApiKey::new("n"));
    /// assert!(key("acme-2024-000123").is_weak());
    /// assert!(!key("acme_9m83fei8pNM5igsr4MGeVKFk5wsCqbet").is_weak());
    /// ```
    pub fn is_weak(&self) -> bool {
        Self::is_weak_at(self.strength())
    }

    /// The same of one whose token has this strength.
    pub(crate) fn is_weak_at(strength: Option<u32>) -> bool {
        strength.is_some_and(|bits| bits < LEAST_BITS)
    }

    /// An API key of a vault, with its token: nothing of it is lost on the way to another.
    pub(crate) fn of(token: SecretText, from: ApiKey) -> Self {
        let past = Past::of(&from);
        let id = from.imported.then_some(from.id);
        let (created_at, revoked) = (Some(from.created_at), past.revoked_at.is_some());
        let mut key = NewApiKey::new(from.name);
        (key.owner, key.scopes, key.networks, key.attributes) =
            (from.owner, from.scopes, from.networks, from.attributes);
        (key.denied_networks, key.wildcard_scopes) = (from.denied_networks, from.wildcard_scopes);
        (key.not_before, key.expiry) = (from.not_before, from.expires_at.map(Expiry::At));
        Self { token, key, created_at, revoked, exempt: false, allow_weak: false, id, past }
    }

    /// Whether it keeps the policy, as far as it has to.
    pub(crate) fn keeps(&self, policy: &Policy, now: Timestamp) -> Result<(), PolicyError> {
        if self.exempt || self.revoked {
            return policy.check_known();
        }
        policy.check_owner(self.key.owner.as_deref())?;
        policy.check_expiry(self.issued_by(now), self.key.expiry_if_issued(now))
    }

    /// The bits that it takes to guess the token, at the most; nothing for one that is revoked. Of a token of strongroom's own shape
    /// everything but the secret is known.
    pub(crate) fn strength(&self) -> Option<u32> {
        (!self.revoked).then(|| match Shape::of(self.token.expose()) {
            Shape::Token(token) => guesses::bits(token.secret),
            _ => guesses::bits(self.token.expose()),
        })
    }

    /// Whether it is let in with a token of this strength, and if so, whether as a weak one.
    pub(crate) fn admit(&self, strength: Option<u32>, policy: &Policy) -> Result<bool, ImportError> {
        let Some(bits) = strength else { return Ok(false) };
        policy.check_import_strength(bits)?;
        match bits < LEAST_BITS {
            true if !self.allow_weak => Err(ImportError::Weak { bits, least: LEAST_BITS }),
            weak => Ok(weak),
        }
    }

    /// When it was issued, for a vault whose time is `now`. Nothing was issued in times to come: one that says so would
    /// grow old later than the policy allows.
    pub(crate) fn issued_by(&self, now: Timestamp) -> Timestamp {
        self.created_at.map_or(now, |at| at.min(now))
    }

    /// Whether the token can be found again, and every limit is kept, if it is imported now.
    pub(crate) fn check(&self, now: Timestamp) -> Result<(), ImportError> {
        self.key.check(now)?;
        match self.token.expose().len() {
            0 => Err(ImportError::NoToken),
            len if len > MAX_IMPORTED_LEN => Err(ImportError::TokenTooLong { len }),
            _ => match (Shape::of(self.token.expose()), self.id) {
                (Shape::Damaged, _) => Err(ImportError::Damaged),
                (Shape::Token(token), Some(id)) if token.id != id => Err(ImportError::OtherId),
                (_, Some(ApiKeyId::SENTINEL)) => Err(ImportError::Id { field: "id" }),
                _ => Ok(()),
            },
        }
    }
}

/// Why a line cannot be imported. Never holds any part of the line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// It begins with a byte order mark, as some editors put into a file.
    #[error("the line begins with a byte order mark (EF BB BF): save the file without one")]
    ByteOrderMark,
    /// It is not what it was when all of them were looked at, or is gone, or there are more.
    #[error("the line is not what it was when all lines were looked at: they changed meanwhile")]
    Changed,
    /// It has strongroom's own shape and a wrong check, so it could never verify.
    #[error("the token has the shape of a strongroom token and a wrong check: it is damaged")]
    Damaged,
    /// The token is in the vault already.
    #[error("an API key with this token is in the vault already")]
    Exists,
    /// Not an object with the known fields.
    #[error(
        "not an object with the fields token and name, and if wanted owner, scopes, expires_at, revoked, created_at and the \
         others of the manual: {what} (at column {column})"
    )]
    Fields {
        /// What is wrong. No part of the line is in it.
        what: String,
        /// Where the parser stopped.
        column: usize,
    },
    /// An id is not one.
    #[error("{field} is not the id of an API key")]
    Id {
        /// Which field.
        field: &'static str,
    },
    /// Not JSON.
    #[error("not JSON (at column {column})")]
    Json {
        /// Where the parser stopped.
        column: usize,
    },
    /// A limit is passed.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// A network is not one.
    #[error("a network is not written as 10.0.0.0/8")]
    Network,
    /// The token is empty.
    #[error("the token is empty")]
    NoToken,
    /// The token holds another id.
    #[error("the token holds another id than the line")]
    OtherId,
    /// The token, or one with its id, stood on an earlier line.
    #[error("the same token stands on line {line}, or one with the same id")]
    Repeated {
        /// The earlier line.
        line: usize,
    },
    /// The policy of the vault does not take it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A time is not one.
    #[error("{field} is not an RFC 3339 time such as 2027-01-31T00:00:00Z")]
    Time {
        /// Which field.
        field: &'static str,
    },
    /// There are more lines than one import takes.
    #[error("there are more than {} lines", u32::MAX)]
    TooMany,
    /// The token is too long.
    #[error("the token has {len} bytes, and {MAX_IMPORTED_LEN} is the limit")]
    TokenTooLong {
        /// Its length.
        len: usize,
    },
    /// The token is weak, and it was not allowed to be.
    #[error("the token can be guessed: it has {bits} bits of strength at the most, and {least} are the least")]
    Weak {
        /// The estimate.
        bits: u32,
        /// What an import takes.
        least: u32,
    },
}

impl ImportError {
    /// The parser's own message may quote the line.
    fn of_json(error: &serde_json::Error) -> Self {
        let column = error.column();
        if error.is_data() {
            Self::Fields { what: wrong_with_fields(&error.to_string()), column }
        } else {
            Self::Json { column }
        }
    }
}

/// Tried at 2^30 a second, 80 bits take 36,000,000 years on one machine, and 36 on a million of them.
const LEAST_BITS: u32 = 80;

/// What the parser says, as far as it is about fields that there are.
fn wrong_with_fields(said: &str) -> String {
    let known = |rest: &str| FIELDS.into_iter().find(|field| rest.starts_with(&format!("{field}`")));
    let missing = said.strip_prefix("missing field `").and_then(known).map(|field| format!("{field} is missing"));
    let twice = said.strip_prefix("duplicate field `").and_then(known).map(|field| format!("{field} stands twice"));
    missing.or(twice).unwrap_or_else(|| {
        let what = match said {
            _ if said.starts_with("unknown field") => "there is a field that is none of these",
            _ if said.starts_with("a repeated name") => "an attribute stands twice",
            _ if said.contains("expected struct") => "it is no object",
            _ => "the value of a field is not of its type",
        };
        what.into()
    })
}

/// Those that can be missed or stand twice.
const FIELDS: [&str; 19] = [
    "token",
    "name",
    "owner",
    "scopes",
    "networks",
    "denied_networks",
    "wildcard_scopes",
    "attributes",
    "not_before",
    "expires_at",
    "revoked",
    "created_at",
    "id",
    "revoked_at",
    "suspended_at",
    "revoke_at",
    "exposed_at",
    "replaces",
    "replaced_by",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_is_read() {
        let line = r#"{"token":"t","name":"n","owner":"o","scopes":["a","b"],"expires_at":"2030-01-01T00:00:00Z","revoked":true,"created_at":"2020-01-01T00:00:00Z"}"#;
        let read = ImportedKey::parse(line).expect("good");
        assert_eq!((read.token.expose(), read.key.name.as_str(), read.revoked), ("t", "n", true));
        assert_eq!(read.key.scopes, ["a", "b"]);
        assert_eq!(read.key.expiry_if_issued(Timestamp::now()), "2030-01-01T00:00:00Z".parse().ok());
        assert_eq!(read.created_at, "2020-01-01T00:00:00Z".parse().ok());
    }

    #[test]
    fn errors_name_the_place_and_never_the_text() {
        let long = format!(r#"{{"token":"{}","name":"n"}}"#, "canary".repeat(100));
        let cases = [
            ("", "not JSON (at column 0)"),
            ("canary", "not JSON (at column 1)"),
            (r#"{"token":"canary"}"#, "not an object with"),
            (r#"{"token":"canary","name":"n","canary":1}"#, "not an object with"),
            (r#"{"token":"canary","name":"n","revoked":"canary"}"#, "not an object with"),
            (r#"{"token":"canary","name":"n","expires_at":"canary"}"#, "expires_at is not an RFC 3339 time"),
            (r#"{"token":"","name":"n"}"#, "the token is empty"),
            (r#"{"token":"canary","name":""}"#, "the name is empty"),
            (r#"{"token":"canary","name":"n"} canary"#, "not JSON"),
            (r#"["canary"]"#, "not an object with"),
            (r#"["canary","n",null,null,null,null,null]"#, "not an object with"),
            ("\u{feff}{\"token\":\"canary\",\"name\":\"n\"}", "the line begins with a byte order mark"),
            (&long, "the token has 600 bytes"),
        ];
        for (line, message) in cases {
            let error = ImportedKey::parse(line).expect_err(message);
            assert!(error.to_string().starts_with(message), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
        }
    }
}
