//! One line of an import file as JSON (docs/format.md, Import lines).

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::{Deserialize, Serialize, Serializer};

use super::{ImportError, ImportedKey};
use crate::api_key::{Network, NewApiKey, Past};
use crate::secret::SecretText;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

impl ImportedKey {
    /// Writes the line that [`ImportedKey::parse`] reads. It holds the token.
    pub fn to_line(&self) -> SecretText {
        write(self)
    }

    /// Reads one line of an import file.
    ///
    /// ```
    /// # use strongroom::api_keys::ImportedKey;
    /// let line = r#"{"token": "ghx_fake", "name": "billing", "scopes": ["read"], "expires_at": "2030-01-01T00:00:00Z"}"#;
    /// assert!(ImportedKey::parse(line).is_ok());
    /// assert!(ImportedKey::parse(r#"{"name": "no token"}"#).is_err());
    /// ```
    pub fn parse(line: &str) -> Result<Self, ImportError> {
        // The derived parser would take an array of the values for one, too.
        if line.trim_ascii_start().starts_with('[') {
            return Err(ImportError::Fields { what: "it is an array".into(), column: 1 });
        }
        if line.starts_with('\u{feff}') {
            return Err(ImportError::ByteOrderMark);
        }
        let imported = read(line)?;
        imported.check(Timestamp::now())?;
        Ok(imported)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    token: TokenField,
    name: String,
    owner: Option<String>,
    scopes: Option<Vec<String>>,
    networks: Option<Vec<String>>,
    denied_networks: Option<Vec<String>>,
    wildcard_scopes: Option<bool>,
    attributes: Option<Labels>,
    not_before: Option<String>,
    expires_at: Option<String>,
    revoked: Option<bool>,
    created_at: Option<String>,
    id: Option<String>,
    revoked_at: Option<String>,
    suspended_at: Option<String>,
    revoke_at: Option<String>,
    exposed_at: Option<String>,
    replaces: Option<String>,
    replaced_by: Option<String>,
}

/// Wiped also when a later field of the line turns out to be wrong.
struct TokenField(SecretText);

impl<'de> Deserialize<'de> for TokenField {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        String::deserialize(input).map(|text| Self(SecretText::new(text)))
    }
}

/// No name stands twice: which of the two would count?
struct Labels(BTreeMap<String, String>);

impl<'de> Deserialize<'de> for Labels {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> serde::de::Visitor<'de> for Visitor {
            type Value = Labels;

            fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.write_str("an object of texts")
            }

            fn visit_map<M: serde::de::MapAccess<'de>>(self, mut map: M) -> Result<Labels, M::Error> {
                let mut labels = BTreeMap::new();
                while let Some((name, value)) = map.next_entry()? {
                    if labels.insert(name, value).is_some() {
                        return Err(serde::de::Error::custom("a repeated name"));
                    }
                }
                Ok(Labels(labels))
            }
        }
        input.deserialize_map(Visitor)
    }
}

fn read(line: &str) -> Result<ImportedKey, ImportError> {
    let line: Line = serde_json::from_str(line).map_err(|error| ImportError::of_json(&error))?;
    let mut key = NewApiKey::new(line.name);
    key.owner = line.owner;
    key.scopes = line.scopes.unwrap_or_default();
    (key.networks, key.denied_networks) = (networks(line.networks)?, networks(line.denied_networks)?);
    key.wildcard_scopes = line.wildcard_scopes.unwrap_or(false);
    key.attributes = line.attributes.map(|labels| labels.0).unwrap_or_default();
    key.not_before = time("not_before", line.not_before)?;
    key = key.expires_at(time("expires_at", line.expires_at)?);
    let past = Past {
        revoked_at: time("revoked_at", line.revoked_at)?,
        suspended_at: time("suspended_at", line.suspended_at)?,
        revoke_at: time("revoke_at", line.revoke_at)?,
        exposed_at: time("exposed_at", line.exposed_at)?,
        replaces: id("replaces", line.replaces)?,
        replaced_by: id("replaced_by", line.replaced_by)?,
    };
    let (created_at, id) = (time("created_at", line.created_at)?, id("id", line.id)?);
    let revoked = line.revoked.unwrap_or(false) || past.revoked_at.is_some();
    Ok(ImportedKey { token: line.token.0, key, created_at, revoked, exempt: false, allow_weak: false, id, past })
}

