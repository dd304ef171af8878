//! Findings that are known and accepted: each by its secret, by where it lies, or by both, with a reason, and until a day.

use std::io;
use std::path::Path;

use ignore::gitignore::Gitignore;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::choice;
use super::detect::hit::{Hit, Sameness, ScanMode};
use super::report::Found;
use super::secrets::Secret;
use crate::master_key::Fingerprint;
use crate::plain_file;
use crate::secret::{RandomError, random_array};
use crate::time::Timestamp;

/// What a file accepts, at one moment: one JSON object a line, with `secret` or `path` or both, `until` and `reason`
/// (docs/scanning.md, What is accepted).
///
/// ```
/// # use strongroom::scan::{Baseline, Scan, ScanEvent, Scanner, Secrets};
/// # use strongroom::{MasterKey, MasterKeys, Timestamp};
/// # let folder = tempfile::tempdir()?;
/// let key = MasterKey::generate()?;
/// std::fs::write(folder.path().join("a.py"), format!("KEY = '{}'\n", key.to_text().expose()))?;
/// let scan = Scan::new(Scanner::exact(&MasterKeys::single(key)));
/// let mut secrets = Secrets::default();
/// scan.tree(&[folder.path().to_owned()], |event| {
///     if let ScanEvent::Found(found) = event {
///         secrets.add(found);
///     }
/// });
/// let line = Baseline::line(&secrets.into_ranked()[0], "of the demonstration", "2027-01-31T00:00:00Z".parse()?)?;
/// let mut baseline = Baseline::parse(&line, "2026-12-01T00:00:00Z".parse()?);
/// scan.tree(&[folder.path().to_owned()], |event| {
///     assert!(matches!(event, ScanEvent::Found(found) if baseline.covers(&found)));
/// });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Baseline {
    entries: Vec<Entry>,
    faults: Vec<String>,
}

impl Baseline {
    /// Reads the lines; those that are malformed or over cover nothing, and are [`faults`](Self::faults).
    pub fn parse(text: &str, now: Timestamp) -> Self {
        let mut baseline = Self::default();
        let lines = (1_usize..).zip(text.lines().map(str::trim));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            match Entry::parse(line) {
                Ok(entry) if entry.until < now => {
                    baseline.faults.push(format!("line {number} of the baseline ended on {}", entry.until));
                }
                Ok(entry) => baseline.entries.push(entry),
                Err(why) => baseline.faults.push(format!("line {number} of the baseline: {why}")),
            }
        }
        baseline
    }

    /// Reads a file of at most 16 MiB. What is no regular file is refused.
    pub fn from_file(path: impl AsRef<Path>, now: Timestamp) -> io::Result<Self> {
        Ok(Self::parse(&plain_file::text(path.as_ref(), MAX_LEN)?, now))
    }

    /// A line that accepts this secret wherever it lies, with its newline.
    pub fn line(secret: &Secret, reason: &str, until: Timestamp) -> Result<String, RandomError> {
        let name = match (secret.fingerprint, secret.places.first()) {
            (Some(print), _) => print.to_string(),
            (None, Some(found)) => {
                let salt = random_array()?;
                let digest = digest(salt, found.hit.sameness);
                format!("{TEXT}{}:{}", base16ct::lower::encode_string(&salt), base16ct::lower::encode_string(&digest))
            }
            (None, None) => String::new(),
        };
        let day = until.to_string().chars().take(DAY_LEN).collect::<String>();
        Ok(format!("{}\n", json!({ "secret": name, "until": day, "reason": reason })))
    }

    /// Whether a line accepts this find. A path alone accepts no key that is known: whoever means that key names it.
    pub fn covers(&mut self, found: &Found) -> bool {
        let mut covered = false;
        for entry in self.entries.iter_mut().filter(|entry| entry.covers(found)) {
            (entry.met, covered) = (true, true);
        }
        covered
    }

    /// Lines that are malformed or over, each in a sentence that names its number.
    pub fn faults(&self) -> &[String] {
        &self.faults
    }

    /// How many lines have covered nothing so far.
    pub fn unmet(&self) -> usize {
        self.entries.iter().filter(|entry| !entry.met).count()
    }
}

