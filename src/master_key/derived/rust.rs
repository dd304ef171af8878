//! Generators of Rust's `rand` from a number or a constant: ChaCha with 8, 12 and 20 rounds, xoshiro256++. And xoshiro256** of
//! Lua and others.
#![expect(clippy::cast_possible_truncation, reason = "words are cut out of words")]

use super::matcher::Matcher;

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
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0xa176_54e4_6fbe_17f3);
        let mixed = (((state >> 18) ^ state) >> 27) as u32;
        *chunk = mixed.rotate_right((state >> 59) as u32).to_le_bytes();
    }
    seed
}

fn chacha_made(key: &Matcher, seed: &[u8; 32]) -> bool {
    [8, 12, 20].into_iter().any(|rounds| {
        let first = chacha(seed, rounds, 0);
        let whole: [u8; 32] = std::array::from_fn(|at| first[at / 4].to_le_bytes()[at % 4]);
        let bytes = |word: fn(u32) -> u8| {
            // Four words tell nearly always.
            let [a, b, c, d] = [first[0], first[1], first[2], first[3]].map(word);
            key.key()[..4] == [a, b, c, d] && {
                let second = chacha(seed, rounds, 1);
                let drawn: [u8; 32] = std::array::from_fn(|at| word(if at < 16 { first[at] } else { second[at - 16] }));
                key.matches(&drawn)
            }
        };
        key.matches(&whole) || bytes(|word| word as u8) || bytes(|word| (word >> 24) as u8)
    })
}

/// One block of 16 words.
fn chacha(seed: &[u8; 32], rounds: u32, counter: u32) -> [u32; 16] {
    let mut start = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574, 0, 0, 0, 0, 0, 0, 0, 0, counter, 0, 0, 0];
    for (word, bytes) in start[4..12].iter_mut().zip(seed.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let mut state = start;
    let mut quarter = |a: usize, b: usize, c: usize, d: usize| {
        for (to, from, other, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
            state[to] = state[to].wrapping_add(state[from]);
            state[other] = (state[other] ^ state[to]).rotate_left(by);
        }
    };
    for _ in 0..rounds / 2 {
        (0..4).for_each(|at| quarter(at, 4 + at, 8 + at, 12 + at));
        (0..4).for_each(|at| quarter(at, 4 + (at + 1) % 4, 8 + (at + 2) % 4, 12 + (at + 3) % 4));
    }
    std::array::from_fn(|at| state[at].wrapping_add(start[at]))
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

    fn block(rounds: u32) -> String {
        let bytes: Vec<u8> = chacha(&[0; 32], rounds, 0)[..4].iter().flat_map(|word| word.to_le_bytes()).collect();
        hex(&bytes)
    }

    /// The first bytes of the key streams of Strombergson's vectors, and of RFC 8439, for a key of zeros.
    #[test]
    fn chacha_gives_what_is_published() {
        assert_eq!(block(8), "3e00ef2f895f40d67f5bb8e81f09a5a1");
        assert_eq!(block(12), "9bf49a6a0755f953811fce125f2683d5");
        assert_eq!(block(20), "76b8e0ada0f13d90405d6ae55386bd28");
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
        let whole = |words: [u32; 16]| std::array::from_fn(|at| words[at / 4].to_le_bytes()[at % 4]);
        let key = Matcher::new(&whole(chacha(&expanded(42), 12, 0)));
        assert!(find(&key, 0..=100) && !find(&key, 43..=100));
        assert!(find(&Matcher::new(&whole(chacha(&[7; 32], 20, 0))), 0..1));
        let bytes = |at: usize| chacha(&expanded(9), 12, u32::from(at >= 16))[at % 16] as u8;
        assert!(find(&Matcher::new(&std::array::from_fn(bytes)), 0..10));
    }
}
