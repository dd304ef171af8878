//! What the audit log says of each record, last: a record that says anything else was not written by a vault.

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::audit_log::{Action, AuditEntry, AuditFault, ChainEnd, Outcome};
use crate::error::Error;
use crate::ledger::{Head, follow_from, grow};
use crate::record::{Commitment, RecordError};
use crate::store::{Rows, Table};
use crate::token::ApiKeyId;
use crate::tree::CompactRange;
use crate::vault_id::VaultId;

/// The last commitment to every record, or to every one that was changed, up to a place in the log. Forty-eight bytes for each.
pub(crate) struct Commitments {
    vault: VaultId,
    place: Place,
    /// Whether records that were made and never changed are left out.
    changed_only: bool,
    /// In the order of their ids.
    known: Vec<Known>,
    /// Those whose ids came out of their order, such as imported ones.
    late: BTreeMap<ApiKeyId, Known>,
}

/// How far a log was followed.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) end: ChainEnd,
    tree: CompactRange,
}

/// What an entry says of a record.
#[derive(Clone, Copy)]
pub(crate) struct Said {
    pub(crate) id: ApiKeyId,
    seq: u64,
    action: Action,
    was: Option<Half>,
    record: Option<Half>,
}

/// The first half of a commitment: nobody finds another record with the same, and a vault of a million records has to fit.
pub(crate) type Half = [u8; 16];

#[derive(Clone, Copy)]
struct Known {
    id: ApiKeyId,
    half: Half,
    /// The entry that says so; with `Continued` the first that went on from something else.
    seq: u64,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Present,
    Gone,
    /// An act went on from a record that was not what the log said.
    Continued,
}

impl Commitments {
    /// Nothing yet, with room for so many.
    pub(crate) fn new(vault: VaultId, expected: u64) -> Self {
        let room = usize::try_from(expected).unwrap_or(0).min(MOST_ROOM);
        Self {
            vault,
            place: Place::start(vault),
            changed_only: false,
            known: Vec::with_capacity(room),
            late: BTreeMap::new(),
        }
    }

    /// Nothing yet, of records that are changed after they were made.
    pub(crate) fn of_changes(vault: VaultId) -> Self {
        Self { changed_only: true, ..Self::new(vault, 0) }
    }

    /// How far the log was followed.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// Reads on, to the end that the head of the same rows names. `watch` is told how many entries were read, some thousand at a time.
    pub(crate) fn follow(
        &mut self,
        rows: &dyn Rows,
        head: &Head,
        watch: impl FnMut(u64) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let walked = self.place.clone().walk(rows, head, |entry| self.see(entry), watch);
        match walked {
            Ok(place) => {
                self.place = place;
                Ok(())
            }
            Err(error) => {
                // What was seen of it must not be seen twice: the next time begins anew.
                *self = Self { changed_only: self.changed_only, ..Self::new(self.vault, 0) };
                Err(error)
            }
        }
    }

    /// Takes in some of what was read ahead.
    pub(crate) fn take_in(&mut self, said: &[Said]) {
        for said in said {
            self.take(said);
        }
    }

    /// All was taken in up to this place.
    pub(crate) fn arrive(&mut self, place: Place) {
        self.place = place;
    }

    /// Takes in the next entry of a chain that somebody else follows.
    pub(crate) fn see(&mut self, entry: &AuditEntry) {
        if let Some(said) = Said::by(entry) {
            self.take(&said);
        }
    }

    fn take(&mut self, said: &Said) {
        let known = self.find(said.id).copied();
        let present = known.filter(|known| known.state != State::Gone);
        // Of a record that was never changed it is not known what it says.
        let first = self.changed_only && known.is_none();
        if first && said.makes_one() {
            return;
        }
        let next = match (said.action, known) {
            (Action::Abandon, _) => {
                (said.record, said.seq, if said.record.is_some() { State::Present } else { State::Gone })
            }
            // A revoked API key lets nobody in, whatever else its record says.
            (Action::Revoke, _) => (said.record, said.seq, State::Present),
            // Once is enough: what comes after it goes on from the same.
            (_, Some(Known { seq, state: State::Continued, .. })) => (said.record, seq, State::Continued),
            _ if !first && present.map(|known| known.half) != said.was => (said.record, said.seq, State::Continued),
            _ if said.record.is_none() => return,
            _ => (said.record, said.seq, State::Present),
        };
        let (half, seq, state) = next;
        self.put(Known { id: said.id, half: half.or(known.map(|known| known.half)).unwrap_or_default(), seq, state });
    }

