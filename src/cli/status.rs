//! `init` and `status`.

use std::time::Duration;

use serde_json::{Value, json};
use strongroom::rotation::{Census, OpenRotation, RotateOptions, RotationEstimate};
use strongroom::{SqliteStore, Timestamp, Vault, VaultOptions, VaultStatus};

use super::args::InitArgs;
use super::backup::{backup_document, known_or_none, last_finished, needing_others, status_rows};
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::master_key::{finding_document, require_strong, severity, suspects};
use super::policy;
use super::progress;
use super::text::{Table, counted, quoted};

pub(crate) fn init(context: &mut Context<'_>, args: &InitArgs) -> Result<Exit, Failure> {
    let keys = context.master_keys()?;
    context.warn();
    refuse_missing_folder(context)?;
    let newest = keys.versions().last().map_or(1, |(version, _)| version);
    if !args.quick {
        require_strong(context, &suspects(&keys), newest)?;
    }
    let store = SqliteStore::create(&context.place.path)?;
    let vault = VaultOptions::new().suite(args.suite).create(store, keys, &context.act(None))?;
    let status = vault.status()?;
    let (path, active) = (context.place.path.display().to_string(), status.active_master_key);
    let print = fingerprint(&status, active);
    context.terminal.document(
        "init",
        &json!({
            "vault": status.vault.to_string(), "path": path, "suite": status.suite.name(),
            "master_key": active, "fingerprint": print,
        }),
    )?;
    context.terminal.line(&format!("made vault {} in {path}", status.vault))?;
    context.terminal.line(&format!("suite {}, master key {active} ({print})", status.suite))?;
    context.terminal.note(&format!("issue an API key: `strongroom issue{} --name NAME`", context.place.option()));
    Ok(Exit::Success)
}

fn refuse_missing_folder(context: &Context<'_>) -> Result<(), Failure> {
    let folder = context.place.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let Some(folder) = folder.filter(|folder| !folder.exists()) else { return Ok(()) };
    let folder = folder.display().to_string();
    let told = Told::new(Exit::NoStore, "no-folder", format!("there is no folder {folder}"));
    Err(told.hint(format!("`mkdir -p -m 700 {}`", quoted(&folder))).into())
}

fn fingerprint(status: &VaultStatus, version: u32) -> String {
    let found = status.master_keys.iter().find(|key| key.version == version);
    found.map_or_else(|| "unknown".into(), |key| key.fingerprint.to_string())
}

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
    shown["last_backup"] = json!(last_finished(&backups).map(backup_document));
    shown["backups_needing_other_keys"] = needing_others(&backups, status.active_master_key);
    shown["findings"] = aged.iter().map(finding_document).collect();
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
    let known = |version: u32| status.master_keys.iter().any(|key| key.version == version);
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
        rows.extend(status_rows(&status, &backups));
    }
    rows.push(("rotation", status.rotation.as_ref().map_or_else(|| "none open".into(), described)));
    rows.extend(estimate.map(|estimate| ("it would take", estimated(&estimate))));
    if access == "verifier-keys" {
        rows.push(("opened with", "verifier keys: to verify and to list".into()));
    }
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
    }
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

pub(crate) fn described(open: &OpenRotation) -> String {
    let at = if open.running { "a process is at it" } else { "no process is at it" };
    format!(
        "from master key {} to {}, open since {}: {}, {} moved; {at}",
        open.from_master,
        open.to_master,
        open.started_at,
        open.phase.name(),
        counted(open.moved, "record"),
    )
}

pub(crate) fn open_rotation(open: &OpenRotation) -> Value {
    json!({
        "phase": open.phase.name(),
        "from_master_key": open.from_master,
        "to_master_key": open.to_master,
        "from_generation": open.from_generation,
        "to_generation": open.to_generation,
        "started_at": open.started_at.to_string(),
        "moved": open.moved,
        "running": open.running,
    })
}

pub(crate) fn generations(census: &[Census]) -> Value {
    let one = |of: &Census| json!({ "generation": of.generation, "master_key": of.master_key, "records": of.records });
    census.iter().map(one).collect()
}

/// How long a rotation would take, or why that is not known. Nothing depends on it.
pub(crate) fn estimate(vault: &Vault, options: &RotateOptions) -> Result<Option<RotationEstimate>, String> {
    vault.estimate_rotation(options).map_err(|error| error.to_string())
}

pub(crate) fn estimated(estimate: &Result<Option<RotationEstimate>, String>) -> String {
    match estimate {
        Ok(Some(estimate)) => {
            let per_second = estimate.per_second;
            format!("about {}, at {per_second} records/s measured on a scratch vault", lasting(estimate.duration))
        }
        Ok(None) => "unknown: the engine has no place to measure".into(),
        Err(why) => format!("unknown: {why}"),
    }
}

pub(crate) fn estimate_document(estimate: &Result<Option<RotationEstimate>, String>) -> Value {
    match estimate {
        Ok(Some(of)) => json!({ "per_second": of.per_second, "seconds": of.duration.as_secs_f64() }),
        _ => Value::Null,
    }
}

fn lasting(span: Duration) -> String {
    if span < Duration::from_secs(10) { format!("{:.1} s", span.as_secs_f64()) } else { progress::span(span.as_secs()) }
}

fn document(status: &VaultStatus, access: &str, estimate: Option<&Result<Option<RotationEstimate>, String>>) -> Value {
    let master = |key: &strongroom::master::MasterKeyVersion| {
        json!({
            "version": key.version, "fingerprint": key.fingerprint.to_string(), "added_at": key.added_at.to_string(),
            "retired_at": key.retired_at.map(|at| at.to_string()),
        })
    };
    let configured = |(version, print): &(u32, strongroom::master::Fingerprint)| json!({ "version": version, "fingerprint": print.to_string() });
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
