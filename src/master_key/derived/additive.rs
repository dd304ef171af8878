//! Additive generators: glibc's `rand()` with small seeds and times, .NET's `System.Random` with any seed. Both are linear in
//! what the seed is first made into, so one output costs a dot product and not the 344 steps before it. And small generators
//! that are linear modulo the same prime.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::inline_always,
    clippy::needless_bitwise_bool,
    clippy::needless_range_loop,
    clippy::precedence,
    reason = "arithmetic modulo a power of two, in lanes that the compiler makes vectors of"
)]

use std::ops::Range;

use super::matcher::Matcher;
use super::seeds::{any_made, arch};

/// Whether glibc's `rand()` or `random()` made the key from one of `seeds`.
pub(super) fn glibc(key: &Matcher, seeds: impl Iterator<Item = u32>) -> bool {
    let rows = glibc_rows();
    let arch = arch();
    let wanted = key.key();
    let suspects = |batch: &[u32; WIDTH]| arch.dispatch(Trial { rows: &rows, seeds: batch, key: wanted });
    any_made(key, seeds, suspects, |seed| glibc_made(key, seed))
}

/// Whether it made the key from a seed within `seeds`, which lie below 2^31 - 1.
///
/// A word of a seed is the sum of those of the run's first seed and of its distance from there, less the prime where that is
/// too much: an output is known but for the words that wrap.
pub(super) fn glibc_within(key: &Matcher, seeds: Range<u32>) -> bool {
    let runs = Runs::new();
    let arch = pulp::Arch::new();
    let wanted = key.key();
    seeds.step_by(RUN).take_while(|_| !key.is_over()).any(|first| {
        let marks = arch.dispatch(Run { runs: &runs, first, key: wanted });
        marked(&marks).any(|place| glibc_made(key, first + place as u32))
    })
}

/// What all runs of seeds have in common.
struct Runs {
    /// The factor of each word, modulo the prime.
    powers: [u32; 31],
    /// How outputs 0 and 1 follow from the words, and what they change by when a word wraps.
    rows: [[u32; 31]; 2],
    wraps: [[u32; 31]; 2],
    /// The words, and the two outputs, by the distance from a run's first seed.
    words: [[i32; RUN]; 31],
    outputs: [[u32; RUN]; 2],
}

impl Runs {
    fn new() -> Self {
        let all = glibc_rows();
        let rows = [all[0], all[1]];
        let mut powers = [1_u32; 31];
        (1..31).for_each(|at| powers[at] = (u64::from(powers[at - 1]) * 16_807 % PRIME) as u32);
        let words: [[i32; RUN]; 31] =
            powers.map(|power| std::array::from_fn(|distance| (u64::from(power) * distance as u64 % PRIME) as i32));
        let output = |row: &[u32; 31], distance: usize| {
            row.iter()
                .zip(&words)
                .fold(0_u32, |sum, (factor, word)| sum.wrapping_add(factor.wrapping_mul(word[distance] as u32)))
        };
        let outputs = rows.map(|row| std::array::from_fn(|distance| output(&row, distance)));
        let wraps = rows.map(|row| row.map(|factor| factor.wrapping_mul((PRIME as u32).wrapping_neg())));
        Self { powers, rows, wraps, words, outputs }
    }
}

/// The seeds from `first` on.
struct Run<'a> {
    runs: &'a Runs,
    first: u32,
    key: &'a [u8; 32],
}

