//! The store beside the anchor of this machine: what was seen last is in it, and what is seen now is kept.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::head::Head;
use super::log::follow_from;
use crate::anchor::{Anchor, AnchorActKind, AnchorFault, AnchorStatement, Seen};
use crate::audit_log::{Act, AuditFault, ChainEnd, row_key};
use crate::error::{Detail, Error};
use crate::keyring::{Keyring, KeyringFacts, RowLabel, authenticated};
use crate::secret::hex;
use crate::store::{Rows, StoreError, Table};
use crate::time::Timestamp;

/// The anchor of a ledger.
pub(crate) struct Anchored {
    anchor: Arc<dyn Anchor>,
    /// Whether what is seen is written to it.
    writes: bool,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The text that was read last, and what it says: its signature was checked.
    read: Option<(String, AnchorStatement)>,
    /// An entry that the anchor held, and one further on to which the log was followed from there.
    followed: Option<(ChainEnd, ChainEnd)>,
    /// The furthest that was committed and could not be written.
    owed: Option<(AnchorStatement, String)>,
}

/// Keyring and head of one moment.
#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) keyring: &'a Keyring,
    pub(crate) head: &'a Head,
    pub(crate) head_row: &'a [u8],
}

impl Anchored {
    /// One that the ledger reads, and writes where it signs, or where the anchor is its own.
    pub(crate) fn new(anchor: Arc<dyn Anchor>, signs: bool) -> Self {
        let writes = signs || anchor.is_of_a_verifier();
        Self { anchor, writes, known: Mutex::default() }
    }

    /// What the anchor holds. It is read before the store, or a commit between the two would look like one that was lost.
    pub(crate) fn read(&self) -> Result<AnchorStatement, Error> {
        let place = self.anchor.place();
        let text = self.anchor.read()?.ok_or_else(|| AnchorFault::Missing { place: place.clone() })?;
        let mut known = self.known();
        if let Some((last, statement)) = &known.read
            && *last == text
        {
            return Ok(statement.clone());
        }
        let statement = AnchorStatement::parse(&text, &place)?;
        if !is_signed(&statement) {
            let problem = "the head in it is not signed by the public key beside it".into();
            return Err(AnchorFault::Malformed { place, problem }.into());
        }
        known.read = Some((text, statement.clone()));
        Ok(statement)
    }

    /// There must be none yet.
    pub(crate) fn must_be_absent(&self) -> Result<(), Error> {
        match self.anchor.read()? {
            None => Ok(()),
            Some(text) => {
                let place = self.anchor.place();
                match AnchorStatement::parse(&text, &place) {
                    Ok(statement) => Err(AnchorFault::NoVault { anchored: statement.vault }.into()),
                    Err(_) => Err(AnchorFault::Exists { place }.into()),
                }
            }
        }
    }

    /// The store is where the anchor was, or further on the same way.
    pub(crate) fn hold(
        &self,
        seen: &AnchorStatement,
        keyring: &KeyringFacts,
        head: &Head,
        rows: &dyn Rows,
    ) -> Result<(), Error> {
        let (end, found, since) = (seen.end(), head.chain.seq, seen.seen_at);
        if seen.vault != keyring.vault {
            return Err(AnchorFault::OtherVault { anchored: seen.vault, found: keyring.vault }.into());
        }
        if seen.line != hex(&keyring.line) {
            return Err(AnchorFault::OtherLine { seen: end.seq, found, since }.into());
        }
        let forked = || Err(AnchorFault::Forked { seen: end.seq, since }.into());
        if found < end.seq {
            return Err(AnchorFault::RolledBack { found, seen: end.seq, since }.into());
        }
        let active = keyring.active_master();
        if keyring.revision < seen.keyring_revision || active < seen.master_key {
            return Err(AnchorFault::KeyringRolledBack {
                found: keyring.revision,
                found_master_key: active,
                seen: seen.keyring_revision,
                seen_master_key: seen.master_key,
                since,
            }
            .into());
        }
        let same_keyring = seen.keyring_hash == hex(&keyring.hash);
        let same_place = head.chain == end;
        if (keyring.revision == seen.keyring_revision) != same_keyring
            || (found == end.seq && !(same_place && same_keyring))
        {
            return forked();
        }
        // The authority that signed what was seen is one of this vault's, and had not ended then.
        let signed = keyring.masters.iter().find(|master| master.version == seen.master_key);
        let vouches = signed.is_some_and(|master| {
            master.public_key == seen.public_key && master.ended.is_none_or(|ended| end.seq <= ended)
        });
        if !vouches {
            return forked();
        }
        self.follow(end, head.chain, rows).or_else(|error| match error.detail() {
            // What was seen leads somewhere else, or nowhere.
            Detail::Audit(_) => forked(),
            _ => Err(error),
        })
    }

