//! Moments in time: UTC, to the millisecond, written as RFC 3339.

use crate::parse_error::ParseError;
use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::written::written_as_text;

/// A moment in UTC, to the millisecond.
///
/// ```
/// use strongroom::Timestamp;
/// let at: Timestamp = "2026-03-01T12:00:00+01:00".parse()?;
/// assert_eq!(at.to_string(), "2026-03-01T11:00:00Z");
/// # Ok::<(), strongroom::ParseError>(())
/// ```
///
/// Parts of a second are written only where there are any, so compare moments and not their texts.
///
/// The last moment is 9999-12-30T22:00:00Z. What is later in that year, such as the 9999-12-31T23:59:59Z that databases hold
/// for *never*, is read as that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The present, from the operating system's clock.
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// Reads milliseconds since 1970-01-01T00:00:00Z; `None` outside the years 0 to 9999.
    pub fn from_unix_millis(millis: i64) -> Option<Self> {
        (EARLIEST..=LATEST).contains(&millis).then_some(Self(millis))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn unix_millis(self) -> i64 {
        self.0
    }

    /// This moment and `duration` more, at most the end of the year 9999.
    #[must_use]
    pub fn saturating_add(self, duration: Duration) -> Self {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(millis).min(LATEST))
    }

    /// How long ago `earlier` was; zero when it is not earlier.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl FromStr for Timestamp {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        match text.parse::<jiff::Timestamp>() {
            Ok(parsed) => Self::from_unix_millis(parsed.as_millisecond()).or_else(|| of_last_days(text)),
            Err(_) => of_last_days(text),
        }
        .ok_or_else(|| ParseError::new("time", "not an RFC 3339 time such as 2027-01-31T00:00:00Z"))
    }
}

/// The hours that have four digits of a year in some offsets only: one year earlier they can be read.
fn of_last_days(text: &str) -> Option<Timestamp> {
    let rest = text.strip_prefix("9999-12-3")?;
    format!("9998-12-3{rest}").parse::<jiff::Timestamp>().is_ok().then_some(Timestamp(LATEST))
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        fmt::Display::fmt(&time, out)
    }
}

written_as_text!(Timestamp);

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let millis = match time.duration_since(UNIX_EPOCH) {
            Ok(after) => i64::try_from(after.as_millis()).unwrap_or(LATEST),
            Err(before) => i64::try_from(before.duration().as_millis()).map_or(EARLIEST, |ms| -ms),
        };
        Self(millis.clamp(EARLIEST, LATEST))
    }
}

/// 0000-01-01T00:00:00Z and 9999-12-30T22:00:00Z, the last moment that every offset can write with four digits.
const EARLIEST: i64 = -62_167_219_200_000;
const LATEST: i64 = 253_402_207_200_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_print_as_they_are_read() {
        for text in ["1970-01-01T00:00:00Z", "2026-11-21T22:08:43.123Z", "9999-12-30T22:00:00Z"] {
            assert_eq!(text.parse::<Timestamp>().expect(text).to_string(), text);
        }
    }

    #[test]
    fn what_stands_for_never_is_the_last_moment() {
        for text in ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z", "9999-12-30T22:00:01Z"] {
            assert_eq!(text.parse::<Timestamp>().expect(text).unix_millis(), LATEST, "{text}");
        }
        for text in ["9999-12-32T00:00:00Z", "9999-12-31", "9999-12-31T24:59:59Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
        let (before, last) = ("9999-12-30T21:59:59Z", "9999-12-30T22:00:00Z");
        assert!(before.parse::<Timestamp>().expect("before") < last.parse::<Timestamp>().expect("last"));
    }

    #[test]
    fn a_time_without_an_offset_is_refused() {
        for text in ["", "2026-11-21", "2026-11-21T22:08:43", "tomorrow", "10000-01-01T00:00:00Z"] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_last_moment_is_never_passed() {
        let last = Timestamp::from_unix_millis(LATEST).expect("in range");
        assert_eq!(last.saturating_add(Duration::MAX), last);
        assert_eq!(last.to_string(), "9999-12-30T22:00:00Z");
    }
}
