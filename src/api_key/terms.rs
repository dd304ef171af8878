//! What an API key is to say once an act is done, and the limits on it. New API keys and changed ones are held to the same.

use std::collections::BTreeMap;

use super::limit::LimitError;
use super::scope::is_well_formed;
use crate::keyring::Feature;
use crate::time::Timestamp;

/// Everything about an API key that somebody chooses.
pub(crate) struct Terms<'a> {
    pub(crate) name: &'a str,
    pub(crate) owner: Option<&'a str>,
    pub(crate) scopes: &'a [String],
    /// Whether a scope may stand for others.
    pub(crate) wildcards: bool,
    pub(crate) networks: usize,
    pub(crate) denied_networks: usize,
    pub(crate) attributes: Option<&'a BTreeMap<String, String>>,
    /// Absent before it is issued.
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) not_before: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
}

impl Terms<'_> {
    /// What has to be known to verify it.
    pub(crate) fn features(&self) -> impl Iterator<Item = Feature> + use<> {
        (self.denied_networks > 0).then_some(Feature::DenyLists).into_iter()
    }

    /// Whether every limit is kept.
    pub(crate) fn check(&self) -> Result<(), LimitError> {
        check_label("name", self.name)?;
        self.owner.map_or(Ok(()), |owner| check_label("owner", owner))?;
        count("scopes", self.scopes.len(), MAX_SCOPES)?;
        count("networks", self.networks, MAX_NETWORKS)?;
        count("denied networks", self.denied_networks, MAX_NETWORKS)?;
        self.scopes.iter().try_for_each(|scope| check_scope(scope, self.wildcards))?;
        let attributes = || self.attributes.into_iter().flatten();
        let len = attributes().map(|(key, value)| key.len() + value.len()).sum();
        if len > MAX_ATTRIBUTES_LEN {
            return Err(LimitError::TooLong { what: "set of attributes", len, max: MAX_ATTRIBUTES_LEN });
        }
        if attributes().any(|(key, _)| key.is_empty()) {
            return Err(LimitError::Empty { what: "attribute name" });
        }
        match (self.not_before, self.expires_at) {
            (Some(begin), Some(end)) if begin >= end => Err(LimitError::NeverValid),
            _ => Ok(()),
        }
    }
}

fn check_label(what: &'static str, text: &str) -> Result<(), LimitError> {
    match text.len() {
        0 => Err(LimitError::Empty { what }),
        len if len > MAX_LABEL_LEN => Err(LimitError::TooLong { what, len, max: MAX_LABEL_LEN }),
        _ => Ok(()),
    }
}

fn check_scope(scope: &str, wildcards: bool) -> Result<(), LimitError> {
    match scope.len() {
        0 => Err(LimitError::Empty { what: "scope" }),
        len if len > MAX_SCOPE_LEN => Err(LimitError::TooLong { what: "scope", len, max: MAX_SCOPE_LEN }),
        _ if scope.chars().any(|c| c.is_whitespace() || c.is_control()) => Err(LimitError::ScopeCharacters),
        _ if wildcards && !is_well_formed(scope) => Err(LimitError::ScopeWildcard),
        _ => Ok(()),
    }
}

fn count(what: &'static str, found: usize, max: usize) -> Result<(), LimitError> {
    if found > max { Err(LimitError::TooMany { what, found, max }) } else { Ok(()) }
}

pub(super) const MAX_ATTRIBUTES_LEN: usize = 8 * 1024;
pub(super) const MAX_LABEL_LEN: usize = 256;
pub(super) const MAX_NETWORKS: usize = 64;
pub(super) const MAX_SCOPE_LEN: usize = 128;
pub(super) const MAX_SCOPES: usize = 64;
