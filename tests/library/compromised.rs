//! A rotation away from a master key that has leaked.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::past::{copied, damage_of, overwrite, put_back, row_key};
use crate::support::{Keys, act, stop_after_one_batch};
use strongroom::error::{Detail, RecordError};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Rows, Table};
use strongroom::{ApiKeyId, ErrorKind, MemoryStore, NewApiKey, Query, Reissue, Request, Update, Vault, VerifyError};

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

/// Who has the old master key, and a copy of the keyring from before the cutover, writes records of the retiring generation.
#[test]
fn behind_the_fence_a_record_is_believed_only_if_it_was_there_at_the_cutover() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("before").scope("all"); 40], &act()).expect("issued");
    let rows = store.scan(Table::Keys, None, 40).expect("read");
    let row = |at: usize| rows.iter().find(|(key, _)| *key == row_key(issued[at].id)).expect("there").clone();
    // What was, and what the thief makes: an API key of which the log of this vault knows nothing.
    let narrowed = row(36);
    vault.update(issued[36].id, &Update::new().scopes(["few"]), &act()).expect("narrowed");
    let of_now = store.get(Table::Keys, &narrowed.0).expect("read").expect("there");
    let thief = MemoryStore::new();
    put_back(&thief, &copied(&store), |_, _| true);
    let branch = Vault::open(thief.clone(), keys.only([1])).expect("opened");
    let forged = branch.issue(&NewApiKey::new("forged"), &act()).expect("issued");
    let forged_row = row_key(forged.id);
    let forged_record = thief.get(Table::Keys, &forged_row).expect("read").expect("there");

    let rotating = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    rotating.rotate(&compromised(), &act(), stop_after_one_batch).expect("stopped");
    let fresh = || Vault::open(store.clone(), keys.only([2])).expect("the new key alone opens it");
    let verify = |token: &strongroom::Issued| fresh().verify(token.token.expose(), &Request::new()).map(drop);
    for at in [0, 9, 10, 35, 36, 39] {
        verify(&issued[at]).unwrap_or_else(|error| panic!("{at}: {error:?}"));
    }
    overwrite(&store, Table::Keys, &narrowed.0, Some(narrowed.1.clone()));
    overwrite(&store, Table::Keys, &forged_row, Some(forged_record));
    for token in [&issued[36], &forged] {
        let refused = verify(token).expect_err("it was not there at the cutover");
        assert!(is_fenced(&refused), "{refused:?}");
    }
    // Nor does an act carry it over to the new generation, but a revocation.
    let id = issued[36].id;
    for refused in [
        fresh().update(id, &Update::new().name("m"), &act()).map(drop),
        fresh().suspend(id, &act()).map(drop),
        fresh().recover(id, &act()).map(drop),
        fresh().reissue(id, &Reissue::new(), &act()).map(drop),
    ] {
        let error = refused.expect_err("fenced off");
        assert!(matches!(error.detail(), Detail::Record { fault: RecordError::Fenced { .. }, .. }), "{error}");
    }
    let page = fresh().export_page(None, 100, &act()).expect("a page");
    let kept: Vec<_> = page.items.iter().filter(|one| one.key.is_err()).map(|one| one.id).collect();
    assert_eq!(kept.len(), 2, "{kept:?}");
    // One that was damaged and is repaired from a backup is what the log said.
    overwrite(&store, Table::Keys, &narrowed.0, Some(of_now));
    overwrite(&store, Table::Keys, &forged_row, None);
    verify(&issued[36]).expect("repaired");
    // Who takes the fence away, or moves it, opens nothing.
    let fence = store.scan(Table::Vault, Some(b"fenc"), 1).expect("read").remove(0);
    assert_eq!(fence.0, b"fence");
    for edited in [None, Some(vec![]), Some(vec![0; 48])] {
        overwrite(&store, Table::Vault, &fence.0, edited);
        assert!(matches!(verify(&issued[39]), Err(VerifyError::Unavailable(_))));
        assert!(damage_of(&fresh()).contains(&"fence"));
    }
    overwrite(&store, Table::Vault, &fence.0, Some(fence.1));
    let report = rotating.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::Finished);
    let left = store.scan(Table::Vault, Some(b"fenc"), 10).expect("read");
    assert!(left.iter().all(|(key, _)| !key.starts_with(b"fence")), "the fence goes with its generation");
    assert_eq!(damage_of(&fresh()), Vec::<&str>::new());
}

#[test]
fn what_changes_while_a_fence_is_made_is_in_it() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("before"); 5_000], &act()).expect("issued");
    let rotating = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let (vault, issued, done) = (&vault, &issued, &done);
        scope.spawn(move || {
            for (at, one) in issued.iter().enumerate().rev().take(200) {
                if done.load(Ordering::Relaxed) {
                    break;
                }
                // It has no key 2, and ends with the cutover.
                if vault.update(one.id, &Update::new().name(format!("{at}")), &act()).is_err() {
                    break;
                }
            }
        });
        rotating.rotate(&compromised(), &act(), stop_after_one_batch).expect("stopped");
        done.store(true, Ordering::Relaxed);
    });
    let fresh = Vault::open(store.clone(), keys.only([2])).expect("opened");
    for one in &issued {
        fresh.verify(one.token.expose(), &Request::new()).expect("it was there");
    }
}

fn is_fenced(error: &VerifyError) -> bool {
    let VerifyError::Unavailable(error) = error else { return false };
    matches!(error.detail(), Detail::Record { fault: RecordError::Fenced { .. }, .. })
}
