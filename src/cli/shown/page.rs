//! That a list goes on behind what was shown of it.

use std::fmt::Display;

use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;

/// `next` is what `--after` takes.
pub(crate) fn more(context: &mut Context<'_>, next: &impl Display) -> Result<(), Failure> {
    context.terminal.document("page", &json!({ "next": next.to_string() }))?;
    context.terminal.note(&format!("more follow: --after {next}, or --all"));
    Ok(())
}
