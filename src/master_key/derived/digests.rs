//! Digests of common words, passwords, phrases, numbers and dates, and digests of digests.

use blake2::{Blake2b256, Blake2b512, Blake2s256};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};
use sha3::{Keccak256, Sha3_256, Sha3_384, Sha3_512};

use super::batch::{Batch, sha256};
use super::matcher::Matcher;
use super::words;
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

/// Everything, and with a newline the four that people reach for.
fn thoroughly(key: &Matcher, text: &[u8]) -> Option<&'static str> {
    any(key, text).or_else(|| common(key, &[text, b"\n"].concat()))
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

pub(super) fn phrases(key: &Matcher) -> Option<&'static str> {
    let mut found = None;
    let mut batch = Batch::new(key);
    words::each_phrase(|phrase, end| {
        found = match end {
            b"" if !phrase.contains(&b'.') => any(key, phrase).or_else(|| twice(key, phrase)),
            b"\n" if !phrase.contains(&b'.') => any(key, phrase),
            _ => common(key, phrase),
        };
        found.is_some() || key.is_over()
    });
    words::each_phrase_variant(|variant, frequent| {
        found = found.or_else(|| if frequent { thoroughly(key, variant) } else { batch.commonest(variant) });
        found.is_some() || key.is_over()
    });
    found.or_else(|| batch.finish())
}

pub(super) fn passwords(key: &Matcher) -> Option<&'static str> {
    let mut buffer = Vec::with_capacity(64);
    let mut batch = Batch::new(key);
    for (rank, word) in words::passwords().enumerate() {
        if rank % 64 == 0 && key.is_over() {
            return None;
        }
        let found = if rank < 20_000 { any(key, word) } else { common(key, word) };
        if let Some(found) = found.or_else(|| if rank < 4_000 { twice(key, word) } else { None }) {
            return Some(found);
        }
        let mut with = |change: &dyn Fn(&mut Vec<u8>), frequent: bool| {
            buffer.clear();
            buffer.extend_from_slice(word);
            change(&mut buffer);
            match frequent {
                true if rank < 1_000 => thoroughly(key, &buffer),
                true if rank < 12_000 => common(key, &buffer),
                _ if rank < 12_000 => batch.commonest(&buffer),
                _ => key.matches(&sha256(&buffer)).then_some("SHA-256"),
            }
        };
        let endings = if rank < 2_000 { words::SUFFIXES } else { words::FEW_SUFFIXES };
        for ending in endings {
            let frequent = words::FREQUENT_SUFFIXES.contains(ending);
            if let Some(found) = with(&|text| text.extend_from_slice(ending), frequent) {
                return Some(found);
            }
            if frequent && rank < 2_000 {
                let capital = |text: &mut Vec<u8>| {
                    text[0].make_ascii_uppercase();
                    text.extend_from_slice(ending);
                };
                if let Some(found) = with(&capital, true) {
                    return Some(found);
                }
            }
        }
        let cased = [
            with(&|text| text[0].make_ascii_uppercase(), true),
            with(&|text| text.make_ascii_uppercase(), true),
            with(&|text| text.extend_from_slice(word), false),
        ];
        if let Some(found) = cased.into_iter().flatten().next() {
            return Some(found);
        }
    }
    batch.finish()
}

/// Some passwords, with every ending and year, and in every case, by the four that people reach for; all functions without.
pub(super) fn compounds(key: &Matcher, ranks: std::ops::Range<usize>) -> Option<&'static str> {
    let years: Vec<Vec<u8>> = (1940..=2035).map(|year: u32| year.to_string().into_bytes()).collect();
    let mut batch = Batch::new(key);
    let chosen = words::passwords().skip(ranks.start).take(ranks.len());
    let found = chosen.filter(|_| !key.is_over()).find_map(|word| {
        let mut capital = word.to_vec();
        capital[..1].make_ascii_uppercase();
        [word.to_vec(), capital, word.to_ascii_uppercase()].iter().find_map(|text| {
            let endings = words::SUFFIXES.iter().copied().chain(years.iter().map(|year| &year[..]));
            any(key, text)
                .or_else(|| twice(key, text))
                .or_else(|| endings.into_iter().find_map(|end| common(key, &[text, end].concat())))
                .or_else(|| (0..1_000).find_map(|number| batch.commonest(format_number(text, number).as_slice())))
        })
    });
    found.or_else(|| batch.finish())
}

fn format_number(text: &[u8], number: u32) -> Vec<u8> {
    [text, number.to_string().as_bytes()].concat()
}

/// Two of the commonest passwords, one after the other, with what may stand between them.
pub(super) fn two_words(key: &Matcher, ranks: std::ops::Range<usize>, seconds: usize) -> Option<&'static str> {
    let mut batch = Batch::new(key);
    let chosen = words::passwords().skip(ranks.start).take(ranks.len());
    let found = chosen.filter(|_| !key.is_over()).find_map(|first| {
        words::passwords().take(seconds).find_map(|second| {
            [&b""[..], b"-", b"_", b" "].iter().find_map(|mark| batch.commonest(&[first, *mark, second].concat()))
        })
    });
    found.or_else(|| batch.finish())
}

