//! Claims that an adversary, an unlucky moment or a failing medium would break first.
#![cfg(feature = "sqlite")]

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::past::{edit, overwrite, row_key};
use crate::support::watched::{Step, Watched, writes};
use crate::support::{Keys, act, version};
use crate::weak_tokens::with_check;
use strongroom::api_keys::{ImportError, ImportedKey};
use strongroom::error::{Detail, RecordError, VaultRow};
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::{Batch, Effect, Expected, Rows, Scrub, Store, StoreError, Table};
use strongroom::{
    Error, ErrorKind, MemoryStore, NewApiKey, Refusal, Request, SecretText, Timestamp, Vault, VaultOptions, VerifyError,
};

fn one_by_one() -> RotateOptions {
    RotateOptions::new().batch(NonZeroUsize::MIN)
}

fn rotate(vault: &Vault, options: &RotateOptions) -> Result<strongroom::rotation::RotationReport, Error> {
    vault.rotate(options, &act(), |_| ())
}

fn stop_after_one_batch(vault: &Vault) {
    let report = vault.rotate(&one_by_one(), &act(), crate::support::stop_after_one_batch).expect("stopped");
    assert_eq!(report.outcome, RotationOutcome::Stopped);
}

fn open(store: impl Store + 'static, keys: &Keys, versions: &[u32]) -> Vault {
    Vault::open(store, keys.only(versions.iter().copied())).expect("vault")
}

fn legacy(token: &str) -> ImportedKey {
    // Its id stands after those issued now.
    let later: Timestamp = "2200-01-01T00:00:00Z".parse().expect("time");
    ImportedKey::new(SecretText::new(token.into()), NewApiKey::new("legacy")).allow_weak(true).created_at(later)
}

/// A vault in memory under master key 1 with an API key of its own and an imported one after it.
fn in_memory(keys: &Keys) -> (MemoryStore, strongroom::Issued, strongroom::ApiKeyId) {
    let store = MemoryStore::new();
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("own"), &act()).expect("issued");
    let imported = vault.import(&[legacy("legacy-token")], &act()).expect("imported")[0];
    (store, issued, imported)
}

#[test]
fn an_imported_token_is_found_while_a_rotation_moves_its_row() {
    let keys = Keys::generate(2);
    let (store, ..) = in_memory(&keys);
    let rotator = open(store.clone(), &keys, &[1, 2]);
    stop_after_one_batch(&rotator);
    let watched = Watched::over(&store);
    let service = open(watched.clone(), &keys, &[2]);
    // The row moves between the look under the new lookup key and the look under the old one.
    watched.once(|step| matches!(step, Step::Read(Table::Lookup)), move || stop_after_one_batch(&rotator));
    let verdict = service.verify("legacy-token", &Request::new());
    assert_eq!(verdict.expect("a valid token").name, "legacy");
}

