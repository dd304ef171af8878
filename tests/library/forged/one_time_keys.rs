//! The arithmetic of the two tags: GF(2^128) of GCM, and the integers modulo 2^130 - 5 of Poly1305 with the key that XChaCha20 draws
//! for one nonce.

/// The product in the field of GHASH (NIST SP 800-38D, section 6.3): the highest bit is the coefficient of 1.
pub(crate) fn ghash_product(mut left: u128, right: u128) -> u128 {
    let mut product = 0;
    for at in 0..128 {
        if right >> (127 - at) & 1 == 1 {
            product ^= left;
        }
        left = (left >> 1) ^ ((left & 1) * (0xe1 << 120));
    }
    product
}

pub(crate) fn ghash_power(mut element: u128, mut exponent: u128) -> u128 {
    let mut power = 1 << 127;
    while exponent > 0 {
        if exponent & 1 == 1 {
            power = ghash_product(power, element);
        }
        element = ghash_product(element, element);
        exponent >>= 1;
    }
    power
}

/// An integer modulo 2^130 - 5, in five pieces of 26 bits, the lowest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Number([u64; 5]);

impl Number {
    pub(crate) const ZERO: Self = Self([0; 5]);
    const ONE: Self = Self([1, 0, 0, 0, 0]);

    /// The number that a whole block stands for: its bytes, the lowest first, and 2^128.
    pub(crate) fn of_block(block: [u8; 16]) -> Self {
        Self::of(u128::from_le_bytes(block), 1)
    }

    /// The block that stands for this number, if any does.
    pub(crate) fn to_block(self) -> Option<[u8; 16]> {
        let low = self.0.iter().take(4).enumerate().fold(0, |low, (at, piece)| low | u128::from(*piece) << (26 * at));
        let block = low | u128::from(self.0[4] & 0xff_ffff) << 104;
        (self.0[4] >> 24 == 1).then(|| block.to_le_bytes())
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self(std::array::from_fn(|at| self.0[at] + other.0[at])).reduced()
    }

    pub(crate) fn minus(self, other: Self) -> Self {
        // Twice the modulus: no piece of it is less than one of a number.
        let twice = |at| 2 * MODULUS[at];
        Self(std::array::from_fn(|at| self.0[at] + twice(at) - other.0[at])).reduced()
    }

    pub(crate) fn times(self, other: Self) -> Self {
        let mut product = [0_u64; 5];
        for (i, left) in self.0.iter().enumerate() {
            for (j, right) in other.0.iter().enumerate() {
                // 2^130 is 5.
                product[(i + j) % 5] += left * right * if i + j < 5 { 1 } else { 5 };
            }
        }
        Self(product).reduced()
    }

    pub(crate) fn power(self, exponent: usize) -> Self {
        (0..exponent).fold(Self::ONE, |power, _| power.times(self))
    }

    /// The power of 2^130 - 7.
    pub(crate) fn inverse(self) -> Self {
        let bits = (0..130).rev().map(|bit| bit == 0 || bit >= 3);
        bits.fold(Self::ONE, |power, bit| {
            let square = power.times(power);
            if bit { square.times(self) } else { square }
        })
    }

    fn of(low: u128, high: u64) -> Self {
        let piece = |at: u32| u64::try_from(low >> (26 * at) & 0x3ff_ffff).expect("26 bits");
        Self([piece(0), piece(1), piece(2), piece(3), piece(4) | high << 24])
    }

    /// In pieces of 26 bits, below the modulus.
    fn reduced(self) -> Self {
        let mut pieces = self.0;
        for _ in 0..4 {
            let mut carry = 0;
            for piece in &mut pieces {
                *piece += carry;
                carry = *piece >> 26;
                *piece &= 0x3ff_ffff;
            }
            pieces[0] += 5 * carry;
        }
        let is_above = pieces[1..] == MODULUS[1..] && pieces[0] >= MODULUS[0];
        if is_above { Self([pieces[0] - MODULUS[0], 0, 0, 0, 0]) } else { Self(pieces) }
    }
}

/// The place at which the polynomial of Poly1305 is taken for one nonce of XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03, section
/// 2; RFC 8439, sections 2.3 and 2.5).
pub(crate) fn poly1305_key(key: &[u8; 32], nonce: &[u8; 24]) -> Number {
    let words = rounds(key, nonce[..16].try_into().expect("16 bytes"));
    let subkey: Vec<u8> = words[..4].iter().chain(&words[12..]).flat_map(|word| word.to_le_bytes()).collect();
    let (subkey, mut counted) = (subkey.try_into().expect("32 bytes"), [0; 16]);
    // The counter and four bytes are zero.
    counted[8..].copy_from_slice(&nonce[16..]);
    let (mixed, before) = (rounds(&subkey, counted), state(&subkey, counted));
    let first: Vec<u8> = (0..4).flat_map(|at| mixed[at].wrapping_add(before[at]).to_le_bytes()).collect();
    let drawn = u128::from_le_bytes(first.try_into().expect("16 bytes"));
    Number::of(drawn & 0x0fff_fffc_0fff_fffc_0fff_fffc_0fff_ffff, 0)
}

fn state(key: &[u8; 32], last: [u8; 16]) -> [u32; 16] {
    let bytes = [b"expand 32-byte k".as_slice(), key, &last].concat();
    let word = |at: usize| u32::from_le_bytes(bytes[4 * at..4 * at + 4].try_into().expect("4 bytes"));
    std::array::from_fn(word)
}

fn rounds(key: &[u8; 32], last: [u8; 16]) -> [u32; 16] {
    let mut words = state(key, last);
    for _ in 0..10 {
        for [a, b, c, d] in [[0, 4, 8, 12], [1, 5, 9, 13], [2, 6, 10, 14], [3, 7, 11, 15]] {
            quarter(&mut words, a, b, c, d);
        }
        for [a, b, c, d] in [[0, 5, 10, 15], [1, 6, 11, 12], [2, 7, 8, 13], [3, 4, 9, 14]] {
            quarter(&mut words, a, b, c, d);
        }
    }
    words
}

fn quarter(words: &mut [u32; 16], a: usize, b: usize, c: usize, d: usize) {
    for (to, add, turned, by) in [(a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)] {
        words[to] = words[to].wrapping_add(words[add]);
        words[turned] = (words[turned] ^ words[to]).rotate_left(by);
    }
}

/// 2^130 - 5.
const MODULUS: [u64; 5] = [0x3ff_fffb, 0x3ff_ffff, 0x3ff_ffff, 0x3ff_ffff, 0x3ff_ffff];
