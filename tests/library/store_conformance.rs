//! What the vault relies on, asked of every engine in the same words.

use std::sync::atomic::{AtomicU32, Ordering};

use strongroom::MemoryStore;
use strongroom::store::{Batch, Claim, CommitError, Expected, Row, Rows, Scrub, Store, Table};

/// A fresh store, and another handle on the same rows.
trait Engine: Sync {
    type Store: Store;

    fn start() -> Self;
    fn store(&self) -> &Self::Store;
    fn second_handle(&self) -> Self::Store;
}

struct Memory(MemoryStore);

impl Engine for Memory {
    type Store = MemoryStore;

    fn start() -> Self {
        Self(MemoryStore::new())
    }

    fn store(&self) -> &MemoryStore {
        &self.0
    }

    fn second_handle(&self) -> MemoryStore {
        self.0.clone()
    }
}

#[cfg(feature = "sqlite")]
struct Sqlite {
    store: strongroom::SqliteStore,
    _folder: tempfile::TempDir,
}

#[cfg(feature = "sqlite")]
impl Engine for Sqlite {
    type Store = strongroom::SqliteStore;

    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let store = strongroom::SqliteStore::create(folder.path().join("store.db")).expect("create");
        Self { store, _folder: folder }
    }

    fn store(&self) -> &strongroom::SqliteStore {
        &self.store
    }

    fn second_handle(&self) -> strongroom::SqliteStore {
        strongroom::SqliteStore::open(self.store.path()).expect("open")
    }
}

macro_rules! conformance {
    ($($claim:ident),* $(,)?) => {
        mod memory {
            $(#[test]
            fn $claim() {
                super::$claim(&<super::Memory as super::Engine>::start());
            })*
        }

        #[cfg(feature = "sqlite")]
        mod sqlite {
            $(#[test]
            fn $claim() {
                super::$claim(&<super::Sqlite as super::Engine>::start());
            })*
        }
    };
}

conformance![
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
    the_rotation_is_claimed_by_one_at_a_time,
    concurrent_compare_and_swap_loses_nothing,
    concurrent_claims_grant_one,
    a_second_handle_sees_commits_and_conflicts,
    scrubbing_keeps_every_row,
];

fn an_empty_store_has_no_rows(engine: &impl Engine) {
    for rows in both_views(engine.store()) {
        for table in Table::ALL {
            assert_eq!(rows.get(table, b"key").expect("get"), None);
            assert_eq!(rows.at_or_after(table, &[0]).expect("at or after"), None);
            assert_eq!(rows.scan(table, None, 10).expect("scan"), []);
        }
    }
}

fn a_row_reads_as_it_was_written(engine: &impl Engine) {
    let store = engine.store();
    let (long_key, long_value) = (vec![0xab; 512], vec![0; 100_000]);
    let all_bytes: Vec<u8> = (0..=255).collect();
    let rows: [(&[u8], &[u8]); 5] =
        [(&[0], b""), (b"text", b"value"), (&all_bytes, &all_bytes), (&long_key, &long_value), (&[0xff; 16], &[0xff])];
    for (key, value) in rows {
        put(store, Table::Keys, key, value, Expected::Absent).expect("commit");
    }
    for view in both_views(store) {
        for (key, value) in rows {
            assert_eq!(view.get(Table::Keys, key).expect("get").as_deref(), Some(value));
        }
        assert_eq!(view.get(Table::Keys, b"tex").expect("get"), None);
        assert_eq!(view.get(Table::Keys, b"text\0").expect("get"), None);
    }
}

fn tables_do_not_share_rows(engine: &impl Engine) {
    let store = engine.store();
    for table in Table::ALL {
        put(store, table, b"key", table.name().as_bytes(), Expected::Absent).expect("commit");
    }
    for table in Table::ALL {
        assert_eq!(store.get(table, b"key").expect("get").as_deref(), Some(table.name().as_bytes()));
        assert_eq!(store.scan(table, None, 10).expect("scan").len(), 1);
    }
}

fn rows_are_ordered_by_their_bytes(engine: &impl Engine) {
    let store = engine.store();
    let ordered: [&[u8]; 11] =
        [&[0], &[0, 0], &[0, 1], b"A", b"a", b"a\0", b"ab", b"b", &[0x7f, 0xff], &[0x80], &[0xff, 0xff]];
    for at in [3, 9, 0, 10, 5, 1, 8, 2, 7, 4, 6] {
        put(store, Table::Keys, ordered[at], &[1], Expected::Absent).expect("commit");
    }
    for view in both_views(store) {
        let rows = view.scan(Table::Keys, None, 100).expect("scan");
        assert_eq!(keys(&rows), ordered);
    }
}

