//! What is said of a master key before it becomes the active one.

use std::collections::BTreeMap;

use strongroom::strength::{Severity, Suspect};
use strongroom::{MasterKeyVersion, MasterKeys};

use crate::context::Context;
use crate::shown::finding::severity;

/// The keys under judgement, by version: opening a vault takes the keys themselves.
pub(crate) fn suspects(keys: &MasterKeys) -> BTreeMap<MasterKeyVersion, Suspect> {
    keys.versions().filter_map(|(version, _)| Some((version, Suspect::of(keys.key(version)?)))).collect()
}

/// What is found of a key that is to become the active one, and does not keep it from that. The vault looks for what does.
pub(crate) fn note_lesser(
    context: &mut Context<'_>,
    keys: &BTreeMap<MasterKeyVersion, Suspect>,
    version: MasterKeyVersion,
) {
    let Some((suspect, fingerprint)) = keys.get(&version).and_then(|it| Some((it, it.fingerprint()?))) else { return };
    let mut findings = suspect.quick_findings();
    findings.retain(|it| it.severity != Severity::Refuse && !context.waivers.waives(it, fingerprint));
    for finding in findings {
        let grave = severity(finding.severity);
        context
            .terminal
            .note(&format!("master key {version}: {grave} {}: {}; {}", finding.id, finding.what, finding.remedy));
    }
}
