//! Records that do not open: listed by cause, never in the way of the others, mended or given up.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::support::{Keys, act, past, stop_after_one_batch};
use strongroom::api_keys::ImportedKey;
use strongroom::audit::{Action, AuditFilter};
use strongroom::error::{Detail, RecordError};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome, RotationReport, Unreadable};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::{
    ApiKeyId, Error, ErrorKind, Issued, MemoryStore, NewApiKey, Reissue, Request, SecretText, Timestamp, Update, Vault,
};

struct Scene {
    store: MemoryStore,
    keys: Keys,
    issued: Vec<Issued>,
    /// Where the records of those stand.
    places: Vec<Vec<u8>>,
}

impl Scene {
    fn new(count: usize) -> Self {
        let (store, keys) = (MemoryStore::new(), Keys::generate(3));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue_many(&vec![NewApiKey::new("key"); count], &act()).expect("issued");
        let places = store.scan(Table::Keys, None, count).expect("rows").into_iter().map(|(key, _)| key).collect();
        Self { store, keys, issued, places }
    }

    fn open(&self, versions: impl IntoIterator<Item = u32>) -> Vault {
        Vault::open(self.store.clone(), self.keys.only(versions)).expect("vault")
    }

    fn rotate(&self, options: &RotateOptions) -> Result<RotationReport, Error> {
        self.open([1, 2]).rotate(options, &act(), |_| ())
    }

    fn row(&self, at: usize) -> Vec<u8> {
        self.store.get(Table::Keys, &self.places[at]).expect("readable").expect("a record")
    }

    fn overwrite(&self, at: usize, value: Vec<u8>) {
        past::overwrite(&self.store, Table::Keys, &self.places[at], Some(value));
    }

    fn damage(&self, at: usize) {
        past::damage_record(&self.store, at);
    }
}

fn causes(report: &RotationReport) -> Vec<&'static str> {
    let mut causes: Vec<_> = report.unreadable.iter().map(|record| record.cause.cause()).collect();
    causes.sort_unstable();
    causes
}

#[test]
fn of_ten_thousand_records_the_six_bad_ones_are_told_apart_and_all_others_move() {
    let scene = Scene::new(10_000);
    let originals: Vec<_> = (0..6).map(|at| scene.row(at * 1_000)).collect();
    for at in [0, 1_000, 2_000] {
        scene.damage(at);
    }
    scene.overwrite(3_000, originals[4].clone());
    scene.overwrite(4_000, originals[3].clone());
    let mut relabelled = originals[5].clone();
    relabelled[4..8].copy_from_slice(&2_u32.to_be_bytes());
    scene.overwrite(5_000, relabelled);

    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Incomplete, 9_994, 9_994));
    assert_eq!(causes(&report), ["corrupt", "corrupt", "corrupt", "moved", "moved", "relabelled"]);
    let status = scene.open([2]).status().expect("status");
    assert_eq!(
        status.census.iter().map(|of| (of.generation.get(), of.records)).collect::<Vec<_>>(),
        [(1, 6), (2, 9_994)]
    );

    (0..6).zip(originals).for_each(|(at, bytes)| scene.overwrite(at * 1_000, bytes));
    let report = scene.rotate(&RotateOptions::new().resume_only(true)).expect("mended");
    assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Finished, 10_000, 10_000));
    let vault = scene.open([2]);
    assert!(scene.issued.iter().all(|issued| vault.verify(issued.token.expose(), &Request::new()).is_ok()));
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn records_that_were_shown_can_be_given_up_and_the_rest_is_whole() {
    let scene = Scene::new(100);
    let vault = scene.open([1]);
    let imported = ImportedKey::new(SecretText::new("legacy-token".into()), NewApiKey::new("legacy")).allow_weak(true);
    let legacy = vault.import(&[imported], &act()).expect("imported")[0];
    let rows = scene.store.scan(Table::Keys, None, 200).expect("rows");
    let (place, old) =
        rows.into_iter().rev().find(|(key, _)| key[0] != 0xff && !scene.places.contains(key)).expect("its row");
    let mut bytes = old.clone();
    bytes[40] ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Keys, place, bytes, Expected::Exactly(old));
    scene.store.commit(&batch).expect("written");
    scene.damage(7);

    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    assert_eq!((report.outcome, report.unreadable.len()), (RotationOutcome::Incomplete, 2));
    // One more goes bad meanwhile: it was not shown, and is not given up.
    let (kept, abandon) = (scene.row(8), RotateOptions::new().abandon(&report.unreadable));
    scene.damage(8);
    let report = scene.rotate(&abandon).expect("it ends");
    assert_eq!((report.outcome, report.abandoned, report.unreadable.len()), (RotationOutcome::Incomplete, 0, 3));
    scene.overwrite(8, kept);

    let report = scene.rotate(&abandon).expect("given up");
    assert_eq!((report.outcome, report.abandoned, report.verified), (RotationOutcome::Finished, 2, 99));
    let vault = scene.open([2]);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    assert_eq!(vault.status().expect("status").record_count(), 99);
    let entries = vault.audit_entries(None, 1_000).expect("entries").items;
    let named: BTreeSet<_> = entries.iter().filter(|e| e.action == Action::Abandon).filter_map(|e| e.key).collect();
    assert_eq!(named, BTreeSet::from([scene.issued[7].id, legacy]));
    for (at, issued) in scene.issued.iter().enumerate() {
        assert_eq!(vault.verify(issued.token.expose(), &Request::new()).is_ok(), at != 7);
    }
}

