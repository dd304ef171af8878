//! Texts that are tried beside the lists of words: pairs, other encodings, addresses, keyboard walks, other languages.

use md5::Md5;
use sha2::{Digest, Sha256};

use super::batch::{Batch, sha256};
use super::digests::{any, common, twice};
use super::matcher::Matcher;
use super::words;

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

/// One half of the key is the digest of the other.
fn halves(key: &Matcher) -> Option<&'static str> {
    let (first, second) = key.key().split_at(16);
    any(key, first).or_else(|| any(key, second))
}

fn others(key: &Matcher) -> Option<&'static str> {
    let mut batch = Batch::new(key);
    let found = words::others().filter(|_| !key.is_over()).find_map(|text| {
        let with = |end: &[u8]| [text, end].concat();
        any(key, text)
            .or_else(|| twice(key, text))
            .or_else(|| common(key, &with(b"\n")))
            .or_else(|| any(key, &text.to_ascii_uppercase()))
            .or_else(|| words::SUFFIXES.iter().find_map(|end| batch.commonest(&with(end))))
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
}
