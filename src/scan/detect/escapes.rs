//! Escapes: backslashes of all languages, percent signs, entities, and strings that are put together.

use std::ops::Range;

use zeroize::Zeroizing;

use super::classes::{hex_value, is_quote};

/// What a stretch of content says once its escapes are read, and where each byte of it came from.
pub(super) struct Decoded {
    bytes: Zeroizing<Vec<u8>>,
    places: Vec<usize>,
    end: usize,
    /// Whether something was read that is an escape in some languages only.
    guessed: bool,
}

impl Decoded {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where decoded bytes came from.
    pub(super) fn span(&self, decoded: Range<usize>) -> Range<usize> {
        let place = |at: usize| self.places.get(at).copied().unwrap_or(self.end);
        place(decoded.start)..place(decoded.end).max(place(decoded.start))
    }
}

/// Tells `found` the stretches with at least three numeric escapes near each other, or with one beside bytes that JSON
/// does not escape.
pub(super) fn regions(window: &[u8], mut found: impl FnMut(Range<usize>)) {
    let mut run: Option<Range<usize>> = None;
    let mut count = 0;
    let mut flush = |run: Range<usize>, count: usize| {
        if count >= LEAST {
            found(run.start.saturating_sub(BESIDE)..window.len().min(run.end + BESIDE));
        }
    };
    for at in memchr::memchr3_iter(b'\\', b'&', b'%', window) {
        let weight = weight(window, at);
        if weight == 0 {
            continue;
        }
        match &mut run {
            Some(run) if at - run.end <= APART && at - run.start <= LONGEST => {
                run.end = at;
                count += weight;
            }
            other => {
                let mut next = at..at;
                if let Some(run) = other.take() {
                    // What is cut for its length goes on with what it ended with.
                    if at - run.end <= APART {
                        next.start = at - CUT_OVERLAP;
                    }
                    flush(run, count);
                }
                *other = Some(next);
                count = weight;
            }
        }
    }
    if let Some(run) = run {
        flush(run, count);
    }
}

/// How much what may be an escape counts. JSON escapes few of the characters that stand for the bytes of a key: one such
/// beside one that it leaves as it is suffices.
fn weight(window: &[u8], at: usize) -> usize {
    let rest = &window[at..];
    let numeric = is_numeric(rest);
    let simple = matches!(rest, [b'\\', b'"' | b'\\' | b'b' | b'f', ..]);
    let beside = || &window[at.saturating_sub(BESIDE_ESCAPE)..window.len().min(at + BESIDE_ESCAPE)];
    if (numeric || simple) && beside().iter().any(|byte| matches!(byte, 0xc2 | 0xc3)) {
        LEAST
    } else {
        usize::from(numeric)
    }
}

fn is_numeric(bytes: &[u8]) -> bool {
    match bytes {
        [b'%', rest @ ..] => pair(rest).is_some(),
        [b'\\', b'x' | b'u' | b'U' | b'o' | b'0'..=b'9' | b'n' | b't' | b'r', ..] | [b'&', b'#', ..] => true,
        _ => false,
    }
}

/// The readings of a stretch: octal, decimal or hexadecimal numbers after a backslash, characters as bytes or as UTF-8, a plus sign as
/// itself or, as in forms, as a blank; and, as bytes of a key may be quotes or percent signs, backslashes alone.
pub(super) fn decode(region: &[u8]) -> Vec<Decoded> {
    let numbered = region.windows(2).any(|two| two[0] == b'\\' && two[1].is_ascii_digit());
    let characters = region.iter().any(|byte| *byte >= 0x80);
    let form = region.contains(&b'+') && region.contains(&b'%');
    let quotes = [b'"', b'\''].into_iter().filter(|quote| region.contains(quote));
    let mut all = vec![];
    for latin in [false, true].into_iter().filter(|latin| !latin || characters) {
        let plain = Reader { region, base: 8, latin, plus: false, strings: Strings::Apart };
        let joined = Reader { strings: Strings::Joined, ..plain }.read();
        let guessed = joined.guessed;
        all.push(joined);
        all.extend(guessed.then(|| plain.read()));
        all.extend(
            quotes.clone().filter(|_| guessed).map(|quote| Reader { strings: Strings::Opened(quote), ..plain }.read()),
        );
        for base in [10, 16].into_iter().filter(|_| numbered) {
            all.push(Reader { base, strings: Strings::Joined, ..plain }.read());
            all.extend(guessed.then(|| Reader { base, ..plain }.read()));
        }
    }
    let blanks = || Reader { region, base: 8, latin: false, plus: true, strings: Strings::Joined };
    all.extend(form.then(|| blanks().read()));
    all
}

