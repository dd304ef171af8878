//! A key in pieces with names and words between them: assigned one after the other, appended, interpolated.

use std::ops::Range;

use super::classes::is_base64;
use super::needle::Needle;

/// Where pieces that make up the needle stand in `region`, in order, each a whole token, few others between them.
pub(super) fn joined(window: &[u8], region: Range<usize>, needle: &Needle) -> Option<Range<usize>> {
    let wanted = needle.text.as_slice();
    let mut reached: Vec<Option<Reached>> = vec![None; wanted.len() + 1];
    for (index, token) in tokens(window, region).enumerate() {
        let text = &window[token.clone()];
        for place in (1..wanted.len()).rev() {
            let Some(before) = reached[place].filter(|before| index - before.token <= BETWEEN) else { continue };
            let rest = &wanted[place..];
            let len = text.len().min(rest.len());
            if !same(needle, &rest[..len], &text[..len]) {
                continue;
            }
            if len == rest.len() {
                return Some(before.start..token.start + len);
            }
            let next = Reached { token: index, start: before.start };
            if !reached[place + len].is_some_and(|known| known.begins_nearer(next)) {
                reached[place + len] = Some(next);
            }
        }
        for len in 1..=text.len().min(wanted.len() - 1) {
            if same(needle, &wanted[..len], &text[text.len() - len..]) {
                reached[len] = Some(Reached { token: index, start: token.end - len });
            }
        }
    }
    None
}

/// A beginning of the needle that was put together: the last token of it, and where the first one stands.
#[derive(Clone, Copy)]
struct Reached {
    token: usize,
    start: usize,
}

impl Reached {
    /// Whether this has the later beginning and is still near: a stranger far before may look like the first character.
    fn begins_nearer(self, other: Self) -> bool {
        self.start > other.start && other.token - self.token <= BETWEEN / 2
    }
}

fn same(needle: &Needle, wanted: &[u8], text: &[u8]) -> bool {
    wanted.iter().zip(text).all(|(wanted, byte)| needle.same(*wanted, *byte))
}

fn tokens(window: &[u8], region: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let mut at = region.start;
    std::iter::from_fn(move || {
        let start = at + window[at..region.end].iter().position(|byte| is_base64(*byte))?;
        let rest = &window[start..region.end];
        at = start + rest.iter().position(|byte| !is_base64(*byte)).unwrap_or(rest.len());
        Some(start..at)
    })
}

/// How many other tokens may stand between two pieces.
const BETWEEN: usize = 12;
