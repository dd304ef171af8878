//! glibc's `rand()` and `random()` with small seeds and times.

use std::ops::Range;

use super::outputs::{PRIME, drawn, share};
use crate::master_key::derived::matcher::Matcher;
use crate::master_key::derived::seeds::{any_made, arch, marked};

/// Whether glibc's `rand()` or `random()` made the key from one of `seeds`.
pub(in super::super) fn glibc(key: &Matcher, seeds: impl Iterator<Item = u32>) -> bool {
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
pub(in super::super) fn glibc_within(key: &Matcher, seeds: Range<u32>) -> bool {
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

const WIDTH: usize = 32;
const RUN: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

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
