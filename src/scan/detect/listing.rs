//! What od and its like print: an address, and columns of numbers in any base, or of characters.

use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::Finder;
use zeroize::Zeroizing;

use super::classes::hex_value;

/// Tells `found` what each listing in the window shows, once for each way in which it can be read.
pub(super) fn each(window: &[u8], found: &mut dyn FnMut(Range<usize>, &[u8])) {
    let breaks = BREAK.find_iter(window).map(|at| at + 1);
    let mut over = 0;
    for start in std::iter::once(0).chain(breaks) {
        if start < over || address(&window[start..]).is_none() {
            continue;
        }
        let end = start + block(&window[start..]);
        over = end.max(start + 1);
        let listing = &window[start..end];
        for base in BASES {
            read(listing, |columns, bytes| numbers(columns, base, bytes), &mut |bytes| found(start..end, bytes));
        }
        read(listing, characters, &mut |bytes| found(start..end, bytes));
    }
}

/// How long an address at the beginning of a line is: six to twelve digits and a blank, or a colon and a blank.
fn address(line: &[u8]) -> Option<usize> {
    let digits = line.iter().take(13).take_while(|byte| hex_value(**byte).is_some()).count();
    let colon = usize::from(line.get(digits) == Some(&b':'));
    let blank = matches!(line.get(digits + colon), Some(b' ' | b'\t'));
    ((6..=12).contains(&digits) && blank).then_some(digits + colon)
}

/// How far lines with an address go on; od writes a star for lines that are left out.
fn block(content: &[u8]) -> usize {
    let mut end = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        if address(line).is_none() && line.trim_ascii() != b"*" {
            break;
        }
        end += line.len();
    }
    end
}

fn read(listing: &[u8], row: impl Fn(&[u8], &mut Vec<u8>) -> Option<()>, found: &mut dyn FnMut(&[u8])) {
    let mut bytes = Zeroizing::new(Vec::with_capacity(listing.len()));
    for line in listing.split(|byte| *byte == b'\n') {
        if let Some(len) = address(line)
            && row(line[len..].strip_suffix(b"\r").unwrap_or(&line[len..]), &mut bytes).is_none()
        {
            break;
        }
    }
    if bytes.len() >= LEAST {
        found(&bytes);
    }
}

/// Words of 1, 2, 4 or 8 bytes, the lowest byte first. Sixteen bytes stand on a line, except of the widest numbers.
fn numbers(columns: &[u8], base: u32, bytes: &mut Vec<u8>) -> Option<()> {
    let fields = || columns.split(u8::is_ascii_whitespace).filter(|field| !field.is_empty());
    let widest = fields().take(16).map(<[u8]>::len).max()?;
    let width = match (base, widest) {
        (2, 8) | (8, 1..=3) | (10, 1..=4) => 1,
        (16, 2 | 4 | 8 | 16) => widest / 2,
        (8, 4..=6) | (10, 5..=6) => 2,
        (8 | 10, 7..=11) => 4,
        (8, 12..=22) | (10, 12..=20) => 8,
        _ => return None,
    };
    for field in fields() {
        let (negative, digits) = field.strip_prefix(b"-").map_or((false, field), |digits| (true, digits));
        // Characters may stand on the right.
        let value = std::str::from_utf8(digits).ok().and_then(|digits| u64::from_str_radix(digits, base).ok());
        let Some(value) = value.filter(|_| base != 2 || field.len() == 8) else { return Some(()) };
        let value = if negative { value.wrapping_neg() } else { value };
        bytes.extend_from_slice(&value.to_le_bytes()[..width]);
    }
    Some(())
}

/// Columns of four characters: what can be printed, escapes, and numbers in octal.
fn characters(columns: &[u8], bytes: &mut Vec<u8>) -> Option<()> {
    for field in columns.chunks(4) {
        let byte = match field.trim_ascii_start() {
            [] => b' ',
            [one] => *one,
            b"\\0" => 0,
            b"\\a" => 7,
            b"\\b" => 8,
            b"\\t" => b'\t',
            b"\\n" => b'\n',
            b"\\v" => 11,
            b"\\f" => 12,
            b"\\r" => b'\r',
            b"\\\\" => b'\\',
            digits if digits.len() == 3 => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 8).ok()?,
            _ => return None,
        };
        bytes.push(byte);
    }
    Some(())
}

const BASES: [u32; 4] = [2, 8, 10, 16];
const LEAST: usize = 32;

/// The end of a line before an address.
static BREAK: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\n0"));
