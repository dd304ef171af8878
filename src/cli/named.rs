//! Which API key is meant by what somebody typed.

use strongroom::{ApiKeyId, Query, Verifier};

use crate::args::Named;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

/// The id of the one API key that is named so. `store` is the option that leads to the vault, for hints.
pub(crate) fn resolve(vault: &Verifier, named: &Named, store: &str) -> Result<ApiKeyId, Failure> {
    match named {
        Named::Id(id) => Ok(*id),
        Named::Beginning { prefix, text } => the_one(&beginning(vault, prefix.as_deref(), text)?, "begin so", store),
        Named::Name(name) => by_name(vault, name, store),
    }
}

fn beginning(vault: &Verifier, prefix: Option<&str>, text: &str) -> Result<Vec<ApiKeyId>, Failure> {
    let mut found = vec![];
    for id in vault.ids_beginning(text, MOST + 1)? {
        match prefix {
            None => found.push(id),
            // A record that does not open has no prefix that could be compared.
            Some(prefix) if vault.show(id).map_or(true, |key| key.prefix == prefix) => found.push(id),
            Some(_) => {}
        }
    }
    Ok(found)
}

/// By the whole name.
pub(crate) fn by_name(vault: &Verifier, name: &str, store: &str) -> Result<ApiKeyId, Failure> {
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
    the_one(&found, "have this name", store)
}

fn the_one(found: &[ApiKeyId], how: &str, store: &str) -> Result<ApiKeyId, Failure> {
    match found {
        [] => Err(Told::new(Exit::NotFound, "not-found", format!("there are no API keys that {how}"))
            .hint(format!("`strongroom list{store}` shows those there are"))
            .into()),
        [id] => Ok(*id),
        many => {
            let shown: Vec<_> = many.iter().take(MOST).map(ToString::to_string).collect();
            let more = if many.len() > MOST { ", and more" } else { "" };
            let message = format!("several API keys {how}: {}{more}", shown.join(", "));
            let hint = format!("give one of these ids; `strongroom show{store} ID` says which is which");
            Err(Told::new(Exit::Conflict, "ambiguous", message).hint(hint).into())
        }
    }
}

/// As many candidates are listed.
const MOST: usize = 10;
