//! `audit verify`: the chain, and checkpoints of it.

use serde_json::json;
use strongroom::audit::{AuditCheck, AuditCheckpoint, AuthorityKey, CheckpointFault, Pin};
use strongroom::error::Detail;

use super::opening::{self, remedy};
use crate::args::AuditVerifyArgs;
use crate::checkpoints::{Checkpoints, told};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::counted;
use crate::told::Told;

pub(crate) fn verify(context: &mut Context<'_>, args: &AuditVerifyArgs) -> Result<Exit, Failure> {
    let checkpoints = Checkpoints::read(&args.checkpoint)?;
    let auditor = opening::open_unanchored(context, args.pin.as_ref(), &checkpoints.list)?;
    let check = auditor.check_audit(&checkpoints.list)?;
    let anchored = opening::hold_to_anchor(&auditor);
    let what = |_: &AuditCheckpoint, fault: &CheckpointFault| fault.to_string();
    let documents = checkpoints.documents(&check.checkpoints, what);
    let whole = check.fault.is_none();
    let authenticated = auditor.is_authenticated();
    let pin = if authenticated { auditor.public_keys()?.into_iter().find(|key| key.active) } else { None };
    let body = json!({
        "whole": whole, "authenticated": authenticated, "entries": check.entries,
        "pin": pin.as_ref().map(|key| key.public_key), "checkpoints": documents,
    });
    context.terminal.document("audit-verification", &body)?;
    let entries = counted(check.entries, "chained entry");
    if whole && authenticated {
        context.terminal.line(&format!("the audit log is whole: {entries}"))?;
    } else if whole {
        context
            .terminal
            .line(&format!("the audit log holds together: {entries}, up to a head that nothing authenticates"))?;
    }
    for line in checkpoints.lines(&check.checkpoints, what) {
        context.terminal.line(&line)?;
    }
    // What an anchor refuses is graver than what a checkpoint says, and a log that does not hold together graver than both.
    if let (None, Err(failure)) = (check.fault, anchored) {
        return Err(failure);
    }
    let exit = judge(context, &check)?;
    if !authenticated {
        return Err(Told::new(Exit::NotValid, "pin-missing", opening::WHAT).hint(remedy(context)).into());
    }
    if let Some((pin, key)) = args.pin.as_ref().zip(pin).filter(|(pin, key)| pin.key() != key.public_key) {
        moved(pin, &key).iter().try_for_each(|line| context.terminal.line(line))?;
    }
    Ok(exit)
}

/// What to keep in the place of a pin that has ended, in the form in which that was given.
fn moved(pin: &Pin, key: &AuthorityKey) -> [String; 2] {
    let (version, from) = (key.version, key.first.unwrap_or_default());
    let kept = if pin.vault().is_some() { key.note_key.clone() } else { key.public_key.to_string() };
    [
        format!(
            "the pin moves forward, to the key of master key {version}, which speaks from entry {from} on; compare it with what `strongroom audit public-key` prints where that master key is, and keep from now on:"
        ),
        kept,
    ]
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
        CheckpointFault::Retired { .. } => 3,
        CheckpointFault::OtherVault { .. } => 4,
        _ => 5,
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
