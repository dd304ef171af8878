//! How an API key is named: by its id, by what an id or a token begins with, or by its name.

use std::str::FromStr;

use strongroom::ApiKeyId;

/// An API key, as somebody names it. Ids come first: whatever an API key is called, its id is its own.
#[derive(Clone, Debug)]
pub(crate) enum Named {
    Id(ApiKeyId),
    /// What an id begins with, alone or behind the prefix of a token.
    Beginning {
        prefix: Option<String>,
        text: String,
    },
    Name(String),
}

impl FromStr for Named {
    type Err = String;

    /// What was typed is not repeated: somebody may have pasted a whole token.
    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(id) = text.parse() {
            return Ok(Self::Id(id));
        }
        if let Some(name) = text.strip_prefix("name:") {
            return if name.is_empty() {
                Err("there is no name behind name:".into())
            } else {
                Ok(Self::Name(name.into()))
            };
        }
        let (prefix, beginning) = match text.rsplit_once('_') {
            Some((prefix, beginning)) => (Some(prefix.to_owned()), beginning),
            None => (None, text),
        };
        if beginning.len() > ID_LEN {
            return Err("this is more than an id, or than a token up to its id: arguments are seen by others, so if this was a whole \
                        token, reissue or revoke its API key, and give the id alone"
                .into());
        }
        if beginning.is_empty() {
            return Err("there is nothing of an id: give an id, what it begins with, or name:NAME".into());
        }
        if !beginning.bytes().all(is_digit) {
            let forms = "an id is 26 characters of 0 to 9 and a to z, without i, l, o and u";
            return Err(format!(
                "{forms}; an API key is also named by the first {LEAST} of them or more, or by name:NAME"
            ));
        }
        if beginning.len() < LEAST {
            return Err(format!("{LEAST} characters of an id are the least that name an API key"));
        }
        Ok(Self::Beginning { prefix, text: beginning.into() })
    }
}

/// Of Crockford's base32, in lower case.
fn is_digit(c: u8) -> bool {
    matches!(c, b'0'..=b'9' | b'a'..=b'h' | b'j' | b'k' | b'm' | b'n' | b'p'..=b't' | b'v'..=b'z')
}

const ID_LEN: usize = 26;
const LEAST: usize = 6;
