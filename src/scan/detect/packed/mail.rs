//! What mail used to carry bytes in: uuencode and quoted-printable.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::budget::Budget;
use super::layer::{Layer, Opened};
use super::trial::LEAST_CONTENT;
use crate::scan::detect::classes::hex_value;

pub(super) fn each(window: &[u8], budget: &mut Budget, opened: Opened<'_>) {
    uuencoded(window, budget, opened);
    quoted(window, budget, opened);
}

/// Blocks that are announced, and those that go on from before the window.
fn uuencoded(window: &[u8], budget: &mut Budget, opened: Opened<'_>) {
    let announced = ANNOUNCED.find_iter(window).filter_map(|at| line_end(window, at));
    let going_on = GOING_ON.find_iter(window);
    let mut starts: Vec<usize> = announced.chain(going_on).collect();
    starts.sort_unstable();
    let mut over = 0;
    // One buffer for all, set aside for the first line of a block: many lines begin like this without being of any.
    let mut content = Zeroizing::new(vec![]);
    for start in starts {
        if start < over {
            continue;
        }
        content.clear();
        let mut end = start;
        while let Some(next) = uu_line(window, end + 1, &mut content) {
            end = next;
        }
        over = end;
        if content.len() >= LEAST_CONTENT {
            opened(Layer::Encoded, &|_| start..end, &content, budget);
        }
    }
}

fn line_end(window: &[u8], at: usize) -> Option<usize> {
    memchr::memchr(b'\n', &window[at..window.len().min(at + MOST_NAME)]).map(|len| at + len)
}

/// Adds the bytes of the line at `at`, if it is as long as its first character says, and tells where it ends.
fn uu_line(window: &[u8], at: usize, content: &mut Vec<u8>) -> Option<usize> {
    let line = window.get(at..window.len().min(at + MOST_LINE))?;
    let len = memchr::memchr(b'\n', line).unwrap_or(line.len());
    let (first, text) = line[..len].trim_ascii_end().split_first()?;
    let value = |byte: u8| (b' '..=b'`').contains(&byte).then(|| (byte - b' ') & 0x3f);
    let bytes = usize::from(value(*first)?);
    // Blanks at the end are zeros, and may have been lost; a check may follow.
    if bytes == 0 || text.len() > bytes.div_ceil(3) * 4 + 1 {
        return None;
    }
    let mut row = Zeroizing::new([0_u8; MOST_BYTES]);
    for place in 0..bytes.div_ceil(3) * 4 {
        let six = value(text.get(place).copied().unwrap_or(b' '))?;
        let (byte, shift) = (place * 6 / 8, place * 6 % 8);
        let spread = (u16::from(six) << 10 >> shift).to_be_bytes();
        row[byte] |= spread[0];
        if let Some(next) = row.get_mut(byte + 1) {
            *next |= spread[1];
        }
    }
    if content.capacity() == 0 {
        content.reserve_exact(window.len());
    }
    content.extend_from_slice(&row[..bytes]);
    Some(at + len)
}

/// Stretches with many escapes of two capital digits after an equals sign.
fn quoted(window: &[u8], budget: &mut Budget, opened: Opened<'_>) {
    let mut run: Option<Range<usize>> = None;
    let mut count = 0;
    let mut close = |run: Range<usize>, count: usize, budget: &mut Budget| {
        if count >= LEAST_ESCAPES {
            let span = run.start.saturating_sub(BESIDE)..window.len().min(run.end + BESIDE);
            opened(Layer::Encoded, &|_| run.start..run.end + 3, &unquoted(&window[span]), budget);
        }
    };
    for at in memchr::memchr_iter(b'=', window) {
        if escape(&window[at..]).is_none() {
            continue;
        }
        match &mut run {
            Some(run) if at - run.end <= APART => {
                run.end = at;
                count += 1;
            }
            other => {
                if let Some(run) = other.take() {
                    close(run, count, budget);
                }
                *other = Some(at..at);
                count = 1;
            }
        }
    }
    if let Some(run) = run {
        close(run, count, budget);
    }
}

fn unquoted(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let mut content = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        at += match (escape(rest), rest) {
            (Some(byte), _) => {
                content.push(byte);
                3
            }
            (None, [b'=', b'\r', b'\n', ..]) => 3,
            (None, [b'=', b'\n', ..]) => 2,
            _ => {
                content.push(rest[0]);
                1
            }
        };
    }
    content
}

fn escape(rest: &[u8]) -> Option<u8> {
    let [b'=', high, low, ..] = rest else { return None };
    let capital = |digit: &u8| (!digit.is_ascii_lowercase()).then(|| hex_value(*digit)).flatten();
    Some(capital(high)? << 4 | capital(low)?)
}

/// The first character of a line says how many bytes it has; writers put 45 there, and 63 is the highest there is.
const MOST_BYTES: usize = 63;
/// Such a line, and its end.
const MOST_LINE: usize = 96;
/// The line that announces a block.
const MOST_NAME: usize = 256;
/// How far escapes of one stretch stand apart.
const APART: usize = 96;
const BESIDE: usize = 96;
const LEAST_ESCAPES: usize = 6;

static ANNOUNCED: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"begin "));
static GOING_ON: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\nM"));
