//! How far the doctor looks.

use std::num::NonZeroU32;

use crate::arguments::Maybe;
use crate::master_key::AgePolicy;

/// What the doctor is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkup {
    pub(super) depth: Depth,
    pub(super) ages: Option<AgePolicy>,
}

impl Default for Checkup {
    fn default() -> Self {
        Self { depth: Depth::Deep, ages: None }
    }
}

impl Checkup {
    /// Everything, and the ages of master keys that the vault's policy allows.
    pub fn new() -> Self {
        Self::default()
    }

    /// How far to look.
    #[must_use]
    pub fn depth(mut self, depth: impl Maybe<Depth>) -> Self {
        self.depth = depth.maybe().unwrap_or(self.depth);
        self
    }

    /// How old the active master key may grow, whatever the policy of the vault.
    #[must_use]
    pub fn ages(mut self, ages: impl Maybe<AgePolicy>) -> Self {
        self.ages = ages.maybe().or(self.ages);
        self
    }
}

/// How many records are opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// All of them.
    Deep,
    /// None: the rows of the vault, the audit chain, files and keys.
    Quick,
    /// Those of one part of several, chosen by their ids. All are read and counted, so that the digest of the records can be
    /// compared; a whole round of parts opens each of them.
    Subset {
        /// Which part, from 1.
        part: NonZeroU32,
        /// How many there are.
        parts: NonZeroU32,
    },
}

impl Depth {
    /// Whether the record at this key is opened. Ids end in random bytes, so that parts are about as large as each other.
    pub(super) fn opens(self, key: &[u8]) -> bool {
        match self {
            Self::Deep => true,
            Self::Quick => false,
            Self::Subset { part, parts } => crc32fast::hash(key) % parts == part.get() - 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_record_is_opened_in_exactly_one_part() {
        let number = |n| NonZeroU32::new(n).expect("not zero");
        for parts in [1, 2, 7, 30] {
            let mut sizes = vec![0_u32; parts as usize];
            for n in 0..3_000_u128 {
                let key = n.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
                let depth = |part| Depth::Subset { part: number(part), parts: number(parts) };
                let chosen: Vec<_> = (1..=parts).filter(|part| depth(*part).opens(&key)).collect();
                assert_eq!(chosen.len(), 1, "{n} of {parts}");
                sizes[chosen[0] as usize - 1] += 1;
            }
            assert!(sizes.iter().all(|size| size.abs_diff(3_000 / parts) < 200), "{sizes:?}");
        }
    }
}
