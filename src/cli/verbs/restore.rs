//! `restore`: makes a vault of a backup, and says what that undoes.

use std::path::Path;

use serde_json::{Value, json};
use strongroom::backup::{Backup, BackupManifest, Behind};
use strongroom::error::Detail;
use strongroom::store::StoreError;
use strongroom::{Error, SqliteStore, Vault};

use crate::against::Against;
use crate::args::RestoreArgs;
use crate::backup_file::{explain_file, explain_place, opens_with, watched};
use crate::checkpoints::Checkpoints;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::place::Place;
use crate::progress::Meter;
use crate::text::{counted, quoted};
use crate::told::Told;

pub(crate) fn restore(context: &mut Context<'_>, args: &RestoreArgs) -> Result<Exit, Failure> {
    let checkpoints = Checkpoints::read(&args.checkpoint)?;
    let backup = Backup::open(&args.file).map_err(|error| explain_file(error, &args.file))?;
    refuse_other_vault(args, backup.claims())?;
    let target = args.to.clone().map(|url| Place::of_option("--to", url)).transpose()?;
    let to = target.as_ref().map_or_else(|| context.place.path.clone(), |place| place.path.clone());
    refuse_taken(context, &args.file, &to)?;
    let behind = if target.is_some() { behind(context, &backup)? } else { None };
    let keys = context.keys_to_open()?;
    context.warn();
    let against = Against::compare(&backup, &keys, &checkpoints).map_err(|error| explain_file(error, &args.file))?;
    if let Some(behind) = &behind {
        tell(context, behind, backup.claims().audit_entries);
    }
    if tell_against(context, &against)? || behind.as_ref().is_some_and(|behind| !behind.related || behind.entries > 0) {
        context.confirm("Restore it all the same?")?;
    }
    let (act, interrupt, mut meter) = (context.act(args.reason.as_deref()), Interrupt::watch()?, Meter::new());
    let restored =
        backup.restore(&to, &keys, &act, |progress| watched(context.terminal, &mut meter, &interrupt, progress));
    let manifest = restored.map_err(|error| {
        let of_target = matches!(
            error.detail(),
            Detail::Store(
                StoreError::AlreadyExists { .. }
                    | StoreError::Engine { .. }
                    | StoreError::Full
                    | StoreError::InDoubt { .. }
                    | StoreError::NotFound { .. }
                    | StoreError::ReadOnly
                    | StoreError::Stopped
                    | StoreError::Unsafe { .. }
            )
        );
        if of_target {
            explain_place(error, &to, &interrupt, "nothing was restored")
        } else {
            explain_file(error, &args.file)
        }
    })?;
    let path = to.display().to_string();
    context.terminal.document(
        "restore",
        &json!({
            "path": path, "backup": manifest.id.to_string(), "vault": manifest.vault.to_string(),
            "at": manifest.at.to_string(), "records": manifest.records, "audit_entries": manifest.audit_entries,
            "behind": behind.as_ref().map(document), "checkpoints": against.documents(),
        }),
    )?;
    let records = counted(manifest.records, "API key");
    context.terminal.line(&format!("restored vault {} of {} in {path}: {records}", manifest.vault, manifest.at))?;
    context.terminal.line(&format!("opens with {}", opens_with(&manifest)))?;
    advise(context, &manifest, behind.as_ref(), &path);
    if against.older_than().or(against.parted_from()).is_some() {
        let store = quoted(&format!("sqlite:{path}"));
        context.terminal.note(&format!(
            "`audit verify` with the later checkpoints ends with 13 from now on: make a new one with `strongroom audit checkpoint \
             --store {store}`"
        ));
    }
    Ok(Exit::Success)
}

fn refuse_other_vault(args: &RestoreArgs, claims: &BackupManifest) -> Result<(), Failure> {
    match args.vault.filter(|expected| *expected != claims.vault) {
        Some(expected) => Err(Detail::BackupOfOther { expected, found: claims.vault }.into()),
        None => Ok(()),
    }
}

/// Before anything else is asked or done. The library looks once more when it puts the vault in its place.
fn refuse_taken(context: &Context<'_>, file: &Path, to: &Path) -> Result<(), Failure> {
    if to.symlink_metadata().is_err() {
        return Ok(());
    }
    let error = Error::from(StoreError::AlreadyExists { path: to.display().to_string() });
    let told = Told::new(error.kind().into(), error.code(), error.to_string());
    let elsewhere = to.with_extension("restored.db").display().to_string();
    let (store, url) = (context.place.option(), quoted(&format!("sqlite:{elsewhere}")));
    let file = quoted(&file.display().to_string());
    Err(told
        .hint(format!(
            "restore beside it with `strongroom restore{store} {file} --to {url}`: that also compares the two; then stop the \
             service and exchange the files"
        ))
        .into())
}

