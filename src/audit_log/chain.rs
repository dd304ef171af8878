//! The chain: what is appended to it, and how it is followed.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use super::act::Act;
use super::action::Action;
use super::entry::{AuditEntry, Outcome};
use super::fault::AuditFault;
use crate::secret::hex;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;

/// An entry to be written: what the chain does not supply.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) key: Option<ApiKeyId>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) refused: Option<&'static str>,
    /// The commitment to the record that the act found.
    pub(crate) was: Option<[u8; 32]>,
    /// The commitment to the record that the act leaves behind.
    pub(crate) record: Option<[u8; 32]>,
}

impl Draft {
    pub(crate) fn of(action: Action) -> Self {
        Self { action, key: None, counts: BTreeMap::new(), refused: None, was: None, record: None }
    }

    pub(crate) fn on(action: Action, key: ApiKeyId) -> Self {
        Self { key: Some(key), ..Self::of(action) }
    }

    /// An act that was refused, and why in a word.
    pub(crate) fn refused(mut self, cause: &'static str) -> Self {
        self.refused = Some(cause);
        self
    }

    /// With the commitment to the record that the act found.
    pub(crate) fn finding(mut self, was: [u8; 32]) -> Self {
        self.was = Some(was);
        self
    }

    /// With the commitment to the record that the act leaves behind.
    pub(crate) fn leaving(mut self, record: [u8; 32]) -> Self {
        self.record = Some(record);
        self
    }

    pub(crate) fn count(mut self, name: &str, count: u64) -> Self {
        self.counts.insert(name.into(), count);
        self
    }
}

/// The end of the chain: how many entries there are, and the hash of the last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ChainEnd {
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
}

impl ChainEnd {
    /// Where the chain of a vault begins, so that no chain continues another vault's.
    pub(crate) fn start(vault: VaultId) -> Self {
        Self { seq: 0, hash: hash(&vault.0) }
    }

    /// The end of a chain whose last entry is this line.
    pub(crate) fn at(seq: u64, line: &[u8]) -> Self {
        Self { seq, hash: hash(line) }
    }

    /// Appends an entry of a commit: its row and the new end.
    pub(crate) fn append(self, draft: &Draft, commit: &[u8; 16], act: &Act, at: Timestamp) -> (Vec<u8>, Self) {
        let seq = self.seq + 1;
        let entry = AuditEntry {
            seq,
            at,
            act: hex(commit),
            actor: act.actor.clone(),
            action: draft.action,
            key: draft.key,
            reason: act.reason.clone(),
            counts: draft.counts.clone(),
            outcome: if draft.refused.is_some() { Outcome::Refused } else { Outcome::Done },
            cause: draft.refused.map(String::from),
            was: draft.was.as_ref().map(|was| hex(was)),
            record: draft.record.as_ref().map(|record| hex(record)),
            prev: hex(&self.hash),
        };
        let line = serde_json::to_vec(&entry).expect("an entry has nothing that JSON cannot hold");
        let end = Self { seq, hash: hash(&line) };
        (line, end)
    }

    /// Follows the chain over one stored row.
    pub(crate) fn follow(self, row_key: &[u8], line: &[u8]) -> Result<(AuditEntry, Self), AuditFault> {
        let seq = self.seq + 1;
        if row_key != seq.to_be_bytes() {
            let is_number = row_key.len() == size_of::<u64>();
            return Err(if is_number { AuditFault::Missing { seq } } else { AuditFault::NoEntry { seq: self.seq } });
        }
        let entry: AuditEntry = serde_json::from_slice(line).map_err(|_| AuditFault::Malformed { seq })?;
        if !entry.is_sound() {
            return Err(AuditFault::Malformed { seq });
        }
        if entry.seq != seq || entry.prev != hex(&self.hash) {
            return Err(AuditFault::Broken { seq });
        }
        Ok((entry, Self { seq, hash: hash(line) }))
    }
}

/// The row key of an entry.
pub(crate) fn row_key(seq: u64) -> [u8; 8] {
    seq.to_be_bytes()
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(CHAIN_LABEL).chain_update([0]).chain_update(bytes).finalize().into()
}

/// The target of the events that mirror the log, and of those that tell how verifications ended.
pub(crate) const EVENTS: &str = "strongroom::audit";
/// docs/format.md, Audit log.
const CHAIN_LABEL: &[u8] = b"strongroom/v1/audit";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit_log::act::ActError;

    fn chain(entries: u64) -> Vec<([u8; 8], Vec<u8>)> {
        let mut end = ChainEnd::start(VaultId([1; 16]));
        let act = Act::by("tester").because("why \"not\"\n");
        let drafts = (0..entries)
            .map(|_| Draft::on(Action::Issue, ApiKeyId::from_bytes([3; 16])).count("n", 2).leaving([4; 32]));
        drafts
            .map(|draft| {
                let (line, next) = end.append(&draft, &[5; 16], &act, Timestamp::now());
                end = next;
                (row_key(next.seq), line)
            })
            .collect()
    }

    fn follow(rows: &[([u8; 8], Vec<u8>)]) -> Result<ChainEnd, AuditFault> {
        rows.iter()
            .try_fold(ChainEnd::start(VaultId([1; 16])), |end, (key, line)| end.follow(key, line).map(|(_, end)| end))
    }

    #[test]
    fn every_single_edit_of_a_chain_is_noticed() {
        let rows = chain(100);
        let end = follow(&rows).expect("whole");
        assert_eq!(end.seq, 100);
        for at in 0..100 {
            let mut deleted = rows.clone();
            deleted.remove(at);
            assert_ne!(follow(&deleted), Ok(end), "deleted {at}");
            let mut edited = rows.clone();
            let text = String::from_utf8(edited[at].1.clone()).expect("text").replace("tester", "nobody");
            edited[at].1 = text.into_bytes();
            assert_ne!(follow(&edited), Ok(end), "edited {at}");
            let mut swapped = rows.clone();
            let other = (at + 1) % 100;
            let line = swapped[at].1.clone();
            swapped[at].1 = std::mem::replace(&mut swapped[other].1, line);
            assert_ne!(follow(&swapped), Ok(end), "swapped {at}");
        }
    }

    #[test]
    fn a_chain_of_another_vault_does_not_follow() {
        let rows = chain(1);
        let (key, line) = &rows[0];
        assert_eq!(ChainEnd::start(VaultId([2; 16])).follow(key, line).map(|_| ()), Err(AuditFault::Broken { seq: 1 }));
    }

    #[test]
    fn an_act_needs_an_actor_and_sometimes_a_reason() {
        assert_eq!(Act::by("").check(), Err(ActError::NoActor));
        assert_eq!(Act::by("a").check_with_reason(), Err(ActError::NoReason));
        assert_eq!(Act::by("a").because("").check(), Err(ActError::NoReason));
        assert_eq!(Act::by("a").because("r".repeat(1025)).check(), Err(ActError::ReasonTooLong { len: 1025 }));
        assert_eq!(Act::by("a").because("r").check_with_reason(), Ok(()));
    }
}
