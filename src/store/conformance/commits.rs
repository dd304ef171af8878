//! Batches: whole or not at all, and only where every expectation holds.

use super::answer::{Asked, Shown, View, commits, conflicts, exactly, needs, of, put, putting, refused, same};
use super::ground::Ground;
use crate::store::{Batch, CommitError, Effect, Expected, RowChange, Table};

pub(super) fn absent_holds_only_where_nothing_is(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    put(store, Table::Keys, b"k", b"", Expected::Absent)?;
    for value in [b"".as_slice(), b"new"] {
        conflicts(store, &putting(Table::Keys, b"k", value, Expected::Absent), &[(Table::Keys, b"k")])?;
    }
    View::of(store).get(Table::Keys, b"k", Some(b""))
}

pub(super) fn exactly_holds_only_for_the_same_bytes(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let refuses = |value: &[u8], old: &[u8]| {
        conflicts(store, &putting(Table::Keys, b"k", value, exactly(old)), &[(Table::Keys, b"k")])
    };
    refuses(b"new", b"")?;
    View::of(store).get(Table::Keys, b"k", None)?;
    put(store, Table::Keys, b"k", b"value", Expected::Absent)?;
    for wrong in [b"".as_slice(), b"valuE", b"valu", b"value\0", b"VALUE"] {
        refuses(b"new", wrong)?;
    }
    View::of(store).get(Table::Keys, b"k", Some(b"value"))?;
    put(store, Table::Keys, b"k", b"new", exactly(b"value"))?;
    View::of(store).get(Table::Keys, b"k", Some(b"new"))?;
    refuses(b"newer", b"value")
}

pub(super) fn checks_change_nothing(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let check = |key: &[u8], expected| RowChange::new(Table::Vault, key, expected, Effect::Check);
    put(store, Table::Vault, b"k", b"value", Expected::Absent)?;
    commits(store, &of([check(b"k", exactly(b"value")), check(b"other", Expected::Absent)]))?;
    View::of(store).all(Table::Vault, &[(b"k", b"value")])?;
    let cases: [(&[u8], Expected); 4] =
        [(b"k", Expected::Absent), (b"k", exactly(b"other")), (b"x", exactly(b"value")), (b"x", exactly(b""))];
    for (key, expected) in cases {
        conflicts(store, &of([check(key, expected)]), &[(Table::Vault, key)])?;
    }
    Ok(())
}

pub(super) fn deletes_say_what_they_expect(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let delete = |key: &[u8], expected| of([RowChange::new(Table::Lookup, key, expected, Effect::Delete)]);
    put(store, Table::Lookup, b"k", b"value", Expected::Absent)?;
    conflicts(store, &delete(b"k", exactly(b"other")), &[(Table::Lookup, b"k")])?;
    conflicts(store, &delete(b"k", Expected::Absent), &[(Table::Lookup, b"k")])?;
    conflicts(store, &delete(b"x", exactly(b"value")), &[(Table::Lookup, b"x")])?;
    commits(store, &delete(b"x", Expected::Absent))?;
    View::of(store).all(Table::Lookup, &[(b"k", b"value")])?;
    commits(store, &delete(b"k", exactly(b"value")))?;
    View::of(store).all(Table::Lookup, &[])?;
    put(store, Table::Lookup, b"k", b"again", Expected::Absent)
}

pub(super) fn one_broken_expectation_stops_the_whole_batch(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    for key in [b"a", b"b", b"c"] {
        put(store, Table::Keys, key, key, Expected::Absent)?;
    }
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
    conflicts(store, &batch, &broken)?;
    View::of(store).all(Table::Keys, &[(b"a", b"a"), (b"b", b"b"), (b"c", b"c")])?;
    for table in [Table::Audit, Table::Lookup, Table::Usage, Table::Vault] {
        View::of(store).all(table, &[])?;
    }
    commits(store, &whole)?;
    View::of(store).all(Table::Keys, &[(b"a", b"changed"), (b"c", b"c")])
}

pub(super) fn an_empty_batch_commits(ground: &dyn Ground) -> Asked {
    commits(&*ground.open(), &Batch::new())
}

pub(super) fn a_large_batch_commits_whole(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    let mut batch = Batch::new();
    for at in 0..CHANGES {
        batch.put(Table::Keys, at.to_be_bytes(), [7; 100], Expected::Absent);
    }
    commits(store, &batch)?;
    let count = batch.changes().len();
    same("the rows of a large batch", &View::of(store).scan(Table::Keys, None, usize::MAX)?.len(), &count)?;
    match store.commit(&batch) {
        Err(CommitError::Conflict(named)) => same("the conflicts of a large batch", &named.len(), &count),
        other => needs(false, || {
            let gave = other.map_or_else(|error| refused(&error), |()| "a commit".into());
            format!("a large batch again: the engine gave {gave}, the vault needs {} conflicts", count.shown())
        }),
    }
}

const CHANGES: u32 = 100_000;
