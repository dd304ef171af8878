//! An audit log beside checkpoints of it: whether it still holds what they saw.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::audit_log::AuditFault;
use crate::authority::PublicKey;
use crate::error::{Detail, Error};
use crate::ledger::verify_chain;
use crate::secret::hex;
use crate::store::Rows;
use crate::time::Timestamp;
use crate::tree::Hash;
use crate::vault::auditor::{Auditor, Standing};
use crate::vault::checkpoint::{AuditCheckpoint, record_count};
use crate::vault::handle::Vault;
use crate::versions::MasterKeyVersion;

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
    /// Whether the authority that it names signed it, and that this is an authority of the vault is known from more than the store.
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
    /// It was signed by a master key version that has ended since, and disagrees with the log up to there.
    #[error(
        "it was made by a retired key, that of master key {version}, which ended with audit entry {ended}, and disagrees with the log \
         below that: {fault}"
    )]
    Retired {
        /// The master key version.
        version: MasterKeyVersion,
        /// The last entry that it speaks for.
        ended: u64,
        /// How it disagrees.
        fault: AuditFault,
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
            Self::Retired { .. } => "retired",
        }
    }
}

/// # Checkpoints of the audit log
impl Vault {
    /// A checkpoint of the audit log as it stands, once its chain is followed to the authenticated head. It is signed, so it takes a
    /// master key; checking one takes none.
    pub fn audit_checkpoint(&self) -> Result<AuditCheckpoint, Error> {
        self.at_one_moment(|rows, keyring, head| {
            verify_chain(keyring.vault(), rows, head, &[])?;
            Ok(AuditCheckpoint::of(keyring, head, self.ledger.now()))
        })
    }
}

/// # Checkpoints of the audit log
impl Auditor {
    /// Follows the whole chain, and compares it with checkpoints made before.
    pub fn check_audit(&self, checkpoints: &[AuditCheckpoint]) -> Result<AuditCheck, Error> {
        self.log_at_one_moment(|rows, log| {
            let sizes: Vec<_> = checkpoints.iter().map(|checkpoint| checkpoint.seq).collect();
            let followed = verify_chain(log.keyring.vault(), rows, &log.head, &sizes);
            let (roots, fault) = match followed.map_err(Error::into_detail) {
                Ok(roots) => (Some(roots), None),
                Err(Detail::Audit(fault)) => (None, Some(fault)),
                Err(error) => return Err(error.into()),
            };
            let beside = Beside { log, rows, roots, now: self.now(), configured: self.configured() };
            let checkpoints =
                checkpoints.iter().map(|checkpoint| beside.judge(checkpoint)).collect::<Result<_, _>>()?;
            Ok(AuditCheck { entries: log.head.chain.seq, fault, checkpoints })
        })
    }
}

/// The log that checkpoints are held against.
struct Beside<'l> {
    log: &'l Standing,
    rows: &'l dyn Rows,
    /// By the number of entries; nothing where the log is not whole.
    roots: Option<BTreeMap<u64, Hash>>,
    now: Timestamp,
    configured: Vec<(MasterKeyVersion, PublicKey)>,
}

