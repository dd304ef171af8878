//! Issuing API keys, and taking in those whose tokens exist already.

use std::collections::HashMap;

use crate::api_key::{Attributes, NewApiKey};
use crate::audit::{Act, Action, Draft};
use crate::error::Error;
use crate::import::{ImportError, ImportedKey};
use crate::ledger::Change;
use crate::lookup::LookupRow;
use crate::record::{Plain, seal};
use crate::secret::SecretText;
use crate::store::{Expected, Rows, Table};
use crate::token::{ApiKeyId, Shape, Token, secret_digest};
use crate::vault::Vault;

/// An API key just issued. The token is shown once; give it to the client and drop it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Issued {
    /// The id of the API key.
    pub id: ApiKeyId,
    /// The token for the client.
    pub token: SecretText,
}

impl Vault {
    /// Issues an API key. When it returns, the API key survives a power loss.
    pub fn issue(&self, key: &NewApiKey, act: &Act) -> Result<Issued, Error> {
        let mut issued = self.issue_many(std::slice::from_ref(key), act)?;
        Ok(issued.remove(0))
    }

    /// Issues many API keys in one batch: all or none. A few thousand at a time are fastest.
    pub fn issue_many(&self, keys: &[NewApiKey], act: &Act) -> Result<Vec<Issued>, Error> {
        keys.iter().try_for_each(NewApiKey::check)?;
        self.ledger.change(act, |change| {
            let now = change.now;
            let mut ids = (0..keys.len()).map(|_| ApiKeyId::random(now)).collect::<Result<Vec<_>, _>>()?;
            // The engine appends fastest in the order of its keys.
            ids.sort_unstable();
            ids.into_iter().zip(keys).map(|(id, key)| issue_one(change, id, key)).collect()
        })
    }

    /// Imports API keys whose tokens exist already: all of them, or none and the number of the first that cannot be,
    /// counted from 1. The tokens verify, recover and rotate like those issued here.
    pub fn import(&self, keys: &[ImportedKey], act: &Act) -> Result<Vec<ApiKeyId>, Error> {
        let fault = |at: usize, source| Error::Import { line: at + 1, source };
        let mut seen = HashMap::with_capacity(keys.len());
        for (at, key) in keys.iter().enumerate() {
            key.check().map_err(|source| fault(at, source))?;
            // A token of strongroom's own shape is found by its id, whatever secret follows it.
            let token = match Shape::of(key.token.expose()) {
                Shape::Token(token) => secret_digest(&token.id.to_string()),
                _ => secret_digest(key.token.expose()),
            };
            if let Some(earlier) = seen.insert(token, at + 1) {
                return Err(fault(at, ImportError::Repeated { line: earlier }));
            }
        }
        let rows = self.ledger.store();
        self.ledger.change(act, |change| {
            let import = |(at, key): (usize, &ImportedKey)| {
                let id = import_one(change, rows, key)?;
                id.ok_or_else(|| fault(at, ImportError::Exists))
            };
            keys.iter().enumerate().map(import).collect()
        })
    }
}

fn issue_one(change: &mut Change<'_>, id: ApiKeyId, key: &NewApiKey) -> Result<Issued, Error> {
    let secret = Token::random_secret()?;
    let attributes = Attributes::of(key, secret_digest(secret.expose()), change.now).to_bytes();
    let recover = key.recoverable.then_some(secret.expose());
    let plain = Plain { imported: false, attributes: &attributes, secret: recover };
    change.insert_record(id, seal(change.keyring, id, &plain)?)?;
    change.audit(Draft::on(Action::Issue, id));
    Ok(Issued { id, token: Token::compose(&key.prefix, id, secret.expose()) })
}

/// `None` when the token is in the vault already. A token of strongroom's own shape keeps its id and is found by it;
/// any other gets an id, and a row in the lookup index.
fn import_one(change: &mut Change<'_>, rows: &dyn Rows, imported: &ImportedKey) -> Result<Option<ApiKeyId>, Error> {
    let text = imported.token.expose();
    let created_at = imported.created_at.unwrap_or(change.now);
    let mut key = imported.key.clone();
    let (id, secret, foreign) = match Shape::of(text) {
        Shape::Token(token) => {
            token.prefix.clone_into(&mut key.prefix);
            (token.id, token.secret, false)
        }
        _ => {
            key.prefix.clear();
            (ApiKeyId::random(created_at)?, text, true)
        }
    };
    let taken = if foreign {
        let mut taken = false;
        for (_, lookup) in change.keyring.lookups() {
            taken |= rows.get(Table::Lookup, &lookup.index(text))?.is_some();
        }
        taken
    } else {
        rows.get(Table::Keys, &id.to_bytes())?.is_some()
    };
    if taken {
        return Ok(None);
    }
    let attributes = Attributes::of(&key, secret_digest(secret), created_at);
    let attributes = attributes.revoked(imported.revoked.then_some(change.now)).to_bytes();
    let recover = key.recoverable.then_some(secret);
    let plain = Plain { imported: foreign, attributes: &attributes, secret: recover };
    change.insert_record(id, seal(change.keyring, id, &plain)?)?;
    if foreign {
        let (index, row) = LookupRow::newest(change.keyring, text, id);
        change.batch.put(Table::Lookup, index, row, Expected::Absent);
    }
    change.audit(Draft::on(Action::Import, id));
    Ok(Some(id))
}
