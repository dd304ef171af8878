//! Where a text holds what was drawn at random and is as long as a secret: what may not be repeated in a path or a message,
//! though nobody knows the secret.

use std::ops::Range;

use super::detect::classes::{hex_value, is_base64, turns};
use crate::words;

/// The places in `text` of what must be a key, a token or a part of one (docs/scanning.md, What is shown). Each begins and ends
/// with ASCII.
///
/// ```
/// # use strongroom::scan::secrets_in;
/// # use strongroom::MasterKey;
/// let key = MasterKey::generate()?;
/// let path = format!("backup/{}.txt", key.to_text().expose());
/// assert_eq!(secrets_in(path.as_bytes()), [7..51]);
/// assert!(secrets_in(b"docs/content/integration/kubernetes/secrets.md").is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn secrets_in(text: &[u8]) -> Vec<Range<usize>> {
    let mut secrets = vec![];
    let mut at = 0;
    while at < text.len() {
        let len = text[at..].iter().take_while(|byte| is_base64(**byte)).count();
        secrets.extend(within(text, at..at + len));
        at += len.max(1);
    }
    secrets
}

/// In a run of base64, which may be a path as well: one of its parts, or standard base64 with slashes up to the end.
fn within(text: &[u8], run: Range<usize>) -> Vec<Range<usize>> {
    let padded = usize::from(text.get(run.end) == Some(&b'='));
    let tail = run.end.checked_sub(KEY_LEN).filter(|start| *start >= run.start && (padded == 1 || *start == run.start));
    if let Some(start) = tail.filter(|start| is_drawn(&text[*start..run.end])) {
        let mut all = parts(text, run.start..start);
        all.push(start..run.end + padded);
        return all;
    }
    parts(text, run)
}

fn parts(text: &[u8], run: Range<usize>) -> Vec<Range<usize>> {
    let mut start = run.start;
    let mut found = vec![];
    for part in text[run].split(|byte| *byte == b'/') {
        let end = start + part.len();
        let is_hex = part.len() >= HEX_LEN && part.iter().all(|byte| hex_value(*byte).is_some());
        if part.len() >= LEAST && is_drawn(part) || is_hex && is_varied(part) && !is_digest(&text[..start]) {
            found.push(start..end + usize::from(text.get(end) == Some(&b'=')));
        }
        start = end + 1;
    }
    found
}

/// Letters of both cases and digits that take turns as chance has it, and pairs of letters as no language has them.
fn is_drawn(text: &[u8]) -> bool {
    let count = |class: fn(&u8) -> bool| text.iter().filter(|byte| class(byte)).count();
    let both = count(u8::is_ascii_uppercase) >= LEAST_OF_CASE && count(u8::is_ascii_lowercase) >= LEAST_OF_CASE;
    let slashes = count(|byte| *byte == b'/');
    both && count(u8::is_ascii_digit) > 0
        && slashes <= MOST_SLASHES
        && turns(text) * KEY_LEN >= LEAST_TURNS * text.len()
        && !is_spoken(text)
}

/// Whether most pairs of letters are among those that words are made of.
fn is_spoken(text: &[u8]) -> bool {
    let letters = text.windows(2).filter(|pair| pair.iter().all(u8::is_ascii_alphabetic));
    let (mut all, mut spoken) = (0, 0);
    for pair in letters {
        all += 1;
        spoken += usize::from(words::is_spoken(pair[0], pair[1]));
    }
    spoken * 100 >= all * SPOKEN_SHARE
}

/// More different digits than a row of zeros has.
fn is_varied(hex: &[u8]) -> bool {
    let seen = hex.iter().filter_map(|byte| hex_value(*byte)).fold(0_u16, |seen, value| seen | 1 << value);
    seen.count_ones() >= 8
}

/// Whether what stands before hexadecimal says that it is a digest, which is no secret: `blobs/sha256/`, `sha256:`.
fn is_digest(before: &[u8]) -> bool {
    let near = &before[before.len().saturating_sub(NEAR)..];
    let word = near.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    let near = near[word..].to_ascii_lowercase();
    DIGESTS.iter().any(|word| memchr::memmem::find(&near, word.as_bytes()).is_some())
}

/// What directories and labels of digests are called.
const DIGESTS: &[&str] = &[
    "sha256",
    "sha-256",
    "sha512",
    "blake",
    "digest",
    "checksum",
    "blob",
    "object",
    "overlay2",
    "container",
    "layer",
    "image",
    "cache",
    "store/",
    "by-hash",
    "cas/",
    "commit",
];

/// The characters of a master key without its padding.
const KEY_LEN: usize = 43;
const HEX_LEN: usize = 64;
/// Half of a token is as secret as all of it.
const LEAST: usize = 40;
/// Of each case 43 random characters have 17; fewer than four with a probability of 2^-20.
const LEAST_OF_CASE: usize = 4;
/// Of 42 places 27 are turns in what is random, and fewer than this once in ten thousand keys.
const LEAST_TURNS: usize = 15;
/// 43 random characters have as many with a probability of 2^-11; a path has more.
const MOST_SLASHES: usize = 4;
/// In hundredths. Random characters reach it once in ten thousand keys.
const SPOKEN_SHARE: usize = 65;
/// How far before a digest it says so.
const NEAR: usize = 48;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_random_key_in_a_thousand_at_most_is_repeated() {
        let random = || {
            let key = crate::master_key::MasterKey::generate().expect("random");
            key.to_text().expose().to_owned()
        };
        let shown = (0..4000).filter(|_| secrets_in(random().as_bytes()).is_empty()).count();
        assert!(shown <= 16, "{shown} of 4000");
    }
}
