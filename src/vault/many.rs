//! One change of many API keys in one commit: what is refused to one of them, or damaged, fails none of its neighbours.

use std::collections::HashSet;

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::ledger::Change;
use crate::record::{Commitment, Sealer};
use crate::token::ApiKeyId;
use crate::vault::handle::Vault;
use crate::vault::subject::Subject;

/// What the API keys of one commit share.
pub(super) struct Together<'v, 'k> {
    vault: &'v Vault,
    pub(super) sealer: Sealer<'k>,
    /// Whether the log could be followed to its end for this commit, once that was asked for.
    followed: Option<bool>,
}

/// What came of each API key, in their order.
pub(super) type Each<T> = Vec<Result<T, Error>>;

impl<'v, 'k> Together<'v, 'k> {
    fn new(vault: &'v Vault, change: &Change<'k>, keys: usize) -> Self {
        Self { vault, sealer: Sealer::new(change.keyring, keys), followed: None }
    }

    /// Refuses a record that a fence leaves out, and one that is not what the log said last, as far as it was read.
    pub(super) fn hold_to_log(&mut self, change: &Change<'_>, id: ApiKeyId, subject: &Subject) -> Result<(), Error> {
        if self.followed.is_none() && self.vault.follower.is_under_way() {
            self.catch_up()?;
        }
        self.vault.hold_to_what_was_read(change.keyring, subject.generation()?, id, &subject.was)
    }

    /// The same by the whole log, for an act after which something is valid that was not: it is read to its end first.
    pub(super) fn hold_to_all_of_the_log(
        &mut self,
        change: &Change<'_>,
        id: ApiKeyId,
        subject: &Subject,
    ) -> Result<(), Error> {
        if self.followed != Some(true) {
            self.catch_up()?;
        }
        self.vault.hold_to_what_was_read(change.keyring, subject.generation()?, id, &subject.was)
    }

    /// That there is nothing to do is said only of a record that the log bears out: one that was put back says what its writer likes, and
    /// may be gone a moment later. A revocation is then written all the same.
    pub(super) fn left_alone(
        &mut self,
        change: &mut Change<'k>,
        action: Action,
        id: ApiKeyId,
        subject: &mut Subject,
    ) -> Result<Option<Commitment>, Error> {
        let read = if self.followed.is_none() { self.catch_up() } else { Ok(()) };
        if action != Action::Revoke {
            read?;
            return self.hold_to_log(change, id, subject).map(|()| None);
        }
        let borne_out = self.followed == Some(true) && self.vault.follower.bears_out(id, &subject.was);
        if borne_out { Ok(None) } else { subject.write_anew(change, &mut self.sealer).map(Some) }
    }

    fn catch_up(&mut self) -> Result<(), Error> {
        let read = self.vault.follower.catch_up();
        self.followed = Some(read.is_ok());
        read
    }
}

impl Vault {
    /// Changes each of these API keys, none of which is named twice, in one commit. An error that is not about one of them fails all.
    /// Each refusal has its audit entry. `keep` is told what is about to be committed, and again when that has to be tried again.
    pub(super) fn change_each<T>(
        &self,
        ids: &[ApiKeyId],
        act: &Act,
        draft: &Draft,
        mut one: impl for<'k> FnMut(&mut Change<'k>, &mut Together<'_, 'k>, usize) -> Result<T, Error>,
        mut keep: impl FnMut(&Each<T>) -> Result<(), Error>,
    ) -> Result<Each<T>, Error> {
        let done = act.check().map_err(Error::from).and_then(|()| {
            self.ledger.change_with_others(act, |change| {
                let mut together = Together::new(self, change, ids.len());
                let mut each = Vec::with_capacity(ids.len());
                for at in 0..ids.len() {
                    match one(change, &mut together, at) {
                        Err(error) if !error.is_about_one_key() => return Err(error),
                        done => each.push(done),
                    }
                }
                keep(&each)?;
                let alone = change.is_idle();
                if alone && each.iter().any(Result::is_err) {
                    // What was read may be newer than the keyring and the head it was read with.
                    change.doubt();
                } else if !alone {
                    refusals(ids, &each, draft).for_each(|refused| change.audit(refused));
                }
                Ok((each, alone))
            })
        });
        match done {
            Ok((each, true)) => {
                self.ledger.keep_refusals(act, &refusals(ids, &each, draft).collect::<Vec<_>>());
                Ok(each)
            }
            Ok((each, false)) => Ok(each),
            Err(error) => {
                let subject = Draft { key: ids.first().copied().filter(|_| ids.len() == 1), ..draft.clone() };
                self.ledger.keep_refusal(act, subject, Err(error))
            }
        }
    }
}

/// The entries of the refusals among them.
fn refusals<T>(ids: &[ApiKeyId], each: &Each<T>, draft: &Draft) -> impl Iterator<Item = Draft> {
    let errors = ids.iter().zip(each).filter_map(|(id, done)| Some((*id, done.as_ref().err()?)));
    let refused = errors.filter(|(_, error)| error.is_refusal());
    refused.map(|(id, error)| Draft { key: Some(id), ..draft.clone() }.refused(error.code()))
}

/// Calls `some` with one run of ids after the other, in each of which none stands twice: a commit writes no record twice.
pub(super) fn each_run<T>(
    ids: &[ApiKeyId],
    mut some: impl FnMut(&[ApiKeyId]) -> Result<Each<T>, Error>,
) -> Result<Each<T>, Error> {
    let (mut all, mut rest) = (Vec::with_capacity(ids.len()), ids);
    while !rest.is_empty() {
        let mut seen = HashSet::with_capacity(rest.len());
        let (run, more) = rest.split_at(rest.iter().take_while(|id| seen.insert(**id)).count());
        all.extend(some(run)?);
        rest = more;
    }
    Ok(all)
}

/// What came of the only one.
pub(super) fn only<T>(each: Result<Each<T>, Error>) -> Result<T, Error> {
    each?.pop().expect("there is one result for each id")
}
