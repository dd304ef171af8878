//! `init`: a new vault.

use serde_json::json;
use strongroom::master::MasterKeysError;
use strongroom::{MasterKeyVersion, SqliteStore};

use crate::args::InitArgs;
use crate::context::{Context, opening};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::shown::master_key::fingerprint;
use crate::strength::{note_lesser, suspects};
use crate::text::quoted;
use crate::told::Told;

pub(crate) fn init(context: &mut Context<'_>, args: &InitArgs) -> Result<Exit, Failure> {
    let mut keys = match context.master_keys() {
        Err(Failure::MasterKeys(MasterKeysError::NotSet)) => return Err(Context::without_master_keys()),
        keys => keys?,
    };
    let interrupt = Interrupt::watch()?;
    context.warn();
    refuse_missing_folder(context)?;
    let newest = keys.versions().last().map_or(MasterKeyVersion::FIRST, |(version, _)| version);
    if newest.next().is_none() {
        let message =
            format!("master key {newest} has the last number there can be, so that no rotation could ever follow");
        return Err(Failure::input(message, "begin with `strongroom master-key generate --version 1`"));
    }
    if !args.quick {
        note_lesser(context, &suspects(&keys), newest);
    }
    let options = opening()?.suite(args.suite).waivers(context.waivers.clone()).quick(args.quick);
    options.judge(&mut keys)?;
    if let Some(exit) = interrupt.seen() {
        let told = Told::new(exit, "stopped", "stopped before there was a vault: nothing was done");
        return Err(told.hint(format!("`strongroom init{}` makes it", context.place.option())).into());
    }
    let store = SqliteStore::open_or_create(&context.place.path)?;
    let vault = options.create(store, keys, &context.act(None))?;
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