#[derive(Clone, Copy)]
struct Reader<'a> {
    region: &'a [u8],
    /// Of the digits after a backslash.
    base: u8,
    /// Whether a character below U+0100 that is not escaped is one byte.
    latin: bool,
    /// Whether a plus sign is a blank.
    plus: bool,
    strings: Strings,
}

/// What becomes of quotes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Strings {
    /// They are characters, as percent signs and what looks like an entity are.
    Apart,
    /// Where one string ends and another begins, the two are one. Percent signs and entities are read.
    Joined,
    /// The same without percent signs and entities. A string ends with the quote it began with, at first this one; others
    /// are characters.
    Opened(u8),
}

impl Reader<'_> {
    fn read(mut self) -> Decoded {
        let mut decoded = Decoded {
            bytes: Zeroizing::new(Vec::with_capacity(self.region.len())),
            places: Vec::with_capacity(self.region.len()),
            end: self.region.len(),
            guessed: false,
        };
        let mut at = 0;
        while at < self.region.len() {
            let (byte, len) = self.step(at);
            let is_guess = len > 1 && GUESSED.contains(&self.region[at]);
            decoded.guessed |= is_guess && self.strings == Strings::Joined;
            if let (Strings::Opened(_), true) = (self.strings, is_guess) {
                self.strings = Strings::Opened(self.region[at + len - 1]);
            }
            if let Some(byte) = byte {
                decoded.bytes.push(byte);
                decoded.places.push(at);
            }
            at += len.max(1);
        }
        decoded
    }

    /// The next byte, if there is one, and how much of the region it takes.
    fn step(&self, at: usize) -> (Option<u8>, usize) {
        let rest = &self.region[at..];
        match rest[0] {
            b'\\' => self.backslash(rest),
            byte if self.is_character(byte) => (Some(byte), 1),
            b'%' => pair(&rest[1..]).map_or((Some(b'%'), 1), |byte| (Some(byte), 3)),
            b'+' if self.plus => (Some(b' '), 1),
            b'&' => entity(rest).unwrap_or((Some(b'&'), 1)),
            // In C, an end for an escape that would go on with the next character.
            quote if is_quote(quote) && rest.get(1) == Some(&quote) && rest.get(2) == Some(&b'\\') => (None, 2),
            quote if is_quote(quote) => seam(rest).map_or((Some(quote), 1), |len| (None, len)),
            0xc2 | 0xc3 if self.latin && rest.get(1).is_some_and(|next| next & 0xc0 == 0x80) => {
                (Some(rest[0] << 6 | rest[1] & 0x3f), 2)
            }
            byte => (Some(byte), 1),
        }
    }

    fn is_character(&self, byte: u8) -> bool {
        GUESSED.contains(&byte)
            && match self.strings {
                Strings::Apart => true,
                Strings::Joined => false,
                Strings::Opened(quote) => byte != quote,
            }
    }

    fn backslash(&self, rest: &[u8]) -> (Option<u8>, usize) {
        let Some(kind) = rest.get(1) else { return (Some(b'\\'), 1) };
        let simple = |byte| (Some(byte), 2);
        match *kind {
            b'x' | b'u' | b'o' if rest.get(2) == Some(&b'{') => {
                let base = if *kind == b'o' { 8 } else { 16 };
                let len = rest[3..].iter().take(9).take_while(|byte| **byte != b'}').count();
                (number(&rest[3..3 + len], base), len + 4)
            }
            b'x' => {
                let len = rest[2..].iter().take(2).take_while(|byte| hex_value(**byte).is_some()).count();
                if len == 0 { simple(b'x') } else { (number(&rest[2..2 + len], 16), len + 2) }
            }
            b'u' | b'U' => {
                let len = if *kind == b'u' { 4 } else { 8 };
                let digits = rest.get(2..2 + len).filter(|digits| digits.iter().all(|byte| hex_value(*byte).is_some()));
                digits.map_or(simple(*kind), |digits| (number(digits, 16), len + 2))
            }
            // CSS, which ends a shorter one with a blank.
            digit if self.base == 16 && hex_value(digit).is_some() => {
                let len = rest[1..].iter().take(6).take_while(|byte| hex_value(**byte).is_some()).count();
                let blank = usize::from(len < 6 && rest.get(len + 1) == Some(&b' '));
                (number(&rest[1..=len], 16), len + 1 + blank)
            }
            b'0'..=b'9' => {
                let digit = |byte: &&u8| hex_value(**byte).is_some_and(|value| value < self.base);
                let len = rest[1..].iter().take(3).take_while(digit).count();
                if len == 0 { simple(*kind) } else { (number(&rest[1..=len], u32::from(self.base)), len + 1) }
            }
            b'\r' | b'\n' => {
                let blank = rest[1..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
                (None, blank + 1)
            }
            b'a' => simple(7),
            b'b' => simple(8),
            b't' => simple(b'\t'),
            b'n' => simple(b'\n'),
            b'v' => simple(11),
            b'f' => simple(12),
            b'r' => simple(b'\r'),
            b'e' => simple(27),
            b's' => simple(b' '),
            b'&' => (None, 2),
            other => simple(other),
        }
    }
}

