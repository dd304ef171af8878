//! `doctor`: what is wrong with the vault, its keys and its files, how grave it is, and what to do.

mod backups;
mod certificate;
mod keys;
mod repair;

use std::path::Path;

use serde_json::json;
use strongroom::doctor::{Checkup, Depth, DoctorReport, Symptom, SymptomSeverity};
use strongroom::error::Detail;
use strongroom::master::SourceConcern;
use strongroom::{Error, ErrorKind, VaultStatus};

use crate::args::DoctorArgs;
use crate::context::{Context, is_accepted};
use crate::exit::Exit;
use crate::failure::{Failure, anchor_hint};
use crate::progress::Meter;
use crate::scratch::left_behind;
use crate::text::{counted, quoted};

pub(crate) fn doctor(context: &mut Context<'_>, args: &DoctorArgs) -> Result<Exit, Failure> {
    if args.repair && repair::repair(context, args)? {
        return Ok(Exit::Success);
    }
    let certificate = args.certificate.as_deref().map(certificate::read).transpose()?;
    let keys = context.keys_to_open()?;
    let mut own = keys::judge(&keys, &context.waivers);
    let vault = context.open_unwarned(keys)?;
    // Without a trustworthy count there is only no percentage.
    let status = vault.status().ok();
    let total = status.as_ref().map_or(0, VaultStatus::record_count);
    let (depth, shallow) = depth(args, total);
    own.extend(shallow);
    own.extend(status.iter().flat_map(keys::unused));
    own.extend(vault.check_anchor().err().map(|error| anchor(&error, &context.place.option())));
    let mut meter = Meter::new();
    let mut report = vault.examine(&Checkup::new().depth(depth), |progress| {
        // With `--json` there is one document.
        if !context.terminal.json() {
            meter.show(context.terminal, "doctor", progress.counted, total);
        }
    })?;
    let sources = context.concerns().into_iter();
    own.extend(sources.map(|concern| {
        let grave = if is_accepted(&concern) { SymptomSeverity::Notice } else { SymptomSeverity::Warning };
        let SourceConcern { id, what, remedy, .. } = concern;
        Symptom::new(id, grave, what, remedy)
    }));
    let checked = certificate.map(|certificate| certificate::check(&vault, &certificate, &mut own)).transpose()?;
    own.extend(left_behind().iter().map(|path| scratch(path)));
    own.extend(backups::judge(&report, status.as_ref(), args.max_backup_age, &context.place));
    report.add(own);
    let symptoms: Vec<_> = report.symptoms.iter().map(document).collect();
    context.terminal.document(
        "doctor",
        &json!({
            "healthy": report.worst() <= Some(SymptomSeverity::Notice), "depth": word(report.depth),
            "counted": report.counted, "opened": report.opened, "compared": report.compared,
            "audit_entries": report.audit_entries, "symptoms": symptoms,
            "certificate": checked.as_ref().map(certificate::document),
        }),
    )?;
    for Symptom { severity, id, what, remedy, .. } in &report.symptoms {
        context.terminal.line(&format!("{} {id}: {what}", severity.name()))?;
        context.terminal.line(&format!("    {remedy}"))?;
    }
    if let Some(check) = checked.filter(|check| check.faults.is_empty()) {
        context.terminal.line(&certificate::described(&check))?;
    }
    context.terminal.line(&summary(&report))?;
    Ok(exit(&report))
}

/// What the anchor of this machine says of the store, or why it could not be asked.
fn anchor(error: &Error, store: &str) -> Symptom {
    let severity = if error.kind() == ErrorKind::Corrupt { SymptomSeverity::Damage } else { SymptomSeverity::Warning };
    let remedy = match error.detail() {
        Detail::Anchor(fault) => anchor_hint(fault, store),
        _ => None,
    };
    let remedy = remedy.unwrap_or_else(|| {
        format!(
            "find out who can write the store and whether it was restored; `strongroom anchor accept{store} --reason TEXT` takes it as it is"
        )
    });
    Symptom::new("anchor", severity, error.to_string(), remedy)
}

/// What a killed process has left.
fn scratch(path: &Path) -> Symptom {
    let path = path.display().to_string();
    let what = format!(
        "{path} was left by a `demo` or a `rehearse` that was killed; the keys to what is in it are gone, or it is a sealed copy"
    );
    let remedy = format!("`rm -r {}`, or run the next of them, which removes it", quoted(&path));
    Symptom::new("scratch-left", SymptomSeverity::Notice, what, remedy)
}

fn exit(report: &DoctorReport) -> Exit {
    match report.worst() {
        None | Some(SymptomSeverity::Notice) => Exit::Success,
        Some(SymptomSeverity::Warning) => Exit::NotValid,
        _ => Exit::Corrupt,
    }
}

/// What was asked for; otherwise everything, unless that takes longer than somebody who did not ask for it would wait.
fn depth(args: &DoctorArgs, total: u64) -> (Depth, Option<Symptom>) {
    match args.subset {
        Some((part, parts)) => (Depth::Subset { part, parts }, None),
        None if args.quick => (Depth::Quick, None),
        None if args.deep || total <= OPENED_UNASKED => (Depth::Deep, None),
        None => {
            let what = format!("none of the {total} records was opened: there are more than {OPENED_UNASKED}");
            let remedy = "open all with `strongroom doctor --deep`, one part a day with --subset N/T, or ask for none with --quick";
            (Depth::Quick, Some(Symptom::new("depth", SymptomSeverity::Warning, what, remedy)))
        }
    }
}

fn document(symptom: &Symptom) -> serde_json::Value {
    let Symptom { id, severity, what, remedy, .. } = symptom;
    json!({ "id": id, "severity": severity.name(), "what": what, "remedy": remedy })
}

fn word(depth: Depth) -> String {
    match depth {
        Depth::Quick => "quick".into(),
        Depth::Subset { part, parts } => format!("{part}/{parts}"),
        _ => "deep".into(),
    }
}

fn summary(report: &DoctorReport) -> String {
    let grave = report.symptoms.iter().filter(|symptom| symptom.severity > SymptomSeverity::Notice).count();
    let found = match grave as u64 {
        0 => "nothing is wrong".to_owned(),
        count => counted(count, "finding"),
    };
    let opened = counted(report.opened, "API key");
    let records = match report.depth {
        Depth::Quick => "no record opened".into(),
        Depth::Subset { part, parts } => format!("{opened} of {} opened (part {part} of {parts})", report.counted),
        _ => format!("{opened} opened"),
    };
    let compared = match report.depth {
        Depth::Quick => "",
        _ if report.compared => ", their digest compared",
        _ => ", their digest not compared",
    };
    format!("{found}: {records}{compared}, {} followed", counted(report.audit_entries, "audit entry"))
}

/// A few seconds' work.
const OPENED_UNASKED: u64 = 100_000;
