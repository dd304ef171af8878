//! Generators of Rust's `rand` from a number or a constant: ChaCha with 8, 12 and 20 rounds, xoshiro256++. And xoshiro256** of
//! Lua and others.
#![expect(clippy::cast_possible_truncation, reason = "words are cut out of words")]

use chacha20::cipher::{KeyIvInit, StreamCipher};
use chacha20::{ChaCha8, ChaCha12, ChaCha20};

use super::matcher::Matcher;
use super::pcg::{FACTOR_32, xsh_rr};

/// Whether `seed_from_u64` of a number, or `from_seed` of 32 times one byte, made the key; by `fill_bytes`, or a number for each
/// byte.
pub(super) fn find(key: &Matcher, seeds: impl Iterator<Item = u32>) -> bool {
    let constant = (0..=255_u8).map(|byte| [byte; 32]);
    let counters = [0, 1].map(|first| std::array::from_fn(|at| first + at as u8));
    constant.chain(counters).any(|seed| chacha_made(key, &seed))
        || seeds.into_iter().take_while(|_| !key.is_over()).any(|seed| {
            let seed = u64::from(seed);
            chacha_made(key, &expanded(seed)) || xoshiro_made(key, seed)
        })
}

/// `SeedableRng::seed_from_u64`: PCG32 makes the words.
fn expanded(mut state: u64) -> [u8; 32] {
    let mut seed = [0; 32];
    for chunk in seed.as_chunks_mut::<4>().0 {
        state = state.wrapping_mul(FACTOR_32).wrapping_add(0xa176_54e4_6fbe_17f3);
        *chunk = xsh_rr(state).to_le_bytes();
    }
    seed
}

fn chacha_made(key: &Matcher, seed: &[u8; 32]) -> bool {
    [words::<ChaCha8>, words::<ChaCha12>, words::<ChaCha20>].into_iter().any(|words| {
        let bytes = words(seed);
        let of_each = |place: usize| std::array::from_fn::<u8, 32, _>(|at| bytes[4 * at + place]);
        key.matches(&bytes[..32]) || key.matches(&of_each(0)) || key.matches(&of_each(3))
    })
}

/// The first 32 words, the least significant byte of each first.
fn words<C: KeyIvInit + StreamCipher>(seed: &[u8; 32]) -> [u8; 128] {
    let mut bytes = [0; 128];
    let mut cipher = C::new_from_slices(seed, &[0; 12]).expect("the lengths are those of RFC 8439");
    cipher.apply_keystream(&mut bytes);
    bytes
}

/// xoshiro256++ and xoshiro256**, from SplitMix64, and as Lua begins.
fn xoshiro_made(key: &Matcher, seed: u64) -> bool {
    let mut counter = seed;
    let mixed: [u64; 4] = std::array::from_fn(|_| {
        counter = counter.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let word = (counter ^ counter >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ word >> 31
    });
    let mut lua = [seed, 0xff, 0, 0];
    (0..16).for_each(|_| step(&mut lua));
    [(mixed, false), (mixed, true), (lua, true)].into_iter().any(|(state, starred)| drawn(key, state, starred))
}

fn drawn(key: &Matcher, mut state: [u64; 4], starred: bool) -> bool {
    let mut next = || {
        let output = if starred {
            state[1].wrapping_mul(5).rotate_left(7).wrapping_mul(9)
        } else {
            state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0])
        };
        step(&mut state);
        output
    };
    let wanted = key.key();
    let first = [next(), next(), next(), next()];
    let whole: [u8; 32] = std::array::from_fn(|at| first[at / 8].to_le_bytes()[at % 8]);
    let likely = [0, 32, 56].into_iter().filter(|shift| (0..4).all(|at| (first[at] >> shift) as u8 == wanted[at]));
    let likely: Vec<u32> = likely.collect();
    key.matches(&whole)
        || !likely.is_empty() && {
            let all: [u64; 32] = std::array::from_fn(|at| if at < 4 { first[at] } else { next() });
            likely.iter().any(|shift| key.matches(&all.map(|word| (word >> shift) as u8)))
        }
}

fn step(state: &mut [u64; 4]) {
    let shifted = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= shifted;
    state[3] = state[3].rotate_left(45);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::hex;

    fn block<C: KeyIvInit + StreamCipher>() -> String {
        hex(&words::<C>(&[0; 32])[..16])
    }

    /// The first bytes of the key streams of Strombergson's vectors, and of RFC 8439, for a key of zeros.
    #[test]
    fn chacha_gives_what_is_published() {
        assert_eq!(block::<ChaCha8>(), "3e00ef2f895f40d67f5bb8e81f09a5a1");
        assert_eq!(block::<ChaCha12>(), "9bf49a6a0755f953811fce125f2683d5");
        assert_eq!(block::<ChaCha20>(), "76b8e0ada0f13d90405d6ae55386bd28");
    }

    /// The vector of the reference implementation of xoshiro256++.
    #[test]
    fn xoshiro_gives_what_is_published() {
        let expected = [41_943_041_u64, 58_720_359, 3_588_806_011_781_223, 3_591_011_842_654_386];
        let bytes: Vec<u8> = expected.iter().flat_map(|word| word.to_le_bytes()).collect();
        assert!(drawn(&Matcher::new(&bytes.try_into().expect("32 bytes")), [1, 2, 3, 4], false));
    }

    #[test]
    fn seeds_are_found_and_random_keys_are_not() {
        let whole = |bytes: [u8; 128]| Matcher::new(bytes.first_chunk().expect("32 bytes"));
        let key = whole(words::<ChaCha12>(&expanded(42)));
        assert!(find(&key, 0..=100) && !find(&key, 43..=100));
        assert!(find(&whole(words::<ChaCha20>(&[7; 32])), 0..1));
        let drawn = words::<ChaCha12>(&expanded(9));
        assert!(find(&Matcher::new(&std::array::from_fn(|at| drawn[4 * at])), 0..10));
    }
}
