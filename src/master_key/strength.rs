//! Whether a master key is obviously not random.
//!
//! Each refusal names a set of keys so small that a random key falls into it with a probability below 2^-40.

use super::published;

/// Every finding about a key, the gravest first; none for a key that looks random.
pub(super) fn check(key: &[u8; 32]) -> Vec<Finding> {
    CHECKS.iter().filter(|(fires, _)| fires(key)).map(|(_, finding)| finding.clone()).collect()
}

/// Something a check found. It holds nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// A stable name for scripts.
    pub id: &'static str,
    /// What follows from it.
    pub severity: Severity,
    /// What was found, in one sentence.
    pub what: &'static str,
    /// What to do about it.
    pub remedy: &'static str,
}

/// What follows from a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Worth knowing.
    Notice,
    /// Should be mended.
    Warn,
    /// The key is not accepted.
    Refuse,
}

type Check = (fn(&[u8; 32]) -> bool, Finding);

const CHECKS: &[Check] = &[
    (published::is_published, refuse("published", "it is printed in public documentation, samples or tests")),
    (one_byte, refuse("one-byte", "all 32 bytes are the same")),
    (short_period, refuse("short-period", "it repeats itself after 16 bytes or fewer")),
    (even_steps, refuse("even-steps", "each byte differs from the one before by the same amount")),
    (text, refuse("text", "its bytes are readable text, such as a passphrase, not random bytes")),
    (few_values, refuse("few-values", "it is made of 16 or fewer different bytes")),
];

fn one_byte(key: &[u8; 32]) -> bool {
    key.iter().all(|byte| *byte == key[0])
}

fn short_period(key: &[u8; 32]) -> bool {
    // One byte repeated is a finding of its own.
    !one_byte(key) && (2..=16).any(|period| key.iter().zip(&key[period..]).all(|(early, late)| early == late))
}

fn even_steps(key: &[u8; 32]) -> bool {
    let step = key[1].wrapping_sub(key[0]);
    step != 0 && key.windows(2).all(|pair| pair[1].wrapping_sub(pair[0]) == step)
}

/// 98 of 256 values are printable or white space: a random key is all of them with probability 2^-44.
fn text(key: &[u8; 32]) -> bool {
    key.iter().all(|byte| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

/// At most C(256,16) * (16/256)^32 < 2^-44 for a random key; one has about 30 different bytes.
fn few_values(key: &[u8; 32]) -> bool {
    let mut seen = [false; 256];
    for byte in key {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    distinct <= 16 && !one_byte(key) && !short_period(key)
}

const fn refuse(id: &'static str, what: &'static str) -> Finding {
    Finding { id, severity: Severity::Refuse, what, remedy: "make a new key with `strongroom master-key generate`" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    fn ids(key: &[u8; 32]) -> Vec<&'static str> {
        check(key).into_iter().map(|finding| finding.id).collect()
    }

    #[test]
    fn each_obvious_key_is_named() {
        assert_eq!(ids(&[0x41; 32]), ["one-byte", "text"]);
        assert_eq!(ids(&std::array::from_fn(|i| [0x80, 0xff][i % 2])), ["short-period"]);
        let half: [u8; 16] = random_array().expect("random");
        assert_eq!(ids(&std::array::from_fn(|i| half[i % 16])), ["short-period"]);
        assert_eq!(
            ids(&std::array::from_fn(|i| 0x90_u8.wrapping_add(7 * u8::try_from(i).expect("small")))),
            ["even-steps"]
        );
        assert_eq!(ids(b"correct horse battery staple 12\n"), ["text", "few-values"]);
        assert_eq!(
            ids(&std::array::from_fn(|i| [0x80, 1, 2, 3, 4, 5, 6, 7, 8, 9, 200][(i * i / 3) % 11])),
            ["few-values"]
        );
        assert_eq!(ids(&[42; 32])[0], "published");
    }

    #[test]
    fn random_keys_pass() {
        for _ in 0..100_000 {
            let key: [u8; 32] = random_array().expect("random");
            assert!(check(&key).is_empty());
        }
    }
}
