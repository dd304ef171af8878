//! Texts that look random and are made of others: hexadecimal, base64, digests of words.

use std::sync::OnceLock;

use base64ct::{Base64Unpadded, Base64UrlUnpadded, Encoding};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::words;

/// Base64 without the padding behind it, which says nothing.
pub(super) fn without_padding(text: &str) -> &str {
    let body = text.trim_end_matches('=');
    let is_base64 = body.bytes().all(|c| c.is_ascii_alphanumeric() || b"+/-_".contains(&c));
    if is_base64 && text.len() - body.len() <= 2 { body } else { text }
}

/// What it decodes to, if that is text. Of 12 random bytes 2^-17 are.
pub(super) fn texts(text: &str) -> Vec<Zeroizing<String>> {
    decoded(text).into_iter().filter_map(|bytes| readable(&bytes)).collect()
}

/// Whether it is the digest of a frequent word or of a small number.
pub(super) fn is_digest_of_a_word(text: &str) -> bool {
    decoded(text).iter().any(|bytes| {
        let start = bytes.first_chunk().map(|start| u64::from_le_bytes(*start));
        start.is_some_and(|start| digests_of_len(bytes.len()).binary_search(&start).is_ok())
    })
}

fn decoded(text: &str) -> Vec<Zeroizing<Vec<u8>>> {
    let all = [
        base16ct::mixed::decode_vec(text).ok(),
        Base64UrlUnpadded::decode_vec(text).ok(),
        Base64Unpadded::decode_vec(text).ok(),
    ];
    all.into_iter().flatten().map(Zeroizing::new).filter(|bytes| bytes.len() >= LEAST).collect()
}

fn readable(bytes: &[u8]) -> Option<Zeroizing<String>> {
    let text = std::str::from_utf8(bytes).ok()?;
    text.bytes().all(|c| matches!(c, b' '..=b'~')).then(|| Zeroizing::new(text.to_owned()))
}

/// The first bytes of the digests that have this length, in order; made when one of it is seen first.
fn digests_of_len(len: usize) -> &'static [u64] {
    #[cfg(feature = "strength")]
    static MD5: OnceLock<Vec<u64>> = OnceLock::new();
    #[cfg(feature = "strength")]
    static SHA1: OnceLock<Vec<u64>> = OnceLock::new();
    static SHA256: OnceLock<Vec<u64>> = OnceLock::new();
    match len {
        #[cfg(feature = "strength")]
        16 => MD5.get_or_init(starts::<md5::Md5>),
        #[cfg(feature = "strength")]
        20 => SHA1.get_or_init(starts::<sha1::Sha1>),
        32 => SHA256.get_or_init(starts::<Sha256>),
        _ => &[],
    }
}

fn starts<D: Digest>() -> Vec<u64> {
    let words = words::frequent().map(|word| start::<D>(word.as_bytes()));
    let numbers = (0..NUMBERS).map(|number| start::<D>(number.to_string().as_bytes()));
    let mut starts: Vec<_> = words.chain(numbers).collect();
    starts.sort_unstable();
    starts
}

fn start<D: Digest>(text: &[u8]) -> u64 {
    let digest = D::digest(text);
    u64::from_le_bytes(*digest.first_chunk().expect("a digest is longer than 8 bytes"))
}

/// Bytes; fewer are judged as they stand.
const LEAST: usize = 4;
const NUMBERS: u32 = 10_000;