#[test]
fn a_damaged_sentinel_is_replaced_when_it_is_given_up() {
    let scene = Scene::new(3);
    let last = scene.store.scan(Table::Keys, None, 100).expect("rows").pop().expect("the sentinel");
    let mut batch = Batch::new();
    let mut bytes = last.1.clone();
    bytes[40] ^= 1;
    batch.put(Table::Keys, last.0, bytes, Expected::Exactly(last.1));
    scene.store.commit(&batch).expect("written");
    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    let report = scene.rotate(&RotateOptions::new().abandon(&report.unreadable)).expect("replaced");
    assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 1));
    let vault = scene.open([2]);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    assert_eq!(vault.status().expect("status").record_count(), 3);
}

#[test]
fn giving_up_a_damaged_record_does_not_hide_one_that_was_removed() {
    let scene = Scene::new(10);
    scene.damage(3);
    let mut batch = Batch::new();
    batch.delete(Table::Keys, scene.places[5].clone(), Expected::Exactly(scene.row(5)));
    scene.store.commit(&batch).expect("removed");
    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    let abandon = RotateOptions::new().abandon(&report.unreadable);
    let error = scene.rotate(&abandon).expect_err("a record is missing");
    assert!(matches!(error.detail(), Detail::RecordSet { generation } if generation.get() == 1), "{error}");
    let report = scene.rotate(&abandon.accept_record_set(true)).expect("taken for right");
    assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 1));
    assert_eq!(scene.open([2]).doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn giving_up_a_damaged_record_does_not_hide_a_revocation_that_was_undone() {
    let scene = Scene::new(10);
    let (unrevoked, vault) = (scene.row(5), scene.open([1]));
    let token = scene.issued[5].token.expose();
    assert!(vault.revoke(scene.issued[5].id, &act()).expect("revoked"));
    scene.overwrite(5, unrevoked);
    scene.damage(3);
    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    assert_eq!((report.outcome, report.unreadable.len()), (RotationOutcome::Incomplete, 2));
    let put_back = |record: &&Unreadable| matches!(record.cause, RecordError::Differs { .. });
    let (back, damaged): (Vec<_>, Vec<_>) = report.unreadable.iter().partition(put_back);
    assert_eq!((back.len(), back[0].id, damaged.len()), (1, Some(scene.issued[5].id), 1), "{report:?}");
    let damaged: Vec<_> = damaged.into_iter().cloned().collect();
    let abandon = RotateOptions::new().abandon(&damaged);
    let report = scene.rotate(&abandon).expect("it ends");
    assert_eq!(report.outcome, RotationOutcome::Incomplete, "a revoked key is back");
    let accepted = scene.rotate(&abandon.clone().accept_record_set(true)).expect("it ends");
    assert_eq!(accepted.outcome, RotationOutcome::Incomplete, "nobody accepts what the log denies");

    // Revoked once more, nothing of the old copy is left.
    assert!(scene.open([2]).revoke(scene.issued[5].id, &act()).expect("revoked again"));
    let report = scene.rotate(&abandon).expect("given up");
    assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 1));
    let vault = scene.open([2]);
    assert!(vault.verify(token, &Request::new()).is_err());
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

