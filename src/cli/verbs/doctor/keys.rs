//! The configured master keys: weak ones that a waiver lets in, and those that the vault does not use.

use strongroom::doctor::{Symptom, SymptomSeverity};
use strongroom::strength::{Severity, Waivers};
use strongroom::{MasterKeys, VaultStatus};

/// What the quick check says of each key. A key that it refuses is here only because it was waived.
pub(super) fn judge(keys: &MasterKeys, waivers: &Waivers) -> Vec<Symptom> {
    let warning = |id, what: String, remedy| Symptom::new(id, SymptomSeverity::Warning, what, remedy);
    let mut found: Vec<_> = waivers
        .findings()
        .iter()
        .map(|finding| warning("waivers", finding.what.to_string(), finding.remedy.to_string()))
        .collect();
    for (version, fingerprint) in keys.versions() {
        for finding in keys.key(version).iter().flat_map(|key| key.findings()) {
            let state = if finding.severity == Severity::Refuse { "waived: " } else { "" };
            let what = format!("master key {version} ({fingerprint}): {state}{}", finding.what);
            let grave = match finding.severity {
                Severity::Notice => SymptomSeverity::Notice,
                _ => SymptomSeverity::Warning,
            };
            found.push(Symptom::new("master-key-weak", grave, what, finding.remedy));
        }
    }
    found
}

/// Keys that are configured and not needed, and keys that wait for a rotation.
pub(super) fn unused(status: &VaultStatus) -> Vec<Symptom> {
    let notice = |id, what: String, remedy| Symptom::new(id, SymptomSeverity::Notice, what, remedy);
    let retired = status.removable().map(|version| {
        let what = format!("master key {version} is retired, and still configured");
        notice("master-key-retired", what, "remove it where this process gets its keys from; old backups may need it")
    });
    let newer = status.configured.iter().filter(|(version, _)| *version > status.active_master_key);
    let next = newer.map(|(version, _)| {
        let what = format!("master key {version} is configured, and {} is active", status.active_master_key);
        notice("master-key-next", what, "`strongroom rotate-master-key` makes it the active one")
    });
    retired.chain(next).collect()
}
