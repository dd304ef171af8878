//! gzip, zlib and the members of zip files, wherever they begin.

use std::io::Read;
use std::ops::Range;
use std::sync::LazyLock;

use flate2::bufread::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::budget::Budget;
use super::layer::{Layer, Opened};
use crate::scan::detect::window::{OVERLAP, WINDOW};

pub(in crate::scan::detect) fn is_gzip(content: &[u8]) -> bool {
    content.starts_with(GZIP)
}

/// What begins in the first `len` bytes with the header of its format.
pub(super) fn each(content: &[u8], len: usize, budget: &mut Budget, opened: Opened<'_>) {
    let window = &content[..len];
    let mut over = 0;
    for at in GZIP_HEAD.find_iter(window) {
        // The members of one file follow each other.
        if at >= over && has_header(&content[at..]) {
            gzip(&content[at..], &(at..len), budget, opened);
            over = at + GZIP_APART;
        }
    }
    for header in &ZLIB {
        for at in header.find_iter(window) {
            unpack(ZlibDecoder::new(&content[at..]), &(at..len), budget, opened);
        }
    }
    for at in ZIP.find_iter(window) {
        if let Some(member) = deflated(content, at) {
            unpack(DeflateDecoder::new(&content[member..]), &(at..len), budget, opened);
        }
    }
}

/// Whether the header is one, and ends soon: names without an end take time without end.
fn has_header(content: &[u8]) -> bool {
    header_len(content).is_some_and(|len| len <= MOST_HEADER)
}

/// RFC 1952, section 2.3: ten bytes, then what the flags say.
fn header_len(content: &[u8]) -> Option<usize> {
    let content = &content[..content.len().min(MOST_HEADER)];
    let flags = *content.get(3)?;
    let mut len = 10;
    if flags & 0xe0 != 0 {
        return None;
    }
    if flags & 4 != 0 {
        len += 2 + usize::from(u16::from_le_bytes([*content.get(len)?, *content.get(len + 1)?]));
    }
    for _ in [8, 16].into_iter().filter(|flag| flags & flag != 0) {
        len += memchr::memchr(0, content.get(len..)?)? + 1;
    }
    Some(len + if flags & 2 == 0 { 0 } else { 2 })
}

pub(super) fn gzip(packed: &[u8], place: &Range<usize>, budget: &mut Budget, opened: Opened<'_>) {
    unpack(MultiGzDecoder::new(packed), place, budget, opened);
}

/// The same without any header, as some put it into base64; `place` is where that stands.
pub(super) fn bare(content: &[u8], place: &Range<usize>, budget: &mut Budget, opened: Opened<'_>) {
    let uncommon = matches!(content, [0x78, 1 | 0x5e, ..]);
    if uncommon {
        unpack(ZlibDecoder::new(content), place, budget, opened);
    } else if content.len() >= LEAST_BARE && !is_gzip(content) && !content.is_ascii() && budget.trial.opens(content) {
        unpack(DeflateDecoder::new(content), place, budget, opened);
    }
}

/// Where the data of a zip member begins that is compressed by deflate.
fn deflated(content: &[u8], at: usize) -> Option<usize> {
    let header = content.get(at..at + ZIP_HEADER)?;
    let number = |at: usize| usize::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let data = at + ZIP_HEADER + number(26) + number(28);
    (number(8) == 8 && data < content.len()).then_some(data)
}

/// Tells of what comes out, as far as it is whole, in windows of its own.
fn unpack(mut packed: impl Read, place: &Range<usize>, budget: &mut Budget, opened: Opened<'_>) {
    if budget.tries == 0 || budget.left == 0 {
        budget.cut += 1;
        return;
    }
    budget.tries -= 1;
    let mut buffer = Zeroizing::new(vec![0; FIRST]);
    let mut filled = fill_some(&mut packed, &mut buffer);
    if filled == FIRST {
        let mut longer = Zeroizing::new(vec![0; WINDOW]);
        longer[..FIRST].copy_from_slice(&buffer);
        filled += fill_some(&mut packed, &mut longer[FIRST..]);
        buffer = longer;
    }
    let mut fresh = filled;
    while fresh > 0 && filled >= LEAST {
        let Some(left) = budget.left.checked_sub(fresh as u64) else {
            (budget.left, budget.cut) = (0, budget.cut + 1);
            return;
        };
        budget.left = left;
        opened(Layer::Compressed, &|_| place.clone(), &buffer[..filled], budget);
        if filled < buffer.len() {
            return;
        }
        buffer.copy_within(WINDOW - OVERLAP.., 0);
        fresh = fill_some(&mut packed, &mut buffer[OVERLAP..]);
        filled = OVERLAP + fresh;
    }
}

/// As much as comes before a fault: what is damaged, or cut at the end of the window, is read up to there.
fn fill_some(packed: &mut impl Read, buffer: &mut [u8]) -> usize {
    let mut filled = 0;
    while filled < buffer.len() {
        let end = buffer.len().min(filled + STEP);
        match packed.read(&mut buffer[filled..end]) {
            Ok(read) if read > 0 => filled += read,
            _ => break,
        }
    }
    filled
}

const GZIP: &[u8] = &[0x1f, 0x8b, 8];
static GZIP_HEAD: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(GZIP));
/// Of the usual levels; the others look like text, and are tried only where base64 begins.
static ZLIB: [LazyLock<Finder<'static>>; 2] =
    [LazyLock::new(|| Finder::new(&[0x78, 0x9c])), LazyLock::new(|| Finder::new(&[0x78, 0xda]))];
static ZIP: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"PK\x03\x04"));
const ZIP_HEADER: usize = 30;
/// What is lost at most before a fault.
const STEP: usize = 512;

/// The name of a file, a comment, and what few writers put beside them.
const MOST_HEADER: usize = 4096;

/// Where one gzip header follows another sooner, there is one file.
const GZIP_APART: usize = 18;
/// Raw deflate of less is too short to hold a key with a name, and looks like any digest.
const LEAST_BARE: usize = 40;

/// What is read of a layer before more room is made.
const FIRST: usize = 1024;
/// Less than the text of a key.
const LEAST: usize = 32;
