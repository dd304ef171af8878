//! Keys that somebody knows to be out, beside those that the program knows: of one's own past, of a breach, of a colleague.

use std::collections::BTreeSet;
use std::fmt;

use sha2::{Digest, Sha256};

use super::{format, published};
use crate::secret::on_wiped_stack;

/// A list of keys that must not be used, as hashes: nothing else of them is kept.
///
/// One key a line: `sha256:` and 16 to 64 hexadecimal digits, the beginning of the SHA-256 of its 32 bytes; the 16 digits alone;
/// or the key in any spelling that a check recognises. What stands behind a tab says where it is from. Empty lines and lines
/// that begin with `#` are skipped.
///
/// ```
/// # use strongroom::MasterKey;
/// # use strongroom::strength::{KnownKeys, Suspect};
/// let key = MasterKey::generate()?;
/// let known = KnownKeys::parse(&format!("# ours\n{}\tthe vault of 2024\n", key.to_text().expose()))?;
/// assert!(Suspect::of(&key).known_in(&known).is_some());
/// assert!(Suspect::of(&MasterKey::generate()?).known_in(&known).is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct KnownKeys {
    marks: BTreeSet<[u8; 8]>,
}

impl KnownKeys {
    /// Reads a list.
    pub fn parse(text: &str) -> Result<Self, KnownKeysError> {
        let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
        let marks = lines.map(|(line, text)| {
            let entry = text.split('\t').next().unwrap_or_default().trim();
            mark_of(entry).ok_or(KnownKeysError { line })
        });
        Ok(Self { marks: marks.collect::<Result<_, _>>()? })
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.marks.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.marks.is_empty()
    }

    /// Whether a key is one of them, or became of one by a small change.
    pub(super) fn holds(&self, key: &[u8; 32]) -> bool {
        let holds = |key: &[u8; 32]| self.marks.contains(&published::mark(key));
        holds(key) || published::near(key).iter().any(holds)
    }
}

impl fmt::Debug for KnownKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KnownKeys({})", self.len())
    }
}

/// A line of a list of known keys is neither a hash nor a key. What stands there is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the known keys is neither a hash nor a key of 32 bytes")]
pub struct KnownKeysError {
    /// Counted from 1.
    pub line: usize,
}

fn mark_of(entry: &str) -> Option<[u8; 8]> {
    let digits = entry.strip_prefix("sha256:").or_else(|| (entry.len() == 16).then_some(entry));
    if let Some(digits) = digits {
        let mut hash = [0; 32];
        let read = base16ct::mixed::decode(digits, &mut hash).ok()?;
        return read.first_chunk().copied();
    }
    on_wiped_stack(|| format::read(entry).key.map(|key| *Sha256::digest(key.expose()).first_chunk().expect("32 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const STARS: &str = "KioqKioqKioqKioqKioqKioqKioqKioqKioqKioqKio=";

    #[test]
    fn a_key_is_known_by_its_hash_and_by_itself_in_any_spelling() {
        let key = [b'*'; 32];
        let hash = crate::secret::hex(&Sha256::digest(key));
        for entry in [
            hash[..16].to_owned(),
            format!("sha256:{hash}"),
            format!("sha256:{}", hash[..20].to_uppercase()),
            STARS.to_owned(),
            format!("{STARS}\tfrom a sample"),
            "2a".repeat(32),
        ] {
            let known = KnownKeys::parse(&format!("# known\n\n{entry}\n")).expect("a list");
            assert!(known.len() == 1 && known.holds(&key), "{entry}");
            let mut other = key;
            other[3] ^= 1;
            assert!(!known.holds(&other));
        }
    }

    #[test]
    fn a_line_that_is_neither_is_named_and_not_repeated() {
        for entry in ["hunter2", "sha256:12", "0123456789abcde", "sha256:0123456789abcdeg", &"a".repeat(62)] {
            let error = KnownKeys::parse(&format!("{STARS}\n{entry}")).expect_err("no entry");
            assert_eq!(error, KnownKeysError { line: 2 });
            assert!(!error.to_string().contains(entry));
        }
        assert!(KnownKeys::parse("").expect("an empty list").is_empty());
    }
}
