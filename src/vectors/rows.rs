//! The vectors of heads, record sets and rotation rows.

use serde_json::Value;

use super::{assert_is_deterministic, file, hex, keyring_named, list, number, put, row_error, text, word};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{Keyring, RowError};
use crate::ledger::Head;
use crate::record::Record;
use crate::record_set::{MaskedRecordSet, RecordSet};
use crate::rotation::open_in;
use crate::store::{MemoryStore, Table};
use crate::versions::Generation;
use crate::versions::{generation, version};

#[test]
fn heads_and_their_record_sets_are_those_of_the_page() {
    let heads = &file(include_str!("../../tests/vectors/rows.json"))["heads"];
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
    let rotations = &file(include_str!("../../tests/vectors/rows.json"))["rotations"];
    let keyring = keyring_named(text(&rotations["keyring"]));
    let open_under = |keyring: &Keyring, case: &Value| {
        let store = MemoryStore::new();
        put(&store, Table::Vault, b"rotation", &hex(&case["row"]));
        open_in(keyring, &store)
    };
    let open = |case: &Value| open_under(&keyring, case);
    for case in list(&rotations["good"]) {
        let state = open(case).expect("a good row").expect("a row");
        assert_eq!(
            (state.from_master_key, state.to_master_key, state.from_generation, state.to_generation),
            (version(1), version(2), generation(1), generation(2))
        );
        assert_eq!((state.phase.name(), state.moved), (text(&case["phase"]), number(&case["moved"])));
        assert_eq!(state.usage_dropped, case["usage_dropped"].as_u64().unwrap_or_default());
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
    let scrub = &file(include_str!("../../tests/vectors/rows.json"))["scrub"];
    let (scrubbing, row) = (keyring_named(text(&scrub["keyring"])), hex(&scrub["good"]["row"]));
    let state = open_under(&scrubbing, &scrub["good"]).expect("a good row").expect("a row");
    let finish = state.finish.expect("an end");
    assert_eq!((state.phase.name(), state.moved), (text(&scrub["good"]["phase"]), number(&scrub["good"]["moved"])));
    assert_eq!(
        (finish.seq, (generation(2), finish.set)),
        (number(&scrub["good"]["finish"]), record_set(&scrubbing, &scrub["set"]))
    );
    let written = state.seal(&scrubbing).expect("random");
    assert_is_deterministic(&written[1..written.len() - 32]);
    assert_eq!(written.len(), row.len());
    for case in list(&rotations["bad"]) {
        let named = match open(case).map_err(Error::into_detail) {
            Err(Detail::RowFormat { row: VaultRow::Rotation, .. }) => "newer",
            Err(Detail::Tampered { row: VaultRow::Rotation, fault: RowFault::Malformed }) => {
                row_error(RowError::Malformed)
            }
            Err(Detail::Tampered { row: VaultRow::Rotation, fault: RowFault::Unauthentic }) => {
                row_error(RowError::Unauthentic)
            }
            _ => panic!("{}", case["broken"]),
        };
        assert_eq!(named, text(&case["error"]), "{}", case["broken"]);
    }
}

/// The set of a vector, computed from its records and held against every value on the way.
fn record_set(keyring: &Keyring, case: &Value) -> (Generation, RecordSet) {
    let generation = generation(word(&case["generation"]));
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
