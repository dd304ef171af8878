//! Which API key is meant: by id, by what an id or a token begins with, or by name.

use strongroom::{Act, ApiKey, ApiKeyId, Error, Query, Vault};

use crate::args::RecoverArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::selection::known;
use crate::told::Told;

pub(super) fn find(context: &Context<'_>, vault: &Vault, args: &RecoverArgs, act: &Act) -> Result<ApiKey, Failure> {
    let store = context.place.option();
    match (&args.id, &args.name) {
        (Some(text), _) => by_text(vault, text, &store, act),
        (None, Some(name)) => by_name(vault, name, &store),
        (None, None) => Err(Failure::input("no API key is named", "give its id, or --name NAME")),
    }
}

/// What was typed is not repeated: somebody may have pasted a whole token.
fn by_text(vault: &Vault, text: &str, store: &str, act: &Act) -> Result<ApiKey, Failure> {
    let (prefix, beginning) = match text.rsplit_once('_') {
        Some((prefix, beginning)) => (Some(prefix), beginning),
        None => (None, text),
    };
    if beginning.len() > ID_LEN {
        let message = "this is more than an id, or than a token up to its id";
        let hint =
            "arguments are seen by others: if this was a whole token, reissue or revoke its API key; give the id alone";
        return Err(Failure::input(message, hint));
    }
    if let Ok(id) = beginning.parse::<ApiKeyId>()
        && prefix.is_none()
    {
        return known(vault, id, |id| vault.recover(id, act).err());
    }
    if beginning.is_empty() {
        return Err(Failure::input("there is nothing of an id", "give an id, or what it begins with"));
    }
    let mut found = vec![];
    for id in vault.ids_beginning(beginning, MOST + 1)? {
        match prefix {
            None => found.push(id),
            // A record that does not open has no prefix that could be compared.
            Some(prefix) if vault.show(id).map_or(true, |key| key.prefix == prefix) => found.push(id),
            Some(_) => {}
        }
    }
    the_one(vault, &found, "begin so", store)
}

fn by_name(vault: &Vault, name: &str, store: &str) -> Result<ApiKey, Failure> {
    let mut found = vec![];
    for listed in vault.list_all(&Query::new().name_contains(name)) {
        let listed = listed?;
        if listed.key.is_ok_and(|key| key.name == name) {
            found.push(listed.id);
        }
        if found.len() > MOST {
            break;
        }
    }
    the_one(vault, &found, "have this name", store)
}

fn the_one(vault: &Vault, found: &[ApiKeyId], how: &str, store: &str) -> Result<ApiKey, Failure> {
    match found {
        [] => Err(Told::new(Exit::NotFound, "not-found", format!("there are no API keys that {how}"))
            .hint(format!("`strongroom list{store}` shows those there are"))
            .into()),
        [id] => Ok(vault.show(*id).map_err(|error: Error| error)?),
        many => {
            let shown: Vec<_> = many.iter().take(MOST).map(ToString::to_string).collect();
            let more = if many.len() > MOST { ", and more" } else { "" };
            let message = format!("several API keys {how}: {}{more}", shown.join(", "));
            let hint = format!("give one of these ids; `strongroom show{store} ID` says which is which");
            Err(Told::new(Exit::Conflict, "ambiguous", message).hint(hint).into())
        }
    }
}

const ID_LEN: usize = 26;
/// As many candidates are listed.
const MOST: usize = 10;
