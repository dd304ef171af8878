//! Proofs about the audit log that need no log to be checked: that it only grew since a checkpoint, and that an entry is in it.

use crate::audit_log::AuditEntry;
use crate::note::{Claim, Proof};
use crate::parse_error::ParseError;
use crate::tree::{Hash, leaf_hash, verify_consistency, verify_inclusion};
use crate::vault::checkpoint::AuditCheckpoint;
use crate::vault::pin::Pin;

/// A proof about the audit log of a checkpoint: that the log of an older checkpoint is its beginning, or that an entry is in it. It is
/// checked without store, log and master key. As text it is in the forms of the field (docs/format.md, Proofs): the request that
/// witnesses of transparency logs take, and a C2SP tlog-proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditProof {
    claim: Claim,
    hashes: Vec<Hash>,
    checkpoint: AuditCheckpoint,
}

impl AuditProof {
    /// Reads a proof. Whether it proves something is for [`AuditProof::check_growth`] and [`AuditProof::check_entry`].
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let wrong = |why: String| ParseError::new("audit proof", format!("this is no audit proof: {why}"));
        let Proof { claim, hashes, checkpoint } = Proof::parse(text).map_err(|fault| wrong(fault.to_string()))?;
        Ok(Self { claim, hashes, checkpoint: AuditCheckpoint::read(checkpoint).map_err(wrong)? })
    }

    pub(super) fn of(claim: Claim, hashes: Vec<Hash>, checkpoint: AuditCheckpoint) -> Self {
        Self { claim, hashes, checkpoint }
    }

    /// The proof as it is kept, with the checkpoint that it leads to.
    pub fn to_text(&self) -> String {
        let (claim, hashes, checkpoint) = (self.claim.clone(), self.hashes.clone(), self.checkpoint.note().clone());
        Proof { claim, hashes, checkpoint }.to_string()
    }

    /// The checkpoint that it leads to.
    pub fn checkpoint(&self) -> &AuditCheckpoint {
        &self.checkpoint
    }

    /// The number of entries of the older checkpoint; `None` where it is about one entry.
    pub fn grown_from(&self) -> Option<u64> {
        match self.claim {
            Claim::Consistency { old } => Some(old),
            Claim::Inclusion { .. } => None,
        }
    }

    /// The number of the entry that it is about; `None` where it is about two checkpoints.
    pub fn entry_seq(&self) -> Option<u64> {
        match self.claim {
            Claim::Consistency { .. } => None,
            Claim::Inclusion { index, .. } => index.checked_add(1),
        }
    }

    /// Whether the log of `old` is the beginning of that of the checkpoint here, both signed by keys that were pinned. A proof cannot say
    /// up to where a key speaks: `pins` are those that are still believed.
    pub fn check_growth(&self, old: &AuditCheckpoint, pins: &[Pin]) -> Result<(), ProofFault> {
        let Claim::Consistency { old: said } = self.claim else { return Err(ProofFault::OtherClaim) };
        let new = &self.checkpoint;
        if old.vault != new.vault {
            return Err(ProofFault::OtherVault { seq: old.seq });
        }
        [old, new].into_iter().try_for_each(|made| signed_by_one_of(made, pins))?;
        if said != old.seq {
            return Err(ProofFault::OtherStart { found: old.seq, said });
        }
        if old.seq > new.seq {
            return Err(ProofFault::Backwards { old: old.seq, new: new.seq });
        }
        let roots = old.tree_root().zip(new.tree_root());
        let follows = |(old_root, new_root): (Hash, Hash)| {
            // RFC 6962 has no proof from an empty tree, and no log of a vault is empty.
            old.seq > 0
                && verify_consistency(old.seq, &old_root, new.seq, &new_root, &self.hashes)
                && (old.seq != new.seq || old.hash == new.hash)
        };
        if roots.is_some_and(follows) { Ok(()) } else { Err(ProofFault::Growth { old: old.seq, new: new.seq }) }
    }

    /// The entry that is in the log of the checkpoint here, which was signed by a key that was pinned.
    pub fn check_entry(&self, pins: &[Pin]) -> Result<AuditEntry, ProofFault> {
        let Claim::Inclusion { index, extra } = &self.claim else { return Err(ProofFault::OtherClaim) };
        let (index, made) = (*index, &self.checkpoint);
        signed_by_one_of(made, pins)?;
        let line = extra.as_ref().ok_or(ProofFault::NoLine)?;
        let proven = |root| verify_inclusion(index, &leaf_hash(line), made.seq, &root, &self.hashes);
        if !made.tree_root().is_some_and(proven) {
            return Err(ProofFault::Entry { seq: index.saturating_add(1) });
        }
        let entry: AuditEntry = serde_json::from_slice(line).map_err(|_| ProofFault::NoEntry)?;
        if index.checked_add(1) == Some(entry.seq) { Ok(entry) } else { Err(ProofFault::NoEntry) }
    }
}

fn signed_by_one_of(made: &AuditCheckpoint, pins: &[Pin]) -> Result<(), ProofFault> {
    let signed = |pin: &Pin| pin.vault().is_none_or(|vault| vault == made.vault) && made.is_signed_by(pin.key());
    if pins.iter().any(signed) { Ok(()) } else { Err(ProofFault::Unsigned { seq: made.seq }) }
}

/// Why a proof shows nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProofFault {
    /// The older checkpoint is the newer one.
    #[error(
        "the checkpoint to begin with is of entry {old}, and the one of the proof of entry {new}: a log that was cut off, or two files exchanged"
    )]
    Backwards {
        /// The entry of the one to begin with.
        old: u64,
        /// That of the other.
        new: u64,
    },
    /// The hashes do not lead from the entry to the root.
    #[error("the log of the checkpoint does not hold this as entry {seq}: the entry, the proof or the log is another")]
    Entry {
        /// The entry.
        seq: u64,
    },
    /// The hashes do not lead from one root to the other.
    #[error(
        "the log up to entry {new} does not begin with the one up to entry {old}: it took another way, or was edited, or this is not the proof of it"
    )]
    Growth {
        /// The entry of the older checkpoint.
        old: u64,
        /// That of the newer one.
        new: u64,
    },
    /// What is proven to be in the log is no entry of that number.
    #[error("what is in the log there is no audit entry of that number")]
    NoEntry,
    /// The line of the entry is not beside it.
    #[error("the proof does not hold the line of the entry")]
    NoLine,
    /// It is about an entry, or about two checkpoints, and the other was asked.
    #[error("the proof is of the other kind: of one entry, or of two checkpoints")]
    OtherClaim,
    /// It begins with another number of entries.
    #[error("the proof goes on from entry {said}, and the checkpoint to begin with is of entry {found}")]
    OtherStart {
        /// That of the checkpoint.
        found: u64,
        /// That of the proof.
        said: u64,
    },
    /// The two checkpoints are of two vaults.
    #[error("the checkpoint of entry {seq} is of another vault than the one of the proof")]
    OtherVault {
        /// The entry of the one to begin with.
        seq: u64,
    },
    /// None of the pinned keys has signed a checkpoint.
    #[error("the checkpoint of entry {seq} is signed by none of the pinned public keys")]
    Unsigned {
        /// Its entry.
        seq: u64,
    },
}
