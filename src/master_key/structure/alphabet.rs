//! Which values the bytes take, whatever their order.

pub(super) type Key = [u8; 32];

pub(super) fn one_byte(key: &Key) -> bool {
    key.iter().all(|byte| *byte == key[0])
}

/// 98 values: (98/256)^32.
pub(super) fn text(key: &Key) -> bool {
    key.iter().all(|byte| is_text(*byte))
}

pub(super) fn is_text(byte: u8) -> bool {
    byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

pub(super) fn digits(key: &Key) -> bool {
    key.iter().all(u8::is_ascii_digit)
}

pub(super) fn hex_text(key: &Key) -> bool {
    key.iter().all(u8::is_ascii_hexdigit)
}

/// The first 32 of the 36 characters, or hexadecimal with version and variant where a UUID has them.
pub(super) fn uuid_text(key: &Key) -> bool {
    let hyphens = |at: usize| matches!(at, 8 | 13 | 18 | 23);
    key.iter().enumerate().all(|(at, byte)| if hyphens(at) { *byte == b'-' } else { byte.is_ascii_hexdigit() })
}

pub(super) fn base64_text(key: &Key) -> bool {
    let standard = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let url_safe = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'=');
    key.iter().all(standard) || key.iter().all(url_safe)
}

/// UTF-8 without control characters; a character cut off at either end is looked past.
pub(super) fn utf8_text(key: &Key) -> bool {
    let begins = key.iter().take(3).take_while(|byte| **byte & 0xc0 == 0x80).count();
    let whole = &key[begins..];
    let end = match std::str::from_utf8(whole) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => whole.len(),
    };
    readable(&whole[..end])
}

fn readable(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes)
        .is_ok_and(|text| text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\r' | '\n')))
}

/// Readable after one exclusive-or or one sum with a constant, or with the bits of each byte, or of the key, turned.
pub(super) fn masked_text(key: &Key) -> bool {
    let readable = |turn: &dyn Fn(usize, u8) -> u8| {
        key.iter().enumerate().all(|(at, byte)| matches!(turn(at, *byte), b' '..=b'~'))
    };
    (1..=255).any(|mask| readable(&|_, byte| byte ^ mask))
        || (1..8).any(|by| readable(&|_, byte| byte.rotate_left(by)))
        || readable(&|_, byte| byte.reverse_bits())
        || (1..8).any(|by| {
            let shifted = |at: usize| (key[at] << by) | (key[at + 1] >> (8 - by));
            (0..31).all(|at| matches!(shifted(at), b' '..=b'~'))
        })
}

/// Every nibble is 0 to 9: (10/16)^64.
pub(super) fn decimal_coded(key: &Key) -> bool {
    key.iter().all(|byte| byte >> 4 < 10 && byte & 15 < 10)
}

pub(super) fn few_values(key: &Key) -> bool {
    distinct(key.iter().copied()) <= 18
}

/// Differences and exclusive-ors of neighbours: 31 of them, 16 values at most.
pub(super) fn few_steps(key: &Key) -> bool {
    let few = |step: fn(u8, u8) -> u8| distinct(key.windows(2).map(|pair| step(pair[0], pair[1]))) <= 16;
    few(|early, late| late.wrapping_sub(early)) || few(|early, late| late ^ early)
}

pub(super) fn few_nibbles(key: &Key) -> bool {
    let (high, low) = (key.iter().map(|byte| byte >> 4), key.iter().map(|byte| byte & 15));
    distinct(high.clone()) <= 5 || distinct(low.clone()) <= 5 || distinct(high.chain(low)) <= 9
}

/// All within 92 neighbouring values, taken as a circle, or all below 120.
pub(super) fn narrow_range(key: &Key) -> bool {
    let within = |start: u8, size: u8| key.iter().all(|byte| byte.wrapping_sub(start) < size);
    within(0, 120) || (0..=255).any(|start| within(start, 92))
}

/// The bytes lie in an affine subspace of dimension 6 or less of GF(2)^8: there are 43180 of dimension 6.
pub(super) fn flat(key: &Key) -> bool {
    dimension(key) <= 6
}

/// The dimension of the smallest affine subspace that holds all bytes.
pub(super) fn dimension(bytes: &[u8]) -> usize {
    let mut basis = [0_u8; 8];
    for byte in bytes {
        let mut rest = byte ^ bytes[0];
        for bit in (0..8).rev() {
            if rest >> bit & 1 == 1 {
                if basis[bit] == 0 {
                    basis[bit] = rest;
                    break;
                }
                rest ^= basis[bit];
            }
        }
    }
    basis.iter().filter(|vector| **vector != 0).count()
}

pub(super) fn multiples(key: &Key) -> bool {
    (3..=64).any(|divisor| key.iter().all(|byte| byte % divisor == key[0] % divisor))
}

pub(super) fn few_bits(key: &Key) -> bool {
    let set: u32 = key.iter().map(|byte| byte.count_ones()).sum();
    !(74..=182).contains(&set)
}

/// All 32, or the 16 of one half: C(271,16)/256^16 for each half and direction.
pub(super) fn sorted(key: &Key) -> bool {
    let (first, second) = key.split_at(16);
    [first, second].iter().any(|half| half.is_sorted() || half.iter().rev().is_sorted())
}

pub(super) fn seven_bit(key: &Key) -> bool {
    key.iter().all(u8::is_ascii)
}

pub(super) fn eight_bit(key: &Key) -> bool {
    !key.iter().any(u8::is_ascii)
}

pub(super) fn constant_bit(key: &Key) -> bool {
    let (set, clear) = key.iter().fold((255, 255), |(set, clear), byte| (set & byte, clear & !byte));
    let parity = |byte: &u8| byte.count_ones() % 2;
    set | clear != 0 || key.iter().all(|byte| parity(byte) == parity(&key[0]))
}

pub(super) fn distinct(values: impl Iterator<Item = u8>) -> usize {
    let mut seen = [false; 256];
    values.for_each(|value| seen[usize::from(value)] = true);
    seen.iter().filter(|seen| **seen).count()
}
