//! Judges whether a literal stands where a master key would: by the name it is given, what stands around it, and
//! whether it looks as if it had been drawn at random.

use std::ops::Range;

use crate::master_key::Fingerprint;

use super::candidate::Candidate;
use super::find::Find;
use super::position::line_range;

mod calls;
mod derivation;
mod enclosing;
mod names;
mod prose;
mod randomness;
mod statement;
mod surroundings;
mod weak;
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
    if !random && !weak::may_be_refused(candidate.kind, text) || surroundings::is_quiet_file(name) {
        return None;
    }
    let refused = || match &candidate.bytes {
        Some(bytes) => weak::refused(bytes),
        None => weak::refused_text(text),
    };
    // Tests have keys that anybody can guess, and vectors that were published.
    let is_test = || surroundings::is_test_file(name);
    if !random && (is_test() || !weak::is_value(candidate.kind, context, &candidate.span, refused()?)) {
        return None;
    }
    let least = if random { Judgement::Likely } else { Judgement::Named };
    let kind = named(name, window, context, candidate, least)?;
    let weak = refused();
    if weak.is_some() && is_test() {
        return None;
    }
    let fingerprint = candidate.bytes.as_deref().map(Fingerprint::of);
    Some(Find { weak, ..Find::generic(candidate.place.clone(), kind, fingerprint) })
}

/// The rule by which the names around the literal say that it is a key.
fn named(name: &str, window: &[u8], context: &[u8], candidate: &Candidate, least: Judgement) -> Option<&'static str> {
    match judged(name, context, &candidate.span, candidate.kind, least) {
        // What base64 decodes to is often the key alone; its name stands outside.
        None if candidate.place != candidate.span => judged(name, window, &candidate.place, candidate.kind, least),
        inner => inner,
    }
}

/// Adds what code derives from a constant where a master key would stand.
pub(super) fn derived(name: &str, window: &[u8], finds: &mut Vec<Find>) {
    if surroundings::is_quiet_file(name) || surroundings::is_test_file(name) {
        return;
    }
    derivation::search(window, &mut |derivation| {
        let span = derivation.span.clone();
        // What was drawn at random is one wherever it is passed to.
        let holds = |find: &Find| find.weak.is_none() && find.span.start < span.end && span.start < find.span.end;
        if finds.iter().any(holds) || surroundings::is_quiet(name, window, &span) {
            return;
        }
        let statement = Statement::of(name, window, &span);
        if judgement(&statement, window, &span) >= Judgement::Named {
            let fingerprint = derivation.bytes.as_deref().map(Fingerprint::of);
            finds.push(Find {
                weak: (!derivation.is_drawn).then_some(weak::DERIVED),
                ..Find::generic(span, "derived-key", fingerprint)
            });
        }
    });
}

fn judged(name: &str, context: &[u8], span: &Range<usize>, kind: &str, least: Judgement) -> Option<&'static str> {
    let said = least == Judgement::Likely || kind == "text";
    if surroundings::is_quiet(name, context, span) || said && surroundings::is_said_to_be_none(context, span) {
        return None;
    }
    let statement = Statement::of(name, context, span);
    let judgement = judgement(&statement, context, span);
    let stands = match kind {
        "text" if is_element(&statement, context, span) => judgement == Judgement::Taken,
        "text" => judgement >= Judgement::Named && (span.len() == 86 || context.get(span.end) != Some(&b'=')),
        "byte-array" if statement.name.last().is_some_and(|word| word == "keys") => judgement >= Judgement::Named,
        "hex" | "hex-in-pieces" => judgement >= least && !words::speaks_of_digests(&statement, judgement),
        _ => judgement >= least,
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
