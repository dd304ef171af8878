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
mod outputs;

pub(super) use glibc::{glibc, glibc_within};
pub(super) use lines::{bash, dotnet, minimal};
