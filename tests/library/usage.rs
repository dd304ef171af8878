//! Uses of API keys: counted without a write, written together, carried over by rotations, and never in the way.

mod rotations;
mod scene;
mod stores;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use strongroom::usage::{Usage, UsageFlusher, UsageOptions};
use strongroom::{ApiKeyId, Cursor, NewApiKey, Query, Refusal, Request, Vault, VaultOptions, Verifier, VerifierKeys};

use crate::support::faulty::{FaultyStore, Moment};
use crate::support::{Keys, act, version};
use scene::{Scene, address, at, counts, id_of, strongroom_token_of, verify_all};
use stores::{Counting, Late};

#[test]
fn a_use_is_counted_with_its_time_address_and_endpoint() {
    let scene = Scene::new(1);
    let now = Arc::new(Mutex::new(at(1_000)));
    let clock = Arc::clone(&now);
    let options = VaultOptions::new().clock(move || *clock.lock().expect("no panic"));
    let vault = options.open(scene.store.clone(), scene.keys.only([1])).expect("vault");
    assert_eq!(vault.usage(scene.issued[0].id).expect("read"), None);
    let request = Request::new().address(address("::ffff:10.1.2.3")).endpoint("/v1/invoices?page=7");
    vault.verify(scene.token(0), &request).expect("valid");
    *now.lock().expect("no panic") = at(2_000);
    vault.verify(scene.token(0), &Request::new().endpoint("/v1/invoices")).expect("valid");
    let seen = vault.usage(scene.issued[0].id).expect("read").expect("used");
    assert_eq!((seen.verifications, seen.last_used_at), (2, Some(at(2_000))));
    assert_eq!(seen.last_address, Some(address("10.1.2.3")), "the last that is known");
    assert_eq!(seen.endpoints, [("/v1/invoices".into(), 2)].into());
    assert_eq!((seen.refusals.len(), seen.other_endpoints), (0, 0));

    assert_eq!(vault.flush_usage().expect("flushed").rows, 1);
    assert_eq!(vault.usage(scene.issued[0].id).expect("read"), Some(seen.clone()));
    assert_eq!(scene.open([1]).usage(scene.issued[0].id).expect("read"), Some(seen), "for every process");
}

