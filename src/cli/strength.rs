//! The full check of a master key before it becomes the active one.

use std::collections::BTreeMap;
use std::time::Duration;

use strongroom::master::MasterKeyError;
use strongroom::strength::{Severity, Suspect};
use strongroom::{MasterKeys, Timestamp};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::finding::severity;
use crate::told::{Told, waive_hint};

/// The keys under judgement, by version: opening a vault takes the keys themselves.
pub(crate) fn suspects(keys: &MasterKeys) -> BTreeMap<u32, Suspect> {
    keys.versions().filter_map(|(version, _)| Some((version, Suspect::of(keys.key(version)?)))).collect()
}

/// Refuses a key that the full check refuses, before it becomes the active one. One that is not there is not judged.
pub(crate) fn require_strong(
    context: &mut Context<'_>,
    suspects: &BTreeMap<u32, Suspect>,
    version: u32,
) -> Result<(), Failure> {
    let Some(suspect) = suspects.get(&version) else { return Ok(()) };
    let fingerprint = suspect.fingerprint().expect("a key that is in use has its 32 bytes");
    let mut findings = suspect.findings_within(LIMIT, Timestamp::now());
    let others = suspects.iter().filter(|(other, _)| **other != version);
    findings.extend(others.filter_map(|(number, other)| suspect.relation(other, &format!("master key {number}"))));
    findings.retain(|finding| !context.waivers.waives(finding, fingerprint));
    let (refused, lesser): (Vec<_>, Vec<_>) =
        findings.into_iter().partition(|finding| finding.severity == Severity::Refuse);
    for finding in lesser {
        let grave = severity(finding.severity);
        context
            .terminal
            .note(&format!("master key {version}: {grave} {}: {}; {}", finding.id, finding.what, finding.remedy));
    }
    let Some(first) = refused.first() else { return Ok(()) };
    let source = MasterKeyError::Weak { fingerprint, findings: refused.clone() };
    let hint = waive_hint(first.id, fingerprint);
    Err(Told::new(Exit::MasterKey, "master-key-weak", format!("master key {version}: {source}")).hint(hint).into())
}

/// What `init` and a rotation wait for a check that takes about a second.
const LIMIT: Duration = Duration::from_millis(1_500);
