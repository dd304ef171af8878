//! `verify`: judges the token on standard input, and records its use.

use serde_json::json;
use strongroom::{ApiKey, ApiKeyId, Refusal, Request, Vault, VerifyError};

use crate::args::VerifyArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shown::api_key::document;
use crate::terminal::Terminal;
use crate::told::Told;

pub(crate) fn verify(context: &mut Context<'_>, args: &VerifyArgs) -> Result<Exit, Failure> {
    let (verifier, vault) = context.open_as_configured()?;
    if Terminal::can_ask() {
        context.terminal.note("the token, on one line:");
    }
    let mut request = Request::new().all_of(&args.scopes).address(args.address).endpoint(args.endpoint.as_deref());
    if !args.any_scopes.is_empty() {
        request = request.any_of(&args.any_scopes);
    }
    let bytes = input::token()?;
    let token = input::text_of(bytes.as_ref());
    verifier.catch_up()?;
    let verdict = verifier.verify(token, &request);
    let exit = tell(context, verdict)?;
    // A verifier counts nothing.
    if let Some(vault) = vault {
        record(context, &vault, !args.no_usage);
    }
    Ok(exit)
}

fn tell(context: &mut Context<'_>, verdict: Result<ApiKey, VerifyError>) -> Result<Exit, Failure> {
    match verdict {
        Ok(key) => {
            let ApiKey { id, name, .. } = &key;
            context.terminal.line(&format!("valid {id} {name}"))?;
            context.terminal.document("verification", &json!({ "valid": true, "key": document(&key) }))?;
            context.terminal.flush()?;
            Ok(Exit::Success)
        }
        Err(VerifyError::Refused { refusal, key }) => {
            context.terminal.line("not valid")?;
            let mut document = json!({ "valid": false });
            if let Some(id) = key {
                document["id"] = id.to_string().into();
            }
            context.terminal.document("verification", &document)?;
            context.terminal.flush()?;
            context.terminal.failure(&refused(refusal, key, &context.place.option()));
            Ok(Exit::NotValid)
        }
        Err(VerifyError::Unavailable(error)) => Err(error.into()),
        Err(error) => Err(Told::new(Exit::General, "failed", error.to_string()).into()),
    }
}

/// For the operator; whoever presented the token learns only that it is not valid.
fn refused(refusal: Refusal, key: Option<ApiKeyId>, store: &str) -> Told {
    let id = key.map_or_else(|| "ID".into(), |id| id.to_string());
    let (message, hint) = match refusal {
        Refusal::Address => (
            "it may not be used from this address",
            format!(
                "give the client's address with --address; `strongroom show{store} {id}` names where it may be used from"
            ),
        ),
        Refusal::Damaged => ("its check is wrong: it was mistyped or cut off", "copy the whole token once more".into()),
        Refusal::Expired => (
            "it has expired",
            format!("`strongroom reissue{store} {id} --now --expires-in 90d` issues a new one in its place"),
        ),
        Refusal::NotYetValid => {
            ("its time has not come yet", format!("`strongroom show{store} {id}` says from when on it is valid"))
        }
        Refusal::Suspended => {
            ("it is suspended", format!("`strongroom resume{store} {id} --reason TEXT` takes that back"))
        }
        Refusal::Revoked => {
            ("it was revoked", format!("`strongroom audit list{store} --key {id}` says when, by whom and why"))
        }
        Refusal::Scope => {
            ("it lacks a scope that is asked for", format!("`strongroom show{store} {id}` names those it has"))
        }
        Refusal::Unknown => (
            "no API key has this token",
            format!("look whether it was copied whole; `strongroom list{store}` shows the API keys there are"),
        ),
        _ => ("it is refused", "use the version of strongroom whose manual lists this code, or a later one".into()),
    };
    let whose = key.map(|id| format!(" (API key {id})")).unwrap_or_default();
    let code = refusal.code();
    Told::new(Exit::NotValid, code, format!("the token is not valid: {message}{whose}")).hint(hint)
}

/// Writes the use, unless it is not to be recorded. The answer stands whether or not that succeeds.
fn record(context: &mut Context<'_>, vault: &Vault, write: bool) {
    let failed = if write { vault.flush_usage().err() } else { None };
    // Nobody writes it, or tries once more, when the vault is closed.
    vault.take_usage();
    if let Some(error) = failed {
        context.terminal.note(&format!("warning: this use could not be recorded: {error:#}"));
    }
}
