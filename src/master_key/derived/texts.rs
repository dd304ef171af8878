//! Texts that are tried beside the lists of words: pairs, other encodings, addresses, keyboard walks, other languages.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::batch::{Batch, Reach};
use super::compounds::{self, Judge};
use super::functions::{any, common, twice};
use super::matcher::Matcher;
use super::sha256::sha256;
use super::{things, words};

/// What made the key of one of them.
pub(super) fn find(key: &Matcher) -> Option<&'static str> {
    halves(key)
        .or_else(|| others(key))
        .or_else(|| pairs(key))
        .or_else(|| wide(key))
        .or_else(|| constant(key))
        .or_else(|| addresses(key))
        .or_else(|| stretched(key, 0..24, 1_024))
}

/// Signs and digits for letters: of phrases and words of other languages.
pub(super) fn leet(key: &Matcher) -> Option<&'static str> {
    leet_of(key, words::phrases().chain(words::languages()))
}

/// The same of passwords, by their places in the list.
pub(super) fn leet_passwords(key: &Matcher, places: std::ops::Range<usize>) -> Option<&'static str> {
    leet_of(key, words::passwords().skip(places.start).take(places.len()))
}

fn leet_of(key: &Matcher, plain: impl Iterator<Item = &'static [u8]>) -> Option<&'static str> {
    let (mut batch, mut most) = (Batch::new(key, Reach::Commonest), Batch::new(key, Reach::Most));
    let mut plain = plain.filter(|_| !key.is_over());
    let found = plain.find_map(|word| {
        words::few_spellings(word).iter().find_map(|text| {
            compounds::each_leet(text, &mut |text| {
                let with = |end: &[u8]| [text, end].concat();
                let ends: [&[u8]; 4] = [b"!", b"1", b"123", b"2025"];
                most.add(text).or_else(|| ends.iter().find_map(|end| batch.add(&with(end))))
            })
        })
    });
    found.or_else(|| batch.finish()).or_else(|| most.finish())
}

/// Words of other languages and phrases as people spell them, plain and with numbers, years and signs; and the first passwords.
pub(super) fn ended(key: &Matcher, number: usize, of: usize) -> Option<&'static str> {
    let endings = compounds::endings();
    let few: Vec<_> = endings.iter().filter(|end| end.len() < 4 || end.starts_with(b"20")).cloned().collect();
    let words = words::languages().chain(words::phrases()).chain(words::passwords().take(500));
    let words = words.skip(number).step_by(of);
    ended_by(key, words, (Reach::All, Reach::Commonest), (&endings, &few))
}

/// Words and names of other languages, plain and with the endings that most have.
pub(super) fn foreign(key: &Matcher) -> Option<&'static str> {
    let few: Vec<_> = [&b"1"[..], b"123", b"!", b"123!"].map(<[u8]>::to_vec).to_vec();
    ended_by(key, words::foreign(), (Reach::Common, Reach::Commonest), (&few, &[]))
}

/// All of them with all endings in every spelling: a part of them.
pub(super) fn ended_thoroughly(key: &Matcher, number: usize, of: usize) -> Option<&'static str> {
    let endings = compounds::endings();
    let words = words::languages().chain(words::phrases()).chain(words::foreign()).chain(words::others());
    ended_by(key, words.skip(number).step_by(of), (Reach::All, Reach::Common), (&endings, &endings))
}

/// The first spelling of each word takes the first endings, the others take the second.
fn ended_by(
    key: &Matcher,
    words: impl Iterator<Item = &'static [u8]>,
    (plain, ended): (Reach, Reach),
    (endings, few): (&[Vec<u8>], &[Vec<u8>]),
) -> Option<&'static str> {
    let (mut plain, mut ended) = (Batch::new(key, plain), Batch::new(key, ended));
    let found = words.filter(|_| !key.is_over()).find_map(|word| {
        let spelled = words::few_spellings(word);
        let found = spelled.iter().find_map(|text| plain.add(text));
        found.or_else(|| {
            spelled.iter().enumerate().find_map(|(at, text)| {
                let ends = if at == 0 { endings } else { few };
                ends.iter().find_map(|end| ended.add(&[text, &end[..]].concat()))
            })
        })
    });
    found.or_else(|| ended.finish()).or_else(|| plain.finish())
}

/// What crackers' rules make of passwords, by their places in the list.
pub(super) fn ruled(key: &Matcher, places: std::ops::Range<usize>) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let mut chosen = words::passwords().skip(places.start).take(places.len());
    let found = chosen
        .find_map(|word| if key.is_over() { None } else { compounds::each_rule(word, &mut |text| batch.add(text)) });
    found.or_else(|| batch.finish())
}

