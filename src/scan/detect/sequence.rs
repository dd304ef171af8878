//! The writings of a key that are lists of numbers: bytes, characters of its text, words.

use zeroize::Zeroizing;

use super::needle::{base64url, swapped};

/// Numbers that stand for a key, in order.
pub(super) struct Sequence {
    pub(super) kind: &'static str,
    /// Which key, by its place in the list.
    pub(super) key: usize,
    /// How many bits a number has.
    pub(super) bits: u32,
    pub(super) words: Zeroizing<Vec<u128>>,
}

/// All numeric writings of a key.
pub(super) fn sequences(key: usize, bytes: &[u8; 32]) -> Vec<Sequence> {
    let text = base64url(bytes);
    let standard = Zeroizing::new(text.iter().map(|byte| standard(*byte)).collect::<Vec<_>>());
    let mut all = vec![];
    let mut add = |kind, words: Zeroizing<Vec<u128>>, bits| {
        let mut reversed = Zeroizing::new(words.to_vec());
        reversed.reverse();
        all.extend([words, reversed].map(|words| Sequence { kind, key, bits, words }));
    };
    add("byte-array", words(bytes, 1), 8);
    add("character-codes", words(&text, 1), 8);
    if standard != text {
        add("character-codes", words(&standard, 1), 8);
    }
    for width in [2, 4, 8, 16] {
        let bits = 8 * u32::try_from(width).expect("a small width");
        add("word-array", words(bytes, width), bits);
        add("word-array", words(&swapped(bytes, width), width), bits);
    }
    all
}

fn words(bytes: &[u8], width: usize) -> Zeroizing<Vec<u128>> {
    let word = |bytes: &[u8]| bytes.iter().fold(0, |word, byte| word << 8 | u128::from(*byte));
    Zeroizing::new(bytes.chunks(width).map(word).collect())
}

fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}
