//! `rotate-master-key`: replaces the master key, with progress, a speed limit, and signals that stop it gently.

use std::num::{NonZeroU64, NonZeroUsize};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use strongroom::{
    Flow, Phase, RotateOptions, RotationOutcome, RotationPlan, RotationReport, Scrub, Unreadable, Vault, VaultStatus,
};

use super::args::RotateArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::interrupt::Interrupt;
use super::progress::Meter;
use super::status::{described, generations, open_rotation};
use super::terminal::Terminal;
use super::text::{Table, counted};

pub(crate) fn rotate(context: &mut Context<'_>, args: &RotateArgs) -> Result<Exit, Failure> {
    if args.accept_record_set && !args.dry_run {
        context.require_consent()?;
    }
    let vault = context.open()?;
    let options = options(args);
    let plan = vault.plan_rotation(&options)?;
    if args.dry_run {
        return show_plan(context, args, &vault, &plan);
    }
    if args.accept_record_set {
        context
            .confirm("Take the records that are there for the right ones, even if some were put back or removed?")?;
    } else if Terminal::can_ask() && !context.yes {
        context.confirm(&question(args, &plan))?;
    }
    let act = context.act(args.reason.as_deref());
    let interrupt = Interrupt::watch().map_err(|error| Told::new(Exit::General, "no-signals", error.to_string()))?;
    let (mut meter, mut throttle, mut last) = (Meter::new(), Throttle::new(args), (0, 0));
    let report = vault.rotate(&options, &act, |progress| {
        last = (progress.done, progress.total);
        meter.show(context.terminal, progress.phase.name(), progress.done, progress.total);
        throttle.wait(progress.phase, progress.done, &interrupt);
        if interrupt.seen().is_some() { Flow::Stop } else { Flow::Continue }
    })?;
    let status = vault.status()?;
    show_report(context, &report, &status)?;
    match report.outcome {
        RotationOutcome::Finished => Ok(Exit::Success),
        RotationOutcome::Incomplete => Err(incomplete(context, &report)),
        RotationOutcome::Stopped => Err(stopped(context, &interrupt, &report, last.1)),
    }
}

fn options(args: &RotateArgs) -> RotateOptions {
    // A batch that takes longer than a second would come near the end of the rotation's lease.
    let rate = args.rate.map_or(u64::MAX, NonZeroU64::get);
    let batch = usize::try_from(rate).unwrap_or(usize::MAX).min(args.batch.into());
    let mut options = RotateOptions::new().batch(NonZeroUsize::new(batch).unwrap_or(NonZeroUsize::MIN));
    options = args.to.into_iter().fold(options, |options, to| options.to(to.get()));
    if args.rewrap_only {
        options = options.rewrap_only();
    }
    if args.accept_record_set { options.accept_record_set() } else { options }
}

fn question(args: &RotateArgs, plan: &RotationPlan) -> String {
    let (from, to) = (plan.from_master, plan.to_master);
    match &plan.open {
        Some(_) => format!("Continue the rotation from master key {from} to {to}?"),
        None if args.rewrap_only => format!("Replace master key {from} by {to}, and leave the records as they are?"),
        None => {
            let records = plan.records.iter().map(|(_, count)| count).sum();
            format!("Replace master key {from} by {to}, and re-encrypt {}?", counted(records, "record"))
        }
    }
}

fn show_plan(
    context: &mut Context<'_>,
    args: &RotateArgs,
    vault: &Vault,
    plan: &RotationPlan,
) -> Result<Exit, Failure> {
    let status = vault.status()?;
    let from = fingerprint(&status, plan.from_master);
    let to = plan.to_fingerprint.to_string();
    let document = json!({
        "from_master_key": plan.from_master, "from_fingerprint": from,
        "to_master_key": plan.to_master, "to_fingerprint": to,
        "rewrap_only": args.rewrap_only,
        "generations": generations(&plan.records),
        "open": plan.open.as_ref().map(open_rotation),
    });
    context.terminal.document("rotation-plan", &document)?;
    let mut rows =
        vec![["master key".to_owned(), format!("{} ({from}) -> {} ({to})", plan.from_master, plan.to_master)]];
    for (generation, count) in &plan.records {
        rows.push(["generation".into(), format!("{generation}: {}", counted(*count, "record"))]);
    }
    rows.push(["rotation".into(), plan.open.as_ref().map_or_else(|| "none open".into(), described)]);
    show_rows(context, &rows)?;
    let what =
        if args.rewrap_only { "the records would stay as they are" } else { "every record would be re-encrypted" };
    context.terminal.note(&format!("a dry run: {what}; nothing was done"));
    Ok(Exit::Success)
}

