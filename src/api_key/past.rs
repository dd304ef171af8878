//! What an API key brings along of its life in another vault.

use super::shown::ApiKey;
use super::stored::Attributes;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// Everything about an API key that nobody chooses for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Past {
    pub(crate) revoked_at: Option<Timestamp>,
    pub(crate) suspended_at: Option<Timestamp>,
    pub(crate) revoke_at: Option<Timestamp>,
    pub(crate) exposed_at: Option<Timestamp>,
    pub(crate) replaces: Option<ApiKeyId>,
    pub(crate) replaced_by: Option<ApiKeyId>,
}

impl Past {
    pub(crate) fn of(key: &ApiKey) -> Self {
        Self {
            revoked_at: key.revoked_at,
            suspended_at: key.suspended_at,
            revoke_at: key.revoke_at,
            exposed_at: key.exposed_at,
            replaces: key.replaces,
            replaced_by: key.replaced_by,
        }
    }
}

impl Attributes {
    pub(crate) fn with_past(mut self, past: &Past) -> Self {
        self.revoked_at = past.revoked_at.map(Timestamp::unix_millis);
        self.suspended_at = past.suspended_at.map(Timestamp::unix_millis);
        self.revoke_at = past.revoke_at.map(Timestamp::unix_millis);
        self.exposed_at = past.exposed_at.map(Timestamp::unix_millis);
        self.replaces = past.replaces.map(|id| id.to_bytes().into());
        self.replaced_by = past.replaced_by.map(|id| id.to_bytes().into());
        self
    }
}
