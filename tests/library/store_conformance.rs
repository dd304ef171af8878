//! The suite for engines: our own keep every claim, and each claim catches an engine that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::support::between::{Between, Through};
use strongroom::MemoryStore;
use strongroom::store::{
    Batch, Change, Claim, CommitError, Effect, Expected, Row, Rows, Scrub, Store, StoreError, Table, conformance,
};

#[test]
fn memory_keeps_every_claim() {
    conformance::all(|| {
        let store = MemoryStore::new();
        move || store.clone()
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_keeps_every_claim() {
    conformance::all(|| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("store.db");
        drop(strongroom::SqliteStore::create(&path).expect("create"));
        move || strongroom::SqliteStore::open(folder.path().join("store.db")).expect("open")
    });
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_scrubs_clean_grants_the_rotation_and_has_no_concerns() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = strongroom::SqliteStore::create(folder.path().join("store.db")).expect("create");
    assert_eq!(store.scrub().expect("scrub"), Scrub::Clean);
    assert!(matches!(store.claim_rotation().expect("claim"), Claim::Granted(_)));
    assert_eq!(store.concerns().expect("concerns"), Vec::<String>::new());
    assert!(store.scratch().expect("scratch").is_some());
}

#[test]
fn an_engine_that_cannot_tell_who_rotates_and_has_no_scratch_keeps_every_claim() {
    all_of::<Plain>();
}

#[test]
#[should_panic(expected = "the claim `checks_change_nothing` is broken")]
fn a_broken_claim_is_named() {
    all_of::<PassesOverChecks>();
}

#[test]
fn each_claim_catches_an_engine_that_breaks_it() {
    let caught = saboteurs();
    let names: BTreeSet<_> = conformance::claims().iter().map(conformance::Claim::name).collect();
    assert_eq!(names, caught.keys().copied().collect(), "each claim has one saboteur");
    for claim in conformance::claims() {
        let broken = caught[claim.name()](claim).expect_err(claim.name());
        assert_eq!(broken.claim, claim.name());
        assert!(!broken.how.is_empty() && broken.to_string().contains(claim.name()), "{broken}");
    }
}

fn all_of<B: Between + Default>() {
    conformance::all(|| {
        let store = Through::<B>::default();
        move || store.clone()
    });
}

type Sabotage = fn(&conformance::Claim) -> Result<(), conformance::Broken>;

/// Handles share what is between, or each has its own.
fn shared<B: Between + Default>(claim: &conformance::Claim) -> Result<(), conformance::Broken> {
    let store = Through::<B>::default();
    claim.check(&|| Box::new(store.clone()))
}

fn separate<B: Between + Default>(claim: &conformance::Claim) -> Result<(), conformance::Broken> {
    let rows = MemoryStore::new();
    claim.check(&|| Box::new(Through::<B>::over(&rows)))
}

fn saboteurs() -> BTreeMap<&'static str, Sabotage> {
    BTreeMap::from([
        ("an_empty_store_has_no_rows", shared::<NothingIsEmpty> as Sabotage),
        ("a_row_reads_as_it_was_written", shared::<CutsLongValues>),
        ("tables_do_not_share_rows", shared::<OneTableForTwo>),
        ("rows_are_ordered_by_their_bytes", shared::<ShortKeysFirst>),
        ("at_or_after_finds_the_row_or_the_next", shared::<OnlyAfter>),
        ("scans_page_through_every_row_once", shared::<PagesOverlap>),
        ("absent_holds_only_where_nothing_is", shared::<EmptyIsAbsent>),
        ("exactly_holds_only_for_the_same_bytes", shared::<CaseIsTheSame>),
        ("checks_change_nothing", shared::<PassesOverChecks>),
        ("deletes_say_what_they_expect", shared::<DeletesAnything>),
        ("one_broken_expectation_stops_the_whole_batch", shared::<OneByOne>),
        ("an_empty_batch_commits", shared::<RefusesEmpty>),
        ("a_large_batch_commits_whole", shared::<CutsBatches>),
        ("a_snapshot_is_unmoved_by_later_commits", shared::<MovingSnapshot>),
        ("a_snapshot_never_shows_half_a_batch", shared::<TwoHalves>),
        ("the_rotation_is_claimed_by_one_at_a_time", shared::<GrantsAlways>),
        ("concurrent_compare_and_swap_loses_nothing", shared::<LooksThenWrites>),
        ("concurrent_claims_grant_one", separate::<LooksThenGrants>),
        ("a_second_handle_sees_commits_and_conflicts", separate::<Remembers>),
        ("scrubbing_keeps_every_row", shared::<ScrubsTooMuch>),
        ("a_scratch_store_is_empty_and_apart", shared::<ScratchIsItself>),
        ("a_whole_store_has_no_faults", shared::<AlwaysAiling>),
    ])
}

/// An engine with what the trait demands, and no more.
#[derive(Default)]
struct Plain;

impl Between for Plain {
    fn claim_rotation(&self, _: &MemoryStore) -> Result<Claim, StoreError> {
        Ok(Claim::Unknown)
    }

    fn scratch(&self, _: &MemoryStore) -> Result<Option<Box<dyn Store>>, StoreError> {
        Ok(None)
    }

    fn scrub(&self, _: &MemoryStore) -> Result<Scrub, StoreError> {
        Ok(Scrub::BestEffort)
    }
}

#[derive(Default)]
struct NothingIsEmpty;

impl Between for NothingIsEmpty {
    fn get(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(Some(rows.get(table, key)?.unwrap_or_default()))
    }
}

#[derive(Default)]
struct CutsLongValues;

impl Between for CutsLongValues {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let cut = |change: &Change| match &change.effect {
            Effect::Put(value) => Effect::Put(value[..value.len().min(65_535)].to_vec()),
            effect => effect.clone(),
        };
        rows.commit(&changed(batch, |change| {
            Change::new(change.table, change.key.clone(), change.expected.clone(), cut(change))
        }))
    }
}