fn at_or_after_finds_the_row_or_the_next(engine: &impl Engine) {
    let store = engine.store();
    for key in [b"b", b"d"] {
        put(store, Table::Keys, key, &[key[0], 1], Expected::Absent).expect("commit");
    }
    put(store, Table::Lookup, b"z", b"another table", Expected::Absent).expect("commit");
    let cases: [(&[u8], Option<&[u8]>); 8] = [
        (b"", Some(b"b")),
        (b"a", Some(b"b")),
        (b"b", Some(b"b")),
        (b"b\0", Some(b"d")),
        (b"c", Some(b"d")),
        (b"d", Some(b"d")),
        (b"d\0", None),
        (b"e", None),
    ];
    for view in both_views(store) {
        for (key, expected) in cases {
            let found = view.at_or_after(Table::Keys, key).expect("at or after");
            assert_eq!(found, expected.map(|key| (key.to_vec(), vec![key[0], 1])), "{key:?}");
        }
    }
}

fn scans_page_through_every_row_once(engine: &impl Engine) {
    let store = engine.store();
    let all: Vec<_> = (0..100_u8).map(|at| vec![at, 7]).collect();
    let mut batch = Batch::new();
    for key in &all {
        batch.put(Table::Audit, key.as_slice(), key.as_slice(), Expected::Absent);
    }
    store.commit(&batch).expect("commit");
    for view in both_views(store) {
        for limit in [1, 7, 99, 100, 101, usize::MAX] {
            let mut seen: Vec<Row> = vec![];
            loop {
                let after = seen.last().map(|(key, _)| key.clone());
                let page = view.scan(Table::Audit, after.as_deref(), limit).expect("scan");
                assert!(page.len() <= limit);
                assert!(seen.len() + page.len() <= all.len(), "pages overlap");
                if page.is_empty() {
                    break;
                }
                seen.extend(page);
            }
            assert_eq!(keys(&seen), all, "pages of {limit}");
            assert!(seen.iter().all(|(key, value)| key == value));
        }
        assert_eq!(view.scan(Table::Audit, None, 0).expect("scan"), []);
        // What a scan goes on from need not be there.
        assert_eq!(keys(&view.scan(Table::Audit, Some(&[4, 8]), 1).expect("scan")), [[5, 7]]);
        assert_eq!(view.scan(Table::Audit, Some(&[99, 7]), 1).expect("scan"), []);
    }
}

fn absent_holds_only_where_nothing_is(engine: &impl Engine) {
    let store = engine.store();
    put(store, Table::Keys, b"k", b"", Expected::Absent).expect("nothing is there");
    for value in [b"".as_slice(), b"new"] {
        conflicts(put(store, Table::Keys, b"k", value, Expected::Absent), &[(Table::Keys, b"k")]);
    }
    assert_eq!(store.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"".as_slice()));
}

fn exactly_holds_only_for_the_same_bytes(engine: &impl Engine) {
    let store = engine.store();
    conflicts(put(store, Table::Keys, b"k", b"new", exactly(b"")), &[(Table::Keys, b"k")]);
    assert_eq!(store.get(Table::Keys, b"k").expect("get"), None, "a replacement makes no row");
    put(store, Table::Keys, b"k", b"value", Expected::Absent).expect("nothing is there");
    for wrong in [b"".as_slice(), b"valuE", b"valu", b"value\0", b"VALUE"] {
        conflicts(put(store, Table::Keys, b"k", b"new", exactly(wrong)), &[(Table::Keys, b"k")]);
    }
    assert_eq!(store.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"value".as_slice()));
    put(store, Table::Keys, b"k", b"new", exactly(b"value")).expect("the same bytes");
    assert_eq!(store.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"new".as_slice()));
    conflicts(put(store, Table::Keys, b"k", b"newer", exactly(b"value")), &[(Table::Keys, b"k")]);
}

fn checks_change_nothing(engine: &impl Engine) {
    let store = engine.store();
    put(store, Table::Vault, b"k", b"value", Expected::Absent).expect("nothing is there");
    let mut batch = Batch::new();
    batch.check(Table::Vault, *b"k", exactly(b"value"));
    batch.check(Table::Vault, *b"other", Expected::Absent);
    store.commit(&batch).expect("both hold");
    assert_eq!(store.scan(Table::Vault, None, 10).expect("scan"), [(b"k".to_vec(), b"value".to_vec())]);
    for (key, expected) in
        [(b"k", Expected::Absent), (b"k", exactly(b"other")), (b"x", exactly(b"value")), (b"x", exactly(b""))]
    {
        let mut batch = Batch::new();
        batch.check(Table::Vault, *key, expected);
        conflicts(store.commit(&batch), &[(Table::Vault, key)]);
    }
}

