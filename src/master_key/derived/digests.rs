//! Digests of common words, passwords, phrases and numbers, HMAC and HKDF.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha256, Sha512};

use super::batch::{Batch, Reach};
use super::functions::twice;
use super::matcher::Matcher;
use super::sha256::sha256;
use super::words;

/// Every phrase in all spellings and with all endings: one of so many parts of the list.
pub(super) fn phrases(key: &Matcher, number: usize, of: usize) -> Option<&'static str> {
    let mut found = None;
    let [mut common, mut most, mut all] = [Reach::Common, Reach::Most, Reach::All].map(|reach| Batch::new(key, reach));
    let chosen = || words::phrases().skip(number).step_by(of);
    words::each_phrase(chosen(), |phrase, end| {
        found = match end {
            b"" if !phrase.contains(&b'.') => all.add(phrase).or_else(|| twice(key, phrase)),
            b"\n" if !phrase.contains(&b'.') => all.add(phrase),
            _ => most.add(phrase),
        };
        found.is_some() || key.is_over()
    });
    words::each_phrase_variant(chosen(), |variant, frequent| {
        found = found.or_else(|| match frequent {
            true => all.add(variant).or_else(|| common.add(&line(variant))),
            false => common.add(variant),
        });
        found.is_some() || key.is_over()
    });
    found.or_else(|| all.finish()).or_else(|| most.finish()).or_else(|| common.finish())
}

pub(super) fn passwords(key: &Matcher) -> Option<&'static str> {
    let mut buffer = Vec::with_capacity(64);
    let [mut commonest, mut common, mut all] =
        [Reach::Commonest, Reach::Common, Reach::All].map(|reach| Batch::new(key, reach));
    for (rank, word) in words::passwords().enumerate() {
        if rank % 64 == 0 && key.is_over() {
            return None;
        }
        let found = if rank < 20_000 { all.add(word) } else { common.add(word) };
        if let Some(found) = found.or_else(|| if rank < 4_000 { twice(key, word) } else { None }) {
            return Some(found);
        }
        let mut with = |change: &dyn Fn(&mut Vec<u8>), frequent: bool| {
            buffer.clear();
            buffer.extend_from_slice(word);
            change(&mut buffer);
            match frequent {
                true if rank < 1_000 => all.add(&buffer).or_else(|| common.add(&line(&buffer))),
                true if rank < 12_000 => common.add(&buffer),
                _ => commonest.add(&buffer),
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
    commonest.finish().or_else(|| common.finish()).or_else(|| all.finish())
}

/// Some passwords, with every ending and year, and in every case, by the four that people reach for; all functions without.
pub(super) fn compounds(key: &Matcher, ranks: std::ops::Range<usize>) -> Option<&'static str> {
    let years: Vec<Vec<u8>> = (1940..=2035).map(|year: u32| year.to_string().into_bytes()).collect();
    let [mut commonest, mut common, mut all] =
        [Reach::Commonest, Reach::Common, Reach::All].map(|reach| Batch::new(key, reach));
    let chosen = words::passwords().skip(ranks.start).take(ranks.len());
    let found = chosen.filter(|_| !key.is_over()).find_map(|word| {
        let mut capital = word.to_vec();
        capital[..1].make_ascii_uppercase();
        [word.to_vec(), capital, word.to_ascii_uppercase()].iter().find_map(|text| {
            let endings = words::SUFFIXES.iter().copied().chain(years.iter().map(|year| &year[..]));
            all.add(text)
                .or_else(|| twice(key, text))
                .or_else(|| endings.into_iter().find_map(|end| common.add(&[text, end].concat())))
                .or_else(|| (0..1_000).find_map(|number| commonest.add(format_number(text, number).as_slice())))
        })
    });
    found.or_else(|| all.finish()).or_else(|| common.finish()).or_else(|| commonest.finish())
}

/// With the newline that `echo` leaves.
fn line(text: &[u8]) -> Vec<u8> {
    [text, b"\n"].concat()
}

fn format_number(text: &[u8], number: u32) -> Vec<u8> {
    [text, number.to_string().as_bytes()].concat()
}

/// Two of the commonest passwords, one after the other, with what may stand between them.
pub(super) fn two_words(key: &Matcher, ranks: std::ops::Range<usize>, seconds: usize) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let chosen = words::passwords().skip(ranks.start).take(ranks.len());
    let found = chosen.filter(|_| !key.is_over()).find_map(|first| {
        words::passwords().take(seconds).find_map(|second| {
            [&b""[..], b"-", b"_", b" "].iter().find_map(|mark| batch.add(&[first, *mark, second].concat()))
        })
    });
    found.or_else(|| batch.finish())
}

