//! `reissue`, `update`, `suspend`, `resume` and `revoke`: of one API key, or of many.

mod bulk;
mod reissue;
mod selection;
mod update;

use serde_json::json;
use strongroom::{ApiKey, ApiKeyId, Status, Timestamp};

use super::args::{RevokeArgs, SuspendArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::Failure;
use super::keys::{described, document, known, reason};
use bulk::{Bulk, Deed, Done};
use selection::Selected;

pub(crate) use reissue::reissue;
pub(crate) use update::update;

pub(crate) fn suspend(context: &mut Context<'_>, args: &SuspendArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(Some(reason(&args.reason)?));
    let vault = context.open()?;
    let bulk = Bulk { verb: "suspend", past: "suspended", lasting: "", dry_run: args.selection.dry_run };
    match selection::select(context, &vault, &args.selection)? {
        Selected::One(id) if !bulk.dry_run => {
            let changed = vault.suspend(id, &act)?;
            tell(context, &vault.show(id)?, if changed { "suspended" } else { "suspended before:" })
        }
        selected => bulk.run(context, &vault, &selected, |deed| match deed {
            Deed::Judge(key) => Ok(key.suspended_at.map(|_| "suspended before").map_or(Done::Planned, Done::Skipped)),
            Deed::Do(id) => Ok(done(vault.suspend(id, &act)?, "suspended before")),
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
            let changed = vault.resume(id, &act)?;
            tell(context, &vault.show(id)?, if changed { "resumed" } else { "was not suspended:" })
        }
        selected => bulk.run(context, &vault, &selected, |deed| match deed {
            Deed::Judge(key) if key.suspended_at.is_none() => Ok(Done::Skipped("not suspended")),
            Deed::Judge(_) => Ok(Done::Planned),
            Deed::Do(id) => Ok(done(vault.resume(id, &act)?, "not suspended")),
        }),
    }
}

pub(crate) fn revoke(context: &mut Context<'_>, args: &RevokeArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(Some(reason(&args.reason)?));
    let at = time_to_come(args)?;
    if !args.selection.dry_run {
        context.require_consent()?;
    }
    let vault = context.open()?;
    let revoke = |id: ApiKeyId| match at {
        Some(at) => vault.revoke_at(id, at, &act),
        None => vault.revoke(id, &act),
    };
    let before = |key: &ApiKey| match at {
        _ if key.revoked_at.is_some() => Some("revoked before"),
        Some(at) if key.revoke_at.is_some_and(|set| set <= at) => Some("to be revoked then, or earlier"),
        _ => None,
    };
    let when = at.map(|at| format!(" at {at}")).unwrap_or_default();
    let lasting = format!(", for good{when}");
    let past = if at.is_some() { "set to be revoked" } else { "revoked" };
    let bulk = Bulk { verb: "revoke", past, lasting: &lasting, dry_run: args.selection.dry_run };
    match selection::select(context, &vault, &args.selection)? {
        Selected::One(id) if !bulk.dry_run => {
            let key = known(&vault, id, |id| revoke(id).err())?;
            if key.status(Timestamp::now()) != Status::Revoked {
                context.confirm(&format!("Revoke {} for good{when}?", described(&key)))?;
            }
            let now = revoke(id)?;
            let body =
                json!({ "id": id.to_string(), "revoked_before": !now, "revoke_at": at.map(|at| at.to_string()) });
            context.terminal.document("revocation", &body)?;
            let word = match (now, at) {
                (true, None) => "revoked".into(),
                (true, Some(at)) => format!("to be revoked at {at}:"),
                (false, None) => "revoked before:".into(),
                (false, Some(_)) => "to be revoked then already:".into(),
            };
            context.terminal.line(&format!("{word} {id}"))?;
            Ok(Exit::Success)
        }
        selected => bulk.run(context, &vault, &selected, |deed| match deed {
            Deed::Judge(key) => Ok(before(key).map_or(Done::Planned, Done::Skipped)),
            Deed::Do(id) => Ok(done(revoke(id)?, "revoked before")),
        }),
    }
}

fn time_to_come(args: &RevokeArgs) -> Result<Option<Timestamp>, Failure> {
    let now = Timestamp::now();
    match args.at.or(args.after.map(|span| now.saturating_add(span))) {
        Some(at) if at <= now => {
            Err(Failure::input("--at lies in the past", "give a time to come, or leave it out to revoke now"))
        }
        at => Ok(at),
    }
}

fn done(changed: bool, otherwise: &'static str) -> Done {
    if changed { Done::Changed(json!({})) } else { Done::Skipped(otherwise) }
}

/// What became of one API key.
fn tell(context: &mut Context<'_>, key: &ApiKey, word: &str) -> Result<Exit, Failure> {
    context.terminal.document("api-key", &document(key))?;
    context.terminal.line(&format!("{word} {}", key.id))?;
    Ok(Exit::Success)
}
