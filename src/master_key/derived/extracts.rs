//! HKDF with the salts and labels of samples over long lists of words: the states of the salts are made once.

use super::matcher::Matcher;
use super::sha256::{SHA256_START, digest_from};
use super::words;

/// Words, by their places in the list of passwords, and all of other languages and phrases where the first is among them.
pub(super) fn find(key: &Matcher, places: std::ops::Range<usize>) -> Option<&'static str> {
    let salts: Vec<Hmac> = words::HKDF_SALTS.iter().map(|salt| Hmac::keyed(salt.unwrap_or_default())).collect();
    let others = words::languages().chain(words::phrases()).filter(|_| places.start == 0);
    let mut chosen = words::passwords().skip(places.start).take(places.len()).chain(others);
    let found = chosen.any(|word| {
        !key.is_over()
            && salts.iter().any(|salt| {
                let extracted = Hmac::keyed(&salt.of(word));
                words::HKDF_INFOS.iter().any(|info| {
                    let mut labelled = [0; 55];
                    labelled[..info.len()].copy_from_slice(info);
                    labelled[info.len()] = 1;
                    key.matches(&extracted.of(&labelled[..=info.len()]))
                })
            })
    });
    found.then_some("HKDF")
}

/// HMAC-SHA256 under a short key, ready for short messages.
struct Hmac {
    inner: [u32; 8],
    outer: [u32; 8],
}

impl Hmac {
    fn keyed(key: &[u8]) -> Self {
        let state = |mask: u8| {
            let mut block = [mask; 64];
            for (byte, key) in block.iter_mut().zip(key) {
                *byte ^= key;
            }
            let mut state = SHA256_START;
            sha2::block_api::compress256(&mut state, &[block]);
            state
        };
        Self { inner: state(0x36), outer: state(0x5c) }
    }

    /// Longer messages are cut: no list has any.
    fn of(&self, message: &[u8]) -> [u8; 32] {
        let inner = digest_from(self.inner, 64, &message[..message.len().min(55)]);
        digest_from(self.outer, 64, &inner)
    }
}

#[cfg(test)]
mod tests {
    use hkdf::Hkdf;
    use sha2::Sha256;

    use super::*;

    #[test]
    fn hkdf_of_a_word_is_found_with_every_salt_and_label() {
        for word in [&b"sunshine"[..], "schlüssel".as_bytes()] {
            for salt in words::HKDF_SALTS {
                for info in words::HKDF_INFOS {
                    let mut key = [0; 32];
                    Hkdf::<Sha256>::new(*salt, word).expand(info, &mut key).expect("a short key");
                    let key = Matcher::new(&key);
                    let made = Hmac::keyed(&Hmac::keyed(salt.unwrap_or_default()).of(word));
                    assert!(key.matches(&made.of(&[*info, &[1]].concat())));
                }
            }
            let mut key = [0; 32];
            Hkdf::<Sha256>::new(Some(b"strongroom"), word).expand(b"master-key", &mut key).expect("a short key");
            assert_eq!(find(&Matcher::new(&key), 0..100), Some("HKDF"));
        }
    }
}
