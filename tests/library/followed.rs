//! A process that verifies follows the audit log: what was changed while it runs, or before, cannot be put back past it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::support::past::{copied, overwrite, put_back};
use crate::support::{Keys, act};
use strongroom::audit::AuditFault;
use strongroom::error::{Detail, RecordError};
use strongroom::store::{Rows, Table};
use strongroom::{
    ErrorKind, MemoryStore, NewApiKey, Refusal, Request, Update, Vault, VaultOptions, Verifier, VerifierKeys,
    VerifyError,
};

struct Scene {
    keys: Keys,
    store: MemoryStore,
    vault: Vault,
    issued: strongroom::Issued,
}

impl Scene {
    fn new() -> Self {
        let (keys, store) = (Keys::generate(1), MemoryStore::new());
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue(&NewApiKey::new("n").scope("all"), &act()).expect("issued");
        Self { keys, store, vault, issued }
    }

    /// Another process that has the store open.
    fn service(&self) -> Verifier {
        let vault = VaultOptions::new().follow(false).open(self.store.clone(), self.keys.only([1])).expect("opened");
        vault.verifier()
    }

    fn record(&self) -> (Vec<u8>, Vec<u8>) {
        self.store.scan(Table::Keys, None, 1).expect("read").remove(0)
    }

    fn verify(&self, by: &Verifier) -> Result<(), VerifyError> {
        by.verify(self.issued.token.expose(), &Request::new()).map(drop)
    }
}

