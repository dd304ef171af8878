//! Lists of numbers: finds sequences that are known by their last number, and compares backwards.

use std::collections::HashMap;
use std::ops::Range;

use zeroize::Zeroizing;

use super::classes::{hex_value, is_word};
use super::mask::{self, BLOCK};
use super::sequence::Sequence;
use super::value::{self, Value};

/// Known sequences, ready to be searched.
#[derive(Default)]
pub(super) struct Numbers {
    sequences: Vec<Sequence>,
    /// One bit for each value of a hash of the last numbers, plain and negated.
    filter: Zeroizing<Vec<u64>>,
    /// The same for the last two.
    pairs: Zeroizing<Vec<u64>>,
    /// The sequences that end with a number of these low bits, plain or negated.
    ends: HashMap<u64, Vec<usize>>,
}

impl Numbers {
    pub(super) fn new(sequences: Vec<Sequence>) -> Self {
        let mut filter = Zeroizing::new(vec![0_u64; FILTER_BITS / 64]);
        let mut pairs = filter.clone();
        let mut ends: HashMap<u64, Vec<usize>> = HashMap::new();
        for (index, sequence) in sequences.iter().enumerate() {
            let [.., previous, last] = sequence.words[..] else { continue };
            let both = |word: u128| [low(word), low(word.wrapping_neg() & (u128::MAX >> (128 - sequence.bits)))];
            for last in both(last) {
                set(&mut filter, slot(last));
                let ending = ends.entry(last).or_default();
                if ending.last() != Some(&index) {
                    ending.push(index);
                }
                for previous in both(previous) {
                    set(&mut pairs, pair_slot(previous, last));
                }
            }
        }
        Self { sequences, filter, pairs, ends }
    }

    /// Tells `found` each known sequence in the window, and where it stands.
    pub(super) fn search(&self, window: &[u8], found: &mut dyn FnMut(&Sequence, Range<usize>)) {
        let mut recent = Recent::default();
        for token in Tokens::of(window) {
            let low = Value::low_bits(token.text(window));
            recent.push(token.clone(), low);
            let is_float = token.scientific(window).is_some();
            recent.has_float |= is_float;
            let may_end = || low.iter().any(|value| is_set(&self.filter, slot(*value))) && self.may_end(&recent);
            if is_float || may_end() {
                self.ending(window, &recent, &token.value(window), found);
            }
        }
    }

    /// Whether one of the numbers before the last may be before it in a sequence; those between are comments and indices.
    fn may_end(&self, recent: &Recent) -> bool {
        let last = recent.low(0);
        let pair = |before: &[u64; 2]| {
            before.iter().any(|before| last.iter().any(|last| is_set(&self.pairs, pair_slot(*before, *last))))
        };
        (1..=BEFORE).any(|steps| pair(&recent.low(steps))) || recent.has_float
    }

    fn ending(&self, window: &[u8], recent: &Recent, value: &Value, found: &mut dyn FnMut(&Sequence, Range<usize>)) {
        let mut tried: Option<u64> = None;
        for low in value.lows() {
            if tried.replace(low) == Some(low) {
                continue;
            }
            for index in self.ends.get(&low).into_iter().flatten() {
                let sequence = &self.sequences[*index];
                if !value.as_bits(sequence.bits).any(|bits| Some(&bits) == sequence.words.last()) {
                    continue;
                }
                let span = recent.ends_with(window, sequence, false);
                if let Some(span) = span.or_else(|| recent.ends_with(window, sequence, true)) {
                    found(sequence, span);
                }
            }
        }
    }
}

fn set(filter: &mut [u64], slot: usize) {
    filter[slot / 64] |= 1 << (slot % 64);
}

#[inline]
fn is_set(filter: &[u64], slot: usize) -> bool {
    filter[slot / 64] >> (slot % 64) & 1 == 1
}

#[inline]
fn pair_slot(previous: u64, last: u64) -> usize {
    slot(previous.wrapping_mul(0xd6e8_feb8_6659_fd93).rotate_left(32) ^ last)
}

fn slot(value: u64) -> usize {
    let hash = value.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS.trailing_zeros());
    usize::try_from(hash).expect("below the length of the filter")
}

fn low(value: u128) -> u64 {
    u64::try_from(value & u128::from(u64::MAX)).expect("64 bits")
}

/// A number in the content.
#[derive(Clone)]
pub(super) struct Token {
    pub(super) span: Range<usize>,
}

