//! The audit log as it is shown: entry by entry, as stored, and from a place that was seen before.

use std::collections::VecDeque;

use crate::audit_log::{AuditEntry, AuditFault, AuditFilter, ChainEnd, row_key};
use crate::error::{Detail, Error};
use crate::follower::Following;
use crate::keyring::Keyring;
use crate::ledger::{Head, verify_chain};
use crate::page::{Cursor, Page};
use crate::record::Commitment;
use crate::secret::hex;
use crate::store::{Rows, Table};
use crate::token::ApiKeyId;
use crate::vault::auditor::Auditor;
use crate::vault::handle::Verifier;
use crate::versions::Generation;

/// An entry of the audit log, byte for byte as it is stored: its hash is taken over these bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditLine {
    seq: u64,
    bytes: Vec<u8>,
}

impl AuditLine {
    /// The number under which it stands.
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// One JSON object, without a line end.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it says.
    pub fn entry(&self) -> Result<AuditEntry, AuditFault> {
        serde_json::from_slice(&self.bytes).map_err(|_| AuditFault::Malformed { seq: self.seq })
    }
}

/// A place in the audit log that was seen: the number of an entry, and the hash of it. Unlike a [`Cursor`] it proves that nothing
/// before it was changed, so [`Auditor::audit_since`] takes it and no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditPosition(ChainEnd);

impl AuditPosition {
    /// The number of the entry; 0 is the place before the first.
    pub fn seq(&self) -> u64 {
        self.0.seq
    }

    pub(super) fn end(self) -> ChainEnd {
        self.0
    }

    /// The hash of the entry, in hex: what the next one holds as `prev`.
    pub fn hash(&self) -> String {
        hex(&self.0.hash)
    }
}

/// # Following the log
impl Verifier {
    /// How far this process has followed the audit log. From the first verification on it is read beside verifications, once a second. When
    /// its end was reached, a record that is not what the log said of it last is refused ([`VerifyError::Unavailable`](crate::VerifyError)),
    /// and so is every token when the log went back or went another way than it had gone. That holds for API keys that were changed after they were issued:
    /// of the others nothing is kept, and a record of theirs that was forged is for [`Vault::doctor`](crate::Vault::doctor) to find.
    pub fn following(&self) -> Following {
        self.follower.following()
    }

    /// Reads the audit log to its end and returns when that is reached: from then on records are held to it. A million entries take
    /// some seconds. Its errors are those of the log ([`Auditor::verify_audit`]) and of the store.
    pub fn catch_up(&self) -> Result<(), Error> {
        self.follower.catch_up()
    }

    /// Refuses a record under a generation that is fenced off, unless it was there at the cutover, and one that is not what the log said last, as far as it was read. An act on it would go on from what somebody put back.
    pub(super) fn hold_to_log(
        &self,
        keyring: &Keyring,
        generation: Generation,
        id: ApiKeyId,
        was: &Commitment,
    ) -> Result<(), Error> {
        if self.follower.is_under_way() {
            self.follower.catch_up()?;
        }
        self.hold_to_what_was_read(keyring, generation, id, was)
    }

    /// The same, for who has the log followed once for many.
    pub(super) fn hold_to_what_was_read(
        &self,
        keyring: &Keyring,
        generation: Generation,
        id: ApiKeyId,
        was: &Commitment,
    ) -> Result<(), Error> {
        self.fence.admits(self.ledger.store(), keyring, generation, id, || *was)?;
        self.follower.judge(id, || *was).map_err(|fault| Detail::Record { id, fault }.into())
    }
}

/// # Audit log
impl Auditor {
    /// A page of up to `limit` audit entries, oldest first; an entry that is none is an error. The chain is not checked here: a cursor
    /// says where to go on and proves nothing, and [`Auditor::audit_since`] takes a place that proves what came before it.
    pub fn audit_entries(&self, after: Option<Cursor>, limit: usize) -> Result<Page<AuditEntry>, Error> {
        self.audit_lines(after, limit)?.try_map(|line| Ok(line.entry()?))
    }

