//! Backups and restoring: nothing before it is whole, nothing in the place of anything, and one moment of all tables.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use super::answer::{Asked, Fault, View, commits, needs, of, put, putting, refused, told};
use super::ground::{Backups, Ground};
use super::views::{agree, beside_commits, fill, numbered};
use crate::store::{
    CommitError, Effect, Expected, RowChange, Rows, Store, StoreError, Table, UnfinishedBackup, UnfinishedStore,
};

pub(super) fn backups_are_tried_where_there_are_any(ground: &dyn Ground) -> Asked {
    static ASKED: AtomicU32 = AtomicU32::new(0);
    let store = ground.open();
    let Some(backups) = ground.backups() else {
        let number = ASKED.fetch_add(1, Ordering::Relaxed);
        let to = std::env::temp_dir().join(format!("strongroom-conformance-{}-{number}", std::process::id()));
        return match store.begin_backup(&to) {
            Err(StoreError::Unsupported { .. }) => Ok(()),
            _ => Err(Fault("the engine takes backups, and the suite needs a ground that says where".into())),
        };
    };
    match store.begin_backup(&backups.place("backup")) {
        Err(StoreError::Unsupported { .. }) => {
            Err(Fault("the engine has no backups, and the ground of the suite says where they are".into()))
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

pub(super) fn a_backup_that_is_dropped_is_gone(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let store = &*ground.open();
    put(store, Table::Keys, b"k", b"value", Expected::Absent)?;
    let at = &backups.place("backup");
    for steps in ["begun", "copied", "sealed", "reopened"] {
        let mut begun = store.begin_backup(at)?;
        if steps != "begun" {
            begun.copy(&mut on)?;
        }
        if matches!(steps, "sealed" | "reopened") {
            begun.seal(MANIFEST)?;
        }
        if steps == "reopened" {
            drop(begun.reopen()?);
        }
        drop(begun);
        nothing_at(backups, at, &format!("a backup was {steps} and dropped"))?;
    }
    taken(store, at)
}

pub(super) fn a_backup_replaces_nothing(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let store = &*ground.open();
    put(store, Table::Keys, b"k", b"first", Expected::Absent)?;
    let (at, other, format) = (&backups.place("backup"), &backups.place("other"), backups.format());
    // Two at once for one place: at most one gets there, whoever is first.
    let (first, second) = (store.begin_backup(at)?, store.begin_backup(at));
    filled(first)?.publish()?;
    if let Ok(second) = second {
        place_taken("another backup that had been begun for the same place", filled(second)?.publish())?;
    }
    put(store, Table::Keys, b"k", b"second", Expected::Exactly(b"first".to_vec()))?;
    let again = store.begin_backup(at).and_then(publish_unsealed);
    place_taken("a backup where one is", again)?;
    taken(store, other)?;
    match format.begin_restore(other, at, &mut on) {
        Err(StoreError::Unsupported { .. }) => {}
        begun => place_taken("a store restored where a backup is", begun.and_then(UnfinishedStore::publish))?,
    }
    let backup = format.open(at)?;
    View { way: "in a backup after others came to its place", rows: &backup }.get(Table::Keys, b"k", Some(b"first"))
}

pub(super) fn the_manifest_stands_only_in_the_backup(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let store = &*ground.open();
    put(store, Table::Vault, b"keyring", b"value", Expected::Absent)?;
    let at = &backups.place("backup");
    let begun = filled(store.begin_backup(at)?)?;
    View { way: "in a backup that was sealed and reopened", rows: &begun.reopen()? }.get(
        Table::Vault,
        Table::MANIFEST,
        Some(MANIFEST),
    )?;
    begun.publish()?;
    let backup = backups.format().open_checked(at)?;
    View { way: "in the backup", rows: &backup }.get(Table::Vault, Table::MANIFEST, Some(MANIFEST))?;
    View { way: "in the store that was backed up", rows: store }.all(Table::Vault, &[(b"keyring", b"value")])?;
    let to = &backups.place("restored");
    let Some(restoring) = restoring(backups, at, to)? else { return Ok(()) };
    View { way: "in a restored store, before it is one", rows: &restoring.reopen()? }.get(
        Table::Vault,
        Table::MANIFEST,
        Some(MANIFEST),
    )?;
    View { way: "in a restored store", rows: &restoring.convert()? }.all(Table::Vault, &[(b"keyring", b"value")])?;
    restoring.publish()?;
    View { way: "in a restored store that was opened", rows: &backups.open_at(to)? }
        .all(Table::Vault, &[(b"keyring", b"value")])
}

pub(super) fn a_backup_is_no_store(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (store, at, format) = (&*ground.open(), &backups.place("backup"), backups.format());
    taken(store, at)?;
    answers("a backup opened as a store", backups.open_at(at).map(drop), "that it is a backup", |error| {
        matches!(error, StoreError::Backup { .. })
    })?;
    answers(
        "a place without a backup",
        format.open(&backups.place("none")).map(drop),
        "that there is none",
        |error| matches!(error, StoreError::NotFound { .. } | StoreError::NotBackup { .. }),
    )?;
    let to = &backups.place("restored");
    let Some(restoring) = restoring(backups, at, to)? else { return Ok(()) };
    drop(restoring.convert()?);
    restoring.publish()?;
    answers("a store opened as a backup", format.open(to).map(drop), "that it is none", |error| {
        matches!(error, StoreError::NotBackup { .. })
    })
}

pub(super) fn a_backup_is_only_read(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (store, at, format) = (&*ground.open(), &backups.place("backup"), backups.format());
    put(store, Table::Keys, b"k", b"value", Expected::Absent)?;
    taken(store, at)?;
    for backup in [format.open(at)?, format.open_checked(at)?] {
        match backup.commit(&putting(Table::Keys, b"new", b"value", Expected::Absent)) {
            Err(CommitError::Store(StoreError::ReadOnly)) => {}
            Err(error) => {
                return Err(Fault(format!(
                    "a commit to a backup: the engine gave {}, the vault needs to hear that it can only be read",
                    refused(&error)
                )));
            }
            Ok(()) => return Err(Fault("the engine committed to a backup, which can only be read".into())),
        }
        let snapshot = backup.snapshot()?;
        for view in super::answer::views(&*backup, &*snapshot) {
            view.all(Table::Keys, &[(b"k", b"value")])?;
        }
        backup.scrub()?;
    }
    View { way: "in a backup that was opened before", rows: &format.open(at)? }.all(Table::Keys, &[(b"k", b"value")])
}

pub(super) fn watching_stops_a_copy(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (store, at, to) = (&*ground.open(), &backups.place("backup"), &backups.place("restored"));
    put(store, Table::Keys, b"k", b"value", Expected::Absent)?;
    let mut begun = store.begin_backup(at)?;
    let stopped = |error: &StoreError| matches!(error, StoreError::Stopped);
    answers(
        "a copy whose watcher stops it",
        begun.copy(&mut |_, _| ControlFlow::Break(())),
        "that it stopped",
        stopped,
    )?;
    drop(begun);
    nothing_at(backups, at, "a copy was stopped")?;
    taken(store, at)?;
    match backups.format().begin_restore(at, to, &mut |_, _| ControlFlow::Break(())) {
        Err(StoreError::Unsupported { .. }) => Ok(()),
        begun => {
            answers("a restore whose watcher stops it", begun.map(drop), "that it stopped", stopped)?;
            nothing_at(backups, to, "a restore was stopped")
        }
    }
}

pub(super) fn a_backup_holds_the_moment_of_its_copy(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (store, at) = (&*ground.open(), &backups.place("backup"));
    let everywhere = |key: &[u8]| {
        let change = |table: &Table| RowChange::new(*table, key, Expected::Absent, Effect::Put(b"value".to_vec()));
        commits(store, &of(Table::ALL.iter().map(change)))
    };
    let holds = |way, rows: &dyn Rows| {
        let keys = |table: &Table| View { way, rows }.keys(*table, None, 10, &[b"before", b"during"]);
        Table::ALL.iter().filter(|table| **table != Table::Vault).try_for_each(keys)
    };
    everywhere(b"before")?;
    let mut begun = store.begin_backup(at)?;
    everywhere(b"during")?;
    begun.copy(&mut on)?;
    everywhere(b"later")?;
    holds("in a backup that was copied", &*begun)?;
    begun.seal(MANIFEST)?;
    holds("in a backup that was sealed and reopened", &begun.reopen()?)?;
    begun.publish()?;
    everywhere(b"much later")?;
    let backup = backups.format().open_checked(at)?;
    holds("in a backup", &backup)?;
    View { way: "in a backup", rows: &backup }.keys(
        Table::Vault,
        None,
        10,
        &[b"before".as_slice(), b"during", Table::MANIFEST],
    )
}

pub(super) fn a_backup_never_holds_half_a_batch(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (writer, reader) = (ground.open(), ground.open());
    fill(&*writer)?;
    let at = [backups.place("backup 0"), backups.place("backup 1")];
    beside_commits(&*writer, 0, BACKUPS, |thread| {
        let store = if thread == 0 { &*writer } else { &*reader };
        let mut begun = match store.begin_backup(&at[thread]) {
            // Another has swept the folder meanwhile.
            Err(StoreError::Busy) => return Ok(()),
            begun => begun?,
        };
        begun.copy(&mut on)?;
        let step = numbered(&*begun, Table::Vault)?;
        agree(&*begun, Table::ALL.iter().copied(), step, "a copy made while others commit")
    })
}

pub(super) fn a_restored_store_has_the_rows_of_the_backup(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (store, at, to) = (&*ground.open(), &backups.place("backup"), &backups.place("restored"));
    let rows = |rows: &dyn Rows, way, needed: &[(&[u8], &[u8])]| {
        let tables = Table::ALL.iter().filter(|table| **table != Table::Vault);
        tables.copied().try_for_each(|table| View { way, rows }.all(table, needed))
    };
    for &table in Table::ALL {
        put(store, table, b"k", b"value", Expected::Absent)?;
    }
    taken(store, at)?;
    let Some(restoring) = restoring(backups, at, to)? else { return Ok(()) };
    rows(&restoring.reopen()?, "in the copy of a backup", &[(b"k", b"value")])?;
    let restored = restoring.convert()?;
    rows(&restored, "in a restored store", &[(b"k", b"value")])?;
    for &table in Table::ALL {
        put(&*restored, table, b"new", b"later", Expected::Absent)?;
    }
    drop(restored);
    restoring.publish()?;
    let restored = backups.open_at(to)?;
    rows(&restored, "in a restored store that was opened", &[(b"k", b"value"), (b"new", b"later")])?;
    put(&*restored, Table::Keys, b"newer", b"value", Expected::Absent)?;
    rows(&backups.format().open_checked(at)?, "in a backup that was restored", &[(b"k", b"value")])?;
    rows(store, "in the store whose backup was restored elsewhere", &[(b"k", b"value")])
}

pub(super) fn a_restore_that_is_dropped_is_gone(ground: &dyn Ground) -> Asked {
    let Some(backups) = ground.backups() else { return Ok(()) };
    let (at, to) = (&backups.place("backup"), &backups.place("restored"));
    taken(&*ground.open(), at)?;
    for step in ["begun", "reopened", "made a store"] {
        let Some(restoring) = restoring(backups, at, to)? else { return Ok(()) };
        match step {
            "reopened" => drop(restoring.reopen()?),
            "made a store" => drop(restoring.convert()?),
            _ => {}
        }
        drop(restoring);
        nothing_at(backups, to, &format!("a restore was {step} and dropped"))?;
    }
    let Some(restoring) = restoring(backups, at, to)? else { return Ok(()) };
    drop(restoring.convert()?);
    Ok(restoring.publish()?)
}

/// A whole backup.
fn taken(store: &dyn Store, at: &Path) -> Asked {
    Ok(filled(store.begin_backup(at)?)?.publish()?)
}

fn filled<'s>(mut begun: Box<dyn UnfinishedBackup + 's>) -> Result<Box<dyn UnfinishedBackup + 's>, StoreError> {
    begun.copy(&mut on)?;
    begun.seal(MANIFEST)?;
    Ok(begun)
}

fn publish_unsealed(begun: Box<dyn UnfinishedBackup + '_>) -> Result<(), StoreError> {
    filled(begun)?.publish()
}

/// `None` where the engine only reads its backups.
fn restoring(backups: &dyn Backups, at: &Path, to: &Path) -> Result<Option<Box<dyn UnfinishedStore>>, Fault> {
    match backups.format().begin_restore(at, to, &mut on) {
        Err(StoreError::Unsupported { .. }) => Ok(None),
        begun => Ok(Some(begun?)),
    }
}

fn nothing_at(backups: &dyn Backups, at: &Path, case: &str) -> Asked {
    needs(backups.format().open(at).is_err(), || format!("{case}: the engine opens a backup there all the same"))?;
    needs(backups.open_at(at).is_err(), || format!("{case}: the engine opens a store there all the same"))
}

fn place_taken(case: &str, came: Result<(), StoreError>) -> Asked {
    answers(case, came, "that something is there already", |error| matches!(error, StoreError::AlreadyExists { .. }))
}

fn answers(case: &str, came: Result<(), StoreError>, needed: &str, is: impl Fn(&StoreError) -> bool) -> Asked {
    match came {
        Err(error) if is(&error) => Ok(()),
        Err(error) => {
            Err(Fault(format!("{case}: the engine gave the error \"{}\", the vault needs {needed}", told(&error))))
        }
        Ok(()) => Err(Fault(format!("{case}: the engine did it, the vault needs {needed}"))),
    }
}

fn on(_: u64, _: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

const MANIFEST: &[u8] = b"the manifest";
const BACKUPS: u32 = 120;
