//! `recover`: prints the token of an API key again, for an administrator with a reason.

mod export;
mod subject;

use std::time::Duration;

use serde::Serialize;
use strongroom::error::Detail;
use strongroom::policy::PolicyError;
use strongroom::{ApiKeyId, Error, Reissue, SecretText, Vault};

use crate::args::RecoverArgs;
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{Reserved, refuse_existing, refuse_unsafe_folder};
use crate::place::Place;
use crate::shown::api_key::described;
use crate::terminal::refuse_terminal;
use crate::text::span_text;
use crate::told::Told;

pub(crate) fn recover(context: &mut Context<'_>, args: &RecoverArgs) -> Result<Exit, Failure> {
    let act = context.act(Some(reason(&args.reason)?));
    if args.all {
        return export::export(context, args, &act);
    }
    args.out.as_deref().map_or(Ok(()), |path| refuse_unsafe_folder(path).and_then(|()| refuse_existing(path)))?;
    if args.out.is_none() && !args.reveal {
        refuse_terminal("the token")?;
    }
    let vault = context.open()?;
    let key = subject::find(context, &vault, args, &act)?;
    let id = key.id;
    let reissues = if args.reissue { ", and issue a new API key in its place" } else { "" };
    context.confirm(&format!(
        "{} the token of {}{reissues}? The audit log will name you and the reason.",
        if args.out.is_some() { "Write" } else { "Print" },
        described(&key)
    ))?;
    let place = args.out.as_deref().map(Reserved::at).transpose()?;
    if place.is_none() {
        context.terminal.must_take_secret()?;
    }
    let recovered = if args.reissue {
        let reissue = Reissue::new().grace(args.grace.unwrap_or_default());
        let reissued = vault.recover_and_reissue(id, &reissue, &act);
        let (token, issued) = reissued.map_err(|error| within_grace(error, id, &context.place))?;
        let until = issued.replaces.map(|replaced| replaced.until.to_string()).unwrap_or_default();
        Recovered { token, replacement: Some(Replacement { id: issued.id, token: issued.token, until }) }
    } else {
        let token = vault.recover(id, &act).map_err(|error| unless_reissued(error, &vault, id, &context.place))?;
        Recovered { token, replacement: None }
    };
    show(context, place, id, &recovered).map_err(|failure| lost(failure, id, &recovered, &context.place.option()))?;
    context.terminal.note(&format!("recovered the token of {id}"));
    if let Some(Replacement { id: new, until, .. }) = &recovered.replacement {
        context.terminal.note(&format!("{new} takes its place; the old token ends at {until}"));
    }
    Ok(Exit::Success)
}

/// The policy may demand what `--reissue` does.
fn unless_reissued(error: Error, vault: &Vault, id: ApiKeyId, place: &Place) -> Failure {
    if !matches!(error.detail(), Detail::Policy(PolicyError::Reissue)) {
        return error.into();
    }
    let longest = vault.policy().ok().and_then(|policy| policy.reissue_on_recovery);
    let hint = with_reissue(longest.map_or(USUAL_GRACE, |longest| longest.min(USUAL_GRACE)), id, place);
    Told { hint: Some(hint), ..Failure::from(error).explain(place) }.into()
}

/// It may allow no grace as long as the one that was asked for.
fn within_grace(error: Error, id: ApiKeyId, place: &Place) -> Failure {
    let Detail::Policy(PolicyError::Grace { max }) = error.detail() else { return error.into() };
    let hint = with_reissue(*max, id, place);
    Told { hint: Some(hint), ..Failure::from(error).explain(place) }.into()
}

fn with_reissue(grace: Duration, id: ApiKeyId, place: &Place) -> String {
    let (store, grace) = (place.option(), span_text(grace));
    format!(
        "`strongroom recover{store} {id} --reissue --grace {grace} --reason TEXT` recovers and reissues it; `strongroom policy show{store}` shows the rules"
    )
}

struct Recovered {
    token: SecretText,
    replacement: Option<Replacement>,
}

struct Replacement {
    id: ApiKeyId,
    token: SecretText,
    until: String,
}

fn show(
    context: &mut Context<'_>,
    place: Option<Reserved>,
    id: ApiKeyId,
    recovered: &Recovered,
) -> Result<(), Failure> {
    let new = recovered.replacement.as_ref();
    let (shown, path) = (place.is_none(), place.as_ref().map(|place| place.path().display().to_string()));
    let document = Document {
        id: id.to_string(),
        token: shown.then(|| recovered.token.expose()),
        path: path.clone(),
        replacement: new.map(|new| NewDocument {
            id: new.id.to_string(),
            token: shown.then(|| new.token.expose()),
            until: &new.until,
        }),
    };
    if let Some(place) = place {
        place.take(&lines(recovered))?;
        context.terminal.document("recovered-token", &document)?;
        context.terminal.line(&format!("token of {id} written to {}", path.unwrap_or_default()))
    } else if context.terminal.json() {
        context.terminal.secret_document("recovered-token", &document)
    } else {
        context.terminal.secret(&recovered.token)?;
        new.map_or(Ok(()), |new| context.terminal.secret(&new.token))
    }
}

#[derive(Serialize)]
struct Document<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    replacement: Option<NewDocument<'a>>,
}

#[derive(Serialize)]
struct NewDocument<'a> {
    id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
    until: &'a str,
}

/// Each token on a line of its own.
fn lines(recovered: &Recovered) -> SecretText {
    let mut text = String::with_capacity(2 * 1_024);
    text.push_str(recovered.token.expose());
    if let Some(new) = &recovered.replacement {
        text.push('\n');
        text.push_str(new.token.expose());
    }
    SecretText::new(text)
}

/// The audit log says that the token was recovered, and nobody has it.
fn lost(failure: Failure, id: ApiKeyId, recovered: &Recovered, store: &str) -> Failure {
    let (exit, code, error) = match failure {
        Failure::Output(error) => (Exit::OutputFailed, "output-failed", error.to_string()),
        Failure::Told(told) => (told.exit, told.code, told.message),
        other => return other,
    };
    let again = recovered.replacement.as_ref().map_or(id, |new| new.id);
    let message = format!("the token of {id} was opened and could not be written: {error}");
    let replaced = if again == id { String::new() } else { format!("; {again} has taken its place") };
    let hint = format!(
        "run `strongroom recover{store} {again} --reason TEXT` again, with its output going where there is room"
    );
    Told::new(exit, code, format!("{message}{replaced}")).hint(hint).into()
}

const USUAL_GRACE: Duration = Duration::from_secs(86_400);
