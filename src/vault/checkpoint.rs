//! Checkpoints of the audit log: where it stood, kept outside, so that a store that was put back can be told.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use crate::audit_log::{AuditFault, ChainEnd};
use crate::authority::PublicKey;
use crate::error::{Detail, Error};
use crate::keyring::Keyring;
use crate::ledger::Head;
use crate::note::{Checkpoint, Note, decimal};
use crate::parse_error::ParseError;
use crate::secret::{hex, is_hex};
use crate::store::Rows;
use crate::time::Timestamp;
use crate::vault::audit::{still_there, verify_chain};
use crate::vault::handle::{Vault, Verifier};
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
    /// Reads a checkpoint. Whether the log agrees with it is for [`Verifier::check_audit`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: String| ParseError::new("audit checkpoint", format!("this is no audit checkpoint: {why}"));
        let note = Note::parse(text).map_err(|fault| wrong(fault.to_string()))?;
        let said = Checkpoint::parse(note.text()).map_err(|fault| wrong(fault.to_string()))?;
        Self::of_note(&said, note).ok_or_else(|| wrong("it is that of another log, or lacks a line".into()))
    }

    /// The checkpoint as it is kept: several lines of text, the last of which are signatures.
    pub fn to_text(&self) -> String {
        self.note.to_string()
    }

    fn of(keyring: &Keyring, head: &Head, at: Timestamp) -> Self {
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
    fn origin(&self) -> String {
        format!("{ORIGIN}{}/{}", self.vault, self.line)
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

    fn is_signed_by(&self, public: PublicKey) -> bool {
        self.note.is_signed_by(&self.origin(), &public)
    }

    /// The hash as bytes.
    fn end(&self) -> Option<ChainEnd> {
        let mut hash = [0; 32];
        base16ct::lower::decode(&self.hash, &mut hash).ok()?;
        Some(ChainEnd { seq: self.seq, hash })
    }
}

/// API keys by the record sets of the head. The sentinel is none.
fn record_count(head: &Head) -> u64 {
    head.sets().values().fold(0_u64, |sum, set| sum.wrapping_add(set.count())).wrapping_sub(1)
}

/// No entry changes the set of the active generation in the head without being one. A verifier has not the key of it.
fn record_digest(keyring: &Keyring, head: &Head) -> Option<String> {
    let set = head.sets().get(&keyring.active_generation()).copied().unwrap_or_default();
    keyring.active().record_set_if_held().map(|key| hex(&set.digest(key)))
}

/// What is to be said of an audit log beside checkpoints of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditCheck {
    /// Entries, by the authenticated head.
    pub entries: u64,
    /// Where the chain itself does not hold together.
    pub fault: Option<AuditFault>,
    /// Each checkpoint, in the order given.
    pub checkpoints: Vec<CheckpointCheck>,
}

/// What is to be said of one checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CheckpointCheck {
    /// Whether the authority that it names signed it.
    pub authenticated: bool,
    /// Audit entries since.
    pub entries_since: u64,
    /// Why the log does not agree with it.
    pub fault: Option<CheckpointFault>,
}

/// Why an audit log does not agree with a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointFault {
    /// The checkpoint was edited, or not made by this vault.
    #[error("the signature of the checkpoint is wrong: it was edited, or not made by this vault")]
    Altered,
    /// The authority that signed it had ended before.
    #[error(
        "the checkpoint names entry {seq}, and master key {version}, whose authority signed it, ended with entry {ended}"
    )]
    Ended {
        /// Its entry.
        seq: u64,
        /// Whose authority.
        version: MasterKeyVersion,
        /// The last entry that one speaks for.
        ended: u64,
    },
    /// It is dated after the present.
    #[error("the checkpoint is dated {at}, in the future: one of the two clocks is wrong")]
    Future {
        /// Its time.
        at: String,
    },
    /// The log went back, took another way, or lacks the entry.
    #[error(transparent)]
    Log(#[from] AuditFault),
    /// It is of another vault.
    #[error("the checkpoint is of another vault, {vault}")]
    OtherVault {
        /// That vault.
        vault: String,
    },
    /// The records changed without an entry.
    #[error("the records are not those of the checkpoint, and no audit entry says why")]
    Records,
}

impl CheckpointFault {
    /// A stable word for it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Altered => "altered",
            Self::Ended { .. } => "ended",
            Self::Future { .. } => "future",
            Self::Log(fault) => fault.name(),
            Self::OtherVault { .. } => "other-vault",
            Self::Records => "records",
        }
    }
}

/// # Checkpoints of the audit log
impl Vault {
    /// A checkpoint of the audit log as it stands, once its chain is followed to the authenticated head. It is signed, so it takes a
    /// master key; checking one takes none.
    pub fn audit_checkpoint(&self) -> Result<AuditCheckpoint, Error> {
        self.at_one_moment(|rows, keyring, head| {
            verify_chain(keyring, rows, head, &[])?;
            Ok(AuditCheckpoint::of(keyring, head, self.ledger.now()))
        })
    }
}

