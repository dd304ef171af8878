//! How values of options are read that are no type of the library.

use std::ffi::OsString;
use std::num::{NonZeroU32, ParseIntError};
use std::time::Duration;

use strongroom::MasterKeyVersion;

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
    let wrong = "a time span is a number and d, h, m or s, such as 90d";
    let unit = text.chars().next_back().ok_or(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong),
    };
    let digits = &text[..text.len() - 1];
    let count: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())).ok_or(wrong)?;
    if count == 0 {
        return Err("a time span is at least 1");
    }
    // Longer ones end after the year 9999, the last that can be written.
    let span = count.checked_mul(seconds).filter(|seconds| *seconds <= MAX_SPAN_SECS);
    span.map(Duration::from_secs).ok_or("the time span is too long: 365000d is the longest")
}

pub(super) fn interval(text: &str) -> Result<Duration, &'static str> {
    let wrong = "a time span is a number and ms, s, m or h, such as 500ms";
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let count: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())).ok_or(wrong)?;
    let millis = match &text[digits.len()..] {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(wrong),
    };
    let span = count.checked_mul(millis).filter(|span| (MIN_INTERVAL..=MAX_INTERVAL).contains(span));
    span.map(Duration::from_millis).ok_or("a time span from 50ms to 24h")
}

pub(super) fn subset(text: &str) -> Result<(NonZeroU32, NonZeroU32), &'static str> {
    let wrong = "a part is N/T, such as 3/7: the third of seven";
    let number = |text: &str| text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit())).ok_or(wrong);
    let (part, parts) = text.split_once('/').ok_or(wrong)?;
    let (part, parts): (NonZeroU32, NonZeroU32) = (number(part)?, number(parts)?);
    if part <= parts { Ok((part, parts)) } else { Err("there is no such part: N is at most T") }
}

/// What the standard library says of a number that is none.
pub(super) fn version(text: &str) -> Result<MasterKeyVersion, ParseIntError> {
    text.parse().map(NonZeroU32::into)
}

pub(super) fn dash(text: &str) -> Result<(), &'static str> {
    if text == "-" { Ok(()) } else { Err("the only argument is a single dash; keys are read from standard input") }
}

const MAX_SPAN_SECS: u64 = 365_000 * 86_400;
const MIN_INTERVAL: u64 = 50;
const MAX_INTERVAL: u64 = 86_400_000;
