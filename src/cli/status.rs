//! `init`, `status` and `doctor`.

use serde_json::{Value, json};
use strongroom::{MasterKeys, OpenRotation, SqliteStore, SymptomSeverity, VaultOptions, VaultStatus};

use super::args::InitArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::progress::Meter;
use super::text::{Table, counted, quoted};

pub(crate) fn init(context: &mut Context<'_>, args: &InitArgs) -> Result<Exit, Failure> {
    let keys = MasterKeys::from_env()?;
    refuse_missing_folder(context)?;
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
    let status = context.open()?.status()?;
    context.terminal.document("status", &document(&status))?;
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
        rows.push(("master key", format!("{version} ({print}) configured, not used yet")));
    }
    rows.push(("API keys", status.record_count().to_string()));
    for (generation, count) in &status.records {
        let active = if *generation == status.active_generation { ", active" } else { ", retiring" };
        rows.push(("generation", format!("{generation}: {}{active}", counted(*count, "API key"))));
    }
    rows.push(("audit entries", status.audit_entries.to_string()));
    if status.stale_lookups > 0 {
        rows.push((
            "stale lookups",
            format!("{}: imported tokens that no rotation can re-index", status.stale_lookups),
        ));
    }
    rows.push(("rotation", status.rotation.as_ref().map_or_else(|| "none open".into(), described)));
    let rows: Vec<_> = rows.into_iter().map(|(name, value)| vec![name.to_owned(), value]).collect();
    for line in Table::default().lines(&rows) {
        context.terminal.line(&line)?;
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

pub(crate) fn generations(records: &[(u32, u64)]) -> Value {
    records.iter().map(|(generation, records)| json!({ "generation": generation, "records": records })).collect()
}

fn document(status: &VaultStatus) -> Value {
    let master = |key: &strongroom::MasterKeyVersion| {
        json!({
            "version": key.version, "fingerprint": key.fingerprint.to_string(), "added_at": key.added_at.to_string(),
            "retired_at": key.retired_at.map(|at| at.to_string()),
        })
    };
    let configured = |(version, print): &(u32, strongroom::Fingerprint)| json!({ "version": version, "fingerprint": print.to_string() });
    json!({
        "vault": status.vault.to_string(),
        "created_at": status.created_at.to_string(),
        "suite": status.suite.name(),
        "master_keys": status.master_keys.iter().map(master).collect::<Vec<_>>(),
        "active_master_key": status.active_master_key,
        "configured": status.configured.iter().map(configured).collect::<Vec<_>>(),
        "removable": status.removable().collect::<Vec<_>>(),
        "records": status.record_count(),
        "generations": generations(&status.records),
        "active_generation": status.active_generation,
        "audit_entries": status.audit_entries,
        "stale_lookups": status.stale_lookups,
        "rotation": status.rotation.as_ref().map(open_rotation),
    })
}

pub(crate) fn doctor(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let vault = context.open()?;
    // Without a trustworthy count there is only no percentage.
    let total = vault.status().map_or(0, |status| status.record_count());
    let mut meter = Meter::new();
    let report = vault.doctor(|opened| meter.show(context.terminal, "doctor", opened, total))?;
    let symptom = |symptom: &strongroom::Symptom| {
        json!({
            "id": symptom.id, "severity": severity(symptom.severity), "what": symptom.what, "remedy": symptom.remedy,
        })
    };
    let symptoms: Vec<_> = report.symptoms.iter().map(symptom).collect();
    let worst = report.worst();
    context.terminal.document(
        "doctor",
        &json!({
            "healthy": worst.is_none(), "opened": report.opened, "audit_entries": report.audit_entries,
            "symptoms": symptoms,
        }),
    )?;
    for symptom in &report.symptoms {
        context.terminal.line(&format!("{} {}: {}", severity(symptom.severity), symptom.id, symptom.what))?;
        context.terminal.line(&format!("    {}", symptom.remedy))?;
    }
    let found = match report.symptoms.len() as u64 {
        0 => "nothing is wrong".to_owned(),
        count => counted(count, "finding"),
    };
    let audit = format!("{} audit entries followed", report.audit_entries);
    context.terminal.line(&format!("{found}: {} opened, {audit}", counted(report.opened, "API key")))?;
    Ok(match worst {
        None => Exit::Success,
        Some(SymptomSeverity::Warning) => Exit::NotValid,
        Some(_) => Exit::Corrupt,
    })
}

fn severity(severity: SymptomSeverity) -> &'static str {
    match severity {
        SymptomSeverity::Warning => "warning",
        _ => "damage",
    }
}
