//! The error of a text that is not what it should be.

use std::borrow::Cow;

/// Why a text could not be read. It says what was expected, and never holds any part of the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{expected}")]
pub struct ParseError {
    what: &'static str,
    expected: Cow<'static, str>,
}

impl ParseError {
    /// Of what should have been such a thing, and how it is written.
    pub(crate) fn new(what: &'static str, expected: impl Into<Cow<'static, str>>) -> Self {
        Self { what, expected: expected.into() }
    }

    /// What the text should have been, as a noun: `time`, `network`, `API key id`.
    pub fn what(&self) -> &'static str {
        self.what
    }
}
