//! The vectors of usage rows.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde_json::Value;

use super::{act, file, filled, hex, id, keyring_named, list, masters, number, text, vaults};
use crate::rotation::RotateOptions;
use crate::store::{Rows, Table};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::uses::{Usage, UsageError, UsageRow, UsageSealer};
use crate::vault::Vault;
use crate::versions::generation;

#[test]
fn usage_rows_are_those_of_the_page() {
    for case in list(&vectors()["good"]) {
        let (keyring, id, bytes) = (keyring_named(text(&case["keyring"])), id(&case["id"]), hex(&case["row"]));
        let row = UsageRow::parse(&bytes).expect("a good row");
        assert_eq!(u64::from(row.generation()), number(&case["generation"]));
        let usage = row.open(&keyring, id).expect("it opens");
        assert_eq!(usage, expected(case));
        let sealed = UsageSealer::new(&keyring, 1).seal(id, &usage).expect("sealed");
        let mut plain = vec![];
        UsageRow::parse(&sealed).and_then(|row| row.open_into(&keyring, id, &mut plain)).expect("it opens");
        assert_eq!(plain, hex(&case["plain"]), "there is one spelling");
    }
}

#[test]
fn a_usage_row_with_one_thing_broken_does_not_open() {
    let file = vectors();
    let keyring = keyring_named(text(&file["keyring"]));
    for case in list(&file["bad"]) {
        let opened = UsageRow::parse(&hex(&case["row"])).and_then(|row| row.open(&keyring, id(&case["id"])));
        let name = match opened.expect_err(text(&case["broken"])) {
            UsageError::Corrupt => "corrupt",
            UsageError::Format { .. } => "newer",
            UsageError::Malformed => "malformed",
            UsageError::MissingGeneration { .. } => "missing-generation",
        };
        assert_eq!(name, text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn the_vaults_of_the_page_show_their_usage_and_carry_it_over() {
    let file = vectors();
    let of = |id_wanted: ApiKeyId| {
        let case = list(&file["good"]).iter().find(|case| id(&case["id"]) == id_wanted).expect("a vector");
        expected(case)
    };
    for case in list(&vaults()) {
        let store = filled(case);
        let vault = Vault::open(store.clone(), masters(std::slice::from_ref(&case["master_key"]))).expect("it opens");
        let used = id(&list(&case["tables"]["usage"])[0][0]);
        let as_listed = |vault: &Vault| {
            assert_eq!(vault.usage(used).expect("read"), Some(of(used)), "{}", case["name"]);
            assert_eq!(vault.usage_of_none().expect("read"), Some(of(ApiKeyId::SENTINEL)));
        };
        as_listed(&vault);
        if case["open_rotation"] == true {
            vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
            as_listed(&vault);
            for (_, row) in store.scan(Table::Usage, None, 10).expect("rows") {
                assert_eq!(UsageRow::parse(&row).expect("a row").generation(), generation(2));
            }
        }
    }
}

fn expected(case: &Value) -> Usage {
    let counts = |name: &str| -> BTreeMap<String, u64> {
        let counts = case[name].as_object().expect("an object");
        counts.iter().map(|(name, count)| (name.clone(), number(count))).collect()
    };
    let address = |octets: Vec<u8>| match octets.len() {
        4 => IpAddr::from(*octets.first_chunk::<4>().expect("4 bytes")),
        _ => IpAddr::from(*octets.first_chunk::<16>().expect("16 bytes")),
    };
    Usage {
        verifications: number(&case["verifications"]),
        last_used_at: case["last_used_at"].as_i64().and_then(Timestamp::from_unix_millis),
        last_address: case["last_address"].as_str().map(|_| address(hex(&case["last_address"]))),
        refusals: counts("refusals"),
        endpoints: counts("endpoints"),
        other_endpoints: number(&case["other_endpoints"]),
    }
}

fn vectors() -> Value {
    file(include_str!("../../tests/vectors/usage.json"))
}
