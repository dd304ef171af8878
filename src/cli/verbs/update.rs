//! `update`: changes what API keys say.

use serde_json::{Value, json};
use strongroom::{ApiKey, ApiKeyId, Status, Timestamp, Update};

use crate::args::{Target, UpdateArgs};
use crate::bulk::{Acts, Bulk, Done};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::selection::{self, Selected, known};
use crate::shown::api_key;
use crate::times::{new_expiry, to_come};

pub(crate) fn update(context: &mut Context<'_>, args: &UpdateArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(args.reason.as_deref());
    let times = Times::of(args)?;
    let update = wanted(args, &times)?;
    if args.if_revision.is_some() && !matches!(args.selection.target, Some(Target::One(_))) {
        return Err(Failure::input("--if-revision is of one API key", "name it by its id"));
    }
    let vault = context.open()?;
    let bulk = Bulk { verb: "update", past: "updated", lasting: "", dry_run: args.selection.dry_run };
    match selection::select(context, &vault, &args.selection)? {
        Selected::One(id) if !bulk.dry_run => {
            let before = known(&vault, id, |id| vault.update(id, &update, &act).err())?.revision;
            let key = vault.update(id, &update, &act)?;
            api_key::changed(
                context.terminal,
                &key,
                if key.revision == before { "nothing to change:" } else { "updated" },
            )
        }
        selected => {
            let found = matches!(selected, Selected::Found(_));
            // Whether it says so already is for the act to say.
            let judge = |key: &ApiKey| match key.status(Timestamp::now()) {
                Status::Revoked if found => Done::Skipped("revoked"),
                _ => Done::Planned(times.set()),
            };
            let act = |ids: &[ApiKeyId]| vault.update_many(ids, &update, &act);
            bulk.run(
                context,
                &vault,
                &selected,
                &mut Acts { judge, act, set: times.set(), otherwise: "it says so already" },
            )
        }
    }
}

/// Moments to set, the same ones for all API keys of a run: none keeps what there is, and none inside takes it away.
#[expect(clippy::option_option, reason = "there are three cases, and a flag for each of two")]
struct Times {
    not_before: Option<Option<Timestamp>>,
    expires_at: Option<Option<Timestamp>>,
}

impl Times {
    fn of(args: &UpdateArgs) -> Result<Self, Failure> {
        let not_before = args.not_before.map(|at| to_come("--not-before", at, "give a time to come")).transpose()?;
        Ok(Self {
            not_before: not_before.map(Some).or(args.no_not_before.then_some(None)),
            expires_at: new_expiry(&args.expiry)?.map(Some).or(args.expiry.never_expires.then_some(None)),
        })
    }

    fn set(&self) -> Value {
        let mut set = json!({});
        for (name, at) in [("not_before", self.not_before), ("expires_at", self.expires_at)] {
            if let Some(at) = at {
                set[name] = at.map(|at| at.to_string()).into();
            }
        }
        set
    }
}

fn wanted(args: &UpdateArgs, times: &Times) -> Result<Update, Failure> {
    let mut update = Update::new()
        .name(args.set_name.as_deref())
        .owner(args.set_owner.as_deref())
        .without_owner(args.no_owner)
        .not_before(times.not_before.flatten())
        .without_not_before(args.no_not_before)
        .expires_at(times.expires_at.flatten())
        .never_expires(args.expiry.never_expires)
        .attributes(attributes(args)?.iter().cloned())
        .without_attributes(&args.remove_attributes);
    if args.no_scopes || !args.set_scopes.is_empty() {
        update = update.scopes(&args.set_scopes);
    }
    if args.no_networks || !args.set_networks.is_empty() {
        update = update.networks(args.set_networks.iter().copied());
    }
    if args.no_deny_networks || !args.set_denied_networks.is_empty() {
        update = update.denied_networks(args.set_denied_networks.iter().copied());
    }
    if args.wildcard_scopes || args.no_wildcard_scopes {
        update = update.wildcard_scopes(args.wildcard_scopes);
    }
    if update.is_empty() {
        return Err(Failure::input("there is nothing to change", "`strongroom update --help` shows what can be"));
    }
    Ok(update.expect(args.if_revision))
}

/// Those to set, none of which is named twice.
fn attributes(args: &UpdateArgs) -> Result<&[(String, String)], Failure> {
    let mut names: Vec<_> = args.set_attributes.iter().map(|(name, _)| name).chain(&args.remove_attributes).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Failure::input("an attribute is given more than once", "set or remove each attribute once"));
    }
    Ok(&args.set_attributes)
}
