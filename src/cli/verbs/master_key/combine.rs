//! `master-key combine`: shares as the master key, proven by its fingerprint.

use std::path::Path;

use serde::Serialize;
use strongroom::escrow::Combined;
use strongroom::master::{Fingerprint, known_fingerprints};
use strongroom::{MasterKeyVersion, SqliteStore};

use crate::args::CombineArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{refuse_existing, refuse_unsafe_folder, unwritten, write_new};
use crate::shares::Noted;
use crate::shown::master_key::entry;
use crate::terminal::refuse_terminal;
use crate::text::quoted;
use crate::told::Told;

pub(crate) fn combine(context: &mut Context<'_>, args: &CombineArgs) -> Result<Exit, Failure> {
    args.out.as_deref().map_or(Ok(()), |path| refuse_unsafe_folder(path).and_then(|()| refuse_existing(path)))?;
    if args.out.is_none() && !args.reveal {
        refuse_terminal("the master key")?;
    }
    let (combined, noted) = context.put_together(&args.files)?;
    let Combined { key, version, .. } = &combined;
    let proven_by = prove_by_store(context, &combined)?;
    let (fingerprint, vault) = (key.fingerprint().to_string(), combined.vault.map(|vault| vault.to_string()));
    let mut document = Document { version: *version, fingerprint, vault, proven_by, noted, key: None, path: None };
    let how = format!("master key {version} with fingerprint {}", document.fingerprint);
    if let Some(path) = &args.out {
        write_new(path, &entry(Some(*version), key.to_text())).map_err(|error| unwritten(path, &error))?;
        document.path = Some(path.display().to_string());
        context.terminal.document("combined-master-key", &document)?;
        context.terminal.line(&format!("{how} written to {}", path.display()))?;
    } else if context.terminal.json() {
        let text = key.to_text();
        document.key = Some(text.expose());
        context.terminal.secret_document("combined-master-key", &document).map_err(Failure::of_secret)?;
    } else {
        context.terminal.secret(&entry(Some(*version), key.to_text())).map_err(Failure::of_secret)?;
        context.terminal.note(&format!("this is {how}"));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Document<'a> {
    version: MasterKeyVersion,
    fingerprint: String,
    vault: Option<String>,
    proven_by: &'static str,
    #[serde(flatten)]
    noted: Noted,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
}

/// The vault at hand must know the key, when one was named.
fn prove_by_store(context: &Context<'_>, combined: &Combined) -> Result<&'static str, Failure> {
    if !context.place.is_named() {
        return Ok("shares");
    }
    let known = known_fingerprints(&SqliteStore::open_read_only(&context.place.path)?)?;
    let print = combined.key.fingerprint();
    match known.iter().find(|master| master.version == combined.version) {
        Some(master) if master.fingerprint == print => Ok("store"),
        _ => Err(stranger(combined.version, print, &context.place.path)),
    }
}

/// The key is right, and the vault at hand does not know it.
fn stranger(version: MasterKeyVersion, fingerprint: Fingerprint, path: &Path) -> Failure {
    let message = format!("the vault in {} has no master key {version} with fingerprint {fingerprint}", path.display());
    let hint = format!(
        "these are shares of another vault's master key, or of none: `strongroom status --store sqlite:{}` shows its own",
        quoted(&path.display().to_string())
    );
    Told::new(Exit::MasterKey, "shares-of-another-vault", message).hint(hint).into()
}
