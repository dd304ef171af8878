//! Whether a literal looks as if it had been drawn at random.

use std::collections::BTreeSet;

use zeroize::Zeroizing;

use crate::scan::detect::classes::turns;

/// Bytes: many different ones, no steps; no text, unless somebody took the trouble to encode it.
pub(super) fn of_bytes(kind: &str, bytes: &[u8; 32]) -> bool {
    let distinct = bytes.iter().collect::<BTreeSet<_>>().len();
    let mut steps = [0_u32; 256];
    for pair in bytes.windows(2) {
        steps[usize::from(pair[1].wrapping_sub(pair[0]))] += 1;
    }
    let text = bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n'));
    let even = steps.iter().max().is_some_and(|most| *most <= MOST_EQUAL_STEPS);
    let encoded = kind.starts_with("base64") || kind.starts_with("hex");
    even && if text { encoded && is_mixed(bytes) } else { distinct >= LEAST_DISTINCT }
}

/// Text: letters of both cases and digits that take turns as chance has it; no words.
pub(super) fn of_text(kind: &str, text: &[u8]) -> bool {
    match kind {
        "base64-in-pieces" => {
            let pieces: Vec<u8> = text.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
            pieces.iter().any(u8::is_ascii_digit) && turns(&pieces) * 10 >= pieces.len() * 3
        }
        "base64" => is_mixed(text) && turns(text) >= LEAST_TURNS,
        "text" => (text.len() > 32 || text.iter().all(u8::is_ascii_alphanumeric)) && is_mixed_text(text),
        "hex" => text.iter().map(u8::to_ascii_lowercase).collect::<BTreeSet<_>>().len() >= 10,
        _ => true,
    }
}

fn is_mixed(text: &[u8]) -> bool {
    let count = |class: fn(&u8) -> bool| text.iter().filter(|byte| class(byte)).count();
    let letters = count(u8::is_ascii_alphabetic);
    count(u8::is_ascii_digit) >= 1
        && letters >= 3
        && text.iter().collect::<BTreeSet<_>>().len() >= 12
        && !has_words(text)
}

/// 32 characters, or hexadecimal of 64 bytes.
fn is_mixed_text(text: &[u8]) -> bool {
    let digits = text.iter().filter(|byte| byte.is_ascii_digit()).count();
    let distinct = text.iter().collect::<BTreeSet<_>>().len();
    (1..text.len() - 2).contains(&digits) && distinct >= 11 && !has_words(text) && turns(text) >= 9
}

fn has_words(text: &[u8]) -> bool {
    let lower = Zeroizing::new(text.to_ascii_lowercase());
    WORDS.iter().any(|word| memchr::memmem::find(&lower, word.as_bytes()).is_some())
}

const WORDS: &[&str] = &[
    "your",
    "change",
    "secret",
    "example",
    "password",
    "replace",
    "insert",
    "placeholder",
    "dummy",
    "sample",
    "xxxx",
    "abcdef",
    "012345",
    "123456",
    "aaaa",
    "0000",
    "test",
    "demo",
    "-key",
    "_key",
    "goes",
    "random",
    "string",
    "character",
];

/// A random key has fewer with a probability below 2^-40.
const LEAST_DISTINCT: usize = 20;

/// Steps of one length: 31 pairs and 256 lengths.
const MOST_EQUAL_STEPS: u32 = 8;

/// Of 42 places, about 27 are turns.
const LEAST_TURNS: usize = 13;
