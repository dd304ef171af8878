//! A scan's outcome as a table for people and as documents for programs. What was found is never shown.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use serde_json::{Value, json};
use strongroom::scan::{Found, GitObject, Missed, ScanPlace, Secret};

use super::outcome::Outcome;
use super::uri;
use crate::failure::Failure;
use crate::terminal::Terminal;
use crate::text::{Table, counted};

pub(super) fn show(terminal: &mut Terminal, outcome: &Outcome) -> Result<(), Failure> {
    if terminal.json() {
        return documents(terminal, outcome);
    }
    if !outcome.secrets.is_empty() {
        let header = ["where", "kind", "mode", "key", "seen"].map(String::from).to_vec();
        let mut table = Table::default();
        let rows: Vec<_> = std::iter::once(header).chain(outcome.secrets.iter().flat_map(rows)).collect();
        for page in rows.chunks(PAGE) {
            terminal.page(&mut table, page)?;
        }
    }
    for missed in &outcome.missed {
        terminal.line(&format!("not read: {}", described(missed)))?;
    }
    for mode in outcome.known.lines() {
        terminal.line(&format!("looked for {mode}"))?;
    }
    for (mode, why) in outcome.known.left_out() {
        terminal.line(&format!("not looked for {mode}: {why}"))?;
    }
    terminal.line(&summary(outcome))
}

/// What is left to do.
pub(super) fn remarks(terminal: &mut Terminal, outcome: &Outcome, brief: bool) {
    if brief {
        terminal.note(&summary(outcome));
    }
    let places: usize = outcome.secrets.iter().map(|secret| secret.places.len()).sum();
    let listed = (places + outcome.missed.len()) as u64;
    let more = (outcome.counts.found + outcome.counts.missed).saturating_sub(listed);
    if more > 0 {
        terminal.note(&format!("{more} more are counted and not listed"));
    }
    for fault in outcome.accepted.faults() {
        terminal.note(&format!("{fault}: it covers nothing"));
    }
    if let Some(unmet) = outcome.accepted.unmet().filter(|unmet| *unmet > 0 && outcome.complete()) {
        let lines = counted(unmet as u64, "line");
        terminal.note(&format!("{lines} of the baseline met nothing here: take out what is gone"));
    }
    if outcome.counts.found > 0 {
        terminal.note(
            "a key that was found counts as leaked: take it out, `strongroom master-key generate --version N`, then \
             `strongroom rotate-master-key --compromised`; a line that is meant to stay is marked with strongroom:allow",
        );
    }
}

fn documents(terminal: &mut Terminal, outcome: &Outcome) -> Result<(), Failure> {
    for secret in &outcome.secrets {
        terminal.document(
            "scan-finding",
            &json!({
                "mode": secret.mode.name(),
                "version": secret.version,
                "fingerprint": secret.fingerprint.map(|print| print.to_string()),
                "weak": secret.weak,
                "count": secret.count,
                "oldest": secret.oldest().map(|object| json!({
                    "commit": object.commit, "committed_at": object.committed_at,
                })),
                "places": secret.places.iter().map(place).collect::<Vec<_>>(),
            }),
        )?;
    }
    for Missed { place, path, object, why, .. } in &outcome.missed {
        let body = json!({ "place": place.name(), "path": path_text(path), "object": object, "why": why });
        terminal.document("scan-missed", &body)?;
    }
    let counts = &outcome.counts;
    terminal.document(
        "scan",
        &json!({
            "modes": outcome.known.document(),
            "left_out": left_out(outcome),
            "complete": outcome.complete(),
            "found": outcome.secrets.len(),
            "places": counts.found,
            "allowed": counts.allowed,
            "baseline": outcome.accepted.unmet().map(|unmet| json!({
                "places": outcome.accepted.places, "unmet": unmet, "faults": outcome.accepted.faults(),
            })),
            "missed": counts.missed,
            "files": counts.files,
            "objects": counts.objects,
            "bytes": counts.bytes,
            "links": counts.links,
            "special": counts.special,
            "repositories": counts.repositories,
            "seconds": outcome.seconds,
        }),
    )
}

/// The modes that did not run.
pub(super) fn left_out(outcome: &Outcome) -> Value {
    outcome.known.left_out().into_iter().map(|(mode, why)| json!({ "mode": mode, "why": why })).collect()
}

fn place(found: &Found) -> Value {
    let Found { place, path, inside, object, hit, .. } = found;
    json!({
        "place": place.name(),
        "path": path_text(path),
        "uri": path_text(path).map(|_| uri::of(path.as_os_str().as_bytes())),
        "line": hit.line,
        "column": hit.column,
        "inside": inside,
        "kind": hit.kind,
        "mode": mode(found),
        "object": object.as_ref().map(|object| json!({
            "id": object.id, "kind": object.kind, "commit": object.commit, "committed_at": object.committed_at,
        })),
    })
}