#[derive(Default)]
struct OneTableForTwo;

impl Between for OneTableForTwo {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let table = |table| if table == Table::Usage { Table::Lookup } else { table };
        let moved = |change: &Change| {
            let expected = if change.table == Table::Usage {
                exactly(rows, table(change.table), &change.key)
            } else {
                change.expected.clone()
            };
            Change::new(table(change.table), change.key.clone(), expected, change.effect.clone())
        };
        rows.commit(&changed(batch, moved))
    }

    fn get(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        rows.get(if table == Table::Usage { Table::Lookup } else { table }, key)
    }
}

#[derive(Default)]
struct ShortKeysFirst;

impl Between for ShortKeysFirst {
    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = rows.scan(table, after, limit)?;
        found.sort_by_key(|(key, _)| key.len());
        Ok(found)
    }
}

#[derive(Default)]
struct OnlyAfter;

impl Between for OnlyAfter {
    fn at_or_after(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        Ok(rows.scan(table, Some(key), 1)?.pop())
    }
}

#[derive(Default)]
struct PagesOverlap;

impl Between for PagesOverlap {
    fn scan(
        &self,
        rows: &MemoryStore,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, StoreError> {
        let mut found = rows.scan(table, after, limit)?;
        if let Some(after) = after
            && let Some(value) = rows.get(table, after)?
            && limit > 1
        {
            found.insert(0, (after.to_vec(), value));
            found.truncate(limit);
        }
        Ok(found)
    }
}

#[derive(Default)]
struct EmptyIsAbsent;

impl Between for EmptyIsAbsent {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        rows.commit(&expecting(batch, |change| match &change.expected {
            Expected::Absent if rows.get(change.table, &change.key).is_ok_and(|found| found == Some(vec![])) => {
                Expected::Exactly(vec![])
            }
            expected => expected.clone(),
        }))
    }
}

#[derive(Default)]
struct CaseIsTheSame;

impl Between for CaseIsTheSame {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        rows.commit(&expecting(batch, |change| match (&change.expected, rows.get(change.table, &change.key)) {
            (Expected::Exactly(bytes), Ok(Some(found))) if found.eq_ignore_ascii_case(bytes) => {
                Expected::Exactly(found)
            }
            (expected, _) => expected.clone(),
        }))
    }
}

#[derive(Default)]
struct PassesOverChecks;

impl Between for PassesOverChecks {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let mut batch = batch.clone();
        batch.retain(|change| change.effect != Effect::Check);
        rows.commit(&batch)
    }
}

#[derive(Default)]
struct DeletesAnything;

impl Between for DeletesAnything {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        rows.commit(&expecting(batch, |change| match change.effect {
            Effect::Delete => exactly(rows, change.table, &change.key),
            _ => change.expected.clone(),
        }))
    }
}

#[derive(Default)]
struct OneByOne;

impl Between for OneByOne {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let mut conflicts = vec![];
        for change in batch.changes() {
            match rows.commit(&of([change.clone()])) {
                Err(CommitError::Conflict(found)) => conflicts.extend(found),
                committed => committed?,
            }
        }
        if conflicts.is_empty() { Ok(()) } else { Err(CommitError::Conflict(conflicts)) }
    }
}

#[derive(Default)]
struct RefusesEmpty;