    /// Whether something is known of the record at `id`, be it that it is gone.
    pub(crate) fn has(&self, id: ApiKeyId) -> bool {
        self.find(id).is_some()
    }

    /// Of how many records something is known.
    pub(crate) fn len(&self) -> usize {
        self.known.len() + self.late.len()
    }

    /// Whether a record with this commitment is what the log says stands at `id`. Nothing is said of one that was never changed where
    /// those are left out.
    pub(crate) fn judge(&self, id: ApiKeyId, commitment: &Commitment) -> Result<(), RecordError> {
        match self.find(id) {
            Some(Known { state: State::Gone, .. }) => Err(RecordError::Unlogged),
            Some(Known { state: State::Continued, seq, .. }) => Err(RecordError::Continued { seq: *seq }),
            Some(known) if known.half == half(commitment) => Ok(()),
            Some(known) => Err(RecordError::Differs { seq: known.seq }),
            None if self.changed_only => Ok(()),
            None => Err(RecordError::Unlogged),
        }
    }

    /// Whether there is a record at `id` by the log.
    pub(crate) fn knows(&self, id: ApiKeyId) -> bool {
        self.find(id).is_some_and(|known| known.state != State::Gone)
    }

    /// What the log says of every record that it bears out, in the order of their ids.
    pub(crate) fn standing(&self) -> impl Iterator<Item = (ApiKeyId, Half)> {
        self.standing_between(None, None)
    }

    /// The same, of those from one id on and before another.
    pub(crate) fn standing_between(
        &self,
        from: Option<ApiKeyId>,
        until: Option<ApiKeyId>,
    ) -> impl Iterator<Item = (ApiKeyId, Half)> {
        let standing = self.between(from, until).filter(|known| known.state == State::Present);
        standing.map(|known| (known.id, known.half))
    }

    /// What it says of one, where it bears it out.
    pub(crate) fn standing_at(&self, id: ApiKeyId) -> Option<Half> {
        self.find(id).filter(|known| known.state == State::Present).map(|known| known.half)
    }

    /// Every id that has a record by the log, in their order, with the last entry about it.
    pub(crate) fn present(&self) -> impl Iterator<Item = (ApiKeyId, u64)> {
        self.each().filter(|known| known.state != State::Gone).map(|known| (known.id, known.seq))
    }

    fn each(&self) -> impl Iterator<Item = &Known> {
        self.between(None, None)
    }

    fn between(&self, from: Option<ApiKeyId>, until: Option<ApiKeyId>) -> impl Iterator<Item = &Known> {
        let place = |id: ApiKeyId| self.known.partition_point(|known| known.id < id);
        let known = &self.known[from.map_or(0, place)..until.map_or(self.known.len(), place)];
        let late = (from.map_or(Bound::Unbounded, Bound::Included), until.map_or(Bound::Unbounded, Bound::Excluded));
        let (mut known, mut late) = (known.iter().peekable(), self.late.range(late).map(|(_, known)| known).peekable());
        let next = move || match (known.peek(), late.peek()) {
            (Some(one), Some(other)) if other.id < one.id => late.next(),
            (Some(_), _) => known.next(),
            (None, _) => late.next(),
        };
        std::iter::from_fn(next)
    }

