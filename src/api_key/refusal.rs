//! Why a token is refused.

use serde::{Serialize, Serializer};

use super::status::Status;

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
    pub(super) fn of(status: Status) -> Option<Self> {
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

    /// The refusal in one stable word, as an [`Error`](crate::Error) has one: the same in JSON, in events and in what the program
    /// prints (docs/codes.md).
    pub fn code(self) -> &'static str {
        match self {
            Self::Address => "token-address",
            Self::Damaged => "token-damaged",
            Self::Expired => "token-expired",
            Self::NotYetValid => "token-not-yet-valid",
            Self::Revoked => "token-revoked",
            Self::Scope => "token-scope",
            Self::Suspended => "token-suspended",
            Self::Unknown => "token-unknown",
        }
    }

    /// Under what it is counted ([`Usage::refusals`](crate::usage::Usage::refusals)): its [code](Self::code) without the `token-`.
    pub(crate) fn counted_as(self) -> &'static str {
        self.code().trim_start_matches("token-")
    }
}

/// As its code.
impl Serialize for Refusal {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}