impl pulp::WithSimd for Run<'_> {
    type Output = [u8; RUN];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, simd: S) -> [u8; RUN] {
        let Runs { powers, rows, wraps, words, outputs } = self.runs;
        // Above which the other word makes the sum wrap. All of it stays below 2^31.
        let mut limits = [0_i32; 31];
        let mut bases = [0_u32; 2];
        for at in 0..31 {
            let word = (u64::from(powers[at]) * u64::from(self.first) % PRIME) as u32;
            limits[at] = (PRIME as u32 - word).cast_signed() - 1;
            for (base, row) in bases.iter_mut().zip(rows) {
                *base = base.wrapping_add(word.wrapping_mul(row[at]));
            }
        }
        let (mut one, mut two) = ([0; RUN], [0; RUN]);
        let vectors = S::as_mut_simd_u32s(&mut one).0.iter_mut().zip(S::as_mut_simd_u32s(&mut two).0);
        for (place, (one, two)) in vectors.enumerate() {
            *one = S::as_simd_u32s(&outputs[0]).0[place];
            *two = S::as_simd_u32s(&outputs[1]).0[place];
            for at in 0..31 {
                let others = S::as_simd_i32s(&words[at]).0[place];
                let wrapped = simd.greater_than_i32s(others, simd.splat_i32s(limits[at]));
                let change =
                    |wraps: &[u32; 31]| simd.select_u32s(wrapped, simd.splat_u32s(wraps[at]), simd.splat_u32s(0));
                *one = simd.add_u32s(*one, change(&wraps[0]));
                *two = simd.add_u32s(*two, change(&wraps[1]));
            }
        }
        let mut found = [0; RUN];
        for lane in 0..RUN {
            let (one, two) = (one[lane].wrapping_add(bases[0]) >> 1, two[lane].wrapping_add(bases[1]) >> 1);
            found[lane] = u8::from(agree(one, two, self.key));
        }
        found
    }
}

/// Whether two outputs may have given the key's first two bytes, or the first its first four.
#[inline(always)]
fn agree(one: u32, two: u32, key: &[u8; 32]) -> bool {
    let first = u32::from_le_bytes([key[0], key[1], key[2], key[3]]);
    let differ = (one ^ u32::from(key[0])) | (two ^ u32::from(key[1]));
    let (upper, top) = (
        (one >> 8 ^ u32::from(key[0])) | (two >> 8 ^ u32::from(key[1])),
        (one >> 23 ^ u32::from(key[0])) | (two >> 23 ^ u32::from(key[1])),
    );
    let second = (one >> 16 ^ u32::from(key[0])) | (two >> 16 ^ u32::from(key[1]));
    // A multiple of 255 is the product of 255 and a small number.
    let multiple = |difference: u32| difference.wrapping_mul(0xfefe_feff) <= u32::MAX / 255;
    let remainder = |more: u32| {
        multiple(one.wrapping_sub(u32::from(key[0])).wrapping_add(more))
            & multiple(two.wrapping_sub(u32::from(key[1])).wrapping_add(more))
    };
    let share = share(one) == u32::from(key[0]) && share(two) == u32::from(key[1]);
    share
        | (differ.trailing_zeros() >= 8)
        | (upper.trailing_zeros() >= 8)
        | (second.trailing_zeros() >= 8)
        | (top == 0)
        | (one == first)
        | (one == first.swap_bytes())
        | remainder(0)
        | remainder(1)
}

/// `255 * output / 2^31`, from the quotient and the remainder by 2^8.
#[inline(always)]
fn share(output: u32) -> u32 {
    (255 * (output >> 8) + (255 * (output & 255) >> 8)) >> 23
}

/// One batch, in the widest vectors of the processor. A closure would not be compiled for them.
struct Trial<'a> {
    rows: &'a [[u32; 31]; 4],
    seeds: &'a [u32; WIDTH],
    key: &'a [u8; 32],
}

impl pulp::WithSimd for Trial<'_> {
    type Output = [u32; WIDTH];

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) -> [u32; WIDTH] {
        agreeing(self.rows, self.seeds, self.key)
    }
}

/// How outputs 0 to 3, before the lowest bit is dropped, follow from the 31 first words.
fn glibc_rows() -> [[u32; 31]; 4] {
    let mut words: Vec<[u32; 31]> = (0..31).map(|own| std::array::from_fn(|at| u32::from(at == own))).collect();
    for at in 31..348 {
        let far = words[at - 31];
        let word = if at < 34 { far } else { std::array::from_fn(|bit| words[at - 3][bit].wrapping_add(far[bit])) };
        words.push(word);
    }
    std::array::from_fn(|output| words[344 + output])
}

