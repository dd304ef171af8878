//! Findings that somebody has taken upon themselves, each for one key, with a reason, and until a day.

use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use super::finding::{Finding, Severity};
use super::fingerprint::Fingerprint;
use crate::plain_file;
use crate::time::Timestamp;

/// The waivers of a file, at one moment: one JSON object a line, with `id`, `fingerprint`, `until` and `reason`
/// (docs/master-keys.md).
///
/// ```
/// # use strongroom::master::MasterKeyError;
/// # use strongroom::strength::Waivers;
/// # use strongroom::{MasterKey, Timestamp};
/// let weak = "YSBzZW50ZW5jZSBpcyBubyBrZXksIGl0IGlzIHRleHQ=";
/// let Err(MasterKeyError::Weak { fingerprint, findings }) = MasterKey::parse(weak) else { panic!("it is weak") };
/// let line = |id| {
///     let rest = r#""until": "2027-01-31", "reason": "until it is rotated away""#;
///     format!("{{\"id\": \"{id}\", \"fingerprint\": \"{fingerprint}\", {rest}}}\n")
/// };
/// let lines: String = findings.iter().map(|finding| line(finding.id)).collect();
/// let waivers = Waivers::parse(&lines, "2026-12-01T00:00:00Z".parse()?);
/// assert!(MasterKey::parse_accepting(weak, &waivers).is_ok());
/// let later = Waivers::parse(&lines, "2027-02-01T00:00:00Z".parse()?);
/// assert!(MasterKey::parse_accepting(weak, &later).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Waivers {
    lines: Vec<Waiver>,
    faults: Vec<Finding>,
    accept_risk: bool,
}

impl Waivers {
    /// Waives nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// Reads the lines; those that are malformed or expired waive nothing, and are [`findings`](Self::findings).
    pub fn parse(text: &str, now: Timestamp) -> Self {
        let mut waivers = Self::default();
        let lines = (1_usize..).zip(text.lines().map(str::trim));
        for (number, line) in lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#')) {
            match Waiver::parse(line) {
                Ok(waiver) if waiver.until < now => waivers.fault(
                    "waiver-expired",
                    format!("the waiver of {} for {} ended on {}", waiver.id, waiver.fingerprint, waiver.until),
                    "rotate away from the key, or give the waiver a new end with a new reason",
                ),
                Ok(waiver) => waivers.lines.push(waiver),
                Err(why) => waivers.fault(
                    "waiver-malformed",
                    format!("line {number} of the waivers: {why}"),
                    "write {\"id\": ..., \"fingerprint\": ..., \"until\": \"YYYY-MM-DD\", \"reason\": ...} on one line",
                ),
            }
        }
        waivers
    }

    /// Reads a file of at most 1 MiB. What is no regular file is refused.
    pub fn from_file(path: impl AsRef<Path>, now: Timestamp) -> std::io::Result<Self> {
        Ok(Self::parse(&plain_file::text(path.as_ref(), MAX_LEN)?, now))
    }

    /// Whether waivers cover what a file alone must not: spellings that are not a master key's, and published keys.
    #[must_use]
    pub fn accepting_risk(mut self, accepting: bool) -> Self {
        self.accept_risk = accepting;
        self
    }

    /// Whether this finding about this key is waived.
    pub fn waives(&self, finding: &Finding, fingerprint: Fingerprint) -> bool {
        let covered = |waiver: &Waiver| waiver.id == finding.id && waiver.fingerprint == fingerprint;
        (self.accept_risk || !is_grave(finding.id)) && self.lines.iter().any(covered)
    }

    /// Whether a waiver stands for this finding, and only [`accepting_risk`](Self::accepting_risk) is missing.
    pub fn lacks_risk(&self, finding: &Finding, fingerprint: Fingerprint) -> bool {
        let bold = Self { accept_risk: true, ..self.clone() };
        !self.waives(finding, fingerprint) && bold.waives(finding, fingerprint)
    }

    /// What is wrong with the waivers themselves.
    pub fn findings(&self) -> &[Finding] {
        &self.faults
    }

    fn fault(&mut self, id: &'static str, what: String, remedy: &'static str) {
        self.faults.push(Finding::new(id, Severity::Warn, what).remedy(remedy));
    }
}

