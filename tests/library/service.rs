//! What a service does with a vault: it opens or makes it when it starts, issues, refuses, and shows how a rotation goes on.

use std::sync::Mutex;
use std::time::Duration;

use crate::support::between::{Between, Through};
use crate::support::{Keys, act, version};
use strongroom::audit::{Action, AuditFilter};
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::store::{Batch, CommitError, Store};
use strongroom::{
    Act, ErrorKind, MasterKey, MasterKeys, MemoryStore, NewApiKey, Refusal, Request, Timestamp, Vault, VaultId,
    VaultOptions,
};

#[test]
fn a_service_that_starts_makes_the_vault_once_and_opens_it_ever_after() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let start = || Vault::open_or_create(store.clone(), keys.only([1]), &Act::by("service").because("first start"));
    let made = start().expect("made");
    let issued = made.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let opened = start().expect("opened");
    opened.verify(issued.token.expose(), &Request::new()).expect("valid");
    assert_eq!(id_and_beginnings(&opened), (made.status().expect("status").vault, 1));
    let other = Vault::open_or_create(store.clone(), keys.only([2]), &act()).expect_err("another master key");
    assert_eq!(other.kind(), ErrorKind::MasterKey, "a vault that does not open is not made anew: {other}");
}

#[test]
fn whoever_is_late_opens_what_the_quicker_one_has_made() {
    let (store, keys) = (Through::<Quicker>::default(), Keys::generate(1));
    let others = keys.only([1]);
    *store.0.lock().expect("no panic") = Some(Box::new(move |rows: &MemoryStore| {
        Vault::create(rows.clone(), others, &Act::by("quicker")).expect("made")
    }));
    let late = Vault::open_or_create(store.clone(), keys.only([1]), &Act::by("late")).expect("opened");
    assert!(store.0.lock().expect("no panic").is_none(), "the other was in between");
    let entries = late.audit_entries(None, 10).expect("entries").items;
    assert_eq!((entries.len(), entries[0].actor.as_str()), (1, "quicker"));
}

#[cfg(feature = "sqlite")]
#[test]
fn of_processes_that_start_at_once_one_makes_the_vault_and_all_open_it() {
    let keys = Keys::generate(1);
    for round in 0..20 {
        let folder = tempfile::tempdir().expect("folder");
        let (path, together) = (folder.path().join("vault.db"), std::sync::Barrier::new(6));
        let start = || {
            together.wait();
            let store = strongroom::SqliteStore::open_or_create(&path)?;
            Vault::open_or_create(store, keys.only([1]), &act())
        };
        let ids: Vec<_> = std::thread::scope(|scope| {
            let started: Vec<_> = (0..6).map(|_| scope.spawn(start)).collect();
            let vaults = started.into_iter().map(|thread| thread.join().expect("no panic"));
            vaults.map(|vault| id_and_beginnings(&vault.unwrap_or_else(|e| panic!("{round}: {e:#}")))).collect()
        });
        assert!(ids.iter().all(|(id, beginnings)| *beginnings == 1 && *id == ids[0].0), "{round}: {ids:?}");
    }
}

#[test]
fn an_api_key_is_not_issued_with_an_expiry_that_has_passed() {
    let keys = Keys::generate(1);
    let vault = VaultOptions::new().clock(|| at(100)).create(MemoryStore::new(), keys.only([1]), &act());
    let vault = vault.expect("vault");
    let key = || NewApiKey::new("n");
    for past in [key().expires_at(at(99)), key().expires_at(at(100)), key().expires_in(Duration::ZERO)] {
        let refused = vault.issue_many(&[key(), past.clone()], &act()).expect_err("it has passed");
        assert_eq!((refused.code(), refused.kind()), ("time-past", ErrorKind::Input), "{past:?}");
    }
    for good in
        [key().expires_in(Duration::from_millis(1)), key().expires_at(at(99)).expires_in(Duration::from_secs(1))]
    {
        vault.issue(&good, &act()).expect("it lies ahead");
    }
    let refused = vault.find_audit_entries(&AuditFilter::new().action(Action::Issue), None, 10).expect("entries");
    let causes: Vec<_> = refused.items.iter().map(|entry| entry.cause.as_deref()).collect();
    assert_eq!(causes, [Some("time-past"), Some("time-past"), Some("time-past"), None, None]);
}

#[test]
fn only_a_token_without_the_right_secret_is_no_api_keys() {
    let (yes, no): (Vec<_>, Vec<_>) = [
        Refusal::Address,
        Refusal::Damaged,
        Refusal::Expired,
        Refusal::NotYetValid,
        Refusal::Revoked,
        Refusal::Scope,
        Refusal::Suspended,
        Refusal::Unknown,
    ]
    .into_iter()
    .partition(|refusal| refusal.secret_was_right());
    assert_eq!((yes.len(), no), (6, vec![Refusal::Damaged, Refusal::Unknown]));
}

