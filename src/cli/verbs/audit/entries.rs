//! Audit entries in columns.

use strongroom::audit::{AuditEntry, Outcome};

pub(super) const HEADING: [&str; 7] = ["SEQ", "AT", "ACTOR", "ACTION", "OUTCOME", "KEY", "DETAILS"];

pub(super) fn row(entry: &AuditEntry) -> Vec<String> {
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
pub(super) const PAGE: usize = 500;
