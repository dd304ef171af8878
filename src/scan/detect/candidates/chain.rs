//! Keys in pieces: strings that are concatenated, text that is wrapped.

use std::ops::Range;

use zeroize::Zeroizing;

use super::literal::{decode, hex, is_varied};
use crate::scan::detect::candidate::Candidate;
use crate::scan::detect::classes::{is_base64, is_quote};

/// Tells `found` each row of pieces that together are a key.
pub(super) fn search(window: &[u8], found: &mut dyn FnMut(Candidate)) {
    let (mut joined, mut quoted) = (Chain::default(), Chain::default());
    let mut strangers = 0;
    let mut last = 0..0;
    for piece in pieces(window) {
        if !is_joined(window, &last, &piece) {
            joined.close(window, found);
        }
        last = piece.clone();
        joined.add(window, piece.clone(), found);
        if is_string(window, &piece) {
            quoted.add(window, piece, found);
            strangers = 0;
        } else {
            strangers += 1;
            if strangers > STRANGERS {
                quoted.close(window, found);
            }
        }
    }
    joined.close(window, found);
    quoted.close(window, found);
}

/// Pieces in a row.
#[derive(Default)]
struct Chain {
    pieces: Vec<Range<usize>>,
    /// Rows that make a key, and whether they begin where the chain does.
    rows: Vec<(Candidate, usize)>,
}

impl Chain {
    /// Adds a piece, and looks whether a row that ends with it is as long as a key.
    fn add(&mut self, window: &[u8], piece: Range<usize>, found: &mut dyn FnMut(Candidate)) {
        if self.pieces.len() >= MOST_PIECES {
            self.close(window, found);
        }
        self.pieces.push(piece);
        let mut len = 0;
        for (first, piece) in self.pieces.iter().enumerate().rev() {
            len += piece.len();
            let row = &self.pieces[first..];
            if len > 64 {
                return;
            }
            if row.len() < 2 || !matches!(len, 43 | 64) {
                continue;
            }
            let text = Zeroizing::new(row.iter().flat_map(|piece| &window[piece.clone()]).copied().collect::<Vec<_>>());
            if !is_varied(&text) {
                continue;
            }
            let (kind, bytes) =
                if len == 43 { ("base64-in-pieces", decode(&text)) } else { ("hex-in-pieces", hex(&text)) };
            if let Some(bytes) = bytes {
                let span = row[0].start..row[row.len() - 1].end;
                self.rows.push((Candidate::new(kind, span, bytes), first));
            }
        }
    }

    /// A row is a whole literal if nothing that goes on with it stands beside it, and its pieces are one by the rule
    /// (docs/detection.md, Pieces).
    fn close(&mut self, window: &[u8], found: &mut dyn FnMut(Candidate)) {
        for (candidate, first) in std::mem::take(&mut self.rows) {
            let last = self.pieces.partition_point(|piece| piece.end <= candidate.span.end);
            let is_apart = |at: usize| {
                let pair = at.checked_sub(1).and_then(|before| self.pieces.get(before..=at));
                pair.is_none_or(|pair| is_apart(window, &pair[0], &pair[1]))
            };
            let whole = is_apart(first) && is_apart(last) && is_one(window, &self.pieces[first..last], candidate.kind);
            found(Candidate { whole, ..candidate });
        }
        self.pieces.clear();
    }
}

fn is_one(window: &[u8], row: &[Range<usize>], kind: &str) -> bool {
    let is_line = |pair: &[Range<usize>]| {
        window[pair[0].end..pair[1].start].contains(&b'\n') && !is_quoted(window, &pair[0], &pair[1])
    };
    row.windows(2).all(|pair| is_wrapped(window, &pair[0], &pair[1]))
        && (!row.windows(2).any(is_line) || is_block(window, row))
        && (kind != "base64-in-pieces" || row.iter().all(|piece| is_of_base64(&window[piece.clone()])))
}

/// Whether lines that no string joins are a block: as long as each other, save the first, which may stand behind a name,
/// and the last.
fn is_block(window: &[u8], row: &[Range<usize>]) -> bool {
    let [first, inner @ .., last] = row else { return false };
    let longest = inner.first().map_or(first.len().max(last.len()), ExactSizeIterator::len);
    inner.iter().all(|piece| piece.len() == longest) && last.len() <= longest && is_begun(window, first)
}

/// Whether two pieces that follow each other belong to different things: a blank line, a rule or a colon is between them.
fn is_apart(window: &[u8], left: &Range<usize>, right: &Range<usize>) -> bool {
    let between = &window[left.end..right.start];
    let lines = memchr::memchr_iter(b'\n', between).count();
    !is_quoted(window, left, right) && (lines > 1 || lines == 1 && between.contains(&b':'))
}

