//! Digests of moments and long numbers as text.

use std::ops::Range;

use super::batch::Batch;
use super::matcher::Matcher;
use crate::time::Timestamp;

/// The numbers as decimal text: seconds since 1970 among them.
pub(super) fn numbers(key: &Matcher, numbers: Range<u32>) -> Option<&'static str> {
    let mut text = Decimal::of(numbers.start);
    let mut batch = Batch::new(key);
    let found = numbers.into_iter().find_map(|number| {
        let found =
            if number.is_multiple_of(4_096) && key.is_over() { Some("") } else { batch.commonest(text.digits()) };
        text.increment();
        found
    });
    found.filter(|found| !found.is_empty()).or_else(|| batch.finish())
}

/// Minutes since 1970, as ISO 8601 and its relatives write them.
pub(super) fn minutes(key: &Matcher, minutes: Range<u32>) -> Option<&'static str> {
    let mut batch = Batch::new(key);
    let found = minutes.into_iter().take_while(|_| !key.is_over()).find_map(|minute| {
        let text = written(60 * i64::from(minute))?;
        // 2026-11-24T09:30:00Z
        let (date, time) = (&text[..10], &text[11..16]);
        let plain: String = text.chars().filter(char::is_ascii_digit).collect();
        let forms = [
            format!("{date}T{time}:00Z"),
            format!("{date}T{time}:00"),
            format!("{date}T{time}:00.000Z"),
            format!("{date}T{time}:00+00:00"),
            format!("{date} {time}:00"),
            format!("{date}T{time}"),
            format!("{date} {time}"),
            plain[..12].to_owned(),
            plain[..14].to_owned(),
        ];
        forms.iter().find_map(|form| batch.commonest(form.as_bytes()))
    });
    found.or_else(|| batch.finish())
}

/// Seconds since 1970, in the commonest of these forms.
pub(super) fn seconds(key: &Matcher, seconds: Range<u32>) -> Option<&'static str> {
    let mut batch = Batch::new(key);
    let found = seconds.into_iter().take_while(|_| !key.is_over()).find_map(|second| {
        let text = written(i64::from(second))?;
        let text = &text[..19];
        let spaced = text.replacen('T', " ", 1);
        let zulu = format!("{text}Z");
        [text, &spaced, &zulu].iter().find_map(|form| batch.commonest(form.as_bytes()))
    });
    found.or_else(|| batch.finish())
}

fn written(seconds: i64) -> Option<String> {
    Some(Timestamp::from_unix_millis(seconds * 1_000)?.to_string())
}

/// Counting in text is faster than writing each number.
struct Decimal {
    text: [u8; 10],
    from: usize,
}

impl Decimal {
    fn of(number: u32) -> Self {
        let mut text = [b'0'; 10];
        text.copy_from_slice(format!("{number:010}").as_bytes());
        let from = text.iter().position(|digit| *digit != b'0').unwrap_or(9);
        Self { text, from }
    }

    fn digits(&self) -> &[u8] {
        &self.text[self.from..]
    }

    fn increment(&mut self) {
        for at in (0..10).rev() {
            if self.text[at] != b'9' {
                self.text[at] += 1;
                self.from = self.from.min(at);
                return;
            }
            self.text[at] = b'0';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::batch::sha256;
    use super::*;

    #[test]
    fn moments_are_found_in_each_form() {
        let moment = 1_764_063_000;
        for form in ["2025-11-25T09:30:00Z", "2025-11-25 09:30", "202511250930", "2025-11-25T09:30:00.000Z"] {
            let key = Matcher::new(&sha256(form.as_bytes()));
            assert!(minutes(&key, moment / 60 - 3..moment / 60 + 3).is_some(), "{form}");
            assert!(minutes(&key, moment / 60 + 1..moment / 60 + 3).is_none(), "{form}");
        }
        let key = Matcher::new(&sha256(b"2025-11-25 09:30:07"));
        assert!(seconds(&key, moment..moment + 10).is_some() && seconds(&key, moment..moment + 7).is_none());
        let key = Matcher::new(&sha256(b"1764063000"));
        assert!(numbers(&key, moment - 9..moment + 1).is_some() && numbers(&key, moment - 9..moment).is_none());
        assert!(numbers(&Matcher::new(&sha256(b"100")), 0..101).is_some());
    }
}