#[inline(always)]
fn agreeing(rows: &[[u32; 31]; 4], seeds: &[u32; WIDTH], key: &[u8; 32]) -> [u32; WIDTH] {
    let mut word = [0_u64; WIDTH];
    for lane in 0..WIDTH {
        word[lane] = u64::from(seeds[lane].max(1));
    }
    let mut outputs = [[0_u32; WIDTH]; 4];
    for at in 0..31 {
        for (output, row) in outputs.iter_mut().zip(rows) {
            for lane in 0..WIDTH {
                output[lane] = output[lane].wrapping_add((word[lane] as u32).wrapping_mul(row[at]));
            }
        }
        for lane in 0..WIDTH {
            // It stays below 2^31: said so, one multiplication of 32 bits is enough.
            let product = u64::from(word[lane] as u32) * 16_807;
            let folded = (product & PRIME) + (product >> 31);
            word[lane] = if folded >= PRIME { folded - PRIME } else { folded };
        }
    }
    let first = u32::from_le_bytes([key[0], key[1], key[2], key[3]]);
    let mut found = [0; WIDTH];
    for lane in 0..WIDTH {
        let mut low = true;
        let mut middle = true;
        let mut high = true;
        let mut scaled = true;
        let mut shared = true;
        for (output, wanted) in outputs.iter().zip(key) {
            let value = output[lane] >> 1;
            low &= value & 255 == u32::from(*wanted);
            middle &= value >> 8 & 255 == u32::from(*wanted);
            high &= value >> 23 == u32::from(*wanted);
            scaled &= value % 255 == u32::from(*wanted) || value % 255 + 1 == u32::from(*wanted);
            shared &= share(value) == u32::from(*wanted);
        }
        let value = outputs[0][lane] >> 1;
        found[lane] =
            u32::from(low | middle | high | scaled | shared | (value == first) | (value == first.swap_bytes()));
    }
    found
}

fn glibc_made(key: &Matcher, seed: u32) -> bool {
    drawn(key, &glibc_values(seed), 31)
}

/// The generator as it runs.
fn glibc_values(seed: u32) -> Vec<u32> {
    let mut words = vec![seed.max(1)];
    for at in 1..31 {
        words.push((u64::from(words[at - 1]) * 16_807 % PRIME) as u32);
    }
    for at in 31..344 + 32 {
        words.push(if at < 34 { words[at - 31] } else { words[at - 31].wrapping_add(words[at - 3]) });
    }
    words[344..].iter().map(|word| word >> 1).collect()
}

/// The ways in which C programs make bytes of numbers of so many bits.
fn drawn(key: &Matcher, values: &[u32], bits: u32) -> bool {
    let by = |each: &dyn Fn(usize) -> u32| -> [u8; 32] { std::array::from_fn(|at| each(at).to_le_bytes()[0]) };
    let ways = [
        by(&|at| values[at]),
        by(&|at| values[at] >> 8),
        by(&|at| values[at] >> 16),
        by(&|at| values[at] >> (bits - 8)),
        by(&|at| values[at] % 255),
        by(&|at| values[at] % 255 + 1),
        by(&|at| (u64::from(values[at]) * 255 >> bits) as u32),
        by(&|at| values[at / 4] >> (8 * (at % 4))),
        by(&|at| values[at / 4] >> (24 - 8 * (at % 4))),
    ];
    ways.iter().any(|way| key.matches(way))
}