    /// A page of up to `limit` of the entries that are like the filter says, oldest first: it is full as long as there are so many. To
    /// know whether another page follows, it is looked for the next entry that fits.
    pub fn find_audit_entries(
        &self,
        filter: &AuditFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<AuditEntry>, Error> {
        let after = after.map_or(Ok(0), Cursor::audit_entry)?;
        let entries = AllLines { rows: self.rows(), after, page: VecDeque::new() }.map(|line| Ok(line?.entry()?));
        let found = entries.filter(|entry| entry.as_ref().map_or(true, |entry| filter.admits(entry)));
        Page::take(limit, found, |entry| Cursor::after_audit_entry(entry.seq))
    }

    /// The same as [`Auditor::audit_entries`], as stored: an entry that is none hides no other.
    pub fn audit_lines(&self, after: Option<Cursor>, limit: usize) -> Result<Page<AuditLine>, Error> {
        let after = after.map_or(Ok(0), Cursor::audit_entry)?;
        let lines = lines(self.rows(), after, limit.saturating_add(1))?;
        Page::take(limit, lines.into_iter().map(Ok), |line| Cursor::after_audit_entry(line.seq))
    }

    /// Follows the whole chain to the authenticated head, and returns the number of entries. A chain whose tail was
    /// cut together with the head can only be told from an outside checkpoint: [`Auditor::check_audit`].
    pub fn verify_audit(&self) -> Result<u64, Error> {
        self.log_at_one_moment(|rows, log| {
            verify_chain(log.keyring.vault(), rows, &log.head, &[])?;
            Ok(log.head.chain.seq)
        })
    }

    /// Where the log ends, by the authenticated head.
    pub fn audit_end(&self) -> Result<AuditPosition, Error> {
        self.log_at_one_moment(|_, log| Ok(AuditPosition(log.head.chain)))
    }

    /// One entry as it is stored; nothing where there is none.
    pub fn audit_line(&self, seq: u64) -> Result<Option<AuditLine>, Error> {
        let line = self.rows().get(Table::Audit, &row_key(seq))?;
        Ok(line.map(|bytes| AuditLine { seq, bytes }))
    }

    /// The place of an entry as it is stored; 0 is the place before the first.
    pub fn audit_position(&self, seq: u64) -> Result<AuditPosition, Error> {
        if seq == 0 {
            return Ok(AuditPosition(ChainEnd::start(self.vault_id())));
        }
        let line = self.rows().get(Table::Audit, &row_key(seq))?.ok_or(AuditFault::Missing { seq })?;
        Ok(AuditPosition(ChainEnd::at(seq, &line)))
    }

    /// Up to `limit` entries after a place that was seen before, and the place where they end. The chain is followed from
    /// there, and at the end of the log it has to be that of the authenticated head: an entry that was changed, a log
    /// that was cut off, and one that took another way are errors. Entries before the fault are returned first. It is no page with a
    /// cursor, because a cursor does not say what stood before it.
    pub fn audit_since(&self, seen: AuditPosition, limit: usize) -> Result<(Vec<AuditLine>, AuditPosition), Error> {
        self.log_at_one_moment(|rows, log| lines_since(rows, &log.head, seen.0, limit))
    }
}

fn lines_since(
    rows: &dyn Rows,
    head: &Head,
    seen: ChainEnd,
    limit: usize,
) -> Result<(Vec<AuditLine>, AuditPosition), Error> {
    head.still_holds(rows, seen)?;
    let (mut lines, mut end) = (vec![], seen);
    let page = rows.scan(Table::Audit, Some(&row_key(end.seq)), limit)?;
    let reached_the_end = page.len() < limit;
    for (key, bytes) in page {
        match end.follow(&key, &bytes).and_then(|(_, next)| within(next, head.chain)) {
            Ok(next) => end = next,
            Err(fault) if lines.is_empty() => return Err(fault.into()),
            Err(_) => return Ok((lines, AuditPosition(end))),
        }
        lines.push(AuditLine { seq: end.seq, bytes });
    }
    if lines.is_empty() && reached_the_end && end != head.chain {
        return Err(AuditFault::End { found: end.seq, expected: head.chain.seq }.into());
    }
    Ok((lines, AuditPosition(end)))
}

/// No entry stands after the one that the head names, and that one is the one it names.
fn within(end: ChainEnd, head: ChainEnd) -> Result<ChainEnd, AuditFault> {
    let fits = end.seq < head.seq || end == head;
    if fits { Ok(end) } else { Err(AuditFault::End { found: end.seq, expected: head.seq }) }
}

/// Every line behind a place, some hundred at a time.
struct AllLines<'s> {
    rows: &'s dyn Rows,
    after: u64,
    page: VecDeque<AuditLine>,
}

impl Iterator for AllLines<'_> {
    type Item = Result<AuditLine, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.page.is_empty() {
            match lines(self.rows, self.after, PAGE) {
                Ok(page) => self.page = page.into(),
                Err(error) => return Some(Err(error)),
            }
        }
        let line = self.page.pop_front()?;
        self.after = line.seq;
        Some(Ok(line))
    }
}

/// Rows whose key is no number are no entries; the chain tells of them.
fn lines(rows: &dyn Rows, after: u64, limit: usize) -> Result<Vec<AuditLine>, Error> {
    let (mut lines, mut cursor) = (vec![], row_key(after).to_vec());
    while lines.len() < limit {
        let page = rows.scan(Table::Audit, Some(&cursor), limit - lines.len())?;
        let Some((last, _)) = page.last() else { break };
        cursor.clone_from(last);
        let line =
            |(key, bytes): (Vec<u8>, Vec<u8>)| Some(AuditLine { seq: u64::from_be_bytes(key.try_into().ok()?), bytes });
        lines.extend(page.into_iter().filter_map(line));
    }
    Ok(lines)
}

const PAGE: usize = 500;
