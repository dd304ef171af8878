//! The test vectors of docs/format.md, which a second implementation made from that page alone.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use serde_json::Value;

use crate::api_key::{Attributes, Request};
use crate::audit::{Act, Action, ChainEnd, Draft, row_key};
use crate::error::Error;
use crate::keyring::{KeyEncryptionKeys, Keyring, KeyringError, RowError, RowLabel};
use crate::ledger::Head;
use crate::lookup::LookupRow;
use crate::master_key::MasterKey;
use crate::master_keys::MasterKeys;
use crate::policy::{Policy, RawPolicy, ReasonPattern};
use crate::record::{Record, RecordError};
use crate::record_set::{MaskedRecordSet, RecordSet};
use crate::rotation::{Flow, RotateOptions, RotationOutcome, open_in};
use crate::store::{Batch, Expected, MemoryStore, Store, Table};
use crate::suite::{AssociatedData, CipherStream, Suite};
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Shape, Token, secret_digest};
use crate::vault::{Query, Vault, VerifyError};
use crate::vault_id::VaultId;
use crate::verifier_key::{VerifierKey, VerifierKeyError};
use crate::verifier_keys::VerifierKeys;

#[test]
fn master_keys_have_the_fingerprints_and_the_one_spelling_of_the_page() {
    let file = file(include_str!("../tests/vectors/master_keys.json"));
    for case in list(&file["good"]) {
        let key = MasterKey::parse(text(&case["text"])).expect("a good key");
        assert_eq!(key.fingerprint().to_string(), text(&case["fingerprint"]));
        let prk = hkdf::Hkdf::<sha2::Sha256>::new(Some(&hex(&case["vault"])), key.expose());
        for purpose in ["verify", "recover"] {
            let mut kek = [0; 32];
            let label = format!("strongroom/v1/key-encryption-key/{purpose}");
            prk.expand(label.as_bytes(), &mut kek).expect("32 bytes");
            assert_eq!(kek.as_slice(), hex(&case[format!("key_encryption_key_{purpose}").as_str()]));
        }
    }
    for case in list(&file["bad"]) {
        assert!(MasterKey::parse(text(&case["text"])).is_err(), "{}", case["broken"]);
    }
}

