//! A backup beside checkpoints of its vault: whether it is older than one of them, or of another line.

use serde_json::Value;
use strongroom::audit::{AuditCheckpoint, AuditFault, CheckpointCheck, CheckpointFault};
use strongroom::backup::Backup;
use strongroom::error::Detail;
use strongroom::{Error, MasterKeys};

use crate::checkpoints::{Checkpoints, told};
use crate::exit::Exit;
use crate::text::counted;
use crate::told::Told;

/// What came of the comparison.
pub(crate) struct Against<'c> {
    checkpoints: &'c Checkpoints<'c>,
    checks: Vec<CheckpointCheck>,
}

impl<'c> Against<'c> {
    pub(crate) fn compare(backup: &Backup, keys: &MasterKeys, checkpoints: &'c Checkpoints<'c>) -> Result<Self, Error> {
        if checkpoints.list.is_empty() {
            return Ok(Self { checkpoints, checks: vec![] });
        }
        let check = backup.check_audit(keys, &checkpoints.list)?;
        match check.fault {
            Some(fault) => Err(Detail::Audit(fault).into()),
            None => Ok(Self { checkpoints, checks: check.checkpoints }),
        }
    }

    pub(crate) fn documents(&self) -> Vec<Value> {
        self.checkpoints.documents(&self.checks, what)
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.checkpoints.lines(&self.checks, what)
    }

    /// The newest of those that the backup is older than.
    pub(crate) fn older_than(&self) -> Option<&AuditCheckpoint> {
        let older = self.faults().filter(|(_, fault)| is_older(fault)).map(|(checkpoint, _)| checkpoint);
        older.max_by_key(|checkpoint| checkpoint.seq)
    }

    /// The first that stands on another line than the backup.
    pub(crate) fn parted_from(&self) -> Option<&AuditCheckpoint> {
        let of_log =
            |fault: &CheckpointFault| matches!(fault, CheckpointFault::Log(_) | CheckpointFault::Retired { .. });
        let parted = |fault: &CheckpointFault| of_log(fault) && !is_older(fault);
        self.faults().find(|(_, fault)| parted(fault)).map(|(checkpoint, _)| checkpoint)
    }

    /// What is wrong with a checkpoint, and says nothing of the backup; or with the records, which nobody can want.
    pub(crate) fn refusal(&self, store: &str) -> Option<Told> {
        let rank = |told: &Told| (told.exit != Exit::Corrupt, told.exit != Exit::Usage);
        self.faults().filter_map(|(_, fault)| told(fault, store)).min_by_key(rank)
    }

    fn faults(&self) -> impl Iterator<Item = (&AuditCheckpoint, &CheckpointFault)> {
        let pairs = self.checkpoints.list.iter().zip(&self.checks);
        pairs.filter_map(|(checkpoint, check)| Some((checkpoint, check.fault.as_ref()?)))
    }
}

fn is_older(fault: &CheckpointFault) -> bool {
    matches!(fault, CheckpointFault::Log(AuditFault::RolledBack { .. }))
}

fn what(checkpoint: &AuditCheckpoint, fault: &CheckpointFault) -> String {
    match fault {
        CheckpointFault::Log(AuditFault::RolledBack { found, seen }) => {
            format!(
                "the backup is older: it ends with entry {found}, {} before",
                counted(seen.saturating_sub(*found), "entry")
            )
        }
        CheckpointFault::Log(_) | CheckpointFault::Retired { .. } => format!(
            "the two have parted: entry {} in the backup is another. One of them is of a store that was put back, or whose log \
             was written anew",
            checkpoint.seq
        ),
        of_checkpoint => of_checkpoint.to_string(),
    }
}
