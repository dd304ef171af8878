//! Runs of base64 characters that are as long as a key.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::scan::detect::candidate::Candidate;
use crate::scan::detect::classes::{base64_len, base64_value, hex_value, is_base64};

/// Tells `found` each run that is a key in base64, hexadecimal or base32, or as long as one, and keys in longer runs.
pub(super) fn search(window: &[u8], found: &mut dyn FnMut(Candidate)) {
    for run in runs(window, 32) {
        between_marks(window, &run, found);
        among_letters(window, &run, found);
        whole(window, after_mark(window, run), found);
    }
}

fn whole(window: &[u8], run: Range<usize>, found: &mut dyn FnMut(Candidate)) {
    let text = &window[run.clone()];
    let padded = window.get(run.end) == Some(&b'=') && window.get(run.end + 1) != Some(&b'=');
    let hexadecimal = text.iter().all(|byte| hex_value(*byte).is_some());
    match text.len() {
        32 | 128 if text.len() == 32 || hexadecimal => found(unread(run)),
        64 if !hexadecimal && !text.starts_with(b"0x") && !text.starts_with(b"0X") => found(unread(run)),
        86 if is_padded_twice(window, &run) => found(unread(run)),
        // What Magento and Verilog write before the digits.
        49 if padded && text.starts_with(b"base64") => {
            found_if(decode(&text[6..]), "base64", run.start + 6..run.end, true, found);
        }
        65 if text[0] == b'h' && run.start > 0 && window[run.start - 1] == b'\'' => {
            found_if(hex(&text[1..]), "hex", run.start + 1..run.end, true, found);
        }
        43 => {
            found_if(decode(text), "base64", run.clone(), true, found);
            if run.start > 0 && window[run.start - 1] == b'=' {
                found_if(decode(&reversed(text)), "base64-reversed", run, false, found);
            }
        }
        64 if hexadecimal => found_if(hex(text), "hex", run, true, found),
        62..=66 if text[..2].eq_ignore_ascii_case(b"0x") => {
            found_if(integer(&text[2..]), "hex", run.start + 2..run.end, true, found);
        }
        // With its padding it is whole: eight characters are five bytes.
        52 => {
            let whole = window[run.end..].starts_with(b"====");
            found_if(base32(text), "base32", run, whole, found);
        }
        44.. if padded => {
            let last = run.end - 43..run.end;
            found_if(decode(&window[last.clone()]), "base64", last, false, found);
        }
        _ => {}
    }
}

/// 64 bytes in base64, not the end or the beginning of more.
fn is_padded_twice(window: &[u8], run: &Range<usize>) -> bool {
    let after = window[run.end..].strip_prefix(b"==");
    after.is_some_and(|after| !after.first().is_some_and(|byte| is_base64(*byte)))
        && (run.start == 0 || window[run.start - 1] != b'=')
}

/// Without the mark of a default value in a shell: `${NAME:-VALUE}`. What has the length of a key with it is one that
/// begins like this: `1:-KEY`.
fn after_mark(window: &[u8], run: Range<usize>) -> Range<usize> {
    let mark = run.start > 0 && matches!(window[run.start - 1..run.end], [b':', b'-' | b'+', ..]);
    run.start + usize::from(mark && run.len() != 43)..run.end
}

/// Base64 in a longer run, between characters that are marks as well: `/k/KEY/edit`, `app-KEY`, `KEY_old`.
fn between_marks(window: &[u8], run: &Range<usize>, found: &mut dyn FnMut(Candidate)) {
    let is_mark = |at: usize| matches!(window[at], b'-' | b'_' | b'/' | b'+');
    for start in run.start..(run.end + 1).saturating_sub(43) {
        let (begins, end) = (start == run.start || is_mark(start - 1), start + 43);
        let ends = end == run.end || is_mark(end);
        if begins && ends && run.len() > 43 && is_varied(&window[start..end]) {
            found_if(decode(&window[start..end]), "base64", start..end, false, found);
        }
    }
}

/// Hexadecimal in a longer run, between letters that are no digits: `key_HEX`, `xHEX`.
fn among_letters(window: &[u8], run: &Range<usize>, found: &mut dyn FnMut(Candidate)) {
    let mut at = run.start;
    while at + 64 <= run.end {
        let digits = window[at..run.end].iter().take_while(|byte| hex_value(**byte).is_some()).count();
        if digits == 64 && run.len() > 64 && is_varied(&window[at..at + 64]) {
            found_if(hex(&window[at..at + 64]), "hex", at..at + 64, false, found);
        }
        at += digits + 1;
    }
}

/// Whether there are as many different characters as in any random key: content may repeat a few without end.
pub(super) fn is_varied(text: &[u8]) -> bool {
    let seen = text.iter().fold(0_u128, |seen, byte| seen | 1 << (byte & 0x7f));
    seen.count_ones() >= LEAST_DISTINCT
}

fn found_if(
    bytes: Option<Zeroizing<[u8; 32]>>,
    kind: &'static str,
    span: Range<usize>,
    whole: bool,
    found: &mut dyn FnMut(Candidate),
) {
    if let Some(bytes) = bytes {
        found(Candidate { whole, ..Candidate::new(kind, span, bytes) });
    }
}

fn unread(span: Range<usize>) -> Candidate {
    Candidate { place: span.clone(), span, kind: "text", bytes: None, whole: true }
}

/// Runs of at least `least` base64 characters. Looks at every `least`-th byte, as long as none is one.
pub(in crate::scan::detect) fn runs(window: &[u8], least: usize) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let probe = at + least - 1;
            if !is_base64(*window.get(probe)?) {
                at = probe + 1;
                continue;
            }
            let start = window[at..probe].iter().rposition(|byte| !is_base64(*byte)).map_or(at, |place| at + place + 1);
            let end = probe + base64_len(&window[probe..]);
            at = end;
            if end - start >= least {
                return Some(start..end);
            }
        }
    })
}

/// 43 characters of base64, either alphabet, the last one canonical.
pub(super) fn decode(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    let (mut bits, mut held, mut filled) = (0_u32, 0, 0);
    for byte in text {
        bits = bits << 6 | u32::from(base64_value(*byte)?);
        held += 6;
        if held >= 8 {
            held -= 8;
            *bytes.get_mut(filled)? = u8::try_from(bits >> held & 0xff).ok()?;
            bits &= (1 << held) - 1;
            filled += 1;
        }
    }
    (filled == 32 && bits == 0 && text.len() == 43).then_some(bytes)
}

/// 64 hexadecimal characters of any case.
pub(super) fn hex(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = hex_value(pair[0])? << 4 | hex_value(pair[1])?;
    }
    Some(bytes)
}

/// The same without the zeros that an integer leaves out in front.
fn integer(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut padded = Zeroizing::new([b'0'; 64]);
    padded.get_mut(64_usize.checked_sub(text.len())?..)?.copy_from_slice(text);
    hex(padded.as_slice())
}

fn base32(text: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    for (place, byte) in text.iter().enumerate() {
        let value = match byte.to_ascii_uppercase() {
            letter @ b'A'..=b'Z' => letter - b'A',
            digit @ b'2'..=b'7' => digit - b'2' + 26,
            _ => return None,
        };
        for bit in (0..5).filter(|bit| value >> (4 - bit) & 1 == 1) {
            let at = place * 5 + bit;
            *bytes.get_mut(at / 8)? |= 1 << (7 - at % 8);
        }
    }
    Some(bytes)
}

/// 64 random digits have fewer with a probability of 2^-50.
const LEAST_DISTINCT: u32 = 9;

fn reversed(text: &[u8]) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.iter().rev().copied().collect())
}
