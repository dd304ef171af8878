//! Checkpoints of the audit log: where it stood, kept outside, so that a store that was put back can be told.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::audit_log::{AuditFault, ChainEnd};
use crate::error::{Detail, Error};
use crate::keyring::{Keyring, Statement};
use crate::ledger::Head;
use crate::parse_error::ParseError;
use crate::secret::{hex, same_bytes};
use crate::store::Rows;
use crate::time::Timestamp;
use crate::vault::audit::{still_there, verify_chain};
use crate::vault::handle::Verifier;
use crate::versions::Generation;

/// Where the audit log of a vault stood, authenticated by the generation that was active (docs/format.md, Checkpoint).
/// It holds no secret. Kept where the store's writers cannot write, it tells a log that was cut off, that took another
/// way, or that went back in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct AuditCheckpoint {
    schema: String,
    /// The id of the vault.
    pub vault: String,
    /// When it was made, RFC 3339.
    pub at: String,
    /// The last audit entry.
    pub seq: u64,
    /// The hash of that entry, in hex.
    pub hash: String,
    /// The generation that was active.
    pub generation: Generation,
    /// API keys in the vault, revoked and expired ones included.
    pub records: u64,
    /// Digest of the records of that generation, in hex.
    pub record_digest: String,
    mac: String,
}

impl AuditCheckpoint {
    /// Reads a checkpoint. Whether the log agrees with it is for [`Verifier::check_audit`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let named: Named = serde_json::from_str(text).map_err(|_| no_checkpoint())?;
        if named.schema != SCHEMA {
            let other = format!("this is a document of another schema than {SCHEMA}");
            return Err(ParseError::new("audit checkpoint", other));
        }
        let checkpoint: Self = serde_json::from_str(text).map_err(|_| no_checkpoint())?;
        let sound = checkpoint.hash.len() == 64 && checkpoint.at.parse::<Timestamp>().is_ok();
        if sound { Ok(checkpoint) } else { Err(no_checkpoint()) }
    }

    /// The checkpoint as JSON, on one line.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a checkpoint has nothing that JSON cannot hold")
    }

    fn of(keyring: &Keyring, head: &Head, at: Timestamp) -> Self {
        let generation = keyring.active_generation();
        let count = head.sets().values().fold(0_u64, |sum, set| sum.wrapping_add(set.count()));
        let mut checkpoint = Self {
            schema: SCHEMA.into(),
            vault: keyring.vault().to_string(),
            at: at.to_string(),
            seq: head.chain.seq,
            hash: hex(&head.chain.hash),
            generation,
            // The sentinel is no API key.
            records: count.wrapping_sub(1),
            record_digest: record_digest(keyring, head),
            mac: String::new(),
        };
        checkpoint.mac = hex(&keyring.active().certify(Statement::Checkpoint, &checkpoint.statement()));
        checkpoint
    }

    /// What the MAC is over.
    fn statement(&self) -> Vec<u8> {
        let unsigned = Self { mac: String::new(), ..self.clone() };
        serde_json::to_vec(&unsigned).expect("a checkpoint has nothing that JSON cannot hold")
    }

    /// The hash as bytes; one that is not hexadecimal is no hash of an entry.
    fn end(&self) -> Option<ChainEnd> {
        let mut hash = [0; 32];
        base16ct::lower::decode(&self.hash, &mut hash).ok()?;
        Some(ChainEnd { seq: self.seq, hash })
    }
}

/// No entry changes the set of the active generation in the head without being one.
fn record_digest(keyring: &Keyring, head: &Head) -> String {
    let set = head.sets().get(&keyring.active_generation()).copied().unwrap_or_default();
    hex(&set.digest(&keyring.active().record_set))
}

#[derive(Deserialize)]
struct Named {
    schema: String,
}

