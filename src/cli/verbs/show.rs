//! `show`: everything about one API key but its secret.

use serde_json::{Value, json};
use strongroom::error::Detail;
use strongroom::usage::Usage;
use strongroom::{ApiKey, ApiKeyId, Listed, Timestamp, Verifier};

use crate::args::Named;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::named::resolve;
use crate::shown::{api_key, usage};

pub(crate) fn show(context: &mut Context<'_>, named: &Named) -> Result<Exit, Failure> {
    let vault = context.open_reading()?;
    let id = resolve(&vault, named, &context.place.option())?;
    let (key, chain, usage) = (vault.show(id)?, vault.chain(id)?, usage_of(context, &vault, id)?);
    let mut body = usage::with_all(api_key::document(&key), usage.as_ref());
    body["chain"] = chain.iter().map(link).collect();
    context.terminal.document("api-key", &body)?;
    let joined = |texts: Vec<String>, none: &str| if texts.is_empty() { none.to_owned() } else { texts.join(" ") };
    let time = |at: Option<Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| at.to_string());
    let networks = key.networks.iter().map(ToString::to_string).collect();
    let denied = key.denied_networks.iter().map(ToString::to_string).collect();
    let wildcards = if key.wildcard_scopes { " (with wildcards)" } else { "" };
    let mut rows = vec![
        ("id", key.id.to_string()),
        ("name", key.name.clone()),
        ("owner", key.owner.clone().unwrap_or_else(|| "-".into())),
        ("status", key.status(Timestamp::now()).name().into()),
        ("scopes", format!("{}{wildcards}", joined(key.scopes.clone(), "none"))),
        ("networks", joined(networks, "everywhere")),
        ("not from", joined(denied, "-")),
        ("created", key.created_at.to_string()),
        ("not before", time(key.not_before, "-")),
        ("expires", time(key.expires_at, "never")),
        ("suspended", key.suspended_at.map_or_else(|| "no".into(), |at| format!("since {at}"))),
        ("revoked", revocation(&key)),
        ("exposed", key.exposed_at.map_or_else(|| "no".into(), |at| format!("since {at}: reissue it"))),
        ("prefix", if key.prefix.is_empty() { "-".into() } else { key.prefix.clone() }),
        ("recoverable", if key.recoverable { "yes" } else { "no" }.into()),
        ("imported", if key.imported { "yes" } else { "no" }.into()),
        ("revision", key.revision.to_string()),
    ];
    if chain.len() > 1 {
        rows.extend(chain.iter().map(|listed| ("reissues", reissue(listed, id))));
    }
    rows.extend(key.attributes.iter().map(|(name, value)| ("attribute", format!("{name}={value}"))));
    rows.extend(usage::rows(usage.as_ref()));
    context.terminal.pairs(rows)?;
    Ok(Exit::Success)
}

fn revocation(key: &ApiKey) -> String {
    match (key.revoked_since(Timestamp::now()), key.revoke_at) {
        (Some(at), _) => at.to_string(),
        (None, Some(at)) => format!("no; set for {at}"),
        (None, None) => "no".into(),
    }
}

/// One of a chain of reissues.
fn reissue(listed: &Listed, shown: ApiKeyId) -> String {
    let status = listed.key.as_ref().map_or("unreadable", |key| key.status(Timestamp::now()).name());
    let this = if listed.id == shown { " (this one)" } else { "" };
    format!("{} {status}{this}", listed.id)
}

fn link(listed: &Listed) -> Value {
    let status = listed.key.as_ref().map_or("unreadable", |key| key.status(Timestamp::now()).name());
    json!({ "id": listed.id.to_string(), "status": status })
}

/// The uses of one API key. Counts that do not open are no failure of the API key.
fn usage_of(context: &mut Context<'_>, vault: &Verifier, id: ApiKeyId) -> Result<Option<Usage>, Failure> {
    match vault.usage(id) {
        Err(error) if matches!(error.detail(), Detail::Tampered { .. }) => {
            context
                .terminal
                .note(&format!("warning: {error}; `strongroom doctor{}` says more", context.place.option()));
            Ok(None)
        }
        usage => Ok(usage?),
    }
}
