//! `audit`: the log listed, verified, exported, followed, and fixed in a checkpoint.

mod export;
mod follow;
mod list;
mod verify;

pub(crate) use export::export;
pub(crate) use follow::follow;
pub(crate) use list::list;
pub(crate) use verify::verify;

use strongroom::audit::{AuditEntry, Outcome};

use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;

/// `audit checkpoint`: the same with and without `--json`.
pub(crate) fn checkpoint(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let checkpoint = context.open_reading()?.audit_checkpoint()?;
    context.terminal.raw(&format!("{}\n", checkpoint.to_json()))?;
    Ok(Exit::Success)
}

const HEADING: [&str; 7] = ["SEQ", "AT", "ACTOR", "ACTION", "OUTCOME", "KEY", "DETAILS"];

fn row(entry: &AuditEntry) -> Vec<String> {
    let outcome = match entry.outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        _ => "other",
    };
    let cause = entry.cause.iter().map(|cause| format!("cause={cause}"));
    let counts = entry.counts.iter().map(|(name, count)| format!("{name}={count}"));
    let reason = entry.reason.iter().map(|reason| format!("reason: {reason}"));
    vec![
        entry.seq.to_string(),
        entry.at.to_string(),
        entry.actor.clone(),
        entry.action.name().into(),
        outcome.into(),
        entry.key.map_or_else(|| "-".into(), |key| key.to_string()),
        cause.chain(counts).chain(reason).collect::<Vec<_>>().join(" "),
    ]
}

/// Entries read together.
const PAGE: usize = 500;