fn no_checkpoint() -> ParseError {
    ParseError::new("audit checkpoint", "this is no audit checkpoint")
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
    /// Whether its MAC was checked. A rotation drops the generation that made it; from then on only its hash speaks.
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
    #[error("the MAC of the checkpoint is wrong: it was edited, or not made by this vault")]
    Altered,
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
            Self::Future { .. } => "future",
            Self::Log(fault) => fault.name(),
            Self::OtherVault { .. } => "other-vault",
            Self::Records => "records",
        }
    }
}

/// # Checkpoints of the audit log
impl Verifier {
    /// A checkpoint of the audit log as it stands, once its chain is followed to the authenticated head.
    pub fn audit_checkpoint(&self) -> Result<AuditCheckpoint, Error> {
        self.at_one_moment(|rows, keyring, head| {
            verify_chain(keyring, rows, head.chain)?;
            Ok(AuditCheckpoint::of(keyring, head, self.ledger.now()))
        })
    }

    /// Follows the whole chain, and compares it with checkpoints made before.
    pub fn check_audit(&self, checkpoints: &[AuditCheckpoint]) -> Result<AuditCheck, Error> {
        self.at_one_moment(|rows, keyring, head| {
            let fault = match verify_chain(keyring, rows, head.chain).map_err(Error::into_detail) {
                Ok(_) => None,
                Err(Detail::Audit(fault)) => Some(fault),
                Err(error) => return Err(error.into()),
            };
            let now = self.ledger.now();
            let judge = |checkpoint| judge(keyring, head, rows, now, checkpoint);
            let checkpoints = checkpoints.iter().map(judge).collect::<Result<_, _>>()?;
            Ok(AuditCheck { entries: head.chain.seq, fault, checkpoints })
        })
    }
}

fn judge(
    keyring: &Keyring,
    head: &Head,
    rows: &dyn Rows,
    now: Timestamp,
    checkpoint: &AuditCheckpoint,
) -> Result<CheckpointCheck, Error> {
    let entries_since = head.chain.seq.saturating_sub(checkpoint.seq);
    let mut check = CheckpointCheck { authenticated: false, entries_since, fault: None };
    if checkpoint.vault != keyring.vault().to_string() {
        check.fault = Some(CheckpointFault::OtherVault { vault: checkpoint.vault.clone() });
        return Ok(check);
    }
    if let Some(keys) = keyring.generation(checkpoint.generation) {
        let mac = hex(&keys.certify(Statement::Checkpoint, &checkpoint.statement()));
        check.authenticated = same_bytes(mac.as_bytes(), checkpoint.mac.as_bytes());
        if !check.authenticated {
            check.fault = Some(CheckpointFault::Altered);
            return Ok(check);
        }
    }
    check.fault = disagreement(keyring, head, rows, now, checkpoint)?;
    Ok(check)
}

fn disagreement(
    keyring: &Keyring,
    head: &Head,
    rows: &dyn Rows,
    now: Timestamp,
    checkpoint: &AuditCheckpoint,
) -> Result<Option<CheckpointFault>, Error> {
    let Some(seen) = checkpoint.end() else { return Ok(Some(CheckpointFault::Altered)) };
    match still_there(rows, head, seen).map_err(Error::into_detail) {
        Ok(()) => {}
        Err(Detail::Audit(fault)) => return Ok(Some(fault.into())),
        Err(error) => return Err(error.into()),
    }
    // A log that holds the entry has also had the generation.
    if checkpoint.generation > keyring.active_generation() {
        return Ok(Some(CheckpointFault::Altered));
    }
    let same = checkpoint.seq == head.chain.seq && checkpoint.generation == keyring.active_generation();
    if same && record_digest(keyring, head) != checkpoint.record_digest {
        return Ok(Some(CheckpointFault::Records));
    }
    let at: Option<Timestamp> = checkpoint.at.parse().ok();
    let ahead = at.is_some_and(|at| at > now.saturating_add(CLOCKS_APART));
    Ok(ahead.then(|| CheckpointFault::Future { at: checkpoint.at.clone() }))
}

const SCHEMA: &str = "strongroom.audit-checkpoint.v1";
/// By how much the clocks of two machines may differ.
const CLOCKS_APART: Duration = Duration::from_secs(300);
