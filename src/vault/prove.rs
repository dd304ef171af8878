//! Making proofs about the audit log, from what is stored of its tree and from its lines.

use std::collections::BTreeSet;

use crate::audit_log::{AuditFault, row_key};
use crate::error::{Detail, Error};
use crate::ledger::{grow, subtree_key, verify_chain};
use crate::note::Claim;
use crate::store::{Rows, Table};
use crate::tree::{
    CompactRange, Hash, SUBTREE, Subtree, consistency, fold, inclusion, leaf_hash, verify_consistency, verify_inclusion,
};
use crate::vault::audit_check::CheckpointFault;
use crate::vault::auditor::{Auditor, Standing};
use crate::vault::checkpoint::AuditCheckpoint;
use crate::vault::handle::Vault;
use crate::vault::proof::{AuditProof, ProofFault};

/// A proof that was made, and held against the checkpoints before it was given away.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MadeProof {
    /// The proof.
    pub proof: AuditProof,
    /// Which of the hashes that the store keeps of every 4,096 entries, from 0, were wrong, and were computed anew: somebody wrote them.
    pub wrong_subtrees: Vec<u64>,
}

/// Why no proof was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProveError {
    /// A checkpoint is not that of the log.
    #[error("the checkpoint of entry {seq}: {fault}")]
    Checkpoint {
        /// Its entry.
        seq: u64,
        /// Why not.
        fault: CheckpointFault,
    },
    /// The log could not be read, or is not whole.
    #[error(transparent)]
    Failed(#[from] Error),
    /// What was asked for cannot be proven of any log.
    #[error(transparent)]
    Proof(#[from] ProofFault),
}

/// # Proofs of the audit log
impl Vault {
    /// A new checkpoint, and the proof that the log goes on from an older one. Beside the head, it reads the lines between and the
    /// hashes that are kept of the others, and not the whole log.
    pub fn prove_audit_since(&self, old: &AuditCheckpoint) -> Result<MadeProof, ProveError> {
        let new = self.at_one_moment(|rows, keyring, head| {
            head.is_the_end_of_the_log(rows)?;
            Ok(AuditCheckpoint::of(keyring, head, self.now()))
        })?;
        self.prove_audit_between(old, &new)
    }
}

/// # Proofs of the audit log
impl Auditor {
    /// The proof that the log of `new` goes on from that of `old`. It takes no key: what was signed are the checkpoints.
    pub fn prove_audit_between(&self, old: &AuditCheckpoint, new: &AuditCheckpoint) -> Result<MadeProof, ProveError> {
        let claim = Claim::Consistency { old: old.seq };
        self.prove(&claim, &[old, new], |nodes| {
            let hashes = consistency(old.seq, new.seq, &mut |subtree| nodes.hash(subtree))?.unwrap_or_default();
            let roots = old.tree_root().zip(new.tree_root());
            let holds = |(was, is): (Hash, Hash)| verify_consistency(old.seq, &was, new.seq, &is, &hashes);
            Ok(roots.is_some_and(holds).then_some(hashes))
        })
    }

    /// The proof that an entry is in the log of a checkpoint, with the entry in it.
    pub fn prove_audit_entry(&self, seq: u64, checkpoint: &AuditCheckpoint) -> Result<MadeProof, ProveError> {
        let index = seq.checked_sub(1).filter(|index| *index < checkpoint.seq).ok_or(ProofFault::Entry { seq })?;
        let line = self.rows().get(Table::Audit, &row_key(seq)).map_err(Error::from)?;
        let line = line.ok_or_else(|| Error::from(AuditFault::Missing { seq }))?;
        let leaf = leaf_hash(&line);
        let claim = Claim::Inclusion { index, extra: Some(line) };
        self.prove(&claim, &[checkpoint], |nodes| {
            let hashes = inclusion(index, checkpoint.seq, &mut |subtree| nodes.hash(subtree))?.unwrap_or_default();
            let holds = |root: Hash| verify_inclusion(index, &leaf, checkpoint.seq, &root, &hashes);
            Ok(checkpoint.tree_root().is_some_and(holds).then_some(hashes))
        })
    }

    /// Makes a proof that leads to the last of these checkpoints: from what is stored of the tree, and where that does not hold, from the
    /// lines.
    fn prove(
        &self,
        claim: &Claim,
        checkpoints: &[&AuditCheckpoint],
        make: impl Fn(&mut Nodes<'_>) -> Result<Option<Vec<Hash>>, Error>,
    ) -> Result<MadeProof, ProveError> {
        let made = self.log_at_one_moment(|rows, log| {
            for made in checkpoints {
                if let Some(fault) = log.refuses(made, rows)? {
                    return Ok(Err(ProveError::Checkpoint { seq: made.seq, fault }));
                }
            }
            if let Some([old, new]) = checkpoints.windows(2).find(|pair| pair[0].seq > pair[1].seq) {
                return Ok(Err(ProofFault::Backwards { old: old.seq, new: new.seq }.into()));
            }
            let mut stored = Nodes { rows, stored: Some(BTreeSet::new()) };
            if let Some(hashes) = make(&mut stored)? {
                return Ok(Ok((hashes, vec![])));
            }
            if let Some(hashes) = make(&mut Nodes { rows, stored: None })? {
                return Ok(Ok((hashes, stored.wrong()?)));
            }
            // Then a line or a root is wrong: the chain and the roots tell which.
            let sizes: Vec<_> = checkpoints.iter().map(|made| made.seq).collect();
            let roots = verify_chain(log.keyring.vault(), rows, &log.head, &sizes)?;
            let other = checkpoints.iter().find(|made| made.tree_root().as_ref() != roots.get(&made.seq));
            let made = other.or(checkpoints.last()).expect("a proof leads to a checkpoint");
            let fault = log.by_retired_key(made, AuditFault::Forked { seq: made.seq }.into());
            Ok(Err(ProveError::Checkpoint { seq: made.seq, fault }))
        })?;
        let (hashes, wrong_subtrees) = made?;
        let checkpoint = (*checkpoints.last().expect("a proof leads to a checkpoint")).clone();
        Ok(MadeProof { proof: AuditProof::of(claim.clone(), hashes, checkpoint), wrong_subtrees })
    }
}

impl Standing {
    /// Why a checkpoint is not one of this log, as far as that can be said without following it.
    fn refuses(&self, made: &AuditCheckpoint, rows: &dyn Rows) -> Result<Option<CheckpointFault>, Error> {
        if let Err(fault) = self.signed_by(made, None) {
            return Ok(Some(fault));
        }
        match made.is_in(rows, &self.head).map_err(Error::into_detail) {
            Ok(()) => Ok(None),
            Err(Detail::Audit(fault)) => Ok(Some(self.by_retired_key(made, fault.into()))),
            Err(error) => Err(error.into()),
        }
    }
}

/// The hashes of perfect subtrees, as they are read.
struct Nodes<'r> {
    rows: &'r dyn Rows,
    /// The stored ones that were used; nothing where all is computed from the lines.
    stored: Option<BTreeSet<u64>>,
}

impl Nodes<'_> {
    fn hash(&mut self, subtree: Subtree) -> Result<Hash, Error> {
        if subtree.len() < SUBTREE || self.stored.is_none() {
            return self.of_lines(subtree.start(), subtree.len());
        }
        let first = subtree.start() / SUBTREE;
        fold((first..first + subtree.len() / SUBTREE).map(|index| self.kept(index)))
    }

    /// One that the store keeps, or should.
    fn kept(&mut self, index: u64) -> Result<Hash, Error> {
        let row = self.rows.get(Table::Vault, &subtree_key(index))?;
        match row.and_then(|row| row.try_into().ok()) {
            Some(hash) => {
                self.stored.get_or_insert_default().insert(index);
                Ok(hash)
            }
            None => self.of_lines(index * SUBTREE, SUBTREE),
        }
    }

    fn of_lines(&self, start: u64, len: u64) -> Result<Hash, Error> {
        let (mut tree, end) = (CompactRange::default(), start + len);
        let mut next = start + 1;
        while next <= end {
            let limit = usize::try_from(end - next + 1).unwrap_or(PAGE).min(PAGE);
            let page = self.rows.scan(Table::Audit, Some(&row_key(next - 1)), limit)?;
            if page.is_empty() {
                return Err(AuditFault::Missing { seq: next }.into());
            }
            for (key, line) in page {
                if key != row_key(next) {
                    return Err(AuditFault::Missing { seq: next }.into());
                }
                grow(&mut tree, &line);
                next += 1;
            }
        }
        Ok(tree.root())
    }

    /// Which of those that were used are not what the lines give.
    fn wrong(&self) -> Result<Vec<u64>, Error> {
        let mut wrong = vec![];
        for &index in self.stored.iter().flatten() {
            let row = self.rows.get(Table::Vault, &subtree_key(index))?;
            if row.as_deref() != Some(self.of_lines(index * SUBTREE, SUBTREE)?.as_slice()) {
                wrong.push(index);
            }
        }
        Ok(wrong)
    }
}

const PAGE: usize = 1_000;