#[test]
fn what_stands_against_a_token_first_is_told() {
    let vault = Vault::create(MemoryStore::new(), Keys::generate(1).only([1]), &act()).expect("vault");
    let key = NewApiKey::new("n").network("10.0.0.0/8".parse().expect("a network"));
    let issued = vault.issue(&key, &act()).expect("issued");
    let refusal = |request: Request<'_>| vault.verify(issued.token.expose(), &request).expect_err("refused").refusal();
    let outside = || Request::new().address([192, 0, 2, 1]).scope("none");
    assert_eq!(refusal(Request::new().address([10, 0, 0, 1]).scope("none")), Some(Refusal::Scope));
    assert_eq!(refusal(outside()), Some(Refusal::Address));
    vault.suspend(issued.id, &act()).expect("suspended");
    assert_eq!(refusal(outside()), Some(Refusal::Suspended));
    vault.revoke(issued.id, &act()).expect("revoked");
    assert_eq!(refusal(outside()), Some(Refusal::Revoked));
}

#[test]
fn a_rotation_is_never_further_than_it_has_to_go_however_many_api_keys_are_issued_beside_it() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    drop(Vault::create(store.clone(), keys.only([1]), &act()).expect("vault"));
    let vault = Vault::open(store, keys.only([1, 2])).expect("vault");
    vault.issue_many(&vec![NewApiKey::new("before"); 20], &act()).expect("issued");
    let one = 1.try_into().expect("not zero");
    let (mut seen, mut calls) = (vec![], 0);
    let report = vault.rotate(&RotateOptions::new().batch(Some(one)).workers(Some(one)), &act(), |at| {
        calls += 1;
        if at.phase == Phase::Sweep && calls < 12 {
            vault.issue_many(&vec![NewApiKey::new("beside it"); 3], &act()).expect("issued");
        }
        seen.push((at.phase, at.done, at.total));
    });
    assert_eq!(report.expect("rotated").outcome, RotationOutcome::Finished);
    assert!(seen.iter().all(|(_, done, total)| done <= total), "{seen:?}");
    assert_eq!((seen[0], seen[1].0), ((Phase::Preflight, 0, 0), Phase::Sweep));
    let last = |phase| seen.iter().rev().find(|at| at.0 == phase).map(|at| (at.1, at.2));
    let all = vault.status().expect("status").record_count();
    assert!(all > 20);
    // What was issued behind the sweep is under the new generation already, and is no part of it.
    let swept = last(Phase::Sweep).expect("swept");
    assert!(swept.0 >= 20 && swept.0 <= swept.1 && swept.1 <= all, "{swept:?}");
    assert_eq!(last(Phase::Verify), Some((all, all)));
}

#[test]
fn a_second_handle_with_the_new_master_key_takes_over_while_the_first_still_answers() {
    let (store, keys) = (MemoryStore::new(), Keys::generate(2));
    let first = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = first.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let valid = |vault: &Vault| vault.verify(issued.token.expose(), &Request::new()).map(drop);
    valid(&first).expect("valid");
    let second = Vault::open(store, keys.only([1, 2])).expect("opened beside it");
    valid(&second).expect("valid");
    valid(&first).expect("both answer");
    drop(first);
    let report = second.rotate(&RotateOptions::new().to(version(2)), &act(), |_| ()).expect("rotated");
    assert_eq!(report.outcome, RotationOutcome::Finished);
    valid(&second).expect("valid");
    let uses = second.usage(issued.id).expect("read").expect("used");
    assert_eq!(uses.verifications, 4, "what the first had counted is not lost");
}

/// Of what follows from another key nothing is seen when keys are read one by one, and no feature is needed to see it.
#[test]
fn a_vault_that_was_opened_to_rotate_refuses_a_key_that_follows_from_another_and_no_other_vault_does() {
    let first = MasterKey::generate().expect("random").to_text().expose().to_owned();
    let changed = if first.as_bytes()[9] == b'A' { "B" } else { "A" };
    let second = format!("{}{changed}{}", &first[..9], &first[10..]);
    let keys = || MasterKeys::parse(&format!("1:{first},2:{second}")).expect("each is good by itself");
    for judged in [true, false] {
        let store = MemoryStore::new();
        let only = MasterKeys::parse(&first).expect("good");
        drop(VaultOptions::new().quick(true).create(store.clone(), only, &act()).expect("vault"));
        let vault = VaultOptions::new().to_rotate(judged).open(store, keys()).expect("vault");
        let rotated = vault.rotate(&RotateOptions::new(), &act(), |_| ());
        assert_eq!(
            rotated.map(|report| report.outcome).map_err(|error| error.code()),
            if judged { Err("master-key-weak") } else { Ok(RotationOutcome::Finished) }
        );
    }
}

/// How often it was begun, by its audit log.
fn id_and_beginnings(vault: &Vault) -> (VaultId, usize) {
    let begun = vault.find_audit_entries(&AuditFilter::new().action(Action::Init), None, 10).expect("entries");
    (vault.status().expect("status").vault, begun.items.len())
}

type Before = Box<dyn FnOnce(&MemoryStore) -> Vault + Send>;

/// Does something before the first commit.
#[derive(Default)]
struct Quicker(Mutex<Option<Before>>);

impl Between for Quicker {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let before = self.0.lock().expect("no panic").take();
        before.map(|before| before(rows));
        rows.commit(batch)
    }
}

fn at(secs: i64) -> Timestamp {
    Timestamp::from_unix_millis(secs * 1_000).expect("in range")
}
