//! Reissuing: a new API key for the same client, and an end for the old one.

use std::io;

use crate::api_key::{Reissue, check_prefix};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::ledger::Change;
use crate::record::{Commitment, Plain, Sealer};
use crate::secret::{SecretText, random_array};
use crate::store::Rows;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Token, secret_digest};
use crate::vault::handle::Vault;
use crate::vault::issue::{Issued, Replaced};
use crate::vault::many::{Together, each_run, only};
use crate::vault::policy::admit;
use crate::vault::subject::Subject;

/// # Reissuing
impl Vault {
    /// Issues a new API key in place of another, which stays valid until the grace is over. One commit does both: the new
    /// one has the name, owner, scopes, networks and labels of the old one, and is suspended if that is; the audit log has
    /// an entry `reissue` for the old one, and after it `issue` for the new one.
    ///
    /// An API key is reissued once: after that, the one that was issued in its place is. A revoked one cannot be, and one
    /// that has expired only with a new expiry.
    ///
    /// Beside the errors of [`Vault::revoke`] there are `revoked`, `replaced`, `expired`, `changed` when [`Reissue::expect`] is not met,
    /// `time-past`, `limit`, and, as the policy judges the new one like one that is issued, those of [`Vault::issue`].
    pub fn reissue(&self, id: ApiKeyId, reissue: &Reissue, act: &Act) -> Result<Issued, Error> {
        self.reissue_keeping(id, reissue, act, |_| Ok(()))
    }

    /// The same, for who has to have the token in a safe place before the API key exists, so that no failure between the
    /// two loses it. `keep` is called before the commit, and again, with the same token, whenever that has to be tried
    /// again; when it fails, nothing is reissued and the error is `token-not-kept`. The token is valid only once this has returned.
    pub fn reissue_keeping(
        &self,
        id: ApiKeyId,
        reissue: &Reissue,
        act: &Act,
        mut keep: impl FnMut(&Issued) -> io::Result<()>,
    ) -> Result<Issued, Error> {
        only(self.reissue_many_keeping(&[id], reissue, act, |issued| issued.iter().try_for_each(|issued| keep(issued))))
    }

    /// The same of many in one commit, as [`Vault::revoke_many`]. `keep` is called with all that are about to be issued, and again, with
    /// the same tokens and possibly fewer of them, whenever the commit has to be tried again.
    pub fn reissue_many_keeping(
        &self,
        ids: &[ApiKeyId],
        reissue: &Reissue,
        act: &Act,
        mut keep: impl FnMut(&[&Issued]) -> io::Result<()>,
    ) -> Result<Vec<Result<Issued, Error>>, Error> {
        act.check()?;
        let draft = Draft::of(Action::Reissue).count("grace_ms", millis(reissue));
        each_run(ids, |ids| {
            let news = New::prepare_all(ids.len(), reissue, self.ledger.now());
            let news = match news {
                Ok(news) => news,
                Err(error) => {
                    let subject = Draft { key: ids.first().copied().filter(|_| ids.len() == 1), ..draft.clone() };
                    return self.ledger.keep_refusal(act, subject, Err(error));
                }
            };
            let rows = self.ledger.store();
            self.change_each(
                ids,
                act,
                &draft,
                |change, together, at| reissue_one(rows, change, together, ids[at], &news[at], reissue),
                |each| {
                    let issued: Vec<_> = each.iter().flatten().collect();
                    if issued.is_empty() {
                        return Ok(());
                    }
                    keep(&issued).map_err(|source| Detail::NotKept { source }.into())
                },
            )
        })
    }
}

fn reissue_one<'k>(
    rows: &dyn Rows,
    change: &mut Change<'k>,
    together: &mut Together<'_, 'k>,
    id: ApiKeyId,
    new: &New,
    reissue: &Reissue,
) -> Result<Issued, Error> {
    let mut old = Subject::read(change, rows, id)?;
    together.hold_to_all_of_the_log(change, id, &old)?;
    let (issued, left) = new.issue(change, &mut together.sealer, &mut old, id, reissue)?;
    let draft = Draft::on(Action::Reissue, id).count("grace_ms", millis(reissue));
    change.audit(draft.finding(old.was).leaving(left.old));
    change.audit(Draft::on(Action::Issue, new.id).leaving(left.new));
    Ok(issued)
}

/// The commitments to both records of a reissue.
pub(super) struct Left {
    pub(super) old: Commitment,
    pub(super) new: Commitment,
}

/// What the new API key has of its own.
pub(super) struct New {
    pub(super) id: ApiKeyId,
    secret: SecretText,
}

impl New {
    pub(super) fn prepare(reissue: &Reissue, now: Timestamp) -> Result<Self, Error> {
        reissue.prefix.as_deref().map_or(Ok(()), check_prefix)?;
        Ok(Self { id: ApiKeyId::random(now)?, secret: Token::random_secret()? })
    }

    /// As many, in the order of their ids: the engine appends fastest so.
    fn prepare_all(count: usize, reissue: &Reissue, now: Timestamp) -> Result<Vec<Self>, Error> {
        let mut news = (0..count).map(|_| Self::prepare(reissue, now)).collect::<Result<Vec<_>, _>>()?;
        news.sort_unstable_by_key(|new| new.id);
        Ok(news)
    }

    /// Writes both records, or neither.
    pub(super) fn issue<'k>(
        &self,
        change: &mut Change<'k>,
        sealer: &mut Sealer<'k>,
        old: &mut Subject,
        old_id: ApiKeyId,
        reissue: &Reissue,
    ) -> Result<(Issued, Left), Error> {
        old.must_be(reissue.expected)?;
        let (now, secret) = (change.now, self.secret.expose());
        let mut attributes = old.attributes.clone().salted(random_array()?);
        let succeeded = attributes.succeed(old_id, reissue, secret_digest(secret), now);
        succeeded.map_err(|source| old.refused(source))?;
        admit(change, &attributes.terms())?;
        change.need(attributes.terms().features());
        let (token, bytes) = (Token::compose(attributes.prefix(), self.id, secret), old.carrying(&attributes)?);
        let recover = old.recoverable()?.then_some(secret);
        let until = old.attributes.give_way(self.id, reissue, now);
        // The old one first: its record may not open.
        let left_old = old.write(change, sealer)?.expect("one that gives way is not what it was");
        let plain = Plain { imported: false, attributes: &bytes, secret: recover };
        change.insert_record(self.id, sealer.seal(self.id, &plain)?)?;
        let left = plain.commitment(change.keyring.vault(), self.id);
        let issued = Issued { id: self.id, token, replaces: Some(Replaced { id: old_id, until }) };
        Ok((issued, Left { old: left_old, new: left }))
    }
}

pub(super) fn millis(reissue: &Reissue) -> u64 {
    u64::try_from(reissue.grace.as_millis()).unwrap_or(u64::MAX)
}
