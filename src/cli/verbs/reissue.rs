//! `reissue`: new API keys in place of old ones.

mod folder;

use std::time::Duration;

use serde::Serialize;
use serde_json::{Value, json};
use strongroom::due::DueRules;
use strongroom::{Act, ApiKey, ApiKeyId, Reissue, Status, Timestamp, Vault};

use crate::args::{ReissueArgs, Target};
use crate::bulk::{Bulk, Deed, Done};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{Reserved, token_file};
use crate::selection::{self, Selected, known};
use crate::shown::api_key::{described, token_lost};
use crate::times::{from_now, new_expiry};
use folder::Folder;

pub(crate) fn reissue(context: &mut Context<'_>, args: &ReissueArgs) -> Result<Exit, Failure> {
    let act = context.act(args.reason.as_deref());
    let expires_at = new_expiry(&args.expiry)?;
    let reissue = wanted(args, expires_at);
    let single = matches!(args.selection.target, Some(Target::One(_)));
    if args.if_revision.is_some() && !single {
        return Err(Failure::input("--if-revision is of one API key", "name it by its id"));
    }
    if !single && args.out.is_some() {
        let hint = "name a folder for the tokens with --out-dir DIR: each goes into a file of its own";
        return Err(Failure::input("--out is for the token of one API key", hint));
    }
    args.out.as_deref().map_or(Ok(()), |path| token_file(path).map(drop))?;
    if !single && args.out_dir.is_none() && !args.selection.dry_run {
        let hint = "name a folder for the tokens with --out-dir DIR: each goes into a file of its own";
        return Err(Failure::input("the tokens of many API keys need a place", hint));
    }
    if !args.due {
        selection::require_some(&args.selection)?;
    }
    let vault = context.open()?;
    let lasting = if args.now { "; their old tokens end at once" } else { "" };
    let bulk = Bulk { verb: "reissue", past: "reissued", lasting, dry_run: args.selection.dry_run };
    let selected = if args.due {
        selection::due(context, &vault, &DueRules::new().within(args.within).among(args.selection.which.query()))?
    } else {
        selection::select(context, &vault, &args.selection)?
    };
    if !bulk.dry_run
        && let (Selected::One(id), None) = (&selected, &args.out_dir)
    {
        return print_one(context, &vault, *id, args, &reissue, &act);
    }
    let folder = match &args.out_dir {
        Some(path) if !bulk.dry_run => Some(Folder::open(path, &vault)?),
        _ => None,
    };
    let found = matches!(selected, Selected::Found(_));
    let mut deed = Reissuing { vault: &vault, args, expires_at, reissue: &reissue, act: &act, folder, found };
    bulk.run(context, &vault, &selected, &mut deed)
}

/// Into a folder.
struct Reissuing<'a> {
    vault: &'a Vault,
    args: &'a ReissueArgs,
    expires_at: Option<Timestamp>,
    reissue: &'a Reissue,
    act: &'a Act,
    /// None where nothing is to be done.
    folder: Option<Folder>,
    found: bool,
}

impl Deed for Reissuing<'_> {
    fn judge(&self, key: &ApiKey) -> Done {
        let planned = || Done::Planned(planned(key, self.args, self.expires_at));
        skipped(key, self.found, self.args, self.folder.as_ref()).map_or_else(planned, Done::Skipped)
    }

    fn act(&mut self, ids: &[ApiKeyId]) -> Result<Vec<Result<Done, Failure>>, Failure> {
        let folder = self.folder.as_mut().expect("made unless this is a dry run");
        let done = folder.reissue(self.vault, ids, self.reissue, self.act)?.into_iter().map(|done| {
            let (issued, file) = done?;
            let until = issued.replaces.map(|old| old.until.to_string());
            Ok(Done::Changed(json!({ "new_id": issued.id.to_string(), "file": file, "old_until": until })))
        });
        Ok(done.collect())
    }
}

