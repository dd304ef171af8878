//! The certificate of an earlier rotation, beside the vault as it is.

use std::path::Path;

use serde_json::{Value, json};
use strongroom::Vault;
use strongroom::doctor::{Symptom, SymptomSeverity};
use strongroom::rotation::{CertificateCheck, RotationCertificate};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::text::counted;
use crate::told::Told;

pub(super) fn read(path: &Path) -> Result<RotationCertificate, Failure> {
    let wrong = |why: String| {
        let hint = "give the file that `strongroom rotate-master-key --certificate` has written";
        Failure::from(Told::new(Exit::Usage, "certificate-file", format!("{}: {why}", path.display())).hint(hint))
    };
    let text = input::short_text(path).map_err(|error| wrong(error.to_string()))?;
    RotationCertificate::parse(&text).map_err(|error| wrong(error.to_string()))
}

pub(super) fn check(
    vault: &Vault,
    certificate: &RotationCertificate,
    found: &mut Vec<Symptom>,
) -> Result<CertificateCheck, Failure> {
    let check = vault.check_certificate(certificate)?;
    found.extend(check.faults.iter().map(|fault| {
        Symptom::new("certificate", SymptomSeverity::Damage, format!("the certificate is not true: {fault}"), ASK)
    }));
    Ok(check)
}

pub(super) fn document(check: &CertificateCheck) -> Value {
    json!({
        "valid": check.faults.is_empty(), "authenticated": check.authenticated, "entries_since": check.entries_since,
    })
}

pub(super) fn described(check: &CertificateCheck) -> String {
    let since = match check.entries_since {
        0 => "the records are the same".to_owned(),
        count => format!("{} since", counted(count, "audit entry")),
    };
    let proof = if check.authenticated {
        "its signature and the audit log agree"
    } else {
        "the audit log agrees; its signature cannot be checked any more, since a later rotation dropped that generation"
    };
    format!("the certificate is true: {proof}; {since}")
}

const ASK: &str = "find out who changed the certificate or the store, and compare with a backup";
