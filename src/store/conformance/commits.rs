//! Batches: whole or not at all, and only where every expectation holds.

use super::{Open, conflicts, exactly, keys, put};
use crate::store::{Batch, CommitError, Expected, Table};

/// `Absent` conflicts with any row, even one whose value is empty. Two processes that make the same row at once would otherwise
/// overwrite each other.
pub fn absent_holds_only_where_nothing_is(open: &Open<'_>) {
    let store = &*open();
    put(store, Table::Keys, b"k", b"", Expected::Absent).expect("nothing is there");
    for value in [b"".as_slice(), b"new"] {
        conflicts(put(store, Table::Keys, b"k", value, Expected::Absent), &[(Table::Keys, b"k")]);
    }
    assert_eq!(store.get(Table::Keys, b"k").expect("get").as_deref(), Some(b"".as_slice()));
}

/// `Exactly` compares every byte and the length, and holds nowhere where there is no row. It is what keeps a writer from undoing
/// what another has just done.
pub fn exactly_holds_only_for_the_same_bytes(open: &Open<'_>) {
    let store = &*open();
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

/// A check writes nothing and conflicts like a write. Every batch of a vault checks the keyring it was made with: an engine that
/// passes over checks lets a writer seal under a generation that a rotation has dropped.
pub fn checks_change_nothing(open: &Open<'_>) {
    let store = &*open();
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

/// A delete has an expectation like a write, and afterwards nothing is there.
pub fn deletes_say_what_they_expect(open: &Open<'_>) {
    let store = &*open();
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

/// One expectation that does not hold, and nothing of the batch happens; all that do not hold are named, and no others. A
/// change and its audit entry are one batch: half of it is a change that nobody can prove, or an entry of none.
pub fn one_broken_expectation_stops_the_whole_batch(open: &Open<'_>) {
    let store = &*open();
    for key in [b"a", b"b", b"c"] {
        put(store, Table::Keys, key, key, Expected::Absent).expect("nothing is there");
    }
    let rows = || Table::ALL.map(|table| store.scan(table, None, 100).expect("scan"));
    let before = rows();
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
    assert_eq!(before, rows(), "a part of it happened");
    store.commit(&whole).expect("the rest of it would have");
    assert_eq!(keys(&store.scan(Table::Keys, None, 100).expect("scan")), [b"a", b"c"]);
}

/// A batch without changes succeeds.
pub fn an_empty_batch_commits(open: &Open<'_>) {
    open().commit(&Batch::new()).expect("nothing can conflict");
}

/// 5,000 changes are one batch, and where all conflict, all are named. Many API keys are issued in one.
pub fn a_large_batch_commits_whole(open: &Open<'_>) {
    let store = &*open();
    let mut batch = Batch::new();
    for at in 0..5_000_u32 {
        batch.put(Table::Keys, at.to_be_bytes(), [7; 300], Expected::Absent);
    }
    store.commit(&batch).expect("commit");
    assert_eq!(store.scan(Table::Keys, None, usize::MAX).expect("scan").len(), 5_000);
    match store.commit(&batch) {
        Err(CommitError::Conflict(named)) => assert_eq!(named.len(), 5_000, "of 5000 rows that conflict"),
        other => panic!("no conflict, but {other:?}"),
    }
}
