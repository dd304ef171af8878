//! Views of one moment, and what an engine does besides reading and writing.

use super::{Open, exactly, keys, put};
use crate::store::{Batch, Expected, Store, Table};

/// A snapshot stays at its moment, in every table, while others commit; and it holds up no writer. The doctor and the audit
/// check compare rows with each other while a rotation moves them.
pub fn a_snapshot_is_unmoved_by_later_commits(open: &Open<'_>) {
    let store = &*open();
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

/// Whenever a snapshot is taken, it holds all of a batch or nothing of it. A record whose audit entry is not there yet would be
/// reported as tampered with.
pub fn a_snapshot_never_shows_half_a_batch(open: &Open<'_>) {
    const COMMITS: u32 = 50;
    let (writer, reader, mut whole) = (open(), open(), true);
    let commit = |number: u32, expected: fn(u32) -> Expected| {
        let mut batch = Batch::new();
        for table in Table::ALL {
            batch.put(table, *b"number", number.to_be_bytes(), expected(number));
        }
        writer.commit(&batch).expect("nobody else writes");
    };
    commit(0, |_| Expected::Absent);
    std::thread::scope(|scope| {
        let writing = scope
            .spawn(|| (1..=COMMITS).for_each(|number| commit(number, |number| exactly(&(number - 1).to_be_bytes()))));
        while whole && !writing.is_finished() {
            whole = agrees(&*reader);
            std::thread::yield_now();
        }
    });
    assert!(whole && agrees(&*reader), "one moment of one table, and another of the next");
}

fn agrees(store: &dyn Store) -> bool {
    let snapshot = store.snapshot().expect("snapshot");
    let values = Table::ALL.map(|table| snapshot.get(table, b"number").expect("get"));
    values.iter().all(|value| *value == values[0])
}

/// Scrubbing answers how far it got, and every row stays as it is.
pub fn scrubbing_keeps_every_row(open: &Open<'_>) {
    let store = &*open();
    for table in Table::ALL {
        put(store, table, b"k", b"old", Expected::Absent).expect("commit");
        put(store, table, b"k", b"new", exactly(b"old")).expect("commit");
    }
    store.scrub().expect("scrub");
    for table in Table::ALL {
        assert_eq!(store.scan(table, None, 10).expect("scan"), [(b"k".to_vec(), b"new".to_vec())]);
    }
}

/// A place to measure on, where the engine has one, begins empty and is apart: what is written there is not seen in the store.
/// The estimate of a rotation writes there as much as a rotation would.
pub fn a_scratch_store_is_empty_and_apart(open: &Open<'_>) {
    let store = &*open();
    put(store, Table::Keys, b"k", b"value", Expected::Absent).expect("commit");
    let Some(scratch) = store.scratch().expect("scratch") else { return };
    assert_eq!(scratch.scan(Table::Keys, None, 10).expect("scan"), [], "it is not empty");
    put(&*scratch, Table::Keys, b"other", b"value", Expected::Absent).expect("commit");
    assert_eq!(scratch.get(Table::Keys, b"other").expect("get").as_deref(), Some(b"value".as_slice()));
    assert_eq!(store.get(Table::Keys, b"other").expect("get"), None, "it is not apart");
}

/// The engine's own check of what it keeps finds nothing in a store that is whole. The doctor shows what it finds as damage.
pub fn a_whole_store_has_no_faults(open: &Open<'_>) {
    let store = &*open();
    put(store, Table::Keys, b"k", b"value", Expected::Absent).expect("commit");
    assert_eq!(store.check().expect("check"), Vec::<String>::new());
    store.concerns().expect("concerns");
}
