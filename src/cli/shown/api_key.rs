//! API keys, without secrets.

use serde_json::{Value, json};
use strongroom::{ApiKey, ApiKeyId, Timestamp};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::place::Place;
use crate::terminal::Terminal;
use crate::text::escaped;
use crate::told::Told;

pub(crate) fn document(key: &ApiKey) -> Value {
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    json!({
        "id": key.id.to_string(),
        "name": key.name,
        "owner": key.owner,
        "status": key.status(Timestamp::now()).name(),
        "scopes": key.scopes,
        "wildcard_scopes": key.wildcard_scopes,
        "networks": key.networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "denied_networks": key.denied_networks.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "attributes": key.attributes,
        "created_at": key.created_at.to_string(),
        "not_before": time(key.not_before),
        "expires_at": time(key.expires_at),
        "suspended_at": time(key.suspended_at),
        "revoke_at": time(key.revoke_at),
        "revoked_at": time(key.revoked_since(Timestamp::now())),
        "exposed_at": time(key.exposed_at),
        "prefix": key.prefix,
        "recoverable": key.recoverable,
        "imported": key.imported,
        "replaces": key.replaces.map(|id| id.to_string()),
        "replaced_by": key.replaced_by.map(|id| id.to_string()),
        "revision": key.revision.to_string(),
    })
}

/// An API key in a question.
pub(crate) fn described(key: &ApiKey) -> String {
    let owner = key.owner.as_ref().map(|owner| format!(" of {}", escaped(owner))).unwrap_or_default();
    format!("API key {} ({}{owner})", key.id, escaped(&key.name))
}

/// What became of one API key.
pub(crate) fn changed(terminal: &mut Terminal, key: &ApiKey, word: &str) -> Result<Exit, Failure> {
    terminal.document("api-key", &document(key))?;
    terminal.line(&format!("{word} {}", key.id))?;
    Ok(Exit::Success)
}

/// An API key is there, and nobody has its token: `hint` is how to get at it.
pub(crate) fn token_lost(failure: Failure, id: ApiKeyId, hint: String) -> Failure {
    let (exit, code, error) = match failure {
        Failure::Output(error) => (Exit::OutputFailed, "output-failed", error.to_string()),
        Failure::Told(told) => (told.exit, told.code, told.message),
        other => return other,
    };
    let message = format!("API key {id} was issued, and its token could not be written: {error}");
    Told::new(exit, code, message).hint(hint).into()
}

pub(crate) fn unreadable_records(place: &Place, count: u64) -> Failure {
    let message = format!("records that do not open: {count}, listed with their causes");
    let hint = format!("`strongroom doctor{}` looks at everything", place.option());
    Told::new(Exit::Corrupt, "records-unreadable", message).hint(hint).into()
}