impl Between for RefusesEmpty {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        if batch.changes().is_empty() {
            return Err(StoreError::engine("there is nothing to commit").into());
        }
        rows.commit(batch)
    }
}

#[derive(Default)]
struct CutsBatches;

impl Between for CutsBatches {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let mut batch = batch.clone();
        batch.truncate(4_096);
        rows.commit(&batch)
    }
}

#[derive(Default)]
struct MovingSnapshot;

impl Between for MovingSnapshot {
    fn snapshot<'r>(&self, rows: &'r MemoryStore) -> Result<Box<dyn Rows + 'r>, StoreError> {
        Ok(Box::new(rows.clone()))
    }
}

#[derive(Default)]
struct TwoHalves;

impl Between for TwoHalves {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let (first, second) = batch.changes().split_at(batch.changes().len() / 2);
        rows.commit(&of(first.to_vec()))?;
        thread::sleep(Duration::from_millis(1));
        rows.commit(&of(second.to_vec()))
    }
}

#[derive(Default)]
struct GrantsAlways;

impl Between for GrantsAlways {
    fn claim_rotation(&self, _: &MemoryStore) -> Result<Claim, StoreError> {
        Ok(Claim::Granted(Box::new(())))
    }
}

#[derive(Default)]
struct LooksThenWrites;

impl Between for LooksThenWrites {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let held =
            |change: &Change| change.expected.holds(rows.get(change.table, &change.key).expect("memory").as_deref());
        if !batch.changes().iter().all(held) {
            return rows.commit(batch);
        }
        thread::sleep(Duration::from_millis(1));
        // Whatever is there by now.
        rows.commit(&expecting(batch, |change| exactly(rows, change.table, &change.key)))
    }
}

/// One mark in the rows for all handles: looked at, and set a moment later.
#[derive(Default)]
struct LooksThenGrants;

impl Between for LooksThenGrants {
    fn claim_rotation(&self, rows: &MemoryStore) -> Result<Claim, StoreError> {
        if rows.get(Table::Vault, b"claimed")?.is_some() {
            return Ok(Claim::Held);
        }
        thread::sleep(Duration::from_millis(1));
        let set = |rows: &MemoryStore, effect| {
            let expected = exactly(rows, Table::Vault, b"claimed");
            let _ = rows.commit(&of([Change::new(Table::Vault, *b"claimed", expected, effect)]));
        };
        set(rows, Effect::Put(vec![]));
        Ok(Claim::Granted(Box::new(Given(rows.clone(), set))))
    }
}

struct Given(MemoryStore, fn(&MemoryStore, Effect));

impl Drop for Given {
    fn drop(&mut self) {
        (self.1)(&self.0, Effect::Delete);
    }
}

#[derive(Default)]
struct Remembers(Mutex<BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>>);

impl Between for Remembers {
    fn get(&self, rows: &MemoryStore, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let mut remembered = self.0.lock().expect("nothing panics with it");
        let found = remembered.entry((table, key.to_vec())).or_insert(rows.get(table, key)?);
        Ok(found.clone())
    }
}

#[derive(Default)]
struct ScrubsTooMuch;

impl Between for ScrubsTooMuch {
    fn scrub(&self, rows: &MemoryStore) -> Result<Scrub, StoreError> {
        for (key, value) in rows.scan(Table::Usage, None, usize::MAX)? {
            let _ = rows.commit(&of([Change::new(Table::Usage, key, Expected::Exactly(value), Effect::Delete)]));
        }
        Ok(Scrub::Clean)
    }
}

#[derive(Default)]
struct ScratchIsItself;

impl Between for ScratchIsItself {
    fn scratch(&self, rows: &MemoryStore) -> Result<Option<Box<dyn Store>>, StoreError> {
        Ok(Some(Box::new(rows.clone())))
    }
}

#[derive(Default)]
struct AlwaysAiling;

impl Between for AlwaysAiling {
    fn check(&self, _: &MemoryStore) -> Result<Vec<String>, StoreError> {
        Ok(vec!["something is always wrong".into()])
    }
}

fn of(changes: impl IntoIterator<Item = Change>) -> Batch {
    changes.into_iter().collect()
}

fn changed(batch: &Batch, change: impl FnMut(&Change) -> Change) -> Batch {
    batch.changes().iter().map(change).collect()
}

fn expecting(batch: &Batch, expected: impl Fn(&Change) -> Expected) -> Batch {
    changed(batch, |change| Change::new(change.table, change.key.clone(), expected(change), change.effect.clone()))
}

/// What holds for the row as it is.
fn exactly(rows: &MemoryStore, table: Table, key: &[u8]) -> Expected {
    rows.get(table, key).expect("memory").map_or(Expected::Absent, Expected::Exactly)
}
