//! `master-key generate` and `master-key check`.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::num::NonZeroU32;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str;

use serde::Serialize;
use serde_json::{Value, json};
use strongroom::{
    Error, Finding, Fingerprint, MasterKey, MasterKeyError, MasterKeys, MasterKeysError, SecretText, Severity,
    SourceConcern,
};

use super::args::{CheckArgs, GenerateArgs};
use super::context::Context;
use super::exit::Exit;
use super::failure::{Failure, Told};
use super::input;
use super::terminal::Terminal;

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
fn entry(key: &MasterKey, version: Option<u32>) -> SecretText {
    let Some(version) = version else { return key.to_text() };
    // Sized first: growing would leave copies behind.
    let mut entry = String::with_capacity(64);
    entry.push_str(&version.to_string());
    entry.push(':');
    entry.push_str(key.to_text().expose());
    SecretText::new(entry)
}

pub(crate) fn check(context: &mut Context<'_>, args: &CheckArgs) -> Result<Exit, Failure> {
    let read = if args.stdin.is_some() { from_stdin(context)? } else { configured(context)? };
    let keys = match read {
        Ok(keys) => keys,
        Err(MasterKeysError::Key { origin, entry, source: MasterKeyError::Weak(findings) }) => {
            return report(context, &[Checked { place: format!("entry {entry} of {origin}"), key: None, findings }]);
        }
        Err(error @ (MasterKeysError::NotSet | MasterKeysError::Source(_))) => return Err(error.into()),
        Err(error) => {
            let told = Told::new(Exit::NotValid, "master-keys-malformed", error.to_string()).because(&error);
            return Err(told.hint("make a new key with `strongroom master-key generate`").into());
        }
    };
    let checked = keys.versions().map(|(version, print)| Checked {
        place: format!("master key {version}"),
        key: Some((version, print)),
        findings: keys.key(version).map(MasterKey::findings).unwrap_or_default(),
    });
    report(context, &checked.collect::<Vec<_>>())
}

fn configured(context: &mut Context<'_>) -> Result<Result<MasterKeys, MasterKeysError>, Failure> {
    match context.master_keys() {
        Err(Failure::MasterKeys(error)) => Ok(Err(error)),
        keys => Ok(Ok(keys?)),
    }
}

fn from_stdin(context: &mut Context<'_>) -> Result<Result<MasterKeys, MasterKeysError>, Failure> {
    if Terminal::can_ask() {
        context.terminal.note("the master key, or VERSION:KEY entries, on one line:");
    }
    let too_long = || Failure::input("standard input is longer than 64 KiB", "give one key, or VERSION:KEY entries");
    let bytes = input::secret(64 * 1024)?.ok_or_else(too_long)?;
    let text = str::from_utf8(&bytes)
        .map_err(|_| Failure::input("standard input is not text", "give one key, or VERSION:KEY entries"))?;
    Ok(MasterKeys::parse(text))
}

struct Checked {
    place: String,
    key: Option<(u32, Fingerprint)>,
    findings: Vec<Finding>,
}

impl Checked {
    fn document(&self) -> Value {
        let finding = |finding: &Finding| {
            json!({
                "id": finding.id, "severity": severity(finding.severity), "what": finding.what, "remedy": finding.remedy,
            })
        };
        json!({
            "place": self.place,
            "version": self.key.map(|(version, _)| version),
            "fingerprint": self.key.map(|(_, print)| print.to_string()),
            "findings": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }
}

fn report(context: &mut Context<'_>, checked: &[Checked]) -> Result<Exit, Failure> {
    let concerns = context.concerns();
    let good = concerns.is_empty() && checked.iter().all(|checked| checked.findings.is_empty());
    let documents: Vec<_> = checked.iter().map(Checked::document).collect();
    let sources: Vec<_> = concerns
        .iter()
        .map(|SourceConcern { id, what, remedy, .. }| json!({ "id": id, "severity": "warning", "what": what, "remedy": remedy }))
        .collect();
    context.terminal.document("master-key-check", &json!({ "good": good, "keys": documents, "sources": sources }))?;
    for SourceConcern { id, what, remedy, .. } in &concerns {
        context.terminal.line(&format!("warning {id}: {what}; {remedy}"))?;
    }
    for Checked { place, key, findings } in checked {
        let print = key.map(|(_, print)| format!(" ({print})")).unwrap_or_default();
        if findings.is_empty() {
            context.terminal.line(&format!("{place}{print}: nothing found"))?;
        }
        for Finding { id, severity: grave, what, remedy, .. } in findings {
            context.terminal.line(&format!("{place}{print}: {} {id}: {what}; {remedy}", severity(*grave)))?;
        }
    }
    Ok(if good { Exit::Success } else { Exit::NotValid })
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Notice => "notice",
        Severity::Warn => "warning",
        _ => "refused",
    }
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