/// Names of things and sentences of samples: a list, by the functions that `reach` tells.
pub(super) fn listed(key: &Matcher, reach: Reach, each: fn(Judge<'_>) -> Option<&'static str>) -> Option<&'static str> {
    let mut batch = Batch::new(key, reach);
    let mut count = 0_u32;
    let found = each(&mut |text| {
        count += 1;
        if count.is_multiple_of(4_096) && key.is_over() { Some("") } else { batch.add(text) }
    });
    found.filter(|found| !found.is_empty()).or_else(|| batch.finish())
}

/// UUIDs of names (RFC 9562, versions 3 and 5): their bytes, and digests of their text.
pub(super) fn uuids(key: &Matcher) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Commonest);
    let mut judge = |spaces: &[u128], name: &[u8]| {
        spaces.iter().find_map(|space| {
            let named = [&space.to_be_bytes()[..], name].concat();
            let five: [u8; 16] = *Sha1::digest(&named).first_chunk().expect("20 bytes");
            [(3, Md5::digest(&named).into()), (5, five)].into_iter().find_map(|(version, mut id): (u8, [u8; 16])| {
                id[6] = id[6] & 0x0f | version << 4;
                id[8] = id[8] & 0x3f | 0x80;
                if key.matches(&id) {
                    return Some("a UUID");
                }
                let plain = crate::secret::hex(&id);
                let text = [&plain[..8], &plain[8..12], &plain[12..16], &plain[16..20], &plain[20..]].join("-");
                batch.add(text.as_bytes()).or_else(|| batch.add(plain.as_bytes()))
            })
        })
    };
    let found = things::each_domain(&mut |name| judge(&NAMESPACES[..2], name));
    let mut names = words::joined_phrases().chain(words::passwords().take(1_000).map(<[u8]>::to_vec));
    let found = found.or_else(|| names.find_map(|name| judge(&NAMESPACES, &name)));
    let found = found.or_else(|| things::each_address(&mut |name| judge(&NAMESPACES, name)));
    found.or_else(|| batch.finish())
}

/// One half of the key is the digest of the other.
fn halves(key: &Matcher) -> Option<&'static str> {
    let (first, second) = key.key().split_at(16);
    any(key, first).or_else(|| any(key, second))
}

fn others(key: &Matcher) -> Option<&'static str> {
    let mut batch = Batch::new(key, Reach::Most);
    let found = words::others().filter(|_| !key.is_over()).find_map(|text| {
        let with = |end: &[u8]| [text, end].concat();
        any(key, text)
            .or_else(|| twice(key, text))
            .or_else(|| common(key, &with(b"\n")))
            .or_else(|| any(key, &text.to_ascii_uppercase()))
            .or_else(|| words::SUFFIXES.iter().find_map(|end| batch.add(&with(end))))
    });
    found.or_else(|| batch.finish())
}

/// A user or a service and a password, as `htpasswd` and URLs write them.
fn pairs(key: &Matcher) -> Option<&'static str> {
    let passwords = || words::passwords().take(200).chain(PARTNERS.iter().copied());
    PARTNERS.iter().filter(|_| !key.is_over()).find_map(|user| {
        passwords().find_map(|password| {
            let joined = |mark: &[u8]| [user, mark, password].concat();
            common(key, &joined(b":")).or_else(|| common(key, &joined(b"/"))).or_else(|| common(key, &joined(b"@")))
        })
    })
}

/// UTF-16 as Windows, .NET and Java have it.
fn wide(key: &Matcher) -> Option<&'static str> {
    let phrases = words::joined_phrases().chain(words::others().map(<[u8]>::to_vec));
    let passwords = words::passwords().take(4_000).map(<[u8]>::to_vec);
    phrases.chain(passwords).filter(|_| !key.is_over()).find_map(|text| {
        let text = String::from_utf8_lossy(&text);
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        common(key, &little).or_else(|| key.matches(&sha256(&big)).then_some("SHA-256"))
    })
}

/// Runs of one byte, and counters, of every length up to 64 and of some round ones.
fn constant(key: &Matcher) -> Option<&'static str> {
    let lengths = || (1..=64_u16).chain([100, 128, 255, 256, 512, 1_000, 1_024]);
    let filled = [0, 1, 0xff, 0x0b, 0xaa, 0x42, 42, b'0', b'1', b'a', b'A', b'x', b' '];
    let runs = filled.into_iter().flat_map(|byte| lengths().map(move |len| vec![byte; usize::from(len)]));
    let counters = [0, 1].into_iter().flat_map(|first| {
        lengths().map(move |len| (first..first + len).map(|value| value.to_le_bytes()[0]).collect::<Vec<_>>())
    });
    runs.chain(counters).find_map(|text| any(key, &text))
}

