//! How values of options are read that are no type of the library.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::time::Duration;

use strongroom::{MasterKeyVersion, Timestamp};

pub(super) fn share_count(text: &str) -> Result<OsString, &'static str> {
    match text.parse::<u8>() {
        Ok(count) if count >= 2 && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(text.into()),
        _ => Err("the number of shares is a number from 2 to 255"),
    }
}

pub(super) fn attribute(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("an attribute is KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

pub(super) fn duration(text: &str) -> Result<Duration, &'static str> {
    let wrong = "a time span is a number and y, w, d, h, m or s, such as 90d";
    let unit = text.chars().next_back().ok_or(wrong)?;
    let seconds = match unit {
        'y' => 365 * 86_400,
        'w' => 7 * 86_400,
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong),
    };
    let count = whole(&text[..text.len() - unit.len_utf8()]).ok_or(wrong)?;
    if count == Some(0) {
        return Err("a time span is at least 1");
    }
    // Longer ones end after the year 9999, the last that can be written.
    let span = count.and_then(|count| count.checked_mul(seconds)).filter(|seconds| *seconds <= MAX_SPAN_SECS);
    span.map(Duration::from_secs).ok_or("the time span is too long: 365000d is the longest")
}

/// A time, or a date: the beginning of that day in UTC.
pub(super) fn moment(text: &str) -> Result<Timestamp, String> {
    let is_date = text.len() == 10
        && text.bytes().enumerate().all(|(at, c)| if at == 4 || at == 7 { c == b'-' } else { c.is_ascii_digit() });
    let read = if is_date { format!("{text}T00:00:00Z").parse() } else { text.parse::<Timestamp>() };
    read.map_err(|_| "a time is a date such as 2027-01-31, or an RFC 3339 time such as 2027-01-31T00:00:00Z".into())
}

/// A time, or so long before now.
pub(super) fn moment_ago(text: &str) -> Result<Timestamp, String> {
    let ago = |span: Duration| {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        let at = Timestamp::from_unix_millis(Timestamp::now().unix_millis().saturating_sub(millis));
        at.ok_or_else(|| "that is before the year 0".to_owned())
    };
    moment(text).or_else(|wrong| duration(text).map_err(|_| format!("{wrong}, or a span such as 90d")).and_then(ago))
}

/// A time, or so long from now.
pub(super) fn moment_ahead(text: &str) -> Result<Timestamp, String> {
    let ahead = |span| Timestamp::now().saturating_add(span);
    moment(text).or_else(|wrong| duration(text).map(ahead).map_err(|_| format!("{wrong}, or a span such as 90d")))
}

pub(super) fn interval(text: &str) -> Result<Duration, &'static str> {
    let wrong = "a time span is a number and ms, s, m or h, such as 500ms";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count = whole(digits).ok_or(wrong)?;
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong),
    };
    let span =
        count.and_then(|count| count.checked_mul(millis)).filter(|span| (MIN_INTERVAL..=MAX_INTERVAL).contains(span));
    span.map(Duration::from_millis).ok_or("a time span from 50ms to 24h")
}

pub(super) fn subset(text: &str) -> Result<(NonZeroU32, NonZeroU32), &'static str> {
    let wrong = "a part is N/T, such as 3/7: the third of seven";
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or(wrong);
    let (part, parts) = text.split_once('/').ok_or(wrong)?;
    let (part, parts): (NonZeroU32, NonZeroU32) = (number(part)?, number(parts)?);
    if part <= parts { Ok((part, parts)) } else { Err("there is no such part: N is at most T") }
}

pub(super) fn version(text: &str) -> Result<MasterKeyVersion, String> {
    let version: u32 = number(text, 1, u32::MAX.into())?;
    version.try_into().map_err(|_| "it is a number from 1".into())
}

/// A number from `least` to `most`, in digits alone.
pub(super) fn number<T: TryFrom<u64>>(text: &str, least: u64, most: u64) -> Result<T, String> {
    let wrong = || {
        if most == u64::MAX {
            format!("it is a number from {least}")
        } else {
            format!("it is a number from {least} to {most}")
        }
    };
    let number = whole(text).ok_or_else(wrong)?.filter(|number| (least..=most).contains(number));
    number.and_then(|number| T::try_from(number).ok()).ok_or_else(wrong)
}

pub(super) fn count(text: &str) -> Result<NonZeroUsize, String> {
    number(text, 1, u64::MAX).map(|count| NonZeroUsize::new(count).unwrap_or(NonZeroUsize::MIN))
}

pub(super) fn rate(text: &str) -> Result<NonZeroU64, String> {
    number(text, 1, u64::MAX).map(|rate| NonZeroU64::new(rate).unwrap_or(NonZeroU64::MIN))
}

pub(super) fn seq(text: &str) -> Result<u64, String> {
    number(text, 0, u64::MAX)
}

/// What the digits say, if there is nothing else; inside, `None` for more than fits.
#[expect(clippy::option_option, reason = "no number, and one that is too large, are told apart")]
fn whole(digits: &str) -> Option<Option<u64>> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().ok())
}

pub(super) fn dash(text: &str) -> Result<(), &'static str> {
    if text == "-" { Ok(()) } else { Err("the only argument is a single dash; keys are read from standard input") }
}

const MAX_SPAN_SECS: u64 = 365_000 * 86_400;
const MIN_INTERVAL: u64 = 50;
const MAX_INTERVAL: u64 = 86_400_000;