impl Token {
    fn text<'a>(&self, window: &'a [u8]) -> &'a [u8] {
        &window[self.span.start..self.span.end.min(self.span.start + LONGEST)]
    }

    pub(super) fn value(&self, window: &[u8]) -> Value {
        let negative = self.span.start > 0 && window[self.span.start - 1] == b'-';
        Value::of(self.text(window), negative).or(self.scientific(window))
    }

    /// The whole number that this and what follows is with an exponent: `1.27e+02`.
    #[inline]
    fn scientific(&self, window: &[u8]) -> Option<u128> {
        let text = self.text(window);
        let fraction = window.get(self.span.end) == Some(&b'.');
        let exponent = || text.iter().any(|byte| matches!(byte, b'e' | b'E'));
        if text.len() > 4 || !fraction && !exponent() {
            return None;
        }
        let rest = &window[self.span.start..window.len().min(self.span.start + LONGEST_FLOAT)];
        value::scientific(rest)
    }
}

/// The numbers of the content, in order.
pub(super) struct Tokens<'a> {
    window: &'a [u8],
    /// Up to where the content was read.
    at: usize,
    /// Where a byte in hexadecimal ends that another follows without anything between them: `0x1f0x2a`.
    run: Option<usize>,
    /// Where numbers may begin in the block that ends before `next`.
    starts: u64,
    next: usize,
}

impl<'a> Tokens<'a> {
    pub(super) fn of(window: &'a [u8]) -> Self {
        Self { window, at: 0, run: None, starts: 0, next: 0 }
    }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    #[inline]
    fn next(&mut self) -> Option<Token> {
        loop {
            let start = self.next_start()?;
            if !self.window[start].is_ascii_digit() {
                let len = marked_len(&self.window[start..]);
                self.at = start + len.max(1);
                if len > 0 {
                    return Some(Token { span: start..self.at });
                }
                continue;
            }
            let before = start.checked_sub(1).map(|at| self.window[at]);
            let rest = &self.window[start..];
            let mut end = start + token_len(rest);
            // Hexadecimal of Erlang and Ada: `16#FF`, `16#FF#`; Pascal has `#16#255`.
            if before != Some(b'#') && matches!(rest, [b'1', b'6', b'#', digit, ..] if hex_value(*digit).is_some()) {
                end = start + 3 + token_len(&rest[3..]);
            }
            if matches!(rest, [b'0', b'x' | b'X', _, _, b'0', b'x' | b'X', ..]) {
                end = start + 4;
                self.run = Some(end);
            }
            self.at = end;
            return Some(Token { span: start..end });
        }
    }
}

impl Tokens<'_> {
    /// The place of the next digit that is not inside of a word, or of a mark that may stand before hexadecimal.
    #[inline]
    fn next_start(&mut self) -> Option<usize> {
        if let Some(start) = self.run.take() {
            return Some(start);
        }
        loop {
            while self.starts == 0 {
                if self.next >= self.window.len() {
                    return None;
                }
                self.starts = starts(self.window, self.next);
                self.next += BLOCK;
            }
            let start = self.next - BLOCK + self.starts.trailing_zeros() as usize;
            self.starts &= self.starts - 1;
            if start >= self.at {
                return Some(start);
            }
        }
    }
}

fn starts(window: &[u8], at: usize) -> u64 {
    let block = mask::block(window, at);
    let digits = mask::of(&block, |byte| byte.is_ascii_digit());
    let marks = mask::of(&block, |byte| matches!(byte, b'&' | b'#'));
    if digits == 0 {
        return marks;
    }
    let letters = mask::of(&block, |byte| byte.is_ascii_alphanumeric() || byte == b'_');
    let goes_on = at > 0 && is_word(window[at - 1]);
    digits & !(letters << 1 | u64::from(goes_on)) | marks
}

/// Hexadecimal as Basic and Lisp mark it, `&HFF` and `#xFF`: how long it is, or zero.
fn marked_len(bytes: &[u8]) -> usize {
    match bytes {
        [b'&', b'H' | b'h', digit, ..] | [b'#', b'x' | b'X', digit, ..] if hex_value(*digit).is_some() => {
            2 + token_len(&bytes[2..])
        }
        _ => 0,
    }
}

/// Letters, digits, underscores, and the separators of C++.
fn token_len(bytes: &[u8]) -> usize {
    let mut at = 1;
    loop {
        at += bytes[at..].iter().take_while(|byte| is_word(**byte)).count();
        let separator = bytes.get(at) == Some(&b'\'')
            && hex_value(bytes[at - 1]).is_some()
            && bytes.get(at + 1).is_some_and(|next| hex_value(*next).is_some());
        if !separator {
            return at;
        }
        at += 1;
    }
}

