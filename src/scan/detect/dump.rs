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
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn span(&self, at: usize, len: usize) -> Range<usize> {
        self.places[at]..self.places[at + len - 1] + 2
    }
}

/// What the region shows if each of its lines is a line of a dump, for the widths that tools use.
pub(super) fn lines(region: &[u8]) -> impl Iterator<Item = Dump> {
    WIDTHS.iter().map(|width| {
        let mut dump = Dump { bytes: Zeroizing::new(vec![]), places: vec![] };
        let mut start = 0;
        for line in region.split(|byte| *byte == b'\n') {
            let skipped = after_address(line);
            dump.read(&line[skipped..], start + skipped, *width);
            start += line.len() + 1;
        }
        dump
    })
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