fn deletes_say_what_they_expect(engine: &impl Engine) {
    let store = engine.store();
    let delete = |key: &[u8], expected| {
        let mut batch = Batch::new();
        batch.delete(Table::Lookup, key, expected);
        store.commit(&batch)
    };
    put(store, Table::Lookup, b"k", b"value", Expected::Absent).expect("nothing is there");
    conflicts(delete(b"k", exactly(b"other")), &[(Table::Lookup, b"k")]);
    conflicts(delete(b"k", Expected::Absent), &[(Table::Lookup, b"k")]);
    conflicts(delete(b"x", exactly(b"value")), &[(Table::Lookup, b"x")]);
    delete(b"x", Expected::Absent).expect("it is absent");
    assert_eq!(store.scan(Table::Lookup, None, 10).expect("scan").len(), 1);
    delete(b"k", exactly(b"value")).expect("the same bytes");
    assert_eq!(store.scan(Table::Lookup, None, 10).expect("scan"), []);
    put(store, Table::Lookup, b"k", b"again", Expected::Absent).expect("it is gone");
}

fn one_broken_expectation_stops_the_whole_batch(engine: &impl Engine) {
    let store = engine.store();
    for key in [b"a", b"b", b"c"] {
        put(store, Table::Keys, key, key, Expected::Absent).expect("nothing is there");
    }
    let before: Vec<_> = Table::ALL.iter().map(|table| store.scan(*table, None, 100).expect("scan")).collect();
    let mut batch = Batch::new();
    batch.put(Table::Keys, *b"a", *b"changed", exactly(b"a"));
    batch.put(Table::Audit, *b"new", *b"entry", Expected::Absent);
    batch.delete(Table::Keys, *b"b", exactly(b"b"));
    let whole = batch.clone();
    batch.put(Table::Keys, *b"c", *b"changed", exactly(b"not c"));
    batch.check(Table::Vault, *b"keyring", exactly(b"fence"));
    batch.put(Table::Lookup, *b"new", *b"row", Expected::Absent);
    batch.delete(Table::Keys, *b"d", exactly(b"d"));
    let broken: [(Table, &[u8]); 3] = [(Table::Keys, b"c"), (Table::Vault, b"keyring"), (Table::Keys, b"d")];
    conflicts(store.commit(&batch), &broken);
    let after: Vec<_> = Table::ALL.iter().map(|table| store.scan(*table, None, 100).expect("scan")).collect();
    assert_eq!(before, after, "nothing of it happened");
    store.commit(&whole).expect("the rest of it would have");
    assert_eq!(keys(&store.scan(Table::Keys, None, 100).expect("scan")), [b"a", b"c"]);
}

fn an_empty_batch_commits(engine: &impl Engine) {
    engine.store().commit(&Batch::new()).expect("nothing can conflict");
}

fn a_large_batch_commits_whole(engine: &impl Engine) {
    let store = engine.store();
    let mut batch = Batch::new();
    for at in 0..5_000_u32 {
        batch.put(Table::Keys, at.to_be_bytes(), [7; 300], Expected::Absent);
    }
    store.commit(&batch).expect("commit");
    assert_eq!(store.scan(Table::Keys, None, usize::MAX).expect("scan").len(), 5_000);
    // The same again: every row conflicts, and every one is named.
    match store.commit(&batch) {
        Err(CommitError::Conflict(named)) => assert_eq!(named.len(), 5_000),
        other => panic!("{other:?}"),
    }
}

fn a_snapshot_is_unmoved_by_later_commits(engine: &impl Engine) {
    let store = engine.store();
    put(store, Table::Keys, b"a", b"old", Expected::Absent).expect("commit");
    put(store, Table::Keys, b"b", b"old", Expected::Absent).expect("commit");
    let snapshot = store.snapshot().expect("snapshot");
    let mut batch = Batch::new();
    batch.put(Table::Keys, *b"a", *b"new", exactly(b"old"));
    batch.delete(Table::Keys, *b"b", exactly(b"old"));
    batch.put(Table::Keys, *b"c", *b"new", Expected::Absent);
    batch.put(Table::Audit, *b"a", *b"new", Expected::Absent);
    store.commit(&batch).expect("a reader does not hinder a writer");
    let later = store.snapshot().expect("snapshot");
    for _ in 0..2 {
        assert_eq!(snapshot.get(Table::Keys, b"a").expect("get").as_deref(), Some(b"old".as_slice()));
        assert_eq!(keys(&snapshot.scan(Table::Keys, None, 10).expect("scan")), [b"a", b"b"]);
        assert_eq!(snapshot.at_or_after(Table::Keys, b"c").expect("at or after"), None);
        assert_eq!(snapshot.scan(Table::Audit, None, 10).expect("scan"), [], "of every table one moment");
        assert_eq!(keys(&later.scan(Table::Keys, None, 10).expect("scan")), [b"a", b"c"]);
    }
    drop(snapshot);
    assert_eq!(store.get(Table::Keys, b"b").expect("get"), None);
    drop(later);
    put(store, Table::Keys, b"d", b"new", Expected::Absent).expect("commit");
    assert_eq!(store.snapshot().expect("snapshot").scan(Table::Keys, None, 10).expect("scan").len(), 3);
}

