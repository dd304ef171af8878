//! Several at once: threads, and handles as other processes have them.

use std::sync::atomic::{AtomicU32, Ordering};

use super::answer::{Asked, Fault, View, conflicts, exactly, needs, put, putting, refused, same};
use super::ground::Ground;
use crate::store::{CommitError, Expected, RotationClaim, Store, StoreError, Table};

pub(super) fn the_rotation_is_claimed_by_one_at_a_time(ground: &dyn Ground) -> Asked {
    let (store, other) = (ground.open(), ground.open());
    if let RotationClaim::Unknown = store.claim_rotation()? {
        return answers("another handle, when the first cannot tell", &other.claim_rotation()?, "unknown");
    }
    for _ in 0..3 {
        let claim = store.claim_rotation()?;
        answers("nobody has the right", &claim, "granted")?;
        answers("this handle has the right", &store.claim_rotation()?, "held")?;
        answers("another handle has the right", &other.claim_rotation()?, "held")?;
        drop(claim);
        let claim = other.claim_rotation()?;
        answers("the right was given up", &claim, "granted")?;
        answers("another handle has the right", &store.claim_rotation()?, "held")?;
    }
    Ok(())
}

fn answers(case: &str, claim: &RotationClaim, needed: &str) -> Asked {
    let gave = match claim {
        RotationClaim::Granted(_) => "granted",
        RotationClaim::Held => "held",
        RotationClaim::Unknown => "unknown",
    };
    needs(gave == needed, || format!("{case}: the engine gave {gave}, the vault needs {needed}"))
}

pub(super) fn concurrent_claims_grant_one(ground: &dyn Ground) -> Asked {
    let (holders, granted, together) = (AtomicU32::new(0), AtomicU32::new(0), AtomicU32::new(0));
    let first = ground.open();
    if let RotationClaim::Unknown = first.claim_rotation()? {
        return Ok(());
    }
    let ask = || -> Result<(), StoreError> {
        let store = ground.open();
        for _ in 0..100 {
            if let RotationClaim::Granted(claim) = store.claim_rotation()? {
                together.fetch_max(holders.fetch_add(1, Ordering::SeqCst), Ordering::SeqCst);
                granted.fetch_add(1, Ordering::Relaxed);
                std::thread::yield_now();
                holders.fetch_sub(1, Ordering::SeqCst);
                drop(claim);
            }
        }
        Ok(())
    };
    at_once(4, |_| Ok(ask()?))?;
    let together = together.into_inner();
    needs(together == 0, || format!("the engine granted the right to {} at once, the vault needs one", together + 1))?;
    let granted = granted.into_inner();
    needs(granted >= 4, || format!("400 claims: the engine granted {granted}, the vault needs those that are free"))?;
    answers("the right was given up", &first.claim_rotation()?, "granted")
}

pub(super) fn concurrent_compare_and_swap_loses_nothing(ground: &dyn Ground) -> Asked {
    const THREADS: usize = 8;
    const EACH: usize = 25;
    let shared = ground.open();
    let handles: Vec<_> = (0..THREADS).map(|_| ground.open()).collect();
    put(&*shared, Table::Vault, b"counter", &0_u32.to_be_bytes(), Expected::Absent)?;
    at_once(THREADS, |at| {
        let store: &dyn Store = if at % 2 == 0 { &*shared } else { &*handles[at] };
        (0..EACH).try_for_each(|_| increment(store))
    })?;
    same("steps that were acknowledged", &counter(&*shared)?, &(THREADS * EACH))
}

fn increment(store: &dyn Store) -> Asked {
    loop {
        let old = store.get(Table::Vault, b"counter")?.unwrap_or_default();
        let next = number(&old)? + 1;
        match store.commit(&putting(Table::Vault, b"counter", &next.to_be_bytes(), Expected::Exactly(old))) {
            Ok(()) => return Ok(()),
            Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(Fault(format!("beside other writers the engine gave {}", refused(&error)))),
        }
    }
}

fn counter(store: &dyn Store) -> Result<usize, Fault> {
    Ok(number(&store.get(Table::Vault, b"counter")?.unwrap_or_default())? as usize)
}

fn number(value: &[u8]) -> Result<u32, Fault> {
    let bytes = value.try_into().map_err(|_| Fault(format!("the engine gave a counter of {} bytes", value.len())))?;
    Ok(u32::from_be_bytes(bytes))
}

pub(super) fn a_second_handle_sees_commits_and_conflicts(ground: &dyn Ground) -> Asked {
    let (first, second) = (ground.open(), ground.open());
    View { way: "in a second handle, before", rows: &second }.get(Table::Keys, b"k", None)?;
    put(&*first, Table::Keys, b"k", b"one", Expected::Absent)?;
    View { way: "in a second handle, after a commit", rows: &second }.get(Table::Keys, b"k", Some(b"one"))?;
    put(&*second, Table::Keys, b"k", b"two", exactly(b"one"))?;
    let late = putting(Table::Keys, b"k", b"three", exactly(b"one"));
    conflicts(&*first, &late, &[(Table::Keys, b"k")])?;
    let view = View { way: "in the first handle, after a commit by the second", rows: &first };
    view.get(Table::Keys, b"k", Some(b"two"))?;
    drop(second);
    View { way: "in the first handle, the second gone", rows: &first }.get(Table::Keys, b"k", Some(b"two"))
}

/// Several threads do the same; the first fault of any of them is the fault of all.
pub(super) fn at_once(threads: usize, work: impl Fn(usize) -> Asked + Sync) -> Asked {
    let work = &work;
    std::thread::scope(|scope| {
        let begun: Vec<_> = (0..threads).map(|at| scope.spawn(move || work(at))).collect();
        let ended: Vec<_> = begun.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        ended.into_iter().try_for_each(|ended| ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}
