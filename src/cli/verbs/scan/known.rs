//! What to look for: the configured master keys, fingerprints that are known, or anything that looks like a key.

use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};
use strongroom::master::{Fingerprint, MasterKeysError, known_fingerprints};
use strongroom::scan::Scanner;
use strongroom::{Error, MasterKey, MasterKeyVersion, MasterKeys, SqliteStore};

use crate::args::{ModeArg, ScanArgs};
use crate::context::Context;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::plain_file;
use crate::told::Told;

/// Versions and fingerprints.
type Keys = Vec<(MasterKeyVersion, Fingerprint)>;

/// The modes of a scan, and what they know.
pub(crate) struct Known {
    keys: Option<MasterKeys>,
    fingerprints: Keys,
    /// Where the fingerprints are from.
    source: Option<&'static str>,
    generic: bool,
    /// Whether the modes were named.
    chosen: bool,
}

impl Known {
    pub(crate) fn of(context: &Context<'_>, args: &ScanArgs) -> Result<Self, Failure> {
        let wanted = |mode| args.modes.contains(&mode);
        let open = |mode| args.modes.is_empty() || wanted(mode);
        let keys = if open(ModeArg::Exact) { configured()? } else { None };
        if wanted(ModeArg::Exact) && keys.is_none() {
            return Err(MasterKeysError::NotSet.into());
        }
        let (source, fingerprints) = match (&args.fingerprints, open(ModeArg::Fingerprint)) {
            (_, false) => (None, vec![]),
            (Some(file), true) => (Some("file"), of_file(file)?),
            (None, true) => of_vault(context, wanted(ModeArg::Fingerprint))?,
        };
        Ok(Self { keys, fingerprints, source, generic: open(ModeArg::Generic), chosen: !args.modes.is_empty() })
    }

    pub(crate) fn scanner(&self) -> Scanner {
        let exact = self.keys.as_ref().map(Scanner::exact);
        let fingerprint = self.source.map(|_| Scanner::fingerprints(self.fingerprints.iter().copied()));
        let generic = self.generic.then(Scanner::generic);
        let modes = [exact, fingerprint, generic].into_iter().flatten();
        modes.reduce(Scanner::with).expect("without other modes there is the generic one")
    }

    /// One line a mode.
    pub(crate) fn lines(&self) -> Vec<String> {
        let listed = |keys: &[(MasterKeyVersion, Fingerprint)]| {
            let named = keys.iter().map(|(version, print)| format!("{version} ({print})")).collect::<Vec<_>>();
            named.join(", ")
        };
        let mut lines = vec![];
        if let Some(keys) = &self.keys {
            lines.push(format!("exact: master key {}", listed(&keys.versions().collect::<Vec<_>>())));
        }
        if let Some(source) = self.source {
            lines.push(format!("fingerprint: master key {}, from the {source}", listed(&self.fingerprints)));
        }
        if self.generic {
            lines.push("generic: whatever stands where a master key would".into());
        }
        lines
    }

    /// The modes that did not run, and why.
    pub(crate) fn left_out(&self) -> Vec<(&'static str, &'static str)> {
        let chosen = "it was not among the modes that were asked for";
        let why = |absent| if self.chosen { chosen } else { absent };
        let mut left_out = vec![];
        if self.keys.is_none() {
            left_out.push(("exact", why("no master keys are configured")));
        }
        if self.source.is_none() {
            left_out.push(("fingerprint", why("no vault and no list of fingerprints is at hand")));
        }
        if !self.generic {
            left_out.push(("generic", chosen));
        }
        left_out
    }

    /// The same for programs.
    pub(crate) fn document(&self) -> Value {
        let listed = |keys: Keys| -> Value {
            let one = |(version, print): (MasterKeyVersion, Fingerprint)| json!({ "version": version, "fingerprint": print.to_string() });
            keys.into_iter().map(one).collect()
        };
        let mut modes = vec![];
        if let Some(keys) = &self.keys {
            modes.push(json!({ "mode": "exact", "keys": listed(keys.versions().collect()), "source": "environment" }));
        }
        if let Some(source) = self.source {
            modes.push(json!({ "mode": "fingerprint", "keys": listed(self.fingerprints.clone()), "source": source }));
        }
        if self.generic {
            modes.push(json!({ "mode": "generic", "keys": [], "source": null }));
        }
        modes.into()
    }
}

fn configured() -> Result<Option<MasterKeys>, Failure> {
    match MasterKeys::from_env() {
        Ok(keys) => Ok(Some(keys)),
        Err(MasterKeysError::NotSet) => Ok(None),
        // A scan that silently looks for less would say that all is well.
        Err(error) => Err(error.into()),
    }
}

/// Of the vault that was named, which must then be there, or of the one in this folder.
fn of_vault(context: &Context<'_>, wanted: bool) -> Result<(Option<&'static str>, Keys), Failure> {
    if !wanted && !context.place.is_named() && !context.place.path.exists() {
        return Ok((None, vec![]));
    }
    let store = SqliteStore::open_to_read(&context.place.path).map_err(Error::from)?;
    let versions = known_fingerprints(&store)?;
    Ok((Some("vault"), versions.iter().map(|key| (key.version, key.fingerprint)).collect()))
}

fn of_file(path: &Path) -> Result<Keys, Failure> {
    let wrong = |why: &str| {
        // Somebody may have typed a key where the name of a file belongs.
        let key = path.to_string_lossy().split(['/', ':', ',']).any(|part| MasterKey::parse(part).is_ok());
        let shown = if key { "[REDACTED]".into() } else { path.display().to_string() };
        let hint = "make one with `strongroom status --json > fingerprints.json`, or write VERSION:FINGERPRINT lines";
        Failure::from(Told::new(Exit::Usage, "fingerprint-file", format!("{shown}: {why}")).hint(hint))
    };
    let text = plain_file::text(path, MAX_LEN).map_err(|error| wrong(&error.to_string()))?;
    let keys = if text.trim_start().starts_with('{') { of_json(&text) } else { of_lines(&text) };
    keys.filter(|keys| !keys.is_empty()).ok_or_else(|| wrong("not a list of fingerprints"))
}

/// As `status --json` prints it.
fn of_json(text: &str) -> Option<Keys> {
    let status: Status = serde_json::from_str(text).ok()?;
    let keys = status.master_keys.iter().chain(&status.configured);
    let mut keys = keys.map(|key| Some((key.version, key.fingerprint.parse().ok()?))).collect::<Option<Vec<_>>>()?;
    keys.sort_unstable();
    keys.dedup();
    Some(keys)
}

/// `VERSION:FINGERPRINT` lines; what follows a `#` is a remark.
fn of_lines(text: &str) -> Option<Keys> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    let entry = |line: &str| {
        let (version, print) = line.split_once(':')?;
        Some((version.parse().ok()?, print.parse().ok()?))
    };
    lines.filter(|line| !line.is_empty()).map(entry).collect()
}

#[derive(Deserialize)]
struct Status {
    master_keys: Vec<StatusKey>,
    #[serde(default)]
    configured: Vec<StatusKey>,
}

#[derive(Deserialize)]
struct StatusKey {
    version: MasterKeyVersion,
    fingerprint: String,
}

/// Thousands of fingerprints.
const MAX_LEN: usize = 1 << 20;
