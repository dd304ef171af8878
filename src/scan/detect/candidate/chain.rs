//! Keys in pieces: strings that are concatenated, text that is wrapped.

use std::ops::Range;

use zeroize::Zeroizing;

use super::Candidate;
use super::literal::{decode, hex, is_varied};
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

    /// A row is a whole literal if it is the whole chain.
    fn close(&mut self, window: &[u8], found: &mut dyn FnMut(Candidate)) {
        let wrapped = self.pieces.windows(2).all(|pair| is_wrapped(window, &pair[0], &pair[1]));
        let end = self.pieces.last().map_or(0, |piece| piece.end);
        for (candidate, first) in self.rows.drain(..) {
            let whole = wrapped && first == 0 && candidate.span.end == end;
            found(Candidate { whole, ..candidate });
        }
        self.pieces.clear();
    }
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

/// Whether two pieces that no strings join are lines of one block, not the end of a sentence and the beginning of another.
fn is_wrapped(window: &[u8], left: &Range<usize>, right: &Range<usize>) -> bool {
    let between = &window[left.end..right.start];
    if !between.contains(&b'\n') || between.iter().any(|byte| is_quote(*byte)) {
        return true;
    }
    let goes_on = matches!(window[right.end..], [b' ' | b'\t', next, ..] if next.is_ascii_alphanumeric());
    left.len() >= SHORTEST_LINE && !between.contains(&b',') && !goes_on
}

/// How many other words may stand between two strings of a key.
const STRANGERS: usize = 8;

/// The shortest line of a block.
const SHORTEST_LINE: usize = 8;

/// The most pieces of a key.
const MOST_PIECES: usize = 256;

/// How much may stand between two pieces.
const MOST_GLUE: usize = 64;
