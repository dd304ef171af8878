//! `audit`: the log listed, verified, exported, followed, fixed in a checkpoint, and proven from there on.

mod entries;
mod export;
mod follow;
mod list;
mod opening;
mod prove;
mod public_key;
mod verify;

pub(crate) use export::export;
pub(crate) use follow::follow;
pub(crate) use list::list;
pub(crate) use prove::{check_proof, prove};
pub(crate) use public_key::public_key;
pub(crate) use verify::verify;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// `audit checkpoint`: the note as it is kept, and in JSON with what it says beside it.
pub(crate) fn checkpoint(context: &mut Context<'_>) -> Result<Exit, Failure> {
    context.terminal.must_take_data()?;
    let checkpoint = context.open_to_read()?.audit_checkpoint()?;
    let mut body = serde_json::to_value(&checkpoint).expect("a checkpoint has nothing that JSON cannot hold");
    body["note"] = checkpoint.to_text().into();
    context.terminal.document("audit-checkpoint", &body)?;
    if !context.terminal.json() {
        context.terminal.raw(&checkpoint.to_text())?;
    }
    Ok(Exit::Success)
}
