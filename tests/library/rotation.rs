//! Claims about rotation, made through the public API and the real store.
#![cfg(feature = "sqlite")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::support::between::{Between, Through};
use crate::support::{Keys, act, stop_after_one_batch, version};
use strongroom::api_keys::ImportedKey;
use strongroom::error::{Detail, KeyringError};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{RotationClaim, Rows, Scrub, StoreError, Table};
use strongroom::{
    Issued, MemoryStore, NewApiKey, Refusal, Request, SqliteStore, Timestamp, Vault, VaultOptions, VerifyError,
};

#[test]
fn five_rotations_keep_every_token_valid_recoverable_and_every_revocation() {
    let folder = tempfile::tempdir().expect("folder");
    let path = folder.path().join("vault.db");
    let keys = Keys::generate(6);
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");

    let mut tokens = BTreeMap::new();
    let new: Vec<_> = (0..1_000).map(|n| NewApiKey::new(format!("key {n}")).owner("acme").scope("read")).collect();
    for issued in vault.issue_many(&new, &act()).expect("issued") {
        tokens.insert(issued.id, (issued.token.expose().to_owned(), true));
    }
    let lines = include_str!("../data/django_tokens.jsonl");
    let imported: Vec<_> = lines.lines().map(|line| ImportedKey::parse(line).expect("a good line")).collect();
    let live: Vec<_> = lines.lines().map(|line| !line.contains(r#""revoked": true"#)).collect();
    let texts: Vec<String> = lines
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).expect("JSON")["token"].as_str().expect("text").into()
        })
        .collect();
    for ((id, text), live) in vault.import(&imported, &act()).expect("imported").into_iter().zip(texts).zip(live) {
        tokens.insert(id, (text, live));
    }
    assert_eq!(tokens.len(), 1_060);
    for (id, (_, live)) in tokens.iter_mut().step_by(7) {
        vault.revoke(*id, &act()).expect("revoked");
        *live = false;
    }
    drop(vault);

    for to in 2..=6 {
        let open = |versions: &[u32]| {
            Vault::open(SqliteStore::open(&path).expect("store"), keys.only(versions.iter().copied()))
        };
        let vault = open(&[to - 1, to]).expect("vault");
        let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
        assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Finished, 1_060, 1_060));
        assert_eq!(report.stale_lookups, 0);
        drop(vault);

        let refused = open(&[to - 1]).expect_err("the old master key opens nothing");
        assert!(
            matches!(refused.detail(), Detail::Keyring(KeyringError::MissingMasterKey { version, .. }) if version.get() == to)
        );
        let vault = open(&[to]).expect("the new master key is enough");
        for (id, (token, live)) in &tokens {
            let verdict = vault.verify(token, &Request::new());
            match verdict {
                Ok(key) => assert!(*live && key.id == *id),
                Err(VerifyError::Refused { refusal: Refusal::Revoked, .. }) => assert!(!live),
                Err(error) => panic!("{id}: {error:?}"),
            }
            assert_eq!(vault.recover(*id, &act()).expect("recovered").expose(), token);
        }
        assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    }
}

/// Two openings of the same file, as two processes have them.
fn pair(keys: &Keys, path: &std::path::Path, second: &[u32]) -> (Vault, Vault) {
    let open = |versions: &[u32]| {
        Vault::open(SqliteStore::open(path).expect("store"), keys.only(versions.iter().copied())).expect("vault")
    };
    (open(&[1, 2]), open(second))
}

fn vault_file(folder: &tempfile::TempDir, keys: &Keys, count: usize) -> (std::path::PathBuf, Vec<Issued>) {
    let path = folder.path().join("vault.db");
    let vault = Vault::create(SqliteStore::create(&path).expect("store"), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("key"); count], &act()).expect("issued");
    (path, issued)
}

/// The generation that the record of an API key names.
fn generation_of(path: &std::path::Path, id: strongroom::ApiKeyId) -> u32 {
    let rows = SqliteStore::open(path).expect("store").scan(Table::Keys, None, usize::MAX).expect("rows");
    let find = |(_, bytes): &&(Vec<u8>, Vec<u8>)| {
        let number = u128::from_be_bytes(bytes[16..32].try_into().expect("16 bytes"));
        id.to_string() == crockford(number)
    };
    let (_, bytes) = rows.iter().find(find).expect("the record");
    u32::from_be_bytes(bytes[4..8].try_into().expect("4 bytes"))
}

