//! Whether one master key is another one, copied with a slip of the pen: some characters changed, left out, doubled or
//! exchanged, or letters of the other case.

use base64ct::{Base64Url, Encoding};
use zeroize::Zeroizing;

/// How `one` differs from `other` where both are the same text but for a few characters; for a message, after "it".
pub(super) fn slip(one: &[u8; 32], other: &[u8; 32]) -> Option<String> {
    let (one, other) = (written(one), written(other));
    let changes = distance(&one, &other);
    if changes == 0 {
        return None;
    }
    let folded = |text: &str| Zeroizing::new(text.to_ascii_lowercase());
    let (one, other) = (folded(&one), folded(&other));
    if one == other {
        return Some("differs from it in upper and lower case alone".into());
    }
    let changes = changes.min(distance(&one, &other));
    (changes <= FEW).then(|| {
        let characters = if changes == 1 { "one character".into() } else { format!("{changes} characters") };
        format!("differs from it in {characters} of {TEXT_LEN}")
    })
}

/// The characters that are typed; the `=` at the end is in every key.
fn written(key: &[u8; 32]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(Base64Url::encode_string(key));
    text.truncate(TEXT_LEN - 1);
    text
}

/// The keys that a slip makes of this one: a byte or a character changed, neighbours exchanged, a character left out or doubled.
pub(super) fn neighbours(key: &[u8; 32], mut see: impl FnMut(&[u8; 32]) -> bool) -> bool {
    for at in 0..32 {
        for change in 1..=255 {
            let mut other = Zeroizing::new(*key);
            other[at] ^= change;
            if see(&other) {
                return true;
            }
        }
    }
    let exchanged = |bytes: &[u8; 32], width: usize, at: usize| {
        let digit = |at: usize| bytes[at / width] >> (8 / width * (width - 1 - at % width)) & mask(width);
        let mut other = Zeroizing::new(*bytes);
        for (to, from) in [(at, at + 1), (at + 1, at)] {
            let shift = 8 / width * (width - 1 - to % width);
            other[to / width] = other[to / width] & !(mask(width) << shift) | digit(from) << shift;
        }
        other
    };
    // Bytes, and hexadecimal digits.
    if [1, 2].iter().any(|width| (0..32 * width - 1).any(|at| see(&exchanged(key, *width, at)))) {
        return true;
    }
    let text = Zeroizing::new(written(key).as_bytes().to_vec());
    let mut see_text = |text: &[u8]| decoded(text).is_some_and(|other| see(&other));
    for at in 0..text.len() {
        let mut other = text.clone();
        if at + 1 < text.len() {
            other.swap(at, at + 1);
            if see_text(&other) {
                return true;
            }
        }
        for character in ALPHABET {
            other.copy_from_slice(&text);
            other[at] = *character;
            if see_text(&other) {
                return true;
            }
            // Left out here, and made up for at the end; or one too many here, and the last one lost.
            other.copy_from_slice(&text);
            other[at..].rotate_left(1);
            *other.last_mut().expect("43 characters") = *character;
            if see_text(&other) {
                return true;
            }
            other.copy_from_slice(&text);
            other[at..].rotate_right(1);
            other[at] = *character;
            if see_text(&other) {
                return true;
            }
        }
    }
    false
}

fn mask(width: usize) -> u8 {
    if width == 1 { u8::MAX } else { 0x0f }
}

/// The last character has bits that belong to no byte: whatever stands there is read as far as it counts.
fn decoded(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut text = Zeroizing::new(text.to_vec());
    let last = text.last_mut()?;
    let value = ALPHABET.iter().position(|character| character == last)?;
    *last = ALPHABET[value & !3];
    text.push(b'=');
    let mut bytes = Zeroizing::new([0; 33]);
    let exact = Base64Url::decode(&*text, bytes.as_mut()).ok()?;
    exact.try_into().ok().map(|exact: &[u8; 32]| Zeroizing::new(*exact))
}