#[derive(Debug)]
struct Entry {
    secret: Option<Named>,
    path: Option<Gitignore>,
    until: Timestamp,
    met: bool,
}

/// What a secret is called in a file that others read.
#[derive(Debug)]
enum Named {
    Key(Fingerprint),
    /// A salted digest of what is the same for the same text: nobody looks it up in a table of guesses.
    Text([u8; SALT_LEN], [u8; DIGEST_LEN]),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    secret: Option<String>,
    path: Option<String>,
    until: String,
    reason: String,
}

impl Entry {
    fn parse(line: &str) -> Result<Self, &'static str> {
        let line: Line = serde_json::from_str(line)
            .map_err(|_| "not a JSON object with until, reason, and secret or path, all of them texts")?;
        if line.reason.trim().is_empty() {
            return Err("the reason is empty");
        }
        if line.secret.is_none() && line.path.is_none() {
            return Err("it names neither a secret nor a path");
        }
        let until = if line.until.len() == DAY_LEN { format!("{}T23:59:59Z", line.until) } else { line.until };
        Ok(Self {
            secret: line.secret.as_deref().map(Named::parse).transpose()?,
            path: line.path.as_deref().map(pattern).transpose()?,
            until: until.parse().map_err(|_| "the end is neither a day nor a time")?,
            met: false,
        })
    }

    fn covers(&self, found: &Found) -> bool {
        let here = self.path.as_ref().is_none_or(|path| choice::matches(path, &found.path, false));
        here && match &self.secret {
            Some(secret) => secret.is(&found.hit),
            None => found.hit.mode == ScanMode::Generic,
        }
    }
}

impl Named {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let wrong = "the secret is neither a fingerprint nor what --write-baseline wrote";
        let Some(rest) = text.strip_prefix(TEXT) else { return text.parse().map(Self::Key).map_err(|_| wrong) };
        let (salt, digest) = rest.split_once(':').ok_or(wrong)?;
        let (mut salted, mut digested) = ([0; SALT_LEN], [0; DIGEST_LEN]);
        let whole = |decoded: Result<&[u8], _>, len| decoded.is_ok_and(|bytes: &[u8]| bytes.len() == len);
        let read = whole(base16ct::lower::decode(salt, &mut salted), SALT_LEN)
            && whole(base16ct::lower::decode(digest, &mut digested), DIGEST_LEN);
        if read { Ok(Self::Text(salted, digested)) } else { Err(wrong) }
    }

    fn is(&self, hit: &Hit) -> bool {
        match (self, hit.fingerprint) {
            (Self::Key(print), Some(found)) => *print == found,
            (Self::Text(salt, known), None) => digest(*salt, hit.sameness) == *known,
            _ => false,
        }
    }
}

/// As in `.gitignore`, held against paths as findings show them.
fn pattern(glob: &str) -> Result<Gitignore, &'static str> {
    let wrong = "the path is no pattern as in .gitignore that could match";
    if glob.starts_with('!') { Err(wrong) } else { choice::patterns(&[glob]).map_err(|_| wrong) }
}

fn digest(salt: [u8; SALT_LEN], sameness: Sameness) -> [u8; DIGEST_LEN] {
    let digest = Sha256::new().chain_update(LABEL).chain_update(salt).chain_update(sameness.as_bytes()).finalize();
    *digest.first_chunk().expect("32 bytes begin with 16")
}

const LABEL: &[u8] = b"strongroom/v1/scan-baseline";
const TEXT: &str = "text:";
const SALT_LEN: usize = 8;
const DIGEST_LEN: usize = 16;
/// `YYYY-MM-DD`.
const DAY_LEN: usize = 10;
/// A hundred thousand lines.
const MAX_LEN: usize = 16 << 20;
