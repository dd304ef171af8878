//! Text in UTF-16 and UTF-32: what stands between its zeros.

use std::ops::Range;

use zeroize::Zeroizing;

/// Content without its zeros, and where each byte of it came from.
pub(super) struct Narrow {
    bytes: Zeroizing<Vec<u8>>,
    places: Vec<usize>,
}

impl Narrow {
    /// The content, if a quarter of it is zeros.
    pub(super) fn of(window: &[u8]) -> Option<Self> {
        if window.is_empty() || memchr::memchr_iter(0, window).count() < window.len() / 4 {
            return None;
        }
        let kept = || window.iter().enumerate().filter(|(_, byte)| **byte != 0);
        let bytes = Zeroizing::new(kept().map(|(_, byte)| *byte).collect::<Vec<_>>());
        let places = kept().map(|(at, _)| at).collect();
        Some(Self { bytes, places })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where bytes came from; there is at least one.
    pub(super) fn span(&self, span: Range<usize>) -> Range<usize> {
        self.places[span.start]..self.places[span.end - 1] + 1
    }
}
