//! `update`: changes what API keys say.

use serde_json::json;
use strongroom::{Timestamp, Update};

use super::bulk::{Bulk, Deed, Done};
use super::selection::{self, Selected};
use super::tell;
use crate::args::{Expiry, UpdateArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::keys::known;

pub(crate) fn update(context: &mut Context<'_>, args: &UpdateArgs) -> Result<Exit, Failure> {
    selection::require_some(&args.selection)?;
    let act = context.act(args.reason.as_deref());
    let update = wanted(args)?;
    if args.if_revision.is_some() && args.selection.target.is_none() {
        return Err(Failure::input("--if-revision is of one API key", "name it by its id"));
    }
    let vault = context.open()?;
    let bulk = Bulk { verb: "update", past: "updated", lasting: "", dry_run: args.selection.dry_run };
    match selection::select(context, &vault, &args.selection)? {
        Selected::One(id) if !bulk.dry_run => {
            let before = known(&vault, id, |id| vault.update(id, &update, &act).err())?.revision;
            let key = vault.update(id, &update, &act)?;
            tell(context, &key, if key.revision == before { "nothing to change:" } else { "updated" })
        }
        selected => bulk.run(context, &vault, &selected, |deed| match deed {
            Deed::Judge(_) => Ok(Done::Planned),
            Deed::Do(id) => {
                let before = vault.show(id)?.revision;
                let after = vault.update(id, &update, &act)?.revision;
                let changed = after != before;
                Ok(if changed { Done::Changed(json!({})) } else { Done::Skipped("it says so already") })
            }
        }),
    }
}

fn wanted(args: &UpdateArgs) -> Result<Update, Failure> {
    let mut update = Update::new();
    update = args.set_name.iter().fold(update, Update::name);
    update = args.set_owner.iter().fold(update, Update::owner);
    update = update.without_owner(args.no_owner);
    if args.no_scopes || !args.set_scopes.is_empty() {
        update = update.scopes(&args.set_scopes);
    }
    if args.no_networks || !args.set_networks.is_empty() {
        update = update.networks(args.set_networks.iter().copied());
    }
    update = with_attributes(update, args)?;
    if let Some(at) = args.not_before {
        update = update.not_before(to_come("--not-before", at)?);
    }
    update = update.without_not_before(args.no_not_before);
    update = new_expiry(&args.expiry)?.into_iter().fold(update, Update::expires_at);
    update = update.never_expires(args.expiry.never_expires);
    if update.is_empty() {
        return Err(Failure::input("there is nothing to change", "`strongroom update --help` shows what can be"));
    }
    Ok(args.if_revision.into_iter().fold(update, Update::expect))
}

fn with_attributes(mut update: Update, args: &UpdateArgs) -> Result<Update, Failure> {
    let mut names: Vec<_> = args.set_attributes.iter().map(|(name, _)| name).chain(&args.remove_attributes).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Failure::input("an attribute is given more than once", "set or remove each attribute once"));
    }
    update = args.set_attributes.iter().fold(update, |update, (name, value)| update.attribute(name, value));
    Ok(args.remove_attributes.iter().fold(update, Update::without_attribute))
}

/// The time of expiry asked for.
pub(super) fn new_expiry(expiry: &Expiry) -> Result<Option<Timestamp>, Failure> {
    let at = expiry.expires_at.map(|at| to_come("--expires-at", at)).transpose()?;
    Ok(at.or(expiry.expires_in.map(|span| Timestamp::now().saturating_add(span))))
}

fn to_come(option: &str, at: Timestamp) -> Result<Timestamp, Failure> {
    let past = || Failure::input(format!("{option} lies in the past"), "give a time to come");
    Some(at).filter(|at| *at > Timestamp::now()).ok_or_else(past)
}