/// An act by which an API key lets nobody in, or fewer, now or later.
type Ending = (&'static str, fn(&Vault, ApiKeyId));

const ENDINGS: [Ending; 4] = [
    ("suspend", |vault, id| assert!(vault.suspend(id, &act()).expect("suspended"))),
    ("revoke-at", |vault, id| {
        let ahead = Timestamp::now().saturating_add(Duration::from_secs(3_600));
        assert!(vault.revoke_at(id, ahead, &act()).expect("set"));
    }),
    ("reissue", |vault, id| drop(vault.reissue(id, &Reissue::new(), &act()).expect("reissued"))),
    ("update", |vault, id| drop(vault.update(id, &Update::new().scopes(["few"]), &act()).expect("narrowed"))),
];

#[test]
fn giving_up_a_damaged_record_does_not_hide_a_suspension_or_another_ending_that_was_undone() {
    for (name, end) in ENDINGS {
        // Undone before the rotation begins, and beside it, of a record that it has moved already.
        for beside in [false, true] {
            let scene = Scene::new(10);
            scene.damage(8);
            if beside {
                let options = RotateOptions::new().batch(NonZeroUsize::new(6));
                scene.open([1, 2]).rotate(&options, &act(), stop_after_one_batch).expect("stopped");
            }
            let id = id_at(&scene, 5);
            let before = scene.row(5);
            end(&scene.open([1, 2]), id);
            let seq = last_entry_about(&scene, id);
            scene.overwrite(5, before.clone());
            let report = scene.rotate(&RotateOptions::new()).expect("it ends");
            let (back, damaged): (Vec<_>, Vec<_>) =
                report.unreadable.into_iter().partition(|record| record.id == Some(id));
            let causes: Vec<_> = back.iter().map(|record| record.cause).collect();
            assert_eq!((causes, damaged.len()), (vec![RecordError::Differs { seq }], 1), "{name}, {beside}");
            let abandon = RotateOptions::new().abandon(&damaged);
            for options in [abandon.clone(), abandon.clone().accept_record_set(true)] {
                let report = scene.rotate(&options).expect("it ends");
                assert_eq!(report.outcome, RotationOutcome::Incomplete, "{name}, {beside}: it is let in again");
                assert_eq!(scene.row(5), before, "{name}, {beside}: it has not moved");
            }
            // Who gives it up as well has no API key left, and nobody is let in.
            let both: Vec<_> = damaged.into_iter().chain(back).collect();
            let abandon = RotateOptions::new().abandon(&both);
            if beside {
                // What was changed beside the rotation was counted in the head.
                let error = scene.rotate(&abandon).expect_err("the sums tell");
                assert!(matches!(error.detail(), Detail::RecordSet { .. }), "{name}: {error}");
            }
            let report = scene.rotate(&abandon.accept_record_set(beside)).expect("given up");
            assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 2), "{name}, {beside}");
            let vault = scene.open([2]);
            assert_eq!(past::damage_of(&vault), Vec::<&str>::new(), "{name}, {beside}");
            let token = scene.issued.iter().find(|issued| issued.id == id).expect("issued").token.expose();
            vault.verify(token, &Request::new()).expect_err("given up");
        }
    }
}

#[test]
fn what_is_put_back_behind_the_proof_is_not_finished_over_where_a_record_is_given_up() {
    for (name, end) in ENDINGS {
        let scene = Scene::new(10);
        let options = RotateOptions::new().batch(NonZeroUsize::new(6));
        scene.damage(8);
        scene.open([1, 2]).rotate(&options, &act(), stop_after_one_batch).expect("stopped");
        let (id, before) = (id_at(&scene, 5), scene.row(5));
        end(&scene.open([1, 2]), id);
        let of_now = scene.row(5);
        let report = scene.rotate(&RotateOptions::new()).expect("it ends");
        assert_eq!(report.unreadable.len(), 1, "{name}");
        // Between the proof, which found it right, and the end.
        let abandon = options.clone().abandon(&report.unreadable);
        let error = scene.open([1, 2]).rotate(&abandon, &act(), |progress| {
            if progress.phase == Phase::Verify && progress.done == progress.total {
                scene.overwrite(5, before.clone());
            }
        });
        let error = error.expect_err("the records are not those that were written");
        assert!(matches!(error.detail(), Detail::RecordSet { .. }), "{name}: {error}");
        scene.overwrite(5, of_now);
        let report = scene.rotate(&abandon).expect("given up");
        assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 1), "{name}");
        assert_eq!(past::damage_of(&scene.open([2])), Vec::<&str>::new(), "{name}");
    }
}

/// Ids sort as their rows do.
fn id_at(scene: &Scene, at: usize) -> ApiKeyId {
    let mut ids: Vec<_> = scene.issued.iter().map(|issued| issued.id).collect();
    ids.sort();
    ids[at]
}

fn last_entry_about(scene: &Scene, id: ApiKeyId) -> u64 {
    let entries = scene.open([1, 2]).find_audit_entries(&AuditFilter::new().key(id), None, 100).expect("entries").items;
    entries.last().expect("an entry").seq
}

