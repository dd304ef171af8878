//! Linear complexity: the length of the shortest shift register that generates the key (Berlekamp and Massey).

use super::alphabet::Key;

/// Over the bits in both orders, over the bytes as a field, and over the eight bits of the bytes each for itself.
///
/// Of the sequences of n elements of a field of q, at most q^(2L) have complexity L or less, and at most q^(2(n-L)+1) have L
/// or more where L > n/2.
pub(super) fn short_register(key: &Key) -> bool {
    bits_are_short(key, 107, 149)
        || [0x11b, 0x11d].iter().any(|field| !(14..=18).contains(&bytes_complexity(key, *field)))
        || (0..8).all(|plane| complexity(key.iter().map(|byte| byte >> plane & 1)) <= 12)
}

/// Whether the complexity of the bits, in either order within a byte, is at most `low` or at least `high`.
pub(super) fn bits_are_short(bytes: &[u8], low: usize, high: usize) -> bool {
    let bits = |flip: bool| {
        let turned = move |byte: &u8| if flip { byte.reverse_bits() } else { *byte };
        bytes.iter().flat_map(move |byte| (0..8).rev().map(move |at| turned(byte) >> at & 1))
    };
    [false, true].iter().any(|flip| {
        let found = complexity(bits(*flip));
        found <= low || found >= high
    })
}

/// Over GF(2), with polynomials as bits of four words.
fn complexity(bits: impl Iterator<Item = u8>) -> usize {
    // `history` holds the bits so far, the newest lowest.
    let (mut current, mut before, mut history) = (Wide([1, 0, 0, 0]), Wide([1, 0, 0, 0]), Wide([0; 4]));
    let (mut len, mut since) = (0, 1);
    for (at, bit) in bits.enumerate() {
        history = history.shifted(1);
        history.0[0] |= u64::from(bit);
        if current.and(&history).parity() == 0 {
            since += 1;
        } else if 2 * len <= at {
            (current, before) = (current.xor(&before.shifted(since)), current);
            (len, since) = (at + 1 - len, 1);
        } else {
            current = current.xor(&before.shifted(since));
            since += 1;
        }
    }
    len
}

#[derive(Clone, Copy)]
struct Wide([u64; 4]);

impl Wide {
    fn shifted(&self, by: usize) -> Self {
        let (words, bits) = (by / 64, by % 64);
        let word = |at: Option<usize>| at.and_then(|at| self.0.get(at)).copied().unwrap_or(0);
        Self(std::array::from_fn(|at| {
            let high = word(at.checked_sub(words)) << bits;
            if bits == 0 { high } else { high | word(at.checked_sub(words + 1)) >> (64 - bits) }
        }))
    }

    fn xor(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] ^ other.0[at]))
    }

    fn and(&self, other: &Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] & other.0[at]))
    }

    fn parity(&self) -> u32 {
        self.0.iter().fold(0, |all, word| all ^ word).count_ones() % 2
    }
}

/// Over GF(256) with the given polynomial.
fn bytes_complexity(key: &Key, field: u16) -> usize {
    let mut current = [0_u8; 33];
    let mut before = [0_u8; 33];
    (current[0], before[0]) = (1, 1);
    let (mut len, mut since, mut last) = (0, 1, 1_u8);
    for at in 0..32 {
        let wrong = (0..=len.min(at)).fold(0, |sum, tap| sum ^ times(current[tap], key[at - tap], field));
        if wrong == 0 {
            since += 1;
            continue;
        }
        let factor = times(wrong, inverse(last, field), field);
        let kept = current;
        for tap in since..33 {
            current[tap] ^= times(factor, before[tap - since], field);
        }
        if 2 * len <= at {
            (len, before, last, since) = (at + 1 - len, kept, wrong, 1);
        } else {
            since += 1;
        }
    }
    len
}

fn times(one: u8, other: u8, field: u16) -> u8 {
    let (mut product, mut one) = (0_u16, u16::from(one));
    for bit in 0..8 {
        if other >> bit & 1 == 1 {
            product ^= one;
        }
        one <<= 1;
        if one > 255 {
            one ^= field;
        }
    }
    // It stays below 256.
    product.to_le_bytes()[0]
}

/// x^254.
fn inverse(byte: u8, field: u16) -> u8 {
    (0..6).fold(times(byte, byte, field), |power, _| times(times(power, power, field), times(byte, byte, field), field))
}
