//! The life of an API key: updated, suspended and resumed, revoked now or at a time.

use crate::api_key::{ApiKey, Update};
use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::ledger::Change;
use crate::store::Rows;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault::handle::Vault;
use crate::vault::many::{Each, Together, each_run, only};
use crate::vault::policy::admit_update;
use crate::vault::subject::Subject;

/// # Changing
impl Vault {
    /// Revokes an API key, for good. From the moment this returns, no process that shares the store accepts its
    /// token. Revoking twice is no error: `false` says that it was revoked before.
    ///
    /// Its errors ([`Error::code`]) are those of every change: `not-found`, `record-unreadable`, `invalid-act`, `policy-reason`, and what
    /// stands in the way of a commit, such as `store-busy` and `engine-failed`. A secret that does not open is given up, and is none.
    pub fn revoke(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        only(self.revoke_many(&[id], act))
    }

    /// Revokes many API keys in one commit, with an audit entry for each, and says of each whether it was revoked by this. One that is not
    /// there, or whose record does not open, fails none of the others: its result is the error that [`Vault::revoke`] would return. An
    /// error of the whole means that nothing was done. A few thousand at a time are fastest. An id that stands twice begins another
    /// commit.
    pub fn revoke_many(&self, ids: &[ApiKeyId], act: &Act) -> Result<Vec<Result<bool, Error>>, Error> {
        self.amend_all(ids, &Draft::of(Action::Revoke), act, |subject, change| {
            subject.secret_may_go = true;
            subject.attributes.revoke(change.now);
            Ok(())
        })
    }

    /// Has an API key count as revoked from a moment to come, for good, without anybody doing more. That moment can only
    /// be moved to an earlier one, and [`Vault::revoke`] does not wait for it. `false` says that it was set to this very
    /// moment before.
    ///
    /// Beside the errors of [`Vault::revoke`] there are `time-past`, `revoked`, and `revoked-earlier` when it was set to an earlier one.
    pub fn revoke_at(&self, id: ApiKeyId, at: impl Into<Timestamp>, act: &Act) -> Result<bool, Error> {
        only(self.revoke_many_at(&[id], at, act))
    }

    /// The same of many in one commit, as [`Vault::revoke_many`].
    pub fn revoke_many_at(
        &self,
        ids: &[ApiKeyId],
        at: impl Into<Timestamp>,
        act: &Act,
    ) -> Result<Vec<Result<bool, Error>>, Error> {
        let at = at.into();
        // Nothing before 1970 lies ahead.
        let draft = Draft::of(Action::ScheduleRevocation).count("at_ms", u64::try_from(at.unix_millis()).unwrap_or(0));
        self.amend_all(ids, &draft, act, |subject, change| {
            subject.edit(|attributes| attributes.revoke_from(at, change.now))
        })
    }

    /// Takes an API key out of use until it is resumed. `false` says that it was suspended before. Beside the errors of [`Vault::revoke`]
    /// there is `revoked`.
    pub fn suspend(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        only(self.suspend_many(&[id], act))
    }

    /// The same of many in one commit, as [`Vault::revoke_many`].
    pub fn suspend_many(&self, ids: &[ApiKeyId], act: &Act) -> Result<Vec<Result<bool, Error>>, Error> {
        self.amend_all(ids, &Draft::of(Action::Suspend), act, |subject, change| {
            subject.edit(|attributes| attributes.suspend(change.now))
        })
    }

    /// Takes a suspension back. `false` says that there was none. Beside the errors of [`Vault::revoke`] there is `revoked`.
    pub fn resume(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        only(self.resume_many(&[id], act))
    }

    /// The same of many in one commit, as [`Vault::revoke_many`].
    pub fn resume_many(&self, ids: &[ApiKeyId], act: &Act) -> Result<Vec<Result<bool, Error>>, Error> {
        self.amend_all(ids, &Draft::of(Action::Resume), act, |subject, change| {
            subject.edit(|attributes| attributes.resume(change.now))
        })
    }

