//! Changes of a vault, made one after the other: read, prepared, committed, and made again where somebody else was quicker.

use std::sync::{Arc, PoisonError};

use super::anchored::{Anchored, Moment};
use super::change::Change;
use super::group::{Lead, Members, Open, Outcome, Turn};
use super::log::{HEAD, KEYRING, ROTATION, SUBTREE, must_go_on};
use super::stuck::Stuck;
use super::{Judged, Ledger, MAX_ATTEMPTS};
use crate::audit_log::{Act, Draft};
use crate::error::{Detail, Error};
use crate::store::{CommitError, Expected, Rows, StoreError, Table};

impl Ledger {
    /// Makes a change: `prepare` reads what it needs and fills the batch; it runs again whenever somebody else was
    /// quicker, and sees the new state then. The reason has to be one that the policy takes.
    pub(crate) fn change<T>(
        &self,
        act: &Act,
        prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.change_for_any_reason(act, for_its_reason(act, prepare))
    }

    /// The same for what only completes an act, whose reason has been taken.
    pub(crate) fn change_for_any_reason<T>(
        &self,
        act: &Act,
        mut prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        act.check()?;
        self.lead(None, act, &mut prepare)
    }

    /// Makes a change together with those of other threads that wait for the same commit. Whatever `prepare` decides by is in its batch:
    /// rows that it changes, or checks.
    pub(crate) fn change_with_others<T>(
        &self,
        act: &Act,
        prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.change_with_others_for_any_reason(act, for_its_reason(act, prepare))
    }

    fn change_with_others_for_any_reason<T>(
        &self,
        act: &Act,
        mut prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        act.check()?;
        let mut joins = true;
        loop {
            let mut place = match self.line.wait(joins) {
                Turn::Lead(lead) => return self.lead(Some(lead).filter(|_| joins), act, &mut prepare),
                Turn::Join(place) => place,
            };
            let keyring = Arc::clone(&place.open().keyring);
            let mut change = place.open().begin(&keyring);
            // A refusal counts only where nobody was quicker, which is seen by who leads.
            let prepared =
                prepare(&mut change).ok().filter(|_| change.next_keyring.is_none() && !change.lacks_features());
            let (Some(prepared), false) = (prepared, change.is_idle() && change.doubtful) else {
                joins = false;
                continue;
            };
            if change.is_idle() {
                return Ok(prepared);
            }
            let kept = change.log(act)?;
            if !place.open().take_in(change) {
                continue;
            }
            match place.take() {
                Outcome::Done => {
                    kept.announce(act);
                    return Ok(prepared);
                }
                Outcome::Again => {}
                Outcome::Alone => joins = false,
                Outcome::InDoubt(why) => return Err(StoreError::in_doubt(why).into()),
            }
        }
    }

