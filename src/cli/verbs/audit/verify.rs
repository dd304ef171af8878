//! `audit verify`: the chain, and checkpoints of it.

use serde_json::json;
use strongroom::audit::{AuditCheck, AuditCheckpoint, CheckpointFault};
use strongroom::error::Detail;

use crate::args::AuditVerifyArgs;
use crate::checkpoints::{Checkpoints, told};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::counted;
use crate::told::Told;

pub(crate) fn verify(context: &mut Context<'_>, args: &AuditVerifyArgs) -> Result<Exit, Failure> {
    let checkpoints = Checkpoints::read(&args.checkpoint)?;
    let vault = context.open_log()?;
    let check = vault.check_audit(&checkpoints.list)?;
    let anchored = vault.check_anchor();
    let what = |_: &AuditCheckpoint, fault: &CheckpointFault| fault.to_string();
    let documents = checkpoints.documents(&check.checkpoints, what);
    let whole = check.fault.is_none();
    let body = json!({ "whole": whole, "entries": check.entries, "checkpoints": documents });
    context.terminal.document("audit-verification", &body)?;
    if whole {
        let entries = counted(check.entries, "chained entry");
        context.terminal.line(&format!("the audit log is whole: {entries}"))?;
    }
    for line in checkpoints.lines(&check.checkpoints, what) {
        context.terminal.line(&line)?;
    }
    judge(context, &check).and_then(|exit| Ok(anchored.map(|()| exit)?))
}

/// The gravest fault decides: what the log is, before what a checkpoint is.
fn judge(context: &Context<'_>, check: &AuditCheck) -> Result<Exit, Failure> {
    if let Some(fault) = check.fault {
        return Err(Detail::Audit(fault).into());
    }
    let faults = || check.checkpoints.iter().filter_map(|check| check.fault.as_ref());
    let rank = |fault: &&CheckpointFault| match fault {
        CheckpointFault::Log(_) => 0,
        CheckpointFault::Records => 1,
        CheckpointFault::Altered => 2,
        CheckpointFault::OtherVault { .. } => 3,
        _ => 4,
    };
    let Some(gravest) = faults().min_by_key(rank) else { return Ok(Exit::Success) };
    let told = match gravest {
        CheckpointFault::Log(fault) => return Err(Detail::Audit(*fault).into()),
        of_checkpoint => told(of_checkpoint, &context.place.option()),
    };
    let Some(told) = told else { return Ok(Exit::Success) };
    let others = faults().count() - 1;
    let told = if others == 0 { told } else { also(told, others) };
    Err(told.into())
}

fn also(mut told: Told, others: usize) -> Told {
    told.causes.push(format!("{} beside it, listed above", counted(others as u64, "more fault")));
    told
}
