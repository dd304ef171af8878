//! Names in a text, and the words that they are made of.

use std::ops::Range;

use crate::scan::detect::candidates::runs as literal_runs;

/// Names: letters, digits, underscores, dashes and dots.
pub(super) fn names(text: &[u8]) -> Vec<String> {
    let text = without_closing(without_values(text));
    let part = |byte: &u8| !(byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    let names = text.split(part).map(|name| String::from_utf8_lossy(name).trim_matches(['.', '-', '_']).to_owned());
    names.filter(|name| name.bytes().any(|byte| byte.is_ascii_alphabetic()) && !is_value(name)).collect()
}

/// Keys in base64 have marks in them that would part them into names.
fn without_values(text: &[u8]) -> Vec<u8> {
    let mut text = text.to_vec();
    let runs: Vec<Range<usize>> = literal_runs(&text, SHORTEST_VALUE).collect();
    for run in runs {
        let count = |class: fn(&u8) -> bool| text[run.clone()].iter().filter(|byte| class(byte)).count();
        let mixed = count(u8::is_ascii_uppercase) > 4 && count(u8::is_ascii_lowercase) > 4;
        if mixed && count(u8::is_ascii_digit) > 1 && count(|byte| matches!(byte, b'-' | b'_' | b'/')) < 5 {
            text[run].fill(b' ');
        }
    }
    text
}

/// `</key>` names nothing that follows.
fn without_closing(mut text: Vec<u8>) -> Vec<u8> {
    let mut from = 0;
    while let Some(at) = memchr::memmem::find(&text[from..], b"</").map(|at| from + at) {
        let len = text[at..].iter().position(|byte| *byte == b'>').unwrap_or(text.len() - at - 1);
        from = at + len + 1;
        text[at..from].fill(b' ');
    }
    text
}

/// A key beside the literal names nothing.
fn is_value(name: &str) -> bool {
    let name = name.strip_prefix("0x").unwrap_or(name);
    let any = |class: fn(&u8) -> bool| name.bytes().any(|byte| class(&byte));
    let is_hex = name.bytes().all(|byte| byte.is_ascii_hexdigit());
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let mixed = any(u8::is_ascii_lowercase) && any(u8::is_ascii_uppercase);
    name.len() >= SHORTEST_VALUE && digits > 1 && (is_hex || mixed)
}

/// The words of a name in any style, in lower case: `masterKey`, `MASTER_KEY`, `master-key`.
pub(super) fn split(name: &str) -> Vec<String> {
    let mut words: Vec<String> = vec![];
    let characters: Vec<char> = name.chars().collect();
    let mut word = String::new();
    for (at, character) in characters.iter().enumerate() {
        let next_is_lower = characters.get(at + 1).is_some_and(char::is_ascii_lowercase);
        let after_lower = at > 0 && !characters[at - 1].is_ascii_uppercase();
        let begins = character.is_ascii_uppercase() && (after_lower || next_is_lower);
        if !character.is_ascii_alphanumeric() || begins {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
        }
        if character.is_ascii_alphanumeric() {
            word.push(character.to_ascii_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// Whether what has this name is a name: `name: ENCRYPTION_KEY`.
pub(super) fn is_naming(name: &str) -> bool {
    split(name).last().is_some_and(|word| NAMING.contains(&word.as_str()))
}

/// What has a name as its value.
#[rustfmt::skip]
const NAMING: &[&str] = &[
    "alias", "entry", "env", "id", "identifier", "key", "label", "name", "param", "parameter", "secret", "setting", "title", "variable",
];

const SHORTEST_VALUE: usize = 32;