/// # Checkpoints of the audit log
impl Verifier {
    /// Follows the whole chain, and compares it with checkpoints made before.
    pub fn check_audit(&self, checkpoints: &[AuditCheckpoint]) -> Result<AuditCheck, Error> {
        self.at_one_moment(|rows, keyring, head| {
            let sizes: Vec<_> = checkpoints.iter().map(|checkpoint| checkpoint.seq).collect();
            let (roots, fault) = match verify_chain(keyring, rows, head, &sizes).map_err(Error::into_detail) {
                Ok(roots) => (Some(roots), None),
                Err(Detail::Audit(fault)) => (None, Some(fault)),
                Err(error) => return Err(error.into()),
            };
            let now = self.ledger.now();
            let known = |version| self.ledger.keks().public_key(version);
            let judge = |checkpoint| judge(keyring, head, rows, roots.as_ref(), now, &known, checkpoint);
            let checkpoints = checkpoints.iter().map(judge).collect::<Result<_, _>>()?;
            Ok(AuditCheck { entries: head.chain.seq, fault, checkpoints })
        })
    }
}

fn judge(
    keyring: &Keyring,
    head: &Head,
    rows: &dyn Rows,
    roots: Option<&BTreeMap<u64, [u8; 32]>>,
    now: Timestamp,
    known: &dyn Fn(MasterKeyVersion) -> Option<PublicKey>,
    checkpoint: &AuditCheckpoint,
) -> Result<CheckpointCheck, Error> {
    let entries_since = head.chain.seq.saturating_sub(checkpoint.seq);
    let mut check = CheckpointCheck { authenticated: false, entries_since, fault: None };
    if checkpoint.vault != keyring.vault() {
        check.fault = Some(CheckpointFault::OtherVault { vault: checkpoint.vault.to_string() });
        return Ok(check);
    }
    let signed_by = keyring.masters().find(|master| master.version == checkpoint.master_key);
    // A store that is older than a rotation does not list the version that came with it.
    let public = signed_by.map(|master| master.public_key).or_else(|| known(checkpoint.master_key));
    check.authenticated = public.is_some_and(|public| checkpoint.is_signed_by(public));
    if public.is_none() {
        check.fault = disagreement(keyring, head, rows, roots, now, checkpoint)?.or(Some(CheckpointFault::Altered));
        return Ok(check);
    }
    if !check.authenticated {
        check.fault = Some(CheckpointFault::Altered);
        return Ok(check);
    }
    if let Some(ended) = signed_by.and_then(|master| master.ended).filter(|ended| *ended < checkpoint.seq) {
        check.fault = Some(CheckpointFault::Ended { seq: checkpoint.seq, version: checkpoint.master_key, ended });
        return Ok(check);
    }
    check.fault = disagreement(keyring, head, rows, roots, now, checkpoint)?;
    Ok(check)
}

fn disagreement(
    keyring: &Keyring,
    head: &Head,
    rows: &dyn Rows,
    roots: Option<&BTreeMap<u64, [u8; 32]>>,
    now: Timestamp,
    checkpoint: &AuditCheckpoint,
) -> Result<Option<CheckpointFault>, Error> {
    let Some(seen) = checkpoint.end() else { return Ok(Some(CheckpointFault::Altered)) };
    match still_there(rows, head, seen).map_err(Error::into_detail) {
        Ok(()) => {}
        Err(Detail::Audit(fault)) => return Ok(Some(fault.into())),
        Err(error) => return Err(error.into()),
    }
    // A log that is not whole has no roots, and is named for itself.
    let root = roots.and_then(|roots| roots.get(&checkpoint.seq));
    if root.is_some_and(|root| hex(root) != checkpoint.root) {
        return Ok(Some(AuditFault::Forked { seq: checkpoint.seq }.into()));
    }
    if checkpoint.seq == head.chain.seq {
        let same_keyring =
            checkpoint.keyring_revision == keyring.revision() && checkpoint.keyring_hash == hex(&keyring.hash());
        if !same_keyring {
            return Ok(Some(AuditFault::Forked { seq: checkpoint.seq }.into()));
        }
        let counted = (checkpoint.records, checkpoint.generation) == (record_count(head), keyring.active_generation());
        if !counted || record_digest(keyring, head).is_some_and(|digest| digest != checkpoint.record_digest) {
            return Ok(Some(CheckpointFault::Records));
        }
    }
    let ahead = checkpoint.at > now.saturating_add(CLOCKS_APART);
    Ok(ahead.then(|| CheckpointFault::Future { at: checkpoint.at.to_string() }))
}

/// docs/format.md, Checkpoint.
const ORIGIN: &str = "strongroom/";
/// By how much the clocks of two machines may differ.
const CLOCKS_APART: Duration = Duration::from_secs(300);