#[test]
fn verifier_keys_are_derived_and_written_as_the_page_says() {
    let file = file(include_str!("../tests/vectors/verifier_keys.json"));
    for case in list(&file["good"]) {
        let master = MasterKey::parse(text(&case["master_key"])).expect("a good key");
        let vault = VaultId(hex(&case["vault"]).try_into().expect("16 bytes"));
        let key = VerifierKey::derive(&master, vault);
        assert_eq!(key.to_text().expose(), text(&case["text"]));
        let read = VerifierKey::parse(text(&case["text"])).expect("a good verifier key");
        assert_eq!((read.vault(), read.fingerprint()), (vault, master.fingerprint()));
        assert_eq!(read.into_key().expose().as_slice(), hex(&case["key"]));
    }
    for case in list(&file["bad"]) {
        let error = VerifierKey::parse(text(&case["text"])).err();
        let name = match error.unwrap_or_else(|| panic!("{} went unnoticed", case["broken"])) {
            VerifierKeyError::Alphabet => "alphabet",
            VerifierKeyError::Check => "check",
            VerifierKeyError::Length(_) => "length",
            VerifierKeyError::MasterKey => "master-key",
            VerifierKeyError::Prefix => "prefix",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn a_verifier_opens_the_vaults_of_the_page_and_answers_as_a_vault_does() {
    let file = file(include_str!("../tests/vectors/vaults.json"));
    let keys = || {
        let keys = self::file(include_str!("../tests/vectors/verifier_keys.json"));
        let entry = |case: &Value| format!("{}:{} ", case["version"], text(&case["text"]));
        VerifierKeys::parse(&list(&keys["good"]).iter().map(entry).collect::<String>()).expect("a good list")
    };
    for case in list(&file) {
        let verifier = Vault::open_verifier(filled(case), keys()).expect("it opens");
        for token in list(&case["valid"]) {
            assert!(verifier.verify(text(&token["token"]), &request(token)).is_ok(), "{}: {token}", case["name"]);
        }
        for token in list(&case["refused"]) {
            assert!(verifier.verify(text(&token["token"]), &request(token)).is_err(), "{}: {token}", case["name"]);
        }
    }
}

#[test]
fn both_suites_seal_as_the_page_says() {
    for case in list(&file(include_str!("../tests/vectors/suites.json"))) {
        let key = hex(&case["key"]).try_into().expect("32 bytes");
        let nonce = hex(&case["nonce"]).try_into().expect("24 bytes");
        let cipher = suite(&case["suite"]).cipher(&key);
        let mut buffer = hex(&case["plain"]);
        let tag = cipher.seal(&nonce, &hex(&case["aad"]), &mut buffer).expect("short enough");
        buffer.extend(tag);
        assert_eq!(buffer, hex(&case["sealed"]));
    }
}

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
    let rewrapped = keyring.rewrapped(3, &keks, Timestamp::now()).expect("rewrapped");
    let rotating = rewrapped.with_next_generation(3, &keks, Timestamp::now()).expect("begun");
    let finished = rotating.without_generation(2, &BTreeMap::new(), &keks).expect("finished");
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
        let expected: Vec<u8> = record.identity().flatten().copied().collect();
        assert_eq!(expected, hex(&case["identity"]));
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
            RecordError::Foreign => "foreign".into(),
            RecordError::Format { .. } => "newer".into(),
            RecordError::Malformed => "malformed".into(),
            RecordError::MissingGeneration { .. } => "missing-generation".into(),
            RecordError::Moved { .. } => "moved".into(),
            RecordError::NotIndexed => "not-indexed".to_owned(),
            RecordError::Relabelled { .. } => "relabelled".to_owned(),
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
        assert!(record.open_recover(&keyring, id).expect("it opens").is_some(), "{}", case["what"]);
    }
}

#[test]
fn lookup_rows_are_those_of_the_page() {
    let file = file(include_str!("../tests/vectors/lookups.json"));
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

#[test]
fn heads_and_their_record_sets_are_those_of_the_page() {
    let heads = &file(include_str!("../tests/vectors/rows.json"))["heads"];
    for case in list(&heads["good"]) {
        let keyring = keyring_named(text(&case["keyring"]));
        let row = hex(&case["row"]);
        let head = Head::open(&keyring, &row).expect("a good head");
        assert_eq!((head.chain.seq, head.chain.hash.to_vec()), (number(&case["seq"]), hex(&case["hash"])));
        assert_is_deterministic(&row[1..row.len() - 32]);
        assert_eq!(head.sets().len(), list(&case["sets"]).len());
        for set in list(&case["sets"]) {
            let (generation, expected) = record_set(&keyring, set);
            assert_eq!(head.sets()[&generation], expected);
        }
        let written = head.seal(&keyring).expect("random");
        assert_eq!(Head::open(&keyring, &written).expect("it reads back").sets(), head.sets());
        assert_is_deterministic(&written[1..written.len() - 32]);
        assert_eq!(written.len(), row.len());
    }
    let keyring = keyring_named(text(&heads["bad_keyring"]));
    for case in list(&heads["bad"]) {
        let error = Head::open(&keyring, &hex(&case["row"])).expect_err("broken");
        assert_eq!(row_error(error), text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn rotation_rows_are_those_of_the_page() {
    let rotations = &file(include_str!("../tests/vectors/rows.json"))["rotations"];
    let keyring = keyring_named(text(&rotations["keyring"]));
    let open_under = |keyring: &Keyring, case: &Value| {
        let store = MemoryStore::new();
        put(&store, Table::Vault, b"rotation", &hex(&case["row"]));
        open_in(keyring, &store)
    };
    let open = |case: &Value| open_under(&keyring, case);
    for case in list(&rotations["good"]) {
        let state = open(case).expect("a good row").expect("a row");
        assert_eq!((state.from_master, state.to_master, state.from_generation, state.to_generation), (1, 2, 1, 2));
        assert_eq!((state.phase.name(), state.moved), (text(&case["phase"]), number(&case["moved"])));
        assert_eq!(state.cursor, case["cursor"].is_string().then(|| hex(&case["cursor"])));
        assert_eq!(
            state.lease.map(|lease| lease.owner.to_vec()),
            case["owner"].is_string().then(|| hex(&case["owner"]))
        );
        for set in list(&rotations["sets"]) {
            let (generation, expected) = record_set(&keyring, set);
            assert_eq!(state.sets[&generation], expected);
        }
        let written = state.seal(&keyring).expect("random");
        assert_is_deterministic(&written[1..written.len() - 32]);
        assert_eq!(written.len(), hex(&case["row"]).len());
    }
    let scrub = &file(include_str!("../tests/vectors/rows.json"))["scrub"];
    let (scrubbing, row) = (keyring_named(text(&scrub["keyring"])), hex(&scrub["good"]["row"]));
    let state = open_under(&scrubbing, &scrub["good"]).expect("a good row").expect("a row");
    let finish = state.finish.expect("an end");
    assert_eq!((state.phase.name(), state.moved), (text(&scrub["good"]["phase"]), number(&scrub["good"]["moved"])));
    assert_eq!(
        (finish.seq, (2, finish.set)),
        (number(&scrub["good"]["finish"]), record_set(&scrubbing, &scrub["set"]))
    );
    let written = state.seal(&scrubbing).expect("random");
    assert_is_deterministic(&written[1..written.len() - 32]);
    assert_eq!(written.len(), row.len());
    for case in list(&rotations["bad"]) {
        let named = match open(case) {
            Err(Error::RowFormat { row: "rotation", .. }) => "newer",
            Err(Error::Tampered { row: "rotation", problem }) => {
                let known = [RowError::Malformed, RowError::Unauthentic];
                row_error(known.into_iter().find(|error| error.to_string() == problem).expect("a known problem"))
            }
            _ => panic!("{}", case["broken"]),
        };
        assert_eq!(named, text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn audit_lines_are_those_of_the_page() {
    let file = file(include_str!("../tests/vectors/audit.json"));
    let start = ChainEnd::start(VaultId(hex(&file["vault"]).try_into().expect("16 bytes")));
    assert_eq!(start.hash.as_slice(), hex(&file["start"]));
    let mut ends = vec![start];
    for case in list(&file["entries"]) {
        let (before, line) = (*ends.last().expect("a start"), text(&case["line"]).as_bytes());
        let (entry, end) = before.follow(&row_key(number(&case["seq"])), line).expect("it follows");
        assert_eq!((end.seq, end.hash.to_vec()), (number(&case["seq"]), hex(&case["hash"])));
        let act = Act { actor: text(&case["actor"]).into(), reason: case["reason"].as_str().map(Into::into) };
        let mut draft = Draft::of(action(text(&case["action"])));
        draft.key = case["key"].is_string().then(|| id(&case["key"]));
        draft.refused = case["cause"].as_str().map(cause);
        assert_eq!(draft.refused.is_some(), case["outcome"] == "refused");
        let counts = case["counts"].as_object().expect("counts");
        draft.counts.extend(counts.iter().map(|(name, count)| (name.clone(), number(count))));
        let at = text(&case["at"]).parse().expect("a time");
        let (written, written_end) = before.append(&draft, &act, at);
        assert_eq!((String::from_utf8_lossy(&written), written_end), (String::from_utf8_lossy(line), end));
        assert_eq!((entry.at, entry.action, entry.key), (at, draft.action, draft.key));
        ends.push(end);
    }
    for case in list(&file["bad"]) {
        let seq = number(&case["seq"]);
        let before = ends[1];
        let followed = before.follow(&row_key(seq), text(&case["line"]).as_bytes());
        let name = match followed {
            Ok((_, end)) => {
                if end == ends[2] {
                    "unnoticed"
                } else {
                    "broken at the next"
                }
            }
            Err(crate::audit::AuditFault::Broken { .. }) => "broken",
            Err(crate::audit::AuditFault::Malformed { .. }) => "malformed",
            Err(_) => "missing",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn tokens_are_those_of_the_page() {
    let file = file(include_str!("../tests/vectors/tokens.json"));
    for case in list(&file["good"]) {
        let (prefix, secret) = (text(&case["prefix"]), text(&case["secret"]));
        assert_eq!(id(&case["id_bytes"]).to_string(), text(&case["id"]));
        assert_eq!(Token::compose(prefix, id(&case["id_bytes"]), secret).expose(), text(&case["token"]));
        let Shape::Token(token) = Shape::of(text(&case["token"])) else { panic!("{case}") };
        assert_eq!((token.prefix, token.id, token.secret), (prefix, id(&case["id_bytes"]), secret));
        assert_eq!(secret_digest(secret).as_slice(), hex(&case["digest"]));
    }
    for case in list(&file["bad"]) {
        let shape = match Shape::of(text(&case["token"])) {
            Shape::Token(_) => "token",
            Shape::Damaged => "damaged",
            Shape::Foreign => "foreign",
        };
        assert_eq!(shape, text(&case["shape"]), "{}", case["broken"]);
    }
}

#[test]
fn vaults_of_the_page_open_verify_recover_and_pass_the_doctor() {
    for case in list(&vaults()) {
        let vault = Vault::open(filled(case), masters(&[case["master_key"].clone()])).expect("a good vault");
        for token in list(&case["valid"]) {
            assert_eq!(vault.verify(text(&token["token"]), &request(token)).expect("valid").id, id(&token["id"]));
        }
        for token in list(&case["refused"]) {
            let Err(VerifyError::NotValid(refusal)) = vault.verify(text(&token["token"]), &request(token)) else {
                panic!("{token}")
            };
            assert_eq!(refusal.name(), text(&token["refusal"]));
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
fn rotations_that_another_implementation_left_open_are_finished() {
    for case in list(&vaults()).iter().filter(|case| case["open_rotation"] == true) {
        let vault = Vault::open(filled(case), masters(&[case["master_key"].clone()])).expect("a good vault");
        assert_exposed(&vault, case);
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| Flow::Continue).expect("rotated");
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
    }
}

/// Those that were issued before the master key leaked, and no others.
fn assert_exposed(vault: &Vault, case: &Value) {
    let all = vault.list(&Query::new()).expect("listed").into_iter().map(|listed| listed.key.expect("it opens"));
    let exposed: BTreeSet<_> = all.filter(|key| key.exposed_at.is_some()).map(|key| key.id).collect();
    assert_eq!(exposed, list(&case["exposed"]).iter().map(id).collect());
}

fn vaults() -> Value {
    file(include_str!("../tests/vectors/vaults.json"))
}

fn records() -> Value {
    file(include_str!("../tests/vectors/records.json"))
}

fn keyrings() -> Value {
    file(include_str!("../tests/vectors/keyrings.json"))
}

fn open_keyring(case: &Value) -> Result<Keyring, KeyringError> {
    let row = hex(&case["row"]);
    Keyring::open(row, &KeyEncryptionKeys::derive(&masters(list(&case["configured"])), vault()))
}

fn keyring_named(name: &str) -> Keyring {
    let keyrings = keyrings();
    let case = list(&keyrings["good"]).iter().find(|case| case["name"] == name).expect("a keyring of this name");
    open_keyring(case).expect("a good keyring")
}

fn masters(versions: &[Value]) -> MasterKeys {
    let file = file(include_str!("../tests/vectors/master_keys.json"));
    let mut keys = MasterKeys::default();
    for case in list(&file["good"]).iter().filter(|case| versions.contains(&case["version"])) {
        let key = MasterKey::parse(text(&case["text"])).expect("a good key");
        keys.insert(u32::try_from(number(&case["version"])).expect("32 bits"), key).expect("a new version");
    }
    keys
}

fn vault() -> VaultId {
    let file = file(include_str!("../tests/vectors/audit.json"));
    VaultId(hex(&file["vault"]).try_into().expect("16 bytes"))
}

fn record_case(case: &Value) -> (Keyring, ApiKeyId, Vec<u8>) {
    (keyring_named(text(&case["keyring"])), id(&case["id"]), hex(&case["record"]))
}

fn record_generation(bytes: &[u8]) -> u32 {
    Record::parse(bytes).expect("a good record").generation()
}

/// The set of a vector, computed from its records and held against every value on the way.
fn record_set(keyring: &Keyring, case: &Value) -> (u32, RecordSet) {
    let generation = u32::try_from(number(&case["generation"])).expect("32 bits");
    let key = &keyring.generation(generation).expect("the keyring has it").record_set;
    let mut set = RecordSet::default();
    for (bytes, element) in list(&case["joined"]).iter().map(hex).zip(list(&case["elements"])) {
        let record = Record::parse(&bytes).expect("a good record");
        let identity: Vec<u8> = record.identity().flatten().copied().collect();
        assert_eq!(key.mac(&[&[1], &identity]).as_slice(), hex(element));
        set.add(key, &record);
    }
    for bytes in list(&case["left"]).iter().map(hex) {
        set.remove(key, &Record::parse(&bytes).expect("a good record"));
    }
    assert_eq!(key.mac(&[&[0], &hex(&case["nonce"])]).as_slice(), hex(&case["mask"]));
    assert_eq!(set.count(), number(&case["count"]));
    let stored: MaskedRecordSet = minicbor::decode(&hex(&case["cbor"])).expect("a record set");
    assert_eq!(stored.unmask(key), set);
    (generation, set)
}

fn row_error(error: RowError) -> &'static str {
    match error {
        RowError::Format(_) => "newer",
        RowError::Malformed => "malformed",
        RowError::Unauthentic => "unauthentic",
    }
}

fn cause(word: &str) -> &'static str {
    match word {
        "not-recoverable" => "not-recoverable",
        _ => panic!("{word}"),
    }
}

fn action(name: &str) -> Action {
    let all = [
        Action::Import,
        Action::Init,
        Action::Issue,
        Action::Recover,
        Action::Revoke,
        Action::RotationStarted,
        Action::VerifierKey,
    ];
    all.into_iter().find(|action| action.name() == name).expect("an action of the vectors")
}

fn act() -> Act {
    Act::by("tester").because("a test")
}

fn request(token: &Value) -> Request<'_> {
    let address = token["address"].as_str().map(|address| address.parse().expect("an address"));
    address.map_or_else(Request::new, |address| Request::new().address(address))
}

fn filled(case: &Value) -> MemoryStore {
    let store = MemoryStore::new();
    for table in Table::ALL {
        for row in list(&case["tables"][table.name()]) {
            put(&store, table, &hex(&row[0]), &hex(&row[1]));
        }
    }
    store
}

fn put(store: &MemoryStore, table: Table, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(table, key, value, Expected::Absent);
    store.commit(&batch).expect("an empty place");
}

fn unsealed(cipher: &mut CipherStream<'_>, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Vec<u8> {
    let (body, tag) = sealed.split_last_chunk().expect("a tag");
    let mut plain = vec![0; body.len()];
    cipher.open(nonce.try_into().expect("24 bytes"), aad, body, tag, &mut plain).expect("it opens");
    plain
}

/// Holds bytes against the rules of docs/format.md, Encodings: read as any CBOR and written anew, they are the same.
fn assert_is_deterministic(bytes: &[u8]) {
    let mut encoder = Encoder::new(vec![]);
    let mut decoder = Decoder::new(bytes);
    write_anew(&mut decoder, &mut encoder);
    assert_eq!(decoder.position(), bytes.len());
    assert_eq!(encoder.into_writer(), bytes);
}

fn write_anew(from: &mut Decoder<'_>, to: &mut Encoder<Vec<u8>>) {
    match from.datatype().expect("a value") {
        Type::Bool => drop(to.bool(from.bool().expect("bool"))),
        Type::Bytes => drop(to.bytes(from.bytes().expect("bytes"))),
        Type::String => drop(to.str(from.str().expect("text"))),
        Type::Array => {
            let len = from.array().expect("a list").expect("a definite length");
            drop(to.array(len));
            (0..len).for_each(|_| write_anew(from, to));
        }
        Type::Map => {
            let len = from.map().expect("a map").expect("a definite length");
            drop(to.map(len));
            let mut last = None;
            for _ in 0..len {
                let key = from.probe().u64().expect("keys of stored rows are numbers");
                assert!(last < Some(key), "keys ascend");
                last = Some(key);
                write_anew(from, to);
                write_anew(from, to);
            }
        }
        _ => drop(to.int(from.int().expect("a number"))),
    }
}

fn file(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

fn list(value: &Value) -> &[Value] {
    value.as_array().expect("a list")
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

fn number(value: &Value) -> u64 {
    value.as_u64().expect("a number")
}

fn hex(value: &Value) -> Vec<u8> {
    base16ct::lower::decode_vec(text(value)).expect("hexadecimal")
}

fn id(value: &Value) -> ApiKeyId {
    ApiKeyId::from_row(&hex(value)).expect("16 bytes")
}

fn suite(value: &Value) -> Suite {
    Suite::from_byte(u8::try_from(number(value)).expect("a byte")).expect("a suite")
}
