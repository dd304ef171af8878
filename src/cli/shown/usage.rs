//! Uses of API keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use strongroom::usage::{ListedUsage, Usage, UsageError};

use crate::text::counted;

/// A line of a list, without what takes much room.
pub(crate) fn summary(mut line: ListedUsage) -> ListedUsage {
    if let Ok(Some(usage)) = &mut line.usage {
        usage.endpoints = BTreeMap::new();
    }
    line
}

/// When it was used last, and how often.
pub(crate) fn cells(usage: &Result<Option<Usage>, UsageError>) -> [String; 2] {
    match usage {
        Ok(Some(usage)) => [last_used(usage), usage.verifications.to_string()],
        Ok(None) => ["-".into(), "0".into()],
        Err(_) => ["unreadable".into(), "-".into()],
    }
}

/// Adds what a list says.
pub(crate) fn with_summary(document: Value, usage: &Result<Option<Usage>, UsageError>) -> Value {
    match usage {
        Ok(usage) => with(document, &usage.clone().unwrap_or_default()),
        Err(error) => {
            let mut document = document;
            document["usage_damaged"] = json!(error.to_string());
            document
        }
    }
}

/// Adds everything.
pub(crate) fn with_all(document: Value, usage: Option<&Usage>) -> Value {
    let usage = usage.cloned().unwrap_or_default();
    let mut document = with(document, &usage);
    document["last_address"] = json!(usage.last_address.map(|address| address.to_string()));
    document["refusals"] = json!(usage.refusals);
    document["endpoints"] = json!(usage.endpoints);
    document["other_endpoints"] = json!(usage.other_endpoints);
    document
}

fn with(mut document: Value, usage: &Usage) -> Value {
    document["last_used_at"] = json!(usage.last_used_at.map(|at| at.to_string()));
    document["verifications"] = json!(usage.verifications);
    document["refused"] = json!(usage.refused());
    document
}

/// The rows of `show`.
pub(crate) fn rows(usage: Option<&Usage>) -> Vec<(&'static str, String)> {
    let Some(usage) = usage else { return vec![("last used", "never".into())] };
    let from = usage.last_address.map(|address| format!(" from {address}")).unwrap_or_default();
    let mut rows = vec![
        (
            "last used",
            format!("{}{from}", if usage.last_used_at.is_some() { last_used(usage) } else { "never".into() }),
        ),
        ("uses", usage.verifications.to_string()),
    ];
    let causes: Vec<_> = usage.refusals.iter().map(|(cause, count)| format!("{count} {cause}")).collect();
    if !causes.is_empty() {
        rows.push(("refused", causes.join(", ")));
    }
    let most = most_used(usage.endpoints.iter().map(|(endpoint, count)| (endpoint.clone(), *count)));
    rows.extend(most.iter().take(SHOWN).map(|(endpoint, count)| ("endpoint", format!("{count} {endpoint}"))));
    let rest = most.iter().skip(SHOWN).fold(usage.other_endpoints, |sum, (_, count)| sum.saturating_add(*count));
    if rest > 0 {
        rows.push(("endpoint", format!("{} for others", counted(rest, "use"))));
    }
    rows
}

/// The highest counts first, and those that are equal by name.
pub(crate) fn most_used(counts: impl Iterator<Item = (String, u64)>) -> Vec<(String, u64)> {
    let mut counts: Vec<_> = counts.collect();
    counts.sort_by(|left, right| right.1.cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
    counts
}

fn last_used(usage: &Usage) -> String {
    usage.last_used_at.map_or_else(|| "-".into(), |at| at.to_string())
}

/// Endpoints that `show` names.
const SHOWN: usize = 10;
