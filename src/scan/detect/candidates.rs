//! Literals that decode to 32 bytes, and those that are as long as a key is written.

use std::ops::Range;

use base64ct::{Base64Unpadded, Encoding};
use zeroize::Zeroizing;

use super::candidate::Candidate;
use super::classes::{hex_value, is_base64, is_quote};
use super::escapes;
use super::numbers::{Token, Tokens};
use super::wide::Narrow;

mod chain;
mod literal;

pub(super) use literal::runs;

/// What is told of each candidate: the content around it, which is the window or was decoded from it.
pub(super) type Found<'a> = dyn FnMut(&[u8], Candidate) + 'a;

/// Tells `found` every candidate in the window.
pub(super) fn search(window: &[u8], found: &mut Found<'_>) {
    text(window, 0, found);
    numbers(window, found);
    strings(window, found);
    wide(window, found);
}

/// Base64, hexadecimal and base32: whole, nested, in pieces.
fn text(window: &[u8], depth: u32, found: &mut Found<'_>) {
    literal::search(window, &mut |candidate| found(window, candidate));
    chain::search(window, &mut |candidate| found(window, candidate));
    if depth + NESTED_STEP <= DEPTH {
        nested(window, depth, found);
    }
    if depth < DEPTH {
        encoded(window, depth, found);
    }
}

/// The text that long base64 decodes to.
fn nested(window: &[u8], depth: u32, found: &mut Found<'_>) {
    for run in literal::runs(window, LEAST_NESTED) {
        let run = run.start..run.end.min(run.start + MOST_NESTED);
        let standard = window[run.clone()].iter().map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        });
        let text = Zeroizing::new(standard.collect::<Vec<_>>());
        let mut decoded = Zeroizing::new(vec![0; text.len()]);
        let Ok(decoded) = Base64Unpadded::decode(text.as_slice(), &mut decoded) else { continue };
        if decoded.len() >= 43 && decoded.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n')) {
            within(decoded, depth + NESTED_STEP, &mut |_| run.clone(), found);
        }
    }
}

/// Base64 with characters that are escaped.
fn encoded(window: &[u8], depth: u32, found: &mut Found<'_>) {
    let mut over = 0;
    for at in memchr::memchr3_iter(b'\\', b'%', b'&', window) {
        let before = window[..at].iter().rev().take(MOST_BACKSLASHES).find(|byte| **byte != b'\\');
        let after = window.get(at + LONGEST_ESCAPE);
        let escape = match window[at..] {
            [b'\\', b'/' | b'+' | b'=' | b'-' | b'_', ..] | [b'\\', b'u', b'0', ..] | [b'&', b'#', ..] => true,
            [b'&', ..] => escapes::is_named(&window[at..]),
            [b'%', high, low, ..] => hex_value(high).is_some() && hex_value(low).is_some(),
            _ => false,
        };
        // A key may begin with what is escaped, and so with a name or a quote before it.
        if at < over || !escape || ![before, after].into_iter().flatten().any(|byte| is_base64(*byte)) {
            continue;
        }
        let region = at.saturating_sub(AROUND)..window.len().min(at + AROUND);
        over = at + AROUND / 2;
        let Some(decoded) = escapes::decode(&window[region.clone()]).into_iter().next() else { continue };
        let place = &mut |span: Range<usize>| {
            let span = decoded.span(span);
            region.start + span.start..region.start + span.end
        };
        within(decoded.bytes(), depth + 1, place, found);
    }
}

/// Text in UTF-16 and UTF-32.
fn wide(window: &[u8], found: &mut Found<'_>) {
    let Some(narrow) = Narrow::of(window) else { return };
    within(narrow.bytes(), 1, &mut |span| narrow.span(span), found);
    let mut placed = |context: &[u8], candidate: Candidate| {
        let place = narrow.span(candidate.place.clone());
        found(context, Candidate { place, ..candidate });
    };
    numbers(narrow.bytes(), &mut placed);
    strings(narrow.bytes(), &mut placed);
}

fn within(decoded: &[u8], depth: u32, place: &mut dyn FnMut(Range<usize>) -> Range<usize>, found: &mut Found<'_>) {
    text(decoded, depth, &mut |context, candidate| {
        let place = place(candidate.place.clone());
        found(context, Candidate { place, ..candidate });
    });
}

