//! `master-key generate` and `master-key check`.

mod check;

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroU32;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde::Serialize;
use serde_json::json;
use strongroom::{Error, MasterKey, SecretText};

use super::args::GenerateArgs;
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};

pub(crate) use check::{check, finding_document, note_lesser, severity, suspects};

pub(crate) fn generate(context: &mut Context<'_>, args: &GenerateArgs) -> Result<Exit, Failure> {
    let key = MasterKey::generate().map_err(Error::from)?;
    let fingerprint = key.fingerprint().to_string();
    let version = args.version.map(NonZeroU32::get);
    if let Some(path) = &args.out {
        write_new(path, &entry(&key, version)).map_err(|error| unwritten(path, &error))?;
        let out = path.display().to_string();
        context
            .terminal
            .document("master-key", &json!({ "version": version, "fingerprint": fingerprint, "path": out }))?;
        context.terminal.line(&format!("master key with fingerprint {fingerprint} written to {out}"))?;
    } else if context.terminal.json() {
        let text = key.to_text();
        let document = Generated { version, fingerprint: &fingerprint, key: text.expose() };
        context.terminal.secret_document("master-key", &document)?;
    } else {
        context.terminal.secret(&entry(&key, version))?;
        context.terminal.note(&format!("its fingerprint is {fingerprint}; keep it where the vault's backups are not"));
    }
    Ok(Exit::Success)
}

#[derive(Serialize)]
struct Generated<'a> {
    version: Option<u32>,
    fingerprint: &'a str,
    key: &'a str,
}

/// As a list of master keys takes it.
pub(crate) fn entry(key: &MasterKey, version: Option<u32>) -> SecretText {
    let Some(version) = version else { return key.to_text() };
    // Sized first: growing would leave copies behind.
    let mut entry = String::with_capacity(64);
    entry.push_str(&version.to_string());
    entry.push(':');
    entry.push_str(key.to_text().expose());
    SecretText::new(entry)
}

/// Before anything is done whose result the file is to hold.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(unwritten(path, &ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// Never over a file that is there: it may hold the only copy of a key.
pub(crate) fn write_new(path: &Path, entry: &SecretText) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written =
        file.write_all(entry.expose().as_bytes()).and_then(|()| file.write_all(b"\n")).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a key is of no use to anybody.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    sync_folder(path)
}

/// So that a new name survives a power loss.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

pub(crate) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let (exit, code, hint) = match error.kind() {
        ErrorKind::AlreadyExists => {
            (Exit::Conflict, "file-exists", "name a new file: it may hold a key that is still needed")
        }
        _ => (Exit::General, "file-unwritable", "name a file in a folder that is there and writable"),
    };
    Told::new(exit, code, format!("cannot write {}: {error}", path.display())).hint(hint).into()
}
