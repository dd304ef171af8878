//! What `rotate-master-key` shows: the plan, and the report.

use serde_json::{Value, json};
use strongroom::backup::KnownBackup;
use strongroom::rotation::{RotateOptions, RotationOutcome, RotationPlan, RotationReport, Unreadable};
use strongroom::store::Scrub;
use strongroom::{MasterKeyVersion, Vault, VaultStatus};

use crate::args::RotateArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::backup::{known_or_none, needing_others, needing_others_told};
use crate::shown::master_key::fingerprint;
use crate::shown::rotation::{described, estimate, estimate_document, estimated, generations, open_rotation};
use crate::text::counted;

pub(super) fn show_plan(
    context: &mut Context<'_>,
    args: &RotateArgs,
    vault: &Vault,
    options: &RotateOptions,
    plan: &RotationPlan,
) -> Result<Exit, Failure> {
    let status = vault.status()?;
    let estimate = (!args.rewrap_only).then(|| estimate(vault, options));
    let (needless, known) = (needless(&status, plan), known_or_none(vault));
    let from = fingerprint(&status, plan.from_master_key);
    let to = plan.to_fingerprint.to_string();
    let document = json!({
        "from_master_key": plan.from_master_key, "from_fingerprint": from,
        "to_master_key": plan.to_master_key, "to_fingerprint": to,
        "rewrap_only": args.rewrap_only,
        "compromised": args.compromised,
        "generations": generations(&plan.census),
        "estimate": estimate.as_ref().map_or(Value::Null, estimate_document),
        "removable_master_keys": status.removable().collect::<Vec<_>>(),
        "removable_afterwards": needless,
        "backups_needing_other_keys": needing_others(&known, plan.to_master_key),
        "open": plan.open.as_ref().map(open_rotation),
    });
    context.terminal.document("rotation-plan", &document)?;
    let mut rows = vec![("master key", format!("{} ({from}) -> {} ({to})", plan.from_master_key, plan.to_master_key))];
    for of in &plan.census {
        let count = counted(of.records, "record");
        rows.push(("generation", format!("{}: {count}, under master key {}", of.generation, of.master_key)));
    }
    rows.extend(estimate.map(|estimate| ("it would take", estimated(&estimate))));
    let versions: Vec<_> = needless.iter().map(ToString::to_string).collect();
    let versions = if versions.is_empty() { "none".into() } else { versions.join(", ") };
    rows.push(("no longer needed", format!("afterwards, of the configured master keys: {versions}")));
    rows.extend(needing_others_told(&known, plan.to_master_key).map(|told| ("old backups", told)));
    rows.push(("rotation", plan.open.as_ref().map_or_else(|| "none open".into(), described)));
    context.terminal.pairs(rows)?;
    let what = match (args.rewrap_only, args.compromised) {
        (true, _) => "the records would stay as they are",
        (false, true) => "every record would be re-encrypted, and every API key issued so far marked as exposed",
        (false, false) => "every record would be re-encrypted",
    };
    context.terminal.note(&format!("a dry run: {what}; nothing was done"));
    Ok(Exit::Success)
}

