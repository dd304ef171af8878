//! `audit`: the log listed, verified, exported, followed, and fixed in a checkpoint.

mod entries;
mod export;
mod follow;
mod list;
mod verify;

pub(crate) use export::export;
pub(crate) use follow::follow;
pub(crate) use list::list;
pub(crate) use verify::verify;

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

/// `audit checkpoint`: the same with and without `--json`.
pub(crate) fn checkpoint(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let checkpoint = context.open_reading()?.audit_checkpoint()?;
    context.terminal.raw(&format!("{}\n", checkpoint.to_json()))?;
    Ok(Exit::Success)
}
