//! Base64 and hexadecimal, whole or over lines and strings, with the characters that other encodings escape.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::scan::detect::classes::{HEX_VALUES, NO_VALUE, base64_len, base64_value, is_base64, is_quote};

/// A text that is encoded, without what stands between its lines. One is used for many: what is set aside is wiped, byte
/// after byte.
#[derive(Default)]
pub(super) struct Text {
    characters: Zeroizing<Vec<u8>>,
    /// Where each piece begins: among the characters, and in the content.
    pieces: Vec<(usize, usize)>,
    span: Range<usize>,
    /// How many bits a character has.
    bits: usize,
    decoded: Zeroizing<Vec<u8>>,
}

impl Text {
    /// The text around a run: what goes on over line breaks, quotes and escapes on the right, and over escapes on the left.
    pub(super) fn read(&mut self, content: &[u8], run: &Range<usize>, middle: bool) {
        let start = if middle { before(content, run.start) } else { run.start };
        self.pieces.clear();
        empty(&mut self.characters, content.len().min(run.end + ROOM) - start);
        let (mut at, mut end) = (start, start);
        loop {
            let len = base64_len(&content[at..]);
            self.pieces.push((self.characters.len(), at));
            self.characters.extend_from_slice(&content[at..at + len]);
            if len > 0 {
                end = at + len;
            }
            at += len;
            if let Some((character, len)) = escaped(&content[at..]) {
                self.characters.push(character);
                at += len;
                end = at;
            } else if let Some(len) = glue(&content[at..]) {
                at += len;
            } else {
                break;
            }
        }
        self.span = start..end;
        self.decode();
    }

    /// In hexadecimal if all of it is, else in base64 of either alphabet.
    fn decode(&mut self) {
        let hexadecimal = self.characters.iter().fold(0, |all, byte| all | HEX_VALUES[usize::from(*byte)]) != NO_VALUE;
        self.bits = if hexadecimal { 4 } else { 6 };
        empty(&mut self.decoded, self.characters.len());
        if hexadecimal {
            let byte = |pair: &[u8; 2]| HEX_VALUES[usize::from(pair[0])] << 4 | HEX_VALUES[usize::from(pair[1])];
            self.decoded.extend(self.characters.as_chunks().0.iter().map(byte));
            return;
        }
        let (mut bits, mut held) = (0_u32, 0);
        for value in self.characters.iter().filter_map(|byte| base64_value(*byte)) {
            bits = bits << 6 | u32::from(value);
            held += 6;
            if held >= 8 {
                held -= 8;
                self.decoded.push((bits >> held).to_le_bytes()[0]);
            }
        }
    }

    /// What it says.
    pub(super) fn decoded(&self) -> &[u8] {
        &self.decoded
    }

    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Where a part of what it decodes to stands.
    pub(super) fn part(&self, decoded: &Range<usize>) -> Range<usize> {
        let place = |character: usize| {
            let piece = self.pieces.partition_point(|(begin, _)| *begin <= character).saturating_sub(1);
            self.pieces.get(piece).map_or(self.span.start, |(begin, at)| at + character - begin).min(self.span.end)
        };
        let start = place(decoded.start * 8 / self.bits);
        start..place(decoded.end * 8 / self.bits).max(start)
    }
}

/// Makes room in a buffer without leaving a copy of what was in it.
fn empty(buffer: &mut Zeroizing<Vec<u8>>, room: usize) {
    buffer.clear();
    if buffer.capacity() < room {
        *buffer = Zeroizing::new(Vec::with_capacity(room));
    }
}

/// Where the text begins that the run goes on from.
fn before(content: &[u8], start: usize) -> usize {
    let mut start = start;
    loop {
        let escape = [2, 3].into_iter().filter_map(|len| start.checked_sub(len)).find(|at| {
            escaped(&content[*at..start]).is_some_and(|(character, len)| character != b'=' && at + len == start)
        });
        let Some(escape) = escape else { return start };
        start = self::start(content, escape);
    }
}

/// Where the characters of base64 begin that end at `at`.
pub(super) fn start(content: &[u8], at: usize) -> usize {
    content[..at].iter().rposition(|byte| !is_base64(*byte)).map_or(0, |place| place + 1)
}

/// Whether a character of base64 stands there that is escaped.
pub(super) fn is_escape(rest: &[u8]) -> bool {
    escaped(rest).is_some()
}

/// A character of base64 as JSON or a URL may write it.
fn escaped(rest: &[u8]) -> Option<(u8, usize)> {
    match rest {
        [b'\\', b'/', ..] => Some((b'/', 2)),
        [b'%', b'2', b'B' | b'b', ..] => Some((b'+', 3)),
        [b'%', b'2', b'F' | b'f', ..] => Some((b'/', 3)),
        [b'%', b'3', b'D' | b'd', ..] => Some((b'=', 3)),
        [b'\\', b'u', b'0', b'0', b'2', b'b' | b'B', ..] => Some((b'+', 6)),
        [b'\\', b'u', b'0', b'0', b'2', b'f' | b'F', ..] => Some((b'/', 6)),
        [b'\\', b'u', b'0', b'0', b'3', b'd' | b'D', ..] => Some((b'=', 6)),
        _ => None,
    }
}

/// What stands between two lines or two strings of a text, if it goes on behind.
fn glue(rest: &[u8]) -> Option<usize> {
    let mut len = 0;
    let mut broken = false;
    while len < MOST_GLUE {
        match rest.get(len..)? {
            [b'\\', b'n' | b'r', ..] => {
                broken = true;
                len += 2;
            }
            [byte, ..] if *byte == b'\n' || is_quote(*byte) => {
                broken = true;
                len += 1;
            }
            [byte, ..] if byte.is_ascii_whitespace() || b"\\=.,&|>#*()".contains(byte) => len += 1,
            [b'+', b' ' | b'\n' | b'"', ..] => len += 1,
            _ => break,
        }
    }
    let goes_on = rest.get(len).is_some_and(|byte| is_base64(*byte));
    (broken && goes_on && len > 0).then_some(len)
}

const MOST_GLUE: usize = 96;
/// What is set aside at first for what follows a run.
const ROOM: usize = 4096;
