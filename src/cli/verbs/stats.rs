//! `stats`: the API keys and their uses, summed up.

mod prometheus;
mod sums;

use serde_json::json;
use strongroom::error::Detail;
use strongroom::{Error, Query, Timestamp};

use crate::args::{FormatArg, StatsArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Meter;
use crate::shown::api_key::unreadable_records;
use crate::text::counted;
use sums::Sums;

pub(crate) fn stats(context: &mut Context<'_>, args: &StatsArgs) -> Result<Exit, Failure> {
    if context.terminal.json() && args.format == FormatArg::Prometheus {
        return Err(Failure::input("--json and --format prometheus exclude each other", "leave one of them out"));
    }
    let vault = context.open_reading()?;
    let total = vault.status()?.record_count();
    let (mut meter, mut sums, mut done) = (Meter::new(), Sums::new(Timestamp::now()), 0);
    for line in vault.list_usage_all(&Query::new()) {
        sums.count(&line?);
        done += 1;
        if done % METER_STEP == 0 {
            meter.show(context.terminal, "stats", done, total);
        }
    }
    match vault.usage_of_none().map_err(Error::into_detail) {
        Ok(usage) => sums.add(&usage.unwrap_or_default()),
        Err(Detail::Tampered { .. }) => sums.damaged += 1,
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
    if sums.unreadable == 0 { Ok(Exit::Success) } else { Err(unreadable_records(&context.place, sums.unreadable)) }
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
    context.terminal.pairs(rows)
}

const TOP: u16 = 10;
/// API keys between two looks at the clock.
const METER_STEP: u64 = 1_000;
