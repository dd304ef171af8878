//! The error of the vault's operations: what failed, and what kind of failure it is.

mod code;
mod detail;
mod faults;
mod kind;

use std::error::Error as _;
use std::fmt;

use crate::token::ApiKeyId;

pub use detail::Detail;
pub use faults::{RowFault, TargetFault, VaultRow};
pub use kind::ErrorKind;

pub use crate::keyring::{KeyringError, PinError};
pub use crate::page::CursorError;
pub use crate::record::RecordError;
pub use crate::secret::RandomError;
pub use crate::unsafe_path::UnsafePath;

/// Why an operation on a vault failed. Messages name ids and counts, never contents.
///
/// `{error}` is the message alone, and what lies behind it are the [sources](std::error::Error::source); `{error:#}` is all
/// of it on one line.
pub struct Error(Box<Detail>);

impl Error {
    /// What kind of failure this is: what a program decides by.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// The error in one stable word: the same in the audit log, in events and in what the program prints (docs/codes.md).
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// Whether the same call may well succeed in a moment: others held the store, or were quicker.
    pub fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Busy
    }

    /// The API key it speaks of.
    pub fn api_key(&self) -> Option<ApiKeyId> {
        match self.detail() {
            Detail::Life { id, .. }
            | Detail::NotFound { id }
            | Detail::NotRecoverable { id }
            | Detail::Record { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// What failed, with all that is known of it.
    pub fn detail(&self) -> &Detail {
        &self.0
    }

    /// The same, taken out.
    pub fn into_detail(self) -> Detail {
        *self.0
    }

    /// Whether it is about the one API key that was to be changed, and says nothing of others.
    pub(crate) fn is_about_one_key(&self) -> bool {
        matches!(
            self.detail(),
            Detail::IssuedExpired { .. }
                | Detail::Life { .. }
                | Detail::Limit(_)
                | Detail::NotFound { .. }
                | Detail::Policy(_)
                | Detail::Record { .. }
        )
    }

    /// Whether the act is refused for what it asks, and not because something failed. The audit log keeps refusals.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.kind(), ErrorKind::Conflict | ErrorKind::Input | ErrorKind::NotFound)
            || matches!(self.detail(), Detail::Keyring(KeyringError::NotConfigured { .. }))
    }
}

/// From a [`Detail`], and from whatever one is made of.
impl<T> From<T> for Error
where
    Detail: From<T>,
{
    fn from(fault: T) -> Self {
        Self(Box::new(fault.into()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)?;
        let mut behind = self.source().filter(|_| out.alternate());
        while let Some(source) = behind {
            write!(out, ": {source}")?;
            behind = source.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}
