//! The vectors of whole vaults.

use std::collections::BTreeSet;
use std::net::IpAddr;

use serde_json::Value;

use super::{act, file, filled, id, list, masters, number, text, vaults};
use crate::api_key::Request;
use crate::rotation::{RotateOptions, RotationOutcome};
use crate::vault::{AuditCheckpoint, Query, Vault, Verifier, VerifyError};
use crate::verifier_keys::VerifierKeys;

#[test]
fn vaults_of_the_page_open_verify_recover_and_pass_the_doctor() {
    for case in list(&vaults()) {
        let vault = Vault::open(filled(case), masters(&[case["master_key"].clone()])).expect("a good vault");
        for token in list(&case["valid"]) {
            assert_eq!(vault.verify(text(&token["token"]), &request(token)).expect("valid").id, id(&token["id"]));
        }
        for token in list(&case["refused"]) {
            let Err(VerifyError::Refused { refusal, .. }) = vault.verify(text(&token["token"]), &request(token)) else {
                panic!("{token}")
            };
            assert_eq!(refusal.counted_as(), text(&token["refusal"]));
        }
        vault.verify_audit().expect("the chain is whole");
        let report = vault.doctor(|_| {}).expect("examined");
        let expected: &[&str] = if case["open_rotation"] == true { &["rotation"] } else { &[] };
        assert_eq!(report.symptoms.iter().map(|symptom| symptom.id).collect::<Vec<_>>(), expected, "{report:?}");
        for token in list(&case["valid"]) {
            let recovered = vault.recover(id(&token["id"]), &act()).expect("recoverable");
            assert_eq!(recovered.expose(), text(&token["token"]));
        }
    }
}

#[test]
fn a_verifier_opens_the_vaults_of_the_page_and_answers_as_a_vault_does() {
    let file = file(include_str!("../../tests/vectors/vaults.json"));
    let keys = || {
        let keys = super::file(include_str!("../../tests/vectors/verifier_keys.json"));
        let entry = |case: &Value| format!("{}:{} ", case["version"], text(&case["text"]));
        VerifierKeys::parse(&list(&keys["good"]).iter().map(entry).collect::<String>()).expect("a good list")
    };
    for case in list(&file) {
        let verifier = Verifier::open(filled(case), keys()).expect("it opens");
        for token in list(&case["valid"]) {
            assert!(verifier.verify(text(&token["token"]), &request(token)).is_ok(), "{}: {token}", case["name"]);
        }
        for token in list(&case["refused"]) {
            assert!(verifier.verify(text(&token["token"]), &request(token)).is_err(), "{}: {token}", case["name"]);
        }
    }
}

#[test]
fn rotations_that_another_implementation_left_open_are_finished() {
    for case in list(&vaults()).iter().filter(|case| case["open_rotation"] == true) {
        let vault = Vault::open(filled(case), masters(&[case["master_key"].clone()])).expect("a good vault");
        assert_exposed(&vault, case);
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!((report.outcome, report.resumed), (RotationOutcome::Finished, true));
        assert_eq!((report.moved, report.verified), (number(&case["moves"]), 5));
        for token in list(&case["valid"]) {
            assert_eq!(vault.verify(text(&token["token"]), &request(token)).expect("valid").id, id(&token["id"]));
        }
        assert_exposed(&vault, case);
        assert_eq!(vault.doctor(|_| {}).expect("examined").symptoms, []);
        if let Some(certificate) = case.get("certificate") {
            let given = report.certificate.expect("a certificate");
            assert_eq!(&serde_json::to_value(&given).expect("JSON"), certificate);
            assert!(vault.check_certificate(&given).expect("checked").faults.is_empty());
        }
        if let Some(checkpoint) = case.get("checkpoint") {
            let given = AuditCheckpoint::parse(text(checkpoint)).expect("a checkpoint");
            assert_eq!(given.to_text(), text(checkpoint));
            let made = vault.audit_checkpoint().expect("made");
            let place = |made: &AuditCheckpoint| {
                let AuditCheckpoint { seq, hash, root, keyring_revision, keyring_hash, .. } = made.clone();
                (seq, hash, root, keyring_revision, keyring_hash)
            };
            assert_eq!(place(&given), place(&made));
            let said =
                |made: &AuditCheckpoint| (made.master_key, made.generation, made.records, made.record_digest.clone());
            assert_eq!((given.vault, &given.line, said(&given)), (made.vault, &made.line, said(&made)));
            let check = vault.check_audit(&[given]).expect("checked").checkpoints.remove(0);
            assert_eq!((check.authenticated, check.entries_since, check.fault), (true, 0, None));
        }
    }
}

/// Those that were issued before the master key leaked, and no others.
fn assert_exposed(vault: &Vault, case: &Value) {
    let all = vault.list(&Query::new()).expect("listed").items.into_iter().map(|listed| listed.key.expect("it opens"));
    let exposed: BTreeSet<_> = all.filter(|key| key.exposed_at.is_some()).map(|key| key.id).collect();
    assert_eq!(exposed, list(&case["exposed"]).iter().map(id).collect());
}

fn request(token: &Value) -> Request<'_> {
    let address = token["address"].as_str().map(|address| address.parse::<IpAddr>().expect("an address"));
    Request::new().address(address)
}
