//! The suite for engines: our own keep every claim, and each claim catches an engine that breaks it.

use std::collections::{BTreeMap, BTreeSet};
#[cfg(feature = "sqlite")]
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

use crate::other_engine::ShelfGround;
use crate::support::between::{Between, Through};
use crate::support::shelf::{Fault, Shelf};
use strongroom::MemoryStore;
#[cfg(feature = "sqlite")]
use strongroom::store::BackupFormat;
#[cfg(feature = "sqlite")]
use strongroom::store::conformance::{Backups, Ground};
use strongroom::store::{
    Batch, CommitError, Effect, Expected, RotationClaim, Row, RowChange, Rows, Scrub, Store, StoreError, Table,
    conformance,
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
        let folder = Folder(tempfile::tempdir().expect("a temporary folder"));
        drop(strongroom::SqliteStore::create(folder.place("store.db")).expect("create"));
        folder
    });
}

#[cfg(feature = "sqlite")]
struct Folder(tempfile::TempDir);

#[cfg(feature = "sqlite")]
impl Ground for Folder {
    fn open(&self) -> Box<dyn Store> {
        self.open_at(&self.place("store.db")).expect("open")
    }

    fn backups(&self) -> Option<&dyn Backups> {
        Some(self)
    }
}

#[cfg(feature = "sqlite")]
impl Backups for Folder {
    fn place(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn format(&self) -> Box<dyn BackupFormat> {
        Box::new(strongroom::store::SqliteBackups::default())
    }

    fn open_at(&self, path: &Path) -> Result<Box<dyn Store>, StoreError> {
        Ok(Box::new(strongroom::SqliteStore::open(path)?))
    }
}

#[cfg(feature = "sqlite")]
#[test]
fn sqlite_scrubs_clean_grants_the_rotation_and_has_no_concerns() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = strongroom::SqliteStore::create(folder.path().join("store.db")).expect("create");
    assert_eq!(store.scrub().expect("scrub"), Scrub::Clean);
    assert!(matches!(store.claim_rotation().expect("claim"), RotationClaim::Granted(_)));
    assert_eq!(store.concerns().expect("concerns"), Vec::<String>::new());
}

#[test]
fn an_engine_that_cannot_tell_who_rotates_keeps_every_claim() {
    all_of::<Plain>();
}

#[test]
#[should_panic(expected = "the claim `checks_change_nothing` is broken")]
fn a_broken_claim_is_named() {
    all_of::<PassesOverChecks>();
}

#[test]
fn what_is_broken_is_said_with_the_case_and_with_what_depends_on_it() {
    let claim = conformance::claims().iter().find(|claim| claim.name() == "checks_change_nothing").expect("a claim");
    let broken = shared::<PassesOverChecks>(claim).expect_err("it breaks it");
    assert_eq!(
        broken.how,
        "check vault/\"k\" where nothing is expected: the engine committed it, the vault needs a conflict at [vault/\"k\"]"
    );
    assert!(broken.without.contains("seal under a generation"), "{}", broken.without);
}

#[test]
fn a_snapshot_of_two_moments_is_caught_each_time() {
    let claims = conformance::claims();
    let claim = claims.iter().find(|claim| claim.name() == "a_snapshot_never_shows_half_a_batch").expect("a claim");
    for _ in 0..20 {
        shared::<TableByTable>(claim).expect_err("each table at a moment of its own");
        shared::<TableWhenAsked>(claim).expect_err("each table at the moment of its first read");
        shared::<TwoHalves>(claim).expect_err("half of a batch");
    }
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
    claim.check(&|| store.clone())
}

fn separate<B: Between + Default>(claim: &conformance::Claim) -> Result<(), conformance::Broken> {
    let rows = MemoryStore::new();
    claim.check(&|| Through::<B>::over(&rows))
}

fn shelved(claim: &conformance::Claim, fault: Fault) -> Result<(), conformance::Broken> {
    claim.check(&ShelfGround::with(fault))
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
        ("a_whole_store_has_no_faults", shared::<AlwaysAiling>),
        ("backups_are_tried_where_there_are_any", |claim| claim.check(&|| Shelf::default().new_store())),
        ("a_backup_that_is_dropped_is_gone", |claim| shelved(claim, Fault::LeavesBackups)),
        ("a_backup_replaces_nothing", |claim| shelved(claim, Fault::Overwrites)),
        ("the_manifest_stands_only_in_the_backup", |claim| shelved(claim, Fault::MarksTheStore)),
        ("a_backup_is_no_store", |claim| shelved(claim, Fault::OpensBackups)),
        ("a_backup_is_only_read", |claim| shelved(claim, Fault::ChangesBackups)),
        ("watching_stops_a_copy", |claim| shelved(claim, Fault::NeverStops)),
        ("a_backup_holds_the_moment_of_its_copy", |claim| shelved(claim, Fault::CopiesTooEarly)),
        ("a_backup_never_holds_half_a_batch", |claim| shelved(claim, Fault::CopiesTwoMoments)),
        ("a_restored_store_has_the_rows_of_the_backup", |claim| shelved(claim, Fault::LosesUses)),
        ("a_restore_that_is_dropped_is_gone", |claim| shelved(claim, Fault::LeavesStores)),
    ])
}

/// An engine with what the trait demands, and no more.
#[derive(Default)]
struct Plain;

impl Between for Plain {
    fn claim_rotation(&self, _: &MemoryStore) -> Result<RotationClaim, StoreError> {
        Ok(RotationClaim::Unknown)
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
        let cut = |change: &RowChange| match &change.effect {
            Effect::Put(value) => Effect::Put(value[..value.len().min(65_535)].to_vec()),
            effect => effect.clone(),
        };
        rows.commit(&changed(batch, |change| {
            RowChange::new(change.table, change.key.clone(), change.expected.clone(), cut(change))
        }))
    }
}

