//! Small generators that scripts carry with them, from a small seed or from any: mulberry32, sines, congruences with a small
//! modulus, Kotlin's XorWow, PCG32.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::decimal_bitwise_operands,
    clippy::inline_always,
    clippy::needless_bitwise_bool,
    clippy::needless_range_loop,
    reason = "arithmetic modulo a power of two, in lanes that the compiler makes vectors of"
)]

use std::ops::Range;

use super::matcher::Matcher;
use super::pcg::{FACTOR_32, xsh_rr};
use super::seeds::{arch, marked};

/// Whether one of them made the key: the seeds up to `most`, and all where there are few.
pub(super) fn find(key: &Matcher, most: u32) -> Option<&'static str> {
    let congruence = congruences(key).then_some("a congruential generator with a small modulus");
    congruence.or_else(|| find_within(key, 0..most))
}

/// Those that have many seeds, with some of them.
pub(super) fn find_within(key: &Matcher, seeds: Range<u32>) -> Option<&'static str> {
    let all = || seeds.clone().take_while(|_| !key.is_over());
    let made = |found: bool, name: &'static str| found.then_some(name);
    made(all().any(|seed| sines(key, seed)), "Math.sin with a small seed")
        .or_else(|| made(all().any(|seed| xorwow(key, seed)), "Kotlin's Random with a small seed"))
        .or_else(|| made(all().any(|seed| pcg32(key, u64::from(seed))), "PCG32 with a small seed"))
}

/// `mulberry32`, one number for each byte, from one of many seeds in a row.
pub(super) fn mulberry_within(key: &Matcher, seeds: Range<u64>) -> bool {
    let arch = arch();
    let wanted = key.key();
    seeds.step_by(WIDTH).take_while(|_| !key.is_over()).any(|first| {
        let marks = arch.dispatch(Mulberry { first: first as u32, wanted });
        // Beyond the last one are a few more: they do no harm.
        marked(&marks).any(|place| mulberry_made(key, (first + place) as u32))
    })
}

/// The same from any seeds.
pub(super) fn mulberry(key: &Matcher, mut seeds: impl Iterator<Item = u32>) -> bool {
    seeds.any(|seed| mulberry_made(key, seed))
}

fn mulberry_made(key: &Matcher, seed: u32) -> bool {
    let mut state = seed;
    let first = mulberry_next(&mut state);
    let [byte, ..] = *key.key();
    let likely =
        first >> 24 == u32::from(byte) || first as u8 == byte || (first - (first >> 8)) >> 24 == u32::from(byte);
    likely && {
        let mut state = seed;
        let values: [u32; 32] = std::array::from_fn(|_| mulberry_next(&mut state));
        drawn(key, &values) || bytes_of(key, |at| f64::from(values[at]) / 4_294_967_296.0)
    }
}

struct Mulberry<'a> {
    first: u32,
    wanted: &'a [u8; 32],
}

impl pulp::WithSimd for Mulberry<'_> {
    type Output = [u8; WIDTH];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [u8; WIDTH] {
        let (one, two) = (u32::from(self.wanted[0]), u32::from(self.wanted[1]));
        let word = u32::from_le_bytes([self.wanted[0], self.wanted[1], self.wanted[2], self.wanted[3]]);
        let mut found = [0; WIDTH];
        for lane in 0..WIDTH {
            let mut state = self.first.wrapping_add(lane as u32);
            let (first, second) = (mulberry_next(&mut state), mulberry_next(&mut state));
            let share = |value: u32| (value - (value >> 8)) >> 24;
            let high = (first >> 24 == one) & (second >> 24 == two);
            let low = (first & 255 == one) & (second & 255 == two);
            let shared = (share(first) == one) & (share(second) == two);
            found[lane] = u8::from(high | low | shared | (first == word));
        }
        found
    }
}

