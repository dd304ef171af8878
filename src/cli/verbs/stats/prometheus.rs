//! The text exposition format 0.0.4 of Prometheus. No name or owner is a label: each value of a label is a series.

use std::fmt::{Display, Write};

use super::sums::Sums;
use crate::text::escaped;

/// The whole page, with so many endpoints as series.
pub(super) fn page(sums: &Sums, top: usize) -> String {
    let mut page = Page::default();
    let statuses = sums.by_status.iter().map(|(status, count)| (Some(("status", (*status).to_owned())), *count));
    page.family("strongroom_api_keys", "gauge", "API keys by status.", statuses);
    let used = sums.used.iter().map(|(days, count)| (Some(("days", days.to_string())), *count));
    page.family("strongroom_api_keys_used", "gauge", "API keys used within so many days.", used);
    page.one("strongroom_api_keys_never_used", "gauge", "API keys that were never used.", sums.never_used);
    if let Some(at) = sums.last_used_at {
        let seconds = at.unix_millis().div_euclid(1_000);
        page.one("strongroom_last_use_timestamp_seconds", "gauge", "When an API key was used last.", seconds);
    }
    page.one("strongroom_verifications_total", "counter", "Tokens found valid.", sums.verifications);
    let refusals = sums.refusals.iter().map(|(cause, count)| (Some(("cause", cause.clone())), *count));
    page.family("strongroom_refusals_total", "counter", "Tokens refused, by cause.", refusals);
    if top > 0 {
        let name = "strongroom_endpoint_verifications_total";
        let (endpoints, others) = sums.endpoints.top(top);
        let endpoints = endpoints.into_iter().map(|(endpoint, count)| (Some(("endpoint", endpoint)), count));
        page.family(name, "counter", "Tokens found valid, by endpoint, the most used ones.", endpoints);
        let name = "strongroom_other_endpoint_verifications_total";
        page.one(name, "counter", "Tokens found valid for endpoints that are not listed.", others);
    }
    page.one("strongroom_unreadable_records", "gauge", "API keys whose records do not open.", sums.unreadable);
    page.one("strongroom_unreadable_usage_rows", "gauge", "Counts of uses that do not open.", sums.damaged);
    page.0
}

#[derive(Default)]
struct Page(String);

impl Page {
    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help, [(None, value)]);
    }

    fn family<V: Display>(
        &mut self,
        name: &str,
        kind: &str,
        help: &str,
        samples: impl IntoIterator<Item = (Option<(&'static str, String)>, V)>,
    ) {
        let Self(text) = self;
        let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (label, value) in samples {
            let _ = match label {
                Some((label, content)) => writeln!(text, "{name}{{{label}=\"{}\"}} {value}", quoted(&content)),
                None => writeln!(text, "{name} {value}"),
            };
        }
    }
}

/// The content of a label between quotes, and nothing that steers a terminal.
fn quoted(content: &str) -> String {
    escaped(content).replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
