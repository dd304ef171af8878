//! `recover --all`: every token with everything else about its API key, encrypted to people, in parts that each count only
//! once they are whole.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::json;
use strongroom::api_keys::ImportedKey;
use strongroom::error::Detail;
use strongroom::policy::PolicyError;
use strongroom::{Act, Vault};

use crate::age::Recipients;
use crate::args::RecoverArgs;
use crate::context::Context;
use crate::digest::Digesting;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::manifest::{Head, LeftOut, Manifest, Part};
use crate::new_file::{refuse_existing, refuse_unsafe_folder, sync_folder, unwritten};
use crate::progress::Meter;
use crate::text::{counted, quoted};
use crate::told::Told;

pub(super) fn export(context: &mut Context<'_>, args: &RecoverArgs, act: &Act) -> Result<Exit, Failure> {
    let recipients = Recipients::parse(&args.recipients)?;
    let path = args.out.as_deref().unwrap_or(Path::new(""));
    refuse_unsafe_folder(path)?;
    if !args.resume {
        let begun = |failure: Failure| {
            let told = failure.explain(&context.place);
            let resume = resume_hint(args, &context.place.option());
            let hint =
                format!("{}; where it is an export that was stopped, {resume}", told.hint.clone().unwrap_or_default());
            told.hint(hint)
        };
        refuse_existing(path).map_err(begun)?;
        refuse_existing(&Manifest::part_of(path, 1)).map_err(begun)?;
    }
    context.require_consent()?;
    let vault = context.open()?;
    let status = vault.status()?;
    let total = status.record_count();
    let head = Head::new(status.vault, recipients.names());
    let begun = if args.resume { Some(same_export(Manifest::resume(path, &head)?, &head)?) } else { None };
    context.confirm(&format!(
        "Export the tokens of {} to {}? The audit log will name you, the reason and each of them.",
        counted(total, "API key"),
        counted(recipients.len() as u64, "recipient")
    ))?;
    let mut manifest = match begun {
        Some(manifest) => manifest,
        None => Manifest::create(path, head)?,
    };
    let watch = Interrupt::watch()?;
    let mut meter = Meter::new();
    while !manifest.complete {
        if let Some(exit) = watch.seen() {
            let message = format!("stopped after {}", counted(manifest.parts.len() as u64, "part"));
            return Err(Told::new(exit, "stopped", message).hint(resume_hint(args, &context.place.option())).into());
        }
        let next = next_part(&vault, &manifest, &recipients, act);
        match next.map_err(|failure| interrupted(failure, &manifest, args, context))? {
            Some(part) => manifest.add(part)?,
            None => manifest.finish()?,
        }
        let done = manifest.keys() + manifest.left_out().count() as u64;
        meter.show(context.terminal, "export", done, total);
    }
    conclude(context, &manifest, path)
}

fn same_export(manifest: Manifest, head: &Head) -> Result<Manifest, Failure> {
    if manifest.head == *head {
        return Ok(manifest);
    }
    let what = if manifest.head.vault == head.vault { "has other recipients" } else { "is of another vault" };
    let hint = "give the same --to and the same store as before, or begin another export with another --out";
    Err(Told::new(Exit::Conflict, "export-differs", format!("the export that was begun {what}")).hint(hint).into())
}

/// Exports the API keys after the last part; `None` when there are no more.
fn next_part(vault: &Vault, manifest: &Manifest, recipients: &Recipients, act: &Act) -> Result<Option<Part>, Failure> {
    let page = vault.export_page(manifest.cursor(), PART_KEYS, act)?;
    let Some(last) = page.items.last().map(|last| last.id.to_string()) else { return Ok(None) };
    let (mut keys, mut left_out) = (vec![], vec![]);
    for exported in page.items {
        match exported.key {
            Ok(key) => keys.push(key),
            Err(fault) => left_out.push(LeftOut { id: exported.id.to_string(), cause: fault.cause().into() }),
        }
    }
    let number = manifest.parts.len() as u64 + 1;
    let path = manifest.part_path(number);
    // What lies there was written by a run that was stopped before it could say so: it never counted.
    let sha256 = write_part(&path, &keys, recipients).map_err(|error| unwritten(&path, &error))?;
    Ok(Some(Part { number, keys: keys.len() as u64, left_out, last, sha256 }))
}

/// Under another name first: what has the name of a part is whole.
fn write_part(path: &Path, keys: &[ImportedKey], recipients: &Recipients) -> io::Result<String> {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    let partial = Path::new(&partial);
    let _ = fs::remove_file(partial);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial)?;
    let write = |file: &File| -> io::Result<String> {
        let mut digesting = Digesting::new(io::BufWriter::new(file));
        recipients.encrypt(&mut digesting, false, |to| {
            keys.iter().try_for_each(|key| {
                to.write_all(key.to_line().expose().as_bytes())?;
                to.write_all(b"\n")
            })
        })?;
        let digest = digesting.finish()?;
        file.sync_all()?;
        fs::rename(partial, path)?;
        sync_folder(path)?;
        Ok(digest)
    };
    write(&file).inspect_err(|_| drop(fs::remove_file(partial)))
}

/// What was begun is gone on with; where nothing was, nothing is left.
fn interrupted(failure: Failure, manifest: &Manifest, args: &RecoverArgs, context: &Context<'_>) -> Failure {
    let forced =
        matches!(&failure, Failure::Vault(error) if matches!(error.detail(), Detail::Policy(PolicyError::Reissue)));
    let (mut told, store) = (failure.explain(&context.place), context.place.option());
    if forced {
        // No export reissues: the rule has to give way to it, and the audit log tells of that too.
        told.hint = Some(format!(
            "`strongroom policy set{store} --no-reissue-on-recovery --reason TEXT` lifts the rule for an export"
        ));
    }
    if manifest.parts.is_empty() && !args.resume {
        manifest.discard();
    } else {
        told.hint = Some(format!("{}; then {}", told.hint.unwrap_or_default(), resume_hint(args, &store)));
    }
    told.into()
}

fn conclude(context: &mut Context<'_>, manifest: &Manifest, path: &Path) -> Result<Exit, Failure> {
    let left_out = manifest.left_out().count() as u64;
    for left in manifest.left_out() {
        context.terminal.document("export-left-out", left)?;
        context.terminal.line(&format!("left out {}: {}", left.id, left.cause))?;
    }
    let (keys, parts) = (manifest.keys(), manifest.parts.len() as u64);
    let out = path.display().to_string();
    context.terminal.document("export", &json!({ "keys": keys, "parts": parts, "left_out": left_out, "path": out }))?;
    context.terminal.line(&format!("exported {} in {} to {out}", counted(keys, "API key"), counted(parts, "part")))?;
    if left_out == 0 {
        return Ok(Exit::Success);
    }
    let message = format!("API keys that could not be exported: {left_out}, listed with their causes");
    let hint = "those that are not recoverable have to be issued anew; `strongroom doctor` looks at the others";
    Err(Told::new(Exit::Incomplete, "export-incomplete", message).hint(hint).into())
}

/// How an export goes on.
fn resume_hint(args: &RecoverArgs, store: &str) -> String {
    let recipients: Vec<_> = args.recipients.iter().map(|recipient| quoted(recipient)).collect();
    let recipients = recipients.join(" --to ");
    let out = args.out.as_ref().map(|path| quoted(&path.display().to_string())).unwrap_or_default();
    format!("`strongroom recover{store} --all --to {recipients} --out {out} --resume --reason TEXT` goes on from there")
}

/// A few megabytes in memory.
const PART_KEYS: usize = 5_000;
