//! `issue`: a new API key, whose token is printed once.

use serde::Serialize;
use serde_json::json;
use strongroom::NewApiKey;

use crate::args::IssueArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{Reserved, token_file};
use crate::shown::api_key::token_lost;
use crate::times::{from_now, to_come};

pub(crate) fn issue(context: &mut Context<'_>, args: IssueArgs) -> Result<Exit, Failure> {
    let act = context.act(args.reason.as_deref());
    let out = args.out.clone();
    let place = out.as_deref().map(token_file).transpose()?;
    let key = new_api_key(args)?;
    let vault = context.open()?;
    let place = place.map(Reserved::at).transpose()?;
    if place.is_none() {
        context.terminal.must_take_secret()?;
    }
    let issued = vault.issue(&key, &act)?;
    let id = issued.id;
    let shown = place.is_none();
    let printed = if let Some(place) = place {
        let path = place.path().display().to_string();
        let body = json!({ "id": id.to_string(), "path": path });
        place
            .take(&issued.token)
            .and_then(|()| context.terminal.document("issued", &body))
            .and_then(|()| context.terminal.line(&format!("token of {id} written to {path}")))
    } else if context.terminal.json() {
        context.terminal.secret_document("issued", &Issued { id: id.to_string(), token: issued.token.expose() })
    } else {
        context.terminal.secret(&issued.token)
    };
    let store = context.place.option();
    printed.map_err(|failure| {
        token_lost(
            failure,
            id,
            format!("`strongroom recover{store} {id} --reason TEXT`, or `strongroom revoke{store} {id} --reason TEXT`"),
        )
    })?;
    let once = if shown { "the token is shown this once" } else { "its token is in the file alone" };
    context.terminal.note(&format!("issued {id}; {once}"));
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Issued<'a> {
    id: String,
    token: &'a str,
}

fn new_api_key(args: IssueArgs) -> Result<NewApiKey, Failure> {
    let ahead = |at| to_come("--expires-at", at, "give a time to come, or --expires-in 90d");
    let expires_at = args.expires_at.map(ahead).transpose()?.or(args.expires_in.map(from_now));
    let ahead = |at| to_come("--not-before", at, "give a time to come, or leave it out");
    let not_before = args.not_before.map(ahead).transpose()?;
    let mut names: Vec<_> = args.attributes.iter().map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    if names.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(Failure::input("an attribute is given more than once", "give each --attribute once"));
    }
    Ok(NewApiKey::new(args.name)
        .scopes(args.scopes)
        .networks(args.networks)
        .deny_networks(args.denied_networks)
        .wildcard_scopes(args.wildcard_scopes)
        .attributes(args.attributes)
        .owner(args.owner)
        .prefix(args.prefix)
        .not_before(not_before)
        .expires_at(expires_at)
        .recoverable(!args.unrecoverable))
}
