//! The life of an API key: updated, suspended and resumed, revoked now or at a time.

use crate::api_key::{ApiKey, Update};
use crate::audit::{Act, Action, Draft};
use crate::error::Error;
use crate::ledger::Change;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault::Vault;
use crate::vault::admission::admit_update;
use crate::vault::subject::Subject;

impl Vault {
    /// Revokes an API key, for good. From the moment this returns, no process that shares the store accepts its
    /// token. Revoking twice is no error: `false` says that it was revoked before.
    pub fn revoke(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        let amended = self.amend(Draft::on(Action::Revoke, id), act, |subject, change| {
            subject.secret_may_go = true;
            subject.attributes.revoke(change.now);
            Ok(())
        });
        amended.map(|(changed, _)| changed)
    }

    /// Has an API key count as revoked from a moment to come, for good, without anybody doing more. That moment can only
    /// be moved to an earlier one, and [`Vault::revoke`] does not wait for it. `false` says that it was set to this very
    /// moment before.
    pub fn revoke_at(&self, id: ApiKeyId, at: impl Into<Timestamp>, act: &Act) -> Result<bool, Error> {
        let at = at.into();
        // Nothing before 1970 lies ahead.
        let draft =
            Draft::on(Action::ScheduleRevocation, id).count("at_ms", u64::try_from(at.unix_millis()).unwrap_or(0));
        let amended =
            self.amend(draft, act, |subject, change| subject.edit(|attributes| attributes.revoke_from(at, change.now)));
        amended.map(|(changed, _)| changed)
    }

    /// Takes an API key out of use until it is resumed. `false` says that it was suspended before.
    pub fn suspend(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        let draft = Draft::on(Action::Suspend, id);
        let amended =
            self.amend(draft, act, |subject, change| subject.edit(|attributes| attributes.suspend(change.now)));
        amended.map(|(changed, _)| changed)
    }

    /// Takes a suspension back. `false` says that there was none.
    pub fn resume(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        let draft = Draft::on(Action::Resume, id);
        let amended =
            self.amend(draft, act, |subject, change| subject.edit(|attributes| attributes.resume(change.now)));
        amended.map(|(changed, _)| changed)
    }

    /// Changes what an API key says, and returns it as it is then. An update that changes nothing leaves no audit entry.
    pub fn update(&self, id: ApiKeyId, update: &Update, act: &Act) -> Result<ApiKey, Error> {
        let amended = self.amend(Draft::on(Action::Update, id), act, |subject, change| {
            subject.must_be(update.expected)?;
            subject.edit(|attributes| attributes.update(update, change.now))?;
            admit_update(change, &subject.attributes.terms(), update)
        });
        amended?.1.into_view()
    }

    /// One change of the API key that the audit entry is about. Without a difference nothing is written.
    fn amend(
        &self,
        draft: Draft,
        act: &Act,
        edit: impl Fn(&mut Subject, &Change<'_>) -> Result<(), Error>,
    ) -> Result<(bool, Subject), Error> {
        act.check()?;
        let id = draft.key.expect("the entry of a change names the API key");
        let amended = self.ledger.change(act, |change| {
            let mut subject = Subject::read(change, self.ledger.store(), id)?;
            edit(&mut subject, change)?;
            let changed = subject.write(change)?;
            if changed {
                change.audit(draft.clone());
            }
            Ok((changed, subject))
        });
        self.ledger.keep_refusal(act, draft, amended)
    }
}
