//! `doctor`: everything in the vault opened, and what is wrong with it.

use std::path::Path;

use serde_json::{Value, json};
use strongroom::{CertificateCheck, RotationCertificate, SourceConcern, SymptomSeverity, Vault};

use super::args::DoctorArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::progress::Meter;
use super::text::counted;

pub(crate) fn doctor(context: &mut Context<'_>, args: &DoctorArgs) -> Result<Exit, Failure> {
    let certificate = args.certificate.as_deref().map(read).transpose()?;
    let vault = context.open_unwarned()?;
    // Without a trustworthy count there is only no percentage.
    let total = vault.status().map_or(0, |status| status.record_count());
    let mut meter = Meter::new();
    let report = vault.doctor(|opened| meter.show(context.terminal, "doctor", opened, total))?;
    let checked = certificate.map(|certificate| check(&vault, &certificate)).transpose()?;
    let mut findings: Vec<_> = report
        .symptoms
        .iter()
        .map(|symptom| (severity(symptom.severity), symptom.id, symptom.what.clone(), symptom.remedy.to_owned()))
        .collect();
    let sources = context.concerns().into_iter();
    findings.extend(sources.map(|SourceConcern { id, what, remedy, .. }| ("warning", id, what, remedy)));
    let faults = checked.iter().flat_map(|check| &check.faults);
    findings.extend(
        faults.map(|fault| ("damage", "certificate", format!("the certificate is not true: {fault}"), ASK.to_owned())),
    );
    let exit = match findings.len() {
        _ if findings.iter().any(|(severity, ..)| *severity == "damage") => Exit::Corrupt,
        0 => Exit::Success,
        _ => Exit::NotValid,
    };
    let symptoms: Vec<_> = findings
        .iter()
        .map(|(severity, id, what, remedy)| json!({ "id": id, "severity": severity, "what": what, "remedy": remedy }))
        .collect();
    context.terminal.document(
        "doctor",
        &json!({
            "healthy": findings.is_empty(), "opened": report.opened, "audit_entries": report.audit_entries,
            "symptoms": symptoms, "certificate": checked.as_ref().map(document),
        }),
    )?;
    for (severity, id, what, remedy) in &findings {
        context.terminal.line(&format!("{severity} {id}: {what}"))?;
        context.terminal.line(&format!("    {remedy}"))?;
    }
    if let Some(check) = checked.filter(|check| check.faults.is_empty()) {
        context.terminal.line(&described(&check))?;
    }
    let found = match findings.len() as u64 {
        0 => "nothing is wrong".to_owned(),
        count => counted(count, "finding"),
    };
    let audit = format!("{} audit entries followed", report.audit_entries);
    context.terminal.line(&format!("{found}: {} opened, {audit}", counted(report.opened, "API key")))?;
    Ok(exit)
}

fn read(path: &Path) -> Result<RotationCertificate, Failure> {
    let text =
        if path.as_os_str() == "-" { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(path) };
    let wrong = |why: String| {
        let hint = "give the file that `strongroom rotate-master-key --certificate` has written";
        Failure::from(Told::new(Exit::Usage, "certificate-file", format!("{}: {why}", path.display())).hint(hint))
    };
    let text = text.map_err(|error| wrong(error.to_string()))?;
    RotationCertificate::parse(&text).map_err(|error| wrong(error.to_string()))
}

fn check(vault: &Vault, certificate: &RotationCertificate) -> Result<CertificateCheck, Failure> {
    Ok(vault.check_certificate(certificate)?)
}

fn document(check: &CertificateCheck) -> Value {
    json!({
        "valid": check.faults.is_empty(), "authenticated": check.authenticated, "entries_since": check.entries_since,
    })
}

fn described(check: &CertificateCheck) -> String {
    let since = match check.entries_since {
        0 => "the records are the same".to_owned(),
        1 => "1 audit entry since".to_owned(),
        count => format!("{count} audit entries since"),
    };
    let proof = if check.authenticated {
        "its MAC and the audit log agree"
    } else {
        "the audit log agrees; its MAC cannot be checked any more, since a later rotation dropped that generation"
    };
    format!("the certificate is true: {proof}; {since}")
}

fn severity(severity: SymptomSeverity) -> &'static str {
    match severity {
        SymptomSeverity::Warning => "warning",
        _ => "damage",
    }
}

const ASK: &str = "find out who changed the certificate or the store, and compare with a backup";