/// Whether .NET's seeded `System.Random` made the key: `NextBytes`, or `Next(256)` and `Next(255)` for each byte. Any seed
/// is found.
pub(super) fn dotnet(key: &Matcher) -> bool {
    // Modulo the prime, every output is a line over the seed, so each is one over the first: two points are enough.
    let (zero, one) = (dotnet_outputs(0), dotnet_outputs(1));
    let slope = |at: usize| (u64::from(one[at]) + PRIME - u64::from(zero[at])) % PRIME;
    let undone = power(slope(0), PRIME - 2);
    let seed_of = |output: u64| (output + PRIME - u64::from(zero[0])) * undone % PRIME;
    let factor = slope(1) * undone % PRIME;
    let offset = (u64::from(zero[1]) + slope(1) * seed_of(0)) % PRIME;
    any_first(key, (factor, offset), |output| {
        let seed = seed_of(output);
        let third = (u64::from(zero[2]) + slope(2) * seed) % PRIME;
        gives(third as u32, key.key()[2]) && drawn(key, &dotnet_outputs(seed as u32), 31)
    })
}

/// Whether one of the minimal standard generators made the key: Park and Miller's, and the two of C++. Any state is found.
pub(super) fn minimal(key: &Matcher) -> bool {
    [16_807, 48_271, 69_621].into_iter().any(|factor| {
        any_first(key, (factor, 0), |first| {
            let third = first * factor % PRIME * factor % PRIME;
            gives(third as u32, key.key()[2]) && drawn(key, &minimal_outputs(first, factor), 31)
        })
    })
}

fn minimal_outputs(first: u64, factor: u64) -> [u32; 32] {
    let mut state = first;
    std::array::from_fn(|_| {
        let value = state as u32;
        state = state * factor % PRIME;
        value
    })
}

/// Whether an output of 31 bits gives the byte by its lowest or highest bits, or as a share of 255.
fn gives(output: u32, byte: u8) -> bool {
    output.to_le_bytes()[0] == byte
        || output >> 23 == u32::from(byte)
        || output % 255 == u32::from(byte)
        || output % 255 + 1 == u32::from(byte)
        || share(output) == u32::from(byte)
}

/// Whether bash's `$RANDOM % 256` made the key, from any state of its minimal standard generator.
pub(super) fn bash(key: &Matcher) -> bool {
    let byte = u64::from(key.key()[0]);
    // The lowest byte follows from the third; every second byte is free.
    (0..1_u64 << 15).any(|upper| {
        let start = upper << 16 | (byte ^ upper & 255);
        let line = Line { byte: Byte::Folded, second: 16_807 * start % PRIME, further: (16_807 * 256) % PRIME };
        along(key, line, 256, |number| {
            let folded = minimal_outputs(start + 256 * number, 16_807).map(|state| (state ^ state >> 16) & 0x7fff);
            drawn(key, &folded, 15)
        })
    })
}

/// Whether a first output that gives the key's first byte, and a second one `factor * first + offset` that gives the second,
/// are accepted.
fn any_first(key: &Matcher, (factor, offset): (u64, u64), made: impl Fn(u64) -> bool) -> bool {
    let byte = u64::from(key.key()[0]);
    // Where the first such output is, how far the next, and how many there are.
    [(Byte::Low, byte, 256, 1 << 23), (Byte::High, byte << 23, 1, 1 << 23), (Byte::Share, (byte << 31) / 255, 1, SHARE)]
        .into_iter()
        .any(|(byte, start, step, count)| {
            let line = Line { byte, second: (factor * start + offset) % PRIME, further: factor * step % PRIME };
            along(key, line, count, |number| made(start + number * step))
        })
}

/// Second outputs in even steps modulo the prime.
#[derive(Clone, Copy)]
struct Line {
    byte: Byte,
    second: u64,
    further: u64,
}

/// Which byte of an output a key has: its lowest bits, its highest, a share of 255, or the lowest exclusive-or the third.
#[derive(Clone, Copy)]
enum Byte {
    Low,
    High,
    Share,
    Folded,
}

