//! `identify`: whose the token on standard input is, in whatever state.

use strongroom::{Refusal, Timestamp, VerifyError};

use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::shown::api_key::document;
use crate::terminal::Terminal;
use crate::told::Told;

pub(crate) fn identify(context: &mut Context<'_>) -> Result<Exit, Failure> {
    let verifier = context.open_reading()?;
    if Terminal::can_ask() {
        context.terminal.note("the token, on one line:");
    }
    let bytes = input::token()?;
    verifier.catch_up()?;
    let key = verifier.identify(input::text_of(bytes.as_ref())).map_err(|error| nobodys(error, context))?;
    context.terminal.line(&format!("{} {} {}", key.id, key.status(Timestamp::now()).name(), key.name))?;
    context.terminal.document("api-key", &document(&key))?;
    Ok(Exit::Success)
}

fn nobodys(error: VerifyError, context: &Context<'_>) -> Failure {
    let store = context.place.option();
    let (message, hint) = match error {
        VerifyError::Unavailable(error) => return error.into(),
        VerifyError::Refused { refusal: Refusal::Damaged, .. } => (
            "the token is nobody's: its check is wrong, so it was mistyped or cut off",
            format!(
                "copy the whole token once more; `strongroom show{store} sr_01...` finds an API key by the part of a token before its secret"
            ),
        ),
        _ => (
            "no API key of this vault has this token",
            format!("look whether it was copied whole; `strongroom list{store}` shows the API keys there are"),
        ),
    };
    Told::new(Exit::NotFound, "not-found", message).hint(hint).into()
}
