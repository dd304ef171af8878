//! `rotate-master-key`: replaces the master key, with progress, a speed limit, and signals that stop it gently.

mod certificate;
mod done;
mod report;
mod throttle;

use std::collections::BTreeMap;
use std::num::{NonZeroU64, NonZeroUsize};
use std::ops::ControlFlow;

use serde_json::json;
use strongroom::error::RecordError;
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome, RotationPlan, RotationReport, Unreadable};
use strongroom::{Error, Timestamp, Vault, VaultStatus};

use crate::args::RotateArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::shown::backup::known_or_none;
use crate::shown::master_key::fingerprint;
use crate::shown::rotation::{described, open_rotation};
use crate::strength::{note_lesser, suspects};
use crate::terminal::Terminal;
use crate::text::{counted, quoted, span};
use crate::told::Told;

use certificate::CertificateFile;
use report::{show_plan, show_report};
use throttle::Throttle;

pub(crate) fn rotate(context: &mut Context<'_>, args: &RotateArgs) -> Result<Exit, Failure> {
    if (args.accept_record_set || args.abandon_unreadable) && !args.dry_run {
        context.require_consent()?;
    }
    let keys = context.keys_to_open()?;
    let interrupt = Interrupt::watch()?;
    let suspects = if args.status || args.dry_run || args.quick { BTreeMap::new() } else { suspects(&keys) };
    let vault = context.open_to_rotate(keys)?;
    if args.status {
        return show_status(context, &vault);
    }
    let options = options(context, args);
    let plan = match vault.plan_rotation(&options) {
        Err(error) if done::may_be(&error) => match done::before(context, args, &vault)? {
            Some(exit) => return Ok(exit),
            None => return Err(refused(context, args, &vault, &options, error)),
        },
        Err(error) => return Err(refused(context, args, &vault, &options, error)),
        Ok(plan) => plan,
    };
    done::expected(args, plan.to_master_key, plan.to_fingerprint)?;
    if let Some(exit) = interrupt.seen() {
        return Err(stopped_before(context, args, &vault, &options, exit));
    }
    if args.dry_run {
        return show_plan(context, args, &vault, &options, &plan);
    }
    if plan.open.is_none() {
        note_lesser(context, &suspects, plan.to_master_key);
    }
    drop(suspects);
    if args.accept_record_set {
        let question = "Take the records that are there for the right ones, even if some were put back or removed?";
        Interrupt::at_question(|| context.confirm(question))?;
    } else if Terminal::can_ask() && !context.yes {
        let question = question(args, &plan, &vault.status()?);
        Interrupt::at_question(|| context.confirm(&question))?;
    } else if plan.open.is_none() && !context.yes && args.expect.is_none() {
        return Err(unsure(&plan, &vault.status()?));
    }
    let certificate = args.certificate.as_deref().map(CertificateFile::reserve).transpose()?;
    let (mut report, mut total) = run(context, args, &vault, &options, &interrupt)?;
    if report.outcome == RotationOutcome::Incomplete && args.abandon_unreadable && interrupt.seen().is_none() {
        show_report(context, &report, &vault.status()?, &known_or_none(&vault))?;
        let left = counted(report.unreadable.len() as u64, "record");
        let question = format!("Delete the {left} above? What they hold is lost for good.");
        if !Interrupt::at_question(|| context.answered("abandon", &question))? {
            return Err(kept(context, args, &report));
        }
        (report, total) = run(context, args, &vault, &options.clone().abandon(&report.unreadable), &interrupt)?;
    }
    let status = vault.status()?;
    show_report(context, &report, &status, &known_or_none(&vault))?;
    if let Some(file) = certificate {
        file.keep(context, report.certificate.as_ref())?;
    }
    match report.outcome {
        RotationOutcome::Finished => Ok(Exit::Success),
        RotationOutcome::Incomplete => Err(incomplete(context, args, &report)),
        RotationOutcome::OldBytes => Err(old_bytes(context, args, &report)),
        RotationOutcome::NotBegun => Err(not_begun(context, args, interrupt.seen())),
        _ => Err(stopped(context, args, &interrupt, &report, total)),
    }
}

