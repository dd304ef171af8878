//! The audit log opened by what there is: keys of the vault, a public key that was pinned, or nothing.

use strongroom::SqliteStore;
use strongroom::audit::{AuditCheckpoint, Auditor, Pin};

use crate::args::PinArgs;
use crate::checkpoints::Checkpoints;
use crate::context::{Context, anchor};
use crate::failure::Failure;

/// For who shows it: says once that nothing is authenticated, where that is so.
pub(super) fn open_to_show(context: &mut Context<'_>, args: &PinArgs) -> Result<Auditor, Failure> {
    let kept = Checkpoints::read(&args.checkpoint)?;
    let auditor = open_unanchored(context, args.pin.as_ref(), &kept.list)?;
    if let Err(failure) = hold_to_anchor(&auditor) {
        // It is read to find out what happened.
        context.end_with(failure);
    }
    if !auditor.is_authenticated() {
        context.terminal.caution(NOT_AUTHENTICATED, WHAT, &remedy(context));
    }
    Ok(auditor)
}

/// Held to the anchor of this machine, where there is one.
pub(super) fn open(context: &mut Context<'_>, pin: Option<&Pin>, kept: &[AuditCheckpoint]) -> Result<Auditor, Failure> {
    let auditor = open_unanchored(context, pin, kept)?;
    hold_to_anchor(&auditor)?;
    Ok(auditor)
}

/// The same, whatever an anchor says. A pin takes the place of keys: whoever gives one wants to know what it says alone.
pub(super) fn open_unanchored(
    context: &mut Context<'_>,
    pin: Option<&Pin>,
    kept: &[AuditCheckpoint],
) -> Result<Auditor, Failure> {
    let store = |context: &Context<'_>| SqliteStore::open_read_only(&context.place.path);
    match pin {
        Some(pin) => Ok(Auditor::open_pinned(store(context)?, pin, kept)?),
        None => match context.open_log()? {
            Some(verifier) => Ok(verifier.into()),
            None => Ok(Auditor::open(store(context)?)?),
        },
    }
}

/// Whether the store is what this machine saw last.
pub(super) fn hold_to_anchor(auditor: &Auditor) -> Result<(), Failure> {
    Ok(anchor()?.map_or(Ok(()), |anchor| auditor.check_anchor(anchor))?)
}

/// How there is something to believe by.
pub(super) fn remedy(context: &Context<'_>) -> String {
    let store = context.place.option();
    format!(
        "where the master key is, `strongroom audit public-key{store}` prints what to give here with --pin PUBLICKEY"
    )
}

pub(super) const NOT_AUTHENTICATED: &str = "not-authenticated";
pub(super) const WHAT: &str = "nothing here is authenticated: there is no master key, no verifier key and no --pin, and whoever writes the store could have written this";