/// 0 to 100,000 as text and as integers of 4 and 8 bytes.
pub(super) fn numbers(key: &Matcher) -> Option<&'static str> {
    let mut text = String::with_capacity(32);
    let (mut batch, mut all) = (Batch::new(key, Reach::Common), Batch::new(key, Reach::All));
    for number in 0..=100_000_u64 {
        use std::fmt::Write;
        if number % 512 == 0 && key.is_over() {
            return None;
        }
        text.clear();
        let _ = write!(text, "{number}");
        let (big, little) = (number.to_be_bytes(), number.to_le_bytes());
        let packed: [&[u8]; 4] = [&big, &little, &big[4..], &little[..4]];
        let found = if number <= 2_100 {
            all.add(text.as_bytes())
                .or_else(|| all.add(&line(text.as_bytes())))
                .or_else(|| packed.iter().find_map(|text| all.add(text)))
        } else {
            let made = || packed.iter().any(|text| key.matches(&sha256(text))).then_some("SHA-256");
            batch.add(text.as_bytes()).or_else(made)
        };
        if found.is_some() {
            return found;
        }
    }
    batch.finish().or_else(|| all.finish())
}

/// Every text of one or two bytes, and of three or four lower-case letters or digits.
pub(super) fn short(key: &Matcher) -> Option<&'static str> {
    let (mut batch, mut all) = (Batch::new(key, Reach::Common), Batch::new(key, Reach::All));
    let letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let found = (0..=u16::MAX).map(u16::to_be_bytes).find_map(|pair| {
        if pair.into_iter().all(letter) {
            all.add(&pair).or_else(|| batch.add(&line(&pair))).or_else(|| twice(key, &pair))
        } else {
            batch.add(&pair)
        }
    });
    let found = found.or_else(|| {
        let mut every = |text: &[u8]| all.add(text).or_else(|| all.add(&line(text))).or_else(|| twice(key, text));
        every(b"").or_else(|| (0..=255).find_map(|byte| every(&[byte])))
    });
    let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
    let triples =
        letters.iter().flat_map(|a| letters.iter().flat_map(move |b| letters.iter().map(move |c| [*a, *b, *c])));
    let found = found.or_else(|| triples.into_iter().find_map(|text| batch.add(&text)));
    let fours = || {
        (0..26_u32.pow(4)).find_map(|number| {
            let letter = |power: u32| letters[(number / 26_u32.pow(power) % 26) as usize];
            key.matches(&sha256(&[letter(3), letter(2), letter(1), letter(0)])).then_some("SHA-256")
        })
    };
    found.or_else(fours).or_else(|| batch.finish()).or_else(|| all.finish())
}

/// HMAC with common keys and messages, a salt before or after a word, and HKDF.
pub(super) fn macs(key: &Matcher) -> Option<&'static str> {
    let listed = words::passwords().take(400).chain(words::others()).map(<[u8]>::to_vec);
    let constant = [vec![0; 16], vec![0; 32], vec![0xff; 32], (0..32).collect()];
    let all: Vec<Vec<u8>> = words::joined_phrases().chain(listed).chain(constant).collect();
    let mut batch = Batch::new(key, Reach::Commonest);
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
            if batch.add(&before).or_else(|| batch.add(&after)).is_some() {
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
