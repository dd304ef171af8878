//! Uses of API keys, as `verify` records and as `list` and `show` present them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use strongroom::usage::{ListedUsage, Usage, UsageError};
use strongroom::{ApiKeyId, Error, Vault, Verifier};

use super::context::Context;
use super::failure::Failure;
use super::text::counted;

/// Writes the use, unless it is not to be recorded. The answer stands whether or not that succeeds.
pub(crate) fn record(context: &mut Context<'_>, vault: &Vault, write: bool) {
    let written = if write { vault.flush_usage().err() } else { None };
    // Nobody writes, or tries once more, when the vault is closed.
    vault.take_usage();
    if let Some(error) = written {
        context.terminal.note(&format!("warning: this use could not be recorded: {error}"));
    }
}

/// The uses of one API key. Counts that do not open are no failure of the API key.
pub(crate) fn of(context: &mut Context<'_>, vault: &Verifier, id: ApiKeyId) -> Result<Option<Usage>, Failure> {
    match vault.usage(id) {
        Err(error @ Error::Tampered { .. }) => {
            context
                .terminal
                .note(&format!("warning: {error}; `strongroom doctor{}` says more", context.place.option()));
            Ok(None)
        }
        usage => Ok(usage?),
    }
}

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