#[test]
fn giving_up_what_never_was_a_record_does_not_hide_one_that_was_removed() {
    let scene = Scene::new(10);
    let mut batch = Batch::new();
    batch.delete(Table::Keys, scene.places[5].clone(), Expected::Exactly(scene.row(5)));
    batch.put(Table::Keys, vec![9; 16], vec![0], Expected::Absent);
    scene.store.commit(&batch).expect("exchanged");
    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    assert_eq!(report.unreadable.len(), 1);
    let abandon = RotateOptions::new().abandon(&report.unreadable);
    let error = scene.rotate(&abandon).expect_err("a record is missing");
    assert!(matches!(error.detail(), Detail::RecordSet { generation } if generation.get() == 1), "{error}");
    let report = scene.rotate(&abandon.accept_record_set(true)).expect("taken for right");
    assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 1));
    assert_eq!(scene.open([2]).doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn a_row_that_is_no_id_was_never_counted_and_can_be_given_up() {
    let scene = Scene::new(10);
    let mut batch = Batch::new();
    batch.put(Table::Keys, vec![1, 2], vec![0], Expected::Absent);
    scene.store.commit(&batch).expect("added");
    scene.damage(3);
    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    assert_eq!((report.outcome, report.unreadable.len()), (RotationOutcome::Incomplete, 2));
    let report = scene.rotate(&RotateOptions::new().abandon(&report.unreadable)).expect("given up");
    assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 2));
    assert_eq!(scene.store.get(Table::Keys, &[1, 2]).expect("readable"), None);
    assert_eq!(scene.open([2]).doctor(|_| ()).expect("doctor").symptoms, []);
}

fn import(vault: &Vault, token: &str) -> Result<Vec<strongroom::ApiKeyId>, Error> {
    let key = ImportedKey::new(SecretText::new(token.into()), NewApiKey::new("legacy")).allow_weak(true);
    vault.import(&[key], &act())
}

#[test]
fn accepting_that_an_imported_record_is_missing_leaves_nothing_of_it() {
    let scene = Scene::new(3);
    let vault = scene.open([1]);
    import(&vault, "lost-token").expect("imported");
    let rows = scene.store.scan(Table::Keys, None, 4).expect("rows").into_iter();
    let lost = rows.map(|(key, _)| key).find(|key| !scene.places.contains(key)).expect("its row");
    import(&vault, "kept-token").expect("imported");
    past::overwrite(&scene.store, Table::Keys, &lost, None);
    scene.rotate(&RotateOptions::new()).expect_err("a record is missing");
    assert_eq!(past::damage_of(&scene.open([2])), ["record", "record-set", "lookup"], "until somebody accepts it");
    let report = scene.rotate(&RotateOptions::new().accept_record_set(true)).expect("taken for right");
    assert_eq!((report.outcome, report.stale_lookups), (RotationOutcome::Finished, 0));
    let vault = scene.open([2]);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    assert!(vault.verify("lost-token", &Request::new()).is_err());
    vault.verify("kept-token", &Request::new()).expect("as before");
    let again = import(&vault, "lost-token").expect("imported anew");
    assert_eq!(vault.verify("lost-token", &Request::new()).expect("valid").id, again[0]);
    let finished = vault.audit_entries(None, 100).expect("entries").items;
    let finished = finished.iter().find(|entry| entry.action == Action::RotationFinished).expect("an entry");
    assert_eq!(finished.counts.get("lookups_dropped"), Some(&1));
}

#[test]
fn a_row_of_the_index_that_nobody_wrote_is_dropped_where_records_are_accepted() {
    let scene = Scene::new(3);
    past::overwrite(&scene.store, Table::Lookup, &[7; 32], Some(vec![1; 37]));
    let report = scene.rotate(&RotateOptions::new()).expect("it ends");
    assert_eq!(report.outcome, RotationOutcome::Finished);
    assert_eq!(past::damage_of(&scene.open([2])), ["lookup"]);
    let options = RotateOptions::new().accept_record_set(true);
    scene.open([2, 3]).rotate(&options, &act(), |_| ()).expect("taken for right");
    assert_eq!(scene.open([3]).doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn a_missing_sentinel_is_replaced_where_records_are_accepted() {
    let scene = Scene::new(3);
    let (key, _) = scene.store.scan(Table::Keys, None, 100).expect("rows").pop().expect("the sentinel");
    past::overwrite(&scene.store, Table::Keys, &key, None);
    scene.rotate(&RotateOptions::new()).expect_err("a record is missing");
    scene.rotate(&RotateOptions::new().accept_record_set(true)).expect("taken for right");
    let vault = scene.open([2]);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    assert_eq!(vault.status().expect("status").record_count(), 3);
}

#[test]
fn there_is_nothing_to_continue_in_a_vault_without_an_open_rotation() {
    let scene = Scene::new(1);
    let error = scene.rotate(&RotateOptions::new().resume_only(true)).expect_err("none is open");
    assert_eq!((error.kind(), error.to_string().as_str()), (ErrorKind::NotFound, "no rotation is open"));
}