fn crockford(number: u128) -> String {
    let digit = |shift: u32| char::from(b"0123456789abcdefghjkmnpqrstvwxyz"[(number >> shift & 31) as usize]);
    (0..26).rev().map(|place| digit(5 * place)).collect()
}

#[test]
fn a_writer_with_the_old_keyring_writes_under_the_new_generation_without_its_caller_noticing() {
    let (folder, keys) = (tempfile::tempdir().expect("folder"), Keys::generate(2));
    let (path, issued) = vault_file(&folder, &keys, 50);
    let (rotator, service) = pair(&keys, &path, &[1, 2]);
    let ten = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    rotator.rotate(&ten, &act(), stop_after_one_batch).expect("stopped after the first batch");
    let late = service.issue(&NewApiKey::new("late"), &act()).expect("issued");
    assert!(service.revoke(issued[45].id, &act()).expect("revoked"));
    assert_eq!((generation_of(&path, late.id), generation_of(&path, issued[45].id)), (2, 2));
    assert_eq!(generation_of(&path, issued[44].id), 1, "the sweep has not come that far");
    let report = rotator.rotate(&ten, &act(), |_| ()).expect("rotated");
    assert_eq!((report.outcome, report.moved, report.verified), (RotationOutcome::Finished, 49, 51));
    for vault in [&rotator, &service] {
        assert!(vault.verify(late.token.expose(), &Request::new()).is_ok());
        let revoked = vault.verify(issued[45].token.expose(), &Request::new());
        assert!(matches!(revoked, Err(VerifyError::Refused { refusal: Refusal::Revoked, .. })));
    }
}

#[test]
fn a_process_without_the_new_master_key_fails_closed_and_names_it() {
    let (folder, keys) = (tempfile::tempdir().expect("folder"), Keys::generate(2));
    let (path, issued) = vault_file(&folder, &keys, 5);
    let (rotator, service) = pair(&keys, &path, &[1]);
    rotator.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    let refused = service.issue(&NewApiKey::new("late"), &act()).expect_err("it has not the new key");
    let fingerprint = keys.only([2]).key(version(2)).expect("there").fingerprint().to_string();
    assert!(refused.to_string().contains("master key 2") && refused.to_string().contains(&fingerprint), "{refused}");
    let unavailable = service.verify(issued[0].token.expose(), &Request::new());
    assert!(matches!(unavailable, Err(VerifyError::Unavailable(_))));
}

#[test]
fn a_second_rotation_is_refused_at_once() {
    let (folder, keys) = (tempfile::tempdir().expect("folder"), Keys::generate(2));
    let (path, _) = vault_file(&folder, &keys, 50);
    let (rotator, other) = pair(&keys, &path, &[1, 2]);
    let ten = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    let mut refusals = 0;
    let report = rotator.rotate(&ten, &act(), |progress| {
        if progress.phase == Phase::Preflight {
            return ControlFlow::Continue(());
        }
        let refused = other
            .rotate(&ten, &act(), |progress| {
                assert_eq!(progress.phase, Phase::Preflight, "two rotations at once");
                ControlFlow::Continue(())
            })
            .expect_err("refused");
        assert_eq!(refused.kind(), strongroom::ErrorKind::Busy);
        refusals += 1;
        ControlFlow::Continue(())
    });
    assert_eq!(report.expect("rotated").outcome, RotationOutcome::Finished);
    assert!(refusals >= 10, "{refusals}");
}

#[test]
fn a_rotation_that_was_taken_over_commits_nothing_more() {
    let (keys, store) = (Keys::generate(2), Through::<Unclaimed>::default());
    let clock = std::sync::Arc::new(std::sync::atomic::AtomicI64::new(1_700_000_000_000));
    let open = |versions: [u32; 2]| {
        let clock = std::sync::Arc::clone(&clock);
        let now = move || Timestamp::from_unix_millis(clock.load(std::sync::atomic::Ordering::SeqCst)).expect("time");
        VaultOptions::new().clock(now).open(store.clone(), keys.only(versions)).expect("vault")
    };
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("key"); 50], &act()).expect("issued");
    let (first, second) = (open([1, 2]), open([1, 2]));
    let ten = RotateOptions::new().batch(std::num::NonZeroUsize::new(10).expect("not zero"));
    let mut batches = 0;
    let stopped = first.rotate(&ten, &act(), |_| {
        batches += 1;
        if batches == 2 {
            // As if this process had been stopped for six seconds, and another had come by.
            clock.fetch_add(6_000, std::sync::atomic::Ordering::SeqCst);
            let report = second.rotate(&ten, &act(), |_| ()).expect("taken over");
            assert_eq!((report.outcome, report.moved), (RotationOutcome::Finished, 50));
        }
        ControlFlow::Continue(())
    });
    assert_eq!(stopped.expect_err("it lost the rotation").kind(), strongroom::ErrorKind::Busy);
    assert_eq!(batches, 2, "it committed after it was taken over");
    let symptoms = second.doctor(|_| ()).expect("doctor").symptoms;
    let ids: Vec<_> = symptoms.iter().map(|symptom| symptom.id).collect();
    assert_eq!(ids, ["clock-went-back"], "the clocks of the two are not the same");
}

