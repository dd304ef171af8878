//! Checkpoints of the audit log: where it stood, kept outside, so that a store that was put back can be told.

use serde::Serialize;

use crate::audit_log::{AuditFault, ChainEnd};
use crate::authority::PublicKey;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::Head;
use crate::note::{Checkpoint, Note, decimal};
use crate::parse_error::ParseError;
use crate::secret::{hex, is_hex};
use crate::store::Rows;
use crate::time::Timestamp;
use crate::tree::Hash;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

/// Where the audit log of a vault stood, signed by the authority of the active master key (docs/format.md, Checkpoint): a signed note
/// in the form that witnesses of transparency logs take. It holds no secret. Kept where the store's writers cannot write, it tells a
/// log that was cut off, that took another way, or that went back in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct AuditCheckpoint {
    /// The vault.
    pub vault: VaultId,
    /// The line of the vault, in hex: another one after every restore.
    pub line: String,
    /// When it was made.
    pub at: Timestamp,
    /// The last audit entry.
    pub seq: u64,
    /// The hash of that entry, in hex.
    pub hash: String,
    /// The root of the tree over all entries, in hex.
    pub root: String,
    /// The revision of the keyring.
    pub keyring_revision: u64,
    /// The hash of that keyring, in hex.
    pub keyring_hash: String,
    /// The master key version whose authority signed this.
    pub master_key: MasterKeyVersion,
    /// The generation that was active.
    pub generation: Generation,
    /// API keys in the vault, revoked and expired ones included.
    pub records: u64,
    /// Digest of the records of that generation, in hex.
    pub record_digest: String,
    #[serde(skip)]
    note: Note,
}

impl AuditCheckpoint {
    /// Reads a checkpoint. Whether the log agrees with it is for [`Auditor::check_audit`](crate::audit::Auditor::check_audit).
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: String| ParseError::new("audit checkpoint", format!("this is no audit checkpoint: {why}"));
        let note = Note::parse(text).map_err(|fault| wrong(fault.to_string()))?;
        Self::read(note).map_err(wrong)
    }

    /// The checkpoint that a note says, or why it says none.
    pub(super) fn read(note: Note) -> Result<Self, String> {
        let said = Checkpoint::parse(note.text()).map_err(|fault| fault.to_string())?;
        Self::of_note(&said, note).ok_or_else(|| "it is that of another log, or lacks a line".into())
    }

    /// The checkpoint as it is kept: several lines of text, the last of which are signatures.
    pub fn to_text(&self) -> String {
        self.note.to_string()
    }

    pub(super) fn of(keyring: &Keyring, head: &Head, at: Timestamp) -> Self {
        let unsigned = Self {
            vault: keyring.vault(),
            line: hex(&keyring.line()),
            at,
            seq: head.chain.seq,
            hash: hex(&head.chain.hash),
            root: hex(&head.tree.root()),
            keyring_revision: keyring.revision(),
            keyring_hash: hex(&keyring.hash()),
            master_key: keyring.active_master(),
            generation: keyring.active_generation(),
            records: record_count(head),
            record_digest: record_digest(keyring, head).unwrap_or_default(),
            note: Note::default(),
        };
        let text = unsigned.said(head.tree.root()).to_string();
        let mut note = Note::new(text).expect("it has lines of text and nothing else");
        note.sign(&unsigned.origin(), keyring.signer()).expect("the origin is a name");
        Self { note, ..unsigned }
    }

    /// `None` where a line is missing or says something else. Later versions may add lines.
    fn of_note(said: &Checkpoint, note: Note) -> Option<Self> {
        let (vault, line) = said.origin().strip_prefix(ORIGIN)?.split_once('/')?;
        let mut lines = said.extensions().iter();
        let mut after = |word: &str| lines.next()?.strip_prefix(word)?.strip_prefix(' ').map(str::to_owned);
        let (at, hash) = (after("at")?, after("chain")?);
        let (keyring, master_key, records) = (after("keyring")?, after("master-key")?, after("records")?);
        let (keyring_revision, keyring_hash) = keyring.split_once(' ')?;
        let [records, generation, record_digest] = records.split(' ').collect::<Vec<_>>().try_into().ok()?;
        let digests = [hash.as_str(), keyring_hash, record_digest];
        let parsed: Timestamp = at.parse().ok()?;
        let sound = digests.iter().all(|digest| is_hex(digest, 64)) && is_hex(line, 32) && parsed.to_string() == at;
        Some(Self {
            vault: vault.parse().ok()?,
            line: line.to_owned(),
            at: parsed,
            seq: said.size(),
            root: hex(said.root()),
            keyring_revision: decimal(keyring_revision)?,
            keyring_hash: keyring_hash.to_owned(),
            master_key: u32::try_from(decimal(&master_key)?).ok()?.try_into().ok()?,
            generation: u32::try_from(decimal(generation)?).ok()?.try_into().ok()?,
            records: decimal(records)?,
            record_digest: record_digest.to_owned(),
            hash,
            note,
        })
        .filter(|_| sound)
    }

    /// The name of the log, and of the key that signs for it.
    pub(super) fn origin(&self) -> String {
        format!("{ORIGIN}{}/{}", self.vault, self.line)
    }

    pub(super) fn note(&self) -> &Note {
        &self.note
    }

    /// The root as bytes.
    pub(super) fn tree_root(&self) -> Option<Hash> {
        let mut root = [0; 32];
        base16ct::lower::decode(&self.root, &mut root).ok()?;
        Some(root)
    }

    /// Whether its entry is in the log that ends with this head.
    pub(super) fn is_in(&self, rows: &dyn Rows, head: &Head) -> Result<(), Error> {
        match self.end() {
            Some(seen) => head.still_holds(rows, seen),
            None => Err(AuditFault::Forked { seq: self.seq }.into()),
        }
    }

    fn said(&self, root: [u8; 32]) -> Checkpoint {
        let extensions = vec![
            format!("at {}", self.at),
            format!("chain {}", self.hash),
            format!("keyring {} {}", self.keyring_revision, self.keyring_hash),
            format!("master-key {}", self.master_key),
            format!("records {} {} {}", self.records, self.generation, self.record_digest),
        ];
        Checkpoint::new(self.origin(), self.seq, root, extensions).expect("it has lines of text and nothing else")
    }

    pub(super) fn is_signed_by(&self, public: PublicKey) -> bool {
        self.note.is_signed_by(&self.origin(), &public)
    }

    /// The hash as bytes.
    pub(super) fn end(&self) -> Option<ChainEnd> {
        let mut hash = [0; 32];
        base16ct::lower::decode(&self.hash, &mut hash).ok()?;
        Some(ChainEnd { seq: self.seq, hash })
    }
}

/// API keys by the record sets of the head. The sentinel is none.
pub(super) fn record_count(head: &Head) -> u64 {
    head.sets().values().fold(0_u64, |sum, set| sum.wrapping_add(set.count())).wrapping_sub(1)
}

/// No entry changes the set of the active generation in the head without being one. A verifier has not the key of it.
pub(super) fn record_digest(keyring: &Keyring, head: &Head) -> Option<String> {
    let set = head.sets().get(&keyring.active_generation()).copied().unwrap_or_default();
    keyring.active().record_set_if_held().map(|key| hex(&set.digest(key)))
}

/// docs/format.md, Checkpoint: what the name of the log of any vault begins with.
pub(super) const ORIGIN: &str = "strongroom/";