#[test]
fn refusals_go_to_the_api_key_only_when_its_secret_was_shown() {
    let scene = Scene::new(0);
    let vault = scene.open([1]);
    let key = NewApiKey::new("n").scope("read").network("10.0.0.0/8".parse().expect("a network"));
    let [issued, revoked] = [(); 2].map(|()| vault.issue(&key, &act()).expect("issued"));
    let expired = vault.issue(&NewApiKey::new("n").expires_in(Duration::from_millis(1)), &act()).expect("issued");
    std::thread::sleep(Duration::from_millis(2));
    vault.revoke(revoked.id, &act()).expect("revoked");
    let inside = || Request::new().address(address("10.0.0.1"));
    let [token, other] = [&issued, &revoked].map(|issued| issued.token.expose());
    let wrong_secret = strongroom_token_of(token, other);
    let cases: [(&str, Request<'_>, Refusal); 7] = [
        (token, Request::new(), Refusal::Address),
        (token, inside().scope("write"), Refusal::Scope),
        (other, inside(), Refusal::Revoked),
        (expired.token.expose(), inside(), Refusal::Expired),
        (&wrong_secret, inside(), Refusal::Unknown),
        ("nobody's", inside(), Refusal::Unknown),
        (&token[..token.len() - 1], inside(), Refusal::Unknown),
    ];
    for (token, request, refusal) in &cases {
        let refused = vault.verify(token, request).expect_err("refused");
        assert_eq!((refused.refusal(), refused.to_string().as_str()), (Some(*refusal), "the token is not valid"));
        assert_eq!(refused.key().is_some(), refusal.secret_was_right(), "{refused:?}");
        let owner = vault.identify(token);
        assert_eq!(owner.as_ref().ok().map(|key| key.id), refused.key());
        assert!(owner.is_ok() || owner.expect_err("nobody's").refusal() == Some(*refusal));
    }
    assert_eq!(vault.identify(token).expect("its own").id, issued.id);
    let damaged = format!("{}0", &token[..token.len() - 1]);
    let damaged = if damaged == token { format!("{}1", &token[..token.len() - 1]) } else { damaged };
    assert_eq!(vault.verify(&damaged, &inside()).expect_err("refused").refusal(), Some(Refusal::Damaged));
    let refusals = |id| vault.usage(id).expect("read").expect("counted").refusals;
    let check = || {
        assert_eq!(refusals(issued.id), counts(&[("address", 1), ("scope", 1)]));
        assert_eq!(refusals(revoked.id), counts(&[("revoked", 1)]));
        assert_eq!(refusals(expired.id), counts(&[("expired", 1)]));
        let none = vault.usage_of_none().expect("read").expect("counted");
        assert_eq!(none.refusals, counts(&[("unknown", 3), ("damaged", 1)]));
        assert_eq!((none.verifications, none.last_used_at, none.refused()), (0, None, 4));
    };
    check();
    assert_eq!(vault.flush_usage().expect("flushed").rows, 4);
    check();
}

#[test]
fn verifications_write_nothing_and_a_flush_is_one_transaction() {
    let (store, keys) = (Counting::default(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue_many(&vec![NewApiKey::new("n"); 50], &act()).expect("issued");
    let before = store.commits();
    for _ in 0..20 {
        verify_all(&vault, &issued);
    }
    assert_eq!(store.commits(), before, "a verification wrote");
    assert_eq!(vault.flush_usage().expect("flushed").rows, 50);
    assert_eq!(store.commits(), before + 1);
    vault.flush_usage().expect("nothing to do");
    assert_eq!(store.commits(), before + 1, "a transaction for nothing");
    vault.verify("nobody's", &Request::new()).expect_err("refused");
    drop(vault);
    assert_eq!(store.commits(), before + 2, "the last use is written when the vault goes");
    drop(Vault::open(store.clone(), keys.only([1])).expect("vault"));
    assert_eq!(store.commits(), before + 2);
}

#[test]
fn a_flusher_writes_once_an_interval_and_when_it_ends() {
    let (store, keys) = (Counting::default(), Keys::generate(1));
    let options = VaultOptions::new().usage(UsageOptions::new().interval(Duration::from_millis(50)));
    let vault = options.create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let (before, begun) = (store.commits(), std::time::Instant::now());
    let flusher = UsageFlusher::start(&vault).expect("a thread");
    let mut verified = 0;
    while store.commits() < before + 4 {
        vault.verify(issued.token.expose(), &Request::new()).expect("valid");
        verified += 1;
    }
    // A thread that is late makes fewer, never more.
    let written = store.commits() - before;
    let intervals = u64::try_from(begun.elapsed().as_millis() / 50).expect("small");
    assert!(written <= intervals, "more often than once an interval");
    vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    drop(flusher);
    let written = Vault::open(store, keys.only([1])).expect("vault").usage(issued.id).expect("read").expect("used");
    assert_eq!(written.verifications, verified + 1);
    let other = UsageFlusher::start(&vault).expect("a thread");
    drop(vault);
    drop(other);
}

#[test]
fn counts_of_eight_threads_and_other_vaults_add_up_exactly() {
    let scene = Scene::new(20);
    let (shared, flushing) = (scene.open([1]), AtomicU64::new(8));
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let (scene, shared, flushing) = (&scene, &shared, &flushing);
            scope.spawn(move || {
                // Four of them share a vault, four have one of their own as another process would.
                let own = scene.open([1]);
                let vault = if thread % 2 == 0 { shared } else { &own };
                for n in 0..500 {
                    vault.verify(scene.token((n * 7 + thread) % 20), &Request::new()).expect("valid");
                    vault.verify("nobody's", &Request::new()).expect_err("refused");
                    if n % 50 == 49 {
                        vault.flush_usage().expect("flushed");
                    }
                }
                flushing.fetch_sub(1, Ordering::Relaxed);
            });
        }
        scope.spawn(|| {
            while flushing.load(Ordering::Relaxed) > 0 {
                shared.flush_usage().expect("flushed");
            }
        });
    });
    drop(shared);
    let vault = scene.open([1]);
    let used: u64 =
        scene.issued.iter().map(|issued| vault.usage(issued.id).expect("read").expect("used").verifications).sum();
    assert_eq!(used, 8 * 500);
    assert_eq!(vault.usage_of_none().expect("read").expect("counted").refusals["unknown"], 8 * 500);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn a_flush_replaces_a_row_that_does_not_open() {
    let scene = Scene::new(2);
    let vault = scene.open([1]);
    scene.verify_each(&vault, 3);
    vault.flush_usage().expect("flushed");
    let rows = scene.usage_rows();
    scene.put_usage(&rows[0].0, &rows[1].1);
    scene.verify_each(&vault, 1);
    let flushed = vault.flush_usage().expect("flushed");
    assert_eq!((flushed.rows, flushed.replaced), (2, 1));
    let [first, second] = [0, 1].map(|at| vault.usage(id_of(&rows[at].0)).expect("read").expect("used").verifications);
    assert_eq!((first, second), (1, 4));
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn what_cannot_be_written_is_kept_and_counted_once() {
    let (store, keys) = (FaultyStore::default(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let request = Request::new().endpoint("/a");
    vault.verify(issued.token.expose(), &request).expect("valid");
    store.break_at(1, Moment::Before);
    vault.flush_usage().expect_err("the store is broken");
    assert!(store.mend());
    vault.verify(issued.token.expose(), &request).expect("valid");
    vault.flush_usage().expect("flushed");
    let used = vault.usage(issued.id).expect("read").expect("used");
    assert_eq!((used.verifications, used.endpoints["/a"]), (2, 2));
}

#[test]
fn a_commit_that_took_effect_and_failed_is_not_counted_twice() {
    let (store, keys) = (Late::default(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    store.fails.store(1, Ordering::Relaxed);
    vault.flush_usage().expect("it is there");
    vault.flush_usage().expect("nothing to do");
    assert_eq!(vault.usage(issued.id).expect("read").expect("used").verifications, 1);
}

#[test]
fn a_process_that_dies_loses_what_it_had_not_written_and_nothing_else() {
    let scene = Scene::new(5);
    let vault = scene.open([1]);
    scene.verify_each(&vault, 2);
    vault.flush_usage().expect("flushed");
    scene.verify_each(&vault, 1);
    // Nothing is dropped, as in a process that is killed.
    std::mem::forget(vault);
    let vault = scene.open([1]);
    scene.assert_each(&vault, 2);
    assert_eq!(vault.doctor(|_| ()).expect("doctor").symptoms, []);
}

#[test]
fn more_api_keys_than_are_kept_apart_are_counted_under_none() {
    let scene = Scene::new(10);
    let options = VaultOptions::new().usage(UsageOptions::new().max_keys(4));
    let vault = options.open(scene.store.clone(), scene.keys.only([1])).expect("vault");
    for _ in 0..3 {
        for issued in &scene.issued {
            vault.verify(issued.token.expose(), &Request::new().endpoint("/x")).expect("valid");
            vault.verify(issued.token.expose(), &Request::new().scope("none")).expect_err("refused");
        }
    }
    assert_eq!(vault.flush_usage().expect("flushed").rows, 5);
    scene.issued[..4].iter().for_each(|issued| {
        let usage = vault.usage(issued.id).expect("read").expect("used");
        assert_eq!((usage.verifications, usage.refusals["scope"]), (3, 3));
    });
    assert_eq!(vault.usage(scene.issued[4].id).expect("read"), None);
    let none = vault.usage_of_none().expect("read").expect("counted");
    assert_eq!((none.verifications, none.refusals["scope"], none.last_used_at), (18, 18, None));
    assert!(none.endpoints.is_empty());
    vault.verify(scene.token(9), &Request::new()).expect("valid");
    assert_eq!(vault.flush_usage().expect("flushed").rows, 1);
    assert_eq!(vault.usage(scene.issued[9].id).expect("read").expect("used").verifications, 1, "there is room again");
}

#[test]
fn endpoints_are_capped_over_flushes_as_well() {
    let scene = Scene::new(1);
    let vault = scene.open([1]);
    let endpoints: Vec<_> = (0..Usage::MAX_ENDPOINTS + 200).map(|number| format!("/{number}")).collect();
    for part in [&endpoints[..600], &endpoints[600..]] {
        for endpoint in part {
            vault.verify(scene.token(0), &Request::new().endpoint(endpoint)).expect("valid");
        }
        vault.flush_usage().expect("flushed");
    }
    let used = vault.usage(scene.issued[0].id).expect("read").expect("used");
    assert_eq!((used.endpoints.len(), used.other_endpoints, used.verifications), (Usage::MAX_ENDPOINTS, 200, 1_200));
    let token = scene.token(0).to_owned();
    vault.verify(&token, &Request::new().endpoint(format!("/v1/{token}"))).expect("valid");
    let used = vault.usage(scene.issued[0].id).expect("read").expect("used");
    assert_eq!(used.other_endpoints, 201, "a token is no endpoint");
    assert!(used.endpoints.keys().all(|endpoint| !endpoint.contains(&token)));
}

#[test]
fn a_verifier_counts_only_when_asked_writes_nothing_and_hands_over() {
    let (store, keys) = (Counting::default(), Keys::generate(1));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let text = vault.issue_verifier_key(version(1), &act()).expect("a verifier key").to_text();
    let keys = || VerifierKeys::parse(&format!("1:{}", text.expose())).expect("a list");
    let silent = Verifier::open(store.clone(), keys()).expect("verifier");
    silent.verify(issued.token.expose(), &Request::new()).expect("valid");
    assert_eq!(silent.take_usage(), []);
    let options = VaultOptions::new().usage(UsageOptions::new());
    let verifier = options.open_verifier(store.clone(), keys()).expect("verifier");
    let before = store.commits();
    verifier.verify(issued.token.expose(), &Request::new().endpoint("/a")).expect("valid");
    verifier.verify("nobody's", &Request::new()).expect_err("refused");
    let taken = verifier.take_usage();
    assert_eq!(taken.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [Some(issued.id), None]);
    assert_eq!(verifier.take_usage(), []);
    verifier.verify(issued.token.expose(), &Request::new()).expect("valid");
    drop(verifier);
    assert_eq!(store.commits(), before, "a verifier wrote");

    vault.add_usage(taken);
    vault.flush_usage().expect("flushed");
    let used = vault.usage(issued.id).expect("read").expect("used");
    assert_eq!((used.verifications, used.endpoints["/a"]), (1, 1));
    assert_eq!(vault.usage_of_none().expect("read").expect("counted").refusals["unknown"], 1);
    assert_eq!(silent.usage(issued.id).expect("read"), Some(used), "verifiers read what was written");
}

#[test]
fn nothing_is_counted_when_it_is_off() {
    let (store, keys) = (Counting::default(), Keys::generate(1));
    let options = VaultOptions::new().usage(UsageOptions::off());
    let vault = options.create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let before = store.commits();
    vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    vault.flush_usage().expect("nothing to do");
    assert_eq!(vault.usage(issued.id).expect("read"), None);
    drop(vault);
    assert_eq!(store.commits(), before);
}

#[test]
fn api_keys_are_listed_beside_their_uses_whatever_is_missing_between_them() {
    let scene = Scene::new(700);
    let vault = scene.open([1]);
    let used = |at: usize| at.is_multiple_of(3) || (200..330).contains(&at);
    for at in (0..700).filter(|at| used(*at)) {
        vault.verify(scene.token(at), &Request::new()).expect("valid");
    }
    vault.flush_usage().expect("flushed");
    // Rows of API keys that are not there lead nobody astray.
    for number in 0..120_u8 {
        scene.put_usage(&[number; 16], b"no row");
    }
    let listed = |query: &Query| -> Vec<(ApiKeyId, Option<Usage>)> {
        let lines = vault.list_usage(query).expect("listed").items.into_iter();
        lines.map(|line| (line.listed.id, line.usage.expect("readable"))).collect()
    };
    let all = listed(&Query::new().limit(usize::MAX));
    assert_eq!(all.len(), 700);
    for (at, (id, usage)) in all.iter().enumerate() {
        assert_eq!(*id, scene.issued[at].id);
        assert_eq!(usage.as_ref().map(|usage| usage.verifications), used(at).then_some(1), "{at}");
        assert_eq!(*usage, vault.usage(*id).expect("read"));
    }
    let page = Query::new().after(Cursor::after_api_key(scene.issued[299].id)).limit(40);
    assert_eq!(listed(&page), all[300..340]);
    assert_eq!(listed(&Query::new()).len(), 100);
    let behind = Query::new().after(Cursor::after_api_key(scene.issued[299].id)).limit(3);
    let ids: Vec<_> = vault.list_usage_all(&behind).map(|line| line.expect("listed").listed.id).collect();
    assert_eq!(ids, all[300..].iter().map(|(id, _)| *id).collect::<Vec<_>>());
}

#[test]
fn what_is_stored_says_nothing_without_the_keys() {
    let scene = Scene::new(1);
    let vault = scene.open([1]);
    let request = Request::new().address(address("203.0.113.77")).endpoint("/canary/endpoint");
    vault.verify(scene.token(0), &request).expect("valid");
    vault.verify(scene.token(0), &Request::new().scope("x")).expect_err("refused");
    vault.flush_usage().expect("flushed");
    let found = |needle: &[u8]| {
        scene.usage_rows().iter().any(|(_, row)| row.windows(needle.len()).any(|window| window == needle))
    };
    for needle in
        [&b"canary"[..], &[203, 0, 113, 77], b"scope", scene.token(0).as_bytes(), &scene.token(0).as_bytes()[29..60]]
    {
        assert!(!found(needle));
    }
    assert!(found(&[1, 1, 0, 0, 0, 0, 0, 1]), "the header is there");
}
