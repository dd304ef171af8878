//! Rotations carry the counts over.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use strongroom::doctor::SymptomSeverity;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Expected, Rows, Store, Table};
use strongroom::usage::UsageError;
use strongroom::{NewApiKey, Query, Vault};

use super::scene::{Scene, id_of, verify_all};
use crate::support::faulty::{FaultyStore, Moment};
use crate::support::{Keys, act, stop_after_one_batch, version};

#[test]
fn a_rotation_carries_the_counts_over_and_nothing_of_the_old_generation_is_left() {
    let scene = Scene::new(300);
    let vault = scene.open([1, 2]);
    scene.verify_each(&vault, 1);
    vault.flush_usage().expect("flushed");
    let old = scene.usage_rows();
    assert_eq!(old.len(), 300);
    // A service counts on while the rotation is stopped in the middle, under the old keyring as far as it knows.
    let service = scene.open([1, 2]);
    scene.verify_each(&service, 1);
    let options = RotateOptions::new().batch(NonZeroUsize::new(50));
    assert_eq!(
        vault.rotate(&options, &act(), stop_after_one_batch_of).expect("stopped").outcome,
        RotationOutcome::Stopped
    );
    assert_eq!(service.flush_usage().expect("flushed").rows, 300);
    assert!(scene.generations().iter().all(|generation| *generation == 2), "written under the new generation");
    scene.verify_each(&service, 1);
    let report = vault.rotate(&options, &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.usage_dropped), (RotationOutcome::Finished, 0));
    service.flush_usage().expect("flushed");
    let vault = scene.open([2]);
    scene.assert_each(&vault, 3);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    let new = scene.usage_rows();
    assert!(old.iter().zip(&new).all(|(old, new)| old.0 == new.0 && old.1 != new.1));
}

fn stop_after_one_batch_of(progress: strongroom::rotation::Progress) -> ControlFlow<()> {
    stop_after_one_batch(progress)
}

#[test]
fn a_rotation_killed_at_any_commit_keeps_every_count() {
    for moment in [Moment::Before, Moment::After] {
        for number in 1.. {
            let (store, keys) = (FaultyStore::default(), Keys::generate(2));
            let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
            let issued = vault.issue_many(&vec![NewApiKey::new("n"); 25], &act()).expect("issued");
            verify_all(&vault, &issued);
            vault.flush_usage().expect("flushed");
            drop(vault);
            store.break_at(number, moment);
            let options = RotateOptions::new().batch(NonZeroUsize::new(10));
            let rotate = |vault: &Vault| vault.rotate(&options, &act(), |_| ());
            let broken = rotate(&Vault::open(store.clone(), keys.only([1, 2])).expect("vault")).is_err();
            let struck = store.mend();
            let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
            let whole = |vault: &Vault| {
                for issued in &issued {
                    assert_eq!(
                        vault.usage(issued.id).expect("read").expect("used").verifications,
                        1,
                        "{moment:?} {number}"
                    );
                }
            };
            whole(&vault);
            if broken && vault.status().expect("status").rotation.is_some() {
                rotate(&vault).expect("completed");
            }
            whole(&vault);
            assert_eq!(
                vault.doctor(|_| {}).expect("doctor").symptoms.iter().map(|s| s.id).find(|id| *id == "usage"),
                None
            );
            if !struck {
                assert!(number > 7, "the rotation has more commits than these");
                break;
            }
        }
    }
}

#[test]
fn rows_that_do_not_open_are_counted_and_dropped_by_a_rotation_and_refuse_nobody() {
    let scene = Scene::new(10);
    let vault = scene.open([1, 2]);
    scene.verify_each(&vault, 1);
    vault.flush_usage().expect("flushed");
    let rows = scene.usage_rows();
    scene.put_usage(&rows[0].0, &[1, 2, 3]);
    scene.put_usage(&rows[1].0, &rows[2].1);
    scene.put_usage(&[7; 3], &rows[2].1);
    let mut newer = rows[3].1.clone();
    newer[0] = 9;
    scene.put_usage(&rows[3].0, &newer);

    let vault = scene.open([1, 2]);
    verify_all(&vault, &scene.issued);
    let doctor = vault.doctor(|_| {}).expect("doctor");
    let found: Vec<_> = doctor.symptoms.iter().map(|symptom| (symptom.id, symptom.severity)).collect();
    assert_eq!(found, [("usage", SymptomSeverity::Damage)]);
    assert!(doctor.symptoms[0].what.ends_with(": 4"), "{}", doctor.symptoms[0].what);
    assert!(vault.usage(id_of(&rows[1].0)).expect_err("damaged").to_string().contains("failed authentication"));
    let lines = vault.list_usage(&Query::new()).expect("the others are listed").items;
    let damaged: Vec<_> = lines.into_iter().filter_map(|line| line.usage.err()).collect();
    assert_eq!(damaged, [UsageError::Malformed, UsageError::Corrupt, UsageError::Format { found: 9 }]);

    std::mem::forget(vault);
    let report = scene.open([1, 2]).rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.usage_dropped), (RotationOutcome::Finished, 4));
    let vault = scene.open([2]);
    let last = vault.audit_entries(None, 1_000).expect("entries").items.pop().expect("the last");
    assert_eq!(last.counts["usage_dropped"], 4);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    assert_eq!(scene.usage_rows().len(), 7);
}