/// What the vault at `--store` has done since, when there is one that opens.
fn behind(context: &mut Context<'_>, backup: &Backup) -> Result<Option<Behind>, Failure> {
    if !context.place.path.exists() {
        return Ok(None);
    }
    let keys = context.keys_to_open()?;
    let compared = SqliteStore::open(&context.place.path)
        .map_err(Error::from)
        .and_then(|store| backup.behind(&Vault::open(store, keys)?));
    match compared {
        Ok(behind) => Ok(Some(behind)),
        Err(error) if matches!(error.detail(), Detail::BackupOfOther { .. }) => Err(error.into()),
        // It may be the reason for the restore.
        Err(error) => {
            let path = context.place.path.display().to_string();
            context.terminal.note(&format!("warning: the backup was not compared with the vault in {path}: {error:#}"));
            Ok(None)
        }
    }
}

fn tell(context: &mut Context<'_>, behind: &Behind, after: u64) {
    let path = context.place.path.display().to_string();
    if !behind.related {
        context.terminal.note(&format!(
            "warning: the audit log of the vault in {path} does not go on from where that of the backup ends: one of them was \
             restored or changed"
        ));
        return;
    }
    let Some(last) = behind.last_at else {
        context.terminal.note(&format!("the vault in {path} has done nothing since the backup"));
        return;
    };
    let acts: Vec<_> = behind.acts.iter().map(|(action, count)| format!("{count} {action}")).collect();
    let entries = counted(behind.entries, "audit entry");
    context.terminal.note(&format!(
        "warning: this goes back in time: the vault in {path} has {entries} since, the last of {last}: {}",
        acts.join(", ")
    ));
    for id in &behind.revoked {
        context.terminal.note(&format!("  revoked or reissued since, and valid again in the restored vault: {id}"));
    }
    for id in behind.suspended.difference(&behind.revoked) {
        context.terminal.note(&format!("  suspended since, and in use again in the restored vault: {id}"));
    }
    if behind.revoked.len().max(behind.suspended.len()) >= Behind::MAX_LISTED {
        let store = context.place.option();
        context
            .terminal
            .note(&format!("  and maybe more: `strongroom audit list{store} --after {after} --all` shows them"));
    }
}

/// Whether somebody has to decide. What is wrong with a checkpoint ends it.
fn tell_against(context: &mut Context<'_>, against: &Against<'_>) -> Result<bool, Failure> {
    for line in against.lines() {
        context.terminal.note(&line);
    }
    // A clock that is wrong is no reason to have no vault.
    match against.refusal(&context.place.option()).filter(|told| told.exit != Exit::NotValid) {
        Some(told) => Err(told.into()),
        None => Ok(against.older_than().or(against.parted_from()).is_some()),
    }
}

fn advise(context: &mut Context<'_>, manifest: &BackupManifest, behind: Option<&Behind>, path: &str) {
    let store = quoted(&format!("sqlite:{path}"));
    match behind {
        Some(behind) if behind.related && behind.entries == 0 => {}
        Some(behind) if behind.related && behind.revoked.is_empty() && behind.suspended.is_empty() => {
            context.terminal.note(
                "nothing was revoked, reissued or suspended since; what was issued since is not in it, and its tokens are refused",
            );
        }
        Some(behind) if behind.related => context.terminal.note(&format!(
            "before the service uses it, revoke again each API key above, or suspend it: `strongroom revoke --store {store} ID \
             --reason TEXT`"
        )),
        _ => context.terminal.note(&format!(
            "warning: whatever was done after {} (audit entry {}) is not in it: API keys revoked since are valid again. Revoke \
             them again with `strongroom revoke --store {store} ID --reason TEXT`; another copy of the audit log shows them",
            manifest.at, manifest.audit_entries
        )),
    }
    if manifest.rotation.is_some() {
        context.terminal.note(&format!("finish its rotation with `strongroom rotate-master-key --store {store}`"));
    }
}

fn document(behind: &Behind) -> Value {
    json!({
        "related": behind.related,
        "entries": behind.entries,
        "last_at": behind.last_at.map(|at| at.to_string()),
        "acts": behind.acts,
        "revoked": behind.revoked.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "suspended": behind.suspended.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}
