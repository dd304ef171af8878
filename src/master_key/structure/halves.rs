//! The halves and quarters of a key: whether they follow from one another, and whether one is weak by itself.
//!
//! Fernet signs with the first 16 bytes and encrypts with the last 16, and derived keys are often one short secret twice.

use sha2::{Digest, Sha256, Sha512};

use super::alphabet::{Key, dimension, distinct, is_text};
use super::describe::{character_cost, cost};
use super::linear::bits_are_short;
use super::sequence::{has_period, polynomial_words, readings};

/// The second half, or the odd bytes, in relation to the first half, or the even bytes: 2^-41.9 for each of six ways to come
/// within 24 bits, less for the others.
pub(super) fn related(key: &Key) -> bool {
    let (first, second) = split(key);
    let even: [u8; 16] = std::array::from_fn(|at| key[2 * at]);
    let odd: [u8; 16] = std::array::from_fn(|at| key[2 * at + 1]);
    follows(first, second) || follows(&even, &odd) || digest_of(first, second) || digest_of(second, first)
}

fn split(key: &Key) -> (&[u8; 16], &[u8; 16]) {
    let (first, second) = key.split_at(16);
    (first.try_into().expect("half of 32 bytes"), second.try_into().expect("half of 32 bytes"))
}

/// Within a few bits of the other half as it is or backward; the same change in every byte; a turn; a small difference.
fn follows(first: &[u8; 16], second: &[u8; 16]) -> bool {
    let near = |turned: &[u8; 16]| {
        let apart: u32 = turned.iter().zip(second).map(|(one, other)| (one ^ other).count_ones()).sum();
        !(25..=103).contains(&apart)
    };
    let mut backward = *first;
    backward.reverse();
    let (big, other_big) = (u128::from_be_bytes(*first), u128::from_be_bytes(*second));
    let (little, other_little) = (u128::from_le_bytes(*first), u128::from_le_bytes(*second));
    let close = |one: u128, other: u128| other.wrapping_sub(one).min(one.wrapping_sub(other)) < 1 << 48;
    near(first)
        || near(&backward)
        || near(&big.reverse_bits().to_be_bytes())
        || shifted_evenly(first, second)
        || shifted_evenly(&backward, second)
        || (1..128).any(|by| big.rotate_left(by) == other_big)
        || close(big, other_big)
        || close(little, other_little)
        || close(!big, other_big)
        || first.iter().zip(second).all(|(one, other)| one.rotate_left(4) == *other)
        || first.iter().zip(second).all(|(one, other)| one.reverse_bits() == *other)
        || first.iter().zip(second).all(|(one, other)| one.wrapping_add(*other) == first[0].wrapping_add(second[0]))
}

fn shifted_evenly(first: &[u8], second: &[u8]) -> bool {
    let same = |change: fn(u8, u8) -> u8| {
        first.iter().zip(second).all(|(one, other)| change(*one, *other) == change(first[0], second[0]))
    };
    same(|one, other| one ^ other) || same(|one, other| other.wrapping_sub(one))
}

fn digest_of(first: &[u8; 16], second: &[u8; 16]) -> bool {
    Sha256::digest(first)[..16] == *second
        || Sha256::digest(first)[16..] == *second
        || Sha512::digest(first)[..16] == *second
}

/// Six pairs of quarters, within 4 bits in six ways (2^-44.6 each), or with one change in every byte.
pub(super) fn related_quarters(key: &Key) -> bool {
    let quarters: Vec<&[u8]> = key.chunks_exact(8).collect();
    (0..4).any(|early| (early + 1..4).any(|late| quarters_follow(quarters[early], quarters[late])))
}

fn quarters_follow(first: &[u8], second: &[u8]) -> bool {
    let word = |bytes: &[u8]| bytes.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte));
    let (one, other) = (word(first), word(second));
    let near = |turned: u64| !(5..=59).contains(&(turned ^ other).count_ones());
    near(one)
        || near(one.swap_bytes())
        || near(one.reverse_bits())
        || shifted_evenly(first, second)
        || other.wrapping_sub(one).min(one.wrapping_sub(other)) < 1 << 16
        || other.swap_bytes().wrapping_sub(one.swap_bytes()) < 1 << 16
}

/// One half is weak by a test that a random half fails with 2^-38 or so.
pub(super) fn weak(key: &Key) -> bool {
    let (first, second) = split(key);
    weak_half(first) || weak_half(second)
}

fn weak_half(half: &[u8; 16]) -> bool {
    let mut backward = *half;
    backward.reverse();
    let set: u32 = half.iter().map(|byte| byte.count_ones()).sum();
    let within = |start: u8| half.iter().all(|byte| byte.wrapping_sub(start) < 35);
    half.iter().all(u8::is_ascii_alphabetic)
        || half.iter().all(u8::is_ascii_hexdigit)
        || half.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
        || half.iter().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
        || half.iter().all(|byte| is_text(*byte)) && half.iter().map(|byte| character_cost(*byte)).sum::<f64>() <= 90.0
        || cost(half) <= 88.0
        || cost(&backward) <= 88.0
        || distinct(half.iter().copied()) <= 7
        || !(26..=102).contains(&set)
        || has_period(half, 88)
        || dimension(half) <= 4
        || (0..=255).any(within)
        || bits_are_short(half, 43, 85)
        || readings(half).any(|(width, words)| polynomial_words(width, &words, 88))
}

/// 95 values, 16 times: too probable to refuse by, which is why this says no more than a remark.
pub(super) fn printable(key: &Key) -> bool {
    key.chunks_exact(16).any(|half| half.iter().all(|byte| matches!(byte, b' '..=b'~')))
}

/// Version and variant of two UUIDs of version 1, 6 or 7, and the same high bits of the time in both.
pub(super) fn time_ordered_ids(key: &Key) -> bool {
    let (first, second) = split(key);
    let version = |half: &[u8; 16]| half[6] >> 4;
    let marked = version(first) == version(second) && first[8] >> 6 == 2 && second[8] >> 6 == 2;
    match version(first) {
        // Nodes, or middle and high time, in which two made in the same hour agree.
        1 => marked && (first[10..] == second[10..] || first[4..8] == second[4..8]),
        6 | 7 => marked && first[..3] == second[..3],
        _ => false,
    }
}
