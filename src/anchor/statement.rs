//! The text of an anchor: what was seen of a vault, and who made it.

use base64ct::{Base64, Encoding};
use serde::{Deserialize, Serialize};

use super::fault::AnchorFault;
use crate::audit_log::{Act, ChainEnd, rfc3339};
use crate::authority::PublicKey;
use crate::secret::{hex, is_hex};
use crate::time::Timestamp;
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

/// What a machine saw of a vault last, as an anchor holds it (docs/format.md, Anchor). No secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AnchorStatement {
    /// The vault.
    pub vault: VaultId,
    /// Its line, in hex: another one after every restore.
    pub line: String,
    /// The last audit entry.
    pub audit_seq: u64,
    /// The hash of that entry, in hex.
    pub audit_hash: String,
    /// The revision of the keyring.
    pub keyring_revision: u64,
    /// The hash of that keyring, in hex.
    pub keyring_hash: String,
    /// The master key version that was active.
    pub master_key: MasterKeyVersion,
    /// The public key of its authority, which signed the head.
    pub public_key: PublicKey,
    /// When it was seen.
    pub seen_at: Timestamp,
    /// The row of the head, as it was signed, in Base64.
    pub head: String,
    /// How the anchor was made, and what was accepted since, the oldest first.
    pub acts: Vec<AnchorAct>,
}

/// Why an anchor says what it says, where that is not what was seen since.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AnchorAct {
    /// What was done.
    pub act: AnchorActKind,
    /// When.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// By whom.
    pub actor: String,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// The audit entry that the anchor held before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub from: Option<u64>,
    /// The audit entry that it held then.
    pub to: u64,
}

/// What is done to an anchor by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum AnchorActKind {
    /// It was made.
    Init,
    /// A store that it refused was accepted.
    Accept,
}

/// The text, field by field.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: String,
    vault: String,
    line: String,
    audit_seq: u64,
    audit_hash: String,
    keyring_revision: u64,
    keyring_hash: String,
    master_key: u32,
    public_key: String,
    #[serde(with = "rfc3339")]
    seen_at: Timestamp,
    head: String,
    acts: Vec<AnchorAct>,
}

impl AnchorStatement {
    /// Reads the text of the anchor at `place`. Whether the signature is right is for who has the vault.
    pub fn parse(text: &str, place: &str) -> Result<Self, AnchorFault> {
        let malformed = |problem: String| AnchorFault::Malformed { place: place.into(), problem };
        let read: serde_json::Result<Written> = serde_json::from_str(text);
        if let Some(schema) = schema_of(text).filter(|schema| schema != SCHEMA) {
            return Err(match schema.strip_prefix(SCHEMA_BEFORE_VERSION) {
                Some(_) => AnchorFault::Newer { place: place.into(), schema },
                None => malformed("it is a document of another kind".into()),
            });
        }
        let written =
            read.map_err(|error| malformed(format!("it breaks off or was edited (line {})", error.line())))?;
        Self::of(written).ok_or_else(|| malformed("a field is not what it should be".into()))
    }

    fn of(written: Written) -> Option<Self> {
        let sound = is_hex(&written.line, 32) && is_hex(&written.audit_hash, 64) && is_hex(&written.keyring_hash, 64);
        let statement = Self {
            vault: written.vault.parse().ok()?,
            line: written.line,
            audit_seq: written.audit_seq,
            audit_hash: written.audit_hash,
            keyring_revision: written.keyring_revision,
            keyring_hash: written.keyring_hash,
            master_key: written.master_key.try_into().ok()?,
            public_key: written.public_key.parse().ok()?,
            seen_at: written.seen_at,
            head: written.head,
            acts: written.acts,
        };
        (sound && statement.head_row().is_some()).then_some(statement)
    }

    /// The text, with a line end.
    pub fn to_text(&self) -> String {
        let written = Written {
            schema: SCHEMA.into(),
            vault: self.vault.to_string(),
            line: self.line.clone(),
            audit_seq: self.audit_seq,
            audit_hash: self.audit_hash.clone(),
            keyring_revision: self.keyring_revision,
            keyring_hash: self.keyring_hash.clone(),
            master_key: self.master_key.get(),
            public_key: self.public_key.to_string(),
            seen_at: self.seen_at,
            head: self.head.clone(),
            acts: self.acts.clone(),
        };
        serde_json::to_string_pretty(&written).expect("a statement has nothing that JSON cannot hold") + "\n"
    }

    /// The same with one act more. The oldest but the first go where there are too many.
    #[must_use]
    pub(crate) fn after(mut self, before: Option<&Self>, kind: AnchorActKind, act: &Act) -> Self {
        self.acts = before.map(|before| before.acts.clone()).unwrap_or_default();
        if self.acts.len() >= MOST_ACTS {
            self.acts.remove(1);
        }
        let (from, to) = (before.map(|before| before.audit_seq), self.audit_seq);
        let (actor, reason) = (act.actor.clone(), act.reason.clone());
        self.acts.push(AnchorAct { act: kind, at: self.seen_at, actor, reason, from, to });
        self
    }

    /// The place in the log.
    pub(crate) fn end(&self) -> ChainEnd {
        let mut hash = [0; 32];
        base16ct::lower::decode(&self.audit_hash, &mut hash).expect("it was hexadecimal when it was read");
        ChainEnd { seq: self.audit_seq, hash }
    }

    pub(crate) fn head_row(&self) -> Option<Vec<u8>> {
        Base64::decode_vec(&self.head).ok()
    }

    /// Whether this one was seen later than the other, on one line of one vault.
    pub(crate) fn is_beyond(&self, other: &Self) -> bool {
        self.vault == other.vault && self.line == other.line && self.audit_seq > other.audit_seq
    }
}

/// What a statement is made of.
pub(crate) struct Seen<'a> {
    pub(crate) vault: VaultId,
    pub(crate) line: [u8; 16],
    pub(crate) end: ChainEnd,
    pub(crate) keyring: (u64, [u8; 32]),
    pub(crate) master_key: MasterKeyVersion,
    pub(crate) public_key: PublicKey,
    pub(crate) head_row: &'a [u8],
    pub(crate) at: Timestamp,
}

impl From<Seen<'_>> for AnchorStatement {
    fn from(seen: Seen<'_>) -> Self {
        Self {
            vault: seen.vault,
            line: hex(&seen.line),
            audit_seq: seen.end.seq,
            audit_hash: hex(&seen.end.hash),
            keyring_revision: seen.keyring.0,
            keyring_hash: hex(&seen.keyring.1),
            master_key: seen.master_key,
            public_key: seen.public_key,
            seen_at: seen.at,
            head: Base64::encode_string(seen.head_row),
            acts: vec![],
        }
    }
}

/// What a JSON document calls itself, whatever else is in it.
fn schema_of(text: &str) -> Option<String> {
    let document: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(document.get("schema").and_then(|schema| schema.as_str()).unwrap_or_default().to_owned())
}

const SCHEMA_BEFORE_VERSION: &str = "strongroom.anchor.v";
const SCHEMA: &str = "strongroom.anchor.v1";
const MOST_ACTS: usize = 100;
