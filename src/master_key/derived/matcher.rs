//! Whether a digest or an output stands in the key: whole, cut, as one half, backward, complemented.

use std::sync::atomic::{AtomicBool, Ordering};

/// The first eight bytes of each window of the key that a candidate is compared with.
pub(super) struct Matcher {
    key: [u8; 32],
    forms: [[u8; 32]; 4],
    heads: [u64; 12],
    over: AtomicBool,
}

impl Matcher {
    pub(super) fn new(key: &[u8; 32]) -> Self {
        let mut backward = *key;
        backward.reverse();
        let mut swapped = *key;
        swapped.chunks_exact_mut(4).for_each(<[u8]>::reverse);
        let forms = [*key, backward, key.map(|byte| !byte), swapped];
        let heads = std::array::from_fn(|at| head(&forms[at / 3][OFFSETS[at % 3]..]));
        Self { key: *key, forms, heads, over: AtomicBool::new(false) }
    }

    /// Whether another thread has found what made the key, or nobody wants to know any more. Asked now and then.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }

    /// Ends the searches that other threads are at.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    pub(super) fn key(&self) -> &[u8; 32] {
        &self.key
    }

    /// Whether 16 bytes or more of a candidate of 16 bytes or more stand in the key: its beginning at the beginning or the
    /// middle, the whole of a short one at the end, or the last 32 bytes of a long one.
    #[inline]
    pub(super) fn matches(&self, candidate: &[u8]) -> bool {
        self.begins(candidate) || candidate.len() > 32 && self.begins(&candidate[candidate.len() - 32..])
    }

    /// The same of eight words or more, the least significant byte of each first.
    pub(super) fn matches_words(&self, words: &[u32]) -> bool {
        self.matches(&std::array::from_fn::<u8, 32, _>(|at| words[at / 4].to_le_bytes()[at % 4]))
    }

    #[inline]
    fn begins(&self, candidate: &[u8]) -> bool {
        let wanted = head(candidate);
        self.heads.contains(&wanted) && self.confirms(candidate)
    }

    #[cold]
    fn confirms(&self, candidate: &[u8]) -> bool {
        self.forms.iter().any(|form| {
            OFFSETS.iter().any(|offset| {
                let len = candidate.len().min(32 - offset);
                len >= 16 && form[*offset..offset + len] == candidate[..len]
            })
        })
    }
}

impl Drop for Matcher {
    fn drop(&mut self) {
        use zeroize::Zeroize;
        self.key.zeroize();
        self.forms.zeroize();
        self.heads.zeroize();
    }
}

/// Beginning; end of 20 bytes; middle.
const OFFSETS: [usize; 3] = [0, 12, 16];

#[inline]
fn head(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    #[test]
    fn a_digest_is_found_however_it_was_fitted() {
        let long: [u8; 64] = random_array().expect("random");
        let key = |bytes: &[u8]| -> [u8; 32] { bytes.try_into().expect("32 bytes") };
        let padded = |left: usize, len: usize| {
            let mut padded: [u8; 32] = random_array().expect("random");
            padded[left..left + len].copy_from_slice(&long[..len]);
            padded
        };
        let mut backward = key(&long[..32]);
        backward.reverse();
        for (what, key, candidate) in [
            ("whole", key(&long[..32]), &long[..32]),
            ("cut to its beginning", key(&long[..32]), &long[..]),
            ("cut to its end", key(&long[32..]), &long[..]),
            ("backward", backward, &long[..32]),
            ("complement", key(&long[..32]).map(|byte| !byte), &long[..32]),
            ("16 bytes in front", padded(0, 16), &long[..16]),
            ("16 bytes behind", padded(16, 16), &long[..16]),
            ("20 bytes in front", padded(0, 20), &long[..20]),
            ("20 bytes behind", padded(12, 20), &long[..20]),
        ] {
            assert!(Matcher::new(&key).matches(candidate), "{what}");
        }
        let near = padded(0, 15);
        assert!(!Matcher::new(&near).matches(&long[..16]) || near[15] == long[15]);
    }
}
