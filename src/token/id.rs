//! The id of an API key: a ULID, which sorts by the time of issue.

use std::fmt;
use std::str::FromStr;

use crate::parse_error::ParseError;
use crate::secret::{Drawn, RandomError};
use crate::time::Timestamp;
use crate::written::written_as_text;

/// 48 bits of Unix milliseconds and 80 random bits, written as 26 characters of lower-case Crockford base32.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ApiKeyId(u128);

impl ApiKeyId {
    /// The id of the sentinel, the highest there is: it stands after every API key and is none itself.
    pub(crate) const SENTINEL: Self = Self(u128::MAX);
    pub(crate) const TEXT_LEN: usize = 26;
    /// Bytes that are drawn for one.
    pub(crate) const RANDOM_LEN: usize = 10;

    /// A fresh id for an API key issued at `now`.
    pub(crate) fn random(now: Timestamp) -> Result<Self, RandomError> {
        Self::drawn(now, &mut Drawn::about(Self::RANDOM_LEN))
    }

    /// The same from bytes that are drawn for many.
    pub(crate) fn drawn(now: Timestamp, drawn: &mut Drawn) -> Result<Self, RandomError> {
        let millis = u64::try_from(now.unix_millis()).unwrap_or(0) & 0xffff_ffff_ffff;
        let tail: [u8; Self::RANDOM_LEN] = drawn.array()?;
        Ok(Self(tail.iter().fold(u128::from(millis), |id, byte| (id << 8) | u128::from(*byte))))
    }

    pub(crate) fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(u128::from_be_bytes(bytes))
    }

    /// Reads the key of a row.
    pub(crate) fn from_row(key: &[u8]) -> Option<Self> {
        key.try_into().ok().map(Self::from_bytes)
    }

    pub(crate) fn to_bytes(self) -> [u8; 16] {
        self.0.to_be_bytes()
    }

    /// The first and the last id that begin with this; `None` when no id does.
    pub(crate) fn range_of(beginning: &str) -> Option<(Self, Self)> {
        if beginning.len() > Self::TEXT_LEN {
            return None;
        }
        let filled = |with: &str| format!("{beginning}{}", with.repeat(Self::TEXT_LEN - beginning.len())).parse().ok();
        // Of an empty beginning the last would begin with more than 7.
        let last = if beginning.is_empty() { Some(Self::SENTINEL) } else { filled("z") };
        Some((filled("0")?, last?))
    }

    /// The id before this one.
    pub(crate) fn before(self) -> Option<Self> {
        self.0.checked_sub(1).map(Self)
    }

    pub(crate) fn encode(self, buffer: &mut [u8; Self::TEXT_LEN]) -> &str {
        let mut rest = self.0;
        for character in buffer.iter_mut().rev() {
            *character = CROCKFORD[(rest & 31) as usize];
            rest >>= 5;
        }
        std::str::from_utf8(buffer).expect("the alphabet is ASCII")
    }
}

impl FromStr for ApiKeyId {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        // 26 characters hold 130 bits: the first may only be 0 to 7.
        if text.len() != Self::TEXT_LEN || text.as_bytes()[0] > b'7' {
            return Err(no_id());
        }
        let (mut id, mut seen) = (0, 0);
        // In parts that a register holds.
        for part in text.as_bytes().chunks(PART) {
            let bits = part.iter().fold(0, |bits, byte| {
                let value = VALUES[usize::from(*byte)];
                seen |= value;
                (bits << 5) | u64::from(value)
            });
            id = (id << (5 * part.len())) | u128::from(bits);
        }
        if seen < 32 { Ok(Self(id)) } else { Err(no_id()) }
    }
}

impl fmt::Display for ApiKeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.encode(&mut [0; Self::TEXT_LEN]))
    }
}

written_as_text!(ApiKeyId);

impl fmt::Debug for ApiKeyId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

fn no_id() -> ParseError {
    ParseError::new("API key id", "an API key id is 26 characters such as 01kb0c5x7mq8e4t2v9rwyz3abd")
}

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Characters whose bits fit into a register together.
const PART: usize = 10;
const NONE: u8 = 0xff;
const VALUES: [u8; 256] = {
    let mut values = [NONE; 256];
    let mut at = 0;
    while at < 32 {
        values[CROCKFORD[at as usize] as usize] = at;
        at += 1;
    }
    values
};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_id_has_one_spelling() {
        let good = "01kb0c5x7mq8e4t2v9rwyz3abd";
        assert_eq!(good.parse::<ApiKeyId>().expect("good").to_string(), good);
        for bad in [
            "",
            "01KB0C5X7MQ8E4T2V9RWYZ3ABD",
            "81kb0c5x7mq8e4t2v9rwyz3abd",
            "01kb0c5x7mq8e4t2v9rwyz3abu",
            &good[1..],
            "é1kb0c5x7mq8e4t2v9rwyz3ab",
        ] {
            assert!(bad.parse::<ApiKeyId>().is_err(), "{bad}");
        }
        assert_eq!(ApiKeyId::SENTINEL.to_string(), "7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn ids_sort_by_time_as_text_and_as_bytes() {
        let at = |millis| ApiKeyId::random(Timestamp::from_unix_millis(millis).expect("time")).expect("random");
        let (early, late) = (at(1_000), at(2_000));
        assert!(early < late && early.to_string() < late.to_string() && early.to_bytes() < late.to_bytes());
    }

    #[test]
    fn the_ids_of_a_beginning_lie_between_its_first_and_its_last() {
        let id: ApiKeyId = "01kb0c5x7mq8e4t2v9rwyz3abd".parse().expect("good");
        for len in 0..=ApiKeyId::TEXT_LEN {
            let (first, last) = ApiKeyId::range_of(&id.to_string()[..len]).expect("a beginning");
            assert!(first <= id && id <= last && (first == last) == (len == ApiKeyId::TEXT_LEN), "{len}");
        }
        for none in ["8", "u", "01KB", "é", &format!("{id}0")] {
            assert_eq!(ApiKeyId::range_of(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn every_id_reads_back(bytes: [u8; 16]) {
            let id = ApiKeyId::from_bytes(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            prop_assert_eq!(ApiKeyId::from_row(&id.to_bytes()), Some(id));
        }
    }
}
