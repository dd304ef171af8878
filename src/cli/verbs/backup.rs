//! `backup`: takes backups beside a service, looks into them, and keeps the list of them.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use strongroom::backup::{Backup, BackupManifest};
use strongroom::error::Detail;
use strongroom::master::MasterKeysError;
use strongroom::{Act, Error, ErrorKind, MasterKeys, Vault};

use crate::against::Against;
use crate::args::{BackupArgs, BackupVerb, ForgetArgs};
use crate::backup_file::{explain_file, explain_place, interrupted, opens_with, watched};
use crate::checkpoints::Checkpoints;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::shown::backup::needs_retired_key;
use crate::text::counted;
use crate::told::Told;

pub(crate) fn backup(context: &mut Context<'_>, args: &BackupArgs) -> Result<Exit, Failure> {
    match (&args.verb, &args.file) {
        (Some(BackupVerb::Inspect { file }), _) => inspect(context, file),
        (Some(BackupVerb::Verify { file, checkpoint }), _) => verify(context, file, checkpoint),
        (Some(BackupVerb::List), _) => list(context),
        (Some(BackupVerb::Forget(args)), _) => forget(context, args),
        (None, Some(file)) => take(context, file, args.reason.as_deref()),
        (None, None) => Err(Failure::input("no file is named", "`strongroom backup FILE`")),
    }
}

fn take(context: &mut Context<'_>, file: &Path, reason: Option<&str>) -> Result<Exit, Failure> {
    let vault = context.open()?;
    let (act, interrupt) = (context.act(reason), Interrupt::watch()?);
    let (mut meter, path) = (Meter::new(), file.display().to_string());
    let taken = vault.backup(file, &act, |progress| watched(context.terminal, &mut meter, &interrupt, progress));
    let report = taken.map_err(|error| explain_place(error, file, &interrupt, "there is no backup"))?;
    let mut document = document(&path, &report.manifest);
    (document["authenticated"], document["verified"]) = (true.into(), true.into());
    document["recorded"] = report.recorded.into();
    context.terminal.document("backup", &document)?;
    let records = counted(report.manifest.records, "API key");
    context.terminal.line(&format!("backup {} of {records} in {path}", report.manifest.id))?;
    context.terminal.line(&format!("opens with {}", opens_with(&report.manifest)))?;
    context.terminal.note("keep that master key as long as the backup, and not in the same place");
    if !report.recorded {
        context
            .terminal
            .note("warning: it is whole and in place, and the vault's list could only say that it is unfinished");
    }
    Ok(Exit::Success)
}

fn inspect(context: &mut Context<'_>, file: &Path) -> Result<Exit, Failure> {
    let backup = Backup::open(file).map_err(|error| explain_file(error, file))?;
    let (path, claims) = (file.display().to_string(), backup.claims().clone());
    // A verifier key authenticates no backup; what the file claims is shown all the same.
    let keys = match context.master_keys() {
        Err(Failure::MasterKeys(MasterKeysError::NotSet)) => MasterKeys::default(),
        keys => keys?,
    };
    context.warn();
    let judged = keys.versions().next().map(|_| backup.authenticate(&keys));
    let why = match judged {
        Some(Ok(_)) => None,
        None => Some("no master key is configured".to_owned()),
        Some(Err(error)) if error.kind() == ErrorKind::MasterKey => Some(error.to_string()),
        Some(Err(error)) => return Err(explain_file(error, file)),
    };
    let mut document = document(&path, &claims);
    (document["authenticated"], document["unauthenticated_because"]) = (why.is_none().into(), json!(why));
    context.terminal.document("backup", &document)?;
    show(context, &path, &claims)?;
    let told = match why {
        None => "its signature is right: this is what the vault wrote; `backup verify` opens the rest".to_owned(),
        Some(why) => format!("not authenticated, because {why}: this is what the file claims"),
    };
    context.terminal.note(&told);
    Ok(Exit::Success)
}

fn verify(context: &mut Context<'_>, file: &Path, checkpoints: &[PathBuf]) -> Result<Exit, Failure> {
    let checkpoints = Checkpoints::read(checkpoints)?;
    let backup = Backup::open(file).map_err(|error| explain_file(error, file))?;
    let keys = context.keys_to_open()?;
    context.warn();
    let (mut meter, interrupt) = (Meter::new(), Interrupt::watch()?);
    let verified = backup.verify(&keys, |progress| watched(context.terminal, &mut meter, &interrupt, progress));
    let manifest = verified.map_err(|error| match interrupted(&error, &interrupt, "nothing was changed") {
        Some(told) => told.into(),
        None => explain_file(error, file),
    })?;
    let against = Against::compare(&backup, &keys, &checkpoints).map_err(|error| explain_file(error, file))?;
    let path = file.display().to_string();
    let mut document = document(&path, &manifest);
    (document["authenticated"], document["verified"]) = (true.into(), true.into());
    document["checkpoints"] = against.documents().into();
    context.terminal.document("backup", &document)?;
    show(context, &path, &manifest)?;
    let (records, entries) = (counted(manifest.records, "API key"), counted(manifest.audit_entries, "audit entry"));
    context.terminal.line(&format!("everything in it is as it was written: {records} opened, {entries} followed"))?;
    for line in against.lines() {
        context.terminal.line(&line)?;
    }
    match disagreement(&against, &context.place.option()) {
        Some(told) => Err(told.into()),
        None => Ok(Exit::Success),
    }
}

