//! NumPy's `default_rng(seed)`: PCG64 (XSL-RR 128/64), seeded through SeedSequence. And what the smaller PCG32 makes of a state.
#![expect(clippy::cast_possible_truncation, clippy::precedence, reason = "arithmetic modulo a power of two")]

use super::matcher::Matcher;

/// Whether one of the seeds made the key: `bytes(32)`, or `integers(0, 256, 32)` of bytes or of words.
pub(super) fn find(key: &Matcher, seeds: std::ops::Range<u32>) -> bool {
    seeds.into_iter().take_while(|_| !key.is_over()).any(|seed| {
        let mut generator = Pcg64::seeded(seed);
        let words: [u64; 32] = std::array::from_fn(|_| generator.next());
        let halves: Vec<u32> = words.iter().flat_map(|word| [*word as u32, (*word >> 32) as u32]).collect();
        let whole: [u8; 32] = std::array::from_fn(|at| words[at / 8].to_le_bytes()[at % 8]);
        let low: [u8; 32] = std::array::from_fn(|at| (u64::from(halves[at]) * 256 >> 32) as u8);
        let doubles: [u8; 32] = std::array::from_fn(|at| words[at].to_be_bytes()[0]);
        let scaled: [u8; 32] = std::array::from_fn(|at| (u64::from(halves[at]) * 255 >> 32) as u8);
        [whole, low, doubles, scaled].iter().any(|way| key.matches(way))
    })
}

/// The output of PCG32 (XSH-RR 64/32).
pub(super) fn xsh_rr(state: u64) -> u32 {
    let mixed = (((state >> 18) ^ state) >> 27) as u32;
    mixed.rotate_right((state >> 59) as u32)
}

/// By which PCG32 steps, before it adds.
pub(super) const FACTOR_32: u64 = 0x5851_f42d_4c95_7f2d;

struct Pcg64 {
    state: u128,
    add: u128,
}

impl Pcg64 {
    fn seeded(seed: u32) -> Self {
        let words = seed_sequence(seed);
        let wide = |high: usize| u128::from(words[high]) << 64 | u128::from(words[high + 1]);
        let mut generator = Self { state: 0, add: wide(2) << 1 | 1 };
        generator.step();
        generator.state = generator.state.wrapping_add(wide(0));
        generator.step();
        generator
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645).wrapping_add(self.add);
    }

    fn next(&mut self) -> u64 {
        self.step();
        let folded = (self.state >> 64) as u64 ^ self.state as u64;
        folded.rotate_right((self.state >> 122) as u32)
    }
}

/// Four words of 64 bits from a pool of four words of 32 bits.
fn seed_sequence(seed: u32) -> [u64; 4] {
    let mut factor = 0x43b0_d7e5_u32;
    let mut mixed = |mut value: u32| {
        value ^= factor;
        factor = factor.wrapping_mul(0x931e_8875);
        value = value.wrapping_mul(factor);
        value ^ value >> 16
    };
    let mut pool = [mixed(seed), mixed(0), mixed(0), mixed(0)];
    let together = |one: u32, other: u32| {
        let joined = one.wrapping_mul(0xca01_f9dd).wrapping_sub(other.wrapping_mul(0x4973_f715));
        joined ^ joined >> 16
    };
    for from in 0..4 {
        for to in (0..4).filter(|to| *to != from) {
            pool[to] = together(pool[to], mixed(pool[from]));
        }
    }
    let mut factor = 0x8b51_f9dd_u32;
    let mut half = |at: usize| {
        let mut value = pool[at % 4] ^ factor;
        factor = factor.wrapping_mul(0x58f3_8ded);
        value = value.wrapping_mul(factor);
        u64::from(value ^ value >> 16)
    };
    let halves: [u64; 8] = std::array::from_fn(&mut half);
    std::array::from_fn(|at| halves[2 * at] | halves[2 * at + 1] << 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_draws_what_numpy_draws() {
        // numpy.random.default_rng(42).bytes(8), and of seed 0.
        assert_eq!((Pcg64::seeded(42).next(), Pcg64::seeded(0).next()), (NUMPY_42, NUMPY_0));
    }

    const NUMPY_42: u64 = 0xc621_fbcd_16d9_2688;
    const NUMPY_0: u64 = 0xa30f_ebcf_d9c2_825f;
}