/// Whoever holds such a key has what the whole world can have: a line in a file is too easily copied for it.
fn is_grave(id: &str) -> bool {
    id == "published" || id == "found-in-sources" || id.starts_with("format-")
}

#[derive(Clone, Debug)]
struct Waiver {
    id: String,
    fingerprint: Fingerprint,
    until: Timestamp,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: String,
    fingerprint: String,
    until: String,
    reason: String,
}

impl Waiver {
    fn parse(line: &str) -> Result<Self, &'static str> {
        let line: Line = serde_json::from_str(line)
            .map_err(|_| "not a JSON object with exactly the texts id, fingerprint, until and reason")?;
        if line.reason.trim().is_empty() {
            return Err("the reason is empty");
        }
        let day = line.until.len() == 10;
        let until = if day { format!("{}T23:59:59Z", line.until) } else { line.until };
        Ok(Self {
            id: line.id,
            fingerprint: Fingerprint::from_str(&line.fingerprint)
                .map_err(|_| "the fingerprint is not 16 hexadecimal digits")?,
            until: until.parse().map_err(|_| "the end is neither a day nor a time")?,
        })
    }
}

/// Thousands of waivers.
const MAX_LEN: usize = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    const PRINT: &str = "0123456789abcdef";

    fn now() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().expect("a time")
    }

    fn line(id: &str, until: &str) -> String {
        format!(r#"{{"id": "{id}", "fingerprint": "{PRINT}", "until": "{until}", "reason": "until the move"}}"#)
    }

    fn waived(waivers: &Waivers, id: &'static str) -> bool {
        waivers.waives(&Finding::new(id, Severity::Refuse, "what"), PRINT.parse().expect("a fingerprint"))
    }

    #[test]
    fn a_waiver_covers_one_finding_of_one_key_until_its_end() {
        let waivers = Waivers::parse(&format!("# why\n\n{}\n", line("text", "2026-06-01")), now());
        assert!(waived(&waivers, "text") && !waived(&waivers, "text-hex") && waivers.findings().is_empty());
        let other: Fingerprint = "fedcba9876543210".parse().expect("a fingerprint");
        assert!(!waivers.waives(&Finding::new("text", Severity::Refuse, "what"), other));
        let expired = Waivers::parse(&line("text", "2026-06-01T11:59:59Z"), now());
        assert!(!waived(&expired, "text"));
        assert_eq!(expired.findings()[0].id, "waiver-expired");
    }

    #[test]
    fn published_keys_and_misspellings_need_more_than_a_file() {
        for id in ["published", "format-hex", "found-in-sources"] {
            let waivers = Waivers::parse(&line(id, "2027-01-01"), now());
            let finding = Finding::new(id, Severity::Refuse, "what");
            assert!(
                !waived(&waivers, id) && waivers.lacks_risk(&finding, PRINT.parse().expect("a fingerprint")),
                "{id}"
            );
            assert!(waived(&waivers.accepting_risk(true), id), "{id}");
        }
    }

    #[test]
    fn a_malformed_line_waives_nothing_and_is_reported_by_number() {
        let good = line("text", "2027-01-01");
        let broken = [
            "text".to_owned(),
            good.replace("reason", "raison"),
            good.replace("until the move", " "),
            good.replace(PRINT, "0123"),
            good.replace("2027-01-01", "soon"),
            good.replace("\"id\": \"text\", ", ""),
            good.replace("{\"id\"", "{\"extra\": 1, \"id\""),
        ];
        for text in broken {
            let waivers = Waivers::parse(&format!("#\n{text}"), now());
            assert!(!waived(&waivers, "text"), "{text}");
            assert_eq!(waivers.findings()[0].id, "waiver-malformed");
            assert!(waivers.findings()[0].what.contains("line 2"), "{text}");
        }
    }
}