/// Whether one of `count` seconds that give the key's second byte is accepted; told by its number.
fn along(key: &Matcher, line: Line, count: u64, made: impl Fn(u64) -> bool) -> bool {
    let arch = arch();
    let wanted = u32::from(key.key()[1]);
    let mut found = [0; STEPS];
    !key.is_over()
        && (0..count).step_by(STEPS).any(|first| {
            let start = (line.second + line.further * first % PRIME) % PRIME;
            arch.dispatch(Steps { line, start, wanted, found: &mut found });
            marked(&found).any(|place| made(first + place))
        })
}

/// The places that are not 0, which are few.
fn marked(marks: &[u8]) -> impl Iterator<Item = u64> {
    let chunks = marks.as_chunks::<LANE>().0.iter().enumerate();
    chunks.filter(|(_, chunk)| u128::from_ne_bytes(**chunk) != 0).flat_map(|(number, chunk)| {
        let places = chunk.iter().enumerate().filter(|(_, mark)| **mark != 0);
        places.map(move |(place, _)| (LANE * number + place) as u64)
    })
}

struct Steps<'a> {
    line: Line,
    start: u64,
    wanted: u32,
    found: &'a mut [u8; STEPS],
}

impl pulp::WithSimd for Steps<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: pulp::Simd>(self, _: S) {
        match self.line.byte {
            Byte::Low => self.fill(|output| output & 255),
            Byte::High => self.fill(|output| output >> 23),
            Byte::Share => self.fill(share),
            Byte::Folded => self.fill(|output| (output ^ output >> 16) & 255),
        }
    }
}

impl Steps<'_> {
    #[inline(always)]
    fn fill(self, byte: impl Fn(u32) -> u32) {
        let mut outputs: [u32; LANE] =
            std::array::from_fn(|lane| ((self.start + self.line.further * lane as u64) % PRIME) as u32);
        let further = (self.line.further * LANE as u64 % PRIME) as u32;
        let wanted = self.wanted;
        for found in self.found.as_chunks_mut::<LANE>().0 {
            for lane in 0..LANE {
                found[lane] = u8::from(byte(outputs[lane]) == wanted);
            }
            for output in &mut outputs {
                // Above 2^31, the lesser of both is the one that was reduced.
                let next = output.wrapping_add(further);
                *output = next.min(next.wrapping_sub(PRIME as u32));
            }
        }
    }
}

fn power(base: u64, exponent: u64) -> u64 {
    (0..31).rev().fold(1, |power, bit| {
        let squared = power * power % PRIME;
        if exponent >> bit & 1 == 1 { squared * base % PRIME } else { squared }
    })
}

/// 32 outputs of `InternalSample`.
fn dotnet_outputs(seed: u32) -> [u32; 32] {
    const BIG: i64 = 0x7fff_ffff;
    let wrapped = |value: i64| if value < 0 { value + BIG } else { value };
    let mut state = [0_i64; 56];
    let mut last = 161_803_398 - i64::from(seed);
    state[55] = last;
    let mut next = 1;
    for at in 1..55 {
        let place = 21 * at % 55;
        state[place] = next;
        next = wrapped(last - next);
        last = state[place];
    }
    for _ in 0..4 {
        for at in 1..56 {
            state[at] = wrapped(state[at] - state[1 + (at + 30) % 55]);
        }
    }
    let (mut one, mut two) = (0, 21);
    std::array::from_fn(|_| {
        one = one % 55 + 1;
        two = two % 55 + 1;
        let drawn = wrapped(state[one] - state[two]);
        state[one] = drawn;
        drawn as u32
    })
}

