//! Base64 and hexadecimal, over lines of equal length.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::scan::detect::classes::{base64_value, hex_value, is_base64};

/// The run with the lines that go on from it: each at most as long as the one before, up to one that is shorter.
pub(super) fn lines(window: &[u8], run: Range<usize>) -> Range<usize> {
    let width = run.len();
    let mut end = run.end;
    loop {
        let rest = &window[end..];
        let breaks = rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        if !rest[..breaks].contains(&b'\n') || breaks > MOST_INDENT {
            return run.start..end;
        }
        let len = rest[breaks..].iter().take(width + 1).take_while(|byte| is_base64(**byte)).count();
        let ends = rest.get(breaks + len).is_none_or(|byte| byte.is_ascii_whitespace() || b"=\"'\\,".contains(byte));
        if len == 0 || len > width || !ends {
            return run.start..end;
        }
        end += breaks + len;
        if len < width {
            return run.start..end;
        }
    }
}

/// What the text says in hexadecimal if all of it is, else in base64 of either alphabet.
pub(super) fn decode(text: &[u8]) -> Zeroizing<Vec<u8>> {
    let digits = || text.iter().filter(|byte| !byte.is_ascii_whitespace());
    let hexadecimal = digits().all(|byte| hex_value(*byte).is_some());
    let (width, value): (_, fn(u8) -> Option<u8>) = if hexadecimal { (4, hex_value) } else { (6, base64_value) };
    let mut content = Zeroizing::new(Vec::with_capacity(text.len()));
    let (mut bits, mut held) = (0_u32, 0);
    for value in digits().filter_map(|byte| value(*byte)) {
        bits = (bits << width | u32::from(value)) & 0xffff;
        held += width;
        if held >= 8 {
            held -= 8;
            content.push((bits >> held & 0xff) as u8);
        }
    }
    content
}

const MOST_INDENT: usize = 64;