    /// Changes what an API key says, and returns it as it is then. An update that changes nothing leaves no audit entry.
    ///
    /// Beside the errors of [`Vault::revoke`] there are `revoked`, `changed` when [`Update::expect`] is not met, `time-past`, `limit`, and
    /// `policy-owner`, `policy-expiry`, `policy-age` and `policy-newer`. The policy judges only what the update loosens: an owner that
    /// goes, and an expiry that is put off or goes.
    pub fn update(&self, id: ApiKeyId, update: &Update, act: &Act) -> Result<ApiKey, Error> {
        only(self.update_all(&[id], update, act))?.1.into_view()
    }

    /// The same update of many in one commit, as [`Vault::revoke_many`]: of each, whether it was changed by this.
    pub fn update_many(&self, ids: &[ApiKeyId], update: &Update, act: &Act) -> Result<Vec<Result<bool, Error>>, Error> {
        let updated = self.update_all(ids, update, act)?;
        Ok(updated.into_iter().map(|one| one.map(|(changed, _)| changed)).collect())
    }

    fn update_all(&self, ids: &[ApiKeyId], update: &Update, act: &Act) -> Result<Each<(bool, Subject)>, Error> {
        self.amend(ids, &Draft::of(Action::Update), act, |subject, change| {
            subject.must_be(update.expected)?;
            subject.edit(|attributes| attributes.update(update, change.now))?;
            change.need(subject.attributes.terms().features());
            admit_update(change, &subject.before.terms(), &subject.attributes.terms())
        })
    }

