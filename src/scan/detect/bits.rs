//! Binary digits: in one row, in groups, or each an element of a list.

use std::ops::Range;

use zeroize::Zeroizing;

/// Tells `found` the bytes that a row of binary digits is, at every place at which a byte may begin, the highest bit first
/// and last.
pub(super) fn each(window: &[u8], found: &mut dyn FnMut(Range<usize>, &[u8])) {
    let mut at = 0;
    while let Some(step) = window.get(at..).and_then(|rest| rest.first_chunk()) {
        let first = if is_of_row(step) { step.iter().position(|byte| is_bit(*byte)) } else { None };
        let end = at + STEP;
        at = first.map_or(end, |first| {
            let row = row(window, at + first);
            if row.len() >= LEAST {
                read(&window[row.clone()], &mut |bytes| found(row.clone(), bytes));
            }
            row.end.max(end)
        });
    }
}

/// Whether there are a few, and no other digits or letters: a row is longer than steps are, and some of them are inside.
fn is_of_row(step: &[u8; STEP]) -> bool {
    let bits = step.iter().fold(0, |count, byte| count + u8::from(is_bit(*byte)));
    let others = |any, byte: &u8| any | (byte.is_ascii_alphanumeric() & !is_bit(*byte));
    bits >= LEAST_IN_STEP && !step.iter().fold(false, others)
}

/// The stretch around `at` in which all letters and digits are binary digits.
fn row(window: &[u8], at: usize) -> Range<usize> {
    let other = |byte: &u8| byte.is_ascii_alphanumeric() && !is_bit(*byte);
    let start = window[..at].iter().rposition(other).map_or(0, |place| place + 1);
    let start = start + window[start..].iter().position(|byte| is_bit(*byte)).unwrap_or_default();
    let end = window[at..].iter().position(other).map_or(window.len(), |place| at + place);
    start..end
}

fn read(row: &[u8], found: &mut dyn FnMut(&[u8])) {
    let bits: Zeroizing<Vec<u8>> =
        Zeroizing::new(row.iter().filter(|byte| is_bit(**byte)).map(|byte| byte & 1).collect());
    for shift in 0..8.min(bits.len()) {
        let bytes = |highest_first: bool| -> Zeroizing<Vec<u8>> {
            let byte = |bits: &[u8]| {
                let places = bits.iter().zip(0..);
                places.fold(0, |byte, (bit, place)| byte | bit << if highest_first { 7 - place } else { place })
            };
            Zeroizing::new(bits[shift..].chunks_exact(8).map(byte).collect())
        };
        found(&bytes(true));
        found(&bytes(false));
    }
}

fn is_bit(byte: u8) -> bool {
    matches!(byte, b'0' | b'1')
}

const LEAST: usize = 256;
const STEP: usize = 64;
const LEAST_IN_STEP: u8 = 4;