#[test]
fn a_rotation_takes_the_lookup_row_of_a_record_that_is_revoked_meanwhile() {
    let keys = Keys::generate(2);
    let (store, _, imported) = in_memory(&keys);
    let (watched, other) = (Watched::over(&store), open(store.clone(), &keys, &[1, 2]));
    let rotator = open(watched.clone(), &keys, &[1, 2]);
    let key = row_key(imported);
    watched.once(
        move |step| writes(step, Table::Keys, &key),
        move || assert!(other.revoke(imported, &act()).expect("revoked")),
    );
    let report = rotate(&rotator, &RotateOptions::new()).expect("rotated");
    assert_eq!((report.outcome, report.stale_lookups), (RotationOutcome::Finished, 0));
    let verdict = rotator.verify("legacy-token", &Request::new());
    assert_eq!(verdict.expect_err("revoked").refusal(), Some(Refusal::Revoked));
    assert_eq!(rotator.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn a_record_is_shown_and_revoked_although_a_rotation_ends_meanwhile() {
    let keys = Keys::generate(2);
    let (store, issued, _) = in_memory(&keys);
    let (watched, rotator) = (Watched::over(&store), open(store.clone(), &keys, &[1, 2]));
    let service = Arc::new(open(watched.clone(), &keys, &[1, 2]));
    let (reader, token) = (Arc::clone(&service), issued.token.expose().to_owned());
    watched.once(
        |step| matches!(step, Step::Read(Table::Keys)),
        move || {
            rotate(&rotator, &RotateOptions::new()).expect("rotated");
            // Another thread of the service learns of it first.
            reader.verify(&token, &Request::new()).expect("valid");
        },
    );
    let new = service.show(issued.id);
    assert_eq!(new.expect("shown").name, "own");
}

#[test]
fn a_process_without_the_new_master_key_fails_closed_and_stays_so() {
    let keys = Keys::generate(2);
    let (store, issued, _) = in_memory(&keys);
    let service = open(store.clone(), &keys, &[1]);
    rotate(&open(store, &keys, &[1, 2]), &RotateOptions::new().rewrap_only(true)).expect("rewrapped");
    std::thread::sleep(Duration::from_millis(1_100));
    for attempt in 0..3 {
        let verdict = service.verify(issued.token.expose(), &Request::new());
        let Err(VerifyError::Unavailable(error)) = verdict else { panic!("attempt {attempt}: {verdict:?}") };
        assert_eq!(error.kind(), ErrorKind::MasterKey);
    }
}

#[test]
fn a_damaged_recover_part_does_not_keep_an_api_key_from_being_revoked() {
    let keys = Keys::generate(1);
    let (store, issued, _) = in_memory(&keys);
    let vault = open(store.clone(), &keys, &[1]);
    edit(&store, Table::Keys, &row_key(issued.id), |record| {
        let at = record.len() - 20;
        record[at] ^= 1;
    });
    vault.verify(issued.token.expose(), &Request::new()).expect("verification never opens a secret");
    assert!(vault.recover(issued.id, &act()).is_err());
    assert!(vault.revoke(issued.id, &act()).expect("revoked"));
    let verdict = vault.verify(issued.token.expose(), &Request::new());
    assert_eq!(verdict.expect_err("revoked").refusal(), Some(Refusal::Revoked));
}

#[test]
fn two_imported_tokens_with_one_id_are_refused() {
    let keys = Keys::generate(2);
    let (store, issued, _) = in_memory(&keys);
    let vault = open(store, &keys, &[1, 2]);
    let id = "01kb0c5x7mq8e4t2v9rwyz3abd";
    assert_ne!(id, issued.id.to_string());
    let token = |letter: &str| legacy(&with_check(&format!("sr_{id}{}", letter.repeat(43))));
    let error = vault.import(&[token("a"), token("b")], &act()).expect_err("one id, two secrets");
    assert!(matches!(error.detail(), Detail::Import { line: 2, fault: ImportError::Repeated { line: 1 } }), "{error}");
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn a_store_that_fails_during_an_import_is_not_a_token_that_exists() {
    let keys = Keys::generate(1);
    let (store, ..) = in_memory(&keys);
    let watched = Watched::over(&store);
    let vault = open(watched.clone(), &keys, &[1]);
    watched.on(|step| match step {
        Step::Read(Table::Lookup) => Err(StoreError::Busy),
        _ => Ok(()),
    });
    let error = vault.import(&[legacy("another-token")], &act()).expect_err("busy");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
}

#[test]
fn a_token_verifies_with_its_own_prefix_alone() {
    let keys = Keys::generate(1);
    let store = MemoryStore::new();
    let vault = Vault::create(store, keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("own").prefix("test"), &act()).expect("issued");
    let token = issued.token.expose();
    let body = &token[..token.len() - 6];
    assert_eq!(with_check(body), token);
    let other = with_check(&body.replacen("test_", "live_", 1));
    vault.verify(token, &Request::new()).expect("as issued");
    assert_eq!(vault.verify(&other, &Request::new()).expect_err("another prefix").refusal(), Some(Refusal::Unknown));

    let secret = "L".repeat(43);
    let id = vault.import(&[legacy(&secret)], &act()).expect("imported")[0];
    vault.verify(&secret, &Request::new()).expect("as imported");
    let wrapped = with_check(&format!("sr_{id}{secret}"));
    let refused = vault.verify(&wrapped, &Request::new()).expect_err("never issued");
    assert_eq!(refused.refusal(), Some(Refusal::Unknown));
}

#[test]
fn an_edited_format_is_damage_when_the_keyring_has_the_known_one() {
    let keys = Keys::generate(1);
    let (store, issued, _) = in_memory(&keys);
    let vault = open(store.clone(), &keys, &[1]);
    edit(&store, Table::Keys, &row_key(issued.id), |record| record[0] = 2);
    assert_eq!(vault.show(issued.id).expect_err("an unknown format").kind(), ErrorKind::Corrupt);
    edit(&store, Table::Vault, b"head", |row| row[0] = 2);
    let error = vault.issue(&NewApiKey::new("n"), &act()).expect_err("an unknown format");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
}

#[test]
fn a_sentinel_that_vanishes_under_a_rotation_is_an_error_and_no_panic() {
    let keys = Keys::generate(2);
    let (store, ..) = in_memory(&keys);
    let (watched, rows) = (Watched::over(&store), store.clone());
    let rotator = open(watched.clone(), &keys, &[1, 2]);
    watched
        .once(|step| writes(step, Table::Keys, &[0xff; 16]), move || overwrite(&rows, Table::Keys, &[0xff; 16], None));
    let error = rotate(&rotator, &one_by_one()).expect_err("a record is missing");
    assert!(matches!(error.detail(), Detail::RecordSet { generation } if generation.get() == 1), "{error}");
}

#[test]
fn the_status_counts_without_a_panic_when_the_sentinel_lies() {
    let keys = Keys::generate(2);
    let (store, ..) = in_memory(&keys);
    let vault = open(store.clone(), &keys, &[1, 2]);
    let stop_at_proof = |p: strongroom::rotation::Progress| match p.phase {
        strongroom::rotation::Phase::Verify => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    vault.rotate(&RotateOptions::new(), &act(), stop_at_proof).expect("stopped");
    edit(&store, Table::Keys, &[0xff; 16], |record| record[4..8].copy_from_slice(&[0, 0, 0, 1]));
    let status = vault.status().expect("status");
    assert!(status.record_count() <= 3, "{}", status.record_count());
}

#[test]
fn a_removed_rotation_row_is_noticed_by_the_doctor_and_stops_a_rewrap() {
    let keys = Keys::generate(3);
    let (store, ..) = in_memory(&keys);
    let watched = Watched::over(&store);
    let rotator = open(watched.clone(), &keys, &[1, 2]);
    // Killed between the cutover and the first batch: the record sets still add up.
    let mut commits = 0;
    watched.on(move |step| match step {
        Step::Commit(_) if commits == 1 => Err(StoreError::Busy),
        Step::Commit(_) => {
            commits += 1;
            Ok(())
        }
        Step::Read(_) => Ok(()),
    });
    rotate(&rotator, &RotateOptions::new()).expect_err("killed");
    overwrite(&store, Table::Vault, b"rotation", None);
    let vault = open(store, &keys, &[2, 3]);
    let found = vault.doctor(|_| ()).expect("doctor").symptoms;
    assert!(found.iter().any(|symptom| symptom.id == "rotation"), "{found:?}");
    let refused = rotate(&vault, &RotateOptions::new().rewrap_only(true)).expect_err("two generations");
    assert!(matches!(refused.detail(), Detail::Tampered { row: VaultRow::Rotation, .. }), "{refused}");
    let refused = vault.plan_rotation(&RotateOptions::new()).expect_err("two generations");
    assert!(matches!(refused.detail(), Detail::Tampered { row: VaultRow::Rotation, .. }), "{refused}");
}

#[test]
fn a_plan_refuses_what_the_rotation_would_refuse() {
    let keys = Keys::generate(3);
    let (store, ..) = in_memory(&keys);
    let vault = open(store, &keys, &[1, 2, 3]);
    vault.rotate(&one_by_one().to(version(2)), &act(), crate::support::stop_after_one_batch).expect("stopped");
    for options in [RotateOptions::new().to(version(3)), RotateOptions::new().rewrap_only(true)] {
        let rotated = rotate(&vault, &options).expect_err("another is open").kind();
        assert_eq!(rotated, ErrorKind::Conflict);
        assert_eq!(vault.plan_rotation(&options).expect_err("another is open").kind(), rotated);
    }
}

#[test]
fn a_rotation_that_was_taken_over_at_its_last_commit_gives_up_at_once() {
    let keys = Keys::generate(2);
    let (store, ..) = in_memory(&keys);
    let watched = Watched::over(&store);
    let rotator = open(watched.clone(), &keys, &[1, 2]);
    let late = || Timestamp::now().saturating_add(Duration::from_secs(60));
    let other = VaultOptions::new().clock(late).open(store, keys.only([1, 2])).expect("vault");
    let (mut commits, attempts) = (0, Arc::new(Mutex::new(0)));
    let counted = Arc::clone(&attempts);
    watched.on(move |step| {
        if let Step::Commit(batch) = step
            && is_last(batch)
        {
            commits += 1;
            *counted.lock().expect("no panic") = commits;
            if commits == 1 {
                other.rotate(&RotateOptions::new(), &act(), crate::support::stop_after_one_batch).expect("taken over");
            }
        }
        Ok(())
    });
    let error = rotate(&rotator, &RotateOptions::new()).expect_err("taken over");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
    let attempts = *attempts.lock().expect("no panic");
    assert!(attempts <= 2, "{attempts} attempts");
}

#[test]
fn a_rotation_that_lost_the_race_to_begin_is_busy() {
    let keys = Keys::generate(2);
    let (store, ..) = in_memory(&keys);
    let (watched, other) = (Watched::over(&store), open(store, &keys, &[1, 2]));
    let rotator = open(watched.clone(), &keys, &[1, 2]);
    watched.once(|step| writes(step, Table::Vault, b"rotation"), move || stop_after_one_batch(&other));
    let error = rotate(&rotator, &RotateOptions::new()).expect_err("another began");
    assert_eq!(error.kind(), ErrorKind::Busy, "{error}");
}

#[test]
fn one_of_two_revocations_at_once_says_that_it_was_revoked_before() {
    let keys = Keys::generate(1);
    let (store, issued, _) = in_memory(&keys);
    let (watched, other) = (Watched::over(&store), open(store.clone(), &keys, &[1]));
    let vault = open(watched.clone(), &keys, &[1]);
    watched.once(
        |step| matches!(step, Step::Commit(_)),
        move || assert!(other.revoke(issued.id, &act()).expect("revoked")),
    );
    assert!(!vault.revoke(issued.id, &act()).expect("revoked before"));
    let revocations = vault.audit_entries(None, 100).expect("entries").items;
    assert_eq!(revocations.iter().filter(|entry| entry.action == strongroom::audit::Action::Revoke).count(), 1);
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use super::*;
    use strongroom::SqliteStore;

    #[test]
    fn a_snapshot_that_fails_leaves_no_reader_at_an_old_moment() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("vault.db");
        let store = SqliteStore::create(&path).expect("store");
        let put = |value: &str, expected| {
            let mut batch = Batch::new();
            batch.put(Table::Keys, "k", value, expected);
            store.commit(&batch).expect("committed");
        };
        put("old", Expected::Absent);
        let other = rusqlite::Connection::open(&path).expect("opened");
        other.execute_batch("CREATE INDEX planted ON vault (v)").expect("planted");
        assert!(store.snapshot().is_err(), "the first read of the snapshot fails");
        other.execute_batch("DROP INDEX planted").expect("taken away");
        let read = || store.get(Table::Keys, b"k").expect("read").expect("the row");
        assert_eq!(read(), b"old");
        put("new", Expected::Exactly(b"old".into()));
        assert_eq!(read(), b"new", "a reader stands at an old moment");
        store.snapshot().expect("snapshots work again");
    }

    #[test]
    fn a_value_of_another_type_hides_no_other_record() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("vault.db");
        let keys = Keys::generate(2);
        let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
        let new = [NewApiKey::new("a"), NewApiKey::new("b"), NewApiKey::new("c")];
        let issued = vault.issue_many(&new, &act()).expect("issued");
        drop(vault);
        // One flipped bit in the file does the same.
        let first = "UPDATE keys SET v = CAST(v AS TEXT) WHERE k = (SELECT min(k) FROM keys)";
        crate::edited::edit_without_types(&path, first);

        let vault = open(SqliteStore::open(&path).expect("store"), &keys, &[1, 2]);
        let listed = vault.list(&strongroom::Query::new()).expect("the others are listed").items;
        assert_eq!(listed.iter().filter(|one| one.key.is_ok()).count(), 2);
        let report = rotate(&vault, &RotateOptions::new()).expect("the others are moved");
        assert_eq!((report.outcome, report.moved, report.unreadable.len()), (RotationOutcome::Incomplete, 2, 1));
        assert_eq!(report.unreadable[0].cause, RecordError::Malformed);
        let found = vault.doctor(|_| ()).expect("the doctor looks at the others");
        assert_eq!(found.opened, 2);
        vault.verify(issued[1].token.expose(), &Request::new()).expect("valid");
    }

    #[test]
    fn a_scrub_beside_a_long_reader_lets_writers_write() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("vault.db");
        let (store, other) =
            (SqliteStore::create(&path).expect("store"), SqliteStore::open(&path).expect("opened again"));
        let put = |store: &SqliteStore, key: &str| {
            let mut batch = Batch::new();
            batch.put(Table::Keys, key, "value", Expected::Absent);
            store.commit(&batch).expect("committed");
        };
        put(&store, "a");
        let snapshot = other.snapshot().expect("a long reader");
        put(&store, "b");
        let (scrubbed, slowest) = std::thread::scope(|scope| {
            let scrub = scope.spawn(|| {
                let begun = Instant::now();
                (store.scrub().expect("scrubbed"), begun.elapsed())
            });
            let mut slowest = Duration::ZERO;
            for n in 0.. {
                if scrub.is_finished() {
                    break;
                }
                let begun = Instant::now();
                put(&other, &format!("n{n}"));
                slowest = slowest.max(begun.elapsed());
                std::thread::sleep(Duration::from_millis(5));
            }
            (scrub.join().expect("no panic"), slowest)
        });
        drop(snapshot);
        assert_eq!(scrubbed.0, Scrub::BestEffort);
        assert!(slowest < Duration::from_secs(2), "a writer waited {slowest:?}");
        assert!(scrubbed.1 < Duration::from_secs(7), "the scrub took {:?}", scrubbed.1);
    }
}

/// The commit of a rotation that drops the old generation.
fn is_last(batch: &Batch) -> bool {
    let put = |key: &[u8], replaced| {
        let is = |change: &strongroom::store::RowChange| {
            change.key == key && matches!(change.expected, Expected::Exactly(_)) == replaced
        };
        batch.changes().iter().any(|change| is(change) && matches!(change.effect, Effect::Put(_)))
    };
    put(b"keyring", true) && put(b"rotation", true)
}