const PRIME: u64 = 0x7fff_ffff;
const WIDTH: usize = 32;
const RUN: usize = 128;
/// Outputs of 31 bits that have the same 8 bits, and a few more for shares of 255.
const SHARE: u64 = (1 << 23) + (1 << 16);
/// Outputs that are looked at side by side, and in one go.
const LANE: usize = 16;
const STEPS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotnet_draws_what_it_is_known_to_draw() {
        // The first numbers of `new Random(0).Next()` and `new Random(42).Next()`.
        assert_eq!((dotnet_outputs(0)[0], dotnet_outputs(42)[0]), (1_559_595_546, 1_434_747_710));
        let bytes = dotnet_outputs(2_024).map(|value| value.to_le_bytes()[0]);
        assert!(dotnet(&Matcher::new(&bytes)));
        let top = dotnet_outputs(1_987_654_321).map(|value| (value >> 23).to_le_bytes()[0]);
        assert!(dotnet(&Matcher::new(&top)));
        // `Next(255)`.
        let share = dotnet_outputs(77).map(|value| (f64::from(value) / 2_147_483_647.0 * 255.0) as u8);
        assert!(dotnet(&Matcher::new(&share)));
    }

    #[test]
    fn every_state_of_a_minimal_standard_generator_is_found() {
        for (factor, start) in [(16_807_u64, 2_000_000_011_u64), (48_271, 1), (69_621, 1_234_567_890)] {
            let mut state = start;
            let mut next = || {
                state = state * factor % PRIME;
                state
            };
            let low: [u8; 32] = std::array::from_fn(|_| next() as u8);
            let high: [u8; 32] = std::array::from_fn(|_| (next() >> 23) as u8);
            assert!(minimal(&Matcher::new(&low)) && minimal(&Matcher::new(&high)), "{factor}");
        }
    }

    /// `RANDOM=42; echo $RANDOM $RANDOM $RANDOM` of bash 5.2.
    #[test]
    fn bash_is_found_from_any_state() {
        for seed in [42, 1, 1_774_257_613, 2_147_483_000] {
            let folded = minimal_outputs(seed * 16_807 % PRIME, 16_807).map(|state| (state ^ state >> 16) & 0x7fff);
            assert!(seed != 42 || folded[..3] == [17_772, 26_794, 1_435], "{folded:?}");
            assert!(bash(&Matcher::new(&folded.map(|value| value as u8))), "{seed}");
        }
    }

    #[test]
    fn a_second_is_found_anywhere_in_a_run() {
        let seed = 1_700_000_000 + u32::from(crate::secret::random_array::<1>().expect("random")[0]);
        let values = glibc_values(seed);
        for bytes in [
            std::array::from_fn(|at| values[at] as u8),
            std::array::from_fn(|at| (values[at] >> 8) as u8),
            std::array::from_fn(|at| (values[at] >> 16) as u8),
            std::array::from_fn(|at| (values[at] >> 23) as u8),
            std::array::from_fn(|at| (values[at] % 255) as u8),
            std::array::from_fn(|at| (values[at] % 255 + 1) as u8),
            std::array::from_fn(|at| (f64::from(values[at]) / f64::from(i32::MAX) * 255.0) as u8),
            std::array::from_fn(|at| values[at / 4].to_le_bytes()[at % 4]),
        ] {
            assert!(glibc_within(&Matcher::new(&bytes), 1_700_000_000..1_700_000_256));
            assert!(!glibc_within(&Matcher::new(&bytes), 1_600_000_000..1_600_000_256));
        }
    }

    #[test]
    fn glibc_draws_what_it_is_known_to_draw() {
        // srand(1): 1804289383, 846930886, 1681692777.
        let bytes: Vec<u8> =
            [1_804_289_383_u32, 846_930_886, 1_681_692_777].iter().map(|value| value.to_le_bytes()[0]).collect();
        let rows = glibc_rows();
        let mut words = vec![1_u32];
        (1..31).for_each(|at| words.push((u64::from(words[at - 1]) * 16_807 % PRIME) as u32));
        let output = |row: &[u32; 31]| {
            row.iter().zip(&words).fold(0_u32, |sum, (factor, word)| sum.wrapping_add(factor.wrapping_mul(*word))) >> 1
        };
        assert_eq!(rows[..3].iter().map(|row| output(row).to_le_bytes()[0]).collect::<Vec<_>>(), bytes);
    }
}
