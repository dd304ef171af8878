//! A rotation away from a master key that has leaked.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::between::{Between, Through};
use crate::support::past::{copied, damage_of, overwrite, put_back, row_key};
use crate::support::{Keys, act, stop_after_one_batch};
use strongroom::error::{Detail, RecordError, VaultRow};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Batch, CommitError, Effect, RowChange, Rows, Store, Table};
use strongroom::{
    ApiKeyId, Error, ErrorKind, Issued, MemoryStore, NewApiKey, Query, Refusal, Reissue, Request, Update, Vault,
    VerifyError,
};

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

/// Lets something happen at two moments of a cutover: once the rows of the fence are there, and once it is ready to be committed.
#[derive(Default)]
struct Meanwhile {
    written: Once,
    ready: Once,
    cutovers: AtomicU32,
}

/// What is done to the bytes of a row.
type Edit = fn(&mut Vec<u8>);
type Once = Mutex<Option<Box<dyn FnOnce() + Send>>>;

fn once(moment: &Once, act: impl FnOnce() + Send + 'static) {
    *moment.lock().expect("whole") = Some(Box::new(act));
}

fn happens(moment: &Once) {
    let act = moment.lock().expect("whole").take();
    if let Some(act) = act {
        act();
    }
}

impl Between for Meanwhile {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let writes = |wanted: fn(&[u8]) -> bool| {
            let put = |change: &&RowChange| matches!(change.effect, Effect::Put(_));
            batch.changes().iter().filter(put).any(|change| change.table == Table::Vault && wanted(&change.key))
        };
        if writes(|key| key == b"fence") && writes(|key| key == b"rotation") {
            self.cutovers.fetch_add(1, Ordering::SeqCst);
            happens(&self.ready);
            return rows.commit(batch);
        }
        rows.commit(batch)?;
        if writes(|key| key.starts_with(b"fence/")) {
            happens(&self.written);
        }
        Ok(())
    }
}

/// A vault whose fence has two rows, and the ids in them, in order.
fn two_rows() -> (Through<Meanwhile>, Keys, Vault, Vec<Issued>) {
    let (store, keys) = (Through::<Meanwhile>::default(), Keys::generate(3));
    let vault = Vault::create(store.rows.clone(), keys.only([1]), &act()).expect("vault");
    let mut issued = vault.issue_many(&vec![NewApiKey::new("before").scope("all"); 4_200], &act()).expect("issued");
    issued.sort_by_key(|issued| row_key(issued.id));
    (store, keys, vault, issued)
}

