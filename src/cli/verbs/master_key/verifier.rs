//! `master-key verifier`: the key of a process that verifies and lists, and can do no more.

use serde::Serialize;
use serde_json::json;
use strongroom::MasterKeyVersion;
use strongroom::error::{Detail, KeyringError};
use strongroom::master::VerifierKey;

use crate::args::VerifierArgs;
use crate::context::{Context, reason};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{Reserved, refuse_unsafe_folder};
use crate::shown::master_key::entry;

pub(crate) fn verifier(context: &mut Context<'_>, args: &VerifierArgs) -> Result<Exit, Failure> {
    let version = args.version;
    args.out.as_deref().map_or(Ok(()), refuse_unsafe_folder)?;
    let place = args.out.as_deref().map(Reserved::at).transpose()?;
    let key = match args.vault {
        Some(vault) => {
            let keys = context.master_keys()?;
            context.warn();
            let master = keys.key(version).ok_or(Detail::Keyring(KeyringError::NotConfigured { version }))?;
            VerifierKey::derive(master, vault)
        }
        None => {
            let act = context.act(Some(reason(args.reason.as_deref().unwrap_or_default())?));
            if place.is_none() {
                context.terminal.must_take_secret()?;
            }
            context.open()?.issue_verifier_key(version, &act)?
        }
    };
    let (fingerprint, vault) = (key.fingerprint().to_string(), key.vault().to_string());
    if let Some(place) = place {
        let out = place.path().display().to_string();
        place.take(&entry(Some(version), key.to_text()))?;
        let document = json!({ "version": version, "fingerprint": fingerprint, "vault": vault, "path": out });
        context.terminal.document("verifier-key", &document)?;
        context.terminal.line(&format!("verifier key of master key {version} ({fingerprint}) written to {out}"))?;
    } else if context.terminal.json() {
        let text = key.to_text();
        let document = Printed { version, fingerprint: &fingerprint, vault: &vault, key: text.expose() };
        context.terminal.secret_document("verifier-key", &document).map_err(Failure::of_secret)?;
    } else {
        context.terminal.secret(&entry(Some(version), key.to_text())).map_err(Failure::of_secret)?;
        context.terminal.note(&format!(
            "with it in STRONGROOM_VERIFIER_KEYS a process verifies and lists the API keys of vault {vault}, for as long as \
             master key {version} is active; give that process a store that it can only read"
        ));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Printed<'a> {
    version: MasterKeyVersion,
    fingerprint: &'a str,
    vault: &'a str,
    key: &'a str,
}
