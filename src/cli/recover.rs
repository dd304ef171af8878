//! `recover`: prints the token of an API key again, for an administrator with a reason.

use serde::Serialize;
use strongroom::{ApiKeyId, Error};

use super::args::ReasonArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::keys::{described, reason};

pub(crate) fn recover(context: &mut Context<'_>, args: &ReasonArgs) -> Result<Exit, Failure> {
    let act = context.act(Some(reason(&args.reason)?));
    context.require_consent()?;
    let vault = context.open()?;
    let key = match vault.show(args.id) {
        // The vault refuses the act itself, so that its audit log tells of it.
        Err(error @ Error::NotFound { .. }) => return Err(vault.recover(args.id, &act).err().unwrap_or(error).into()),
        shown => shown?,
    };
    context.confirm(&format!("Print the token of {}? The audit log will name you and the reason.", described(&key)))?;
    let token = vault.recover(args.id, &act)?;
    let printed = if context.terminal.json() {
        context
            .terminal
            .secret_document("recovered-token", &Recovered { id: args.id.to_string(), token: token.expose() })
    } else {
        context.terminal.secret(&token)
    };
    printed.map_err(|failure| lost(failure, args.id, &context.place.option()))?;
    context.terminal.note(&format!("recovered the token of {}", args.id));
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Recovered<'a> {
    id: String,
    token: &'a str,
}

fn lost(failure: Failure, id: ApiKeyId, store: &str) -> Failure {
    let Failure::Output(error) = failure else { return failure };
    let message = format!("the token of {id} was opened and could not be written: {error}");
    let hint =
        format!("run `strongroom recover{store} {id} --reason TEXT` again, with its output going where there is room");
    Told::new(Exit::OutputFailed, "output-failed", message).hint(hint).into()
}
