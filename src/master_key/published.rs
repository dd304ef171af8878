//! Master keys that specifications, documentation, samples, upstream tests and test vectors have published, and constants
//! that everybody knows.
//!
//! Kept as the first 8 bytes of the SHA-256 of the key, sorted, so that the program contains no key. `src/master_key/published_keys.py`
//! makes the table; `src/master_key/published_keys.tsv` and that program say where each key is published.

use sha2::{Digest, Sha256};

use super::finding::{Finding, Severity};
use super::slips;

/// Whether `key` is one of the published keys.
pub(super) fn check(key: &[u8; 32]) -> Option<Finding> {
    let mark = mark(key);
    if is_published(mark) {
        let what = "specifications, documentation, samples or test vectors have published this key";
        return Some(Finding::new("published", Severity::Refuse, what));
    }
    if near(key).iter().any(|key| is_published(self::mark(key))) {
        let what = "it is a published key turned, reversed or complemented, or but for one byte";
        return Some(Finding::new("published", Severity::Refuse, what));
    }
    UNCONFIRMED.contains(&u64::from_be_bytes(mark)).then(|| {
        Finding::new("published-unconfirmed", Severity::Warn, "this key is said to stand in public documentation")
    })
}

fn is_published(mark: [u8; 8]) -> bool {
    marks().binary_search(&mark).is_ok()
}

/// Whether `key` is a published one that was copied with a slip of the pen. It takes some milliseconds.
pub(super) fn check_slips(key: &[u8; 32]) -> Option<Finding> {
    slips::neighbours(key, |other| is_published(mark(other))).then(|| {
        let what = "it is a published key but for one byte or character: changed, exchanged with the next, left out or doubled";
        Finding::new("published", Severity::Refuse, what)
    })
}

/// The keys that this one may have been made of by a small change: 14, each of which meets the table with 2^-49.6.
fn near(key: &[u8; 32]) -> [[u8; 32]; 14] {
    let turned = |by: usize| std::array::from_fn(|at| key[(at + by) % 32]);
    let swapped = |width: usize| std::array::from_fn(|at| key[at / width * width + width - 1 - at % width]);
    let but_for = |at: usize, change: u8| {
        let mut other = *key;
        other[at] = other[at].wrapping_add(change);
        other
    };
    [
        swapped(32),
        swapped(16),
        swapped(8),
        swapped(4),
        swapped(2),
        turned(1),
        turned(31),
        turned(16),
        key.map(|byte| !byte),
        key.map(|byte| byte.rotate_left(4)),
        but_for(31, 1),
        but_for(31, 255),
        but_for(0, 1),
        but_for(0, 255),
    ]
}

fn mark(key: &[u8; 32]) -> [u8; 8] {
    *Sha256::digest(key).first_chunk().expect("a digest has 32 bytes")
}

fn marks() -> &'static [[u8; 8]] {
    TABLE.as_chunks().0
}

const TABLE: &[u8] = include_bytes!("published.bin");

/// Their source could not be looked up.
const UNCONFIRMED: &[u64] = &[
    0xfb4d_0cf7_9fc4_7e2b, // PHP manual, mcrypt_encrypt
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_each_mark_stands_once() {
        assert!(marks().len() > 1_000 && marks().windows(2).all(|pair| pair[0] < pair[1]));
        assert!(TABLE.as_chunks::<8>().1.is_empty());
    }

    #[test]
    fn what_was_made_of_a_published_key_by_a_small_change_is_found() {
        // NIST SP 800-38A.
        let mut known = [0; 32];
        let text = "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4";
        base16ct::lower::decode(text, &mut known).expect("hexadecimal");
        let mut reversed = known;
        reversed.reverse();
        let mut next = known;
        next[31] += 1;
        let (mut turned, mut halves) = (known, known);
        turned.rotate_left(1);
        halves.rotate_left(16);
        for key in [reversed, next, turned, halves, known.map(|byte| !byte)] {
            assert!(check(&key).is_some_and(|finding| finding.id == "published"));
        }
        known[7] ^= 1;
        assert!(check(&known).is_none() && check_slips(&known).is_some_and(|finding| finding.id == "published"));
        known[19] ^= 1;
        assert!(check_slips(&known).is_none());
    }

    #[test]
    fn keys_of_specifications_samples_and_test_vectors_are_known() {
        let counter: [u8; 32] = std::array::from_fn(|at| u8::try_from(at).expect("small"));
        assert!(check(&counter).is_some_and(|finding| finding.id == "published"));
        assert!(check(&[42; 32]).is_some());
        assert!(check(b"an example very very secret key.").is_some());
        // The round constants of SHA-256 begin the first of these; the second is the fraction of pi.
        for text in [
            "428a2f9871374491b5c0fbcfe9b5dba53956c25b59f111f1923f82a4ab1c5ed5",
            "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
        ] {
            let mut key = [0; 32];
            base16ct::lower::decode(text, &mut key).expect("hexadecimal");
            assert!(check(&key).is_some(), "{text}");
        }
    }
}