/// The lowest byte: a character of a key that is written as text or as bytes is below U+0100.
fn number(digits: &[u8], base: u32) -> Option<u8> {
    let mut value = 0_u32;
    for digit in digits.iter().filter_map(|byte| hex_value(*byte)) {
        value = value.wrapping_mul(base).wrapping_add(u32::from(digit));
    }
    u8::try_from(value & 0xff).ok()
}

fn pair(rest: &[u8]) -> Option<u8> {
    let [high, low, ..] = *rest else { return None };
    Some(hex_value(high)? << 4 | hex_value(low)?)
}

/// A numeric entity, or one of those that base64 and base85 need.
fn entity(rest: &[u8]) -> Option<(Option<u8>, usize)> {
    let len = rest.iter().take(12).position(|byte| *byte == b';')?;
    let name = &rest[1..len];
    let byte = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16),
        [b'#', digits @ ..] => number(digits, 10),
        _ => NAMED.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, byte)| *byte),
    };
    byte.map(|byte| (Some(byte), len + 1))
}

/// Whether an entity with a name stands there for a character of base64.
pub(super) fn is_named(rest: &[u8]) -> bool {
    rest.get(1).is_some_and(u8::is_ascii_lowercase)
        && entity(rest).is_some_and(|(byte, _)| matches!(byte, Some(b'+' | b'-' | b'/' | b'=' | b'_')))
}

/// From the quote that ends one string to the quote that begins the next, where the two are one.
pub(super) fn seam(rest: &[u8]) -> Option<usize> {
    let glue = |byte: &&u8| byte.is_ascii_whitespace() || b"+.&|\\,;()~%".contains(*byte);
    let between = rest[1..].iter().take(SEAM).take_while(glue).count();
    let next = &rest[1 + between..];
    let prefix = next.iter().take(3).take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'$').count();
    let opens = next.get(prefix).is_some_and(|byte| is_quote(*byte));
    // The quote that ends a string is escaped in none of the readings, and so neither is the next.
    let escaped = rest[between] == b'\\';
    (opens && !escaped && between + prefix > 0).then_some(between + prefix + 2)
}

const GUESSED: &[u8] = b"\"'`%&";

const NAMED: [(&str, u8); 14] = [
    ("amp", b'&'),
    ("apos", b'\''),
    ("equals", b'='),
    ("gt", b'>'),
    ("hyphen", b'-'),
    ("lowbar", b'_'),
    ("lt", b'<'),
    ("num", b'#'),
    ("nbsp", b' '),
    ("plus", b'+'),
    ("quot", b'"'),
    ("sol", b'/'),
    ("UnderBar", b'_'),
    ("dash", b'-'),
];

/// How many numeric escapes make a stretch worth reading.
const LEAST: usize = 3;

/// How far around an escape other characters are looked at.
const BESIDE_ESCAPE: usize = 16;

/// How far they may stand apart.
const APART: usize = 96;

/// How much before the first and after the last belongs to it.
const BESIDE: usize = 96;

/// A stretch is cut here, so that reading one takes bounded memory.
const LONGEST: usize = 64 * 1024;

/// What the two sides of a cut share.
const CUT_OVERLAP: usize = 1024;

/// How much may stand between two strings that are one.
const SEAM: usize = 256;
