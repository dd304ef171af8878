//! How much is unpacked of what one content holds.

use super::trial::Trial;

/// What may still be unpacked: a bomb must not take time without end.
pub(in crate::scan::detect) struct Budget {
    pub(super) left: u64,
    pub(super) tries: u32,
    pub(super) trial: Trial,
    /// Layers that were not unpacked to their end.
    pub(in crate::scan::detect) cut: u64,
}

impl Default for Budget {
    fn default() -> Self {
        Self { left: LEAST_UNPACKED, tries: MOST_TRIES, trial: Trial::default(), cut: 0 }
    }
}

impl Budget {
    /// More content may hold more: what is a hundred times longer unpacked is no bomb.
    pub(in crate::scan::detect) fn next_window(&mut self, len: u64) {
        self.left = self.left.saturating_add(len.saturating_mul(MOST_TIMES));
        self.tries = MOST_TRIES;
    }
}

/// For one content with all that is in it, and for each byte of it.
const LEAST_UNPACKED: u64 = 1 << 30;
const MOST_TIMES: u64 = 100;
/// For one window.
const MOST_TRIES: u32 = 4096;
