//! Ids of known shape, of which only a part is random.

/// The random bits of a UUID with its hyphens, or of a ULID.
///
/// Of a time, a second is known to who sees when the API key was made. Node and sequence of version 1 are those of all others from the
/// same machine.
pub(super) fn bits(text: &str) -> Option<f64> {
    if is_one(text) {
        return match text.as_bytes()[VERSION] {
            b'1' | b'2' | b'6' => Some(HUNDREDS_OF_NANOSECONDS + 14.0),
            b'7' => Some(MILLISECONDS + 74.0),
            _ => Some(122.0),
        };
    }
    is_ulid(text).then_some(MILLISECONDS + 80.0)
}

/// Whether it has the shape of a UUID with its hyphens.
pub(super) fn is_one(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, c)| match at {
            8 | 13 | 18 | 23 => c == b'-',
            _ => c.is_ascii_hexdigit(),
        })
}

/// Of our times: of random Crockford base32 2^-10 has them.
fn is_ulid(text: &str) -> bool {
    let of_alphabet = |c: u8| c.is_ascii_alphanumeric() && !b"ILOU".contains(&c.to_ascii_uppercase());
    text.len() == 26 && text.starts_with("01") && text.bytes().all(of_alphabet)
}

/// Where the version stands in the text.
const VERSION: usize = 14;
/// In a second, in bits.
const MILLISECONDS: f64 = 10.0;
const HUNDREDS_OF_NANOSECONDS: f64 = 23.3;
