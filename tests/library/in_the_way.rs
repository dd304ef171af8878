//! A row that stays in the way of every change is damage that is named, and never a reason to try again.

use crate::support::between::{Between, Through};
use crate::support::{Keys, act};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};
use strongroom::Request;
use strongroom::audit::AuditFault;
use strongroom::error::Detail;
use strongroom::rotation::RotateOptions;
use strongroom::store::{Batch, CommitError, Expected, Store, Table};
use strongroom::{Error, ErrorKind, MemoryStore, NewApiKey, Vault};

fn insert(store: &dyn Store, table: Table, key: &[u8], value: &[u8]) {
    let mut batch = Batch::new();
    batch.put(table, key, value, Expected::Absent);
    store.commit(&batch).expect("nothing is there");
}

/// Entries that somebody puts behind the end of the log: the next one, one further on, the last there can be, and none at all.
fn behind(seq: u64) -> Vec<Vec<u8>> {
    let far = [seq + 1, seq + 2, seq + 1_000, u64::MAX].map(|seq| seq.to_be_bytes().to_vec());
    far.into_iter().chain([[&(seq + 1).to_be_bytes()[..], b"more"].concat(), vec![0xff; 9]]).collect()
}

#[test]
fn an_audit_row_behind_the_head_is_tampering_that_names_the_row_for_every_act() {
    let seq = || {
        let (store, keys) = (MemoryStore::new(), Keys::generate(2));
        let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
        let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
        let last = vault.audit_entries(None, 100).expect("entries").items.last().expect("an entry").seq;
        let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
        (store, keys, vault, issued.id, last)
    };
    let (.., last) = seq();
    for (at, key) in behind(last).into_iter().enumerate() {
        let (store, keys, vault, id, last) = seq();
        insert(&store, Table::Audit, &key, b"{}");
        let named = |what: &str, error: Error| {
            assert_eq!(error.kind(), ErrorKind::Corrupt, "{at}: {what}: {error}");
            if key.len() != 8 {
                let Detail::Audit(AuditFault::NoEntry { seq }) = error.detail() else {
                    panic!("{at}: {what}: {error:?}")
                };
                assert!(*seq >= last, "{seq} {last}");
                return;
            }
            let Detail::Audit(AuditFault::End { found, expected }) = error.detail() else {
                panic!("{at}: {what}: {error:?}")
            };
            assert!(*expected >= last && (at > 0 || *expected == last), "{expected} {last}");
            let seq = <[u8; 8]>::try_from(key.as_slice()).map(u64::from_be_bytes).expect("eight bytes");
            assert_eq!(*found, seq, "{at}: {what}: {error}");
        };
        named("opening", Vault::open(store.clone(), keys.only([1])).map(drop).expect_err("tampered with"));
        let acts: [(&str, Result<(), Error>); 5] = [
            ("issue", vault.issue(&NewApiKey::new("n"), &act()).map(drop)),
            ("suspend", vault.suspend(id, &act()).map(drop)),
            ("recover", vault.recover(id, &act()).map(drop)),
            ("revoke", vault.revoke(id, &act()).map(drop)),
            ("rotate", vault.rotate(&RotateOptions::new(), &act(), |_| ()).map(drop)),
        ];
        for (what, done) in acts {
            // One that is not the next is met once the log has grown to it.
            match done {
                Err(error) => named(what, error),
                Ok(()) => assert!(at > 0, "{what} went past the next entry"),
            }
        }
    }
}

/// A medium on which what is read of some rows is never what a write meets, as in a tree that lost its order.
#[derive(Default)]
struct Torn {
    in_use: AtomicBool,
    commits: AtomicU32,
}

impl Between for Torn {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        self.commits.fetch_add(1, Ordering::Relaxed);
        let met = batch.changes().iter().filter(|change| {
            matches!(change.table, Table::Keys | Table::Usage) && matches!(change.expected, Expected::Exactly(_))
        });
        let met: Vec<_> = met.map(|change| (change.table, change.key.clone())).collect();
        if self.in_use.load(Ordering::Relaxed) && !met.is_empty() {
            return Err(CommitError::Conflict(met));
        }
        rows.commit(batch)
    }
}

#[test]
fn a_row_that_is_never_what_it_was_read_as_is_damage_and_not_contention() {
    let (store, keys) = (Through::<Torn>::default(), Keys::generate(2));
    let vault = Vault::create(store.clone(), keys.only([1]), &act()).expect("vault");
    let issued = vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    vault.verify(issued.token.expose(), &Request::new()).expect("valid");
    vault.flush_usage().expect("counted");
    let vault = Vault::open(store.clone(), keys.only([1, 2])).expect("vault");
    store.in_use.store(true, Ordering::Relaxed);
    let key = base16ct::lower::encode_string(&crate::support::past::row_key(issued.id));
    let error = vault.revoke(issued.id, &act()).expect_err("in the way");
    assert_eq!((error.kind(), error.is_retryable()), (ErrorKind::Corrupt, false), "{error}");
    assert!(error.to_string().contains("table keys") && error.to_string().contains(&key), "{error}");
    assert!(store.commits.load(Ordering::Relaxed) < 50, "it tried for long");
    // Whatever does not depend on that row goes on.
    vault.issue(&NewApiKey::new("n"), &act()).expect("issued");
    let error = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect_err("in the way");
    assert_eq!(error.kind(), ErrorKind::Corrupt, "{error}");
    assert!(error.to_string().contains("table usage"), "{error}");
    store.in_use.store(false, Ordering::Relaxed);
    // Its lease runs out after a few seconds.
    let begun = Instant::now();
    while let Err(error) = vault.rotate(&RotateOptions::new(), &act(), |_| ()) {
        assert!(error.is_retryable() && begun.elapsed() < Duration::from_secs(20), "{error}");
        std::thread::sleep(Duration::from_millis(200));
    }
}