fn the_rotation_is_claimed_by_one_at_a_time(engine: &impl Engine) {
    let (store, other) = (engine.store(), engine.second_handle());
    for _ in 0..3 {
        let claim = store.claim_rotation().expect("claim");
        assert!(matches!(claim, Claim::Granted(_)));
        assert!(matches!(store.claim_rotation().expect("claim"), Claim::Held));
        assert!(matches!(other.claim_rotation().expect("claim"), Claim::Held));
        drop(claim);
        let claim = other.claim_rotation().expect("claim");
        assert!(matches!(claim, Claim::Granted(_)), "it was given up");
        assert!(matches!(store.claim_rotation().expect("claim"), Claim::Held));
    }
}

fn concurrent_compare_and_swap_loses_nothing(engine: &impl Engine) {
    const THREADS: u32 = 8;
    const EACH: u32 = 25;
    let handles: Vec<_> = (0..THREADS).map(|_| engine.second_handle()).collect();
    put(engine.store(), Table::Vault, b"counter", &0_u32.to_be_bytes(), Expected::Absent).expect("commit");
    std::thread::scope(|scope| {
        for (at, own) in (0..THREADS).zip(&handles) {
            // Half of them share a handle, half have their own.
            let store: &dyn Store = if at % 2 == 0 { engine.store() } else { own };
            scope.spawn(move || (0..EACH).for_each(|_| increment(store)));
        }
    });
    assert_eq!(counter(engine.store()), THREADS * EACH);
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

fn concurrent_claims_grant_one(engine: &impl Engine) {
    let holders = AtomicU32::new(0);
    let granted = AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let store = engine.second_handle();
                for _ in 0..100 {
                    if let Claim::Granted(claim) = store.claim_rotation().expect("claim") {
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
    assert!(granted.into_inner() >= 4);
    assert!(matches!(engine.store().claim_rotation().expect("claim"), Claim::Granted(_)));
}

fn a_second_handle_sees_commits_and_conflicts(engine: &impl Engine) {
    let (first, second) = (engine.store(), engine.second_handle());
    put(first, Table::Keys, b"k", b"one", Expected::Absent).expect("commit");
    assert_eq!(second.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"one".as_slice()));
    put(&second, Table::Keys, b"k", b"two", exactly(b"one")).expect("commit");
    conflicts(put(first, Table::Keys, b"k", b"three", exactly(b"one")), &[(Table::Keys, b"k")]);
    assert_eq!(first.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"two".as_slice()));
    drop(second);
    assert_eq!(first.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"two".as_slice()));
}

fn scrubbing_keeps_every_row(engine: &impl Engine) {
    let store = engine.store();
    put(store, Table::Keys, b"k", b"old", Expected::Absent).expect("commit");
    put(store, Table::Keys, b"k", b"new", exactly(b"old")).expect("commit");
    let answer = store.scrub().expect("scrub");
    assert!(matches!(answer, Scrub::Clean | Scrub::Unsupported), "{answer:?}");
    assert_eq!(store.scan(Table::Keys, None, 10).expect("scan"), [(b"k".to_vec(), b"new".to_vec())]);
    assert_eq!(store.concerns().expect("concerns"), Vec::<String>::new());
}

/// The store, and a snapshot of it: both answer the same.
fn both_views(store: &dyn Store) -> [Box<dyn Rows + '_>; 2] {
    [Box::new(Direct(store)), store.snapshot().expect("snapshot")]
}

struct Direct<'s>(&'s dyn Store);

impl Rows for Direct<'_> {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, strongroom::store::StoreError> {
        self.0.get(table, key)
    }

    fn at_or_after(&self, table: Table, key: &[u8]) -> Result<Option<Row>, strongroom::store::StoreError> {
        self.0.at_or_after(table, key)
    }

    fn scan(
        &self,
        table: Table,
        after: Option<&[u8]>,
        limit: usize,
    ) -> Result<Vec<Row>, strongroom::store::StoreError> {
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
    let Err(CommitError::Conflict(found)) = committed else { panic!("{committed:?}") };
    let expected: Vec<_> = expected.iter().map(|(table, key)| (*table, key.as_ref().to_vec())).collect();
    assert_eq!(found, expected);
}

fn keys(rows: &[Row]) -> Vec<&[u8]> {
    rows.iter().map(|(key, _)| key.as_slice()).collect()
}
