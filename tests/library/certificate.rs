//! The certificate of a rotation: true of its vault, and of nothing else.

use crate::support::faulty::{FaultyStore, Moment};
use crate::support::{Keys, act, version};
use strongroom::rotation::{RotateOptions, RotationCertificate};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{MemoryStore, NewApiKey, Query, Vault};

fn rotated(keys: &Keys) -> (MemoryStore, Vault, RotationCertificate) {
    let store = MemoryStore::new();
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("key"); 20], &act()).expect("issued");
    let vault = Vault::open(store.clone(), keys.only([1, 2, 3])).expect("vault");
    let report = vault.rotate(&RotateOptions::new().to(version(2)), &act(), |_| ()).expect("rotated");
    (store, vault, report.certificate.expect("a finished rotation has one"))
}

#[test]
fn it_is_true_at_once_after_more_work_and_after_later_rotations() {
    let keys = Keys::generate(3);
    let (_, vault, certificate) = rotated(&keys);
    assert_eq!((certificate.records, certificate.moved, certificate.verified), (20, 20, 20));
    let read = RotationCertificate::parse(&certificate.to_json()).expect("read back");
    assert_eq!(read, certificate);
    let check = vault.check_certificate(&read).expect("checked");
    assert_eq!((check.faults.as_slice(), check.authenticated, check.entries_since), ([].as_slice(), true, 0));
    vault.issue(&NewApiKey::new("later"), &act()).expect("issued");
    let check = vault.check_certificate(&read).expect("checked");
    assert_eq!((check.faults.as_slice(), check.authenticated, check.entries_since), ([].as_slice(), true, 1));
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    let check = vault.check_certificate(&read).expect("checked");
    assert_eq!(
        (check.faults.as_slice(), check.authenticated),
        ([].as_slice(), true),
        "its generation is gone, and its authority is known"
    );
}

#[test]
fn it_counts_the_same_records_as_the_checkpoint_of_that_moment() {
    let keys = Keys::generate(3);
    for count in [0, 1, 20] {
        let store = MemoryStore::new();
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        vault.issue_many(&vec![NewApiKey::new("key"); count], &act()).expect("issued");
        let vault = Vault::open(store, keys.only([1, 2])).expect("vault");
        let before = vault.audit_checkpoint().expect("made");
        let certificate = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated").certificate;
        let certificate = certificate.expect("a finished rotation has one");
        let after = vault.audit_checkpoint().expect("made");
        let listed = vault.list(&Query::new().limit(100)).expect("listed").items.len() as u64;
        assert_eq!(listed, count as u64);
        for records in
            [before.records, certificate.records, after.records, vault.status().expect("status").record_count()]
        {
            assert_eq!(records, listed, "the sentinel is no API key");
        }
        assert_eq!((certificate.audit_seq, &certificate.audit_hash), (after.seq, &after.hash));
        assert_eq!((&certificate.record_digest, certificate.to_generation), (&after.record_digest, after.generation));
        assert_ne!(before.record_digest, after.record_digest, "another generation has another digest");
    }
}

#[test]
fn every_edit_of_it_is_noticed() {
    let keys = Keys::generate(3);
    let (_, vault, certificate) = rotated(&keys);
    let text = certificate.to_json();
    let mut edits = 0;
    for at in 0..text.len() {
        let mut edited = text.clone().into_bytes();
        edited[at] = if edited[at] == b'1' { b'2' } else { b'1' };
        let Ok(edited) = RotationCertificate::parse(std::str::from_utf8(&edited).expect("ASCII")) else { continue };
        // White space is no part of what it says.
        if edited == certificate {
            continue;
        }
        edits += 1;
        assert_ne!(vault.check_certificate(&edited).expect("checked").faults, Vec::<String>::new(), "byte {at}");
    }
    assert!(edits > 150, "{edits}");
}

#[test]
fn another_vault_and_an_older_store_do_not_bear_it_out() {
    let keys = Keys::generate(3);
    let (_, vault, certificate) = rotated(&keys);
    let (_, _, of_another) = rotated(&keys);
    assert_ne!(vault.check_certificate(&of_another).expect("checked").faults, Vec::<String>::new());

    // The whole store put back to a copy from before a second rotation.
    let (store, copy) = (MemoryStore::new(), MemoryStore::new());
    let first = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    first.issue(&NewApiKey::new("key"), &act()).expect("issued");
    for &table in Table::ALL {
        let mut batch = Batch::new();
        let rows = store.scan(table, None, 1_000).expect("rows");
        for (key, value) in rows {
            batch.put(table, key, value, Expected::Absent);
        }
        copy.commit(&batch).expect("copied");
    }
    let rotated = Vault::open(store, keys.only([1, 2])).expect("vault");
    let report = rotated.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    let old = Vault::open(copy, keys.only([1, 2])).expect("the old copy opens");
    let check = old.check_certificate(&report.certificate.expect("finished")).expect("checked");
    assert!(check.faults.iter().any(|fault| fault.contains("older store")), "{:?}", check.faults);
    assert_eq!(certificate.abandoned, 0);
}

#[test]
fn a_rotation_killed_while_it_scrubs_gives_it_in_the_next_run() {
    let keys = Keys::generate(2);
    let mut given = 0;
    for number in 1.. {
        let store = FaultyStore::default();
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        vault.issue_many(&vec![NewApiKey::new("key"); 5], &act()).expect("issued");
        let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
        store.break_at(number, Moment::Before);
        let crashed = vault.rotate(&RotateOptions::new(), &act(), |_| ());
        if !store.mend() {
            assert!(crashed.is_ok());
            break;
        }
        let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("continued");
        let check = vault.check_certificate(&report.certificate.expect("finished")).expect("checked");
        assert_eq!((check.faults.as_slice(), check.authenticated), ([].as_slice(), true), "broken at {number}");
        assert!(vault.status().expect("status").rotation.is_none());
        given += 1;
    }
    assert!(given >= 5, "{given}");
}
