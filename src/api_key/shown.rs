//! An API key as it is shown.

use std::collections::BTreeMap;

use serde::Serialize;

use super::network::Network;
use super::revision::Revision;
use super::scope::grants;
use super::status::{Status, Times};
use crate::time::Timestamp;
use crate::token::ApiKeyId;

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
    /// Where it may not be used from, whatever else is said.
    pub denied_networks: Vec<Network>,
    /// Whether a scope that ends in a wildcard stands for others.
    pub wildcard_scopes: bool,
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
    /// Changes with every change of the API key: see [`Update::expect`](crate::Update::expect).
    pub revision: Revision,
}

impl ApiKey {
    /// What state it is in at a moment.
    pub fn status(&self, now: Timestamp) -> Status {
        Times {
            not_before: self.not_before,
            expires_at: self.expires_at,
            suspended_at: self.suspended_at,
            revoke_at: self.revoke_at,
            revoked_at: self.revoked_at,
        }
        .status(now)
    }

    /// Whether it has this scope: byte for byte, or where it has [wildcards](Self#structfield.wildcard_scopes) by one of those.
    pub fn has_scope(&self, scope: &str) -> bool {
        self.scopes.iter().any(|own| grants(own, scope, self.wildcard_scopes))
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
