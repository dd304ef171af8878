//! A rotation that was done before: a job that is run again has nothing to do, and that is no failure.

use serde_json::json;
use strongroom::error::{Detail, TargetFault};
use strongroom::master::Fingerprint;
use strongroom::{ApiKey, Error, MasterKeyVersion, Query, Vault, VaultStatus};

use crate::args::RotateArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::shown::master_key::fingerprint;
use crate::told::Told;

/// Whether it was refused for what a rotation that is over would be refused for.
pub(super) fn may_be(error: &Error) -> bool {
    matches!(
        error.detail(),
        Detail::NoRotation | Detail::RotationTarget { fault: TargetFault::Active | TargetFault::NoNewer, .. }
    )
}

/// Says that the key that was named is the active one already. `None` where none was, or where something else was asked for that was
/// not done.
pub(super) fn before(context: &mut Context<'_>, args: &RotateArgs, vault: &Vault) -> Result<Option<Exit>, Failure> {
    let status = vault.status()?;
    let active = status.active_master_key;
    let Some(known) = status.master_keys.iter().find(|key| key.version == active) else { return Ok(None) };
    let named = args.to.map_or(args.expect == Some(known.fingerprint), |to| to == active);
    let more = args.accept_record_set || args.abandon_unreadable;
    if !named || more || args.compromised && !is_marked(vault, &status)? {
        return Ok(None);
    }
    expected(args, active, known.fingerprint)?;
    if let Some(path) = args.certificate.as_ref().filter(|path| !path.exists()) {
        let message = format!("the rotation to master key {active} is over, and {} was not written", path.display());
        return Err(Told::new(Exit::Conflict, "certificate-missing", message)
            .hint("only the run that finishes a rotation writes its certificate: leave --certificate out")
            .into());
    }
    let print = fingerprint(&status, active);
    let removable: Vec<_> = status.removable().collect();
    let body = json!({ "master_key": active, "fingerprint": print, "removable_master_keys": removable });
    context.terminal.document("rotation-done-before", &body)?;
    context.terminal.pairs([("master key", format!("{active} ({print})"))])?;
    context.terminal.note("it is the active one already: nothing was to be done");
    Ok(Some(Exit::Success))
}

/// Whether the new master key is the one that was named by its fingerprint.
pub(super) fn expected(args: &RotateArgs, version: MasterKeyVersion, found: Fingerprint) -> Result<(), Failure> {
    let Some(expected) = args.expect.filter(|expected| *expected != found) else { return Ok(()) };
    let message = format!("master key {version} has the fingerprint {found}, and not {expected}: nothing was done");
    let hint = format!(
        "copy the key with fingerprint {expected} again into its place as {version}:KEY; `strongroom master-key check` shows \
         the fingerprints of what is there"
    );
    Err(Told::new(Exit::MasterKey, "master-key-unexpected", message).hint(hint).into())
}

/// Whether what was issued before the active master key is marked as exposed. All of it is, or none.
fn is_marked(vault: &Vault, status: &VaultStatus) -> Result<bool, Failure> {
    let active = status.master_keys.iter().find(|key| key.version == status.active_master_key);
    let Some(since) = active.map(|key| key.added_at) else { return Ok(false) };
    let marked = |key: &ApiKey| key.created_at >= since || key.exposed_at.is_some_and(|at| at >= since);
    let first = vault.list_all(&Query::new()).next().transpose()?;
    Ok(first.is_none_or(|listed| listed.key.as_ref().is_ok_and(marked)))
}