impl Beside<'_> {
    fn judge(&self, checkpoint: &AuditCheckpoint) -> Result<CheckpointCheck, Error> {
        let entries_since = self.log.head.chain.seq.saturating_sub(checkpoint.seq);
        let mut check = CheckpointCheck { authenticated: false, entries_since, fault: None };
        // A store that is older than a rotation does not list the version that came with it.
        let configured = self.configured.iter().find(|(version, _)| *version == checkpoint.master_key);
        let configured = configured.map(|(_, public)| *public);
        match self.log.signed_by(checkpoint, configured) {
            Ok(()) => check.authenticated = self.log.authenticated,
            Err(CheckpointFault::Altered) if self.log.knows(checkpoint.master_key, configured) => {
                check.fault = Some(CheckpointFault::Altered);
            }
            // By whom it was signed nobody knows: where the log disagrees, that says more.
            Err(CheckpointFault::Altered) => {
                check.fault = self.disagreement(checkpoint)?.or(Some(CheckpointFault::Altered));
            }
            Err(fault) => {
                check.authenticated = self.log.authenticated && matches!(fault, CheckpointFault::Ended { .. });
                check.fault = Some(fault);
            }
        }
        if check.fault.is_none() {
            check.fault = self.disagreement(checkpoint)?.map(|fault| self.log.by_retired_key(checkpoint, fault));
        }
        Ok(check)
    }

    fn disagreement(&self, checkpoint: &AuditCheckpoint) -> Result<Option<CheckpointFault>, Error> {
        let (keyring, head) = (&self.log.keyring, &self.log.head);
        match checkpoint.is_in(self.rows, head).map_err(Error::into_detail) {
            Ok(()) => {}
            Err(Detail::Audit(fault)) => return Ok(Some(fault.into())),
            Err(error) => return Err(error.into()),
        }
        let forked = || Some(AuditFault::Forked { seq: checkpoint.seq }.into());
        // A log that is not whole has no roots, and is named for itself.
        let root = self.roots.as_ref().and_then(|roots| roots.get(&checkpoint.seq));
        if root.is_some_and(|root| hex(root) != checkpoint.root) {
            return Ok(forked());
        }
        if checkpoint.seq == head.chain.seq {
            let named = (checkpoint.keyring_revision, checkpoint.keyring_hash.as_str());
            if named != (keyring.revision(), &hex(&keyring.hash())) {
                return Ok(forked());
            }
            let counted = (checkpoint.records, checkpoint.generation);
            let same = counted == (record_count(head), keyring.active_generation());
            let digest = self.log.record_digest.as_ref();
            if !same || digest.is_some_and(|digest| *digest != checkpoint.record_digest) {
                return Ok(Some(CheckpointFault::Records));
            }
        }
        let ahead = checkpoint.at > self.now.saturating_add(CLOCKS_APART);
        Ok(ahead.then(|| CheckpointFault::Future { at: checkpoint.at.to_string() }))
    }
}

impl Standing {
    /// Whether a checkpoint was signed by an authority of this vault that speaks for the entry it names. `configured` is the public key
    /// that the caller has for its version, where the keyring lists none.
    pub(super) fn signed_by(
        &self,
        made: &AuditCheckpoint,
        configured: Option<PublicKey>,
    ) -> Result<(), CheckpointFault> {
        if made.vault != self.keyring.vault() {
            return Err(CheckpointFault::OtherVault { vault: made.vault.to_string() });
        }
        let listed = self.keyring.masters().iter().find(|master| master.version == made.master_key);
        let public = listed.map(|master| master.public_key).or(configured);
        if !public.is_some_and(|public| made.is_signed_by(public)) {
            return Err(CheckpointFault::Altered);
        }
        match listed.and_then(|master| master.ended).filter(|ended| *ended < made.seq) {
            Some(ended) => Err(CheckpointFault::Ended { seq: made.seq, version: made.master_key, ended }),
            None => Ok(()),
        }
    }

    fn knows(&self, version: MasterKeyVersion, configured: Option<PublicKey>) -> bool {
        configured.is_some() || self.keyring.masters().iter().any(|master| master.version == version)
    }

    /// That a checkpoint disagrees with the log says less where a key that has ended signed it.
    pub(super) fn by_retired_key(&self, made: &AuditCheckpoint, fault: CheckpointFault) -> CheckpointFault {
        let signer = self.keyring.masters().iter().find(|master| master.version == made.master_key);
        match (fault, signer.and_then(|master| master.ended)) {
            (CheckpointFault::Log(fault), Some(ended)) => {
                CheckpointFault::Retired { version: made.master_key, ended, fault }
            }
            (fault, _) => fault,
        }
    }
}

/// By how much the clocks of two machines may differ.
const CLOCKS_APART: Duration = Duration::from_secs(300);
