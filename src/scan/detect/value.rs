//! A number as sources write it.

use super::classes::hex_value;

/// What a token of digits and letters may mean: a leading zero is octal in some languages and nothing in others.
#[derive(Clone, Copy, Default)]
pub(super) struct Value {
    readings: [Option<u128>; 2],
    scientific: Option<u128>,
    pub(super) negative: bool,
}

impl Value {
    /// Reads the token, which begins with a digit or with a mark before hexadecimal.
    pub(super) fn of(token: &[u8], negative: bool) -> Self {
        let second = token.get(1).map(u8::to_ascii_lowercase);
        let readings = match (token[0], second) {
            (b'1', Some(b'6')) if token.get(2) == Some(&b'#') => [digits(&token[3..], 16), None],
            (b'0', Some(b'x')) | (b'&' | b'#', Some(_)) => [digits(&token[2..], 16), None],
            (b'0', Some(b'o')) => [digits(&token[2..], 8), None],
            (b'0', Some(b'b')) if token.len() > 2 => [digits(&token[2..], 2), hexadecimal(token)],
            (b'0', Some(b'0'..=b'7' | b'_')) => [digits(token, 10), hexadecimal(token).or_else(|| octal(token))],
            _ => [digits(token, 10), hexadecimal(token)],
        };
        Self { readings, scientific: None, negative }
    }

    /// Or this, as the token goes on.
    pub(super) fn or(self, scientific: Option<u128>) -> Self {
        Self { scientific, ..self }
    }

    /// The low 64 bits of what the token may mean, in less time than reading it takes.
    #[inline]
    pub(super) fn low_bits(token: &[u8]) -> [u64; 2] {
        let len = token.iter().take_while(|byte| byte.is_ascii_digit()).count();
        // A suffix is passed over, unless it makes the number hexadecimal or goes on with it.
        let is_plain = (1..19).contains(&len)
            && token[0] != b'0'
            && (len == token.len()
                || !(matches!(token[len], b'_' | b'\'' | b'#') || token.ends_with(b"h") || token.ends_with(b"H")));
        if is_plain {
            return [token[..len].iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0')); 2];
        }
        let low =
            |value: Option<u128>| value.map_or(0, |value| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0));
        Self::of(token, false).readings.map(low)
    }

    /// The low 64 bits of all that it may mean.
    pub(super) fn lows(self) -> impl Iterator<Item = u64> {
        let low = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or_default();
        self.readings.into_iter().chain([self.scientific]).flatten().map(low)
    }

    #[cfg(test)]
    fn readings(self) -> impl Iterator<Item = u128> {
        self.readings.into_iter().flatten()
    }

    /// The number as `bits` bits, if it fits into them.
    pub(super) fn as_bits(self, bits: u32) -> impl Iterator<Item = u128> {
        self.readings
            .into_iter()
            .chain([self.scientific])
            .flatten()
            .filter_map(move |value| bits_of(value, self.negative, bits))
    }
}

fn bits_of(value: u128, negative: bool, bits: u32) -> Option<u128> {
    let mask = u128::MAX >> (128 - bits);
    if negative {
        (value <= mask / 2 + 1).then(|| value.wrapping_neg() & mask)
    } else {
        (value <= mask).then_some(value)
    }
}

/// The whole number at the beginning of `text` that is written with an exponent.
pub(super) fn scientific(text: &[u8]) -> Option<u128> {
    let (whole, rest) = split_digits(text);
    let (fraction, rest) = rest.strip_prefix(b".").map_or((&rest[..0], rest), split_digits);
    let [b'e' | b'E', rest @ ..] = rest else { return None };
    let down = rest.first() == Some(&b'-');
    let rest = if down { &rest[1..] } else { rest.strip_prefix(b"+").unwrap_or(rest) };
    let (exponent, _) = split_digits(rest);
    let exponent = digits(exponent, 10).and_then(|value| i32::try_from(value).ok()).filter(|value| *value < 40)?;
    let mantissa = digits(&[whole, fraction].concat(), 10)?;
    let scale = if down { -exponent } else { exponent } - i32::try_from(fraction.len()).ok()?;
    let power = 10_u128.checked_pow(scale.unsigned_abs())?;
    if scale >= 0 { mantissa.checked_mul(power) } else { (mantissa % power == 0).then(|| mantissa / power) }
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take_while(|byte| byte.is_ascii_digit()).count())
}

fn octal(token: &[u8]) -> Option<u128> {
    let octal = token.iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'_');
    octal.clone().all(|byte| !matches!(byte, b'8' | b'9')).then(|| digits(token, 8))?
}

/// With the suffix of assemblers: `1fh`.
fn hexadecimal(token: &[u8]) -> Option<u128> {
    let (last, rest) = token.split_last()?;
    let whole = last.eq_ignore_ascii_case(&b'h') && rest.iter().all(|byte| hex_value(*byte).is_some());
    whole.then(|| digits(rest, 16))?
}

/// The digits in front, without separators; a suffix such as `u8` is passed over.
fn digits(text: &[u8], base: u8) -> Option<u128> {
    let mut value = None;
    for byte in text.iter().filter(|byte| !matches!(byte, b'_' | b'\'')) {
        let Some(digit) = hex_value(*byte).filter(|digit| *digit < base) else { break };
        let shifted: u128 = value.unwrap_or(0_u128).checked_mul(u128::from(base))?;
        value = Some(shifted.checked_add(u128::from(digit))?);
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_languages_write_them() {
        let cases: [(&str, &[u128]); 16] = [
            ("31", &[31]),
            ("0x1f", &[31]),
            ("0X1F", &[31]),
            ("0x1fu8", &[31]),
            ("0x1f_u8", &[31]),
            ("31u8", &[31]),
            ("31UL", &[31]),
            ("0o37", &[31]),
            ("037", &[37, 31]),
            ("0b11111", &[31]),
            ("1Fh", &[1, 31]),
            ("01Fh", &[1, 31]),
            ("&H1F", &[31]),
            ("#x1f", &[31]),
            ("16#1F", &[31]),
            ("0xdead_beef", &[0xdead_beef]),
        ];
        for (text, values) in cases {
            assert_eq!(Value::of(text.as_bytes(), false).readings().collect::<Vec<_>>(), values, "{text}");
        }
        assert_eq!(Value::of(b"12", true).as_bits(8).collect::<Vec<_>>(), [244]);
        assert_eq!(Value::of(b"300", false).as_bits(8).count(), 0);
        for (text, value) in [("1e1", 10), ("2.55e+02", 255), ("1200e-2", 12), ("0.0e+00", 0), ("7E0", 7)] {
            assert_eq!(scientific(text.as_bytes()), Some(value), "{text}");
        }
        assert_eq!([b"2.55".as_slice(), b"2.55e1"].map(scientific), [None; 2]);
    }
}
