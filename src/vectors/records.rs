//! The vectors of records and lookup rows.

use std::time::Duration;

use serde_json::Value;

use super::{array, file, hex, id, keyring_named, list, number, suite, text, unsealed, vault};
use crate::api_key::{Attributes, Reissue, edited};
use crate::keyring::Keyring;
use crate::lookup::LookupRow;
use crate::record::{Plain, Record, RecordError};
use crate::suite::AssociatedData;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, secret_digest};
use crate::versions::Generation;

#[test]
fn records_of_the_page_open() {
    for case in list(&records()["good"]) {
        let (keyring, id, bytes) = record_case(case);
        let record = Record::parse(&bytes).expect("a good record");
        assert_eq!(u64::from(record.generation()), number(&case["generation"]));
        assert_eq!(Value::Bool(record.imported()), case["imported"]);
        let attributes = record.open_verify(&keyring, id).expect("the verify part opens");
        assert_eq!(*attributes, hex(&case["attributes"]));
        let read = Attributes::from_bytes(&attributes).expect("attributes");
        assert_eq!(*read.to_bytes(), *attributes, "what is written is what the page says");
        let secret = record.open_recover(&keyring, id).expect("the recover part opens");
        assert_eq!(secret.as_ref().map(crate::secret::SecretText::expose), case["secret"].as_str());
        let commitment = array::<32>(&case["commitment"]);
        assert_eq!(record.commitment(vault(), &attributes), commitment);
        let secret = secret.as_ref().map(crate::secret::SecretText::expose);
        let plain = Plain { imported: record.imported(), attributes: &attributes, secret };
        assert_eq!(plain.commitment(vault(), id), commitment, "before it is sealed it is the same");
    }
}

#[test]
fn api_keys_are_in_the_states_of_the_page() {
    let records = records();
    let cases = list(&records["states"]);
    assert!(cases.len() > 40);
    for case in cases {
        let attributes = Attributes::from_bytes(&hex(&case["attributes"])).expect("attributes");
        for (at, state) in list(&case["at"]).iter().zip(list(&case["states"])) {
            let now = Timestamp::from_unix_millis(at.as_i64().expect("a time")).expect("in range");
            assert_eq!(attributes.status(now).name(), text(state), "{case} at {now}");
        }
    }
}

#[test]
fn a_reissue_makes_of_attributes_what_the_page_says() {
    for case in list(&records()["reissues"]) {
        let id = |name| ApiKeyId::from_row(&hex(&case[name])).expect("an id");
        let (old, new, before) = (id("old_id"), id("new_id"), hex(&case["before"]));
        let now = Timestamp::from_unix_millis(case["at"].as_i64().expect("a time")).expect("in range");
        let reissue = Reissue::new().grace(Duration::from_millis(number(&case["grace"])));
        let digest = secret_digest(text(&case["new_secret"]));
        // The vectors cannot know which salts would be drawn.
        let salted = |attributes: &mut Attributes, salt| *attributes = attributes.clone().salted(array(&case[salt]));
        let made = edited(&before, |attributes| {
            attributes.succeed(old, &reissue, digest, now).expect("it can be");
            salted(attributes, "new_salt");
        });
        assert_eq!(*made.expect("attributes"), hex(&case["new"]), "{}", case["what"]);
        let ended = edited(&before, |attributes| {
            attributes.give_way(new, &reissue, now);
            salted(attributes, "old_salt");
        });
        assert_eq!(*ended.expect("attributes"), hex(&case["old"]), "{}", case["what"]);
    }
}

#[test]
fn every_value_on_the_way_to_a_part_is_that_of_the_page() {
    for case in list(&records()["good"]) {
        let (keyring, id, bytes) = record_case(case);
        let (header, verify_len) = (&bytes[..32], u32::from_be_bytes(*bytes[8..].first_chunk().expect("4 bytes")));
        assert_eq!(header, hex(&case["header"]));
        let (verify, recover) = bytes[32..].split_at(verify_len as usize);
        let generation = keyring.generation(record_generation(&bytes)).expect("the keyring has it");
        for (part, sealed) in [("verify", verify), ("recover", recover)].into_iter().filter(|(_, s)| !s.is_empty()) {
            let (vault, id) = (vault(), id.to_bytes());
            let aad = AssociatedData::of(&[b"strongroom/v1/record", &vault.0, b"keys", part.as_bytes(), &id, header]);
            assert_eq!(*aad, hex(&case[format!("{part}_aad").as_str()]));
            let key = hex(&case[format!("{part}_key").as_str()]).try_into().expect("32 bytes");
            let ours = if part == "verify" { &generation.verify } else { generation.recover() };
            let (nonce, sealed) = sealed.split_at(24);
            let theirs = suite(&case["suite"]).cipher(&key);
            let plain = unsealed(&mut theirs.stream(), nonce, &aad, sealed);
            assert_eq!(plain, unsealed(&mut ours.cipher(suite(&case["suite"])).stream(), nonce, &aad, sealed));
        }
    }
}

