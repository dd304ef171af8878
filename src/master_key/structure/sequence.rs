//! Whether bytes, or words of 16, 32 or 64 bits, follow from those before them.

use super::alphabet::{Key, one_byte};

/// A period of at most 208 bits, with or without the complement: at most 2 * 2^(209-256).
pub(super) fn repeats(key: &Key) -> bool {
    !one_byte(key) && has_period(key, 208)
}

/// Whether the bits of `bytes` repeat themselves, or their complement, with a period of at most `longest` bits.
pub(super) fn has_period(bytes: &[u8], longest: usize) -> bool {
    let bit = |at: usize| bytes[at / 8] >> (7 - at % 8) & 1;
    let len = 8 * bytes.len();
    (1..=longest).any(|period| {
        let turned = bit(0) ^ bit(period);
        (period..len).all(|at| bit(at) ^ bit(at - period) == turned)
    })
}

pub(super) fn even_steps(key: &Key) -> bool {
    let step = key[1].wrapping_sub(key[0]);
    step != 0 && key.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step)
}

/// Differences of some order are constant, by subtraction or by exclusive-or, in words of any size and either order of
/// bytes. Order n takes n + 1 words to describe: 208 bits at most.
pub(super) fn polynomial(key: &Key) -> bool {
    readings(key).any(|(width, words)| polynomial_words(width, &words, 208))
}

pub(super) fn polynomial_words(width: u32, words: &[u64], most: u32) -> bool {
    let mask = mask(width);
    let flat = |step: fn(u64, u64) -> u64| {
        let mut rest = words.to_vec();
        (1..most / width).any(|_| {
            rest = rest.windows(2).map(|pair| step(pair[0], pair[1]) & mask).collect();
            rest.len() > 1 && rest.windows(2).all(|pair| pair[0] == pair[1])
        })
    };
    flat(|early, late| late.wrapping_sub(early)) || flat(|early, late| late ^ early)
}

/// `x' = a x + c` modulo 2^8, 2^16, 2^32, 2^64, or 2^31 in words of 32 bits, or modulo a prime in words of 32 bits with the
/// multipliers that are in use: three words describe it, 192 bits at most.
pub(super) fn congruential(key: &Key) -> bool {
    readings(key).any(|(width, words)| {
        congruential_words(width, &words) || width == 32 && (congruential_words(31, &words) || prime_congruence(&words))
    })
}

fn congruential_words(width: u32, words: &[u64]) -> bool {
    let mask = mask(width);
    if words.iter().any(|word| word & !mask != 0) {
        return false;
    }
    let steps: Vec<u64> = words.windows(2).map(|pair| pair[1].wrapping_sub(pair[0]) & mask).collect();
    // What all steps have in common as a power of two cannot be divided by; without it the first odd one can.
    let shift = steps.iter().map(|step| step.trailing_zeros()).min().unwrap_or(64);
    if shift >= width {
        return false;
    }
    let mask = mask >> shift;
    let steps: Vec<u64> = steps.iter().map(|step| step >> shift).collect();
    let Some(at) = steps[..steps.len() - 1].iter().position(|step| step & 1 == 1) else { return false };
    let factor = steps[at + 1].wrapping_mul(inverse(steps[at]));
    // At least one equation is left that was not used to find the factor, and it has its width in bits.
    (steps.len() >= 3)
        && steps.windows(2).all(|pair| pair[0].wrapping_mul(factor) & mask == pair[1] & mask)
        && (width - shift) * u32::try_from(steps.len() - 2).unwrap_or(0) >= 60
}

fn prime_congruence(words: &[u64]) -> bool {
    const KNOWN: [(u64, u64); 6] = [
        (16_807, 0x7fff_ffff),
        (48_271, 0x7fff_ffff),
        (69_621, 0x7fff_ffff),
        (40_692, 2_147_483_399),
        (40_014, 2_147_483_563),
        (279_470_273, 4_294_967_291),
    ];
    KNOWN.iter().any(|(factor, prime)| words.windows(2).all(|pair| pair[0] * factor % prime == pair[1]))
}

/// The inverse of an odd number modulo 2^64, by Newton's iteration.
pub(super) fn inverse(odd: u64) -> u64 {
    (0..6).fold(odd, |found, _| found.wrapping_mul(2_u64.wrapping_sub(odd.wrapping_mul(found))))
}

/// `x'' = a x' + b x + c x_` with small factors, or any two modulo 256: 3 * 64 bits and 7 at most.
pub(super) fn recurrence(key: &Key) -> bool {
    any_factors(key)
        || readings(key).filter(|(width, _)| *width < 64).any(|(width, words)| small_factors(width, &words))
}