#[test]
fn what_changes_between_the_fence_and_the_cutover_is_believed_under_its_last_state_only() {
    let (store, keys, vault, issued) = two_rows();
    let record = |id| store.rows.get(Table::Keys, &row_key(id)).expect("read").expect("there");
    // In the first row of the fence and in the second; none of them in the batch that is swept.
    let [suspended, narrowed, gone, tightened, twice] =
        [1_000, 4_150, 4_160, 2_000, 4_170].map(|at: usize| issued[at].id);
    let changed = [suspended, narrowed, gone, tightened, twice];
    let before = changed.map(record);
    let late = Arc::new(Mutex::new(vec![]));
    let (acting, issuing) = (vault.clone(), Arc::clone(&late));
    once(&store.written, move || {
        acting.suspend(suspended, &act()).expect("suspended");
        acting.update(narrowed, &Update::new().scopes(["few"]), &act()).expect("narrowed");
        acting.revoke(gone, &act()).expect("revoked");
        acting.update(twice, &Update::new().scopes(["few"]), &act()).expect("narrowed");
        let late = acting.issue_many(&vec![NewApiKey::new("late"); 9_000], &act()).expect("issued");
        issuing.lock().expect("whole").extend(late);
    });
    let (acting, issuing) = (vault.clone(), Arc::clone(&late));
    once(&store.ready, move || {
        acting.update(tightened, &Update::new().scopes(["few"]), &act()).expect("narrowed");
        acting.update(twice, &Update::new().scopes(["fewer"]), &act()).expect("narrowed");
        issuing.lock().expect("whole").push(acting.issue(&NewApiKey::new("later"), &act()).expect("issued"));
    });
    let rotating = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    rotating.rotate(&compromised(), &act(), stop_after_one_batch).expect("stopped");
    assert_eq!(store.cutovers.load(Ordering::SeqCst), 2, "a change fell before the cutover, which was made again");
    let lens: Vec<_> = fence_rows(&store.rows).iter().map(|(_, row)| row.len() / 24).collect();
    assert_eq!(lens[1], 4_096);
    assert!(
        lens.len() == 4 && lens[2..].iter().all(|len| *len <= 8_192),
        "what came late has rows of its own: {lens:?}"
    );

    let fresh = || Vault::open(store.rows.clone(), keys.only([2])).expect("opened");
    let token = |id| issued.iter().find(|issued| issued.id == id).expect("issued").token.expose();
    let vault = fresh();
    let verify = |id| vault.verify(token(id), &Request::new());
    for one in issued.iter().filter(|one| one.id != suspended && one.id != gone) {
        verify(one.id).expect("it was there");
    }
    for one in late.lock().expect("whole").iter() {
        vault.verify(one.token.expose(), &Request::new()).expect("it was there");
    }
    let refusal = |id| verify(id).expect_err("refused").refusal();
    assert_eq!((refusal(suspended), refusal(gone)), (Some(Refusal::Suspended), Some(Refusal::Revoked)));
    for (id, scopes) in [(narrowed, "few"), (tightened, "few"), (twice, "fewer")] {
        assert_eq!(verify(id).expect("it was there").scopes, [scopes]);
    }
    // None of what they were before is believed.
    for (id, before) in changed.into_iter().zip(before) {
        let after = record(id);
        overwrite(&store.rows, Table::Keys, &row_key(id), Some(before));
        let refused = fresh().verify(token(id), &Request::new()).map(drop).expect_err("it was another one");
        assert!(is_fenced(&refused), "{refused:?}");
        overwrite(&store.rows, Table::Keys, &row_key(id), Some(after));
    }
    let report = rotating.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::Finished);
    assert_eq!(damage_of(&fresh()), Vec::<&str>::new());
}

/// The rows of a fence, the index first.
fn fence_rows(store: &MemoryStore) -> Vec<(Vec<u8>, Vec<u8>)> {
    let rows = store.scan(Table::Vault, Some(b"fenc"), 10).expect("read");
    rows.into_iter().filter(|(key, _)| key.starts_with(b"fence")).collect()
}

