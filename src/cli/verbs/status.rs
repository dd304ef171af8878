//! `status`: the vault's keys, counts, rules and backups, and a rotation that is open.

use serde_json::{Value, json};
use strongroom::rotation::{RotateOptions, RotationEstimate};
use strongroom::{MasterKeyVersion, Timestamp, VaultStatus};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::backup::{self, known_or_none};
use crate::shown::finding::{self, severity};
use crate::shown::policy;
use crate::shown::rotation::{described, estimate, estimate_document, estimated, generations, open_rotation};
use crate::text::counted;

pub(crate) fn status(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let (verifier, vault) = context.open_as_configured()?;
    let status = verifier.status()?;
    // Beside a rotation the figure would be wrong, and in its way.
    let idle = status.rotation.is_none();
    let access = if vault.is_some() { "master-keys" } else { "verifier-keys" };
    let estimate = vault.as_ref().filter(|_| idle).map(|vault| estimate(vault, &RotateOptions::new()));
    let aged = status.age_finding(Timestamp::now());
    let mut shown = document(&status, access, estimate.as_ref());
    let backups = vault.as_ref().map(known_or_none).unwrap_or_default();
    shown["policy"] = policy::document(&status.policy);
    shown["last_backup"] = json!(backup::last_finished(&backups).map(backup::document));
    shown["backups_needing_other_keys"] = backup::needing_others(&backups, status.active_master_key);
    shown["findings"] = aged.iter().map(finding::document).collect();
    context.terminal.document("status", &shown)?;
    let mut rows = vec![
        ("vault", status.vault.to_string()),
        ("created", status.created_at.to_string()),
        ("suite", status.suite.to_string()),
    ];
    let removable: Vec<_> = status.removable().collect();
    for key in status.master_keys.iter().rev() {
        let life = match key.retired_at {
            None => format!("active since {}", key.added_at),
            Some(at) if removable.contains(&key.version) => {
                format!("retired {at}, configured: may be removed from the environment")
            }
            Some(at) => format!("retired {at}"),
        };
        rows.push(("master key", format!("{} ({}) {life}", key.version, key.fingerprint)));
    }
    let known = |version: MasterKeyVersion| status.master_keys.iter().any(|key| key.version == version);
    for (version, print) in status.configured.iter().filter(|(version, _)| !known(*version)) {
        let life = if *version > status.active_master_key { "not used yet" } else { "and never used by this vault" };
        rows.push(("master key", format!("{version} ({print}) configured, {life}")));
    }
    rows.push(("API keys", status.record_count().to_string()));
    for of in &status.census {
        let active = if of.generation == status.active_generation { "active" } else { "retiring" };
        let count = counted(of.records, "API key");
        rows.push(("generation", format!("{}: {count}, under master key {}, {active}", of.generation, of.master_key)));
    }
    rows.push(("policy", policy::in_force(&status.policy)));
    rows.push(("audit entries", status.audit_entries.to_string()));
    if status.stale_lookups > 0 {
        rows.push((
            "stale lookups",
            format!("{}: imported tokens that no rotation can re-index", status.stale_lookups),
        ));
    }
    if vault.is_some() {
        rows.extend(backup::status_rows(&status, &backups));
    }
    rows.push(("rotation", status.rotation.as_ref().map_or_else(|| "none open".into(), described)));
    rows.extend(estimate.map(|estimate| ("it would take", estimated(&estimate))));
    if access == "verifier-keys" {
        rows.push(("opened with", "verifier keys: to verify and to list".into()));
    }
    context.terminal.pairs(rows)?;
    if let Some(finding) = aged {
        let grave = severity(finding.severity);
        context.terminal.note(&format!("{grave} {}: {}; {}", finding.id, finding.what, finding.remedy));
    }
    if status.rotation.is_some_and(|open| !open.running) {
        context
            .terminal
            .note(&format!("finish the rotation with `strongroom rotate-master-key{}`", context.place.option()));
    }
    Ok(Exit::Success)
}

fn document(status: &VaultStatus, access: &str, estimate: Option<&Result<RotationEstimate, String>>) -> Value {
    let master = |key: &strongroom::master::KnownMasterKey| {
        json!({
            "version": key.version, "fingerprint": key.fingerprint.to_string(), "added_at": key.added_at.to_string(),
            "retired_at": key.retired_at.map(|at| at.to_string()),
        })
    };
    let configured = |(version, print): &(strongroom::MasterKeyVersion, strongroom::master::Fingerprint)| json!({ "version": version, "fingerprint": print.to_string() });
    json!({
        "vault": status.vault.to_string(),
        "created_at": status.created_at.to_string(),
        "suite": status.suite.name(),
        "access": access,
        "master_keys": status.master_keys.iter().map(master).collect::<Vec<_>>(),
        "active_master_key": status.active_master_key,
        "configured": status.configured.iter().map(configured).collect::<Vec<_>>(),
        "removable": status.removable().collect::<Vec<_>>(),
        "records": status.record_count(),
        "generations": generations(&status.census),
        "estimate": estimate.map_or(Value::Null, estimate_document),
        "active_generation": status.active_generation,
        "audit_entries": status.audit_entries,
        "stale_lookups": status.stale_lookups,
        "rotation": status.rotation.as_ref().map(open_rotation),
    })
}