fn any_factors(key: &Key) -> bool {
    // From the first odd byte on there is one b for each a. With none the key is even, and a finding of its own.
    let Some(odd) = key[..30].iter().position(|byte| byte & 1 == 1) else { return false };
    let inverse = inverse(key[odd].into()).to_le_bytes()[0];
    (0..=255_u8).any(|a| {
        let b = key[odd + 2].wrapping_sub(key[odd + 1].wrapping_mul(a)).wrapping_mul(inverse);
        key.windows(3).all(|run| run[2] == run[1].wrapping_mul(a).wrapping_add(run[0].wrapping_mul(b)))
    })
}

fn small_factors(width: u32, words: &[u64]) -> bool {
    let mask = mask(width);
    let factors = || -2..=2_i64;
    factors().any(|a| {
        factors().any(|b| {
            factors().any(|c| {
                let of = |factor: i64, word: u64| word.wrapping_mul(factor.cast_unsigned());
                words
                    .windows(4)
                    .all(|run| of(a, run[2]).wrapping_add(of(b, run[1])).wrapping_add(of(c, run[0])) & mask == run[3])
            })
        })
    })
}

/// Every second byte the same, every fourth, or two of the eight columns of words of 64 bits.
pub(super) fn constant_columns(key: &Key) -> bool {
    let constant = |stride: usize, from: usize| key[from..].iter().step_by(stride).all(|byte| *byte == key[from]);
    (0..2).any(|from| constant(2, from))
        || (0..4).any(|from| constant(4, from))
        || (0..8).filter(|from| constant(8, *from)).count() >= 2
}

/// Words of 16, 32 or 64 bits within 2^12, 2^25 or 2^48 of the first: 2^-45, 2^-42 and 2^-45 in each order of bytes.
pub(super) fn close_words(key: &Key) -> bool {
    readings(key).any(|(width, words)| {
        let (mask, most) = match width {
            16 => (mask(16), 1 << 12),
            32 => (mask(32), 1 << 25),
            64 => (mask(64), 1 << 48),
            _ => return false,
        };
        let apart = |word: &u64| (word.wrapping_sub(words[0]) & mask).min(words[0].wrapping_sub(*word) & mask);
        words.iter().all(|word| apart(word) < most)
    })
}

/// Six of the same in a row: 27 places, 2^-40 each.
pub(super) fn long_run(key: &Key) -> bool {
    key.windows(6).any(|run| run.iter().all(|byte| *byte == run[0]))
}

pub(super) fn run_of_five(key: &Key) -> bool {
    key.windows(5).any(|run| run.iter().all(|byte| *byte == run[0]))
}

/// Seven in a row with the same step: 26 places, 2^-40 each.
pub(super) fn long_slope(key: &Key) -> bool {
    key.windows(7).any(|run| {
        let step = run[1].wrapping_sub(run[0]);
        run.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step)
    })
}

/// A block of six bytes again, forward, backward, or complemented, without overlap: 3 * 378 pairs at most, 2^-48 each.
pub(super) fn repeated_block(key: &Key) -> bool {
    blocks(key, 6, |one, other| {
        one == other || one.iter().eq(other.iter().rev()) || one.iter().zip(other).all(|(one, other)| *one == !other)
    })
}

pub(super) fn block_of_five(key: &Key) -> bool {
    blocks(key, 5, |one, other| one == other)
}

fn blocks(key: &Key, len: usize, same: fn(&[u8], &[u8]) -> bool) -> bool {
    let last = key.len() - len;
    (0..=last).any(|early| (early + len..=last).any(|late| same(&key[early..early + len], &key[late..late + len])))
}

/// The key as words of 8, 16, 32 and 64 bits, big-endian and little-endian.
pub(super) fn readings(bytes: &[u8]) -> impl Iterator<Item = (u32, Vec<u64>)> {
    let read = move |width: u32, little: bool| -> (u32, Vec<u64>) {
        let words = bytes.chunks_exact(width as usize / 8).map(move |chunk| {
            let fold = |word: u64, byte: &u8| word << 8 | u64::from(*byte);
            if little { chunk.iter().rev().fold(0, fold) } else { chunk.iter().fold(0, fold) }
        });
        (width, words.collect())
    };
    let all = [(8, false), (16, false), (16, true), (32, false), (32, true), (64, false), (64, true)];
    all.into_iter().map(move |(width, little)| read(width, little))
}

pub(super) fn mask(width: u32) -> u64 {
    u64::MAX >> (64 - width)
}
