//! Additive generators with small and recent seeds: glibc's `rand()` and .NET's `System.Random`. Both are linear in what the
//! seed is first made into, so one output costs a dot product and not the 344 steps before it.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::decimal_bitwise_operands,
    clippy::inline_always,
    clippy::needless_bitwise_bool,
    clippy::needless_range_loop,
    reason = "arithmetic modulo a power of two, in lanes that the compiler makes vectors of"
)]

use super::matcher::Matcher;
use super::seeds::any_made;

/// Whether glibc's `rand()` or `random()` made the key from one of `seeds`.
pub(super) fn glibc(key: &Matcher, seeds: impl Iterator<Item = u32>) -> bool {
    let rows = glibc_rows();
    let arch = pulp::Arch::new();
    let wanted = key.key();
    let suspects = |batch: &[u32; WIDTH]| arch.dispatch(Trial { rows: &rows, seeds: batch, key: wanted });
    any_made(key, seeds, suspects, |seed| glibc_made(key, seed))
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
        for (output, wanted) in outputs.iter().zip(key) {
            let value = output[lane] >> 1;
            low &= value & 255 == u32::from(*wanted);
            middle &= value >> 8 & 255 == u32::from(*wanted);
            high &= value >> 23 == u32::from(*wanted);
            scaled &= value % 255 == u32::from(*wanted) || value % 255 + 1 == u32::from(*wanted);
        }
        let value = outputs[0][lane] >> 1;
        found[lane] = u32::from(low | middle | high | scaled | (value == first) | (value == first.swap_bytes()));
    }
    found
}

/// The generator as it runs.
fn glibc_made(key: &Matcher, seed: u32) -> bool {
    let mut words = vec![seed.max(1)];
    for at in 1..31 {
        words.push((u64::from(words[at - 1]) * 16_807 % PRIME) as u32);
    }
    for at in 31..344 + 32 {
        words.push(if at < 34 { words[at - 31] } else { words[at - 31].wrapping_add(words[at - 3]) });
    }
    let values: Vec<u32> = words[344..].iter().map(|word| word >> 1).collect();
    drawn(key, &values, 31)
}

/// The ways in which C programs make bytes of numbers of so many bits.
fn drawn(key: &Matcher, values: &[u32], bits: u32) -> bool {
    let by = |each: &dyn Fn(usize) -> u32| -> [u8; 32] { std::array::from_fn(|at| each(at).to_le_bytes()[0]) };
    let ways = [
        by(&|at| values[at]),
        by(&|at| values[at] >> 8),
        by(&|at| values[at] >> (bits - 8)),
        by(&|at| values[at] % 255),
        by(&|at| values[at] % 255 + 1),
        by(&|at| values[at / 4] >> (8 * (at % 4))),
        by(&|at| values[at / 4] >> (24 - 8 * (at % 4))),
    ];
    ways.iter().any(|way| key.matches(way))
}

/// Whether .NET's seeded `System.Random` made the key: `NextBytes`, or `Next(256)` for each byte.
pub(super) fn dotnet(key: &Matcher, mut seeds: impl Iterator<Item = u32>) -> bool {
    // Modulo the prime, every output is a line over the seed: two points are enough.
    let (zero, one) = (dotnet_outputs(0), dotnet_outputs(1));
    let wanted = key.key();
    seeds.any(|seed| {
        if seed > 0x7fff_ffff || seed % 4_096 == 0 && key.is_over() {
            return false;
        }
        let output = |at: usize| {
            let slope = (u64::from(one[at]) + PRIME - u64::from(zero[at])) % PRIME;
            (u64::from(zero[at]) + slope * u64::from(seed)) % PRIME
        };
        let first = output(0);
        let near = |value: u64, byte: u8| (value >> 23) as u8 == byte;
        let possible = first as u8 == wanted[0] || near(first, wanted[0]);
        possible && {
            let second = output(1);
            (second as u8 == wanted[1] || near(second, wanted[1])) && drawn(key, &dotnet_outputs(seed), 31)
        }
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

/// Small generators that scripts carry with them, one number for each byte: `mulberry32` of JavaScript, the minimal standard
/// generators of C++, Park and Miller.
pub(super) fn scripted(key: &Matcher, mut seeds: impl Iterator<Item = u32>) -> bool {
    let wanted = key.key();
    seeds.any(|seed| {
        let (start, mut state) = (u64::from(seed), seed);
        let first = mulberry(&mut state);
        let mulberries =
            (first >> 24) as u8 == wanted[0] || first as u8 == wanted[0] || first.to_le_bytes() == wanted[..4];
        let minimal = |factor: u64| (start % PRIME).max(1) * factor % PRIME;
        let park = [16_807, 48_271].iter().any(|factor| {
            let first = minimal(*factor);
            (first as u8 == wanted[0] || (first >> 23) as u8 == wanted[0]) && minimal_made(key, *factor, first)
        });
        park || mulberries && {
            let mut state = seed;
            let values: [u32; 32] = std::array::from_fn(|_| mulberry(&mut state));
            drawn(key, &values, 32)
        }
    })
}

fn mulberry(state: &mut u32) -> u32 {
    *state = state.wrapping_add(0x6d2b_79f5);
    let mut mixed = *state;
    mixed = (mixed ^ mixed >> 15).wrapping_mul(mixed | 1);
    mixed ^= mixed.wrapping_add((mixed ^ mixed >> 7).wrapping_mul(mixed | 61));
    mixed ^ mixed >> 14
}

fn minimal_made(key: &Matcher, factor: u64, first: u64) -> bool {
    let mut state = first;
    let quick = key.key();
    let second = state * factor % PRIME;
    if second as u8 != quick[1] && (second >> 23) as u8 != quick[1] {
        return false;
    }
    let values: Vec<u32> = (0..32)
        .map(|_| {
            let value = state as u32;
            state = state * factor % PRIME;
            value
        })
        .collect();
    drawn(key, &values, 31)
}

const PRIME: u64 = 0x7fff_ffff;
const WIDTH: usize = 32;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotnet_draws_what_it_is_known_to_draw() {
        // The first numbers of `new Random(0).Next()` and `new Random(42).Next()`.
        assert_eq!((dotnet_outputs(0)[0], dotnet_outputs(42)[0]), (1_559_595_546, 1_434_747_710));
        let bytes = dotnet_outputs(2_024).map(|value| value.to_le_bytes()[0]);
        assert!(dotnet(&Matcher::new(&bytes), 0..3_000));
        assert!(!dotnet(&Matcher::new(&bytes), 0..2_024));
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