/// How many characters are to be changed, put in, left out or exchanged with their neighbours to make one text of the other.
fn distance(one: &str, other: &str) -> usize {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut before: Vec<usize> = vec![];
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, character) in one.iter().enumerate() {
        let mut next = vec![at + 1];
        for (to, target) in other.iter().enumerate() {
            let changed = row[to] + usize::from(character != target);
            let mut least = changed.min(row[to + 1] + 1).min(next[to] + 1);
            if at > 0 && to > 0 && *character == other[to - 1] && one[at - 1] == *target {
                least = least.min(before[to - 1] + 1);
            }
            next.push(least);
        }
        before = std::mem::replace(&mut row, next);
    }
    row[other.len()]
}

const TEXT_LEN: usize = 44;
/// Two random keys come as near with a probability below 2^-130, letters of the other case taken for the same.
const FEW: usize = 8;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    fn key(text: &str) -> [u8; 32] {
        *decoded(&text.as_bytes()[..TEXT_LEN - 1]).expect("a key")
    }

    #[test]
    fn each_slip_of_the_pen_is_named() {
        const GOOD: &str = "q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=";
        let cases = [
            ("q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbA=", "one character"),
            ("q3VPyWc2MOmEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=", "one character"),
            ("q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9gAb-E=", "2 characters"),
            ("3qVPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=", "one character"),
            ("q3VPyWc2M0mEhrrS1jYwzJ5R8kTn7vXoLhU_fD9-gAb=", "3 characters"),
            ("Q3VPyWc2M0mEhrS1jYwzJ5R8kTn7vXoLhU_fD9-gAbE=", "upper and lower case"),
            ("Q3vpYwC2m0MeHRs1JyWZj5r8KtN7VxOlHu_Fd9-GaBe=", "one character"),
            ("Q3vpYwC2m0MeHRs1JyWZj5r8KtN7VxOlHu_Fd9-GbAe=", "2 characters"),
        ];
        for (text, how) in cases {
            // What stands in the last character beside its four bits is not read.
            let said = slip(&key(text), &key(GOOD)).unwrap_or_default();
            assert!(said.contains(how), "{text}: {said:?}");
            assert_eq!(slip(&key(GOOD), &key(text)), Some(said), "{text}");
        }
        assert_eq!(slip(&key(GOOD), &key(GOOD)), None);
    }

    #[test]
    fn random_keys_are_no_slips_of_one_another() {
        for _ in 0..200 {
            let (one, other): ([u8; 32], [u8; 32]) = (random_array().expect("random"), random_array().expect("random"));
            assert_eq!(slip(&one, &other), None);
        }
    }

    #[test]
    fn every_small_slip_is_among_the_neighbours() {
        let key: [u8; 32] = random_array().expect("random");
        let text = written(&key);
        let mut wanted = vec![];
        for at in [0, 7, 41] {
            let mut swapped = text.as_bytes().to_vec();
            swapped.swap(at, at + 1);
            let mut changed = text.as_bytes().to_vec();
            changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
            let mut lost = text.as_bytes().to_vec();
            lost.remove(at);
            lost.push(b'A');
            let mut doubled = text.as_bytes().to_vec();
            doubled.insert(at, doubled[at]);
            doubled.pop();
            wanted.extend([swapped, changed, lost, doubled].map(|text| *decoded(&text).expect("a key")));
        }
        let mut bytes = key;
        bytes.swap(3, 4);
        let mut digits = key;
        digits[3] = key[3] & 0xf0 | key[4] >> 4;
        digits[4] = key[3] << 4 | key[4] & 0x0f;
        let mut byte = key;
        byte[31] ^= 0x81;
        wanted.extend([bytes, digits, byte]);
        let mut count = 0;
        for wanted in wanted {
            assert!(wanted == key || neighbours(&key, |other| *other == wanted));
        }
        assert!(!neighbours(&key, |_| {
            count += 1;
            false
        }));
        assert!((10_000..20_000).contains(&count), "{count}");
    }
}
