//! The vectors of vaults in which rows were exchanged by who can write the store.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde_json::Value;

use super::{file, filled, hex, hex_or_none, id, list, masters, text, vault_named};
use crate::api_key::Request;
use crate::audit_log::AuditFault;
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::KeyringError;
use crate::store::{Batch, Expected, MemoryStore, Rows, Store, Table};
use crate::vault::{Checkup, Depth, SymptomSeverity, Vault};

#[test]
fn a_vault_with_one_thing_broken_is_noticed_where_the_page_says() {
    for case in list(&vectors()) {
        let broken = text(&case["broken"]);
        let opened = Vault::open(exchanged(case), masters(&[1.into(), 2.into(), 3.into()]));
        let noticed_by = text(&case["noticed_by"]);
        if noticed_by == "open" {
            let error = opened.err().unwrap_or_else(|| panic!("{broken} went unnoticed"));
            assert!(names(&error).contains(&text(&case["error"])), "{broken}: {error}");
            continue;
        }
        let vault = opened.unwrap_or_else(|error| panic!("{broken}: {error}"));
        let damage = damage_of(&vault);
        let expected: &[&str] = match (noticed_by, case["error"].as_str()) {
            (_, None) => &[],
            ("audit", Some("chain" | "tree")) => &["audit"],
            ("fence", Some("missing" | "unauthentic")) => &["fence"],
            ("backups", Some("backups" | "unauthentic")) => &["backups"],
            // Those whose sets fit are noticed by the log alone.
            ("commitments", Some("no-commitment" | "other-commitment" | "continued")) => &["record"],
            // Where a record is not the one of the log, the sum over them differs too.
            ("records", Some("record-set")) if case["rows"]["keys"].is_array() => &["record", "record-set"],
            ("records", Some("record-set")) => &["record-set"],
            ("rotation-row", Some("unauthentic")) => &["rotation"],
            _ => panic!("{case}"),
        };
        assert_eq!(damage.iter().copied().collect::<Vec<_>>(), expected, "{broken}");
        assert_eq!(vault.verify_audit().is_err(), noticed_by == "audit", "{broken}");
        assert_eq!(vault.backups().is_err(), noticed_by == "backups", "{broken}");
        if case["accepts"].is_object() {
            let (token, of) = (text(&case["accepts"]["token"]), id(&case["accepts"]["id"]));
            assert_eq!(vault.verify(token, &Request::new()).expect("who only verifies cannot notice").id, of);
        }
    }
}

/// What is damaged by the word of the doctor, who opens every record and counts them all.
fn damage_of(vault: &Vault) -> BTreeSet<&'static str> {
    let (part, parts) = (NonZeroU32::MIN, NonZeroU32::MIN);
    let report = vault.examine(&Checkup::new().depth(Depth::Subset { part, parts }), |_| ()).expect("examined");
    let damage = report.symptoms.iter().filter(|symptom| symptom.severity == SymptomSeverity::Damage);
    damage.map(|symptom| symptom.id).collect()
}

fn names(error: &Error) -> &'static [&'static str] {
    match error.detail() {
        Detail::Audit(AuditFault::End { .. }) => &["missing-entry", "other-entry", "entry-behind"],
        Detail::Tampered { row: VaultRow::Head, fault: RowFault::Malformed } => &["malformed"],
        Detail::Tampered { row: VaultRow::Head, fault: RowFault::OfOtherKeyring } => &["keyring", "line"],
        Detail::Keyring(KeyringError::Unauthentic)
        | Detail::Tampered { row: VaultRow::Head, fault: RowFault::Unauthentic } => &["unauthentic"],
        _ => &[],
    }
}

/// The vault of the page with these rows in the place of its own; a row without a value is gone.
fn exchanged(case: &Value) -> MemoryStore {
    let store = filled(&vault_named(text(&case["vault"])));
    let mut batch = Batch::new();
    for &table in Table::ALL {
        for row in case["rows"][table.name()].as_array().into_iter().flatten() {
            let (key, there) = (hex(&row[0]), store.get(table, &hex(&row[0])).expect("read"));
            let expected = there.map_or(Expected::Absent, Expected::Exactly);
            match hex_or_none(&row[1]) {
                Some(value) => batch.put(table, key, value, expected),
                None => batch.delete(table, key, expected),
            }
        }
    }
    store.commit(&batch).expect("exchanged");
    store
}

fn vectors() -> Value {
    file(include_str!("../../tests/vectors/broken_vaults.json"))
}
