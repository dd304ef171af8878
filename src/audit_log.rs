//! The audit log: one JSON line for each administrative act, each holding the hash of the one before.

mod filter;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::arguments::Maybe;
use crate::secret::hex;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;

pub use filter::AuditFilter;

/// Who acts, and why. An argument of every administrative call.
///
/// ```
/// use strongroom::Act;
/// let act = Act::by("alice").because("ticket 4711");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub(crate) actor: String,
    pub(crate) reason: Option<String>,
}

impl Act {
    /// The longest actor, in bytes.
    pub const MAX_ACTOR_LEN: usize = 256;
    /// The longest reason, in bytes.
    pub const MAX_REASON_LEN: usize = 1024;

    /// An act of this person or service: 1 to 256 bytes.
    pub fn by(actor: impl Into<String>) -> Self {
        Self { actor: actor.into(), reason: None }
    }

    /// The reason, for the audit log: 1 to 1,024 bytes.
    #[must_use]
    pub fn because(mut self, reason: impl Maybe<String>) -> Self {
        self.reason = reason.maybe().or(self.reason);
        self
    }

    pub(crate) fn reason(&self) -> Option<&str> {
        self.reason.as_deref()
    }

    /// Whether actor and reason keep their limits.
    pub(crate) fn check(&self) -> Result<(), ActError> {
        match (self.actor.len(), self.reason.as_ref().map(String::len)) {
            (0, _) => Err(ActError::NoActor),
            (len, _) if len > Self::MAX_ACTOR_LEN => Err(ActError::ActorTooLong { len }),
            (_, Some(0)) => Err(ActError::NoReason),
            (_, Some(len)) if len > Self::MAX_REASON_LEN => Err(ActError::ReasonTooLong { len }),
            _ => Ok(()),
        }
    }

    /// As [`Act::check`], and a reason must be there.
    pub(crate) fn check_with_reason(&self) -> Result<(), ActError> {
        self.check()?;
        self.reason.as_ref().map(|_| ()).ok_or(ActError::NoReason)
    }
}

/// Why an act cannot be recorded, and is therefore not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActError {
    /// The actor is too long.
    #[error("the actor has {len} bytes, and {} is the limit", Act::MAX_ACTOR_LEN)]
    ActorTooLong {
        /// Its length.
        len: usize,
    },
    /// No actor was named.
    #[error("the actor is empty")]
    NoActor,
    /// The act needs a reason.
    #[error("this act needs a reason")]
    NoReason,
    /// The reason is too long.
    #[error("the reason has {len} bytes, and {} is the limit", Act::MAX_REASON_LEN)]
    ReasonTooLong {
        /// Its length.
        len: usize,
    },
}

/// One entry of the audit log. It holds no secret and no attribute of an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its place in the log, from 1.
    pub seq: u64,
    /// When, by the clock of the process that acted.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// Who acted.
    pub actor: String,
    /// What was done.
    pub action: Action,
    /// The API key it was done to.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "optional_id")]
    pub key: Option<ApiKeyId>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Counts that belong to the act, such as the records a rotation moved.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub counts: BTreeMap<String, u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused, in a word such as `not-found`: [`Error::code`](crate::Error::code).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// The hash of the entry before, in hex.
    pub prev: String,
}

/// What an audit entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// A record that did not open was deleted, so that a rotation could finish.
    Abandon,
    /// A backup was begun.
    Backup,
    /// Backups were taken from the list of those that are known.
    BackupForgotten,
    /// A token left the vault with everything else about its API key.
    Export,
    /// An API key with a token from elsewhere was added.
    Import,
    /// The vault was made.
    Init,
    /// An API key was issued.
    Issue,
    /// The policy was changed.
    Policy,
    /// A token was recovered by an administrator.
    Recover,
    /// An API key was given an end, and another was issued in its place: the next entry.
    Reissue,
    /// The vault was restored from a backup.
    Restore,
    /// The suspension of an API key was taken back.
    Resume,
    /// An API key was revoked.
    Revoke,
    /// The master key was replaced and no record touched.
    Rewrap,
    /// A rotation ended, and the old generation is gone.
    RotationFinished,
    /// A rotation began: from here on every write uses the new generation.
    RotationStarted,
    /// An API key is to count as revoked from a time to come.
    ScheduleRevocation,
    /// A master key was split into shares.
    Split,
    /// An API key was taken out of use until it is resumed.
    Suspend,
    /// What an API key says was changed.
    Update,
    /// A verifier key left the vault.
    VerifierKey,
}

impl Action {
    /// Every action.
    pub(crate) const ALL: [Self; 21] = [
        Self::Abandon,
        Self::Backup,
        Self::BackupForgotten,
        Self::Export,
        Self::Import,
        Self::Init,
        Self::Issue,
        Self::Policy,
        Self::Recover,
        Self::Reissue,
        Self::Restore,
        Self::Resume,
        Self::Revoke,
        Self::Rewrap,
        Self::RotationFinished,
        Self::RotationStarted,
        Self::ScheduleRevocation,
        Self::Split,
        Self::Suspend,
        Self::Update,
        Self::VerifierKey,
    ];