/// The first place of a secret, and a few others below it.
fn rows(secret: &Secret) -> Vec<Vec<String>> {
    let mut rows: Vec<_> = secret.places.iter().take(PLACES).map(row).collect();
    let more = secret.count.saturating_sub(rows.len() as u64);
    if more > 0 {
        let oldest = secret.oldest().and_then(|object| object.commit.as_deref());
        let since = oldest.map(|commit| format!(", the oldest in commit {}", short(commit))).unwrap_or_default();
        let told = format!("and {} more{since}", counted(more, "place"));
        rows.push([told, String::new(), String::new(), String::new(), String::new()].to_vec());
    }
    rows
}

fn row(found: &Found) -> Vec<String> {
    let hit = &found.hit;
    let place = match (&found.object, path_text(&found.path)) {
        (_, Some(path)) => path,
        (Some(object), None) => format!("{} {}", object.kind, short(&object.id)),
        (None, None) => "?".into(),
    };
    let named = hit.fingerprint.map(|print| match hit.version {
        Some(version) => format!("{version} ({print})"),
        None => print.to_string(),
    });
    vec![
        format!("{place}:{}:{}", hit.line, hit.column),
        hit.weak.map_or_else(|| hit.kind.to_owned(), |weak| format!("{}, weak: {weak}", hit.kind)),
        mode(found).to_owned(),
        named.unwrap_or_else(|| "-".into()),
        seen(found),
    ]
}

/// In what the line and the column are counted, where it is not the file itself.
fn seen(found: &Found) -> String {
    let mut seen = found.inside.iter().map(|layer| format!("in {layer}")).collect::<Vec<_>>();
    if let Some(object) = &found.object {
        seen.push(in_history(object));
    }
    if !matches!(found.place, ScanPlace::Tree | ScanPlace::History) {
        seen.push(found.place.name().into());
    }
    if seen.is_empty() { "-".into() } else { seen.join(", ") }
}

pub(super) fn in_history(object: &GitObject) -> String {
    match &object.commit {
        Some(commit) if object.kind == "commit" => format!("message of commit {}", short(commit)),
        Some(commit) => format!("commit {}, {} {}", short(commit), object.kind, short(&object.id)),
        None => format!("{} {}, in no commit", object.kind, short(&object.id)),
    }
}

pub(super) fn described(missed: &Missed) -> String {
    let object = missed.object.as_ref().map(|id| format!(" object {id}")).unwrap_or_default();
    format!("{}{object}: {}", missed.path.display(), missed.why)
}

pub(super) fn summary(outcome: &Outcome) -> String {
    let counts = &outcome.counts;
    let secrets = outcome.secrets.len() as u64;
    let found = match (secrets, counts.found) {
        (0, _) => "nothing found".into(),
        (secrets, places) if secrets == places => counted(secrets, "finding"),
        (secrets, places) => format!("{} in {}", counted(secrets, "finding"), counted(places, "place")),
    };
    let files = counted(counts.files, "file");
    let read =
        if counts.objects == 0 { files } else { format!("{files} and {}", counted(counts.objects, "git object")) };
    let mut parts = vec![format!("{found} in {read}, {} in {:.1} s", size(counts.bytes), outcome.seconds)];
    let others = [
        (counts.allowed, "allowed by a mark"),
        (outcome.accepted.places, "accepted by the baseline"),
        (counts.links, "links not followed"),
        (counts.special, "neither file nor folder"),
        (
            if outcome.history { 0 } else { counts.repositories },
            "git repositories whose history was not read (--history)",
        ),
    ];
    parts.extend(others.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")));
    if counts.missed > 0 {
        parts.push(format!("INCOMPLETE: {} not read", counts.missed));
    }
    if outcome.stopped.is_some() {
        parts.push("INCOMPLETE: stopped".into());
    }
    parts.join("; ")
}

pub(super) fn mode(found: &Found) -> &'static str {
    found.hit.mode.name()
}

/// As text; what is not UTF-8 is replaced, and only the `uri` has it.
pub(super) fn path_text(path: &Path) -> Option<String> {
    Some(path.as_os_str().to_string_lossy().into_owned()).filter(|path| !path.is_empty())
}

fn short(id: &str) -> &str {
    &id[..id.len().min(12)]
}

fn size(bytes: u64) -> String {
    let units = [(1_u64 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(
        || format!("{bytes} B"),
        |(unit, name)| format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
    )
}

/// How many places of one secret a table shows.
const PLACES: usize = 5;
/// Widths are those of the first page.
const PAGE: usize = 10_000;
