//! `verify`: judges the token on standard input, and records its use.

use serde_json::json;
use strongroom::{ApiKey, Refusal, Request, Vault, VerifyError};

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
    let request = Request::new().all_of(&args.scopes).address(args.address).endpoint(args.endpoint.as_deref());
    let bytes = input::secret(MAX_TOKEN_LEN)?;
    // What is too long or no text is nobody's token.
    let token = bytes.as_ref().and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default();
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
        Err(VerifyError::Refused(refusal)) => {
            context.terminal.line("not valid")?;
            context.terminal.document("verification", &json!({ "valid": false }))?;
            context.terminal.flush()?;
            context.terminal.failure(&refused(refusal));
            Ok(Exit::NotValid)
        }
        Err(VerifyError::Unavailable(error)) => Err(error.into()),
        Err(error) => Err(Told::new(Exit::General, "failed", error.to_string()).into()),
    }
}

/// For the operator; whoever presented the token learns only that it is not valid.
fn refused(refusal: Refusal) -> Told {
    let (message, hint) = match refusal {
        Refusal::Address => ("it may not be used from this address", "give the client's address with --address"),
        Refusal::Damaged => ("its check is wrong: it was mistyped or cut off", "copy the whole token once more"),
        Refusal::Expired => {
            ("it has expired", "`strongroom reissue ID --now --expires-in 90d` issues a new one in its place")
        }
        Refusal::NotYetValid => ("its time has not come yet", "`strongroom show ID` says from when on it is valid"),
        Refusal::Suspended => ("it is suspended", "`strongroom resume ID --reason TEXT` takes that back"),
        Refusal::Revoked => ("it was revoked", "`strongroom audit list` says when, by whom and why"),
        Refusal::Scope => ("it lacks a scope that is asked for", "`strongroom show ID` names those it has"),
        Refusal::Unknown => (
            "no API key has this token",
            "look whether it was copied whole; `strongroom list` shows the API keys there are",
        ),
        _ => ("it is refused", "use the version of strongroom whose manual lists this code, or a later one"),
    };
    let code = refusal.code();
    Told::new(Exit::NotValid, code, format!("the token is not valid: {message}")).hint(hint)
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

/// The longest token there can be is far shorter.
const MAX_TOKEN_LEN: usize = 4 * 1024;