#[test]
fn the_label_of_a_row_is_not_believed_when_it_says_that_it_was_moved_already() {
    let scene = Scene::new(4);
    let vault = scene.open([1, 2]);
    scene.verify_each(&vault, 1);
    vault.flush_usage().expect("flushed");
    let options = RotateOptions::new().batch(NonZeroUsize::new(1));
    vault.rotate(&options, &act(), stop_after_one_batch_of).expect("stopped");
    // Old counts under the label of the new generation: whoever believes it leaves old ciphertext behind.
    let (key, row) = scene.usage_rows().swap_remove(2);
    let mut relabelled = row;
    assert_eq!(relabelled[4..8], 1_u32.to_be_bytes());
    relabelled[4..8].copy_from_slice(&2_u32.to_be_bytes());
    scene.put_usage(&key, &relabelled);
    let report = vault.rotate(&options, &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.usage_dropped), (RotationOutcome::Finished, 1));
    assert!(scene.usage_rows().iter().all(|(left, row)| *left != key && row[8..] != relabelled[8..]));
    let vault = scene.open([2]);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
    assert!(vault.usage(id_of(&key)).expect("read").is_none());
}

#[test]
fn uses_are_listed_by_a_process_that_does_not_know_of_the_rotation_yet() {
    let scene = Scene::new(120);
    let rotating = scene.open([1, 2]);
    scene.verify_each(&rotating, 1);
    rotating.flush_usage().expect("flushed");
    let other = scene.open([1, 2]);
    let mut seen = 0;
    let mut options = Some(RotateOptions::new());
    for line in other.list_usage_all(&Query::new()) {
        if let Some(options) = options.take() {
            rotating.rotate(&options, &act(), |_| ()).expect("rotated");
        }
        seen += line.expect("listed").usage.expect("readable").expect("used").verifications;
    }
    assert_eq!(seen, 120);
    assert_eq!(rotating.status().expect("status").active_master_key, version(2));
}

#[test]
fn records_that_are_given_up_take_their_uses_with_them() {
    let scene = Scene::new(5);
    let vault = scene.open([1, 2]);
    scene.verify_each(&vault, 1);
    vault.flush_usage().expect("flushed");
    let id = scene.issued[2].id;
    let (key, bytes) = scene.store.scan(Table::Keys, None, 100).expect("rows").swap_remove(2);
    let mut damaged = bytes.clone();
    damaged[60] ^= 1;
    let mut batch = Batch::new();
    batch.put(Table::Keys, key, damaged, Expected::Exactly(bytes));
    scene.store.commit(&batch).expect("damaged");
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("incomplete");
    assert_eq!(report.outcome, RotationOutcome::Incomplete);
    let options = RotateOptions::new().abandon(&report.unreadable);
    let report = vault.rotate(&options, &act(), |_| ()).expect("finished");
    assert_eq!((report.outcome, report.abandoned), (RotationOutcome::Finished, 1));
    assert_eq!(vault.usage(id).expect("read"), None);
    assert_eq!(scene.usage_rows().len(), 4);
    assert_eq!(vault.doctor(|_| {}).expect("doctor").symptoms, []);
}

#[cfg(feature = "sqlite")]
#[test]
fn the_old_rows_are_gone_from_the_files_after_a_rotation() {
    let folder = tempfile::tempdir().expect("folder");
    let (path, keys) = (folder.path().join("vault.db"), Keys::generate(2));
    let store = strongroom::SqliteStore::create(&path).expect("store");
    let vault = Vault::create(store, keys.only([1]), &act()).expect("vault");
    drop(vault);
    let open = |versions: &[u32]| {
        Vault::open(strongroom::SqliteStore::open(&path).expect("store"), keys.only(versions.iter().copied()))
            .expect("vault")
    };
    let vault = open(&[1]);
    let issued = vault.issue_many(&vec![NewApiKey::new("n"); 200], &act()).expect("issued");
    for _ in 0..3 {
        verify_all(&vault, &issued);
        vault.flush_usage().expect("flushed");
    }
    let rows = || strongroom::SqliteStore::open(&path).expect("store").scan(Table::Usage, None, 1_000).expect("rows");
    let old = rows();
    drop(vault);
    let report = open(&[1, 2]).rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.scrub), (RotationOutcome::Finished, Some(strongroom::store::Scrub::Clean)));
    let files: Vec<u8> = ["", "-wal"]
        .iter()
        .filter_map(|suffix| std::fs::read(format!("{}{suffix}", path.display())).ok())
        .flatten()
        .collect();
    let finder = |row: &[u8]| memchr::memmem::find(&files, &row[32..]).is_some();
    assert!(rows().iter().all(|(_, row)| finder(row)), "what is there is found");
    assert!(!old.iter().any(|(_, row)| finder(row)), "old counts are left");
}