/// 0 to 100,000 as text and as integers of 4 and 8 bytes, and the days of 1950 to 2035 in five spellings.
pub(super) fn numbers(key: &Matcher) -> Option<&'static str> {
    let mut text = String::with_capacity(32);
    let mut batch = Batch::new(key);
    for number in 0..=100_000_u64 {
        use std::fmt::Write;
        if number % 512 == 0 && key.is_over() {
            return None;
        }
        text.clear();
        let _ = write!(text, "{number}");
        let digits = text.len();
        text.push('\n');
        let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
        let texts: [&[u8]; 6] = [&text.as_bytes()[..digits], text.as_bytes(), &big, &little, &big[4..], &little[..4]];
        let all = number <= 2_100;
        let wanted = if all { 6 } else { 2 };
        let found = texts[..wanted].iter().find_map(|text| batch.commonest(text));
        let found = found.or_else(|| if all { texts[..2].iter().find_map(|text| any(key, text)) } else { None });
        let packed = || texts[wanted..].iter().any(|text| key.matches(&sha256(text))).then_some("SHA-256");
        if let Some(found) = found.or_else(packed) {
            return Some(found);
        }
    }
    words::each_date(|date| batch.commonest(date)).or_else(|| batch.finish())
}

/// Every text of one or two bytes, and of three or four lower-case letters or digits.
pub(super) fn short(key: &Matcher) -> Option<&'static str> {
    let mut batch = Batch::new(key);
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let found = (0..=u16::MAX).map(u16::to_be_bytes).find_map(|pair| {
        if pair.into_iter().all(letter) {
            thoroughly(key, &pair).or_else(|| twice(key, &pair))
        } else {
            batch.commonest(&pair)
        }
    });
    let found = found.or_else(|| {
        let every = |byte: u8| thoroughly(key, &[byte]).or_else(|| twice(key, &[byte]));
        any(key, b"").or_else(|| twice(key, b"")).or_else(|| (0..=255).find_map(every))
    });
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let triples =
        letters.iter().flat_map(|a| letters.iter().flat_map(move |b| letters.iter().map(move |c| [*a, *b, *c])));
    let found = found.or_else(|| triples.into_iter().find_map(|text| batch.commonest(&text)));
    let fours = || {
        (0..26_u32.pow(4)).find_map(|number| {
            let letter = |power: u32| letters[(number / 26_u32.pow(power) % 26) as usize];
            key.matches(&sha256(&[letter(3), letter(2), letter(1), letter(0)])).then_some("SHA-256")
        })
    };
    found.or_else(fours).or_else(|| batch.finish())
}

/// HMAC with common keys and messages, a salt before or after a word, and HKDF.
pub(super) fn macs(key: &Matcher) -> Option<&'static str> {
    let listed = words::passwords().take(400).chain(words::others()).map(<[u8]>::to_vec);
    let constant = [vec![0; 16], vec![0; 32], vec![0xff; 32], (0..32).collect()];
    let all: Vec<Vec<u8>> = words::joined_phrases().chain(listed).chain(constant).collect();
    let mut batch = Batch::new(key);
    for word in &all {
        if key.is_over() {
            return None;
        }
        for other in words::LABELS.iter().copied() {
            if hmac_matches(key, word, other) || hmac_matches(key, other, word) {
                return Some("HMAC");
            }
            let before = [other, &word[..]].concat();
            let after = [&word[..], other].concat();
            if batch.commonest(&before).or_else(|| batch.commonest(&after)).is_some() {
                return Some("a salted digest");
            }
        }
        if hkdf_matches(key, word) {
            return Some("HKDF");
        }
    }
    batch.finish().map(|_| "a salted digest")
}

fn hmac_matches(key: &Matcher, with: &[u8], message: &[u8]) -> bool {
    let mut mac = Hmac::<Sha256>::new_from_slice(with).expect("HMAC takes a key of any length");
    mac.update(message);
    key.matches(&mac.finalize().into_bytes())
}

fn hkdf_matches(key: &Matcher, word: &[u8]) -> bool {
    let mut out = [0; 32];
    let short = words::HKDF_SALTS.iter().any(|salt| {
        let extracted = Hkdf::<Sha256>::new(*salt, word);
        words::HKDF_INFOS.iter().any(|info| extracted.expand(info, &mut out).is_ok() && key.matches(&out))
    });
    short
        || words::HKDF_SALTS[..2].iter().any(|salt| {
            let extracted = Hkdf::<Sha512>::new(*salt, word);
            extracted.expand(b"", &mut out).is_ok() && key.matches(&out)
        })
}