/// An engine that cannot tell whether a rotating process is alive: only the lease counts.
#[derive(Default)]
struct Unclaimed;

impl Between for Unclaimed {
    fn claim_rotation(&self, _: &MemoryStore) -> Result<RotationClaim, StoreError> {
        Ok(RotationClaim::Unknown)
    }
}

#[test]
fn a_rewrap_forgets_nothing_that_is_asked_of_it() {
    let (folder, keys) = (tempfile::tempdir().expect("folder"), Keys::generate(2));
    let (path, _) = vault_file(&folder, &keys, 3);
    let (rotator, _) = pair(&keys, &path, &[1, 2]);
    let rewrap = || RotateOptions::new().rewrap_only(true);
    for options in [rewrap().resume_only(true), rewrap().compromised(true), rewrap().accept_record_set(true)] {
        let planned = rotator.plan_rotation(&options).expect_err("refused");
        let rotated = rotator.rotate(&options, &act(), |_| ()).expect_err("refused");
        assert_eq!((planned.code(), rotated.code()), ("rotation-options", "rotation-options"));
        assert_eq!(rotator.status().expect("status").active_master_key, version(1));
    }
}

#[test]
fn rewrapping_changes_the_master_key_and_no_record() {
    let (folder, keys) = (tempfile::tempdir().expect("folder"), Keys::generate(2));
    let (path, issued) = vault_file(&folder, &keys, 50);
    let records = || SqliteStore::open(&path).expect("store").scan(Table::Keys, None, 100).expect("rows");
    let (rotator, _) = pair(&keys, &path, &[1, 2]);
    let before = records();
    let report = rotator.rotate(&RotateOptions::new().rewrap_only(true), &act(), |_| ()).expect("rewrapped");
    assert_eq!((report.outcome, report.moved), (RotationOutcome::Finished, 0));
    assert_eq!(records(), before);
    let open = |version| Vault::open(SqliteStore::open(&path).expect("store"), keys.only([version]));
    assert!(open(1).is_err());
    let vault = open(2).expect("the new master key is enough");
    assert!(issued.iter().all(|issued| vault.verify(issued.token.expose(), &Request::new()).is_ok()));
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn no_old_ciphertext_and_no_old_wrap_is_left_in_any_file() {
    let (folder, keys) = (tempfile::tempdir().expect("folder"), Keys::generate(2));
    let (path, _) = vault_file(&folder, &keys, 3_000);
    let old: Vec<_> = SqliteStore::open(&path).expect("store").scan(Table::Keys, None, usize::MAX).expect("rows");
    let keyring = SqliteStore::open(&path).expect("store").get(Table::Vault, b"keyring").expect("row").expect("row");
    let (rotator, _) = pair(&keys, &path, &[1, 2]);
    let report = rotator.rotate(&RotateOptions::new(), &act(), |_| ()).expect("rotated");
    assert_eq!(report.scrub, Some(Scrub::Clean));
    // Nonce and ciphertext of both parts begin 32 bytes in; 16 bytes are enough to recognise them.
    let mut pieces: std::collections::HashSet<[u8; 16]> = old
        .iter()
        .flat_map(|(_, bytes)| bytes[32..].chunks_exact(16).map(|piece| piece.try_into().expect("16 bytes")))
        .collect();
    pieces.extend(keyring[64..].chunks_exact(16).skip(8).map(|piece| <[u8; 16]>::try_from(piece).expect("16 bytes")));
    assert!(pieces.len() > 30_000);
    let (mut files, mut seen) = (0, 0);
    for entry in std::fs::read_dir(folder.path()).expect("folder") {
        let bytes = std::fs::read(entry.expect("entry").path()).expect("readable");
        files += 1;
        seen += bytes.len();
        let hits = bytes.windows(16).filter(|window| pieces.contains(*window)).count();
        assert_eq!(hits, 0, "old bytes in a file of {} bytes", bytes.len());
    }
    assert!(files >= 1 && seen > 500_000, "{files} files, {seen} bytes");
}
