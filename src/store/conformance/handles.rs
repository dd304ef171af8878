//! Several at once: threads, and handles as other processes have them.

use std::sync::atomic::{AtomicU32, Ordering};

use super::{Open, conflicts, exactly, put};
use crate::store::{self, CommitError, Expected, Store, Table};

/// The right to rotate is one holder's at a time, whichever handle asks, and free again once it is dropped. Two rotations at once
/// hold each other up. An engine that cannot tell answers `Unknown` each time.
pub fn the_rotation_is_claimed_by_one_at_a_time(open: &Open<'_>) {
    let (store, other) = (open(), open());
    let ask = |store: &dyn Store| store.claim_rotation().expect("claim");
    if let store::Claim::Unknown = ask(&*store) {
        assert!(matches!(ask(&*other), store::Claim::Unknown), "it cannot tell, and then it can");
        return;
    }
    for _ in 0..3 {
        let claim = ask(&*store);
        assert!(matches!(claim, store::Claim::Granted(_)), "nobody has it");
        assert!(matches!(ask(&*store), store::Claim::Held), "granted twice");
        assert!(matches!(ask(&*other), store::Claim::Held), "granted twice, by two handles");
        drop(claim);
        let claim = ask(&*other);
        assert!(matches!(claim, store::Claim::Granted(_)), "it was given up");
        assert!(matches!(ask(&*store), store::Claim::Held), "granted twice");
    }
}

/// Of those who ask at the same moment, one at most is granted it.
pub fn concurrent_claims_grant_one(open: &Open<'_>) {
    let (holders, granted) = (AtomicU32::new(0), AtomicU32::new(0));
    let first = open();
    if let store::Claim::Unknown = first.claim_rotation().expect("claim") {
        return;
    }
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = open();
                for _ in 0..100 {
                    if let store::Claim::Granted(claim) = store.claim_rotation().expect("claim") {
                        assert_eq!(holders.fetch_add(1, Ordering::SeqCst), 0, "two hold it");
                        granted.fetch_add(1, Ordering::Relaxed);
                        std::thread::yield_now();
                        holders.fetch_sub(1, Ordering::SeqCst);
                        drop(claim);
                    }
                }
            });
        }
    });
    assert!(granted.into_inner() >= 4, "hardly ever granted");
    assert!(matches!(first.claim_rotation().expect("claim"), store::Claim::Granted(_)), "it was given up");
}

/// Eight threads, half of them on one handle, count one row up: every step that was acknowledged is there. It is how two
/// writers of one vault come past each other.
pub fn concurrent_compare_and_swap_loses_nothing(open: &Open<'_>) {
    const THREADS: u32 = 8;
    const EACH: u32 = 25;
    let shared = open();
    let handles: Vec<_> = (0..THREADS).map(|_| open()).collect();
    put(&*shared, Table::Vault, b"counter", &0_u32.to_be_bytes(), Expected::Absent).expect("commit");
    std::thread::scope(|scope| {
        for (at, own) in (0..THREADS).zip(&handles) {
            let store: &dyn Store = if at % 2 == 0 { &*shared } else { &**own };
            scope.spawn(move || (0..EACH).for_each(|_| increment(store)));
        }
    });
    assert_eq!(counter(&*shared), THREADS * EACH, "steps were lost");
}

fn increment(store: &dyn Store) {
    loop {
        let before = counter(store);
        match put(store, Table::Vault, b"counter", &(before + 1).to_be_bytes(), exactly(&before.to_be_bytes())) {
            Ok(()) => return,
            Err(CommitError::Conflict(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
}

fn counter(store: &dyn Store) -> u32 {
    let bytes = store.get(Table::Vault, b"counter").expect("get").expect("a counter");
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}

/// What one handle commits, another sees at once and conflicts with; and a handle that is dropped takes nothing with it. The
/// program works beside a live service: a revocation that another process sees later is none.
pub fn a_second_handle_sees_commits_and_conflicts(open: &Open<'_>) {
    let (first, second) = (open(), open());
    assert_eq!(second.get(Table::Keys, b"k").expect("get"), None);
    put(&*first, Table::Keys, b"k", b"one", Expected::Absent).expect("commit");
    assert_eq!(second.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"one".as_slice()));
    put(&*second, Table::Keys, b"k", b"two", exactly(b"one")).expect("commit");
    conflicts(put(&*first, Table::Keys, b"k", b"three", exactly(b"one")), &[(Table::Keys, b"k")]);
    assert_eq!(first.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"two".as_slice()));
    drop(second);
    assert_eq!(first.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"two".as_slice()));
}
