//! The policy of a vault: reading it, changing it, and keeping to it.

use std::time::Duration;

use crate::api_key::Terms;
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::ledger::{Change, ROTATION};
use crate::policy::{Policy, PolicyChange};
use crate::rotation::open_in;
use crate::store::{Expected, Table};
use crate::time::Timestamp;
use crate::vault::handle::{Vault, Verifier};

/// # Policy
impl Verifier {
    /// The rules of the vault, as last read: at most a second old.
    pub fn policy(&self) -> Result<Policy, Error> {
        Ok(self.ledger.recent_keyring()?.policy().clone())
    }
}

/// # Policy
impl Vault {
    /// Puts these rules in the place of the present ones. See [`Vault::change_policy`].
    pub fn set_policy(&self, policy: &Policy, act: &Act) -> Result<PolicyChange, Error> {
        self.change_policy(|present| *present = policy.clone(), act)
    }

    /// Changes the rules, for every process that shares the store. `edit` is given those that stand there, and again when
    /// somebody else was quicker. A reason is required, and has to keep the old rules and the new ones: no pattern can be
    /// set that nothing keeps. Refused while a rotation is open. No change, no audit entry.
    pub fn change_policy(&self, edit: impl Fn(&mut Policy), act: &Act) -> Result<PolicyChange, Error> {
        let changed = act.check_with_reason().map_err(Error::from).and_then(|()| self.change_policy_now(&edit, act));
        self.ledger.keep_refusal(act, Draft::of(Action::Policy), changed)
    }

    /// What [`Vault::change_policy`] would do. Writes nothing.
    pub fn plan_policy(&self, edit: impl Fn(&mut Policy)) -> Result<PolicyChange, Error> {
        edited(self.ledger.reload()?.policy(), &edit)
    }

    fn change_policy_now(&self, edit: &dyn Fn(&mut Policy), act: &Act) -> Result<PolicyChange, Error> {
        let planned = edited(self.ledger.reload()?.policy(), edit)?;
        if planned.before == planned.after {
            return Ok(planned);
        }
        self.ledger.change(act, |change| {
            let planned = edited(change.keyring.policy(), edit)?;
            planned.after.check_reason(act.reason())?;
            if let Some(open) = open_in(change.keyring, self.ledger.store())? {
                return Err(Detail::RotationOpen { to: open.to_master_key }.into());
            }
            change.batch.check(Table::Vault, ROTATION, Expected::Absent);
            change.replace_keyring(change.keyring.with_policy(&planned.after, self.ledger.keks())?);
            change.audit(recorded(&planned.after));
            Ok(planned)
        })
    }
}

/// Whether an API key may be issued as these terms say. Every new one passes here, inside the change that commits it.
pub(super) fn admit(change: &Change<'_>, terms: &Terms<'_>) -> Result<(), Error> {
    terms.check()?;
    let policy = change.keyring.policy();
    policy.check_owner(terms.owner)?;
    Ok(policy.check_expiry(terms.created_at.unwrap_or(change.now), terms.expires_at)?)
}

/// Whether an API key that is held to the first terms may be changed to the second. Only what loosens is judged: an API key that was
/// there before the policy can still be given another name, and one that breaks a rule can be brought nearer to it.
pub(super) fn admit_update(change: &Change<'_>, before: &Terms<'_>, after: &Terms<'_>) -> Result<(), Error> {
    after.check()?;
    let policy = change.keyring.policy();
    policy.check_known()?;
    if before.owner.is_some() {
        policy.check_owner(after.owner)?;
    }
    if is_later(after.expires_at, before.expires_at) {
        policy.check_expiry(after.created_at.unwrap_or(change.now), after.expires_at)?;
    }
    Ok(())
}

/// Whether the first expiry is later than the second, where none is the latest.
fn is_later(expiry: Option<Timestamp>, than: Option<Timestamp>) -> bool {
    than.is_some_and(|than| expiry.is_none_or(|expiry| expiry > than))
}

/// Whether a token may be recovered by an act that reissues the API key with this grace, or by one that does not. Every
/// recovery passes here, inside the change that commits its audit entry.
pub(super) fn admit_recovery(change: &Change<'_>, grace: Option<Duration>) -> Result<(), Error> {
    Ok(change.keyring.policy().check_recovery(grace)?)
}

fn edited(before: &Policy, edit: &dyn Fn(&mut Policy)) -> Result<PolicyChange, Error> {
    before.check_known()?;
    let mut after = before.clone();
    edit(&mut after);
    after.check()?;
    Ok(PolicyChange { before: before.clone(), after })
}

/// The rules that hold from now on, as counts: the audit log holds no text of a policy.
fn recorded(policy: &Policy) -> Draft {
    let rules = [
        ("max_key_age_secs", policy.max_key_age.map(|span| span.as_secs())),
        ("master_key_age_secs", policy.master_key_age.map(|age| age.warn.as_secs())),
        ("master_key_refused_secs", policy.master_key_age.map(|age| age.refuse.as_secs())),
        ("require_expiry", policy.require_expiry.then_some(1)),
        ("require_owner", policy.require_owner.then_some(1)),
        ("reason_pattern", policy.reason.as_ref().map(|_| 1)),
        ("reissue_grace_secs", policy.reissue_on_recovery.map(|grace| grace.as_secs())),
        ("min_import_bits", policy.min_import_bits.map(u64::from)),
    ];
    let set = rules.into_iter().filter_map(|(name, value)| Some((name, value?)));
    set.fold(Draft::of(Action::Policy), |draft, (name, value)| draft.count(name, value))
}
