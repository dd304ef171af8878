//! The vectors of keyrings, their wraps and their policies.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::{
    assert_is_deterministic, hex, keyrings, list, masters, number, open_keyring, suite, text, unsealed, vault,
};
use crate::keyring::{KeyEncryptionKeys, KeyringError, RowLabel};
use crate::policy::{Policy, RawPolicy, ReasonPattern};
use crate::suite::AssociatedData;
use crate::time::Timestamp;
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
        let lookups: Vec<_> = list(&case["lookup_keys"]).iter().map(number).collect();
        assert_eq!(
            keyring.lookups().map(|(id, _)| u64::from(id)).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>(),
            lookups
        );
        let row = hex(&case["row"]);
        let body = &row[1..row.len() - 32];
        assert_eq!(keyring.active().seal_row(RowLabel::Keyring, body), row, "the MAC of a row is one value");
        assert_is_deterministic(body);
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
    let rewrapped = keyring.rewrapped(version(3), &keks, Timestamp::now()).expect("rewrapped");
    let rotating = rewrapped.with_next_generation(version(3), &keks, Timestamp::now()).expect("begun");
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
        let name = match error {
            KeyringError::Format { .. } => "newer",
            KeyringError::Malformed => "malformed",
            KeyringError::MissingMasterKey { .. } => "missing-master-key",
            KeyringError::Unauthentic => "unauthentic",
            KeyringError::Unwrap { .. } => "unwrap",
            KeyringError::WrongMasterKey { .. } => "wrong-master-key",
            _ => "another",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}
