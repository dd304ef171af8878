//! Base64 and hexadecimal, whole or over lines and strings, with the characters that other encodings escape.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::scan::detect::classes::{base64_value, hex_value, is_base64, is_quote};

/// A text that is encoded, without what stands between its lines.
pub(super) struct Text {
    characters: Zeroizing<Vec<u8>>,
    /// Where each piece begins: among the characters, and in the content.
    pieces: Vec<(usize, usize)>,
    span: Range<usize>,
}

/// The text around a run: what goes on over line breaks, quotes and escapes on the right, and over escapes on the left.
pub(super) fn around(content: &[u8], run: &Range<usize>, middle: bool) -> Text {
    let start = if middle { before(content, run.start) } else { run.start };
    let mut characters = Zeroizing::new(Vec::with_capacity(content.len().min(run.end + ROOM) - start));
    let (mut at, mut end, mut pieces) = (start, start, vec![]);
    loop {
        let len = content[at..].iter().take_while(|byte| is_base64(**byte)).count();
        pieces.push((characters.len(), at));
        characters.extend_from_slice(&content[at..at + len]);
        if len > 0 {
            end = at + len;
        }
        at += len;
        if let Some((character, len)) = escaped(&content[at..]) {
            characters.push(character);
            at += len;
            end = at;
        } else if let Some(len) = glue(&content[at..]) {
            at += len;
        } else {
            return Text { characters, pieces, span: start..end };
        }
    }
}

impl Text {
    pub(super) fn span(&self) -> Range<usize> {
        self.span.clone()
    }

    /// Where a part of what it decodes to stands.
    pub(super) fn part(&self, decoded: &Range<usize>) -> Range<usize> {
        let bits = self.bits();
        let place = |character: usize| {
            let piece = self.pieces.partition_point(|(begin, _)| *begin <= character).saturating_sub(1);
            self.pieces.get(piece).map_or(self.span.start, |(begin, at)| at + character - begin).min(self.span.end)
        };
        let start = place(decoded.start * 8 / bits);
        start..place(decoded.end * 8 / bits).max(start)
    }

    fn bits(&self) -> usize {
        if self.characters.iter().all(|byte| hex_value(*byte).is_some()) { 4 } else { 6 }
    }

    /// What it says in hexadecimal if all of it is, else in base64 of either alphabet.
    pub(super) fn decode(&self) -> Zeroizing<Vec<u8>> {
        let width = self.bits();
        let value = if width == 4 { hex_value } else { base64_value };
        let mut content = Zeroizing::new(Vec::with_capacity(self.characters.len()));
        let (mut bits, mut held) = (0_u32, 0);
        for value in self.characters.iter().filter_map(|byte| value(*byte)) {
            bits = (bits << width | u32::from(value)) & 0xffff;
            held += width;
            if held >= 8 {
                held -= 8;
                content.push(u8::try_from(bits >> held & 0xff).expect("eight bits"));
            }
        }
        content
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

/// What stands between two lines or two strings of a text, if a long enough part of it follows.
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
    let next = rest[len..].iter().take_while(|byte| is_base64(**byte)).count();
    (broken && next > 0 && len > 0).then_some(len)
}

const MOST_GLUE: usize = 96;
/// What is set aside at first for what follows a run.
const ROOM: usize = 4096;