    /// Follows the chain from what was seen to the head: that its entry is there would say nothing of what comes after it.
    fn follow(&self, end: ChainEnd, to: ChainEnd, rows: &dyn Rows) -> Result<(), Error> {
        let reached = self.known().followed.filter(|(from, upto)| *from == end && upto.seq <= to.seq);
        let start = reached.map_or(end, |(_, upto)| upto);
        let found = follow_from(start, rows, to.seq, |_, _| Ok(()))?;
        if found != to {
            return Err(AuditFault::End { found: found.seq, expected: to.seq }.into());
        }
        self.known().followed = Some((end, to));
        Ok(())
    }

    /// Before a commit: what was committed before has been written, and what comes can be.
    pub(crate) fn prepare(&self, rows: &dyn Rows) -> Result<(), Error> {
        let owed = self.known().owed.as_ref().map(|(owed, _)| owed.clone());
        if let Some(owed) = owed {
            for seen in [&owed, &self.read()?] {
                if !is_in(rows, seen)? {
                    return Err(AnchorFault::Forked { seen: seen.audit_seq, since: seen.seen_at }.into());
                }
            }
            self.write(&owed, rows, None).map_err(|error| self.unwritten(&error))?;
        }
        self.anchor.prepare().map_err(|error| self.unwritten(&error))?;
        Ok(())
    }

    /// Keeps what was committed. A failure undoes nothing: it is told, and the next change waits until it is mended. Where the anchor
    /// went on without it and it is not in the store any more, it is in doubt.
    pub(crate) fn advance(&self, now: Moment<'_>, rows: &dyn Rows, at: Timestamp) -> Result<(), StoreError> {
        if !self.writes {
            return Ok(());
        }
        let next = statement(now, at);
        let held = self.known().followed.map(|(from, _)| from);
        if let Err(error) = self.write(&next, rows, held) {
            let place = self.anchor.place();
            tracing::warn!(
                place,
                error = error.to_string(),
                "the anchor could not be written; the next change waits for it"
            );
            let mut known = self.known();
            if known.owed.as_ref().is_none_or(|(owed, _)| owed.audit_seq <= next.audit_seq) {
                known.owed = Some((next.clone(), error.to_string()));
            }
            drop(known);
            if is_in(rows, &next).is_ok_and(|there| !there) {
                return Err(StoreError::in_doubt("an older store was put back since"));
            }
        }
        Ok(())
    }

    /// Never backward: what is there may be further by now. Nor over what another process saw on another way: whoever reads it finds out.
    /// What the store was `held` to needs no second look. That it was only read says nothing: the store may have been refused for it.
    fn write(&self, next: &AnchorStatement, rows: &dyn Rows, held: Option<ChainEnd>) -> std::io::Result<()> {
        let (place, mut written, mut refused) = (self.anchor.place(), None, None);
        self.anchor.update(&mut |there| {
            let missing = || AnchorFault::Missing { place: place.clone() };
            let there = there.ok_or_else(missing).and_then(|there| AnchorStatement::parse(there, &place));
            let there = there.map_err(|fault| refused = Some(fault.to_string())).ok()?;
            if there.vault == next.vault && there.line == next.line && there.audit_seq >= next.audit_seq {
                // It went on from what was committed, or from where something else was put in its place.
                if there.end() != next.end() && !is_in(rows, next).unwrap_or(true) {
                    refused = Some(format!("it holds entry {}, and the store another way to it", there.audit_seq));
                }
                return None;
            }
            let same = next.is_beyond(&there) && (held == Some(there.end()) || is_in(rows, &there).unwrap_or(false));
            if !same {
                refused = Some(format!("it holds entry {}, which is not in the store", there.audit_seq));
                return None;
            }
            let next = AnchorStatement { acts: there.acts, ..next.clone() };
            let text = next.to_text();
            written = Some((text.clone(), next));
            Some(text)
        })?;
        if let Some(refused) = refused {
            return Err(std::io::Error::other(refused));
        }
        let mut known = self.known();
        if known.owed.as_ref().is_some_and(|(owed, _)| owed.audit_seq <= next.audit_seq) {
            known.owed = None;
        }
        if let Some(written) = written {
            // What was committed here was followed to, or made.
            known.followed = Some((written.1.end(), written.1.end()));
            known.read = Some(written);
        }
        Ok(())
    }

