//! What the vault requires of every engine, as a suite that an engine's own tests run (feature `conformance`).
//!
//! [`all`] takes a closure that makes a new, empty store and gives another that opens handles on it, as another
//! connection or another process would:
//!
//! ```
//! use strongroom::MemoryStore;
//! use strongroom::store::conformance;
//!
//! // In a test of the engine's own package.
//! conformance::all(|| {
//!     let store = MemoryStore::new();
//!     move || store.clone()
//! });
//! ```
//!
//! An engine with files keeps its folder in the inner closure, so that it lives as long as the handles:
//!
//! ```no_run
//! # use strongroom::store::conformance;
//! # fn folder() -> std::path::PathBuf { std::env::temp_dir() }
//! # #[cfg(feature = "sqlite")]
//! conformance::all(|| {
//!     let path = folder().join("store.db");
//!     strongroom::SqliteStore::create(&path).expect("a new store");
//!     move || strongroom::SqliteStore::open(&path).expect("another handle")
//! });
//! ```
//!
//! Each claim is a function of its own, and its documentation says what breaks in a vault whose engine does not keep it.
//! A claim that is broken names itself. What an engine need not have (claims of rotations, places to measure on) is asked only
//! of those that have it.
//!
//! What no test of this kind can see is left to the engine: that a commit which returned survives a power loss, and how far
//! [`Store::scrub`] reaches.

mod commits;
mod handles;
mod rows;
mod views;

use std::any::Any;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{Batch, CommitError, Expected, Row, Rows, Store, StoreError, Table};

pub use commits::{
    a_large_batch_commits_whole, absent_holds_only_where_nothing_is, an_empty_batch_commits, checks_change_nothing,
    deletes_say_what_they_expect, exactly_holds_only_for_the_same_bytes, one_broken_expectation_stops_the_whole_batch,
};
pub use handles::{
    a_second_handle_sees_commits_and_conflicts, concurrent_claims_grant_one, concurrent_compare_and_swap_loses_nothing,
    the_rotation_is_claimed_by_one_at_a_time,
};
pub use rows::{
    a_row_reads_as_it_was_written, an_empty_store_has_no_rows, at_or_after_finds_the_row_or_the_next,
    rows_are_ordered_by_their_bytes, scans_page_through_every_row_once, tables_do_not_share_rows,
};
pub use views::{
    a_scratch_store_is_empty_and_apart, a_snapshot_is_unmoved_by_later_commits, a_snapshot_never_shows_half_a_batch,
    a_whole_store_has_no_faults, scrubbing_keeps_every_row,
};

/// Opens handles on one store: the first one and every other.
pub type Open<'o> = dyn Fn() -> Box<dyn Store> + Sync + 'o;

/// Asks every claim of an engine, each on a store of its own, and panics with the names of those it breaks.
///
/// `make` makes a new, empty store, and gives what opens handles on it.
pub fn all<S: Store + 'static, O: Fn() -> S + Sync>(make: impl Fn() -> O) {
    refuse_broken(claims().iter().filter_map(|claim| {
        let open = make();
        claim.check(&|| Box::new(open())).err()
    }));
}

/// Every claim, for an engine that wants to ask one by one.
pub fn claims() -> &'static [Claim] {
    CLAIMS
}

/// One thing that the vault requires.
#[derive(Clone, Copy)]
pub struct Claim {
    name: &'static str,
    ask: fn(&Open<'_>),
}

impl Claim {
    /// What it says, as the name of its function.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Asks it of the store that `open` opens, which must be new and empty.
    pub fn check(&self, open: &Open<'_>) -> Result<(), Broken> {
        kept(self.name, || (self.ask)(open))
    }
}

/// A claim that an engine breaks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the claim `{claim}` is broken: {how}")]
#[non_exhaustive]
pub struct Broken {
    /// Its name.
    pub claim: &'static str,
    /// What was found instead.
    pub how: String,
}

fn kept(claim: &'static str, ask: impl FnOnce()) -> Result<(), Broken> {
    catch_unwind(AssertUnwindSafe(ask)).map_err(|panic| Broken { claim, how: said(&*panic) })
}

fn refuse_broken(broken: impl Iterator<Item = Broken>) {
    let broken: Vec<_> = broken.map(|broken| broken.to_string()).collect();
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(ToString::to_string);
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "it panicked".into())
}

/// The store, and a snapshot of it: both answer the same.
fn both_views(store: &dyn Store) -> [Box<dyn Rows + '_>; 2] {
    [Box::new(Direct(store)), store.snapshot().expect("snapshot")]
}

struct Direct<'s>(&'s dyn Store);

impl Rows for Direct<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.0.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.0.at_or_after(table, key)
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.0.scan(table, after, limit)
    }
}

fn put(store: &dyn Store, table: Table, key: &[u8], value: &[u8], expected: Expected) -> Result<(), CommitError> {
    let mut batch = Batch::new();
    batch.put(table, key, value, expected);
    store.commit(&batch)
}

fn exactly(bytes: &[u8]) -> Expected {
    Expected::Exactly(bytes.to_vec())
}

fn conflicts<K: AsRef<[u8]>>(committed: Result<(), CommitError>, expected: &[(Table, K)]) {
    let Err(CommitError::Conflict(mut found)) = committed else { panic!("no conflict, but {committed:?}") };
    let mut expected: Vec<_> = expected.iter().map(|(table, key)| (*table, key.as_ref().to_vec())).collect();
    (found.sort(), expected.sort());
    assert_eq!(found, expected, "not the rows that conflict");
}

fn keys(rows: &[Row]) -> Vec<&[u8]> {
    rows.iter().map(|(key, _)| key.as_slice()).collect()
}

impl fmt::Debug for Claim {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name)
    }
}

macro_rules! named {
    ($($claim:ident),* $(,)?) => { &[$(Claim { name: stringify!($claim), ask: $claim }),*] };
}

const CLAIMS: &[Claim] = named![
    an_empty_store_has_no_rows,
    a_row_reads_as_it_was_written,
    tables_do_not_share_rows,
    rows_are_ordered_by_their_bytes,
    at_or_after_finds_the_row_or_the_next,
    scans_page_through_every_row_once,
    absent_holds_only_where_nothing_is,
    exactly_holds_only_for_the_same_bytes,
    checks_change_nothing,
    deletes_say_what_they_expect,
    one_broken_expectation_stops_the_whole_batch,
    an_empty_batch_commits,
    a_large_batch_commits_whole,
    a_snapshot_is_unmoved_by_later_commits,
    a_snapshot_never_shows_half_a_batch,
    the_rotation_is_claimed_by_one_at_a_time,
    concurrent_compare_and_swap_loses_nothing,
    concurrent_claims_grant_one,
    a_second_handle_sees_commits_and_conflicts,
    scrubbing_keeps_every_row,
    a_scratch_store_is_empty_and_apart,
    a_whole_store_has_no_faults,
];
