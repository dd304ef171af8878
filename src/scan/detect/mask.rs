//! Sixty-four bytes at a time: one bit for each that is of a class. The loops are written so that the compiler makes vector
//! instructions of them.

/// What a mask is made of.
pub(super) const BLOCK: usize = 64;

/// The bytes from `at` on, with zeros behind the end.
#[inline]
pub(super) fn block(window: &[u8], at: usize) -> [u8; BLOCK] {
    let rest = &window[at..];
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut padded = [0; BLOCK];
        padded[..rest.len()].copy_from_slice(rest);
        padded
    })
}

/// The lowest bit is the first byte's.
#[inline]
pub(super) fn of(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let ones = block.map(|byte| u8::from(is(byte)));
    // The product moves the lowest bits of eight bytes into the highest byte.
    let eight = |eight: &[u8; 8]| u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    ones.as_chunks().0.iter().rev().fold(0, |mask, bytes| mask << 8 | eight(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_has_its_bit() {
        for place in 0..BLOCK {
            let mut window = [b'a'; BLOCK];
            window[place] = b'7';
            assert_eq!(of(&block(&window, 0), |byte| byte.is_ascii_digit()), 1 << place);
        }
        assert_eq!(of(&block(b"a1b22", 1), |byte| byte.is_ascii_digit()), 0b1101);
    }
}
