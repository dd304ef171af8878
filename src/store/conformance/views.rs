//! Views of one moment, and what an engine does besides reading and writing.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use super::answer::{Asked, Fault, View, commits, exactly, needs, of, put, text};
use super::ground::Ground;
use super::handles::at_once;
use crate::store::{Batch, Effect, Expected, RowChange, Rows, Store, Table};

pub(super) fn a_snapshot_is_unmoved_by_later_commits(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    put(store, Table::Keys, b"a", b"old", Expected::Absent)?;
    put(store, Table::Keys, b"b", b"old", Expected::Absent)?;
    let snapshot = store.snapshot()?;
    let mut batch = Batch::new();
    batch.put(Table::Keys, *b"a", *b"new", exactly(b"old"));
    batch.delete(Table::Keys, *b"b", exactly(b"old"));
    batch.put(Table::Keys, *b"c", *b"new", Expected::Absent);
    batch.put(Table::Audit, *b"a", *b"new", Expected::Absent);
    commits(store, &batch)?;
    let later = store.snapshot()?;
    for _ in 0..2 {
        let view = View { way: "in a snapshot from before a commit", rows: &*snapshot };
        view.all(Table::Keys, &[(b"a", b"old"), (b"b", b"old")])?;
        view.get(Table::Keys, b"a", Some(b"old"))?;
        view.at_or_after(Table::Keys, b"c", None)?;
        view.all(Table::Audit, &[])?;
        let view = View { way: "in a snapshot from after it", rows: &*later };
        view.all(Table::Keys, &[(b"a", b"new"), (b"c", b"new")])?;
    }
    drop(snapshot);
    View::of(store).get(Table::Keys, b"b", None)?;
    drop(later);
    put(store, Table::Keys, b"d", b"new", Expected::Absent)?;
    View { way: "in a third snapshot", rows: &*store.snapshot()? }.keys(Table::Keys, None, 10, &[b"a", b"c", b"d"])
}

pub(super) fn a_snapshot_never_shows_half_a_batch(ground: &dyn Ground) -> Asked {
    let (writer, reader) = (ground.open(), ground.open());
    fill(&*writer)?;
    let mut number = 0;
    // Between the reads of two tables of one snapshot, whichever is read first.
    for &first in Table::ALL {
        for store in [&*writer, &*reader] {
            let snapshot = store.snapshot()?;
            let before = numbered(&*snapshot, first)?;
            number += 1;
            step(&*writer, number)?;
            let order = Table::ALL.iter().copied().filter(|table| *table != first);
            agree(&*snapshot, order, before, "with a commit between the reads of two tables")?;
        }
    }
    // While it is taken.
    beside_commits(&*writer, number, LOOKS, |at| {
        let store = if at == 0 { &*writer } else { &*reader };
        let snapshot = store.snapshot()?;
        let before = numbered(&*snapshot, Table::Vault)?;
        agree(&*snapshot, Table::ALL.iter().copied(), before, "taken while others commit")
    })
}

/// Rows in every table, so that it takes a moment to read one, and among them the one that [`step`] changes.
pub(super) fn fill(store: &dyn Store) -> Asked {
    let mut batch = Batch::new();
    for &table in Table::ALL {
        for at in 0..FILLING {
            batch.put(table, at.to_be_bytes(), [7; 200], Expected::Absent);
        }
        batch.put(table, NUMBER, 0_u32.to_be_bytes(), Expected::Absent);
    }
    commits(store, &batch)
}

/// A batch over all tables.
pub(super) fn step(store: &dyn Store, number: u32) -> Asked {
    let (old, new) = ((number - 1).to_be_bytes(), number.to_be_bytes().to_vec());
    let change = |table: &Table| RowChange::new(*table, NUMBER, exactly(&old), Effect::Put(new.clone()));
    commits(store, &of(Table::ALL.iter().map(change)))
}

/// What the last [`step`] wrote to a table.
pub(super) fn numbered(rows: &dyn Rows, table: Table) -> Result<Option<Vec<u8>>, Fault> {
    Ok(rows.get(table, NUMBER)?)
}

/// Every table is at the same step.
pub(super) fn agree(rows: &dyn Rows, tables: impl Iterator<Item = Table>, step: Option<Vec<u8>>, when: &str) -> Asked {
    let shown = |value: &Option<Vec<u8>>| value.as_deref().map_or_else(|| "nothing".into(), text);
    for table in tables {
        let found = numbered(rows, table)?;
        needs(found == step, || {
            format!(
                "{when}: the engine gave commit {} in one table and {} in {}, the vault needs one moment of all",
                shown(&step),
                shown(&found),
                table.name()
            )
        })?;
    }
    Ok(())
}

/// Two threads look again and again while one commits steps after `number`, until there were enough looks and steps.
pub(super) fn beside_commits(
    writer: &dyn Store,
    number: u32,
    enough: u32,
    look: impl Fn(usize) -> Asked + Sync,
) -> Asked {
    let (looks, steps, over) = (AtomicU32::new(0), AtomicU32::new(0), AtomicBool::new(false));
    // Only a look that a commit fell into proves anything. Where commits are slow those are few, and time ends it.
    let (disturbed, begun) = (AtomicU32::new(0), Instant::now());
    let enough = || {
        let counted = |count: &AtomicU32, least| count.load(Ordering::Relaxed) >= least;
        let seen = counted(&disturbed, enough / 4) || begun.elapsed() > PATIENCE;
        seen && counted(&looks, enough) && counted(&steps, STEPS)
    };
    at_once(3, |at| {
        let done = (|| {
            while !enough() && !over.load(Ordering::Relaxed) {
                if at == 2 {
                    step(writer, number + 1 + steps.load(Ordering::Relaxed))?;
                    steps.fetch_add(1, Ordering::Relaxed);
                } else {
                    let before = steps.load(Ordering::Relaxed);
                    look(at)?;
                    let moved = before != steps.load(Ordering::Relaxed);
                    disturbed.fetch_add(u32::from(moved), Ordering::Relaxed);
                    looks.fetch_add(1, Ordering::Relaxed);
                }
                std::thread::yield_now();
            }
            Ok(())
        })();
        if done.is_err() {
            over.store(true, Ordering::Relaxed);
        }
        done
    })
}

pub(super) fn scrubbing_keeps_every_row(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    for &table in Table::ALL {
        put(store, table, b"k", b"old", Expected::Absent)?;
        put(store, table, b"k", b"new", exactly(b"old"))?;
    }
    store.scrub()?;
    let view = View { way: "after scrubbing", rows: store };
    Table::ALL.iter().try_for_each(|table| view.all(*table, &[(b"k", b"new")]))
}

pub(super) fn a_whole_store_has_no_faults(ground: &dyn Ground) -> Asked {
    let store = &*ground.open();
    put(store, Table::Keys, b"k", b"value", Expected::Absent)?;
    let faults = store.check()?;
    needs(faults.is_empty(), || {
        format!("the check of a whole store: the engine gave {faults:?}, the vault needs none")
    })?;
    store.concerns()?;
    Ok(())
}

const NUMBER: &[u8] = b"number";
const FILLING: u32 = 200;
const LOOKS: u32 = 400;
const STEPS: u32 = 100;
const PATIENCE: Duration = Duration::from_secs(20);