#[test]
fn rows_of_a_fence_that_are_not_those_of_the_cutover_open_nothing_and_are_named() {
    let (store, keys, vault, issued) = two_rows();
    let rows = store.rows.clone();
    let early = Arc::new(Mutex::new(vec![]));
    let (reading, keeping) = (rows.clone(), Arc::clone(&early));
    let ids = [issued[1_000].id, issued[4_150].id];
    once(&store.written, move || {
        *keeping.lock().expect("whole") = fence_rows(&reading);
        for id in ids {
            assert!(vault.suspend(id, &act()).expect("suspended"));
        }
    });
    let rotating = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    rotating.rotate(&compromised(), &act(), stop_after_one_batch).expect("stopped");
    let (early, now) = (early.lock().expect("whole").clone(), fence_rows(&rows));
    assert_eq!((early.len(), now.len()), (3, 3), "two rows, and the index or what claims its place");
    let fresh = |key| Vault::open(rows.clone(), keys.only([key])).expect("opened");
    let verify = |key, at: usize| fresh(key).verify(issued[at].token.expose(), &Request::new()).map(drop);
    // Records that the first row speaks of, and the second.
    let of_row = [2_000, 4_180];
    let whole = |key| {
        for at in of_row {
            verify(key, at).expect("whole");
        }
        assert_eq!(damage_of(&fresh(key)), Vec::<&str>::new());
    };
    let named = |key, row: usize, what: &str| {
        for (at, told) in of_row.into_iter().enumerate() {
            // Without the index nothing is believed, and without a row what it speaks of.
            let verdict = verify(key, told);
            if row == 0 || row == at + 1 {
                assert!(
                    matches!(&verdict, Err(VerifyError::Unavailable(error)) if is_tampered_fence(error)),
                    "{what}: {verdict:?}"
                );
            } else {
                verdict.unwrap_or_else(|error| panic!("{what}: {error:?}"));
            }
        }
        assert!(damage_of(&fresh(key)).contains(&"fence"), "{what}");
    };
    whole(2);
    let edits: [(&str, Edit); 4] = [
        ("a bit of an id", |row| row[3] ^= 1),
        ("a bit of a mark", |row| *row.last_mut().expect("long") ^= 1),
        ("an entry less", |row| row.truncate(row.len() - 24)),
        ("an entry twice", |row| row.extend_from_within(row.len() - 24..)),
    ];
    for (at, (key, value)) in now.iter().enumerate() {
        for (what, edit) in edits {
            let mut edited = value.clone();
            edit(&mut edited);
            overwrite(&rows, Table::Vault, key, Some(edited));
            named(2, at, what);
        }
        let other = &now[if at == 1 { 2 } else { 1 }].1;
        for (what, planted) in [("removed", None), ("emptied", Some(vec![])), ("exchanged", Some(other.clone()))] {
            overwrite(&rows, Table::Vault, key, planted);
            named(2, at, what);
        }
        overwrite(&rows, Table::Vault, key, Some(value.clone()));
    }
    for (key, value) in &early {
        let at = now.iter().position(|(there, _)| there == key).expect("a row");
        overwrite(&rows, Table::Vault, key, Some(value.clone()));
        named(2, at, "as it was before the cutover");
        overwrite(&rows, Table::Vault, key, Some(now[at].1.clone()));
    }
    whole(2);
    // What is moved is held to the log itself, with a fence or without.
    overwrite(&rows, Table::Vault, &now[2].0, None);
    let report = rotating.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, fence_rows(&rows)), (RotationOutcome::Finished, vec![]));

    // What is left of it is nobody's, disturbs nothing, and is not taken for the fence of the next rotation.
    for (key, value) in &now {
        overwrite(&rows, Table::Vault, key, Some(value.clone()));
    }
    whole(2);
    // But what has a name that none of them has is named.
    overwrite(&rows, Table::Vault, b"fence/planted", Some(vec![7; 24]));
    assert_eq!(damage_of(&fresh(2)), ["store"]);
    let rotating = Vault::open(store.clone(), keys.only([2, 3])).expect("vault");
    rotating.rotate(&compromised(), &act(), stop_after_one_batch).expect("stopped");
    let next = fence_rows(&rows);
    assert_eq!(next.len(), 3, "what was planted is gone");
    whole(3);
    for (at, (key, value)) in now.iter().enumerate() {
        overwrite(&rows, Table::Vault, key, Some(value.clone()));
        named(3, at, "of another rotation");
        overwrite(&rows, Table::Vault, key, Some(next[at].1.clone()));
    }
    for (key, value) in &now {
        overwrite(&rows, Table::Vault, key, Some(value.clone()));
    }
    for at in of_row {
        verify(3, at).expect_err("all of another rotation");
    }
    for (key, value) in &next {
        overwrite(&rows, Table::Vault, key, Some(value.clone()));
    }
    whole(3);
    let report = rotating.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, fence_rows(&rows)), (RotationOutcome::Finished, vec![]));
    assert_eq!(damage_of(&fresh(3)), Vec::<&str>::new());
}

fn is_tampered_fence(error: &Error) -> bool {
    matches!(error.detail(), Detail::Tampered { row: VaultRow::Fence, .. })
}

fn is_fenced(error: &VerifyError) -> bool {
    let VerifyError::Unavailable(error) = error else { return false };
    matches!(error.detail(), Detail::Record { fault: RecordError::Fenced { .. }, .. })
}
