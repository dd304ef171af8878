//! The 44 characters themselves: a key can be typed so that they, and not its bytes, are readable.

use super::alphabet::Key;
use super::describe::character_cost;
use base64ct::{Base64Url, Encoding};
use zeroize::Zeroize;

/// The 43 characters before the padding in a model of written words: lower case mostly follows lower case, and some letters
/// are frequent. At most 2^216 texts are so probable in it.
pub(super) fn words(key: &Key) -> bool {
    over_text(key, |text| {
        let mut cost = 2.0;
        for pair in text.windows(2) {
            let change = if class(pair[0]) == class(pair[1]) { STAY } else { LEAVE };
            cost += change + within_class(pair[1]);
        }
        cost + within_class(text[0]) <= 216.0
    })
}

/// Only digits and letters of one case, the last character aside: (36/64)^42, for two cases.
pub(super) fn narrow(key: &Key) -> bool {
    over_text(key, |text| {
        let text = &text[..42];
        text.iter().all(|c| !c.is_ascii_uppercase() && c.is_ascii_alphanumeric())
            || text.iter().all(|c| !c.is_ascii_lowercase() && c.is_ascii_alphanumeric())
    })
}

fn over_text(key: &Key, judge: impl FnOnce(&[u8]) -> bool) -> bool {
    let mut buffer = [0; 44];
    let judged = Base64Url::encode(key, &mut buffer).is_ok_and(|text| judge(&text.as_bytes()[..43]));
    buffer.zeroize();
    judged
}

fn class(c: u8) -> u8 {
    match c {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    }
}

/// Bits of a character within its class; the probabilities of a class sum to one at most.
fn within_class(c: u8) -> f64 {
    match class(c) {
        2 => 3.33,
        3 => 1.0,
        // Its cost as a lower-case letter is relative to all characters.
        _ => character_cost(c.to_ascii_lowercase()) + LETTERS,
    }
}

/// -log2 of 0.82, and of 0.06 for each of the three other classes.
const STAY: f64 = 0.287;
const LEAVE: f64 = 4.059;
/// log2 of the share that letters have in [`character_cost`].
const LETTERS: f64 = -0.563;