#[inline(always)]
fn mulberry_next(state: &mut u32) -> u32 {
    *state = state.wrapping_add(0x6d2b_79f5);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 15).wrapping_mul(mixed | 1);
    mixed ^= mixed.wrapping_add((mixed ^ mixed >> 7).wrapping_mul(mixed | 61));
    mixed ^ mixed >> 14
}

/// Whether words are the key, or the lowest or the highest byte of each.
fn drawn(key: &Matcher, values: &[u32; 32]) -> bool {
    key.matches_words(values)
        || key.matches(&values.map(|value| value as u8))
        || key.matches(&values.map(|value| (value >> 24) as u8))
}

/// Whether numbers from 0 to 1 give the bytes by `floor(256 x)` or `floor(255 x)`.
fn bytes_of(key: &Matcher, number: impl Fn(usize) -> f64) -> bool {
    let wanted = key.key();
    [256.0, 255.0].into_iter().any(|scale| {
        let byte = |at: usize| (number(at) * scale) as u8;
        byte(0) == wanted[0] && byte(1) == wanted[1] && key.matches(&std::array::from_fn::<u8, 32, _>(byte))
    })
}

/// `x = sin(seed++) * 10000; x - floor(x)`.
fn sines(key: &Matcher, seed: u32) -> bool {
    bytes_of(key, |at| {
        let x = f64::from(seed + at as u32).sin() * 10_000.0;
        x - x.floor()
    })
}

/// Every state of the congruences of older books: `x' = (ax + c) mod m`, and `x / m`.
fn congruences(key: &Matcher) -> bool {
    let wanted = u64::from(key.key()[0]);
    CONGRUENCES.iter().filter(|_| !key.is_over()).any(|(factor, add, modulus)| {
        // Those that give the first byte in one of the ways, and a few beside them.
        let share = |parts: u64| wanted * modulus / parts..((wanted + 1) * modulus / parts + 1).min(*modulus);
        let likely = share(256).chain(share(255)).chain((wanted..*modulus).step_by(256));
        likely.into_iter().any(|first| {
            let mut state = first;
            let states: [u64; 32] = std::array::from_fn(|_| {
                let now = state;
                state = (state * factor + add) % modulus;
                now
            });
            let drawn = |byte: &dyn Fn(u64) -> u64| key.matches(&states.map(|state| byte(state) as u8));
            drawn(&|state| state * 256 / modulus) || drawn(&|state| state * 255 / modulus) || drawn(&|state| state)
        })
    })
}

/// The first is what a thousand scripts have for a seeded random(); the others are Numerical Recipes' and the ZX Spectrum's.
const CONGRUENCES: &[(u64, u64, u64)] = &[
    (9_301, 49_297, 233_280),
    (75, 74, 65_537),
    (75, 0, 65_537),
    (1_366, 150_889, 714_025),
    (4_096, 150_889, 714_025),
    (3_877, 29_573, 139_968),
    (8_121, 28_411, 134_456),
    (7_141, 54_773, 259_200),
    (421, 1_663, 7_875),
    (1_255, 6_173, 29_282),
    (171, 0, 30_269),
    (172, 0, 30_307),
    (170, 0, 30_323),
];

/// Kotlin's `Random(seed)`: `nextBytes`, or `nextInt(256)` or `nextInt()` for each byte.
fn xorwow(key: &Matcher, seed: u32) -> bool {
    drawn(key, &xorwow_values(seed))
}

fn xorwow_values(seed: u32) -> [u32; 32] {
    let mut state = [seed, 0, 0, 0, !seed];
    let mut added = seed << 10;
    let mut next = || {
        let mut mixed = state[0];
        mixed ^= mixed >> 2;
        state.rotate_left(1);
        let last = state[3];
        mixed = mixed ^ mixed << 1 ^ last ^ last << 4;
        state[4] = mixed;
        added = added.wrapping_add(362_437);
        mixed.wrapping_add(added)
    };
    for _ in 0..64 {
        next();
    }
    std::array::from_fn(|_| next())
}

