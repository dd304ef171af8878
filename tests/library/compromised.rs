//! A rotation away from a master key that has leaked.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use crate::support::{Keys, act, stop_after_one_batch};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Rows, Table};
use strongroom::{ApiKeyId, ErrorKind, MemoryStore, NewApiKey, Query, Request, Vault};

fn compromised() -> RotateOptions {
    RotateOptions::new().compromised(true).batch(NonZeroUsize::new(10).expect("not zero"))
}

fn exposed(vault: &Vault) -> Vec<ApiKeyId> {
    let listed = vault.list(&Query::new().exposed(true).limit(1_000)).expect("listed");
    listed.items.into_iter().map(|listed| listed.id).collect()
}

#[test]
fn every_api_key_issued_before_is_exposed_from_the_cutover_on_and_none_issued_after() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(3));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let before = vault.issue_many(&vec![NewApiKey::new("before"); 35], &act()).expect("issued");
    let before_ids: Vec<_> = before.iter().map(|issued| issued.id).collect();
    assert_eq!(exposed(&vault), []);

    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let stopped = vault.rotate(&compromised(), &act(), stop_after_one_batch).expect("stopped");
    assert_eq!((stopped.outcome, stopped.moved), (RotationOutcome::Stopped, 10));
    // Most are not moved yet, and all are exposed; a revocation meanwhile keeps the mark.
    assert_eq!(exposed(&vault), before_ids);
    let late = vault.issue(&NewApiKey::new("late"), &act()).expect("issued");
    vault.revoke(before[30].id, &act()).expect("revoked");

    // Another call continues, and marks the rest without being told to.
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.compromised), (RotationOutcome::Finished, true));
    let vault = Vault::open(store.clone(), keys.only([2, 3])).expect("vault");
    assert_eq!(exposed(&vault), before_ids);
    let since = vault.show(before[0].id).expect("shown").exposed_at;
    assert!(since.is_some() && before_ids.iter().all(|id| vault.show(*id).expect("shown").exposed_at == since));
    assert!(vault.show(late.id).expect("shown").exposed_at.is_none());
    for (at, issued) in before.iter().enumerate() {
        assert_eq!(vault.verify(issued.token.expose(), &Request::new()).is_ok(), at != 30, "exposed is not revoked");
    }

    // The mark outlives another rotation, which exposes nobody else.
    vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(exposed(&vault), before_ids);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn from_the_cutover_on_the_old_master_key_opens_nothing() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("key"); 35], &act()).expect("issued");
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let mut looked = 0;
    let report = vault.rotate(&compromised(), &act(), |progress| {
        let opened = Vault::open(store.clone(), keys.only([1]));
        assert_eq!(opened.is_ok(), progress.phase == Phase::Preflight);
        assert!(opened.err().is_none_or(|error| error.kind() == ErrorKind::MasterKey));
        looked += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(report.expect("rotated").outcome, RotationOutcome::Finished);
    assert!(looked > 8, "{looked}");
    let row = store.get(Table::Vault, b"keyring").expect("readable").expect("a keyring");
    assert!(Vault::open(store, keys.only([2])).is_ok() && !row.is_empty());
}

#[test]
fn a_rotation_that_marks_nothing_cannot_be_made_to_mark_on_the_way() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("key"); 35], &act()).expect("issued");
    let vault = Vault::open(store, keys.only([1, 2])).expect("vault");
    let ten = RotateOptions::new().batch(NonZeroUsize::new(10).expect("not zero"));
    vault.rotate(&ten, &act(), stop_after_one_batch).expect("stopped");
    let refused = vault.rotate(&compromised(), &act(), |_| ()).expect_err("records were moved unmarked");
    assert_eq!(refused.kind(), ErrorKind::Conflict);
    let report = vault.rotate(&ten, &act(), |_| ()).expect("it goes on as it began");
    assert_eq!((report.outcome, report.compromised), (RotationOutcome::Finished, false));
    assert_eq!(exposed(&vault), []);
}
