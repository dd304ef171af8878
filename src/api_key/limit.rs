//! The limits that an API key to be issued, imported or changed is held to.

use crate::token::{MAX_PREFIX_LEN, is_prefix};

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
    /// A `*` stands where it would stand for nothing, in a scope of an API key with wildcards.
    #[error("a wildcard is a scope of its own (*), or stands at the end behind : or . or / (invoices:*)")]
    ScopeWildcard,
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

/// Whether a token can begin with this.
pub(crate) fn check_prefix(prefix: &str) -> Result<(), LimitError> {
    if is_prefix(prefix) { Ok(()) } else { Err(LimitError::Prefix) }
}
