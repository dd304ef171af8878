//! The 44 characters of a key read as words: a passphrase typed where base64 was wanted decodes to bytes that look random.

use std::collections::HashMap;

use base64ct::{Base64Url, Encoding};
use zeroize::Zeroizing;

use super::words;

/// Whether the 43 characters before the padding have a description of at most 216 bits in words, numbers, repetitions and single
/// characters. The language is prefix-free: at most 2^216 of the 2^256 keys do.
pub(super) fn is_spelled(key: &[u8; 32]) -> bool {
    let text = Zeroizing::new(Base64Url::encode_string(key));
    cost(&text.as_bytes()[..43], &ranks()) <= 216.0
}

/// Words by how soon they come in the list.
fn ranks() -> HashMap<&'static [u8], usize> {
    let mut ranks = HashMap::with_capacity(60_000);
    let words = words::passwords().chain(words::phrases().flat_map(|phrase| phrase.split(|c| *c == b' ')));
    for (rank, word) in (1..).zip(words.filter(|word| word.len() > 1)) {
        ranks.entry(word).or_insert(rank);
    }
    ranks
}

/// Two bits say what follows: a word (its rank in four bits and as many as they say, and log2(3) for its capitals, after `-`, `_` or nothing), digits (three for
/// how many), earlier characters again (six for where, six for how many), or one character.
fn cost(text: &[u8], ranks: &HashMap<&'static [u8], usize>) -> f64 {
    let mut best = [f64::INFINITY; 44];
    best[0] = 0.0;
    for start in 0..text.len() {
        let here = best[start] + 2.0;
        let mut reach = |end: usize, cost: f64| best[end] = best[end].min(here + cost);
        reach(start + 1, 6.0);
        for end in start + 2..=text.len().min(start + LONGEST) {
            // One bit for no mark before the word, two for each of the marks.
            let (mark, word) = if matches!(text[start], b'-' | b'_') { (2.0, start + 1) } else { (1.0, start) };
            if let Some(bits) = word_bits(&text[word..end], ranks) {
                reach(end, bits + mark);
            }
        }
        let digits = text[start..].iter().take(8).take_while(|c| c.is_ascii_digit()).count();
        (1..=digits).for_each(|len| reach(start + len, 3.0 + 3.33 * bits(len)));
        for earlier in 0..start {
            let same = (start..text.len()).take_while(|at| text[*at] == text[at - start + earlier]).count();
            (1..=same).for_each(|len| reach(start + len, 12.0));
        }
    }
    best[text.len()]
}

fn word_bits(written: &[u8], ranks: &HashMap<&'static [u8], usize>) -> Option<f64> {
    let lower = written.to_ascii_lowercase();
    let capitals = written.iter().filter(|c| c.is_ascii_uppercase()).count();
    let regular = capitals == 0 || capitals == written.len() || capitals == 1 && written[0].is_ascii_uppercase();
    let rank = ranks.get(&lower[..]).filter(|_| regular)?;
    Some(4.0 + f64::from(rank.ilog2()) + 1.6)
}

fn bits(len: usize) -> f64 {
    f64::from(u32::try_from(len).unwrap_or(u32::MAX))
}

const LONGEST: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    fn key(text: &str) -> [u8; 32] {
        let mut buffer = [0; 32];
        Base64Url::decode(text, &mut buffer).expect("a key");
        buffer
    }

    #[test]
    fn words_typed_as_a_key_are_seen() {
        for text in [
            "ThisIsMySuperSecretMasterKeyForTheVaultAppA=",
            "PleaseChangeThisSecretKeyBeforeProduction20=",
            "my-super-secret-key-that-nobody-will-guessE=",
        ] {
            assert!(is_spelled(&key(text)), "{text}");
        }
    }

    #[test]
    fn random_keys_are_not_words() {
        for _ in 0..100 {
            assert!(!is_spelled(&random_array().expect("random")));
        }
    }
}