/// Runs of base64 characters, save operators that stand alone.
fn pieces(window: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let start = at + window[at..].iter().position(|byte| is_base64(*byte))?;
            let rest = &window[start..];
            at = start + rest.iter().position(|byte| !is_base64(*byte)).unwrap_or(rest.len());
            let operator = rest[..at - start].iter().all(|byte| !byte.is_ascii_alphanumeric());
            if !operator || is_string(window, &(start..at)) {
                return Some(start..at);
            }
        }
    })
}

/// Whether quotes stand on both sides; the last piece of a key has its padding inside.
fn is_string(window: &[u8], piece: &Range<usize>) -> bool {
    let before = piece.start.checked_sub(1).is_some_and(|at| is_quote(window[at]));
    let after = if window.get(piece.end) == Some(&b'=') { piece.end + 1 } else { piece.end };
    before && window.get(after).is_some_and(|byte| is_quote(*byte))
}

/// Whether what stands between two pieces joins them: a line break, the end and the beginning of a string, or one
/// character in hexadecimal.
fn is_joined(window: &[u8], left: &Range<usize>, right: &Range<usize>) -> bool {
    let between = &window[left.end..right.start];
    let is_hex =
        |piece: &Range<usize>| piece.len().is_multiple_of(2) && window[piece.clone()].iter().all(u8::is_ascii_hexdigit);
    match between {
        [b':' | b' '] => is_hex(left) && is_hex(right),
        _ if between.len() > MOST_GLUE || between.iter().any(|byte| b"=;{}".contains(byte)) => false,
        _ => between.iter().any(|byte| is_quote(*byte) || *byte == b'\n'),
    }
}

/// Whether one string ends with the left piece and another begins with the right one.
fn is_quoted(window: &[u8], left: &Range<usize>, right: &Range<usize>) -> bool {
    let after = window[left.end..].strip_prefix(b"\\").unwrap_or(&window[left.end..]);
    after.first().is_some_and(|byte| is_quote(*byte)) && is_quote(window[right.start - 1])
}

/// Whether two pieces are strings that are joined, digits in groups, or lines of one block and not the end of a sentence and the
/// beginning of another.
fn is_wrapped(window: &[u8], left: &Range<usize>, right: &Range<usize>) -> bool {
    let between = &window[left.end..right.start];
    if matches!(between, [b':' | b' ']) || is_quoted(window, left, right) {
        return true;
    }
    let ends = between.contains(&b'\n') && !between.iter().any(|byte| is_quote(*byte) || *byte == b',');
    left.len() >= SHORTEST_LINE && ends && ends_line(&window[right.end..])
}

/// Whether nothing follows that is part of a sentence, a name, or a value.
fn ends_line(after: &[u8]) -> bool {
    let after = after.strip_prefix(b"=").unwrap_or(after);
    let blank = after.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\r')).count();
    match after.get(blank) {
        None => true,
        Some(byte) => is_quote(*byte) || b"\n\\)]};,<#-*|&".contains(byte),
    }
}

/// Whether nothing stands before the first line of a block, or its name.
fn is_begun(window: &[u8], first: &Range<usize>) -> bool {
    let line = memchr::memrchr(b'\n', &window[..first.start]).map_or(0, |at| at + 1);
    let before = window[line..first.start].trim_ascii_end();
    before.last().is_none_or(|byte| is_quote(*byte) || b"=:([{>|#/*-;,%!".contains(byte))
}

/// Whether a piece can be one of base64: many characters of one case, or digits of hexadecimal alone, are something else.
fn is_of_base64(piece: &[u8]) -> bool {
    let all = |class: fn(&u8) -> bool| piece.iter().all(class);
    let hexadecimal =
        all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) || all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
    let one_case = !piece.iter().any(u8::is_ascii_lowercase) || !piece.iter().any(u8::is_ascii_uppercase);
    !(hexadecimal && piece.len() >= LONGEST_HEX || one_case && piece.len() >= LONGEST_OF_CASE)
}

/// 12 random characters are of hexadecimal with a probability of 2^-22.
const LONGEST_HEX: usize = 12;

/// 16 random characters are of one case with a probability of 2^-11.
const LONGEST_OF_CASE: usize = 16;

/// How many other words may stand between two strings of a key.
const STRANGERS: usize = 8;

/// The shortest line of a block.
const SHORTEST_LINE: usize = 8;

/// The most pieces of a key.
const MOST_PIECES: usize = 256;

/// How much may stand between two pieces.
const MOST_GLUE: usize = 64;