/// PCG32 (XSH-RR 64/32), as its demonstration, its C++ library and Rust's `rand_pcg` are seeded.
fn pcg32(key: &Matcher, seed: u64) -> bool {
    STREAMS.iter().any(|stream| drawn(key, &pcg32_values(seed, *stream)))
}

fn pcg32_values<const COUNT: usize>(seed: u64, stream: u64) -> [u32; COUNT] {
    let add = stream << 1 | 1;
    let mut state = add.wrapping_add(seed).wrapping_mul(FACTOR_32).wrapping_add(add);
    std::array::from_fn(|_| {
        let output = xsh_rr(state);
        state = state.wrapping_mul(FACTOR_32).wrapping_add(add);
        output
    })
}

/// The demonstration's, those of programs, and the default of the library.
const STREAMS: &[u64] = &[54, 0, 1, 0x0a02_bdbf_7bb3_c0a7, 721_347_520_444_481_703];
const WIDTH: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    /// The demonstration of PCG32: `pcg32_srandom(42, 54)`.
    #[test]
    fn pcg32_gives_what_its_demonstration_gives() {
        let expected = [0xa15c_02b7, 0x7b47_f409, 0xba1d_3330, 0x83d2_f293, 0xbfa4_784b, 0xcbed_606e];
        assert_eq!(pcg32_values::<6>(42, 54), expected);
        let low = pcg32_values::<32>(42, 54).map(|value| value as u8);
        assert!(pcg32(&Matcher::new(&low), 42) && !pcg32(&Matcher::new(&low), 43));
    }

    /// An implementation in Python of what Kotlin's library says gives these for the seeds 0 and 42.
    #[test]
    fn xorwow_gives_what_kotlin_gives() {
        for (seed, start) in [
            (0, [0x2c, 0xc2, 0xb4, 0x8c, 0x50, 0xae, 0xfe, 0x53]),
            (42, [0x1a, 0xcc, 0xef, 0x39, 0x40, 0x20, 0xbf, 0x67]),
        ] {
            let bytes: Vec<u8> = xorwow_values(seed)[..2].iter().flat_map(|word| word.to_le_bytes()).collect();
            assert_eq!(bytes, start);
            let whole = std::array::from_fn(|at| xorwow_values(seed)[at / 4].to_le_bytes()[at % 4]);
            assert!(xorwow(&Matcher::new(&whole), seed));
        }
    }

    #[test]
    fn every_state_of_the_small_congruences_is_found() {
        for (factor, add, modulus) in CONGRUENCES {
            let mut state = 12_345 % modulus;
            let bytes: [u8; 32] = std::array::from_fn(|_| {
                state = (state * factor + add) % modulus;
                (state * 256 / modulus) as u8
            });
            assert!(congruences(&Matcher::new(&bytes)), "{factor} {modulus}");
        }
    }

    /// `let s = 42; x = Math.sin(s++) * 10000; Math.floor((x - Math.floor(x)) * 256)` in Node.
    #[test]
    fn sines_are_what_scripts_make_of_them() {
        let bytes: [u8; 32] = std::array::from_fn(|at| {
            let x = f64::from(42 + at as u32).sin() * 10_000.0;
            ((x - x.floor()) * 256.0) as u8
        });
        assert_eq!(bytes[..6], [200, 64, 4, 9, 226, 187]);
        assert!(sines(&Matcher::new(&bytes), 42) && !sines(&Matcher::new(&bytes), 43));
    }

    #[test]
    fn mulberry_is_found_anywhere_among_its_seeds() {
        let mut state = 3_774_257_613;
        let bytes: [u8; 32] = std::array::from_fn(|_| (mulberry_next(&mut state) >> 24) as u8);
        let key = Matcher::new(&bytes);
        assert!(mulberry_within(&key, 3_774_257_500..3_774_257_700) && !mulberry_within(&key, 0..10_000));
        assert!(mulberry(&key, 3_774_257_500..3_774_257_700) && !mulberry(&key, 0..10_000));
    }
}
