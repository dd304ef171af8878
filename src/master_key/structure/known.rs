//! Sequences that everybody knows: counters, primes, powers.

use std::sync::LazyLock;

use super::alphabet::Key;
use super::sequence::{inverse, mask, readings};

/// One of them, read as bytes or words of 16, 32 or 64 bits, from any of its first 64 places, in either direction, after a sum, an
/// exclusive-or or a product with a constant.
pub(super) fn known(key: &Key) -> bool {
    readings(key).any(|(width, words)| {
        let backward: Vec<u64> = words.iter().rev().copied().collect();
        [words, backward].iter().any(|words| TERMS.iter().any(|terms| follows(words, terms, mask(width))))
    })
}

fn follows(words: &[u64], terms: &[u64; LEN], mask: u64) -> bool {
    terms.windows(words.len()).take(64).any(|terms| {
        let pairs = || words.iter().zip(terms);
        let same = |with: fn(u64, u64) -> u64| {
            let constant = with(words[0], terms[0]) & mask;
            pairs().all(|(word, term)| with(*word, *term) & mask == constant)
        };
        let scaled = || {
            let factor = words[0].wrapping_mul(inverse(terms[0]));
            terms[0] & 1 == 1 && pairs().all(|(word, term)| term.wrapping_mul(factor) & mask == *word)
        };
        // Two words tell nearly always.
        let (one, two) = ((words[0], terms[0]), (words[1], terms[1]));
        let summed = two.0.wrapping_sub(one.0).wrapping_sub(two.1.wrapping_sub(one.1)) & mask == 0;
        let masked = (one.0 ^ two.0 ^ one.1 ^ two.1) & mask == 0;
        let multiplied = two.0.wrapping_mul(one.1).wrapping_sub(one.0.wrapping_mul(two.1)) & mask == 0;
        summed && same(u64::wrapping_sub) || masked && same(|word, term| word ^ term) || multiplied && scaled()
    })
}

const LEN: usize = 96;

static TERMS: LazyLock<Vec<[u64; LEN]>> =
    LazyLock::new(|| SEQUENCES.iter().map(|rule| std::array::from_fn(|at| rule(at as u64))).collect());

const SEQUENCES: &[fn(u64) -> u64] = &[
    |n| n,
    |n| n ^ (n >> 1),
    |n| n.wrapping_mul(n),
    |n| n.wrapping_mul(n + 1) / 2,
    |n| n.wrapping_mul(n).wrapping_mul(n),
    |n| 1_u64.rotate_left(small(n) & 63),
    |n| 1_u64.rotate_left(small(n) & 7),
    |n| u64::from(1_u8.rotate_right(1 + (small(n) & 7))),
    |n| 3_u64.wrapping_pow(small(n)),
    |n| 5_u64.wrapping_pow(small(n)),
    |n| 7_u64.wrapping_pow(small(n)),
    |n| 10_u64.wrapping_pow(small(n)),
    |n| (1..=n).fold(1, u64::wrapping_mul),
    nth_prime,
    |n| pair_sequence(0, 1, n),
    |n| pair_sequence(2, 1, n),
    |n| (0..n).fold((0_u64, 0_u64, 1_u64), |(a, b, c), _| (b, c, a.wrapping_add(b).wrapping_add(c))).0,
    |n| u64::from(byte(n).reverse_bits()),
    |n| u64::from(byte(n).count_ones()),
    |n| u64::from(byte(n % 16)) * 17,
    |n| ((n << 4) | ((n + 1) & 15)) & 255,
    |n| (2 * n % 16) << 4 | ((2 * n + 1) % 16),
    |n| n.wrapping_pow(small(n)),
    |n| power_mod(2, n, 257),
    |n| power_mod(3, n, 257),
    |n| power_mod(3, n, 251),
    |n| power_mod(2, n, 251),
    |n| power_mod(6, n, 251),
    |n| n.isqrt(),
    |n| if n % 2 == 0 { n / 2 } else { 255 - n / 2 },
    |n| n * 8 % 256 + n / 32,
    |n| n % 8,
    |n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56,
];

fn small(n: u64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

fn byte(n: u64) -> u8 {
    n.to_le_bytes()[0]
}

fn nth_prime(n: u64) -> u64 {
    let prime = |value: &u64| (2..*value).take_while(|d| d * d <= *value).all(|d| !value.is_multiple_of(d));
    (2..1_000_u64).filter(prime).nth(small(n) as usize).unwrap_or(0)
}

fn pair_sequence(first: u64, second: u64, n: u64) -> u64 {
    (0..n).fold((first, second), |(low, high), _| (high, low.wrapping_add(high))).0
}

fn power_mod(base: u64, n: u64, modulus: u64) -> u64 {
    (0..n).fold(1, |power, _| power * base % modulus)
}
