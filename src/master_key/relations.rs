//! Whether one master key follows from another, or lies in the environment under another name.

use base64ct::{Base64, Base64Url, Encoding};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::secret::hex;

/// In what way `later` follows from `earlier`, or the other way round.
pub(super) fn relation(earlier: &[u8; 32], later: &[u8; 32]) -> Option<&'static str> {
    let either = |test: fn(&[u8; 32], &[u8; 32]) -> bool| test(earlier, later) || test(later, earlier);
    let found = RELATIONS.iter().find(|(test, _)| either(*test));
    found.map(|(_, what)| *what)
}

type Relation = (fn(&[u8; 32], &[u8; 32]) -> bool, &'static str);

/// Each holds for two random keys with a probability below 2^-40 (docs/master-keys.md).
const RELATIONS: &[Relation] = &[
    (|one, other| one == other, "the same key"),
    (near, "the same but for some bits"),
    (|one, other| near(&one.map(|byte| !byte), other), "its complement, but for some bits at most"),
    (backward, "its reverse"),
    (half_in_common, "a key with one half in common"),
    (close_numbers, "the same number but for a small difference"),
    (changed_evenly, "the same with one change in every byte"),
    (permuted, "the same bytes in another order"),
    (turned, "the same bits, turned"),
    (digest, "its digest, or the digest of its text"),
    (derived, "derived from it by HMAC or HKDF with well-known inputs"),
];

/// 2^-47 at 67 bits.
fn near(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().zip(other).map(|(one, other)| (one ^ other).count_ones()).sum::<u32>() <= 67
}

fn backward(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.iter().rev().eq(other) || one.iter().rev().map(|byte| byte.reverse_bits()).eq(other.iter().copied())
}

fn half_in_common(one: &[u8; 32], other: &[u8; 32]) -> bool {
    one.chunks_exact(16).any(|half| other.chunks_exact(16).any(|others| half == others))
}

/// Less than 2^128 apart, read in either order of bytes.
fn close_numbers(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let ends = |key: &[u8; 32], little: bool| {
        let mut key = Zeroizing::new(*key);
        if little {
            key.reverse();
        }
        let (high, low) = key.split_at(16);
        let number = |half: &[u8]| half.iter().fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        (number(high), number(low))
    };
    [false, true].iter().any(|little| {
        let ((high, low), (other_high, other_low)) = (ends(one, *little), ends(other, *little));
        // The difference modulo 2^256 has no high part.
        other_high.wrapping_sub(high).wrapping_sub(u128::from(other_low < low)) == 0
    })
}

fn changed_evenly(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let same = |change: fn(u8, u8) -> u8| {
        one.iter().zip(other).all(|(byte, turned)| change(*byte, *turned) == change(one[0], other[0]))
    };
    same(|one, other| one ^ other) || same(|one, other| other.wrapping_sub(one))
}

fn permuted(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let sorted = |key: &[u8; 32]| {
        let mut key = Zeroizing::new(*key);
        key.sort_unstable();
        key
    };
    *sorted(one) == *sorted(other)
}

fn turned(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let bit = |key: &[u8; 32], at: usize| key[at % 256 / 8] >> (7 - at % 8) & 1;
    (1..256).any(|by| (0..256).all(|at| bit(one, at + by) == bit(other, at)))
}

fn digest(one: &[u8; 32], other: &[u8; 32]) -> bool {
    written(one).iter().any(|text| {
        let (short, long) = (Sha256::digest(text), Sha512::digest(text));
        short[..] == other[..] || long[..32] == other[..] || long[32..] == other[..] || feature_digest(text, other)
    })
}

#[cfg(feature = "strength")]
fn feature_digest(text: &[u8], other: &[u8; 32]) -> bool {
    super::derived::is_digest_of(text, other)
}

#[cfg(not(feature = "strength"))]
fn feature_digest(_: &[u8], _: &[u8; 32]) -> bool {
    false
}

/// The key itself and the texts it is written as.
pub(super) fn written(key: &[u8; 32]) -> [Zeroizing<Vec<u8>>; 7] {
    let url_safe = Base64Url::encode_string(key);
    let bare = url_safe.trim_end_matches('=').to_owned();
    let standard = Base64::encode_string(key);
    let standard_bare = standard.trim_end_matches('=').to_owned();
    let digits = hex(key);
    let upper = digits.to_uppercase();
    [key.to_vec(), bare.into(), url_safe.into(), standard_bare.into(), standard.into(), digits.into(), upper.into()]
        .map(Zeroizing::new)
}

fn derived(one: &[u8; 32], other: &[u8; 32]) -> bool {
    let words: [&[u8]; 8] = [b"", b"1", b"2", b"v2", b"key", b"salt", b"next", b"rotate"];
    words.iter().any(|word| {
        let mut expanded = Zeroizing::new([0; 32]);
        let expands = |salt: Option<&[u8]>, info: &[u8], out: &mut [u8; 32]| {
            Hkdf::<Sha256>::new(salt, one).expand(info, out).is_ok() && out == other
        };
        expands(None, word, &mut expanded)
            || expands(Some(word), b"", &mut expanded)
            || mac(one, word) == *other
            || mac(word, one) == *other
    })
}

fn mac(key: &[u8], message: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes a key of any length");
    mac.update(message);
    mac.finalize().into_bytes().into()
}

/// Whether `value` holds the key, as it is or written as text.
pub(super) fn held_in(key: &[u8; 32], value: &[u8]) -> bool {
    // Without padding each text is part of the one with it.
    let texts = written(key);
    [0, 1, 3, 5, 6].iter().any(|form| value.windows(texts[*form].len()).any(|window| window == &texts[*form][..]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    fn turned_by(key: &[u8; 32], by: usize) -> [u8; 32] {
        std::array::from_fn(|at| key[(at + by) % 32])
    }

    #[test]
    fn each_relation_is_seen_in_both_directions() {
        let key: [u8; 32] = random_array().expect("random");
        let with = |change: &dyn Fn(&mut [u8; 32])| {
            let mut other = key;
            change(&mut other);
            other
        };
        let fresh: [u8; 32] = random_array().expect("random");
        let cases = [
            ("the same key", key),
            ("some bits", with(&|key| key[7] ^= 0x41)),
            ("complement", key.map(|byte| !byte)),
            ("reverse", with(&|key| key.reverse())),
            ("half", with(&|key| key[..16].copy_from_slice(&fresh[..16]))),
            ("half", with(&|other| other[16..].copy_from_slice(&key[..16]))),
            (
                "small difference",
                with(&|key| {
                    key[31] = key[31].wrapping_add(1);
                    if key[31] == 0 {
                        key[30] = key[30].wrapping_add(1);
                    }
                }),
            ),
            ("one change", key.map(|byte| byte ^ 0xa5)),
            ("one change", key.map(|byte| byte.wrapping_add(77))),
            ("another order", turned_by(&key, 5)),
            ("digest", Sha256::digest(key).into()),
            ("digest", Sha256::digest(hex(&key)).into()),
            ("HMAC", mac(&key, b"2")),
        ];
        for (what, other) in cases {
            for (one, two) in [(&key, &other), (&other, &key)] {
                assert!(relation(one, two).is_some(), "{what}");
            }
        }
        let seen = |other: [u8; 32]| relation(&key, &other).expect("a relation");
        assert!(seen(turned_by(&key, 1)).contains("another order"));
        assert!(seen(key.map(|byte| byte ^ 0x96)).contains("one change"));
        assert_eq!(relation(&key, &fresh), None);
    }

    #[test]
    fn random_keys_are_unrelated() {
        for _ in 0..200 {
            let (one, other): ([u8; 32], [u8; 32]) = (random_array().expect("random"), random_array().expect("random"));
            assert_eq!(relation(&one, &other), None);
        }
    }

    #[test]
    fn a_key_is_found_in_a_value_in_every_spelling() {
        let key: [u8; 32] = random_array().expect("random");
        for text in written(&key) {
            let value = [b"2:", &text[..], b"\n"].concat();
            assert!(held_in(&key, &value));
            assert!(!held_in(&key, &value[..value.len() - 4]) || text.ends_with(b"="));
        }
    }
}