/// Lists of numbers between brackets: 32 bytes, or words of as many bits.
fn numbers(window: &[u8], found: &mut Found<'_>) {
    let mut group: Vec<Token> = vec![];
    for token in Tokens::of(window) {
        let apart = group.last().is_some_and(|last| is_boundary(&window[last.span.end..token.span.start]));
        if apart {
            whole_group(window, &group, found);
            group.clear();
        }
        if group.len() <= MOST_ELEMENTS {
            group.push(token);
        }
    }
    whole_group(window, &group, found);
}

fn is_boundary(between: &[u8]) -> bool {
    between.len() > ELEMENTS_APART || between.iter().any(|byte| b"[]{}<>;=".contains(byte))
}

fn whole_group(window: &[u8], group: &[Token], found: &mut Found<'_>) {
    let bits = match group.len() {
        32 => 8,
        16 => 16,
        8 => 32,
        4 => 64,
        _ => return,
    };
    let mut words = Zeroizing::new(Vec::with_capacity(group.len()));
    for token in group {
        let Some(word) = token.value(window).as_bits(bits).next() else { return };
        words.push(word);
    }
    let width = bits as usize / 8;
    let span = group[0].span.start..group[group.len() - 1].span.end;
    let kind = if width == 1 { "byte-array" } else { "word-array" };
    for little in [false, true] {
        let mut bytes = Zeroizing::new([0; 32]);
        for (word, bytes) in words.iter().zip(bytes.chunks_mut(width)) {
            bytes.copy_from_slice(&word.to_be_bytes()[16 - width..]);
            if little {
                bytes.reverse();
            }
        }
        found(window, Candidate { whole: !little, ..Candidate::new(kind, span.clone(), bytes) });
        if width == 1 {
            return;
        }
    }
}

/// Strings with escapes that are 32 bytes.
fn strings(window: &[u8], found: &mut Found<'_>) {
    escapes::regions(window, |region| {
        let quote = |from: usize| {
            let place = window.get(from..region.end)?.iter().position(|byte| is_quote(*byte))?;
            Some(from + place)
        };
        // From the first quote, and from the second: an apostrophe before them opens nothing.
        let first = quote(region.start);
        for start in [first, first.and_then(|first| quote(first + 1))].into_iter().flatten() {
            let mut next = Some(start);
            while let Some(open) = next {
                let close = closing(window, open);
                if let Some(close) = close {
                    string(window, open + 1..close, found);
                }
                next = quote(close.unwrap_or(open) + 1);
            }
        }
    });
}

fn string(window: &[u8], span: Range<usize>, found: &mut Found<'_>) {
    if !(32..=MOST_ESCAPED).contains(&span.len()) {
        return;
    }
    for decoded in escapes::decode(&window[span.clone()]) {
        if let Ok(bytes) = <[u8; 32]>::try_from(decoded.bytes()) {
            found(window, Candidate::new("escapes", span.clone(), Zeroizing::new(bytes)));
        }
    }
}

/// The quote that closes the string, of all strings that are joined with it.
fn closing(window: &[u8], open: usize) -> Option<usize> {
    let mut quote = window[open];
    let mut at = open + 1;
    while at < window.len().min(open + MOST_ESCAPED) {
        match window[at] {
            b'\\' => at += 2,
            byte if byte == quote => match escapes::seam(&window[at..]) {
                Some(len) => {
                    at += len;
                    quote = window[at - 1];
                }
                None => return Some(at),
            },
            _ => at += 1,
        }
    }
    None
}

/// How many layers of escapes are read one inside the other.
const DEPTH: u32 = 4;

/// How many of them one of base64 counts.
const NESTED_STEP: u32 = 2;

/// The shortest base64 of the 43 characters of a key.
const LEAST_NESTED: usize = 57;
const MOST_NESTED: usize = 16 * 1024;

/// What is beside any escape on its right stands here at the latest: `\u002b`.
const LONGEST_ESCAPE: usize = 6;

/// An escape in an escape in an escape, and its own.
const MOST_BACKSLASHES: usize = 16;

/// How much around an escape is decoded.
const AROUND: usize = 160;

/// How far two elements of a list may stand apart.
const ELEMENTS_APART: usize = 160;
const MOST_ELEMENTS: usize = 32;

/// The longest string with escapes for 32 bytes.
const MOST_ESCAPED: usize = 512;