/// The numbers seen last.
#[derive(Default)]
struct Recent {
    ring: Vec<(Token, [u64; 2])>,
    next: usize,
    /// Whether a number with an exponent was seen, of which the low bits are others.
    has_float: bool,
}

impl Recent {
    fn push(&mut self, token: Token, low: [u64; 2]) {
        if self.ring.len() < RING {
            self.ring.push((token, low));
        } else {
            self.ring[self.next % RING] = (token, low);
        }
        self.next += 1;
    }

    /// The low bits of the number so many steps before the last; those of the last where there are fewer.
    #[inline]
    fn low(&self, steps: usize) -> [u64; 2] {
        let at = self.next.saturating_sub(steps + 1);
        self.ring.get(at % RING).map_or([0; 2], |(_, low)| *low)
    }

    /// Where the sequence stands, if it ends with the last number. With `aside`, numbers in comments, indices and
    /// names of members are passed over.
    fn ends_with(&self, window: &[u8], sequence: &Sequence, aside: bool) -> Option<Range<usize>> {
        let mut wanted = sequence.words.len();
        let end = self.back(0)?.span.end;
        let mut start = end;
        for steps in 0..self.ring.len() {
            let token = self.back(steps)?;
            if start.saturating_sub(token.span.end) > APART {
                return None;
            }
            if aside && is_aside(window, &token.span) {
                continue;
            }
            if !token.value(window).as_bits(sequence.bits).any(|value| value == sequence.words[wanted - 1]) {
                return None;
            }
            start = token.span.start;
            wanted -= 1;
            if wanted == 0 {
                return Some(start..end);
            }
        }
        None
    }

    fn back(&self, steps: usize) -> Option<&Token> {
        let at = self.next.checked_sub(steps + 1)?;
        self.ring.get(at % RING).map(|(token, _)| token)
    }
}

/// Whether a number is no element: an index in brackets, the name of a member, part of a comment.
fn is_aside(window: &[u8], span: &Range<usize>) -> bool {
    let near = &window[span.start.saturating_sub(COMMENT)..span.start];
    let line = memchr::memrchr(b'\n', near).map_or(near, |at| &near[at + 1..]);
    let before = line.trim_ascii_end();
    let after = &window[span.end..window.len().min(span.end + NAME)];
    let after = memchr::memchr(b'\n', after).map_or(after, |at| &after[..at]);
    let after = after.strip_prefix(b"\"").or(after.strip_prefix(b"'")).unwrap_or(after).trim_ascii_start();
    let is_index = before.ends_with(b"[") && after.starts_with(b"]");
    let is_name = after.starts_with(b"=>") || after.starts_with(b":") && !after.starts_with(b"::");
    is_index || is_name || is_in_comment(before) || is_of_fraction(before, line.len() > before.len())
}

/// What stands behind the point or in the exponent of a number.
fn is_of_fraction(before: &[u8], blank: bool) -> bool {
    let number = |byte: &u8| byte.is_ascii_digit();
    match before {
        [.., digit, b'.'] | [.., digit, b'e' | b'E', b'+' | b'-'] => !blank && number(digit),
        _ => false,
    }
}

fn is_in_comment(before: &[u8]) -> bool {
    if !before.iter().any(|byte| b"/#-;".contains(byte)) {
        return false;
    }
    let last = |mark: &[u8]| before.windows(mark.len()).rposition(|window| window == mark);
    if let Some(open) = last(b"/*") {
        return last(b"*/").is_none_or(|close| close < open);
    }
    [b"//".as_slice(), b"#", b"--", b"; "].into_iter().any(|mark| last(mark).is_some())
}

const FILTER_BITS: usize = 1 << 18;

/// How many comments and indices may stand between two numbers of a list.
const BEFORE: usize = 12;

/// Elements of a key and, aside, comments on them.
const RING: usize = 160;

/// How far two elements may stand apart.
const APART: usize = 512;

/// The longest number that is read: 128 bits in binary.
const LONGEST: usize = 136;

/// The longest that has an exponent.
const LONGEST_FLOAT: usize = 32;

/// How far behind a number it says that it is an index or a name.
const NAME: usize = 16;

/// How far back on the line a comment is looked for.
const COMMENT: usize = 160;
