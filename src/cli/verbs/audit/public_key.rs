//! `audit public-key`: what to pin, and what to give to witnesses.

use serde_json::json;
use strongroom::audit::AuthorityKey;

use super::opening::open_to_show;
use crate::args::PinArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;

pub(crate) fn public_key(context: &mut Context<'_>, args: &PinArgs) -> Result<Exit, Failure> {
    context.terminal.must_take_data()?;
    let auditor = open_to_show(context, args)?;
    for key in auditor.public_keys()? {
        let mut body = json!(key);
        body["authenticated"] = auditor.is_authenticated().into();
        context.terminal.document("audit-public-key", &body)?;
        context.terminal.line(&format!("master key {}: {}", key.version, said_of(&key)))?;
        context.terminal.line(&format!("  public key  {}", key.public_key))?;
        context.terminal.line(&format!("  note key    {}", key.note_key))?;
    }
    Ok(Exit::Success)
}

fn said_of(key: &AuthorityKey) -> String {
    match (key.first, key.last, key.handed_on) {
        (Some(first), Some(last), Some(true)) => {
            format!("entries {first} to {last}; ended, and handed over to the next")
        }
        (Some(first), Some(last), _) => {
            format!("entries {first} to {last}; ended, and handed nothing over: pin the next anew")
        }
        (Some(first), None, _) => format!("from entry {first} on; active"),
        (None, ..) => "configured, and not active yet".into(),
    }
}