/// Rotates with progress; the report, and how many records there are.
fn run(
    context: &mut Context<'_>,
    args: &RotateArgs,
    vault: &Vault,
    options: &RotateOptions,
    interrupt: &Interrupt,
) -> Result<(RotationReport, u64), Failure> {
    let act = context.act(args.reason.as_deref());
    let (mut meter, mut throttle, mut total) = (Meter::new(), Throttle::new(args.rate), 0);
    let report = vault.rotate(options, &act, |progress| {
        if progress.phase != Phase::Preflight {
            total = progress.total;
            meter.show(context.terminal, progress.phase.name(), progress.done, progress.total);
            throttle.wait(progress.phase, progress.done, interrupt);
        }
        if interrupt.seen().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((report, total))
}

fn options(context: &Context<'_>, args: &RotateArgs) -> RotateOptions {
    // A batch that takes longer than a second would come near the end of the rotation's lease.
    let rate = args.rate.map_or(u64::MAX, NonZeroU64::get);
    let batch = usize::try_from(rate).unwrap_or(usize::MAX).min(args.batch.into());
    RotateOptions::new()
        .to(args.to)
        .batch(NonZeroUsize::new(batch).unwrap_or(NonZeroUsize::MIN))
        .rewrap_only(args.rewrap_only)
        .compromised(args.compromised)
        .resume_only(args.resume)
        .accept_record_set(args.accept_record_set)
        .waivers(context.waivers.clone())
        .quick(args.quick)
}

/// The vault refuses the act itself, so that its audit log tells of it. Stopped at once, nothing else can come of it.
fn refused(context: &Context<'_>, args: &RotateArgs, vault: &Vault, options: &RotateOptions, error: Error) -> Failure {
    if args.dry_run {
        return error.into();
    }
    let act = context.act(args.reason.as_deref());
    vault.rotate(options, &act, |_| ControlFlow::Break(())).err().unwrap_or(error).into()
}

/// From one key to another, both by their fingerprints.
fn both(plan: &RotationPlan, status: &VaultStatus) -> [String; 2] {
    let (from, to) = (plan.from_master_key, plan.to_master_key);
    [format!("master key {from} ({})", fingerprint(status, from)), format!("{to} ({})", plan.to_fingerprint)]
}

/// A key that nobody looked at would be the one that everything depends on.
fn unsure(plan: &RotationPlan, status: &VaultStatus) -> Failure {
    let [from, to] = both(plan, status);
    let message = format!("this replaces {from} by {to}, and there is no terminal to ask on: nothing was done");
    Told::new(Exit::Unconfirmed, "confirmation-needed", message)
        .hint(
            "run it again with --expect FINGERPRINT, the one that `strongroom master-key generate` showed for the new key; \
             --yes takes whatever key is configured",
        )
        .into()
}

fn question(args: &RotateArgs, plan: &RotationPlan, status: &VaultStatus) -> String {
    let [from, to] = both(plan, status);
    match &plan.open {
        Some(_) => format!("Continue the rotation from {from} to {to}?"),
        None if args.rewrap_only => format!("Replace {from} by {to}, and leave the records as they are?"),
        None => {
            let records = plan.census.iter().map(|census| census.records).sum();
            let marked = if args.compromised { " and mark every API key issued so far as exposed" } else { "" };
            format!("Replace {from} by {to}, re-encrypt {}{marked}?", counted(records, "record"))
        }
    }
}

/// For another terminal: how far the open rotation has come.
fn show_status(context: &mut Context<'_>, vault: &Vault) -> Result<Exit, Failure> {
    let status = vault.status()?;
    let (open, total) = (status.rotation.as_ref(), status.record_count());
    let age = open.map(|open| Timestamp::now().since(open.started_at).as_secs());
    context.terminal.document(
        "rotation-status",
        &json!({ "open": open.map(open_rotation), "records": total, "open_for_seconds": age }),
    )?;
    let mut rows = vec![("rotation", open.map_or_else(|| "none open".into(), described))];
    if let Some((open, age)) = open.zip(age) {
        let percent = (open.moved * 100).checked_div(total).unwrap_or(100).min(100);
        rows.push(("moved", format!("{} of {}, {percent} %", open.moved, counted(total, "record"))));
        rows.push(("open for", span(age)));
    }
    context.terminal.pairs(rows)?;
    if open.is_some_and(|open| !open.running) {
        let store = context.place.option();
        context.terminal.note(&format!("continue it with `strongroom rotate-master-key{store} --resume`"));
    }
    Ok(Exit::Success)
}

fn incomplete(context: &Context<'_>, args: &RotateArgs, report: &RotationReport) -> Failure {
    let put_back = |record: &&Unreadable| {
        matches!(record.cause, RecordError::Continued { .. } | RecordError::Differs { .. } | RecordError::Unlogged)
    };
    let denied: Vec<_> = report.unreadable.iter().filter(put_back).collect();
    let closed = counted((report.unreadable.len() - denied.len()) as u64, "record");
    let exchanged = counted(denied.len() as u64, "record");
    let were = if denied.len() == 1 { "was" } else { "were" };
    let exchanged = format!("{exchanged} {were} put back or forged, by the audit log");
    let what = match (denied.len(), report.unreadable.len()) {
        (0, _) => format!("{closed} did not open"),
        (denied, all) if denied == all => exchanged,
        _ => format!("{closed} did not open, and {exchanged}"),
    };
    let message = format!("{what}: they stayed as before, and generation {} is kept for them", report.from_generation);
    let (store, resume) = (context.place.option(), resume(context, args));
    let revoke = match denied.as_slice() {
        [] => String::new(),
        denied => {
            let id = denied.iter().find_map(|record| record.id).filter(|_| denied.len() == 1);
            let id = id.map_or_else(|| "ID".into(), |id| id.to_string());
            format!(
                "or revoke what was put back, with `strongroom revoke{store} {id} --reason TEXT`, and then run `{resume} \
                 --accept-record-set`; "
            )
        }
    };
    let hint =
        format!("restore them from a backup, then run `{resume}`; {revoke}or give them up with --abandon-unreadable");
    Told::new(Exit::Incomplete, "rotation-incomplete", message).hint(hint).into()
}

/// All is moved, and the old generation is gone.
fn old_bytes(context: &Context<'_>, args: &RotateArgs, report: &RotationReport) -> Failure {
    let left = report.searched.map(|searched| counted(searched.left, "old record"));
    let left = left.unwrap_or_else(|| "an unknown number of old records".into());
    let why = report.old_bytes.as_deref().unwrap_or_default();
    let message = format!(
        "every record is under master key {}, but {left} may still be read in the files: {why}",
        report.to_master_key
    );
    let store = context.place.option();
    let hint = format!(
        "stop what has the store open (`fuser` shows it), or mend what is said, and run `{}`; `strongroom doctor{store}` says more",
        resume(context, args)
    );
    Told::new(Exit::Incomplete, "rotation-old-bytes", message).hint(hint).into()
}

/// The rotation has gone on by now, so that it would be wrong to say that nothing was done.
fn kept(context: &Context<'_>, args: &RotateArgs, report: &RotationReport) -> Failure {
    let message =
        format!("not confirmed: no record was deleted; generation {} is kept for them", report.from_generation);
    let hint = format!("`{} --abandon-unreadable` asks again", resume(context, args));
    Told::new(Exit::Unconfirmed, "confirmation-needed", message).hint(hint).into()
}

/// A signal came before anything was begun, by this call. The report says how the rotation stands.
fn stopped_before(
    context: &mut Context<'_>,
    args: &RotateArgs,
    vault: &Vault,
    options: &RotateOptions,
    exit: Exit,
) -> Failure {
    let shown = (|| {
        let report = vault.rotate(options, &context.act(args.reason.as_deref()), |_| ControlFlow::Break(()))?;
        show_report(context, &report, &vault.status()?, &known_or_none(vault))
    })();
    shown.err().unwrap_or_else(|| not_begun(context, args, Some(exit)))
}

fn not_begun(context: &Context<'_>, args: &RotateArgs, seen: Option<Exit>) -> Failure {
    let exit = seen.unwrap_or(Exit::Incomplete);
    let hint =
        format!("`strongroom rotate-master-key{}{}` begins it", context.place.option(), certificate_option(args));
    Told::new(exit, "stopped", "stopped before the cutover: nothing was changed").hint(hint).into()
}

fn stopped(
    context: &Context<'_>,
    args: &RotateArgs,
    interrupt: &Interrupt,
    report: &RotationReport,
    total: u64,
) -> Failure {
    let exit = interrupt.seen().unwrap_or(Exit::Incomplete);
    let moved = format!("{} of {} moved", report.moved, counted(total, "record"));
    let message = format!(
        "stopped after a whole batch, {moved}: everything keeps working, with master key {}",
        report.to_master_key
    );
    let hint = format!("continue with `{}`", resume(context, args));
    Told::new(exit, "stopped", message).hint(hint).into()
}

/// What goes on with the rotation, and ends with the certificate that this call was to end with.
fn resume(context: &Context<'_>, args: &RotateArgs) -> String {
    format!("strongroom rotate-master-key{} --resume{}", context.place.option(), certificate_option(args))
}

fn certificate_option(args: &RotateArgs) -> String {
    let path = args.certificate.as_ref().map(|path| quoted(&path.display().to_string()));
    path.map(|path| format!(" --certificate {path}")).unwrap_or_default()
}
