//! The bytes of keys as they are, for all keys at once: every pattern is longer than two looks at the content are apart, so that one
//! of them falls into it.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

/// Patterns, ready to be searched.
#[derive(Default)]
pub(super) struct Raw {
    patterns: Vec<Pattern>,
    /// One bit for each value of a hash of a block.
    filter: Vec<u64>,
    /// Sorted: a block of a pattern, and which pattern has it where.
    blocks: Vec<(u64, u32)>,
}

pub(super) struct Pattern {
    /// Which key, by its place in the list.
    pub(super) key: usize,
    pub(super) kind: &'static str,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.filter.zeroize();
        self.blocks.zeroize();
    }
}

impl Raw {
    pub(super) fn of(patterns: Vec<Pattern>) -> Self {
        let len = (patterns.len() * STEP * BITS_FOR_ONE / 64).next_power_of_two();
        let mut all =
            Self { patterns: vec![], filter: vec![0; len], blocks: Vec::with_capacity(patterns.len() * STEP) };
        for (index, pattern) in patterns.iter().enumerate() {
            for offset in 0..STEP {
                let Some(block) = block(&pattern.bytes, offset) else { continue };
                let slot = all.slot(block);
                all.filter[slot / 64] |= 1 << (slot % 64);
                all.blocks.push((block, u32::try_from(index * STEP + offset).expect("few patterns")));
            }
        }
        all.blocks.sort_unstable();
        all.patterns = patterns;
        all
    }

    /// Tells `found` each pattern in the window, and where it stands.
    pub(super) fn search(&self, window: &[u8], found: &mut dyn FnMut(&Pattern, Range<usize>)) {
        for at in (0..window.len()).step_by(STEP) {
            let Some(block) = block(window, at) else { return };
            let slot = self.slot(block);
            if self.filter[slot / 64] >> (slot % 64) & 1 == 1 {
                self.compare(window, at, block, found);
            }
        }
    }

    fn compare(&self, window: &[u8], at: usize, block: u64, found: &mut dyn FnMut(&Pattern, Range<usize>)) {
        let first = self.blocks.partition_point(|(known, _)| *known < block);
        for (_, place) in self.blocks[first..].iter().take_while(|(known, _)| *known == block) {
            let (pattern, offset) = (&self.patterns[*place as usize / STEP], *place as usize % STEP);
            if let Some(start) = at.checked_sub(offset)
                && window[start..].starts_with(&pattern.bytes)
            {
                found(pattern, start..start + pattern.bytes.len());
            }
        }
    }

    #[inline]
    fn slot(&self, block: u64) -> usize {
        let hash = block.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        usize::try_from(hash).expect("32 bits") & (self.filter.len() * 64 - 1)
    }
}

#[inline]
fn block(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|block| u64::from_le_bytes(*block))
}

/// A block of eight bytes at each of these places: the shortest pattern has 32.
const STEP: usize = 16;
const BITS_FOR_ONE: usize = 64;
