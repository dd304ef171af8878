//! What a check says about a master key.

use std::borrow::Cow;

/// Something a check found. It holds nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// A stable name for scripts and waivers (docs/master-keys.md).
    pub id: &'static str,
    /// What follows from it.
    pub severity: Severity,
    /// What was found, in one sentence.
    pub what: Cow<'static, str>,
    /// What to do about it.
    pub remedy: Cow<'static, str>,
}

impl Finding {
    pub(crate) fn new(id: &'static str, severity: Severity, what: impl Into<Cow<'static, str>>) -> Self {
        Self { id, severity, what: what.into(), remedy: NEW_KEY.into() }
    }

    /// What is wrong with a text from outside that holds no key to judge.
    pub fn malformed(id: &'static str, what: impl Into<Cow<'static, str>>, remedy: &'static str) -> Self {
        Self::new(id, Severity::Refuse, what).remedy(remedy)
    }

    #[must_use]
    pub(crate) fn remedy(mut self, remedy: impl Into<Cow<'static, str>>) -> Self {
        self.remedy = remedy.into();
        self
    }
}

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Should be mended.
    Warn,
    /// The key is not accepted.
    Refuse,
}

/// What nearly every finding asks for.
pub(crate) const NEW_KEY: &str = "make a new key with `strongroom master-key generate`";
