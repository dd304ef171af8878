//! Dumps of memory: addresses on the left, hexadecimal in the middle, characters on the right.

use std::ops::Range;

use zeroize::Zeroizing;

use super::classes::hex_value;

/// The bytes of a dump, and where each stands.
pub(super) struct Dump {
    bytes: Zeroizing<Vec<u8>>,
    places: Vec<usize>,
}

impl Dump {
    fn empty() -> Self {
        Self { bytes: Zeroizing::new(vec![]), places: vec![] }
    }

    /// The same with the bytes of each word the other way round.
    fn turned(&self, word: usize) -> Self {
        let bytes = self.bytes.chunks(word).flat_map(|word| word.iter().rev()).copied().collect();
        let places = self.places.chunks(word).flat_map(|word| word.iter().rev()).copied().collect();
        Self { bytes: Zeroizing::new(bytes), places }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn span(&self, at: usize, len: usize) -> Range<usize> {
        let places = &self.places[at..at + len];
        let first = places.iter().min().copied().unwrap_or_default();
        first..places.iter().max().map_or(first, |last| last + 2)
    }
}

/// What the region shows if each of its lines is a line of a dump or a record, for the widths and the orders of bytes that
/// tools use.
pub(super) fn lines(region: &[u8]) -> impl Iterator<Item = Dump> {
    let dumped = |width: usize| {
        let mut dump = Dump::empty();
        each_line(region, |line, start| {
            let skipped = after_address(line);
            dump.read(&line[skipped..], start + skipped, width);
        });
        dump
    };
    let widths = WIDTHS.into_iter().flat_map(move |width| {
        let dump = dumped(width);
        let turned: Vec<Dump> = ORDERS.iter().map(|word| dump.turned(*word)).collect();
        std::iter::once(dump).chain(turned)
    });
    let records = [records(region)].into_iter().filter(|dump| !dump.bytes.is_empty());
    widths.chain(records)
}

/// Intel HEX and S-records: a mark, lengths, an address, bytes, and a check at the end.
fn records(region: &[u8]) -> Dump {
    let mut dump = Dump::empty();
    each_line(region, |line, start| {
        let blank = line.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'"' | b'\'')).count();
        let head = match &line[blank..] {
            [b':', ..] => 9,
            [b'S', b'1', ..] => 8,
            [b'S', b'2', ..] => 10,
            [b'S', b'3', ..] => 12,
            _ => return,
        };
        let digits = line[blank + 1..].iter().take_while(|byte| hex_value(**byte).is_some()).count();
        let (from, to) = (blank + head, blank + 1 + digits.saturating_sub(2));
        if from < to {
            dump.read(&line[from..to], start + from, usize::MAX);
        }
    });
    dump
}

fn each_line(region: &[u8], mut take: impl FnMut(&[u8], usize)) {
    let mut start = 0;
    for line in region.split(|byte| *byte == b'\n') {
        take(line, start);
        start += line.len() + 1;
    }
}

impl Dump {
    /// Up to `width` bytes, in groups of whole bytes between blanks.
    fn read(&mut self, line: &[u8], start: usize, width: usize) {
        let mut at = 0;
        let mut read = 0;
        while read < width {
            while matches!(line.get(at), Some(b' ' | b'\t' | b'-')) {
                at += 1;
            }
            let group = line[at..].iter().take_while(|byte| hex_value(**byte).is_some()).count();
            let ends = line.get(at + group).is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'-' | b'|'));
            if group == 0 || group % 2 == 1 || !ends {
                return;
            }
            for pair in line[at..at + group].chunks_exact(2).take(width - read) {
                let value = pair.iter().filter_map(|byte| hex_value(*byte)).fold(0, |value, digit| value << 4 | digit);
                self.bytes.push(value);
                self.places.push(start + at);
                at += 2;
                read += 1;
            }
        }
    }
}

/// Where the line goes on after an address of at least four digits.
fn after_address(line: &[u8]) -> usize {
    let blank = line.iter().take_while(|byte| !byte.is_ascii_alphanumeric()).count();
    let prefix = if line[blank..].starts_with(b"0x") { 2 } else { 0 };
    let digits = line[blank + prefix..].iter().take_while(|byte| hex_value(**byte).is_some()).count();
    let end = blank + prefix + digits;
    match line.get(end) {
        Some(b':' | b' ' | b'\t' | b'|') if digits >= 4 => end + 1,
        _ => blank,
    }
}

const WIDTHS: [usize; 3] = [16, 8, 32];
/// Of the bytes in a word, where the lowest stands first.
const ORDERS: [usize; 3] = [2, 4, 8];
