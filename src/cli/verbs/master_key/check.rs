//! `master-key check`: what is wrong with the configured master keys, or with those on standard input.

use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;

use serde_json::json;
use strongroom::master::{Fingerprint, MasterKeyError, MasterKeysError, Origin, SourceConcern};
use strongroom::strength::{Finding, Suspect};
use strongroom::{Error, MasterKeyVersion, MasterKeys, SqliteStore, Timestamp, Vault};
use zeroize::Zeroizing;

use crate::args::CheckArgs;
use crate::context::{Context, is_accepted};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::input;
use crate::interrupt::Interrupt;
use crate::progress::Meter;
use crate::shown::finding::{self, severity};
use crate::strength::suspects;
use crate::terminal::Terminal;
use crate::told::Told;

pub(crate) fn check(context: &mut Context<'_>, args: &CheckArgs) -> Result<Exit, Failure> {
    let (mut checked, keys) = if args.stdin.is_some() { (from_stdin(context)?, None) } else { configured(context)? };
    judge(context, &mut checked, args)?;
    if let Some(keys) = keys {
        judge_age(context, &mut checked, keys);
    }
    report(context, &checked)
}

/// One key and what was found.
struct Checked {
    place: String,
    version: Option<MasterKeyVersion>,
    suspect: Option<Suspect>,
    fingerprint: Option<Fingerprint>,
    findings: Vec<Finding>,
}

impl Checked {
    fn of(place: String, version: Option<MasterKeyVersion>, suspect: Suspect) -> Self {
        Self { place, version, fingerprint: suspect.fingerprint(), suspect: Some(suspect), findings: vec![] }
    }

    fn refused(place: String, findings: Vec<Finding>, fingerprint: Option<Fingerprint>) -> Self {
        Self { place, version: None, suspect: None, fingerprint, findings }
    }
}

/// What the sources hold, and the keys, when there are any that can be used.
fn configured(context: &mut Context<'_>) -> Result<(Vec<Checked>, Option<MasterKeys>), Failure> {
    let place = |entry: usize, origin: &Origin| format!("entry {entry} of {origin}");
    let keys = match context.master_keys() {
        Ok(keys) => keys,
        Err(Failure::MasterKeys(MasterKeysError::Key { origin, entry, fault })) => {
            let refused = match fault {
                MasterKeyError::Weak { fingerprint, findings } => {
                    Checked::refused(place(entry, &origin), findings, Some(fingerprint))
                }
                MasterKeyError::Malformed(finding) => Checked::refused(place(entry, &origin), vec![finding], None),
                fault => return Err(Failure::MasterKeys(MasterKeysError::Key { origin, entry, fault })),
            };
            return Ok((vec![refused], None));
        }
        Err(Failure::MasterKeys(MasterKeysError::NotSet)) => return Err(Context::without_master_keys()),
        Err(failure) => return Err(failure),
    };
    let checked = suspects(&keys)
        .into_iter()
        .map(|(version, suspect)| Checked::of(format!("master key {version}"), Some(version), suspect));
    Ok((checked.collect(), Some(keys)))
}

/// Whatever stands there is judged: what is no key is a finding.
fn from_stdin(context: &mut Context<'_>) -> Result<Vec<Checked>, Failure> {
    if Terminal::can_ask() {
        context.terminal.note("the master key, or VERSION:KEY entries, on one line:");
    }
    let one = |finding: Finding| vec![Checked::refused("entry 1".into(), vec![finding], None)];
    let Some(bytes) = input::secret(MAX_LEN)? else {
        return Ok(one(malformed("format-size", "it is longer than 64 KiB")));
    };
    let Ok(text) = std::str::from_utf8(&bytes) else {
        return Ok(one(malformed("format-not-text", "it is not text in UTF-8")));
    };
    Ok(entries(text))
}

fn entries(text: &str) -> Vec<Checked> {
    let mut seen = vec![];
    let read = (1..).zip(Suspect::read_list(text)).map(|(number, (version, suspect))| {
        let mut checked = Checked::of(format!("entry {number}"), version, suspect);
        if version.is_some() && seen.contains(&version) {
            checked.findings.push(malformed("format-version", "its version is given twice"));
        }
        seen.push(version);
        checked
    });
    read.collect()
}

fn malformed(id: &'static str, what: &'static str) -> Finding {
    Finding::malformed(id, what, "give one key, or VERSION:KEY entries")
}