    /// Names each record that the log knows of and that is not among these rows, with the last entry about it.
    pub(crate) fn each_missing(&self, rows: &dyn Rows, mut each: impl FnMut(ApiKeyId, u64)) -> Result<(), Error> {
        let (mut after, mut expected) = (None::<Vec<u8>>, self.present().peekable());
        loop {
            let page = rows.scan(Table::Keys, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            for id in page.iter().filter_map(|(key, _)| ApiKeyId::from_row(key)) {
                while let Some((lost, seq)) = expected.next_if(|(known, _)| *known < id) {
                    each(lost, seq);
                }
                expected.next_if(|(known, _)| *known == id);
            }
        }
        expected.for_each(|(id, seq)| each(id, seq));
        Ok(())
    }

    fn find(&self, id: ApiKeyId) -> Option<&Known> {
        let known = self.known.binary_search_by_key(&id, |known| known.id).ok().map(|at| &self.known[at]);
        known.or_else(|| self.late.get(&id))
    }

    fn put(&mut self, known: Known) {
        match self.known.binary_search_by_key(&known.id, |known| known.id) {
            Ok(at) => self.known[at] = known,
            Err(at) if at == self.known.len() => self.known.push(known),
            Err(_) => {
                self.late.insert(known.id, known);
                if self.late.len() > MOST_LATE {
                    self.known.extend(std::mem::take(&mut self.late).into_values());
                    // Two runs that are in order are merged by the stable sort.
                    self.known.sort_by_key(|known| known.id);
                }
            }
        }
    }
}

impl Place {
    fn start(vault: VaultId) -> Self {
        Self { end: ChainEnd::start(vault), tree: CompactRange::default() }
    }

    /// Walks on to the end that the head of the same rows names: the chain, and the tree over its lines. `watch` is told how many
    /// entries were read, some thousand at a time, and may stop it.
    pub(crate) fn walk(
        mut self,
        rows: &dyn Rows,
        head: &Head,
        mut each: impl FnMut(&AuditEntry),
        mut watch: impl FnMut(u64) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let (expected, tree) = (head.chain, &mut self.tree);
        self.end = follow_from(self.end, rows, expected.seq, |entry, line| {
            grow(tree, line);
            each(entry);
            if entry.seq.is_multiple_of(WATCHED) { watch(entry.seq) } else { Ok(()) }
        })?;
        if self.end != expected {
            return Err(AuditFault::End { found: self.end.seq, expected: expected.seq }.into());
        }
        if self.tree != head.tree {
            return Err(AuditFault::Tree.into());
        }
        Ok(self)
    }
}

impl Said {
    /// What an entry says of the record that it is about; nothing where it was refused, and where it only looked at the vault.
    pub(crate) fn by(entry: &AuditEntry) -> Option<Self> {
        let id = if entry.action == Action::Init { Some(ApiKeyId::SENTINEL) } else { entry.key };
        let (was, record) = (entry.found().as_ref().map(half), entry.commitment().as_ref().map(half));
        let speaks = was.is_some() || record.is_some() || entry.action == Action::Abandon;
        let id = id.filter(|_| entry.outcome == Outcome::Done && speaks)?;
        Some(Self { id, seq: entry.seq, action: entry.action, was, record })
    }

    /// Whether the record was made by the act.
    pub(crate) fn makes_one(&self) -> bool {
        self.was.is_none() && self.action != Action::Abandon
    }
}

pub(crate) fn half(commitment: &Commitment) -> Half {
    *commitment.first_chunk().expect("32 bytes begin with 16")
}

/// Rows read together.
const PAGE: usize = 1_000;
/// Entries between two calls of a watcher.
const WATCHED: u64 = 1_024;
/// Ids out of order that are kept apart before they are put in their places.
const MOST_LATE: usize = 65_536;
/// Room made at once: 192 MB of addresses, and no memory before it is used.
const MOST_ROOM: usize = 4_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    fn entry(seq: u64, action: Action, id: ApiKeyId, was: Option<u8>, commitment: Option<u8>) -> AuditEntry {
        let text = |byte: u8| crate::secret::hex(&[byte; 32]);
        AuditEntry {
            seq,
            at: Timestamp::now(),
            act: "0".repeat(32),
            actor: "tester".into(),
            action,
            key: Some(id),
            reason: None,
            counts: BTreeMap::new(),
            outcome: Outcome::Done,
            cause: None,
            was: was.map(text),
            record: commitment.map(text),
            prev: "0".repeat(64),
        }
    }

