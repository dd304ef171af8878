//! The vectors of heads, record sets and rotation rows.

use serde_json::Value;

use super::{
    array, assert_is_deterministic, body, file, hex, hex_or_none, hmac, keyring_named, list, number, put, row_error,
    text, word,
};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{Keyring, RowError, RowLabel, row_hash};
use crate::known_backups::KnownBackups;
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
        assert_eq!(row_hash(RowLabel::Head, &row), array(&case["row_hash"]));
        let beside = (keyring.revision(), keyring.hash(), keyring.line());
        let named = (number(&case["keyring_revision"]), array(&case["keyring_hash"]), array(&case["line"]));
        assert_eq!(beside, named, "it opens beside the keyring that it names");
        let backups = hex_or_none(&case["backups"]);
        assert_eq!(
            backups.as_ref().map(|row| row_hash(RowLabel::Backups, row).to_vec()),
            hex_or_none(&case["backups_hash"])
        );
        assert_eq!(head.backups.map(|hash| hash.to_vec()), hex_or_none(&case["backups_hash"]));
        assert!(backups.is_none_or(|row| KnownBackups::open(&keyring, row).is_ok()));
        assert_eq!(head.tree.nodes(), list(&case["tree"]).iter().map(array).collect::<Vec<_>>());
        assert_eq!((head.tree.size(), head.tree.root()), (head.chain.seq, array(&case["root"])));
        assert_eq!(keyring.seal_row(RowLabel::Head, body(&row)), row, "a signature is one value");
        assert_is_deterministic(body(&row));
        assert_eq!(head.sets().len(), list(&case["sets"]).len());
        for set in list(&case["sets"]) {
            let (generation, expected) = record_set(&keyring, set);
            assert_eq!(head.sets()[&generation], expected);
        }
        let written = head.seal(&keyring).expect("random");
        assert_eq!(Head::open(&keyring, &written).expect("it reads back").sets(), head.sets());
        assert_is_deterministic(body(&written));
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
        assert_is_deterministic(body(&written));
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
    assert_is_deterministic(body(&written));
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
    let (key, expected_key) =
        (keyring.generation(generation).expect("the keyring has it").record_set(), &case["record_set_key"]);
    let mut set = RecordSet::default();
    assert_eq!(list(&case["joined"]).len(), list(&case["elements"]).len());
    for (bytes, element) in list(&case["joined"]).iter().map(hex).zip(list(&case["elements"])) {
        assert_eq!(hmac(expected_key, &[&[1], &bytes]).as_slice(), hex(element));
        set.add(key, &Record::parse(&bytes).expect("a good record"));
    }
    for bytes in list(&case["left"]).iter().map(hex) {
        set.remove(key, &Record::parse(&bytes).expect("a good record"));
    }
    assert_eq!(key.mac(&[&[0], &hex(&case["nonce"])]).as_slice(), hex(&case["mask"]));
    assert_eq!(hmac(expected_key, &[&[0], &hex(&case["nonce"])]).as_slice(), hex(&case["mask"]));
    assert_eq!(set.count(), number(&case["count"]));
    let counted = set.count().to_be_bytes();
    assert_eq!(set.digest(key), hmac(expected_key, &[&[2], &counted, &hex(&case["sum"])]), "it is the sum of the page");
    let stored: MaskedRecordSet = minicbor::decode(&hex(&case["cbor"])).expect("a record set");
    assert_eq!(stored.unmask(key), set);
    (generation, set)
}