#[derive(Default)]
struct OneTableForTwo;

impl Between for OneTableForTwo {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let table = |table| if table == Table::Usage { Table::Lookup } else { table };
        let moved = |change: &RowChange| {
            let expected = if change.table == Table::Usage {
                exactly(rows, table(change.table), &change.key)
            } else {
                change.expected.clone()
            };
            RowChange::new(table(change.table), change.key.clone(), expected, change.effect.clone())
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

/// A snapshot takes one table after the other.
#[derive(Default)]
struct TableByTable;

impl Between for TableByTable {
    fn snapshot<'r>(&self, rows: &'r MemoryStore) -> Result<Box<dyn Rows + 'r>, StoreError> {
        let copy = MemoryStore::new();
        for &table in Table::ALL {
            let put = |(key, value)| RowChange::new(table, key, Expected::Absent, Effect::Put(value));
            copy.commit(&of(rows.scan(table, None, usize::MAX)?.into_iter().map(put))).expect("it is empty");
        }
        Ok(Box::new(copy))
    }
}

/// A snapshot takes each table when it is first read.
#[derive(Default)]
struct TableWhenAsked;

impl Between for TableWhenAsked {
    fn snapshot<'r>(&self, rows: &'r MemoryStore) -> Result<Box<dyn Rows + 'r>, StoreError> {
        Ok(Box::new(WhenAsked { rows, taken: Mutex::default() }))
    }
}

struct WhenAsked<'r> {
    rows: &'r MemoryStore,
    taken: Mutex<BTreeMap<Table, Box<dyn Rows + Send + 'r>>>,
}

impl WhenAsked<'_> {
    fn at<T>(&self, table: Table, read: impl FnOnce(&dyn Rows) -> T) -> T {
        let mut taken = self.taken.lock().expect("nothing panics with it");
        let rows = taken.entry(table).or_insert_with(|| {
            let copy = MemoryStore::new();
            let put = |(key, value)| RowChange::new(table, key, Expected::Absent, Effect::Put(value));
            let rows = self.rows.scan(table, None, usize::MAX).expect("memory");
            copy.commit(&of(rows.into_iter().map(put))).expect("it is empty");
            Box::new(copy)
        });
        read(&**rows)
    }
}

impl Rows for WhenAsked<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        self.at(table, |rows| rows.get(table, key))
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, StoreError> {
        self.at(table, |rows| rows.at_or_after(table, key))
    }

    fn scan(&self, table: Table, after: Option<&[u8]>, limit: usize) -> Result<Vec<Row>, StoreError> {
        self.at(table, |rows| rows.scan(table, after, limit))
    }
}

#[derive(Default)]
struct GrantsAlways;

impl Between for GrantsAlways {
    fn claim_rotation(&self, _: &MemoryStore) -> Result<RotationClaim, StoreError> {
        Ok(RotationClaim::Granted(Box::new(())))
    }
}

#[derive(Default)]
struct LooksThenWrites;

impl Between for LooksThenWrites {
    fn commit(&self, rows: &MemoryStore, batch: &Batch) -> Result<(), CommitError> {
        let held =
            |change: &RowChange| change.expected.holds(rows.get(change.table, &change.key).expect("memory").as_deref());
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
    fn claim_rotation(&self, rows: &MemoryStore) -> Result<RotationClaim, StoreError> {
        if rows.get(Table::Vault, b"claimed")?.is_some() {
            return Ok(RotationClaim::Held);
        }
        thread::sleep(Duration::from_millis(1));
        let set = |rows: &MemoryStore, effect| {
            let expected = exactly(rows, Table::Vault, b"claimed");
            let _ = rows.commit(&of([RowChange::new(Table::Vault, *b"claimed", expected, effect)]));
        };
        set(rows, Effect::Put(vec![]));
        Ok(RotationClaim::Granted(Box::new(Given(rows.clone(), set))))
    }
}

struct Given(MemoryStore, fn(&MemoryStore, Effect));

impl Drop for Given {
    fn drop(&mut self) {
        (self.1)(&self.0, Effect::Delete);
    }
}

#[derive(Default)]
struct Remembers(Mutex<Remembered>);

/// What was read at a key.
type Remembered = BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>;

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
            let _ = rows.commit(&of([RowChange::new(Table::Usage, key, Expected::Exactly(value), Effect::Delete)]));
        }
        Ok(Scrub::Clean)
    }
}

#[derive(Default)]
struct AlwaysAiling;

impl Between for AlwaysAiling {
    fn check(&self, _: &MemoryStore) -> Result<Vec<String>, StoreError> {
        Ok(vec!["something is always wrong".into()])
    }
}

fn of(changes: impl IntoIterator<Item = RowChange>) -> Batch {
    changes.into_iter().collect()
}

fn changed(batch: &Batch, change: impl FnMut(&RowChange) -> RowChange) -> Batch {
    batch.changes().iter().map(change).collect()
}

fn expecting(batch: &Batch, expected: impl Fn(&RowChange) -> Expected) -> Batch {
    changed(batch, |change| RowChange::new(change.table, change.key.clone(), expected(change), change.effect.clone()))
}

/// What holds for the row as it is.
fn exactly(rows: &MemoryStore, table: Table, key: &[u8]) -> Expected {
    rows.get(table, key).expect("memory").map_or(Expected::Absent, Expected::Exactly)
}