fn networks(texts: Option<Vec<String>>) -> Result<Vec<Network>, ImportError> {
    texts.iter().flatten().map(|text| text.parse().map_err(|_| ImportError::Network)).collect()
}

fn time(field: &'static str, text: Option<String>) -> Result<Option<Timestamp>, ImportError> {
    parsed(text).map_err(|()| ImportError::Time { field })
}

fn id(field: &'static str, text: Option<String>) -> Result<Option<ApiKeyId>, ImportError> {
    parsed(text).map_err(|()| ImportError::Id { field })
}

fn parsed<T: FromStr>(text: Option<String>) -> Result<Option<T>, ()> {
    text.map(|text| text.parse().map_err(|_| ())).transpose()
}

#[derive(Serialize)]
struct Written<'a> {
    token: &'a str,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    scopes: &'a [String],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    networks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    denied_networks: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    wildcard_scopes: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    attributes: &'a BTreeMap<String, String>,
    not_before: As<Timestamp>,
    expires_at: As<Timestamp>,
    revoked: bool,
    created_at: As<Timestamp>,
    id: As<ApiKeyId>,
    revoked_at: As<Timestamp>,
    suspended_at: As<Timestamp>,
    revoke_at: As<Timestamp>,
    exposed_at: As<Timestamp>,
    replaces: As<ApiKeyId>,
    replaced_by: As<ApiKeyId>,
}

/// Written as its text; null when there is none.
struct As<T>(Option<T>);

impl<T: std::fmt::Display> Serialize for As<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map(ToString::to_string).serialize(serializer)
    }
}

fn write(from: &ImportedKey) -> SecretText {
    let ImportedKey { token, key, created_at, revoked, exempt: _, allow_weak: _, id, past } = from;
    let written = Written {
        token: token.expose(),
        name: &key.name,
        owner: key.owner.as_deref(),
        scopes: &key.scopes,
        networks: key.networks.iter().map(ToString::to_string).collect(),
        denied_networks: key.denied_networks.iter().map(ToString::to_string).collect(),
        wildcard_scopes: key.wildcard_scopes,
        attributes: &key.attributes,
        not_before: As(key.not_before),
        expires_at: As(key.expiry_if_issued(Timestamp::now())),
        revoked: *revoked,
        created_at: As(*created_at),
        id: As(*id),
        revoked_at: As(past.revoked_at),
        suspended_at: As(past.suspended_at),
        revoke_at: As(past.revoke_at),
        exposed_at: As(past.exposed_at),
        replaces: As(past.replaces),
        replaced_by: As(past.replaced_by),
    };
    // Sized first: growing would leave copies behind.
    let mut json = Vec::with_capacity(longest(token, key));
    serde_json::to_writer(&mut json, &written).expect("texts and times are written to memory");
    SecretText::new(String::from_utf8(json).expect("JSON is UTF-8"))
}

/// No line is longer: every byte of a text may be escaped in six, and what is no text has its room.
fn longest(token: &SecretText, key: &NewApiKey) -> usize {
    let labels = key.attributes.iter().map(|(name, value)| name.len() + value.len() + 6);
    let scopes = key.scopes.iter().map(|scope| scope.len() + 3);
    let owner = key.owner.as_ref().map_or(0, String::len);
    let texts = token.expose().len() + key.name.len() + owner + labels.sum::<usize>() + scopes.sum::<usize>();
    1_024 + 64 * (key.networks.len() + key.denied_networks.len()) + 6 * texts
}
