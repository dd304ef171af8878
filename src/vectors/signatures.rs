//! The vectors of signatures, and of what is none.

use serde_json::Value;

use super::{array, file, hex, list, signer, text};
use crate::authority::PublicKey;

#[test]
fn signatures_are_those_of_the_page() {
    for case in list(&vectors()["good"]) {
        let (public, label, bytes) = (public_key(case).expect("a good key"), text(&case["label"]), hex(&case["bytes"]));
        assert!(public.verify(label.as_bytes(), &bytes, &hex(&case["signature"])), "{label}");
        let signer = signer(&case["master_key"]);
        assert_eq!(signer.public(), public);
        assert_eq!(signer.sign(label.as_bytes(), &bytes).as_slice(), hex(&case["signature"]), "there is one signature");
    }
}

#[test]
fn a_signature_with_one_thing_broken_is_none() {
    for case in list(&vectors()["bad"]) {
        let (label, bytes, signature) = (text(&case["label"]), hex(&case["bytes"]), hex(&case["signature"]));
        let taken = public_key(case).is_some_and(|public| public.verify(label.as_bytes(), &bytes, &signature));
        assert!(!taken, "{} went unnoticed", case["broken"]);
    }
}

fn public_key(case: &Value) -> Option<PublicKey> {
    PublicKey::from_bytes(&array(&case["public_key"]))
}

fn vectors() -> Value {
    file(include_str!("../../tests/vectors/signatures.json"))
}
