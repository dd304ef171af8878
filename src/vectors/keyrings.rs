//! The vectors of keyrings, their wraps and their policies.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{
    array, assert_is_deterministic, body, hex, keyrings, list, masters, number, open_keyring, public_key, suite, text,
    unsealed, vault, word,
};
use crate::keyring::{
    Feature, HANDED_OVER, KeyEncryptionKeys, Keyring, KeyringError, PinError, PublicKeyring, RowLabel, claimed_masters,
    row_hash,
};
use crate::policy::{Policy, RawPolicy, ReasonPattern};
use crate::suite::AssociatedData;
use crate::time::Timestamp;
use crate::verifier_keys::VerifierKeys;
use crate::versions::{generation, version};

#[test]
fn keyrings_of_the_page_open() {
    for case in list(&keyrings()["good"]) {
        let keyring = open_keyring(case).expect("a good keyring");
        assert_eq!(u64::from(keyring.active_master()), number(&case["active_master_key"]));
        assert_eq!(u64::from(keyring.active_generation()), number(&case["active_generation"]));
        let generations: Vec<_> = list(&case["generations"]).iter().map(number).collect();
        assert_eq!(keyring.generations().map(u64::from).collect::<Vec<_>>(), generations);
        let exposed = keyring.generations().find_map(|number| keyring.generation(number)?.exposed_at);
        assert_eq!(exposed.map(Timestamp::unix_millis), case["exposed_at"].as_i64());
        assert_policy(keyring.policy(), &case["policy"]);
        let denies = list(&case["features"]).iter().any(|name| name == "deny-lists");
        assert_eq!(keyring.needs(Feature::DenyLists), denies);
        let lookups: Vec<_> = list(&case["lookup_keys"]).iter().map(number).collect();
        assert_eq!(
            keyring.lookups().map(|(id, _)| u64::from(id)).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>(),
            lookups
        );
        let row = hex(&case["row"]);
        assert_eq!(keyring.seal_row(RowLabel::Keyring, body(&row)), row, "a signature is one value");
        assert_is_deterministic(body(&row));
        assert_eq!(
            (keyring.hash(), row_hash(RowLabel::Keyring, &row)),
            (array(&case["row_hash"]), array(&case["row_hash"]))
        );
        assert_eq!((keyring.revision(), keyring.line()), (number(&case["revision"]), array(&case["line"])));
        assert_eq!(keyring.signer().public(), public_key(&case["public_key"]));
        assert_masters(&keyring, case);
    }
}

fn assert_masters(keyring: &Keyring, case: &Value) {
    let listed = list(&case["master_keys"]);
    assert_eq!(keyring.masters().count(), listed.len());
    for (master, expected) in keyring.masters().zip(listed) {
        assert_eq!(u64::from(master.version), number(&expected["version"]));
        assert_eq!(master.fingerprint.to_string(), text(&expected["fingerprint"]));
        let times = (Some(master.added_at.unix_millis()), master.retired_at.map(Timestamp::unix_millis));
        assert_eq!(times, (expected["added_at"].as_i64(), expected["retired_at"].as_i64()));
        assert_eq!(master.public_key, public_key(&expected["public_key"]));
        assert_eq!((master.ended, master.handed_over), (expected["ended"].as_u64(), expected["hand_over"].is_string()));
        assert!(text(&case["row"]).contains(expected["hand_over"].as_str().unwrap_or_default()));
    }
}

fn assert_policy(policy: &Policy, case: &Value) {
    let millis = |span: Duration| u64::try_from(span.as_millis()).expect("64 bits");
    let age = policy.master_key_age;
    let spans = [
        ("max_key_age", policy.max_key_age),
        ("master_key_age", age.map(|age| age.warn)),
        ("master_key_refused", age.map(|age| age.refuse)),
        ("reissue_grace", policy.reissue_on_recovery),
    ];
    for (name, span) in spans {
        assert_eq!(span.map(millis), case[name].as_u64(), "{name}");
    }
    assert_eq!(policy.min_import_bits.map(u64::from), case["min_import_bits"].as_u64());
    let (expiry, owner) = (policy.require_expiry, policy.require_owner);
    assert_eq!((expiry, owner), (case["require_expiry"] == true, case["require_owner"] == true));
    assert_eq!(policy.reason.as_ref().map(ReasonPattern::as_str), case["reason"].as_str());
    assert_eq!(policy.is_newer(), case["newer"] == true);
    if !case.is_null() && !policy.is_newer() {
        let written = RawPolicy::of(policy).map(|raw| minicbor::to_vec(raw).expect("memory"));
        assert_eq!(written, Some(hex(&case["cbor"])));
    }
}

#[test]
fn a_rule_that_is_not_known_outlives_a_rewrap_and_a_rotation() {
    let keyrings = keyrings();
    let case = list(&keyrings["good"]).iter().find(|case| case["policy"]["newer"] == true).expect("a later policy");
    let (keyring, rules) = (open_keyring(case).expect("a good keyring"), hex(&case["policy"]["cbor"]));
    let keks = KeyEncryptionKeys::derive(&masters(&[2.into(), 3.into()]), vault());
    let rewrapped = keyring.rewrapped(version(3), 10, &keks, Timestamp::now()).expect("rewrapped");
    let rotating = rewrapped.with_next_generation(version(3), HANDED_OVER, &keks, Timestamp::now()).expect("begun");
    let finished = rotating.without_generation(generation(2), &BTreeMap::new(), &keks).expect("finished");
    for keyring in [rewrapped, rotating, finished] {
        assert!(keyring.bytes().windows(rules.len()).any(|window| window == rules));
        assert!(keyring.policy().is_newer());
    }
}

