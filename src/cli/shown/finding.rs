//! What was found about a master key.

use serde_json::{Value, json};
use strongroom::strength::{Finding, Severity};

pub(crate) fn document(finding: &Finding) -> Value {
    json!({
        "id": finding.id, "severity": severity(finding.severity), "what": finding.what, "remedy": finding.remedy,
    })
}

pub(crate) fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warn => "warning",
        _ => "refused",
    }
}
