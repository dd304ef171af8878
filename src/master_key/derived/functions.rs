//! Digests of one text by one function after the other, and digests of digests.

use blake2::{Blake2b256, Blake2b512, Blake2s256};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};
use sha3::{Keccak256, Sha3_256, Sha3_384, Sha3_512};

use super::matcher::Matcher;
use super::sha256::sha256;
use crate::secret::hex;

/// Whether `other` is a digest of `text`, by any of the functions.
pub(in crate::master_key) fn is_digest_of(text: &[u8], other: &[u8; 32]) -> bool {
    any(&Matcher::new(other), text).is_some()
}

/// The four that people reach for.
#[inline]
pub(super) fn common(key: &Matcher, text: &[u8]) -> Option<&'static str> {
    if key.matches(&sha256(text)) {
        return Some("SHA-256");
    }
    if key.matches(&Md5::digest(text)) {
        return Some("MD5");
    }
    if key.matches(&Sha1::digest(text)) {
        return Some("SHA-1");
    }
    key.matches(&Sha512::digest(text)).then_some("SHA-512")
}

fn newer(key: &Matcher, text: &[u8]) -> Option<&'static str> {
    if key.matches(&Sha3_256::digest(text)) {
        return Some("SHA-3");
    }
    (key.matches(&Blake2b256::digest(text)) || key.matches(&Blake2b512::digest(text))).then_some("BLAKE2b")
}

pub(super) fn any(key: &Matcher, text: &[u8]) -> Option<&'static str> {
    common(key, text).or_else(|| newer(key, text)).or_else(|| rare(key, text))
}

fn rare(key: &Matcher, text: &[u8]) -> Option<&'static str> {
    type Function = fn(&Matcher, &[u8]) -> bool;
    let functions: [(&'static str, Function); 12] = [
        ("SHAKE128", |key, text| shaken(key, sha3::Shake128::default(), text)),
        ("SHAKE256", |key, text| shaken(key, sha3::Shake256::default(), text)),
        ("BLAKE2s", |key, text| key.matches(&Blake2s256::digest(text))),
        ("Keccak", |key, text| key.matches(&Keccak256::digest(text))),
        ("SHA-3", |key, text| key.matches(&Sha3_512::digest(text))),
        ("SHA-3", |key, text| key.matches(&Sha3_384::digest(text))),
        ("SHA-384", |key, text| key.matches(&Sha384::digest(text))),
        ("SHA-224", |key, text| key.matches(&Sha224::digest(text))),
        ("SHA-512/256", |key, text| key.matches(&Sha512_256::digest(text))),
        ("SHA-256 of the text of MD5", |key, text| key.matches(&sha256(hex(&Md5::digest(text)).as_bytes()))),
        ("SHA-256 of the text of SHA-256", |key, text| key.matches(&Sha256::digest(hex(&Sha256::digest(text))))),
        ("SHA-256 of SHA-256", |key, text| key.matches(&sha256(&sha256(text)))),
    ];
    functions.into_iter().find(|(_, function)| function(key, text)).map(|(name, _)| name)
}

fn shaken<F: sha3::digest::Update + sha3::digest::ExtendableOutput>(
    key: &Matcher,
    mut function: F,
    text: &[u8],
) -> bool {
    use sha3::digest::XofReader;
    let mut out = [0; 32];
    function.update(text);
    function.finalize_xof().read(&mut out);
    key.matches(&out)
}

/// The digest once more: of the bytes, of its text in either case, and of the base64 of the word.
pub(super) fn twice(key: &Matcher, word: &[u8]) -> Option<&'static str> {
    use base64ct::{Base64, Encoding};
    let digests: [Vec<u8>; 4] = [
        Md5::digest(word).to_vec(),
        Sha1::digest(word).to_vec(),
        Sha256::digest(word).to_vec(),
        Sha512::digest(word).to_vec(),
    ];
    let found = digests.iter().any(|digest| {
        let text = hex(digest);
        let base64 = Base64::encode_string(digest);
        let short = |text: &[u8]| key.matches(&sha256(text)) || key.matches(&Md5::digest(text));
        [&digest[..], text.as_bytes()].iter().any(|text| common(key, text).is_some())
            || short(text.to_uppercase().as_bytes())
            || short(base64.as_bytes())
    });
    let base64 = Base64::encode_string(word);
    let plain = found
        || common(key, base64.as_bytes()).is_some()
        || common(key, base64.trim_end_matches('=').as_bytes()).is_some()
        || iterated(key, word)
        || common(key, hex(word).as_bytes()).is_some()
        || openssl_bytes(key, word);
    plain.then_some("a digest of a digest")
}

/// SHA-256 and MD5 again and again.
fn iterated(key: &Matcher, word: &[u8]) -> bool {
    let (mut sha, mut md5) = (sha256(word), Md5::digest(word));
    (0..10).any(|_| {
        (sha, md5) = (sha256(&sha), Md5::digest(md5));
        key.matches(&sha) || key.matches(&md5)
    })
}

/// OpenSSL's EVP_BytesToKey without salt: the first block is the digest itself, so this is for SHA-1, which takes two.
fn openssl_bytes(key: &Matcher, word: &[u8]) -> bool {
    let first = Sha1::digest(word);
    let second = Sha1::digest([&first[..], word].concat());
    key.matches(&[&first[..], &second[..]].concat()[..32])
}
