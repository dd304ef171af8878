//! Lines and columns.

use std::ops::Range;

/// Lines before the window that is being searched.
#[derive(Default)]
pub(super) struct Lines {
    start: u64,
    before: u64,
    /// Bytes between the last line break and the window.
    column: u64,
    /// A place in the window up to which lines are counted, the line breaks before it, and the place after the last.
    counted: (usize, u64, Option<usize>),
}

impl Lines {
    /// Where the window begins.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Line and column of a place in the window, both from 1.
    pub(super) fn place(&mut self, window: &[u8], at: usize) -> (u64, u64) {
        self.count(window, at);
        let (_, breaks, line_start) = self.counted;
        let column = line_start.map_or(self.column + at as u64, |start| (at - start) as u64);
        (self.before + breaks + 1, column + 1)
    }

    /// The next window begins at `at`.
    pub(super) fn advance(&mut self, window: &[u8], at: usize) {
        let (line, column) = self.place(window, at);
        *self = Self { start: self.start + at as u64, before: line - 1, column: column - 1, ..Self::default() };
    }

    fn count(&mut self, window: &[u8], at: usize) {
        if at < self.counted.0 {
            self.counted = (0, 0, None);
        }
        let (from, breaks, line_start) = self.counted;
        let part = &window[from..at];
        let last = memchr::memrchr(b'\n', part).map(|place| from + place + 1);
        let breaks = breaks + memchr::memchr_iter(b'\n', part).count() as u64;
        self.counted = (at, breaks, last.or(line_start));
    }
}

/// The line around a place, as far as anybody would write one by hand.
pub(super) fn line(window: &[u8], at: usize) -> &[u8] {
    &window[line_range(window, at)]
}

pub(super) fn line_range(window: &[u8], at: usize) -> Range<usize> {
    let at = at.min(window.len());
    let low = at.saturating_sub(LINE_LEN);
    let high = window.len().min(at + LINE_LEN);
    let start = memchr::memrchr(b'\n', &window[low..at]).map_or(low, |place| low + place + 1);
    let end = memchr::memchr(b'\n', &window[at..high]).map_or(high, |place| at + place);
    start..end
}

const LINE_LEN: usize = 1024;
