//! What is made of the outputs of these generators.

use crate::master_key::derived::matcher::Matcher;

/// The ways in which C programs make bytes of numbers of so many bits.
pub(super) fn drawn(key: &Matcher, values: &[u32], bits: u32) -> bool {
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

/// `255 * output / 2^31`, from the quotient and the remainder by 2^8.
#[inline(always)]
pub(super) fn share(output: u32) -> u32 {
    (255 * (output >> 8) + (255 * (output & 255) >> 8)) >> 23
}

pub(super) const PRIME: u64 = 0x7fff_ffff;