    /// Makes the anchor, or has it hold another store than the one it refuses.
    pub(crate) fn put(
        &self,
        now: Moment<'_>,
        at: Timestamp,
        kind: AnchorActKind,
        act: &Act,
    ) -> Result<AnchorStatement, Error> {
        let (place, next) = (self.anchor.place(), statement(now, at));
        let (mut put, mut fault) = (None, None);
        let updated = self.anchor.update(&mut |there| {
            let before = match (there.map(|there| AnchorStatement::parse(there, &place)), kind) {
                (None, AnchorActKind::Init) => None,
                (None, AnchorActKind::Accept) => {
                    fault = Some(AnchorFault::Missing { place: place.clone() });
                    return None;
                }
                (Some(_), AnchorActKind::Init) => {
                    fault = Some(AnchorFault::Exists { place: place.clone() });
                    return None;
                }
                (Some(Err(newer @ AnchorFault::Newer { .. })), AnchorActKind::Accept) => {
                    fault = Some(newer);
                    return None;
                }
                // One that cannot be read any more holds nothing that could be said.
                (Some(before), AnchorActKind::Accept) => before.ok(),
            };
            let next = next.clone().after(before.as_ref(), kind, act);
            let text = next.to_text();
            put = Some(next);
            Some(text)
        });
        updated.map_err(|error| self.unwritten(&error))?;
        match (put, fault) {
            (Some(put), None) => Ok(put),
            (_, fault) => Err(fault.unwrap_or(AnchorFault::Missing { place }).into()),
        }
    }

    /// What could not be written since it was committed, and why.
    pub(crate) fn owed(&self) -> Option<String> {
        self.known().owed.as_ref().map(|(_, problem)| problem.clone())
    }

    pub(crate) fn place(&self) -> String {
        self.anchor.place()
    }

    fn unwritten(&self, error: &std::io::Error) -> AnchorFault {
        match self.anchor.read() {
            Err(unsafe_place @ AnchorFault::Unsafe { .. }) => unsafe_place,
            _ => AnchorFault::Unwritten { place: self.anchor.place(), problem: error.to_string() },
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether the entry that a statement names stands in the store.
fn is_in(rows: &dyn Rows, statement: &AnchorStatement) -> Result<bool, Error> {
    let line = rows.get(Table::Audit, &row_key(statement.audit_seq))?;
    Ok(line.is_some_and(|line| ChainEnd::at(statement.audit_seq, &line) == statement.end()))
}

fn statement(now: Moment<'_>, at: Timestamp) -> AnchorStatement {
    let Moment { keyring, head, head_row } = now;
    Seen {
        vault: keyring.vault(),
        line: keyring.line(),
        end: head.chain,
        keyring: (keyring.revision(), keyring.hash()),
        master_key: keyring.active_master(),
        public_key: keyring.public_key(),
        head_row,
        at,
    }
    .into()
}

/// The row of the head is signed, and says what stands beside it.
fn is_signed(statement: &AnchorStatement) -> bool {
    let Some(row) = statement.head_row() else { return false };
    let said = authenticated(statement.public_key, RowLabel::Head, &row).ok().and_then(|body| Head::names(&body));
    let keyring = said.map(|said| (said.revision, hex(&said.keyring), hex(&said.line)));
    let beside = (statement.keyring_revision, statement.keyring_hash.clone(), statement.line.clone());
    said.is_some_and(|said| said.chain == statement.end()) && keyring == Some(beside)
}
