//! Characters of a needle in a row, whatever stands between them that is neither letter nor digit.

use std::ops::Range;

use crate::scan::detect::classes::fold;
use crate::scan::detect::needle::{Edge, Needle};

/// A part of a needle in the content.
pub(super) struct Run {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Which part, by the place of its first character among the letters and digits.
    pub(super) place: usize,
    len: usize,
}

impl Run {
    /// The longest run with the character at `place` of the needle at `at`.
    pub(super) fn around(window: &[u8], at: usize, needle: &Needle, place: usize) -> Self {
        if !needle.fits(place, window[at]) {
            return Self { start: at, end: at, place, len: 0 };
        }
        let (mut start, mut first) = (at, place);
        while first > 0 {
            match before(window, start) {
                Some(previous) if needle.fits(first - 1, window[previous]) => (start, first) = (previous, first - 1),
                _ => break,
            }
        }
        let (mut last, mut next) = (at, place + 1);
        while next < needle.dense.len() {
            match after(window, last + 1) {
                Some(following) if needle.fits(next, window[following]) => (last, next) = (following, next + 1),
                _ => break,
            }
        }
        Self { start, end: last + 1, place: first, len: next - first }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Where the whole needle stands, if this is all of it: what is neither letter nor digit is compared as well.
    pub(super) fn whole(&self, window: &[u8], needle: &Needle) -> Option<Range<usize>> {
        let floor = before(window, self.start).map_or(self.start.saturating_sub(GLUE), |previous| previous + 1);
        let mut at = if fold(needle.text[0]).is_some() { self.start } else { floor };
        let mut start = None;
        for wanted in needle.text.iter().copied() {
            let ceiling = after(window, at).unwrap_or(window.len().min(at + GLUE));
            at = if fold(wanted).is_some() {
                ceiling
            } else {
                at + window[at..ceiling].iter().position(|byte| needle.same(wanted, *byte))?
            };
            window.get(at)?;
            start.get_or_insert(at);
            at += 1;
        }
        edges_fit(window, needle, &(self.start..self.end)).then_some(start?..at)
    }
}

/// Whether what stands beside the letters and digits can be beside the needle.
fn edges_fit(window: &[u8], needle: &Needle, span: &Range<usize>) -> bool {
    let [left, right] = needle.edges;
    let fits = |edge: Option<Edge>, near: &[u8]| edge.is_none_or(|edge| near.iter().any(|byte| edge.fits(*byte)));
    // What stands up to the nearest letter or digit.
    let before = before(window, span.start).unwrap_or(span.start.saturating_sub(GLUE));
    let after = after(window, span.end).map_or(window.len().min(span.end + GLUE), |at| at + 1);
    fits(left, &window[before..span.start]) && fits(right, &window[span.end..after])
}

/// The letter or digit before `at`.
fn before(window: &[u8], at: usize) -> Option<usize> {
    let floor = at.saturating_sub(GLUE);
    window[floor..at].iter().rposition(|byte| fold(*byte).is_some()).map(|place| floor + place)
}

/// The letter or digit at `at` or after it.
fn after(window: &[u8], at: usize) -> Option<usize> {
    let ceiling = window.len().min(at + GLUE);
    window.get(at..ceiling)?.iter().position(|byte| fold(*byte).is_some()).map(|place| at + place)
}

/// How much may stand between two characters of a key.
const GLUE: usize = 512;
