//! What becomes of attributes in the life of an API key.

use std::collections::BTreeMap;

use super::Attributes;
use crate::api_key::life::LifeError;
use crate::api_key::network::Network;
use crate::api_key::reissue::Reissue;
use crate::api_key::status::Status;
use crate::api_key::update::Update;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, DEFAULT_PREFIX};

impl Attributes {
    /// Revokes the API key, for good. An earlier revocation stays.
    pub(crate) fn revoke(&mut self, now: Timestamp) {
        self.revoked_at.get_or_insert(now.unix_millis());
    }

    /// Has the API key count as revoked from `at` on. That moment only ever moves to an earlier one.
    pub(crate) fn revoke_from(&mut self, at: Timestamp, now: Timestamp) -> Result<(), LifeError> {
        self.must_not_be_revoked(now)?;
        must_lie_ahead("a revocation at", Some(at), now)?;
        match self.revoke_at.filter(|set| *set < at.unix_millis()).and_then(Timestamp::from_unix_millis) {
            Some(at) => Err(LifeError::RevokedEarlier { at }),
            None => {
                self.revoke_at = Some(at.unix_millis());
                Ok(())
            }
        }
    }

    /// Takes the API key out of use until it is resumed.
    pub(crate) fn suspend(&mut self, now: Timestamp) -> Result<(), LifeError> {
        self.must_not_be_revoked(now)?;
        self.suspended_at.get_or_insert(now.unix_millis());
        Ok(())
    }

    /// Takes a suspension back.
    pub(crate) fn resume(&mut self, now: Timestamp) -> Result<(), LifeError> {
        self.must_not_be_revoked(now)?;
        self.suspended_at = None;
        Ok(())
    }

    /// Changes what the update names.
    pub(crate) fn update(&mut self, update: &Update, now: Timestamp) -> Result<(), LifeError> {
        self.must_not_be_revoked(now)?;
        must_lie_ahead("an expiry at", update.expires_at.value(), now)?;
        must_lie_ahead("a beginning at", update.not_before.value(), now)?;
        let Update { name, owner, scopes, networks, denied_networks, wildcard_scopes, .. } = update;
        let Update { attributes, not_before, expires_at, .. } = update;
        replace(&mut self.name, name.clone());
        owner.apply(&mut self.owner, |owner| owner);
        replace(&mut self.scopes, scopes.clone().map(unless_empty));
        let texts =
            |list: &Option<Vec<Network>>| list.as_ref().map(|list| list.iter().map(ToString::to_string).collect());
        replace(&mut self.networks, texts(networks).map(unless_empty));
        replace(&mut self.denied_networks, texts(denied_networks).map(unless_empty));
        replace(&mut self.wildcard_scopes, wildcard_scopes.map(|wildcards| wildcards.then_some(true)));
        not_before.apply(&mut self.not_before, Timestamp::unix_millis);
        expires_at.apply(&mut self.expires_at, Timestamp::unix_millis);
        if !attributes.is_empty() {
            self.labels = with_labels(self.labels.take().unwrap_or_default(), attributes);
        }
        Ok(())
    }

    /// Makes these the attributes of the API key that is issued in place of `old`, which they describe.
    pub(crate) fn succeed(
        &mut self,
        old: ApiKeyId,
        reissue: &Reissue,
        digest: [u8; 32],
        now: Timestamp,
    ) -> Result<(), LifeError> {
        self.must_not_be_revoked(now)?;
        if let Some(by) = self.replaced_by {
            return Err(LifeError::Replaced { by: ApiKeyId::from_bytes(*by) });
        }
        must_lie_ahead("an expiry at", reissue.expires_at.value(), now)?;
        reissue.expires_at.apply(&mut self.expires_at, Timestamp::unix_millis);
        if let Some(at) = self.expires_at.filter(|at| *at <= now.unix_millis()).and_then(Timestamp::from_unix_millis) {
            return Err(LifeError::Expired { at });
        }
        replace(&mut self.prefix, reissue.prefix.clone());
        if self.prefix.is_empty() {
            self.prefix = DEFAULT_PREFIX.into();
        }
        (self.digest, self.created_at, self.replaces) = (digest.into(), now.unix_millis(), Some(old.to_bytes().into()));
        // A revocation that is set stays: a new secret is no way around it.
        self.exposed_at = None;
        Ok(())
    }

    /// Ends the API key in whose place `by` is issued, and returns when: after the grace, and never later than it would
    /// have ended otherwise.
    pub(crate) fn give_way(&mut self, by: ApiKeyId, reissue: &Reissue, now: Timestamp) -> Timestamp {
        let set = [self.revoke_at, self.expires_at].into_iter().flatten().filter_map(Timestamp::from_unix_millis);
        let until = set.fold(now.saturating_add(reissue.grace), Timestamp::min).max(now);
        self.revoke_at = Some(until.unix_millis());
        self.replaced_by = Some(by.to_bytes().into());
        if until == now {
            // What ends now does not come back with a clock that is set back.
            self.revoke(now);
        }
        until
    }

    fn must_not_be_revoked(&self, now: Timestamp) -> Result<(), LifeError> {
        if self.status(now) == Status::Revoked { Err(LifeError::Revoked) } else { Ok(()) }
    }
}

fn must_lie_ahead(what: &'static str, at: Option<Timestamp>, now: Timestamp) -> Result<(), LifeError> {
    at.filter(|at| *at <= now).map_or(Ok(()), |at| Err(LifeError::Past { what, at }))
}

fn replace<T>(field: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *field = value;
    }
}

fn unless_empty(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

fn with_labels(
    mut labels: BTreeMap<String, String>,
    changes: &BTreeMap<String, Option<String>>,
) -> Option<BTreeMap<String, String>> {
    for (key, value) in changes {
        match value {
            Some(value) => drop(labels.insert(key.clone(), value.clone())),
            None => drop(labels.remove(key)),
        }
    }
    (!labels.is_empty()).then_some(labels)
}