fn fault(verified: Result<(), VerifyError>) -> RecordError {
    match verified {
        Err(VerifyError::Unavailable(error)) => match error.detail() {
            Detail::Record { fault, .. } => *fault,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_record_put_back_in_a_running_service_lets_nobody_in() {
    let scene = Scene::new();
    let (row, before) = scene.record();
    let service = scene.service();
    assert_eq!(service.following().since, None);
    // Begun before the change, it has read the log up to it; begun after it, all of it.
    service.catch_up().expect("followed");
    assert!(service.following().since.is_some());
    scene.vault.suspend(scene.issued.id, &act()).expect("suspended");
    assert_eq!(scene.verify(&service).expect_err("suspended").refusal(), Some(Refusal::Suspended));
    service.catch_up().expect("followed");
    let late = scene.service();
    late.catch_up().expect("followed");
    let seq = late.following().entries;
    overwrite(&scene.store, Table::Keys, &row, Some(before));
    scene.verify(&scene.service()).expect("whoever has not read the log believes the record");
    for service in [&service, &late] {
        assert_eq!(fault(scene.verify(service)), RecordError::Differs { seq });
        assert_eq!(service.following().changed, 1);
    }
    // Nor does anybody act on it who has followed the log.
    scene.vault.catch_up().expect("followed");
    for refused in [
        scene.vault.resume(scene.issued.id, &act()).map(drop),
        scene.vault.update(scene.issued.id, &Update::new().name("m"), &act()).map(drop),
        scene.vault.recover(scene.issued.id, &act()).map(drop),
        scene.vault.reissue(scene.issued.id, &strongroom::Reissue::new(), &act()).map(drop),
    ] {
        let error = refused.expect_err("put back");
        assert!(matches!(error.detail(), Detail::Record { fault: RecordError::Differs { .. }, .. }), "{error}");
    }
    let page = scene.vault.export_page(None, 10, &act()).expect("a page");
    assert!(page.items.iter().all(|exported| exported.key.is_err()));
    // The way out.
    scene.vault.revoke(scene.issued.id, &act()).expect("revoked");
    assert_eq!(scene.verify(&service).expect_err("revoked").refusal(), Some(Refusal::Revoked));
}

#[test]
fn a_store_put_back_whole_is_refused_by_who_saw_the_later_one() {
    let scene = Scene::new();
    let before = copied(&scene.store);
    scene.vault.suspend(scene.issued.id, &act()).expect("suspended");
    let service = scene.service();
    service.catch_up().expect("followed");
    let seen = service.following().entries;
    let now = copied(&scene.store);
    put_back(&scene.store, &before, |_, _| true);
    let error = service.catch_up().expect_err("it went back");
    assert!(matches!(error.detail(), Detail::Audit(AuditFault::RolledBack { .. })), "{error}");
    for _ in 0..2 {
        match scene.verify(&service) {
            Err(VerifyError::Unavailable(error)) => assert_eq!(error.kind(), ErrorKind::Corrupt),
            other => panic!("{other:?}"),
        }
    }
    // It went on from there, further than it had been.
    for name in ["a", "b", "c"] {
        scene.service();
        let other = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
        other.issue(&NewApiKey::new(name), &act()).expect("issued");
    }
    let error = service.catch_up().expect_err("another way");
    assert!(matches!(error.detail(), Detail::Audit(AuditFault::Forked { seq }) if *seq == seen), "{error}");
    // Mended, it goes on.
    put_back(&scene.store, &now, |_, _| true);
    service.catch_up().expect("as it was");
    assert_eq!(scene.verify(&service).expect_err("suspended").refusal(), Some(Refusal::Suspended));
}

#[test]
fn a_log_that_was_never_whole_turns_nobody_away() {
    let scene = Scene::new();
    scene.vault.suspend(scene.issued.id, &act()).expect("suspended");
    scene.vault.resume(scene.issued.id, &act()).expect("resumed");
    overwrite(&scene.store, Table::Audit, &2_u64.to_be_bytes(), Some(b"{}".to_vec()));
    let service = scene.service();
    service.catch_up().expect_err("broken");
    let following = service.following();
    assert_eq!((following.since, following.fault), (None, Some(AuditFault::Malformed { seq: 2 }.into())));
    scene.verify(&service).expect("valid");
}

#[test]
fn a_verifier_follows_with_a_verifier_key_alone() {
    let scene = Scene::new();
    let (row, before) = scene.record();
    let mut keys = VerifierKeys::default();
    let version = crate::support::version(1);
    keys.insert(version, scene.vault.issue_verifier_key(version, &act()).expect("derived")).expect("new");
    let verifier = Verifier::open(scene.store.clone(), keys).expect("opened");
    scene.verify(&verifier).expect("valid");
    scene.vault.suspend(scene.issued.id, &act()).expect("suspended");
    verifier.catch_up().expect("followed");
    overwrite(&scene.store, Table::Keys, &row, Some(before));
    assert!(matches!(fault(scene.verify(&verifier)), RecordError::Differs { .. }));
}

#[test]
fn the_log_is_followed_without_being_asked_for() {
    let scene = Scene::new();
    let service = Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened");
    scene.vault.suspend(scene.issued.id, &act()).expect("suspended");
    let deadline = std::time::Instant::now() + Duration::from_secs(60);
    while service.following().since.is_none() {
        assert!(std::time::Instant::now() < deadline, "nobody reads the log");
        drop(scene.verify(&service));
        thread::sleep(Duration::from_millis(5));
    }
    let entries = service.following().entries;
    scene.vault.resume(scene.issued.id, &act()).expect("resumed");
    while service.following().entries == entries {
        assert!(std::time::Instant::now() < deadline, "nobody reads on");
        drop(scene.verify(&service));
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn whoever_changes_api_keys_beside_a_service_has_no_good_token_refused() {
    let scene = Scene::new();
    let ids: Vec<_> =
        (0..8).map(|n| scene.vault.issue(&NewApiKey::new(format!("{n}")), &act()).expect("issued")).collect();
    let service = scene.service();
    service.catch_up().expect("followed");
    let done = Arc::new(AtomicBool::new(false));
    thread::scope(|scope| {
        for issued in &ids {
            let (vault, done) =
                (Vault::open(scene.store.clone(), scene.keys.only([1])).expect("opened"), Arc::clone(&done));
            scope.spawn(move || {
                for n in 0.. {
                    if done.load(Ordering::Relaxed) {
                        break;
                    }
                    vault.update(issued.id, &Update::new().name(format!("{n}")), &act()).expect("updated");
                }
            });
        }
        for _ in 0..400 {
            for issued in &ids {
                service.verify(issued.token.expose(), &Request::new()).expect("a good token");
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}
