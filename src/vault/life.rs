//! The life of an API key: updated, suspended and resumed, revoked now or at a time.

use crate::api_key::{ApiKey, Update};
use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::ledger::Change;
use crate::record::Commitment;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault::handle::Vault;
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
    ///
    /// Beside the errors of [`Vault::revoke`] there are `time-past`, `revoked`, and `revoked-earlier` when it was set to an earlier one.
    pub fn revoke_at(&self, id: ApiKeyId, at: impl Into<Timestamp>, act: &Act) -> Result<bool, Error> {
        let at = at.into();
        // Nothing before 1970 lies ahead.
        let draft =
            Draft::on(Action::ScheduleRevocation, id).count("at_ms", u64::try_from(at.unix_millis()).unwrap_or(0));
        let amended =
            self.amend(draft, act, |subject, change| subject.edit(|attributes| attributes.revoke_from(at, change.now)));
        amended.map(|(changed, _)| changed)
    }

    /// Takes an API key out of use until it is resumed. `false` says that it was suspended before. Beside the errors of [`Vault::revoke`]
    /// there is `revoked`.
    pub fn suspend(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        let draft = Draft::on(Action::Suspend, id);
        let amended =
            self.amend(draft, act, |subject, change| subject.edit(|attributes| attributes.suspend(change.now)));
        amended.map(|(changed, _)| changed)
    }

    /// Takes a suspension back. `false` says that there was none. Beside the errors of [`Vault::revoke`] there is `revoked`.
    pub fn resume(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        let draft = Draft::on(Action::Resume, id);
        let amended =
            self.amend(draft, act, |subject, change| subject.edit(|attributes| attributes.resume(change.now)));
        amended.map(|(changed, _)| changed)
    }

    /// Changes what an API key says, and returns it as it is then. An update that changes nothing leaves no audit entry.
    ///
    /// Beside the errors of [`Vault::revoke`] there are `revoked`, `changed` when [`Update::expect`] is not met, `time-past`, `limit`, and
    /// `policy-owner`, `policy-expiry`, `policy-age` and `policy-newer`. The policy judges only what the update loosens: an owner that
    /// goes, and an expiry that is put off or goes.
    pub fn update(&self, id: ApiKeyId, update: &Update, act: &Act) -> Result<ApiKey, Error> {
        let amended = self.amend(Draft::on(Action::Update, id), act, |subject, change| {
            subject.must_be(update.expected)?;
            subject.edit(|attributes| attributes.update(update, change.now))?;
            admit_update(change, &subject.before.terms(), &subject.attributes.terms())
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
            match draft.action {
                // The way out: whatever the record says besides, it lets nobody in then.
                Action::Revoke => {}
                Action::Resume => {
                    self.hold_to_all_of_the_log(change.keyring, subject.generation()?, id, &subject.was)?;
                }
                _ => self.hold_to_log(change.keyring, subject.generation()?, id, &subject.was)?,
            }
            edit(&mut subject, change)?;
            let was = subject.was;
            let changed = subject.write(change)?;
            let left = if changed.is_some() { changed } else { self.left_alone(change, &draft, &mut subject)? };
            if let Some(left) = left {
                change.audit(draft.clone().finding(was).leaving(left));
            }
            Ok((changed.is_some(), subject))
        });
        self.ledger.keep_refusal(act, draft, amended)
    }

    /// That there is nothing to do is said only of a record that the log bears out: one that was put back says what its writer likes, and
    /// may be gone a moment later. A revocation is then written all the same.
    fn left_alone(
        &self,
        change: &mut Change<'_>,
        draft: &Draft,
        subject: &mut Subject,
    ) -> Result<Option<Commitment>, Error> {
        let id = draft.key.expect("the entry of a change names the API key");
        let followed = self.follower.catch_up();
        if draft.action != Action::Revoke {
            followed?;
            self.hold_to_log(change.keyring, subject.generation()?, id, &subject.was)?;
            return Ok(None);
        }
        let borne_out = followed.is_ok() && self.follower.bears_out(id, &subject.was);
        if borne_out { Ok(None) } else { subject.write_anew(change).map(Some) }
    }
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