/// Addresses of private networks.
fn addresses(key: &Matcher) -> Option<&'static str> {
    let nets =
        ["192.168.0", "192.168.1", "192.168.178", "10.0.0", "10.0.1", "10.1.1", "172.16.0", "172.17.0", "127.0.0"];
    let mut all = nets.iter().flat_map(|net| (0..=255).map(move |host| format!("{net}.{host}")));
    all.find_map(|address| common(key, address.as_bytes()).or_else(|| common(key, format!("{address}\n").as_bytes())))
}

/// SHA-256 and MD5 iterated up to so many times, of some passwords and phrases by their places in the lists.
pub(super) fn stretched(key: &Matcher, places: std::ops::Range<usize>, most: u32) -> Option<&'static str> {
    let passwords = words::passwords().skip(places.start).take(places.len());
    let phrases = words::phrases().skip(places.start).take(places.len());
    let others = STRETCHED.iter().copied().filter(|_| places.start == 0);
    passwords.chain(phrases).chain(others).find_map(|text| {
        let (mut sha, mut md5) = (sha256(text), Md5::digest(text));
        let mut spelled = sha;
        let found = !key.is_over()
            && (0..most).any(|_| {
                (sha, md5) = (sha256(&sha), Md5::digest(md5));
                key.matches(&sha) || key.matches(&md5)
            });
        // Its text again and again, less often.
        let mut texts = || {
            (0..most.min(128)).any(|_| {
                spelled = Sha256::digest(crate::secret::hex(&spelled)).into();
                key.matches(&spelled)
            })
        };
        (found || texts()).then_some("an iterated digest")
    })
}

/// For DNS names, URLs, object identifiers, X.500 names; and none.
const NAMESPACES: [u128; 5] = [
    0x6ba7_b810_9dad_11d1_80b4_00c0_4fd4_30c8,
    0x6ba7_b811_9dad_11d1_80b4_00c0_4fd4_30c8,
    0x6ba7_b812_9dad_11d1_80b4_00c0_4fd4_30c8,
    0x6ba7_b814_9dad_11d1_80b4_00c0_4fd4_30c8,
    0,
];

const PARTNERS: &[&[u8]] = &[
    b"admin",
    b"root",
    b"user",
    b"username",
    b"password",
    b"test",
    b"guest",
    b"administrator",
    b"api",
    b"app",
    b"alice",
    b"bob",
    b"foo",
    b"bar",
    b"demo",
    b"postgres",
    b"mysql",
    b"django",
    b"strongroom",
    b"airflow",
    b"service",
    b"key",
    b"secret",
    b"salt",
];

const STRETCHED: &[&[u8]] = &[
    b"secret",
    b"changeme",
    b"my-secret-key",
    b"masterkey",
    b"master-key",
    b"master key",
    b"hunter2",
    b"test",
    b"key",
    b"passphrase",
    b"correct horse battery staple",
    b"strongroom",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    fn found(key: [u8; 32]) -> Option<&'static str> {
        find(&Matcher::new(&key))
    }

    #[test]
    fn pairs_other_encodings_and_iterations_are_found() {
        let thousand = (0..1_000).fold(sha256(b"secret"), |digest, _| sha256(&digest));
        let wide: Vec<u8> = "пароль".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for key in [
            sha256(b"admin:admin"),
            sha256("密码".as_bytes()),
            sha256(b"zxcvbnm,./\n"),
            sha256(&wide),
            sha256(b"192.168.1.7"),
            sha256(&[0; 32]),
            thousand,
        ] {
            assert!(found(key).is_some());
        }
    }

    #[test]
    fn a_half_that_is_the_digest_of_the_other_is_found() {
        let mut key: [u8; 32] = random_array().expect("random");
        assert_eq!(found(key), None);
        let digest = Md5::digest(&key[..16]);
        key[16..].copy_from_slice(&digest);
        assert_eq!(found(key), Some("MD5"));
    }

    #[test]
    fn uuids_of_names_are_found_by_their_bytes_and_by_digests_of_their_text() {
        // Python: uuid.uuid5(uuid.NAMESPACE_DNS, "python.org"), uuid.uuid3 of the same.
        let mut key: [u8; 32] = random_array().expect("random");
        base16ct::lower::decode("886313e13b8a53729b900c9aee199e5d", &mut key[..16]).expect("hexadecimal");
        assert_eq!(uuids(&Matcher::new(&key)), Some("a UUID"));
        let key = Matcher::new(&sha256(b"6fa459ea-ee8a-3ca4-894e-db77e160355e"));
        assert_eq!(uuids(&key), Some("SHA-256"));
        assert_eq!(uuids(&Matcher::new(&random_array().expect("random"))), None);
    }
}
