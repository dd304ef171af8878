//! What an API key may say.

use crate::api_key::{Terms, Update};
use crate::error::Error;
use crate::ledger::Change;

/// Whether an API key may be issued as these terms say. Every new one passes here, inside the change that commits it.
pub(super) fn admit(change: &Change<'_>, terms: &Terms<'_>) -> Result<(), Error> {
    terms.check()?;
    let policy = change.keyring.policy();
    policy.check_owner(terms.owner)?;
    Ok(policy.check_expiry(terms.created_at.unwrap_or(change.now), terms.expires_at)?)
}

/// Whether an API key may be changed to these terms. The policy is asked about what is changed: an API key that was there
/// before the policy can still be given another name.
pub(super) fn admit_update(change: &Change<'_>, terms: &Terms<'_>, update: &Update) -> Result<(), Error> {
    terms.check()?;
    let policy = change.keyring.policy();
    policy.check_known()?;
    if update.owner.is_some() {
        policy.check_owner(terms.owner)?;
    }
    if update.expires_at.is_some() {
        policy.check_expiry(terms.created_at.unwrap_or(change.now), terms.expires_at)?;
    }
    Ok(())
}
