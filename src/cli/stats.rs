//! `stats`: the API keys and their uses, summed up.

mod prometheus;

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use serde_json::json;
use strongroom::usage::{ListedUsage, Usage};
use strongroom::{ApiKey, Error, Query, Status, Timestamp};

use super::args::{FormatArg, StatsArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::keys::unreadable_records;
use super::progress::Meter;
use super::text::{Table, counted};
use super::uses::most_used;

pub(crate) fn stats(context: &mut Context<'_>, args: &StatsArgs) -> Result<Exit, Failure> {
    if context.terminal.json() && args.format == FormatArg::Prometheus {
        return Err(Failure::input("--json and --format prometheus exclude each other", "leave one of them out"));
    }
    let vault = context.open_reading()?;
    let total = vault.status()?.record_count();
    let (mut meter, mut sums, mut done) = (Meter::new(), Sums::new(Timestamp::now()), 0);
    vault.list_usage(&Query::new().limit(usize::MAX), |line| {
        sums.count(&line);
        done += 1;
        if done % METER_STEP == 0 {
            meter.show(context.terminal, "stats", done, total);
        }
        ControlFlow::Continue(())
    })?;
    match vault.usage_of_none() {
        Ok(usage) => sums.add(&usage.unwrap_or_default()),
        Err(Error::Tampered { .. }) => sums.damaged += 1,
        Err(error) => return Err(error.into()),
    }
    match args.format {
        FormatArg::Prometheus => context.terminal.raw(&prometheus::page(&sums, args.top.unwrap_or(0).into()))?,
        FormatArg::Text => show(context, &sums, args.top.unwrap_or(TOP).into())?,
    }
    if sums.damaged > 0 {
        let rows = counted(sums.damaged, "row");
        context
            .terminal
            .note(&format!("warning: counts that do not open were left out: {rows}; see `strongroom doctor`"));
    }
    if sums.unreadable == 0 { Ok(Exit::Success) } else { Err(unreadable_records(context, sums.unreadable)) }
}

/// What was counted, of all API keys.
struct Sums {
    now: Timestamp,
    by_status: BTreeMap<&'static str, u64>,
    /// Those used within so many days.
    used: [(u64, u64); 4],
    never_used: u64,
    last_used_at: Option<Timestamp>,
    verifications: u64,
    refusals: BTreeMap<String, u64>,
    endpoints: Endpoints,
    /// Records that do not open.
    unreadable: u64,
    /// Counts that do not open.
    damaged: u64,
}

impl Sums {
    fn new(now: Timestamp) -> Self {
        Self {
            now,
            by_status: Status::ALL.map(|status| (status.name(), 0)).into(),
            used: [1, 7, 30, 90].map(|days| (days, 0)),
            never_used: 0,
            last_used_at: None,
            verifications: 0,
            refusals: BTreeMap::new(),
            endpoints: Endpoints::default(),
            unreadable: 0,
            damaged: 0,
        }
    }

    fn count(&mut self, line: &ListedUsage) {
        match &line.listed.key {
            Ok(key) => *self.by_status.entry(ApiKey::status(key, self.now).name()).or_default() += 1,
            Err(_) => self.unreadable += 1,
        }
        match &line.usage {
            Ok(usage) => {
                let usage = usage.as_ref();
                self.count_last_use(usage.and_then(|usage| usage.last_used_at));
                if let Some(usage) = usage {
                    self.add(usage);
                }
            }
            Err(_) => self.damaged += 1,
        }
    }

    fn count_last_use(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else {
            self.never_used += 1;
            return;
        };
        for (days, count) in &mut self.used {
            *count += u64::from(self.now.since(at) < Duration::from_secs(*days * 86_400));
        }
        self.last_used_at = self.last_used_at.max(Some(at));
    }

    fn add(&mut self, usage: &Usage) {
        self.verifications = self.verifications.saturating_add(usage.verifications);
        for (cause, count) in &usage.refusals {
            let sum = self.refusals.entry(cause.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.endpoints.add(usage);
    }
}

/// Counts by endpoint, of no more endpoints than fit into a few megabytes.
#[derive(Default)]
struct Endpoints {
    counts: BTreeMap<String, u64>,
    others: u64,
}

impl Endpoints {
    fn add(&mut self, usage: &Usage) {
        self.others = self.others.saturating_add(usage.other_endpoints);
        for (endpoint, count) in &usage.endpoints {
            match self.counts.get_mut(endpoint) {
                Some(sum) => *sum = sum.saturating_add(*count),
                None => drop(self.counts.insert(endpoint.clone(), *count)),
            }
        }
        if self.counts.len() > MAX_ENDPOINTS {
            self.give_up_the_rare();
        }
    }

    /// The less used half, to the others.
    fn give_up_the_rare(&mut self) {
        let mut kept = most_used(std::mem::take(&mut self.counts).into_iter());
        for (_, count) in kept.drain(MAX_ENDPOINTS / 2..) {
            self.others = self.others.saturating_add(count);
        }
        self.counts = kept.into_iter().collect();
    }

    /// The most used, and how often all the rest together.
    fn top(&self, count: usize) -> (Vec<(String, u64)>, u64) {
        let mut top = most_used(self.counts.iter().map(|(endpoint, count)| (endpoint.clone(), *count)));
        let rest = top.drain(count.min(top.len())..).fold(self.others, |sum, (_, count)| sum.saturating_add(count));
        (top, rest)
    }
}

fn show(context: &mut Context<'_>, sums: &Sums, top: usize) -> Result<(), Failure> {
    let (endpoints, others) = sums.endpoints.top(top);
    let used: Vec<_> = sums.used.iter().map(|(days, count)| json!({ "days": days, "api_keys": count })).collect();
    let listed: Vec<_> =
        endpoints.iter().map(|(endpoint, count)| json!({ "endpoint": endpoint, "verifications": count })).collect();
    context.terminal.document(
        "stats",
        &json!({
            "api_keys": sums.by_status, "unreadable": sums.unreadable, "used_within": used,
            "never_used": sums.never_used, "last_used_at": sums.last_used_at.map(|at| at.to_string()),
            "verifications": sums.verifications, "refusals": sums.refusals, "endpoints": listed,
            "other_endpoints": others, "usage_damaged": sums.damaged,
        }),
    )?;
    let list = |counts: Vec<String>| if counts.is_empty() { "none".to_owned() } else { counts.join(", ") };
    let by_status = list(sums.by_status.iter().map(|(status, count)| format!("{count} {status}")).collect());
    let mut rows = vec![("API keys".to_owned(), by_status)];
    for (days, count) in sums.used {
        rows.push((format!("used within {}", counted(days, "day")), count.to_string()));
    }
    rows.push(("never used".into(), sums.never_used.to_string()));
    rows.push(("last use".into(), sums.last_used_at.map_or_else(|| "-".into(), |at| at.to_string())));
    rows.push(("verifications".into(), sums.verifications.to_string()));
    rows.push((
        "refusals".into(),
        list(sums.refusals.iter().map(|(cause, count)| format!("{count} {cause}")).collect()),
    ));
    rows.extend(endpoints.into_iter().map(|(endpoint, count)| ("endpoint".into(), format!("{count} {endpoint}"))));
    if others > 0 {
        rows.push(("endpoint".into(), format!("{} for others", counted(others, "use"))));
    }
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name, value]).collect();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
    Ok(())
}

const TOP: u16 = 10;
/// 5 MB of texts at most.
const MAX_ENDPOINTS: usize = 10_000;
/// API keys between two looks at the clock.
const METER_STEP: u64 = 1_000;