#[test]
fn every_value_on_the_way_to_a_wrap_is_that_of_the_page() {
    for wrap in list(&keyrings()["good"]).iter().flat_map(|case| list(&case["wraps"])) {
        let kek = hkdf::Hkdf::<sha2::Sha256>::from_prk(&hex(&wrap["key_encryption_key"])).expect("32 bytes");
        let (nonce, mut okm) = (hex(&wrap["nonce"]), [0; 64]);
        kek.expand_multi_info(&[b"strongroom/v1/wrap", &nonce], &mut okm).expect("64 bytes");
        assert_eq!((okm[..32].to_vec(), okm[32..].to_vec()), (hex(&wrap["wrap_key"]), hex(&wrap["commitment"])));
        let word = |field: &str| u32::try_from(number(&wrap[field])).expect("32 bits").to_be_bytes();
        let purpose = text(&wrap["purpose"]).as_bytes();
        let (vault, generation, master) = (vault(), word("generation"), word("master_key"));
        let aad = AssociatedData::of(&[b"strongroom/v1/wrap", &vault.0, &generation, purpose, &master]);
        assert_eq!(*aad, hex(&wrap["aad"]));
        let cipher = suite(&wrap["suite"]).cipher(okm.first_chunk().expect("64 bytes begin with 32"));
        assert_eq!(unsealed(&mut cipher.stream(), &nonce, &aad, &hex(&wrap["sealed"])), hex(&wrap["data_key"]));
        assert_is_deterministic(&hex(&wrap["cbor"]));
    }
}

#[test]
fn a_keyring_with_one_thing_broken_does_not_open() {
    for case in list(&keyrings()["bad"]) {
        let error = open_keyring(case).err().unwrap_or_else(|| panic!("{} went unnoticed", case["broken"]));
        assert_eq!(keyring_error(&error), expected_of(case), "{}", case["broken"]);
    }
}

#[test]
fn a_verifier_opens_the_keyrings_of_the_page_and_no_others() {
    for case in list(&keyrings()["verifiers"]) {
        let entry = |key: &Value| format!("{}:{} ", key["version"], text(&key["text"]));
        let keys = VerifierKeys::parse(&list(&case["verifier_keys"]).iter().map(entry).collect::<String>());
        let keks = KeyEncryptionKeys::of_verifier(keys.expect("a good list"), vault()).expect("of this vault");
        let error = Keyring::open(hex(&case["row"]), &keks).err();
        let expected = (!case["error"].is_null()).then(|| expected_of(case));
        assert_eq!(error.as_ref().map(keyring_error), expected, "{}", case["what"]);
    }
}

#[test]
fn keyrings_go_forward_as_the_page_says_and_never_back() {
    for case in list(&keyrings()["forward"]) {
        let keks = KeyEncryptionKeys::derive(&masters(&[1.into(), 2.into(), 3.into()]), vault());
        let open = |row: &str| Keyring::open(hex(&case[row]), &keks).expect("a good keyring");
        let name = match open("then").must_follow(&open("seen")) {
            Ok(()) => None,
            Err(KeyringError::OtherLine) => Some("other-line"),
            Err(KeyringError::PutBack { found, seen }) => Some(match found.cmp(&seen) {
                Ordering::Less => "lower-revision",
                Ordering::Equal => "same-revision",
                // It is a later one, and not under a later master key.
                Ordering::Greater => "lower-master-key",
            }),
            Err(error) => panic!("{}: {error}", case["what"]),
        };
        assert_eq!(name, case["error"].as_str(), "{}", case["what"]);
    }
}

#[test]
fn a_public_key_that_was_pinned_leads_to_the_one_of_today_over_the_hand_overs() {
    let keyrings = keyrings();
    let follow = |case: &Value| {
        PublicKeyring::pinned(&hex(&case["row"]), public_key(&case["public_key"])).map(|keyring| keyring.public_key())
    };
    let cases = &keyrings["hand_overs"];
    for case in list(&cases["good"]) {
        let today = follow(case).unwrap_or_else(|error| panic!("{}: {error}", case["what"]));
        assert_eq!(today, public_key(&case["leads_to"]), "{}", case["what"]);
        let claimed = claimed_masters(&hex(&case["row"])).expect("a good row");
        let version_of = |key| claimed.iter().find(|master| master.public_key == key).map(|master| master.version);
        assert_eq!(version_of(today), Some(version(word(&case["master_key"]))));
        assert_eq!(version_of(public_key(&case["public_key"])), Some(version(word(&case["pinned"]))));
    }
    for case in list(&cases["bad"]) {
        let error = follow(case).err().unwrap_or_else(|| panic!("{} went unnoticed", case["broken"]));
        let name = match error {
            PinError::HandOver { .. } => "wrong",
            PinError::Keyring(error) => keyring_error(&error),
            PinError::NotHandedOver { .. } => "absent",
            PinError::Unknown => "pin",
            error => panic!("{}: {error}", case["broken"]),
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

fn keyring_error(error: &KeyringError) -> &'static str {
    match error {
        KeyringError::Feature { .. } => "feature",
        KeyringError::Format { .. } => "newer",
        KeyringError::Malformed => "malformed",
        KeyringError::MissingMasterKey { .. } | KeyringError::MissingVerifierKey { .. } => "missing-master-key",
        KeyringError::Unauthentic => "unauthentic",
        KeyringError::Unwrap { .. } => "unwrap",
        KeyringError::WrongMasterKey { .. } | KeyringError::WrongVerifierKey { .. } => "wrong-master-key",
        _ => "another",
    }
}

/// The library has one error for a public key that is not the listed one and for a signature that is wrong: in both the row was not
/// written by who holds the key.
fn expected_of(case: &Value) -> &str {
    match text(&case["error"]) {
        "wrong-public-key" => "unauthentic",
        error => error,
    }
}