/// Strength, relations, and the environment.
fn judge(context: &mut Context<'_>, checked: &mut [Checked], args: &CheckArgs) -> Result<(), Failure> {
    // The others are done within a second or two.
    let interrupt = args.thorough.then(Interrupt::watch).transpose()?;
    let seen = || interrupt.as_ref().and_then(Interrupt::seen);
    let now = Timestamp::now();
    let mut meter = Meter::new();
    let json = context.terminal.json();
    for at in 0..checked.len() {
        let Some(suspect) = checked[at].suspect.take() else { continue };
        let mut findings = match args {
            CheckArgs { quick: true, .. } => suspect.quick_findings(),
            CheckArgs { thorough: true, .. } => {
                let findings = suspect.findings_thorough(now, |done| {
                    // With --json the one document is the whole output.
                    if !json {
                        meter.show(context.terminal, "search", u64::from(done), 1_000);
                    }
                    if seen().is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
                });
                context.terminal.clear();
                findings.ok_or_else(|| stopped(seen()))?
            }
            _ => suspect.findings(now),
        };
        for other in &checked[..at] {
            let name = other.version.map_or_else(|| other.place.clone(), |version| format!("master key {version}"));
            findings.extend(other.suspect.as_ref().and_then(|other| suspect.relation(other, &name)));
        }
        for (name, value) in std::env::vars_os() {
            let value = Zeroizing::new(value.as_bytes().to_vec());
            if name != "STRONGROOM_MASTER_KEYS" {
                findings.extend(suspect.held_by(&name.to_string_lossy(), &value));
            }
        }
        checked[at].findings.extend(findings);
        checked[at].suspect = Some(suspect);
    }
    Ok(())
}

fn stopped(by: Option<Exit>) -> Told {
    let message = "the check was stopped before everything was tried: nothing is said of the keys";
    Told::new(by.unwrap_or(Exit::General), "stopped", message)
        .hint("leave --thorough out for a check of a second, or run it again")
}

/// The vault knows since when its master key is active.
fn judge_age(context: &mut Context<'_>, checked: &mut [Checked], keys: MasterKeys) {
    if !context.place.path.exists() {
        return;
    }
    let open = || -> Result<_, Error> { Vault::open(SqliteStore::open_to_read(&context.place.path)?, keys)?.status() };
    let opened = open();
    let Ok(status) = opened else {
        context
            .terminal
            .note("the age was not judged: the vault does not open with these keys; `strongroom status` says why");
        return;
    };
    let finding = status.age_finding(Timestamp::now());
    if let Some(active) = checked.iter_mut().find(|checked| checked.version == Some(status.active_master_key)) {
        active.findings.extend(finding);
    }
}

fn report(context: &mut Context<'_>, checked: &[Checked]) -> Result<Exit, Failure> {
    let waivers = context.waivers.clone();
    let waived = |checked: &Checked, finding: &Finding| {
        checked.fingerprint.is_some_and(|fingerprint| waivers.waives(finding, fingerprint))
    };
    let open = |checked: &Checked| checked.findings.iter().any(|finding| !waived(checked, finding));
    let concerns = context.concerns();
    let good = !checked.iter().any(open) && waivers.findings().is_empty() && concerns.iter().all(is_accepted);
    let grave = |concern: &SourceConcern| if is_accepted(concern) { "notice" } else { "warning" };
    let documents: Vec<_> = checked
        .iter()
        .map(|checked| {
            let findings = checked.findings.iter().map(|finding| {
                let mut document = finding::document(finding);
                document["waived"] = waived(checked, finding).into();
                document
            });
            json!({
                "place": checked.place, "version": checked.version,
                "fingerprint": checked.fingerprint.map(|print| print.to_string()), "findings": findings.collect::<Vec<_>>(),
            })
        })
        .collect();
    let faults: Vec<_> = waivers.findings().iter().map(finding::document).collect();
    let sources: Vec<_> = concerns
        .iter()
        .map(|concern| {
            let SourceConcern { id, what, remedy, .. } = concern;
            json!({ "id": id, "severity": grave(concern), "what": what, "remedy": remedy })
        })
        .collect();
    let document = json!({ "good": good, "keys": documents, "sources": sources, "waivers": faults });
    context.terminal.document("master-key-check", &document)?;
    for concern in &concerns {
        let (SourceConcern { id, what, remedy, .. }, grave) = (concern, grave(concern));
        context.terminal.line(&format!("{grave} {id}: {what}; {remedy}"))?;
    }
    for checked in checked {
        let print = checked.fingerprint.map(|print| format!(" ({print})")).unwrap_or_default();
        let place = format!("{}{print}", checked.place);
        if checked.findings.is_empty() {
            context.terminal.line(&format!("{place}: nothing found"))?;
        }
        for finding in &checked.findings {
            let Finding { id, what, remedy, .. } = finding;
            let grave = if waived(checked, finding) { "waived" } else { severity(finding.severity) };
            let risk = checked.fingerprint.filter(|print| waivers.lacks_risk(finding, *print));
            let risk = risk.map(|_| "; its waiver counts with --accept-risk only").unwrap_or_default();
            context.terminal.line(&format!("{place}: {grave} {id}: {what}; {remedy}{risk}"))?;
        }
    }
    for Finding { id, what, remedy, .. } in waivers.findings() {
        context.terminal.line(&format!("waivers: warning {id}: {what}; {remedy}"))?;
    }
    Ok(if good { Exit::Success } else { Exit::NotValid })
}

const MAX_LEN: usize = 64 * 1024;
