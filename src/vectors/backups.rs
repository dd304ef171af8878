//! Vectors of the rows that backups add.

use std::path::Path;

use serde_json::Value;

use super::{
    array, assert_is_deterministic, body, file, filled, hex, keyring_named, list, masters, number, put, row_error,
    text, vault_named,
};
use crate::error::{Detail, RowFault, VaultRow};
use crate::keyring::{Keyring, RowLabel, row_hash};
use crate::known_backups::KnownBackups;
use crate::store::{BackupFormat, MemoryStore, Store, StoreError, Table};
use crate::vault::{Backup, BackupManifest};

#[test]
fn manifests_are_those_of_the_page() {
    let file = file(include_str!("../../tests/vectors/backups.json"));
    let manifests = &file["manifests"];
    for case in list(&manifests["good"]) {
        let (keyring, row) = (keyring_named(text(&case["keyring"])), hex(&case["row"]));
        let manifest = BackupManifest::open(&keyring, &row).expect("a good manifest");
        assert_eq!(
            (manifest.id.to_string(), manifest.vault.to_string()),
            (named(manifests, "id"), named(manifests, "vault"))
        );
        assert_eq!(
            (manifest.records, manifest.audit_entries),
            (number(&case["records"]), number(&case["audit_entries"]))
        );
        assert_eq!(manifest.audit_hash, text(&case["audit_hash"]));
        let [(version, fingerprint)] = manifest.opens_with[..] else { panic!("one master key") };
        assert_eq!(
            (u64::from(version), fingerprint.to_string()),
            (number(&case["master_key"]), named(case, "fingerprint"))
        );
        let generations: Vec<_> = list(&case["generations"]).iter().map(number).collect();
        assert_eq!(manifest.generations.iter().map(|id| u64::from(*id)).collect::<Vec<_>>(), generations);
        assert_eq!(manifest.rotation.map(|open| open.phase.name()), case["rotation"].as_str());
        let named = manifest.keyring;
        assert_eq!((named.revision, named.hash), (number(&case["keyring_revision"]), array(&case["keyring_hash"])));
        assert_eq!(named.line, array::<16>(&case["line"]));
        assert_is_deterministic(body(&row));
        assert_eq!(manifest.seal(&keyring).expect("hexadecimal"), row, "written anew it is the same");
        assert_eq!(BackupManifest::claimed_by(&row), Ok(manifest));
    }
    let keyring = keyring_named(text(&manifests["bad_keyring"]));
    for case in list(&manifests["bad"]) {
        let error = BackupManifest::open(&keyring, &hex(&case["row"])).expect_err("broken");
        assert_eq!(row_error(error), text(&case["error"]), "{}", case["broken"]);
    }
}

#[test]
fn a_manifest_has_to_be_true_of_the_vault_of_the_page() {
    let file = file(include_str!("../../tests/vectors/backups.json"));
    let manifests = &file["manifests"];
    let verified = |vault: &Value, row: &Value| {
        let case = vault_named(text(vault));
        let store = filled(&case);
        put(&store, Table::Vault, Table::MANIFEST, &hex(row));
        let backup = Backup::open_with(InMemory(store), "of the page").expect("a manifest");
        backup.verify(&masters(std::slice::from_ref(&case["master_key"])), |_| ())
    };
    for case in list(&manifests["good"]) {
        verified(&case["keyring"], &case["row"]).unwrap_or_else(|error| panic!("{}: {error}", case["keyring"]));
    }
    for case in list(&manifests["untrue"]) {
        let error = verified(&case["vault"], &case["row"]).expect_err(text(&case["untrue"])).into_detail();
        let refused = Detail::Tampered { row: VaultRow::Manifest, fault: RowFault::OfOtherContents };
        assert_eq!(format!("{error:?}"), format!("{refused:?}"), "{}", case["untrue"]);
    }
}

/// The one backup that there is.
struct InMemory(MemoryStore);

impl BackupFormat for InMemory {
    fn open(&self, _: &Path) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(self.0.clone()))
    }
}

#[test]
fn lists_of_backups_are_those_of_the_page() {
    let file = file(include_str!("../../tests/vectors/backups.json"));
    let lists = &file["lists"];
    let keyring: Keyring = keyring_named(text(&lists["keyring"]));
    for case in list(&lists["good"]) {
        let row = hex(&case["row"]);
        let known = KnownBackups::open(&keyring, row.clone()).expect("a good list");
        assert_eq!(row_hash(RowLabel::Backups, &row), array(&case["row_hash"]));
        assert_eq!(known.list.len(), list(&case["backups"]).len());
        for (backup, expected) in known.list.iter().zip(list(&case["backups"])) {
            assert_eq!(
                (backup.id.to_string(), backup.audit_seq),
                (named(expected, "id"), number(&expected["audit_seq"]))
            );
            assert_eq!(u64::from(backup.master_key), number(&expected["master_key"]));
            assert_eq!(backup.fingerprint.to_string(), text(&expected["fingerprint"]));
            assert_eq!(
                (backup.records, backup.file_name.as_str()),
                (number(&expected["records"]), text(&expected["file_name"]))
            );
            assert_eq!(Value::from(backup.finished), expected["finished"]);
        }
        assert_is_deterministic(body(&row));
        assert_eq!(known.seal(&keyring), row, "written anew it is the same");
    }
    for case in list(&lists["bad"]) {
        let error = KnownBackups::open(&keyring, hex(&case["row"])).expect_err("broken");
        assert_eq!(row_error(error), text(&case["error"]), "{}", case["broken"]);
    }
}

fn named(value: &Value, field: &str) -> String {
    text(&value[field]).to_owned()
}