#[test]
fn a_record_with_one_thing_broken_does_not_open() {
    for case in list(&records()["bad"]) {
        let (keyring, id, bytes) = record_case(case);
        let opened = Record::parse(&bytes).and_then(|record| {
            record.attributes(&keyring, id)?;
            record.open_recover(&keyring, id)
        });
        let name = match opened.err().unwrap_or_else(|| panic!("{} went unnoticed", case["broken"])) {
            RecordError::Attributes => "attributes".into(),
            RecordError::Corrupt { part } => format!("corrupt {part}"),
            RecordError::Continued { .. } => "continued".into(),
            RecordError::Differs { .. } => "differs".into(),
            RecordError::Fenced { .. } => "fenced".into(),
            RecordError::Foreign => "foreign".into(),
            RecordError::Format { .. } => "newer".into(),
            RecordError::Malformed => "malformed".into(),
            RecordError::MissingGeneration { .. } => "missing-generation".into(),
            RecordError::Moved { .. } => "moved".into(),
            RecordError::NotIndexed => "not-indexed".to_owned(),
            RecordError::OtherSecret => "other-secret".to_owned(),
            RecordError::Relabelled { .. } => "relabelled".to_owned(),
            RecordError::Unlogged => "unlogged".to_owned(),
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn unusual_records_open() {
    for case in list(&records()["unusual"]) {
        let (keyring, id, bytes) = record_case(case);
        let record = Record::parse(&bytes).expect("a good record");
        assert!(record.attributes(&keyring, id).is_ok(), "{}", case["what"]);
        let attributes = record.open_verify(&keyring, id).expect("it opens");
        assert_eq!(record.commitment(vault(), &attributes), array(&case["commitment"]), "{}", case["what"]);
        assert!(record.open_recover(&keyring, id).expect("it opens").is_some(), "{}", case["what"]);
    }
}

#[test]
fn lookup_rows_are_those_of_the_page() {
    let file = file(include_str!("../../tests/vectors/lookups.json"));
    let keyring = keyring_named(text(&file["keyring"]));
    for case in list(&file["good"]) {
        let (index, value) = (hex(&case["index"]), hex(&case["value"]));
        let row = LookupRow::open(&keyring, &index, &value).expect("a good row");
        assert_eq!((u64::from(row.lookup_key), row.id), (number(&case["lookup_key"]), id(&case["id"])));
        let newest = row.lookup_key == keyring.active_generation();
        match case["token"].as_str() {
            Some(token) => {
                let (_, key) = keyring.lookups().find(|(id, _)| *id == row.lookup_key).expect("listed");
                assert_eq!(key.index(token).as_slice(), index);
                let written = LookupRow::newest(&keyring, token, row.id);
                assert_eq!((written.0.to_vec(), written.1) == (index, value), newest);
            }
            None => {
                let written = LookupRow::sentinel(&keyring);
                assert_eq!((written.0.to_vec(), written.1) == (index, value), newest);
            }
        }
    }
    for case in list(&file["bad"]) {
        let opened = LookupRow::open(&keyring, &hex(&case["index"]), &hex(&case["value"]));
        assert_eq!(opened, None, "{}", case["broken"]);
    }
}

fn record_case(case: &Value) -> (Keyring, ApiKeyId, Vec<u8>) {
    (keyring_named(text(&case["keyring"])), id(&case["id"]), hex(&case["record"]))
}

fn record_generation(bytes: &[u8]) -> Generation {
    Record::parse(bytes).expect("a good record").generation()
}

fn records() -> Value {
    file(include_str!("../../tests/vectors/records.json"))
}
