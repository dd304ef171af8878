//! `audit list` and `audit verify`.

use serde_json::json;
use strongroom::{AuditEntry, Outcome};

use super::args::AuditListArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::text::{Table, counted};

pub(crate) fn list(context: &mut Context<'_>, args: &AuditListArgs) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    let (mut after, mut left) = (args.after, if args.all { usize::MAX } else { args.limit.get() });
    let mut table = Table::default();
    let heading = ["SEQ", "AT", "ACTOR", "ACTION", "OUTCOME", "KEY", "DETAILS"].map(String::from).to_vec();
    let mut rows = vec![heading];
    while left > 0 && !context.terminal.closed() {
        let page = vault.audit_entries(after, left.min(PAGE))?;
        let Some(last) = page.last() else { break };
        (after, left) = (last.seq, left - page.len());
        for entry in &page {
            context.terminal.document("audit-entry", entry)?;
            rows.push(row(entry));
        }
        for line in table.lines(&std::mem::take(&mut rows)) {
            context.terminal.line(&line)?;
        }
    }
    if left == 0 && !vault.audit_entries(after, 1)?.is_empty() {
        context.terminal.note(&format!("more follow: --after {after}, or --all"));
    }
    Ok(Exit::Success)
}

pub(crate) fn verify(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let entries = context.open_reading()?.verify_audit()?;
    context.terminal.document("audit-verification", &json!({ "whole": true, "entries": entries }))?;
    context
        .terminal
        .line(&format!("the audit log is whole: {}", counted(entries, "chained entry").replace("entrys", "entries")))?;
    Ok(Exit::Success)
}

fn row(entry: &AuditEntry) -> Vec<String> {
    let outcome = match entry.outcome {
        Outcome::Done => "done",
        Outcome::Refused => "refused",
        _ => "other",
    };
    let counts = entry.counts.iter().map(|(name, count)| format!("{name}={count}"));
    let reason = entry.reason.iter().map(|reason| format!("reason: {reason}"));
    vec![
        entry.seq.to_string(),
        entry.at.to_string(),
        entry.actor.clone(),
        entry.action.name().into(),
        outcome.into(),
        entry.key.map_or_else(|| "-".into(), |key| key.to_string()),
        counts.chain(reason).collect::<Vec<_>>().join(" "),
    ]
}

const PAGE: usize = 500;
