//! Bytes as words, 11 bits each: the English list of BIP-39, whose words differ in their first four letters. It comes from
//! the reference implementation, under the MIT licence (words-LICENSE.txt).

use std::sync::OnceLock;

use zeroize::Zeroizing;

/// The words of so many bytes. Their bits must fill the words exactly.
pub(super) fn of(bytes: &[u8]) -> impl Iterator<Item = &'static str> {
    let bit = |at: usize| usize::from(bytes[at / 8] >> (7 - at % 8) & 1);
    (0..bytes.len() * 8 / BITS).map(move |word| {
        let number = (word * BITS..(word + 1) * BITS).fold(0, |number, at| number << 1 | bit(at));
        list()[number]
    })
}

/// The bytes of these words, or which of them, from 1, is none.
pub(super) fn read<'t>(words: impl Iterator<Item = &'t str>, len: usize) -> Result<Zeroizing<Vec<u8>>, usize> {
    let mut bytes = Zeroizing::new(vec![0_u8; len]);
    for (at, word) in words.enumerate() {
        let number = list().binary_search(&word).map_err(|_| at + 1)?;
        for bit in 0..BITS {
            let place = at * BITS + bit;
            bytes[place / 8] |= u8::from(number >> (BITS - 1 - bit) & 1 == 1) << (7 - place % 8);
        }
    }
    Ok(bytes)
}

fn list() -> &'static [&'static str] {
    static LIST: OnceLock<Vec<&'static str>> = OnceLock::new();
    LIST.get_or_init(|| include_str!("words.txt").lines().collect())
}

const BITS: usize = 11;

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use sha2::{Digest, Sha256};

    use super::*;

    #[test]
    fn the_list_is_that_of_the_reference_implementation() {
        let digest = base16ct::lower::encode_string(&Sha256::digest(include_bytes!("words.txt")));
        assert_eq!(digest, "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda");
    }

    #[test]
    fn the_list_has_2048_words_in_order_that_differ_in_four_letters() {
        assert!(list().len() == 2048 && list().is_sorted());
        let beginnings: HashSet<_> = list().iter().map(|word| &word[..word.len().min(4)]).collect();
        assert_eq!(beginnings.len(), 2048);
    }

    #[test]
    fn bytes_read_back() {
        let bytes: Vec<u8> = (0..77_u8).map(|n| n.wrapping_mul(37)).collect();
        let words: Vec<_> = of(&bytes).collect();
        assert_eq!(words.len(), 56);
        assert_eq!(read(words.into_iter(), 77).expect("words").as_slice(), bytes);
        assert_eq!(read(["abandon", "abandonn"].into_iter(), 77), Err(2));
    }
}