    /// Makes a change, and with it those that wait, where somebody leads them.
    fn lead<T>(
        &self,
        mut leading: Option<Lead<'_>>,
        act: &Act,
        prepare: &mut impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        // Threads of one process take turns, rather than finding out at the commit that another was quicker.
        let mut turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut planted, mut stuck) = (vec![], Stuck::default());
        if let Some(anchored) = &self.anchored {
            anchored.prepare(self.store())?;
        }
        for _ in 0..MAX_ATTEMPTS {
            let seen = self.anchored.as_ref().map(Anchored::read).transpose()?;
            let (keyring, head, head_row) = self.keyring_and_head(&turn)?;
            if let (Some(anchored), Some(seen)) = (&self.anchored, &seen) {
                anchored.hold(seen, &keyring.facts(), &head, self.store())?;
            }
            must_go_on(head.chain, *self.followed())?;
            turn.seen = Some(head.chain);
            let mut change = Change::new(&keyring, head, self.now());
            change.batch.check(Table::Vault, KEYRING, Expected::Exactly(keyring.bytes().into()));
            let prepared = match prepare(&mut change) {
                Ok(prepared) => prepared,
                // What was read may be newer than the keyring and the head it was read with.
                Err(error) => match self.store.get(Table::Vault, HEAD)? {
                    Some(row) if row == head_row => return Err(error),
                    _ => {
                        self.reload()?;
                        continue;
                    }
                },
            };
            if change.is_idle() {
                if change.doubtful && self.store.get(Table::Vault, HEAD)?.as_deref() != Some(&*head_row) {
                    self.reload()?;
                    continue;
                }
                return Ok(prepared);
            }
            self.add_features(&mut change)?;
            let next = change.next_keyring.take();
            let kept = change.log(act)?;
            let open = Open::of(Arc::clone(&keyring), change);
            // A change of the keyring is alone.
            let (open, mut members) = match leading.as_ref().filter(|_| next.is_none()) {
                Some(lead) => lead.gather(open),
                None => (open, Members::none()),
            };
            let (head, mut batch) = open.close();
            let row = head.seal(next.as_ref().unwrap_or(&keyring))?;
            batch.put(Table::Vault, HEAD, row.as_slice(), Expected::Exactly(head_row.clone()));
            batch.retain(|change| !planted.contains(&change.key));
            let committing = members.committing();
            let committed = self.store.commit(&batch);
            drop(committing);
            match committed {
                Ok(()) => {
                    kept.announce(act);
                    let keyring = next.as_ref().unwrap_or(&keyring);
                    if let Some(anchored) = &self.anchored {
                        let now = Moment { keyring, head: &head, head_row: &row };
                        if let Err(lost) = anchored.advance(now, self.store(), self.now()) {
                            members.settle(&Outcome::InDoubt(lost.to_string()));
                            return Err(lost.into());
                        }
                    }
                    let keyring = keyring.hash();
                    turn.seen = Some(head.chain);
                    turn.judged = Some(Judged { keyring, row, head });
                    if let Some(next) = next {
                        self.advance(Arc::new(next));
                    }
                    members.settle(&Outcome::Done);
                    return Ok(prepared);
                }
                Err(CommitError::Store(error)) => {
                    // What certainly did not happen each of them tries by itself, and hears for itself why not.
                    members.settle(&match &error {
                        StoreError::InDoubt { source } => Outcome::InDoubt(source.to_string()),
                        _ => Outcome::Alone,
                    });
                    return Err(error.into());
                }
                Err(CommitError::Conflict(rows)) => {
                    tracing::debug!(rows = rows.len(), "others were quicker; reading again");
                    let quicker =
                        rows.iter().any(|(table, key)| *table == Table::Vault && [HEAD, KEYRING].contains(&&**key));
                    members.settle(if quicker { &Outcome::Again } else { &Outcome::Alone });
                    if !quicker {
                        leading = None;
                    }
                    self.reload()?;
                    self.check_behind_head(&rows)?;
                    stuck.again(head_row, &rows)?;
                    // A row of a subtree proves nothing, and must not keep anybody from writing: one that is there stays.
                    planted.extend(rows.into_iter().filter(|(_, key)| key.starts_with(SUBTREE)).map(|(_, key)| key));
                }
            }
        }
        Err(Detail::Contended.into())
    }

    /// Names in the keyring what its readers have to know from this change on. As the policy, that waits for the end of a rotation.
    fn add_features(&self, change: &mut Change<'_>) -> Result<(), Error> {
        let Some(next) = change.keyring.needing(&change.needs, &self.keks)? else { return Ok(()) };
        if self.store.get(Table::Vault, ROTATION)?.is_some() {
            return Err(Detail::RotationOpen { to: change.keyring.active_master() }.into());
        }
        change.batch.check(Table::Vault, ROTATION, Expected::Absent);
        change.replace_keyring(next);
        Ok(())
    }

    /// Whether a commit met an audit entry where the head says there is none: then no other attempt succeeds either.
    fn check_behind_head(&self, conflicts: &[(Table, Vec<u8>)]) -> Result<(), Error> {
        if conflicts.iter().all(|(table, _)| *table != Table::Audit) {
            return Ok(());
        }
        let rows = self.store.snapshot()?;
        let (_, head) = self.read_together(&*rows)?;
        head.is_the_end_of_the_log(&*rows)
    }

    /// Writes an audit entry of an act that is refused for what it asks. The refusal is returned whether or not the entry
    /// could be written.
    pub(crate) fn keep_refusal<T>(&self, act: &Act, subject: Draft, judged: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &judged
            && error.is_refusal()
        {
            self.keep_refusals(act, &[subject.refused(error.code())]);
        }
        judged
    }

    /// Writes the audit entries of refusals, as far as that is possible.
    pub(crate) fn keep_refusals(&self, act: &Act, refused: &[Draft]) {
        if refused.is_empty() || act.check().is_err() {
            return;
        }
        let written = self.change_with_others_for_any_reason(act, |change| {
            for draft in refused {
                change.audit(draft.clone());
            }
            Ok(())
        });
        if let Err(unwritten) = written {
            tracing::warn!(error = format!("{unwritten:#}"), "the audit entry of a refused act could not be written");
        }
    }
}

/// The same for a reason that the policy takes.
fn for_its_reason<T>(
    act: &Act,
    mut prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
) -> impl FnMut(&mut Change<'_>) -> Result<T, Error> {
    move |change| {
        change.keyring.policy().check_reason(act.reason())?;
        prepare(change)
    }
}