/// The gravest first: another line, a checkpoint that is none of this vault, and a backup that is only old.
fn disagreement(against: &Against<'_>, store: &str) -> Option<Told> {
    if let Some(parted) = against.parted_from() {
        let message = format!("the backup and the checkpoint of {} are of two lines", parted.at);
        let hint =
            format!("`strongroom audit verify{store} --checkpoint FILE` says which of them the vault goes on from");
        return Some(Told::new(Exit::Corrupt, "backup-forked", message).hint(hint));
    }
    against.refusal(store).or_else(|| {
        let message = format!("the backup is older than the checkpoint of {}", against.older_than()?.at);
        let hint = format!("look for a newer one: `strongroom backup list{store}` shows what was taken");
        Some(Told::new(Exit::NotValid, "backup-older", message).hint(hint))
    })
}

fn list(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let vault = context.open_to_read()?;
    let (status, known) = (vault.status()?, vault.backups()?);
    let mut rows = vec![["AT", "ID", "OPENS WITH", "API KEYS", "AUDIT", "FILE", "STATE"].map(String::from).to_vec()];
    for backup in &known {
        let configured = status.configured.contains(&(backup.master_key, backup.fingerprint));
        let retired = needs_retired_key(backup, status.active_master_key);
        context.terminal.document(
            "known-backup",
            &json!({
                "id": backup.id.to_string(), "at": backup.at.to_string(), "audit_seq": backup.audit_seq,
                "master_key": backup.master_key, "fingerprint": backup.fingerprint.to_string(),
                "records": backup.records, "file_name": backup.file_name, "finished": backup.finished,
                "needs_retired_key": retired, "key_configured": configured,
            }),
        )?;
        let key = match (retired, configured) {
            (true, false) => ", retired, not configured",
            (true, true) => ", retired",
            _ => "",
        };
        rows.push(vec![
            backup.at.to_string(),
            backup.id.to_string(),
            format!("{} ({}){key}", backup.master_key, backup.fingerprint),
            if backup.finished { backup.records.to_string() } else { "-".into() },
            backup.audit_seq.to_string(),
            backup.file_name.clone(),
            if backup.finished { "finished" } else { "unfinished: may be there or not" }.into(),
        ]);
    }
    if known.is_empty() {
        let store = context.place.option();
        context.terminal.note(&format!("no backup is known; take one with `strongroom backup{store} FILE`"));
        return Ok(Exit::Success);
    }
    context.terminal.table(&rows)?;
    Ok(Exit::Success)
}

fn forget(context: &mut Context<'_>, args: &ForgetArgs) -> Result<Exit, Failure> {
    let vault = context.open()?;
    let act = context.act(args.reason.as_deref());
    let forgotten = match args.id {
        Some(id) => vault.forget_backup(id, &act).map(|()| 1)?,
        None if args.needing_other_keys => forget_needing_others(&vault, &act)?,
        None => vault.forget_all_backups(&act)?,
    };
    context.terminal.document("backups-forgotten", &json!({ "forgotten": forgotten }))?;
    context.terminal.line(&format!("{} taken from the list; no file was touched", counted(forgotten, "backup")))?;
    Ok(Exit::Success)
}

fn forget_needing_others(vault: &Vault, act: &Act) -> Result<u64, Error> {
    let (active, mut forgotten) = (vault.status()?.active_master_key, 0);
    for backup in vault.backups()?.iter().filter(|backup| needs_retired_key(backup, active)) {
        match vault.forget_backup(backup.id, act).map_err(Error::into_detail) {
            Ok(()) => forgotten += 1,
            // Somebody else was first.
            Err(Detail::BackupUnknown { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(forgotten)
}

fn show(context: &mut Context<'_>, path: &str, manifest: &BackupManifest) -> Result<(), Failure> {
    let generations: Vec<_> = manifest.generations.iter().map(ToString::to_string).collect();
    let rotation = manifest.rotation.as_ref().map_or_else(
        || "none was open".into(),
        |open| {
            format!(
                "from master key {} to {} was open ({})",
                open.from_master_key,
                open.to_master_key,
                open.phase.name()
            )
        },
    );
    let rows = [
        ("file", path.to_owned()),
        ("backup", manifest.id.to_string()),
        ("vault", manifest.vault.to_string()),
        ("taken", manifest.at.to_string()),
        ("opens with", opens_with(manifest)),
        ("API keys", manifest.records.to_string()),
        ("audit", format!("{} entries, the last {}", manifest.audit_entries, manifest.audit_hash)),
        ("generations", format!("{}, new seals in {}", generations.join(", "), manifest.active_generation)),
        ("rotation", rotation),
        ("written by", format!("strongroom {}", manifest.strongroom)),
    ];
    context.terminal.pairs(rows)
}

fn document(path: &str, manifest: &BackupManifest) -> Value {
    let key = |(version, print): &(strongroom::MasterKeyVersion, strongroom::master::Fingerprint)| json!({ "version": version, "fingerprint": print.to_string() });
    json!({
        "path": path,
        "authenticated": false,
        "unauthenticated_because": null,
        "verified": false,
        "recorded": null,
        "checkpoints": [],
        "backup": manifest.id.to_string(),
        "vault": manifest.vault.to_string(),
        "at": manifest.at.to_string(),
        "records": manifest.records,
        "audit_entries": manifest.audit_entries,
        "audit_hash": manifest.audit_hash,
        "opens_with": manifest.opens_with.iter().map(key).collect::<Vec<_>>(),
        "active_generation": manifest.active_generation,
        "generations": manifest.generations,
        "rotation": manifest.rotation.as_ref().map(|open| json!({
            "phase": open.phase.name(), "from_master_key": open.from_master_key, "to_master_key": open.to_master_key,
        })),
        "strongroom": manifest.strongroom,
    })
}
