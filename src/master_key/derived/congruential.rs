//! Linear congruential generators that give away eight bits of each state: `rand() & 0xff` of several C libraries, Java's
//! `nextInt(256)`, `drand48() * 256`. Whatever the seed, the state follows from the bytes: it is a point of a lattice near them.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::needless_range_loop,
    reason = "an approximate reduction, whose result is tried exactly"
)]

use std::sync::LazyLock;

use super::matcher::Matcher;

/// Whether one of the known generators made the bytes, from any state.
pub(super) fn find(key: &Matcher) -> bool {
    let mut backward = *key.key();
    backward.reverse();
    let bytes = |key: &[u8; 32]| {
        let mut generators = KNOWN.iter().zip(LATTICES.iter());
        generators.any(|(generator, lattice)| generator.makes(lattice, key)) || java_words(key)
    };
    bytes(key.key()) || bytes(&backward)
}

/// `x' = factor x + add` modulo 2^(low + 8); a byte is bits `low` and up.
struct Generator {
    factor: u64,
    add: u64,
    low: u32,
}

const fn bytes_of(factor: u64, add: u64, low: u32) -> Generator {
    Generator { factor, add, low }
}

/// Every second output, as where two make one floating-point number.
const fn every_second(factor: u64, add: u64, low: u32) -> Generator {
    Generator { factor: factor.wrapping_mul(factor), add: factor.wrapping_mul(add).wrapping_add(add), low }
}

const KNOWN: &[Generator] = &[
    // Microsoft C: 15 bits from bit 16. `& 0xff`, and `* 256 / 32768`.
    bytes_of(214_013, 2_531_011, 16),
    bytes_of(214_013, 2_531_011, 23),
    // The example of ANSI C and POSIX, and the old BSD and glibc TYPE_0 generator.
    bytes_of(1_103_515_245, 12_345, 16),
    bytes_of(1_103_515_245, 12_345, 23),
    bytes_of(1_103_515_245, 12_345, 24),
    bytes_of(1_103_515_245, 12_345, 8),
    // musl and Newlib: 64 bits, `>> 33` and `>> 32`.
    bytes_of(6_364_136_223_846_793_005, 1, 33),
    bytes_of(6_364_136_223_846_793_005, 1, 32),
    bytes_of(6_364_136_223_846_793_005, 1, 56),
    bytes_of(6_364_136_223_846_793_005, 1, 55),
    // Knuth's MMIX, also inside PCG.
    bytes_of(6_364_136_223_846_793_005, 1_442_695_040_888_963_407, 56),
    bytes_of(6_364_136_223_846_793_005, 1_442_695_040_888_963_407, 33),
    bytes_of(6_364_136_223_846_793_005, 1_442_695_040_888_963_407, 32),
    bytes_of(6_364_136_223_846_793_005, 1_442_695_040_888_963_407, 24),
    // Java, and POSIX drand48: 48 bits. `nextInt(256)`, `(byte) nextInt()`, `Math.random() * 256`, lrand48.
    bytes_of(JAVA.0, JAVA.1, 40),
    bytes_of(JAVA.0, JAVA.1, 16),
    bytes_of(JAVA.0, JAVA.1, 17),
    every_second(JAVA.0, JAVA.1, 40),
    // Numerical Recipes, Borland, Turbo Pascal, Visual Basic, RANDU, BCPL, and VAX.
    bytes_of(1_664_525, 1_013_904_223, 24),
    bytes_of(1_664_525, 1_013_904_223, 16),
    bytes_of(1_664_525, 1_013_904_223, 8),
    bytes_of(22_695_477, 1, 16),
    bytes_of(22_695_477, 1, 24),
    bytes_of(22_695_477, 1, 23),
    bytes_of(134_775_813, 1, 24),
    bytes_of(134_775_813, 1, 16),
    bytes_of(16_598_013, 12_820_163, 16),
    bytes_of(65_539, 0, 23),
    bytes_of(65_539, 0, 16),
    bytes_of(2_147_001_325, 715_136_305, 24),
    bytes_of(69_069, 1, 24),
    bytes_of(69_069, 1, 16),
];

const JAVA: (u64, u64) = (0x5_deec_e66d, 11);

impl Generator {
    fn makes(&self, lattice: &[Vector], bytes: &[u8; 32]) -> bool {
        let state = self.nearest(lattice, bytes);
        // Rounding may miss by a little where few bits are hidden.
        (-2..=2_i64).any(|off| self.reproduces(state.wrapping_add_signed(off), bytes))
    }

    fn mask(&self) -> u64 {
        u64::MAX >> (56 - self.low)
    }

    fn reproduces(&self, mut state: u64, bytes: &[u8; 32]) -> bool {
        bytes.iter().all(|byte| {
            let same = (state & self.mask()) >> self.low == u64::from(*byte);
            state = state.wrapping_mul(self.factor).wrapping_add(self.add);
            same
        })
    }

    /// What the states after a first one, without the additions, can be: its multiples by the powers of the factor.
    fn lattice(&self) -> Vec<Vector> {
        let modulus = self.modulus();
        let (mut power, mut powers) = (1, [0; SIDE]);
        for place in &mut powers {
            *place = (power + modulus / 2).rem_euclid(modulus) - modulus / 2;
            power = power * i128::from(self.factor & self.mask()) % modulus;
        }
        let axis = |row: usize| std::array::from_fn(|at| if at == row { modulus } else { 0 });
        let mut basis: Vec<Vector> = (0..SIDE).map(|row| if row == 0 { powers } else { axis(row) }).collect();
        reduce(&mut basis);
        basis
    }