/// Why there is nothing to do. Those that a filter found were not named, and need not be fit.
fn skipped(key: &ApiKey, found: bool, args: &ReissueArgs, folder: Option<&Folder>) -> Option<&'static str> {
    if folder.is_some_and(|folder| folder.made(key.id)) {
        return Some("issued by an earlier run into this folder");
    }
    if key.replaced_by.is_some() {
        return Some("reissued before");
    }
    let renewed = args.expiry.never_expires || args.expiry.expires_at.is_some() || args.expiry.expires_in.is_some();
    match key.status(Timestamp::now()) {
        Status::Revoked if found => Some("revoked"),
        Status::Expired if found && !renewed => Some("expired"),
        _ => None,
    }
}

/// What would be set, were it done at this moment.
fn planned(key: &ApiKey, args: &ReissueArgs, expires_at: Option<Timestamp>) -> Value {
    let mut set = json!({});
    if let Some(grace) = args.grace.or(args.now.then_some(Duration::ZERO)) {
        let ends = [Some(from_now(grace)), key.expires_at, key.revoke_at];
        set["old_until"] = ends.into_iter().flatten().min().map(|at| at.to_string()).into();
    }
    if expires_at.is_some() || args.expiry.never_expires {
        set["expires_at"] = expires_at.map(|at| at.to_string()).into();
    }
    set
}

fn wanted(args: &ReissueArgs, expires_at: Option<Timestamp>) -> Reissue {
    Reissue::new()
        .grace(args.grace)
        .expires_at(expires_at)
        .never_expires(args.expiry.never_expires)
        .prefix(args.prefix.as_deref())
        .expect(args.if_revision)
}

fn print_one(
    context: &mut Context<'_>,
    vault: &Vault,
    id: ApiKeyId,
    args: &ReissueArgs,
    reissue: &Reissue,
    act: &Act,
) -> Result<Exit, Failure> {
    if args.now {
        let key = known(vault, id, |id| vault.reissue(id, reissue, act).err())?;
        context.confirm(&format!("Reissue {}? Its token ends at once.", described(&key)))?;
    }
    let place = args.out.as_deref().map(Reserved::at).transpose()?;
    if place.is_none() {
        context.terminal.must_take_secret()?;
    }
    let shown = place.is_none();
    let issued = vault.reissue(id, reissue, act)?;
    let until = issued.replaces.map(|old| old.until.to_string()).unwrap_or_default();
    let printed = if let Some(place) = place {
        let path = place.path().display().to_string();
        let new = issued.id.to_string();
        let body = json!({ "id": new, "path": path, "replaces": id.to_string(), "old_until": until });
        place
            .take(&issued.token)
            .and_then(|()| context.terminal.document("reissued", &body))
            .and_then(|()| context.terminal.line(&format!("token of {new} written to {path}")))
    } else if context.terminal.json() {
        let body = Reissued {
            id: issued.id.to_string(),
            token: issued.token.expose(),
            replaces: id.to_string(),
            old_until: &until,
        };
        context.terminal.secret_document("reissued", &body)
    } else {
        context.terminal.secret(&issued.token)
    };
    let (new, store) = (issued.id, context.place.option());
    printed.map_err(|failure| {
        let again = format!("or reissue that one: `strongroom reissue{store} {new} --now`");
        token_lost(failure, new, format!("`strongroom recover{store} {new} --reason TEXT`, {again}"))
    })?;
    context.terminal.note(&format!(
        "issued {} in place of {id}, whose token is valid until {until}; {}",
        issued.id,
        if shown { "the token is shown this once" } else { "its token is in the file alone" }
    ));
    if let Some(at) = vault.show(issued.id).ok().and_then(|key| key.revoke_at) {
        context.terminal.note(&format!("the revocation that was set for {id} holds for it as well: it ends at {at}"));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Reissued<'a> {
    id: String,
    token: &'a str,
    replaces: String,
    old_until: &'a str,
}