fn show_report(context: &mut Context<'_>, report: &RotationReport, status: &VaultStatus) -> Result<(), Failure> {
    let removable: Vec<_> = status.removable().collect();
    context.terminal.document("rotation", &document(report, &removable))?;
    let master = |version| format!("{version} ({})", fingerprint(status, version));
    let mut rows =
        vec![["master key".to_owned(), format!("{} -> {}", master(report.from_master), master(report.to_master))]];
    if report.from_generation == report.to_generation {
        rows.push(["records".into(), "left as they are; only the data keys were wrapped anew".into()]);
    } else {
        let generations = format!("generation {} -> {}", report.from_generation, report.to_generation);
        rows.push(["moved".into(), format!("{}, {generations}", counted(report.moved, "record"))]);
    }
    if report.verified > 0 && report.outcome != RotationOutcome::Stopped {
        let verified = counted(report.verified, "record");
        rows.push(["verified".into(), format!("{verified}, opened under generation {}", report.to_generation)]);
    }
    if report.stale_lookups > 0 {
        rows.push([
            "stale lookups".into(),
            format!("{}: imported tokens that no rotation can re-index", report.stale_lookups),
        ]);
    }
    if let Some(scrub) = report.scrub {
        rows.push(["old bytes".into(), scrubbed(scrub).1.into()]);
    }
    let finished = report.outcome == RotationOutcome::Finished;
    if finished && !removable.is_empty() {
        let versions: Vec<_> = removable.iter().map(ToString::to_string).collect();
        rows.push([
            "no longer needed".into(),
            format!("master key {}: remove it from the environment", versions.join(", ")),
        ]);
    }
    show_rows(context, &rows)?;
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
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
    Ok(())
}

fn show_rows(context: &mut Context<'_>, rows: &[[String; 2]]) -> Result<(), Failure> {
    let rows: Vec<_> = rows.iter().map(|row| row.to_vec()).collect();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
    Ok(())
}

fn document(report: &RotationReport, removable: &[u32]) -> Value {
    let unreadable = |Unreadable { id, cause, .. }: &Unreadable| json!({ "id": id.map(|id| id.to_string()), "cause": cause.cause(), "message": cause.to_string() });
    json!({
        "outcome": match report.outcome {
            RotationOutcome::Finished => "finished",
            RotationOutcome::Incomplete => "incomplete",
            RotationOutcome::Stopped => "stopped",
        },
        "from_master_key": report.from_master,
        "to_master_key": report.to_master,
        "from_generation": report.from_generation,
        "to_generation": report.to_generation,
        "resumed": report.resumed,
        "moved": report.moved,
        "verified": report.verified,
        "unreadable": report.unreadable.iter().map(unreadable).collect::<Vec<_>>(),
        "stale_lookups": report.stale_lookups,
        "scrub": report.scrub.map(|scrub| scrubbed(scrub).0),
        "removable_master_keys": removable,
    })
}

fn scrubbed(scrub: Scrub) -> (&'static str, &'static str) {
    match scrub {
        Scrub::BestEffort => {
            ("best-effort", "some may remain until readers of old data have ended: run a checkpoint later")
        }
        Scrub::Clean => ("clean", "none is left in the files of the store"),
        Scrub::Unsupported => ("unsupported", "the engine cannot say whether any is left"),
    }
}

fn incomplete(context: &Context<'_>, report: &RotationReport) -> Failure {
    let left = counted(report.unreadable.len() as u64, "record");
    let message =
        format!("{left} did not open and stayed as before; generation {} is kept for them", report.from_generation);
    let store = context.place.option();
    let hint = format!("restore them from a backup, then run `strongroom rotate-master-key{store}` again");
    Told::new(Exit::Incomplete, "rotation-incomplete", message).hint(hint).into()
}

fn stopped(context: &Context<'_>, interrupt: &Interrupt, report: &RotationReport, total: u64) -> Failure {
    let exit = interrupt.seen().unwrap_or(Exit::Incomplete);
    let moved = format!("{} of {} moved", report.moved, counted(total, "record"));
    let message =
        format!("stopped after a whole batch, {moved}: everything keeps working, with master key {}", report.to_master);
    let hint = format!("continue with `strongroom rotate-master-key{}`", context.place.option());
    Told::new(exit, "stopped", message).hint(hint).into()
}

fn fingerprint(status: &VaultStatus, version: u32) -> String {
    let found = status.master_keys.iter().find(|key| key.version == version);
    found.map_or_else(|| "unknown".into(), |key| key.fingerprint.to_string())
}

/// Keeps the work at a number of records in a second, in naps short enough to notice a signal.
struct Throttle {
    rate: Option<u64>,
    phase: Option<Phase>,
    /// What the phase had done after the last wait, and when that was.
    done: u64,
    since: Instant,
}

impl Throttle {
    fn new(args: &RotateArgs) -> Self {
        Self { rate: args.rate.map(Into::into), phase: None, done: 0, since: Instant::now() }
    }

    fn wait(&mut self, phase: Phase, done: u64, interrupt: &Interrupt) {
        let Some(rate) = self.rate.filter(|_| phase != Phase::Scrub) else { return };
        if self.phase.replace(phase) != Some(phase) {
            self.done = 0;
        }
        // A phase that begins anew counts from nothing again.
        let records = done.checked_sub(self.done).unwrap_or(done);
        let due = self.since + Duration::from_millis(records.saturating_mul(1_000) / rate);
        loop {
            let left = due.saturating_duration_since(Instant::now());
            if left.is_zero() || interrupt.seen().is_some() {
                break;
            }
            std::thread::sleep(left.min(NAP));
        }
        (self.done, self.since) = (done, Instant::now());
    }
}

const NAP: Duration = Duration::from_millis(50);
