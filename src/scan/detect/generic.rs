//! Judges whether a literal stands where a master key would: by the name it is given, what stands around it, and
//! whether it looks as if it had been drawn at random.

use std::ops::Range;

use crate::master_key::Fingerprint;

use super::ScanMode;
use super::candidate::Candidate;
use super::find::Find;
use super::position::line_range;

mod calls;
mod enclosing;
mod names;
mod prose;
mod randomness;
mod statement;
mod surroundings;
mod words;

use statement::Statement;
use words::Judgement;

/// The find, if the literal stands where a master key would.
pub(super) fn judge(name: &str, window: &[u8], context: &[u8], candidate: &Candidate) -> Option<Find> {
    if !candidate.whole {
        return None;
    }
    let text = &context[candidate.span.clone()];
    let random = match &candidate.bytes {
        Some(bytes) => randomness::of_bytes(candidate.kind, bytes) && randomness::of_text(candidate.kind, text),
        None => randomness::of_text(candidate.kind, text),
    };
    if !random || surroundings::is_quiet_file(name) {
        return None;
    }
    let inner = judged(name, context, &candidate.span, candidate.kind);
    let kind = match inner {
        // What base64 decodes to is often the key alone; its name stands outside.
        None if candidate.place != candidate.span => judged(name, window, &candidate.place, candidate.kind)?,
        inner => inner?,
    };
    let fingerprint = candidate.bytes.as_deref().map(Fingerprint::of);
    Some(Find { span: candidate.place.clone(), mode: ScanMode::Generic, kind, version: None, fingerprint })
}

/// Whether a candidate in a path may be a key: `x-1.8.4` is four numbers and no key, and a path has more slashes than base64.
pub(super) fn is_drawn(context: &[u8], candidate: &Candidate) -> bool {
    let text = &context[candidate.span.clone()];
    let slashes = memchr::memchr_iter(b'/', text).count();
    let drawn = |bytes: &[u8; 32]| randomness::of_bytes(candidate.kind, bytes);
    slashes < MOST_SLASHES && candidate.bytes.as_deref().is_some_and(drawn)
}

fn judged(name: &str, context: &[u8], span: &Range<usize>, kind: &str) -> Option<&'static str> {
    if surroundings::is_quiet(name, context, span) {
        return None;
    }
    let statement = Statement::of(name, context, span);
    let judgement = judgement(&statement, context, span);
    let stands = match kind {
        "text" if is_element(&statement, context, span) => judgement == Judgement::Taken,
        "text" => judgement >= Judgement::Named && (span.len() == 86 || context.get(span.end) != Some(&b'=')),
        "byte-array" if statement.name.last().is_some_and(|word| word == "keys") => judgement >= Judgement::Named,
        "hex" | "hex-in-pieces" => judgement >= Judgement::Likely && !words::speaks_of_digests(&statement, judgement),
        _ => judgement >= Judgement::Likely,
    };
    stands.then(|| words::rule(&statement, kind))
}

/// Whether it stands in a list that is named above: 16 bytes in hexadecimal are many things.
fn is_element(statement: &Statement, context: &[u8], span: &Range<usize>) -> bool {
    let before = context[line_range(context, span.start).start..span.start].trim_ascii();
    !statement.own && !before.is_empty() && !before.iter().any(|byte| matches!(byte, b':' | b'='))
}

fn judgement(statement: &Statement, context: &[u8], span: &Range<usize>) -> Judgement {
    let enclosing = || enclosing::of(context, span).into_iter().map(|outer| outer.words).collect();
    let calls = enclosing::calls(context, span.start);
    if calls::expects(&calls) {
        return Judgement::Other;
    }
    match words::judge(statement, &enclosing) {
        Judgement::Named => Judgement::Named,
        _ if calls::takes(&calls, context, span) => Judgement::Taken,
        Judgement::Silent if prose::says_key(context, span, statement.own) => Judgement::Named,
        judgement => judgement,
    }
}

/// 43 random characters have as many with a probability of 2^-11.
const MOST_SLASHES: usize = 5;