    /// The first state whose sequence is nearest to the bytes (Babai's nearest plane).
    fn nearest(&self, lattice: &[Vector], bytes: &[u8; 32]) -> u64 {
        let modulus = self.modulus();
        let (mut sum, mut target) = (0, [0; SIDE]);
        for (place, byte) in target.iter_mut().zip(bytes) {
            // The middle of what the byte leaves open, less what the additions contribute.
            *place = (i128::from(*byte) << self.low) + (1 << self.low >> 1) - sum;
            sum = (sum * i128::from(self.factor & self.mask()) + i128::from(self.add & self.mask())) % modulus;
        }
        u64::try_from(babai(lattice, &target)[0].rem_euclid(modulus)).unwrap_or(0)
    }

    fn modulus(&self) -> i128 {
        1 << (self.low + 8)
    }
}

type Vector = [i128; SIDE];

/// Lenstra, Lenstra and Lovasz, in floating point: exactness is not needed, since the result is tried.
fn reduce(basis: &mut [Vector]) {
    let (mut at, mut steps) = (1, 0);
    while at < basis.len() && steps < MOST_STEPS {
        steps += 1;
        let (lengths, mut factors) = orthogonal(basis);
        for below in (0..at).rev() {
            let times = factors[at][below].round();
            if times != 0.0 {
                for column in 0..SIDE {
                    basis[at][column] -= times as i128 * basis[below][column];
                    factors[at][column] -= times * if column == below { 1.0 } else { factors[below][column] };
                }
            }
        }
        if lengths[at] >= (0.75 - factors[at][at - 1].powi(2)) * lengths[at - 1] {
            at += 1;
        } else {
            basis.swap(at, at - 1);
            at = (at - 1).max(1);
        }
    }
}

/// Squared lengths and factors of the Gram-Schmidt vectors.
fn orthogonal(basis: &[Vector]) -> ([f64; SIDE], [[f64; SIDE]; SIDE]) {
    let (mut lengths, mut factors) = ([0.0; SIDE], [[0.0; SIDE]; SIDE]);
    let mut upright = [[0.0; SIDE]; SIDE];
    for row in 0..basis.len() {
        upright[row] = basis[row].map(|value| value as f64);
        let original = upright[row];
        for below in 0..row {
            let factor = dot(&original, &upright[below]) / lengths[below];
            factors[row][below] = factor;
            for column in 0..SIDE {
                upright[row][column] -= factor * upright[below][column];
            }
        }
        lengths[row] = dot(&upright[row], &upright[row]);
    }
    (lengths, factors)
}

fn dot(one: &[f64; SIDE], other: &[f64; SIDE]) -> f64 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

fn babai(basis: &[Vector], target: &Vector) -> Vector {
    let mut upright: Vec<[f64; SIDE]> = vec![];
    for row in basis {
        let original = row.map(|value| value as f64);
        let mut rest = original;
        for below in &upright {
            let factor = dot(&original, below) / dot(below, below);
            for column in 0..SIDE {
                rest[column] -= factor * below[column];
            }
        }
        upright.push(rest);
    }
    let mut rest = *target;
    for row in (0..basis.len()).rev() {
        let wanted = rest.map(|value| value as f64);
        let times = (dot(&wanted, &upright[row]) / dot(&upright[row], &upright[row])).round() as i128;
        for column in 0..SIDE {
            rest[column] -= times * basis[row][column];
        }
    }
    std::array::from_fn(|at| target[at] - rest[at])
}

/// Outputs that the lattice is made of: their bytes hold 88 bits, and the largest state has 64.
const SIDE: usize = 11;
const MOST_STEPS: usize = 4_000;

/// The reduced bases, which depend on the generators alone.
static LATTICES: LazyLock<Vec<Vec<Vector>>> = LazyLock::new(|| KNOWN.iter().map(Generator::lattice).collect());

/// Java's `nextInt` and `nextBytes`, or `nextLong`, as bytes in either order: 32 of 48 bits of the state are in each word.
fn java_words(key: &[u8; 32]) -> bool {
    let words = |little: bool| -> Vec<u32> {
        let four = key.as_chunks::<4>().0.iter();
        four.map(|word| if little { u32::from_le_bytes(*word) } else { u32::from_be_bytes(*word) }).collect()
    };
    let follows = |words: &[u32]| {
        (0..=u64::from(u16::MAX)).any(|hidden| {
            let mut state = u64::from(words[0]) << 16 | hidden;
            words[1..].iter().all(|word| {
                state = state.wrapping_mul(JAVA.0).wrapping_add(JAVA.1) & (u64::MAX >> 16);
                state >> 16 == u64::from(*word)
            })
        })
    };
    // A long adds its low half with its sign.
    let longs = |words: &[u32], low: usize| -> Vec<u32> {
        let pairs = words.as_chunks::<2>().0.iter();
        pairs.flat_map(|pair| [pair[1 - low].wrapping_add(pair[low] >> 31), pair[low]]).collect()
    };
    let (big, little) = (words(false), words(true));
    [longs(&big, 1), longs(&little, 0), big, little].iter().any(|words| follows(words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    #[test]
    fn every_known_generator_is_recognised_from_any_state() {
        for generator in KNOWN {
            for _ in 0..5 {
                let mut state = u64::from_le_bytes(random_array().expect("random"));
                let bytes: [u8; 32] = std::array::from_fn(|_| {
                    let byte = ((state & generator.mask()) >> generator.low).to_le_bytes()[0];
                    state = state.wrapping_mul(generator.factor).wrapping_add(generator.add);
                    byte
                });
                assert!(find(&Matcher::new(&bytes)), "{:#x} {} {}", generator.factor, generator.add, generator.low);
            }
        }
    }

    #[test]
    fn random_bytes_come_from_none() {
        let key: [u8; 32] = random_array().expect("random");
        assert!(!find(&Matcher::new(&key)));
    }
}