    /// One change of each of these API keys. Without a difference nothing is written of one.
    fn amend(
        &self,
        ids: &[ApiKeyId],
        draft: &Draft,
        act: &Act,
        edit: impl Fn(&mut Subject, &mut Change<'_>) -> Result<(), Error>,
    ) -> Result<Each<(bool, Subject)>, Error> {
        each_run(ids, |ids| {
            let rows = self.ledger.store();
            self.change_each(
                ids,
                act,
                draft,
                |change, together, at| amend_one(rows, change, together, ids[at], draft, &edit),
                |_| Ok(()),
            )
        })
    }

    fn amend_all(
        &self,
        ids: &[ApiKeyId],
        draft: &Draft,
        act: &Act,
        edit: impl Fn(&mut Subject, &mut Change<'_>) -> Result<(), Error>,
    ) -> Result<Each<bool>, Error> {
        let amended = self.amend(ids, draft, act, edit)?;
        Ok(amended.into_iter().map(|one| one.map(|(changed, _)| changed)).collect())
    }
}

fn amend_one<'k>(
    rows: &dyn Rows,
    change: &mut Change<'k>,
    together: &mut Together<'_, 'k>,
    id: ApiKeyId,
    draft: &Draft,
    edit: impl Fn(&mut Subject, &mut Change<'_>) -> Result<(), Error>,
) -> Result<(bool, Subject), Error> {
    let mut subject = Subject::read(change, rows, id)?;
    match draft.action {
        // The way out: whatever the record says besides, it lets nobody in then.
        Action::Revoke => {}
        Action::Resume => together.hold_to_all_of_the_log(change, id, &subject)?,
        _ => together.hold_to_log(change, id, &subject)?,
    }
    edit(&mut subject, change)?;
    let was = subject.was;
    let changed = subject.write(change, &mut together.sealer)?;
    let left = if changed.is_some() { changed } else { together.left_alone(change, draft.action, id, &mut subject)? };
    if let Some(left) = left {
        change.audit(Draft { key: Some(id), ..draft.clone() }.finding(was).leaving(left));
    }
    Ok((changed.is_some(), subject))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::api_key::{NewApiKey, Reissue};
    use crate::master_key::MasterKey;
    use crate::master_keys::MasterKeys;
    use crate::record::{Plain, Record, seal};
    use crate::rotation::RotateOptions;
    use crate::store::{MemoryStore, Table};
    use crate::vault::options::VaultOptions;
    use crate::versions::version;

    fn act() -> Act {
        Act::by("tester").because("a test")
    }

    /// What the attributes of an API key are, as bytes.
    fn attributes(vault: &Vault, id: ApiKeyId) -> Vec<u8> {
        let record = vault.ledger.store().get(Table::Keys, &id.to_bytes()).expect("read").expect("there");
        Record::parse(&record)
            .and_then(|record| record.open_verify(&vault.ledger.keyring(), id))
            .expect("opens")
            .to_vec()
    }

    /// Gives the record a field that this version does not know.
    fn extend(vault: &Vault, id: ApiKeyId) {
        let mut later = attributes(vault, id);
        later[0] += 1; // one entry more in the map's head
        later.extend([0x18, 200, 0x6f]);
        later.extend(LATER);
        let written = vault.ledger.change(&act(), |change| {
            let old = vault.ledger.store().get(Table::Keys, &id.to_bytes())?.expect("there");
            let secret = Record::parse(&old).expect("a record").open_recover(change.keyring, id).expect("opens");
            let secret = secret.as_ref().map(crate::secret::SecretText::expose);
            let plain = Plain { imported: false, attributes: &later, secret };
            let new = seal(change.keyring, id, &plain)?;
            let was = Record::parse(&old).expect("a record").attributes_to_carry(change.keyring, id).expect("opens").0;
            let left = plain.commitment(change.keyring.vault(), id);
            change.audit(Draft::on(Action::Update, id).finding(was).leaving(left));
            change.replace_record(id, old, new)
        });
        written.expect("written");
    }

    fn has_later_field(vault: &Vault, id: ApiKeyId) -> bool {
        attributes(vault, id).windows(LATER.len()).any(|window| window == LATER)
    }

    const LATER: &[u8] = b"from the future";

    #[test]
    fn every_change_and_a_rotation_keep_unknown_fields_and_each_other() {
        let mut keys = MasterKeys::single(MasterKey::generate().expect("random"));
        keys.insert(version(2), MasterKey::generate().expect("random")).expect("new");
        let vault = VaultOptions::new().first(version(1)).create(MemoryStore::new(), keys, &act()).expect("vault");
        let hour = Duration::from_secs(3_600);
        let ahead = |hours: u32| Timestamp::now().saturating_add(hour * hours);
        let key = NewApiKey::new("n").owner("o").not_before(ahead(1)).expires_at(ahead(9));
        let id = vault.issue(&key, &act()).expect("issued").id;
        extend(&vault, id);
        assert!(has_later_field(&vault, id));
        let mut revisions = BTreeSet::from([vault.show(id).expect("there").revision.to_string()]);
        let mut changed = |what: &str| {
            assert!(has_later_field(&vault, id), "{what}");
            assert!(revisions.insert(vault.show(id).expect("there").revision.to_string()), "{what}");
        };
        assert!(vault.suspend(id, &act()).expect("suspended"));
        changed("suspend");
        assert!(vault.revoke_at(id, ahead(5), &act()).expect("set"));
        changed("revoke at");
        vault.update(id, &Update::new().name("m").attribute("k", "v"), &act()).expect("updated");
        changed("update");
        let new = vault.reissue(id, &Reissue::new().grace(hour), &act()).expect("reissued").id;
        changed("reissue");
        assert!(has_later_field(&vault, new), "the new one");
        let before = vault.show(id).expect("there");
        vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        changed("rotation");
        let after = vault.show(id).expect("there");
        assert!(after.says_the_same(&before), "a rotation keeps all fields: {after:?}");
        assert!(before.suspended_at.is_some() && before.not_before.is_some() && before.revoke_at.is_some());
        assert_eq!((before.replaced_by, before.name.as_str()), (Some(new), "m"));
        assert!(vault.resume(id, &act()).expect("resumed"));
        changed("resume");
        assert!(vault.revoke(id, &act()).expect("revoked"));
        changed("revoke");
        assert!(vault.doctor(|_| {}).expect("doctor").symptoms.is_empty());
    }
}
