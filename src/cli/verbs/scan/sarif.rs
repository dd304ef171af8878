//! A scan's outcome as SARIF 2.1.0, which code-scanning services read.

use std::collections::HashMap;
use std::io;
use std::os::unix::ffi::OsStrExt;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use strongroom::scan::{Found, Missed, ScanMode, Secret};

use super::outcome::Outcome;
use super::show::{described, in_history, left_out, path_text};
use super::uri;
use crate::failure::Failure;
use crate::text::escaped_json;

/// The whole log, with a newline.
pub(super) fn document(outcome: &Outcome) -> Result<String, Failure> {
    let mut ordinals = HashMap::new();
    let results: Vec<_> = outcome.secrets.iter().filter_map(|secret| result(secret, &mut ordinals)).collect();
    let missed: Vec<_> = outcome.missed.iter().map(notification).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "strongroom",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.map(|rule| rule.document()),
            } },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { (BASE): { "description": { "text": "the folder that strongroom was run in" } } },
            "invocations": [{
                "executionSuccessful": outcome.complete(),
                "exitCode": outcome.exit().code(),
                "toolExecutionNotifications": missed,
            }],
            "results": results,
            "properties": {
                "modes": outcome.known.document(),
                "left_out": left_out(outcome),
                "allowed": outcome.counts.allowed,
                "accepted": outcome.accepted.places,
            },
        }],
    });
    let text = serde_json::to_string(&log).map_err(io::Error::from)?;
    Ok(format!("{}\n", escaped_json(&text)))
}

/// One result for each secret; it has to be taken out of every one of its locations.
fn result(secret: &Secret, ordinals: &mut HashMap<String, u64>) -> Option<Value> {
    let found = secret.places.first()?;
    let rule = RULES.iter().position(|rule| rule.mode == ruled(secret)).unwrap_or(RULES.len() - 1);
    let named = match (secret.version, secret.fingerprint) {
        (Some(version), Some(print)) => format!("Master key {version} with fingerprint {print}"),
        (None, Some(print)) => format!("A master key with fingerprint {print}"),
        _ => "What looks like a master key".into(),
    };
    let weak = secret.weak.map(|weak| format!(", and is weak ({weak})")).unwrap_or_default();
    let inside = found.inside.iter().fold(String::new(), |told, layer| told + ", in " + layer);
    let oldest = secret.oldest().or(found.object.as_ref());
    let history = oldest.map(|object| format!(", in {}", in_history(object))).unwrap_or_default();
    let more = secret.count - 1;
    let more = if more == 0 { String::new() } else { format!(", and in {more} more places") };
    // Of public facts alone: neither the key nor a line of the file goes into it.
    let kind = found.hit.kind;
    let of = secret.fingerprint.map_or_else(|| format!("{kind}\n{}", address(found)), |print| print.to_string());
    let subject = format!("{}\n{of}", RULES[rule].id);
    let ordinal = ordinals.entry(subject.clone()).and_modify(|count| *count += 1).or_insert(1);
    let identity = Sha256::digest(format!("{subject}\n{ordinal}"));
    let identity = u128::from_be_bytes(*identity.first_chunk().expect("32 bytes begin with 16"));
    Some(json!({
        "ruleId": RULES[rule].id,
        "ruleIndex": rule,
        "level": RULES[rule].level,
        "message": { "text": format!("{named} lies here as {kind}{inside}{history}{weak}{more}.") },
        "locations": secret.places.iter().take(MOST_LOCATIONS).map(location).collect::<Vec<_>>(),
        "occurrenceCount": secret.count,
        "partialFingerprints": { "strongroomSecret/v1": format!("{identity:032x}") },
    }))
}