pub(super) fn show_report(
    context: &mut Context<'_>,
    report: &RotationReport,
    status: &VaultStatus,
    known: &[KnownBackup],
) -> Result<(), Failure> {
    let removable: Vec<_> = status.removable().collect();
    let finished = report.outcome == RotationOutcome::Finished;
    let mut shown = document(report, &removable);
    shown["backups_needing_other_keys"] = needing_others(known, status.active_master_key);
    context.terminal.document("rotation", &shown)?;
    let master = |version| format!("{version} ({})", fingerprint(status, version));
    let mut rows =
        vec![("master key", format!("{} -> {}", master(report.from_master_key), master(report.to_master_key)))];
    if report.from_generation == report.to_generation {
        rows.push(("records", "left as they are; only the data keys were wrapped anew".into()));
    } else {
        let generations = format!("generation {} -> {}", report.from_generation, report.to_generation);
        rows.push(("moved", format!("{}, {generations}", counted(report.moved, "record"))));
    }
    if report.verified > 0 && report.outcome != RotationOutcome::Stopped {
        let verified = counted(report.verified, "record");
        rows.push(("verified", format!("{verified}, opened under generation {}", report.to_generation)));
    }
    if report.abandoned > 0 {
        rows.push(("abandoned", format!("{} that did not open", counted(report.abandoned, "record"))));
    }
    if report.usage_dropped > 0 {
        let dropped = counted(report.usage_dropped, "row");
        rows.push(("usage", format!("{dropped} that did not open: the counts in them are lost")));
    }
    if report.compromised && finished {
        rows.push((
            "exposed",
            format!(
                "every API key issued before: `strongroom list{} --exposed` shows what to reissue",
                context.place.option()
            ),
        ));
        rows.push(("not healed", "copies of the store taken before open with the old master key for ever".into()));
    }
    if report.stale_lookups > 0 {
        rows.push((
            "stale lookups",
            format!("{}: imported tokens that no rotation can re-index", report.stale_lookups),
        ));
    }
    if report.lookups_dropped > 0 {
        let dropped = counted(report.lookups_dropped, "row");
        rows.push(("index", format!("{dropped} for imported tokens led to no record, and were deleted")));
    }
    if let Some(scrub) = report.scrub {
        let left = report.old_bytes.as_ref().map(|why| format!("some may be left: {why}"));
        rows.push(("old bytes", left.unwrap_or_else(|| scrubbed(scrub).1.into())));
    }
    if let Some(searched) = report.searched {
        let left = counted(searched.left, "old record");
        rows.push((
            "searched",
            format!("{}, every one in the files of the store: {left}", counted(searched.bytes, "byte")),
        ));
    }
    if finished && !removable.is_empty() {
        let versions: Vec<_> = removable.iter().map(ToString::to_string).collect();
        rows.push(("no longer needed", format!("master key {}: remove it from the environment", versions.join(", "))));
    }
    rows.extend(needing_others_told(known, status.active_master_key).map(|told| ("old backups", told)));
    context.terminal.pairs(rows)?;
    if report.unreadable.is_empty() {
        return Ok(());
    }
    let mut rows = vec![["UNREADABLE", "CAUSE", "MESSAGE"].map(String::from).to_vec()];
    rows.extend(report.unreadable.iter().map(|Unreadable { id, cause, .. }| {
        vec![
            id.map_or_else(|| "a row that is no id".into(), |id| id.to_string()),
            cause.cause().into(),
            cause.to_string(),
        ]
    }));
    context.terminal.table(&rows)
}

/// Configured versions that nothing needs once the rotation is over.
fn needless(status: &VaultStatus, plan: &RotationPlan) -> Vec<MasterKeyVersion> {
    let mut versions: Vec<_> = status.removable().collect();
    let configured = |version: &MasterKeyVersion| status.configured.iter().any(|(known, _)| known == version);
    versions.extend(Some(plan.from_master_key).filter(|from| configured(from) && *from != plan.to_master_key));
    versions.sort_unstable();
    versions.dedup();
    versions
}

fn document(report: &RotationReport, removable: &[MasterKeyVersion]) -> Value {
    let unreadable = |Unreadable { id, cause, .. }: &Unreadable| json!({ "id": id.map(|id| id.to_string()), "cause": cause.cause(), "message": cause.to_string() });
    json!({
        "outcome": report.outcome.name(),
        "from_master_key": report.from_master_key,
        "to_master_key": report.to_master_key,
        "from_generation": report.from_generation,
        "to_generation": report.to_generation,
        "resumed": report.resumed,
        "moved": report.moved,
        "verified": report.verified,
        "abandoned": report.abandoned,
        "usage_dropped": report.usage_dropped,
        "compromised": report.compromised,
        "unreadable": report.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
        "stale_lookups": report.stale_lookups,
        "lookups_dropped": report.lookups_dropped,
        "scrub": report.scrub.map(|scrub| scrubbed(scrub).0),
        "old_bytes": report.old_bytes,
        "searched": report.searched.map(|searched| json!({ "bytes": searched.bytes, "left": searched.left })),
        "removable_master_keys": removable,
    })
}

fn scrubbed(scrub: Scrub) -> (&'static str, &'static str) {
    match scrub {
        Scrub::BestEffort => {
            ("best-effort", "some may remain until readers of old data have ended: run a checkpoint later")
        }
        Scrub::Clean => ("clean", "none is left in the files of the store"),
        _ => ("unsupported", "the engine cannot say whether any is left"),
    }
}