    /// The word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abandon => "abandon",
            Self::Backup => "backup",
            Self::BackupForgotten => "backup-forgotten",
            Self::Export => "export",
            Self::Import => "import",
            Self::Init => "init",
            Self::Issue => "issue",
            Self::Policy => "policy",
            Self::Recover => "recover",
            Self::Reissue => "reissue",
            Self::Restore => "restore",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
            Self::Rewrap => "rewrap",
            Self::RotationFinished => "rotation-finished",
            Self::RotationStarted => "rotation-started",
            Self::ScheduleRevocation => "schedule-revocation",
            Self::Split => "split",
            Self::Suspend => "suspend",
            Self::Update => "update",
            Self::VerifierKey => "verifier-key",
        }
    }
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was done, in the same batch as this entry.
    Done,
    /// It was refused, and nothing changed.
    Refused,
}

/// An entry to be written: what the chain does not supply.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) action: Action,
    pub(crate) key: Option<ApiKeyId>,
    pub(crate) counts: BTreeMap<String, u64>,
    pub(crate) refused: Option<&'static str>,
}

impl Draft {
    pub(crate) fn of(action: Action) -> Self {
        Self { action, key: None, counts: BTreeMap::new(), refused: None }
    }

    pub(crate) fn on(action: Action, key: ApiKeyId) -> Self {
        Self { key: Some(key), ..Self::of(action) }
    }

    /// An act that was refused, and why in a word.
    pub(crate) fn refused(mut self, cause: &'static str) -> Self {
        self.refused = Some(cause);
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

    /// Appends an entry: its row and the new end.
    pub(crate) fn append(self, draft: &Draft, act: &Act, at: Timestamp) -> (Vec<u8>, Self) {
        let seq = self.seq + 1;
        let entry = AuditEntry {
            seq,
            at,
            actor: act.actor.clone(),
            action: draft.action,
            key: draft.key,
            reason: act.reason.clone(),
            counts: draft.counts.clone(),
            outcome: if draft.refused.is_some() { Outcome::Refused } else { Outcome::Done },
            cause: draft.refused.map(String::from),
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
            return Err(AuditFault::Missing { seq });
        }
        let entry: AuditEntry = serde_json::from_slice(line).map_err(|_| AuditFault::Malformed { seq })?;
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

/// Where and how the log does not hold together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AuditFault {
    /// An entry does not hold the hash of the one before: one of the two was changed.
    #[error("audit entry {seq} does not follow from the one before")]
    Broken {
        /// The entry.
        seq: u64,
    },
    /// The last entry is not the one the authenticated head names.
    #[error("the audit log ends with entry {found}, and the head names entry {expected} with another hash or number")]
    End {
        /// What the log ends with.
        found: u64,
        /// What the head names.
        expected: u64,
    },
    /// An entry is another than the one that was seen before.
    #[error(
        "audit entry {seq} is another than the one seen before: an older store was put back and went on from there, or the log was \
         written anew"
    )]
    Forked {
        /// The entry.
        seq: u64,
    },
    /// An entry is not one.
    #[error("audit entry {seq} is malformed")]
    Malformed {
        /// The entry.
        seq: u64,
    },
    /// An entry is not there.
    #[error("audit entry {seq} is missing")]
    Missing {
        /// The entry.
        seq: u64,
    },
    /// The log was longer when it was seen before.
    #[error(
        "the audit log ends with entry {found}, and entry {seen} was seen before: an older store was put back, or the end of the \
         log was cut off together with the head"
    )]
    RolledBack {
        /// What the log ends with.
        found: u64,
        /// What was seen.
        seen: u64,
    },
}

impl AuditFault {
    /// A stable word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Broken { .. } => "broken",
            Self::End { found, expected } if found < expected => "cut",
            Self::End { .. } => "end",
            Self::Forked { .. } => "forked",
            Self::Malformed { .. } => "malformed",
            Self::Missing { .. } => "missing",
            Self::RolledBack { .. } => "rolled-back",
        }
    }

    /// The word for an error that it is.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::End { found, expected } if found < expected => "audit-cut",
            Self::Broken { .. } | Self::End { .. } | Self::Malformed { .. } | Self::Missing { .. } => "audit-broken",
            Self::Forked { .. } => "audit-forked",
            Self::RolledBack { .. } => "audit-rolled-back",
        }
    }
}

fn hash(bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(CHAIN_LABEL).chain_update([0]).chain_update(bytes).finalize().into()
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::time::Timestamp;

    pub(super) fn serialize<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(time)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

mod optional_id {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::token::ApiKeyId;

    #[allow(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(id: &Option<ApiKeyId>, out: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => out.collect_str(id),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<ApiKeyId>, D::Error> {
        Option::<String>::deserialize(input)?.map(|id| id.parse()).transpose().map_err(D::Error::custom)
    }
}

/// The target of the events that mirror the log, and of those that tell how verifications ended.
pub(crate) const EVENTS: &str = "strongroom::audit";
/// docs/format.md, Audit log.
const CHAIN_LABEL: &[u8] = b"strongroom/v1/audit";

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(entries: u64) -> Vec<([u8; 8], Vec<u8>)> {
        let mut end = ChainEnd::start(VaultId([1; 16]));
        let act = Act::by("tester").because("why \"not\"\n");
        let drafts = (0..entries).map(|_| Draft::on(Action::Issue, ApiKeyId::from_bytes([3; 16])).count("n", 2));
        drafts
            .map(|draft| {
                let (line, next) = end.append(&draft, &act, Timestamp::now());
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
