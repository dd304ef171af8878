//! Values in a key's place that the checks of master keys refuse, and keys that the code beside them derives.

use std::ops::Range;

use crate::master_key::{Severity, quick_findings};
use crate::scan::detect::classes::{is_quote, is_word};

/// Whether it is worth asking: names are as long as keys, and far more.
pub(super) fn may_be_refused(kind: &str, text: &[u8]) -> bool {
    kind != "text" || text.len() == 32
}

/// The identifier of what refuses the bytes, from checks that take microseconds.
pub(super) fn refused(bytes: &[u8; 32]) -> Option<&'static str> {
    quick_findings(bytes).into_iter().find(|finding| finding.severity == Severity::Refuse).map(|finding| finding.id)
}

/// The same for 32 characters that are a key as they stand: rows of the keyboard and repetitions, but no words, which are names
/// as often as keys.
pub(super) fn refused_text(text: &[u8]) -> Option<&'static str> {
    let bytes = <&[u8; 32]>::try_from(text).ok()?;
    refused(bytes).filter(|id| PATTERNS.contains(id))
}

/// Whether what is written is a value and no name: with padding, with digits alone, or in quotes.
pub(super) fn is_value(kind: &str, context: &[u8], span: &Range<usize>, id: &str) -> bool {
    let before = span.start.checked_sub(1).map(|at| context[at]);
    let after = context.get(span.end).copied();
    let quoted = [before, after].into_iter().all(|byte| byte.is_some_and(is_quote));
    let ends = || matches!(after, None | Some(b'\n' | b'\r')) && matches!(before, Some(b'=' | b' ' | b':'));
    match kind {
        "base64" => after == Some(b'=') || quoted && !id.starts_with("spelled"),
        "text" => quoted || ends(),
        "byte-array" => is_list(&context[span.clone()]),
        // Small numbers are weak as words, and are not meant as words.
        "word-array" => false,
        _ => true,
    }
}

/// Numbers with commas and blanks between them: a date, a sentence and the lines of an assembler have other words and marks.
fn is_list(text: &[u8]) -> bool {
    let word = |byte: &u8| is_word(*byte) || *byte == b'\'';
    let is_number = |word: &[u8]| word.first().is_none_or(u8::is_ascii_digit) || word == b"byte";
    let parts = |byte: &u8| word(byte) || byte.is_ascii_whitespace() || b",()-".contains(byte);
    text.iter().all(parts) && text.split(|byte| !word(byte)).all(is_number)
}

/// What a key is worth that the code beside it makes of a constant.
pub(super) const DERIVED: &str = "derived-in-code";

const PATTERNS: &[&str] = &[
    "one-byte",
    "short-period",
    "even-steps",
    "text-digits",
    "known-sequence",
    "polynomial",
    "constant-column",
    "one-run",
    "even-run",
    "repeated-block",
    "few-values",
    "few-steps",
    "sorted",
    "published",
];
