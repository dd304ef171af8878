//! `audit verify`: the chain, and checkpoints of it.

use std::fs;
use std::io::{self, Read};
use std::path::Path;

use serde_json::{Value, json};
use strongroom::{AuditCheck, AuditCheckpoint, CheckpointCheck, CheckpointFault, Error};

use crate::cli::args::AuditVerifyArgs;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::failure::{Failure, Told};
use crate::cli::text::counted;

pub(crate) fn verify(context: &mut Context<'_>, args: &AuditVerifyArgs) -> Result<Exit, Failure> {
    let checkpoints = args.checkpoint.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?;
    let check = context.open_reading()?.check_audit(&checkpoints)?;
    let named: Vec<_> = args.checkpoint.iter().zip(&checkpoints).zip(&check.checkpoints).collect();
    let documents: Vec<_> = named.iter().map(|((path, checkpoint), check)| document(path, checkpoint, check)).collect();
    let whole = check.fault.is_none();
    let body = json!({ "whole": whole, "entries": check.entries, "checkpoints": documents });
    context.terminal.document("audit-verification", &body)?;
    if whole {
        let entries = if check.entries == 1 { "entry" } else { "entries" };
        context.terminal.line(&format!("the audit log is whole: {} chained {entries}", check.entries))?;
    }
    for ((path, checkpoint), check) in named {
        context.terminal.line(&described(path, checkpoint, check))?;
    }
    judge(context, &check)
}

fn read(path: &Path) -> Result<AuditCheckpoint, Failure> {
    let mut text = String::new();
    let read = if path.as_os_str() == "-" {
        io::stdin().take(MAX_LEN).read_to_string(&mut text)
    } else {
        fs::File::open(path).and_then(|file| file.take(MAX_LEN).read_to_string(&mut text))
    };
    let wrong = |why: String| {
        let hint = "give a file that `strongroom audit checkpoint` has printed";
        Failure::from(Told::new(Exit::Usage, "checkpoint-file", format!("{}: {why}", path.display())).hint(hint))
    };
    read.map_err(|error| wrong(error.to_string()))?;
    AuditCheckpoint::parse(&text).map_err(|error| wrong(error.to_string()))
}

fn document(path: &Path, checkpoint: &AuditCheckpoint, check: &CheckpointCheck) -> Value {
    json!({
        "file": path.display().to_string(),
        "at": checkpoint.at,
        "seq": checkpoint.seq,
        "agrees": check.fault.is_none(),
        "authenticated": check.authenticated,
        "entries_since": check.entries_since,
        "fault": check.fault.as_ref().map(CheckpointFault::name),
        "what": check.fault.as_ref().map(ToString::to_string),
    })
}

fn described(path: &Path, checkpoint: &AuditCheckpoint, check: &CheckpointCheck) -> String {
    let place = format!("checkpoint {} (entry {}, {})", path.display(), checkpoint.seq, checkpoint.at);
    match &check.fault {
        Some(fault) => format!("{place}: {}: {fault}", fault.name()),
        None if check.authenticated => format!("{place}: agrees; {} since", entries(check.entries_since)),
        None => format!(
            "{place}: agrees; {} since; its MAC cannot be checked any more, since a later rotation dropped that generation",
            entries(check.entries_since)
        ),
    }
}

fn entries(count: u64) -> String {
    if count == 1 { "1 entry".into() } else { format!("{count} entries") }
}

/// The gravest fault decides: what the log is, before what a checkpoint is.
fn judge(context: &Context<'_>, check: &AuditCheck) -> Result<Exit, Failure> {
    if let Some(fault) = check.fault {
        return Err(Error::Audit(fault).into());
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
    let store = context.place.option();
    let told = match gravest {
        CheckpointFault::Log(fault) => return Err(Error::Audit(*fault).into()),
        CheckpointFault::OtherVault { .. } => Told::new(Exit::Usage, "checkpoint-vault", gravest.to_string())
            .hint("name the vault that it is of with --store"),
        CheckpointFault::Future { .. } => Told::new(Exit::NotValid, "checkpoint-future", gravest.to_string())
            .hint("set the clock of this machine, or find out which machine made the checkpoint"),
        CheckpointFault::Records => Told::new(Exit::Corrupt, "checkpoint-records", gravest.to_string())
            .hint(format!("`strongroom doctor{store}` looks at every record; find out who can write the store")),
        _ => Told::new(Exit::Corrupt, "checkpoint-altered", gravest.to_string())
            .hint("find out who can write the file, and compare with another checkpoint"),
    };
    let others = faults().count() - 1;
    let told = if others == 0 { told } else { also(told, others) };
    Err(told.into())
}

fn also(mut told: Told, others: usize) -> Told {
    told.causes.push(format!("{} beside it, listed above", counted(others as u64, "more fault")));
    told
}

/// Far longer than any checkpoint.
const MAX_LEN: u64 = 64 * 1024;
