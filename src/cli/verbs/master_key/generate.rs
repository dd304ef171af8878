//! `master-key generate`: a new random master key, printed or in a new file.

use serde::Serialize;
use serde_json::json;
use strongroom::{Error, MasterKey, MasterKeyVersion};

use crate::args::GenerateArgs;
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::new_file::{refuse_unsafe_folder, unwritten, write_new};
use crate::shown::master_key::entry;

pub(crate) fn generate(context: &mut Context<'_>, args: &GenerateArgs) -> Result<Exit, Failure> {
    args.out.as_deref().map_or(Ok(()), refuse_unsafe_folder)?;
    let key = MasterKey::generate().map_err(Error::from)?;
    let fingerprint = key.fingerprint().to_string();
    let version = args.version;
    if let Some(path) = &args.out {
        write_new(path, &entry(version, key.to_text())).map_err(|error| unwritten(path, &error))?;
        let out = path.display().to_string();
        context
            .terminal
            .document("master-key", &json!({ "version": version, "fingerprint": fingerprint, "path": out }))?;
        context.terminal.line(&format!("master key with fingerprint {fingerprint} written to {out}"))?;
    } else if context.terminal.json() {
        let text = key.to_text();
        let document = Generated { version, fingerprint: &fingerprint, key: text.expose() };
        context.terminal.secret_document("master-key", &document).map_err(Failure::of_secret)?;
    } else {
        context.terminal.secret(&entry(version, key.to_text())).map_err(Failure::of_secret)?;
        context.terminal.note(&format!("its fingerprint is {fingerprint}; keep it where the vault's backups are not"));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Generated<'a> {
    version: Option<MasterKeyVersion>,
    fingerprint: &'a str,
    key: &'a str,
}
