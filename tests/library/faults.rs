//! What happens when the store fails at any commit.

use std::num::NonZeroUsize;

use crate::support::faulty::{FaultyStore, Moment};
use crate::support::{Keys, act};
use strongroom::api_keys::ImportedKey;
use strongroom::error::Detail;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::store::StoreError;
use strongroom::{Error, ErrorKind, NewApiKey, Query, Request, SecretText, Vault};

fn tokens_of(vault: &Vault, count: usize) -> Vec<String> {
    let new: Vec<_> = (0..count).map(|n| NewApiKey::new(format!("key {n}"))).collect();
    vault.issue_many(&new, &act()).expect("issued").into_iter().map(|issued| issued.token.expose().to_owned()).collect()
}

fn assert_all_valid(vault: &Vault, tokens: &[String]) {
    for token in tokens {
        vault.verify(token, &Request::new()).expect("an issued token verifies");
    }
}

#[test]
fn rotation_resumes_after_a_crash_at_every_commit() {
    let batches = RotateOptions::new().batch(NonZeroUsize::new(10).expect("not zero"));
    for moment in [Moment::Before, Moment::After] {
        for number in 1.. {
            let (store, keys) = (FaultyStore::default(), Keys::generate(2));
            let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
            let mut tokens = tokens_of(&vault, 55);
            let imported =
                ImportedKey::new(SecretText::new("legacy-token".into()), NewApiKey::new("legacy")).allow_weak(true);
            vault.import(&[imported], &act()).expect("imported");
            tokens.push("legacy-token".into());
            drop(vault);

            let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
            store.break_at(number, moment);
            let crashed = vault.rotate(&batches, &act(), |_| ());
            let struck = store.mend();
            drop(vault);

            let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("the vault opens after a crash");
            assert_all_valid(&vault, &tokens);
            if !struck {
                assert_eq!(crashed.expect("no fault was left to strike").outcome, RotationOutcome::Finished);
                assert!(number > 10, "only {number} commits were tried");
                break;
            }
            crashed.expect_err("a broken store is an error");
            match vault.rotate(&batches, &act(), |_| ()) {
                Ok(report) => assert_eq!(report.outcome, RotationOutcome::Finished),
                // The last commit took effect and was not acknowledged: there is nothing left to rotate to.
                Err(error) => assert_eq!((error.kind(), moment), (ErrorKind::Input, Moment::After), "{error}"),
            }
            drop(vault);
            let vault = Vault::open(store.clone(), keys.only([2])).expect("the new master key is enough");
            assert_all_valid(&vault, &tokens);
            assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
            assert!(Vault::open(store, keys.only([1])).is_err(), "the old master key opens nothing");
        }
    }
}

#[test]
fn a_second_crash_while_resuming_loses_nothing() {
    let batches = RotateOptions::new().batch(NonZeroUsize::new(10).expect("not zero"));
    let mut pairs = 0;
    for first in (1..14).step_by(2) {
        for second in 1..14 {
            let (store, keys) = (FaultyStore::default(), Keys::generate(2));
            let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
            let tokens = tokens_of(&vault, 55);
            for number in [first, second] {
                let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
                store.break_at(number, if number % 2 == 0 { Moment::Before } else { Moment::After });
                let _ = vault.rotate(&batches, &act(), |_| ());
                pairs += u32::from(store.mend());
            }
            let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
            let _ = vault.rotate(&batches, &act(), |_| ());
            let vault = Vault::open(store, keys.only([2])).expect("the new master key is enough");
            assert_all_valid(&vault, &tokens);
            assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
        }
    }
    assert!(pairs > 100, "only {pairs} faults struck");
}

#[test]
fn recovery_returns_nothing_when_its_audit_entry_cannot_be_written() {
    for moment in [Moment::Before, Moment::After] {
        let (store, keys) = (FaultyStore::default(), Keys::generate(1));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue(&NewApiKey::new("key"), &act()).expect("issued");
        store.break_at(1, moment);
        let refused = vault.recover(issued.id, &act());
        assert!(matches!(refused.as_ref().map_err(Error::detail), Err(Detail::Store(_))), "{moment:?}: {refused:?}");
    }
}

#[test]
fn an_unacknowledged_issue_or_revoke_leaves_the_vault_whole() {
    for moment in [Moment::Before, Moment::After] {
        let (store, keys) = (FaultyStore::default(), Keys::generate(1));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue(&NewApiKey::new("key"), &act()).expect("issued");
        store.break_at(1, moment);
        vault.issue(&NewApiKey::new("another"), &act()).expect_err("broken");
        store.mend();
        store.break_at(1, moment);
        vault.revoke(issued.id, &act()).expect_err("broken");
        store.mend();
        let valid = vault.verify(issued.token.expose(), &Request::new()).is_ok();
        assert_eq!(valid, moment == Moment::Before);
        assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
    }
}

#[test]
fn an_act_whose_commit_is_in_doubt_is_neither_acknowledged_nor_denied() {
    let (store, keys) = (FaultyStore::default(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let first = vault.issue(&NewApiKey::new("first"), &act()).expect("issued");
    let in_doubt = |error: Error| {
        assert!(matches!(error.detail(), Detail::Store(StoreError::InDoubt { .. })), "{error}");
        assert_eq!((error.code(), error.kind()), ("commit-in-doubt", ErrorKind::Engine));
        assert!(store.mend(), "it struck");
    };
    let names = |vault: &Vault| {
        let keys = vault.list(&Query::new()).expect("listed").items;
        let mut names: Vec<_> = keys.into_iter().map(|listed| listed.key.expect("it opens").name).collect();
        names.sort();
        names
    };

    // It took effect, and nothing was tried again. Another try makes another API key.
    store.break_at(1, Moment::After);
    in_doubt(vault.issue(&NewApiKey::new("second"), &act()).expect_err("nobody knows"));
    let looked = Vault::open(store.clone(), keys.only([1])).expect("opened again");
    assert_eq!(names(&looked), ["first", "second"]);
    vault.issue(&NewApiKey::new("second"), &act()).expect("issued");
    assert_eq!(names(&vault), ["first", "second", "second"]);

    // Another try of a revocation finds it done.
    store.break_at(1, Moment::After);
    in_doubt(vault.revoke(first.id, &act()).expect_err("nobody knows"));
    assert!(!vault.revoke(first.id, &act()).expect("again"), "it was revoked already");
    vault.verify(first.token.expose(), &Request::new()).expect_err("revoked");
    vault.verify_audit().expect("each act has its entry");
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}
