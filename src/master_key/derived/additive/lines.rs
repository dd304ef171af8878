//! Generators whose every output is a line over the first, modulo the prime: .NET's, the minimal standard ones, bash's.

use super::outputs::{PRIME, drawn, share};
use crate::master_key::derived::matcher::Matcher;
use crate::master_key::derived::seeds::{arch, marked};

/// Whether .NET's seeded `System.Random` made the key: `NextBytes`, or `Next(256)` and `Next(255)` for each byte. Any seed
/// is found.
pub(in super::super) fn dotnet(key: &Matcher) -> bool {
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
pub(in super::super) fn minimal(key: &Matcher) -> bool {
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
pub(in super::super) fn bash(key: &Matcher) -> bool {
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
}
