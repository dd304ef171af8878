//! Master keys that specifications, documentation, samples, upstream tests and test vectors have published, and constants
//! that everybody knows.
//!
//! Kept as the first 8 bytes of the SHA-256 of the key, sorted, so that the program contains no key. `tools/published_keys.py`
//! makes the table; `tools/published_keys.tsv` and that program say where each key is published.

use sha2::{Digest, Sha256};

use super::finding::{Finding, Severity};

/// Whether `key` is one of the published keys.
pub(super) fn check(key: &[u8; 32]) -> Option<Finding> {
    let mark = mark(key);
    if marks().binary_search(&mark).is_ok() {
        let what = "specifications, documentation, samples or test vectors have published this key";
        return Some(Finding::new("published", Severity::Refuse, what));
    }
    UNCONFIRMED.contains(&u64::from_be_bytes(mark)).then(|| {
        Finding::new("published-unconfirmed", Severity::Warn, "this key is said to stand in public documentation")
    })
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
