//! Encodings that no dependency writes: base32, base58, the base85 family, and one big integer.

use zeroize::{Zeroize, Zeroizing};

/// RFC 4648, without padding.
pub(super) fn base32(bytes: &[u8], alphabet: &[u8; 32]) -> Zeroizing<Vec<u8>> {
    let digit = |place: usize| {
        let bit = |n: usize| bytes.get(n / 8).map_or(0, |byte| (byte >> (7 - n % 8)) & 1);
        alphabet[usize::from((0..5).fold(0, |value, n| value << 1 | bit(place * 5 + n)))]
    };
    Zeroizing::new((0..(bytes.len() * 8).div_ceil(5)).map(digit).collect())
}

/// Four bytes to five digits, big-endian.
pub(super) fn base85(bytes: &[u8], alphabet: &[u8; 85]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() / 4 * 5));
    for group in bytes.chunks_exact(4) {
        let value = group.iter().fold(0_u32, |value, byte| value << 8 | u32::from(*byte));
        text.extend((0..5).rev().map(|place| alphabet[(value / 85_u32.pow(place) % 85) as usize]));
    }
    text
}

/// The alphabet of Adobe's Ascii85: `!` to `u`.
pub(super) fn ascii85() -> [u8; 85] {
    std::array::from_fn(|place| b'!' + u8::try_from(place).expect("below 85"))
}

/// The big-endian integer in another base, without leading zeros.
pub(super) fn integer(bytes: &[u8], alphabet: &[u8]) -> Zeroizing<Vec<u8>> {
    let base = alphabet.len();
    let mut rest = Zeroizing::new(bytes.to_vec());
    let mut digits = Zeroizing::new(Vec::with_capacity(bytes.len() * 3));
    while rest.iter().any(|byte| *byte != 0) {
        let mut remainder = 0;
        for byte in rest.iter_mut() {
            let value = remainder << 8 | usize::from(*byte);
            *byte = u8::try_from(value / base).expect("a digit of the quotient");
            remainder = value % base;
        }
        digits.push(alphabet[remainder]);
        remainder.zeroize();
    }
    digits.reverse();
    digits
}

/// Text in URL-safe base64 with the characters of another alphabet.
pub(super) fn base64(url: &[u8], alphabet: &[u8; 64]) -> Zeroizing<Vec<u8>> {
    let value = |byte: &u8| super::classes::base64_value(*byte).map(|value| alphabet[usize::from(value)]);
    Zeroizing::new(url.iter().filter_map(value).collect())
}

/// RFC 9285: two bytes in three characters, the lowest first.
pub(super) fn base45(bytes: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(bytes.len() * 3 / 2));
    for pair in bytes.chunks_exact(2) {
        let value = usize::from(pair[0]) << 8 | usize::from(pair[1]);
        text.extend([value % 45, value / 45 % 45, value / 2025].map(|digit| BASE45[digit]));
    }
    text
}

/// BIP 173: what keys of `age` and others are written in.
pub(super) const BECH32: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
pub(super) const CROCKFORD: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
pub(super) const Z_BASE32: &[u8; 32] = b"ybndrfg8ejkmcpqxot1uwisza345h769";
pub(super) const CRYPT: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub(super) const BCRYPT: &[u8; 64] = b"./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
pub(super) const XXENCODE: &[u8; 64] = b"+-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub(super) const BASE36: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";
pub(super) const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
pub(super) const BASE62_LOWER_FIRST: &[u8; 62] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
pub(super) const OCTAL: &[u8; 8] = b"01234567";
const BASE45: &[u8; 45] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
pub(super) const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
pub(super) const BASE32_HEX: &[u8; 32] = b"0123456789ABCDEFGHIJKLMNOPQRSTUV";
pub(super) const BASE58: &[u8; 58] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
pub(super) const DECIMAL: &[u8; 10] = b"0123456789";
/// RFC 1924, as Python's `b85encode` writes it.
pub(super) const BASE85: &[u8; 85] =
    b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-;<=>?@^_`{|}~";
/// ZeroMQ RFC 32.
pub(super) const Z85: &[u8; 85] =
    b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_encodings_agree_with_their_specifications() {
        assert_eq!(base32(b"foobar", BASE32).as_slice(), b"MZXW6YTBOI");
        assert_eq!(base32(b"foobar", BASE32_HEX).as_slice(), b"CPNMUOJ1E8");
        assert_eq!(base85(&[0x86, 0x4f, 0xd2, 0x6f, 0xb5, 0x59, 0xf7, 0x5b], Z85).as_slice(), b"HelloWorld");
        assert_eq!(base85(b"Man ", &ascii85()).as_slice(), b"9jqo^");
        assert_eq!(base85(b"Man ", BASE85).as_slice(), b"O<`^z");
        assert_eq!(integer(b"Hello World!", BASE58).as_slice(), b"2NEpo7TZRRrLZSi2U");
        assert_eq!(base45(b"Hello!!").as_slice(), b"%69 VD92E");
        assert_eq!(integer(&[1, 0, 0], DECIMAL).as_slice(), b"65536");
    }
}
