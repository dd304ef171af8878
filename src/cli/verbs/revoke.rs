//! `revoke`: takes API keys out of use for good, now or at a time.

use serde_json::json;
use strongroom::{ApiKey, ApiKeyId, Status, Timestamp};

use crate::args::RevokeArgs;
use crate::bulk::{Acts, Bulk, Done};
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::selection::{self, Selected, known};
use crate::shown::api_key::described;
use crate::times::{from_now, to_come};

pub(crate) fn revoke(context: &mut Context<'_>, args: &RevokeArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(Some(reason(&args.reason)?));
    let ahead = |at| to_come("--at", at, "give a time to come, or leave it out to revoke now");
    let at = args.at.map(ahead).transpose()?.or(args.after.map(from_now));
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
    let set = at.map_or_else(|| json!({}), |at| json!({ "revoke_at": at.to_string() }));
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
        selected => {
            let judge = |key: &ApiKey| before(key).map_or_else(|| Done::Planned(set.clone()), Done::Skipped);
            let act = |ids: &[ApiKeyId]| match at {
                Some(at) => vault.revoke_many_at(ids, at, &act),
                None => vault.revoke_many(ids, &act),
            };
            bulk.run(
                context,
                &vault,
                &selected,
                &mut Acts { judge, act, set: set.clone(), otherwise: "revoked before" },
            )
        }
    }
}
