//! `suspend` and `resume`: take API keys out of use, and back into it.

use crate::args::SuspendArgs;
use crate::bulk::{Bulk, Deed, Done};
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::selection::{self, Selected};
use crate::shown::api_key::changed;

pub(crate) fn suspend(context: &mut Context<'_>, args: &SuspendArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(Some(reason(&args.reason)?));
    let vault = context.open()?;
    let bulk = Bulk { verb: "suspend", past: "suspended", lasting: "", dry_run: args.selection.dry_run };
    match selection::select(context, &vault, &args.selection)? {
        Selected::One(id) if !bulk.dry_run => {
            let done = vault.suspend(id, &act)?;
            changed(context.terminal, &vault.show(id)?, if done { "suspended" } else { "suspended before:" })
        }
        selected => bulk.run(context, &vault, &selected, |deed| match deed {
            Deed::Judge(key) => Ok(key.suspended_at.map(|_| "suspended before").map_or(Done::Planned, Done::Skipped)),
            Deed::Do(id) => Ok(Done::if_changed(vault.suspend(id, &act)?, "suspended before")),
        }),
    }
}

pub(crate) fn resume(context: &mut Context<'_>, args: &SuspendArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(Some(reason(&args.reason)?));
    let vault = context.open()?;
    let bulk = Bulk { verb: "resume", past: "resumed", lasting: "", dry_run: args.selection.dry_run };
    match selection::select(context, &vault, &args.selection)? {
        Selected::One(id) if !bulk.dry_run => {
            let done = vault.resume(id, &act)?;
            changed(context.terminal, &vault.show(id)?, if done { "resumed" } else { "was not suspended:" })
        }
        selected => bulk.run(context, &vault, &selected, |deed| match deed {
            Deed::Judge(key) if key.suspended_at.is_none() => Ok(Done::Skipped("not suspended")),
            Deed::Judge(_) => Ok(Done::Planned),
            Deed::Do(id) => Ok(Done::if_changed(vault.resume(id, &act)?, "not suspended")),
        }),
    }
}
