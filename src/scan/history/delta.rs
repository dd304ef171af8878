//! Rebuilds an object from a base and a delta (gitformat-pack, Deltified representation).

/// Applies `delta` to `base`. `None` when the two do not fit, or the result would be longer than `limit`.
pub(super) fn apply(base: &[u8], delta: &[u8], limit: u64) -> Option<Vec<u8>> {
    let (base_len, rest) = size(delta)?;
    let (result_len, mut rest) = size(rest)?;
    if base_len != base.len() as u64 || result_len > limit {
        return None;
    }
    let result_len = usize::try_from(result_len).ok()?;
    let mut result = vec![];
    // What a delta claims to make is allocated as it is made.
    result.try_reserve_exact(result_len.min(base.len().saturating_add(delta.len()))).ok()?;
    while let Some((&opcode, after)) = rest.split_first() {
        let piece = if opcode & 0x80 == 0 {
            let (piece, after) = after.split_at_checked(usize::from(opcode)).filter(|_| opcode != 0)?;
            rest = after;
            piece
        } else {
            let (copied, after) = copy(opcode, after, base)?;
            rest = after;
            copied
        };
        if piece.len() > result_len - result.len() {
            return None;
        }
        result.extend_from_slice(piece);
    }
    (result.len() == result_len).then_some(result)
}

fn copy<'b, 'd>(opcode: u8, mut rest: &'d [u8], base: &'b [u8]) -> Option<(&'b [u8], &'d [u8])> {
    let mut number = |bits: std::ops::Range<u8>| -> Option<usize> {
        let mut value = 0;
        for (shift, bit) in bits.enumerate() {
            if opcode & (1 << bit) != 0 {
                let (&byte, after) = rest.split_first()?;
                value |= usize::from(byte) << (8 * shift);
                rest = after;
            }
        }
        Some(value)
    };
    let start = number(0..4)?;
    let len = match number(4..7)? {
        0 => 0x1_0000,
        len => len,
    };
    Some((base.get(start..start.checked_add(len)?)?, rest))
}

/// Seven bits a byte, the lowest first.
fn size(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0_u64;
    for (at, byte) in bytes.iter().enumerate().take(10) {
        value |= u64::from(byte & 0x7f).checked_shl(7 * u32::try_from(at).ok()?)?;
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_and_inserts_are_put_together() {
        let base = b"hello world";
        let delta = [11, 9, 0x90, 5, 4, b' ', b'y', b'o', b'u'];
        assert_eq!(apply(base, &delta, 100).expect("fits"), b"hello you");
    }

    #[test]
    fn a_delta_that_does_not_fit_makes_nothing() {
        let base = b"hello world";
        let cases: [(&str, &[u8]); 8] = [
            ("empty", &[]),
            ("another base", &[10, 1, 1, b'x']),
            ("result too short", &[11, 5, 1, b'x']),
            ("result too long", &[11, 1, 2, b'x', b'y']),
            ("copy past the end of the base", &[11, 5, 0x91, 8, 5]),
            ("insert past the end of the delta", &[11, 5, 5, b'x']),
            ("reserved opcode", &[11, 1, 0, 1, b'x']),
            ("size without an end", &[0xff; 12]),
        ];
        for (what, delta) in cases {
            assert!(apply(base, delta, 100).is_none(), "{what}");
        }
        assert!(apply(base, &[11, 9, 0x90, 5, 4, b' ', b'y', b'o', b'u'], 8).is_none(), "over the limit");
    }
}