    #[test]
    fn the_last_entry_about_an_id_is_what_counts_in_whatever_order_the_ids_come() {
        let id = |n: u32| {
            let mut bytes = [0; 16];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            ApiKeyId::from_bytes(bytes)
        };
        let mut log = Commitments::new(VaultId([1; 16]), 0);
        let many = u32::try_from(MOST_LATE).expect("small") + 1_000;
        let mut seq = 0;
        // Ascending, then between them: the second half comes late.
        for n in (0..many).map(|n| 2 * n).chain((0..many).rev().map(|n| 2 * n + 1)) {
            seq += 1;
            log.see(&entry(seq, Action::Issue, id(n), None, Some(1)));
        }
        for n in [0, 1, many, 2 * many - 1] {
            assert_eq!(log.judge(id(n), &[1; 32]), Ok(()), "{n}");
            log.see(&entry(seq + 1, Action::Suspend, id(n), Some(1), Some(2)));
            assert_eq!(log.judge(id(n), &[1; 32]), Err(RecordError::Differs { seq: seq + 1 }), "{n}");
            assert_eq!(log.judge(id(n), &[2; 32]), Ok(()));
            log.see(&entry(seq + 2, Action::Export, id(n), Some(2), None));
            assert_eq!(log.judge(id(n), &[2; 32]), Ok(()), "taking out changes nothing");
            log.see(&entry(seq + 3, Action::Abandon, id(n), None, None));
            assert_eq!(log.judge(id(n), &[2; 32]), Err(RecordError::Unlogged), "{n}");
        }
        assert_eq!(log.judge(id(2 * many), &[1; 32]), Err(RecordError::Unlogged));
        assert_eq!(log.present().count() as u64, u64::from(2 * many) - 4);
        assert!(log.present().map(|(id, _)| id).is_sorted());
    }

    #[test]
    fn an_act_on_something_else_than_the_log_says_is_remembered_until_the_record_is_given_up() {
        use Action::{Abandon, Export, Import, Issue, Recover, Resume, Revoke, Suspend};
        let id = ApiKeyId::from_bytes([7; 16]);
        let said = |entries: &[(Action, Option<u8>, Option<u8>)]| {
            let mut log = Commitments::new(VaultId([1; 16]), 0);
            for (seq, &(action, was, record)) in (1..).zip(entries) {
                log.see(&entry(seq, action, id, was, record));
            }
            log
        };
        let issued = (Issue, None, Some(1));
        let bad: [(&[_], u64); 6] = [
            (&[issued, (Suspend, Some(1), Some(2)), (Resume, Some(1), Some(3))], 3),
            (&[issued, (Export, Some(9), None)], 2),
            (&[issued, (Recover, Some(9), None), (Suspend, Some(1), Some(2))], 2),
            (&[issued, (Import, None, Some(2))], 2),
            (&[(Suspend, Some(1), Some(2))], 1),
            (&[issued, (Abandon, None, None), (Suspend, Some(1), Some(2)), (Resume, Some(2), Some(3))], 3),
        ];
        for (entries, seq) in bad {
            let log = said(entries);
            let last = entries.iter().rev().find_map(|(_, _, record)| *record).expect("one left a record");
            assert_eq!(log.judge(id, &[last; 32]), Err(RecordError::Continued { seq }), "{entries:?}");
            assert!(log.knows(id), "{entries:?}");
            let revoked = said(&[entries, &[(Revoke, Some(last), Some(8))]].concat());
            assert_eq!(revoked.judge(id, &[8; 32]), Ok(()), "{entries:?}");
            let given_up = said(&[entries, &[(Abandon, None, None), (Import, None, Some(5))]].concat());
            assert_eq!(given_up.judge(id, &[5; 32]), Ok(()), "{entries:?}");
        }
    }
}
