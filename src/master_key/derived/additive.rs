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

mod glibc;
mod lines;

use super::matcher::Matcher;
pub(super) use glibc::{glibc, glibc_within};
pub(super) use lines::{bash, dotnet, minimal};

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

/// `255 * output / 2^31`, from the quotient and the remainder by 2^8.
#[inline(always)]
fn share(output: u32) -> u32 {
    (255 * (output >> 8) + (255 * (output & 255) >> 8)) >> 23
}

const PRIME: u64 = 0x7fff_ffff;