fn location(found: &Found) -> Value {
    let hit = &found.hit;
    let mut location = json!({ "physicalLocation": { "artifactLocation": artifact(&address(found)) } });
    // Lines inside of something else are not lines of the file.
    if found.inside.is_empty() && hit.line > 0 {
        location["physicalLocation"]["region"] = json!({ "startLine": hit.line, "startColumn": hit.column.max(1) });
    }
    if let Some(object) = &found.object {
        location["logicalLocations"] =
            json!([{ "fullyQualifiedName": format!("{} {}", object.kind, object.id), "kind": "object" }]);
    }
    location
}

fn ruled(secret: &Secret) -> &'static str {
    if secret.weak.is_some() && secret.mode == ScanMode::Generic { WEAK } else { secret.mode.name() }
}

/// The file, or the object where a repository would keep it.
fn address(found: &Found) -> String {
    match (&found.object, path_text(&found.path)) {
        (Some(object), None) => format!(".git/objects/{}/{}", &object.id[..2], &object.id[2..]),
        _ => uri::of(found.path.as_os_str().as_bytes()),
    }
}

fn artifact(uri: &str) -> Value {
    if uri.starts_with("file:") { json!({ "uri": uri }) } else { json!({ "uri": uri, "uriBaseId": BASE }) }
}

fn notification(missed: &Missed) -> Value {
    json!({ "level": "error", "message": { "text": format!("Not read: {}.", described(missed)) } })
}

struct Rule {
    mode: &'static str,
    id: &'static str,
    name: &'static str,
    level: &'static str,
    severity: &'static str,
    short: &'static str,
    full: &'static str,
}

impl Rule {
    fn document(&self) -> Value {
        json!({
            "id": self.id,
            "name": self.name,
            "shortDescription": { "text": self.short },
            "fullDescription": { "text": self.full },
            "help": { "text": format!("{} {HELP}", self.full), "markdown": format!("{}\n\n{HELP_MARKDOWN}", self.full) },
            "defaultConfiguration": { "level": self.level },
            "properties": { "security-severity": self.severity, "precision": "very-high", "tags": ["security", "secret"] },
        })
    }
}

const RULES: [Rule; 4] = [
    Rule {
        mode: "exact",
        id: "strongroom/configured-master-key",
        name: "ConfiguredMasterKey",
        level: "error",
        severity: "9.8",
        short: "A configured master key lies in the sources",
        full: "A master key that this environment is configured with lies here in some writing. Whoever reads this file can \
               open what the vault protects.",
    },
    Rule {
        mode: "fingerprint",
        id: "strongroom/known-master-key",
        name: "KnownMasterKey",
        level: "error",
        severity: "9.8",
        short: "A master key of the vault lies in the sources",
        full: "A text here decodes to a key whose fingerprint is one of the vault's master keys, the active one or a retired \
               one.",
    },
    Rule {
        mode: "generic",
        id: "strongroom/possible-master-key",
        name: "PossibleMasterKey",
        level: "warning",
        severity: "7.5",
        short: "What looks like a master key lies in the sources",
        full: "A text here decodes to a key and stands where a master key would.",
    },
    Rule {
        mode: WEAK,
        id: "strongroom/weak-master-key",
        name: "WeakMasterKey",
        level: "error",
        severity: "9.1",
        short: "A master key that can be guessed lies in the sources",
        full: "What stands here where a master key would is published, a pattern, a text, or derived from a constant: whoever \
               guesses has it, without reading this file.",
    },
];
const HELP: &str = "Take it out, make a new one with strongroom master-key generate, and rotate with \
    strongroom rotate-master-key --compromised. A line that is meant to stay is marked with strongroom:allow.";
const HELP_MARKDOWN: &str = "1. Take it out of the file. History keeps it: it counts as leaked.\n\
    2. `strongroom master-key generate --version N`\n\
    3. `strongroom rotate-master-key --compromised`\n\n\
    A line that is meant to stay is marked with `strongroom:allow`.";
/// Services take a thousand.
const MOST_LOCATIONS: usize = 1000;
const WEAK: &str = "weak";
const BASE: &str = "%SRCROOT%";
