//! The sweep: workers open and seal records and their lookup rows ahead, and one thread commits them in the order of their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use super::feed::Feed;
use super::report::{Progress, RotationReport, api_keys_among};
use super::row::row_missing;
use super::run::{Run, SaveError};
use super::state::Phase;
use crate::commitments::Commitments;
use crate::error::Error;
use crate::keyring::{GenerationKeys, Keyring};
use crate::lookup::LookupRow;
use crate::record::{Record, RecordError, ResealError, Resealer};
use crate::record_set::RecordSet;
use crate::store::{Batch, Effect, Expected, Row, RowChange, Store, StoreError, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// Moves every record from the cursor on to the new generation.
pub(super) fn sweep(
    run: &mut Run<'_>,
    report: &mut RotationReport,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    let (store, keyring, from) = (run.ledger.store(), run.keyring.clone(), run.state.from_generation);
    let log = run.read_log()?;
    run.save(&mut indexed(store, LookupRow::sentinel(&keyring))?)?;
    let worker = || {
        let mut worker = Worker::new(store, &keyring, from, &log);
        move |rows| worker.as_mut().ok_or_else(row_missing)?.seal(rows)
    };
    let mut done = 0;
    let feed = Feed::of(store, Table::Keys, run.state.cursor.clone(), run.options);
    let flow = feed.run(worker, |sealed: Sealed| {
        done += sealed.seen;
        commit(run, report, sealed)?;
        Ok(watch(run.progress(Phase::Sweep, done)))
    })?;
    run.log = Some(log);
    if flow.is_continue() {
        (run.state.phase, run.state.cursor) = (Phase::Verify, None);
        run.save(&mut Batch::new())?;
    }
    Ok(flow)
}

/// Commits a batch with the cursor beside it. Records that changed since they were read are left out: whoever
/// changed them moved them.
fn commit(run: &mut Run<'_>, report: &mut RotationReport, mut sealed: Sealed) -> Result<(), Error> {
    let before = run.state.clone();
    loop {
        run.state.cursor.clone_from(&sealed.last);
        run.state.moved = before.moved + sealed.moved;
        for (generation, set) in sealed.sets {
            let known = before.sets.get(&generation).copied().unwrap_or_default();
            run.state.sets.insert(generation, known.plus(set));
        }
        match run.save(&mut sealed.batch) {
            Ok(()) => {
                report.moved = run.state.moved;
                return Ok(());
            }
            Err(SaveError::Failed(error)) => return Err(error),
            Err(SaveError::Rows(rows)) => sealed.leave_out(rows, &run.keyring),
        }
    }
}

/// Opens and seals batches, on a thread of its own.
struct Worker<'a> {
    store: &'a dyn Store,
    keyring: &'a Keyring,
    from: Generation,
    old: &'a GenerationKeys,
    resealer: Resealer<'a>,
    log: &'a Commitments,
}

impl<'a> Worker<'a> {
    /// `None` when there is no such generation any more, which the state of every open rotation excludes.
    fn new(store: &'a dyn Store, keyring: &'a Keyring, from: Generation, log: &'a Commitments) -> Option<Self> {
        let (old, resealer) = (keyring.generation(from)?, Resealer::new(keyring, from)?);
        Some(Self { store, keyring, from, old, resealer, log })
    }

    fn seal(&mut self, rows: Vec<Row>) -> Result<Sealed, Error> {
        self.resealer.start_batch()?;
        let mut sealed = Sealed::new(&rows, [self.from, self.keyring.active_generation()]);
        for (key, bytes) in rows {
            // What does not open is left where it is; the verify phase lists it.
            let (Some(id), Ok(record)) = (ApiKeyId::from_row(&key), Record::parse(&bytes)) else { continue };
            if record.generation() == self.from {
                self.move_record(&mut sealed, id, key, bytes)?;
            } else if record.generation() == self.keyring.active_generation() {
                self.complete_move(&mut sealed, id, &record)?;
            }
        }
        Ok(sealed)
    }

    fn move_record(&mut self, sealed: &mut Sealed, id: ApiKeyId, key: Vec<u8>, bytes: Vec<u8>) -> Result<(), Error> {
        let resealed = match self.resealer.reseal(id, &bytes) {
            Ok(resealed) => resealed,
            Err(ResealError::Record(_)) => return Ok(()),
            Err(ResealError::Random(error)) => return Err(error.into()),
            Err(ResealError::ReadBack) => {
                let message = "a record just sealed opened to something else: the memory or the processor is at fault";
                return Err(StoreError::engine(message).into());
            }
        };
        let (old, new) = (parsed(&bytes)?, parsed(&resealed)?);
        // What the log does not bear out stays under the old generation, where the verify phase lists it: sealed anew, it would be
        // as good as any other. No writer leaves a record under the old generation behind after the log was read.
        if self.log.judge(id, &self.resealer.commitment(&old)).is_err() {
            return Ok(());
        }
        sealed.sets[0].1.remove(self.old.record_set(), &old);
        sealed.sets[1].1.add(self.keyring.active().record_set(), &new);
        if let Some(token) = self.resealer.secret().filter(|_| old.imported()) {
            sealed.add_lookups(id, reindex(self.store, self.keyring, token, id)?);
        }
        sealed.moved += u64::from(id != ApiKeyId::SENTINEL);
        sealed.batch.put(Table::Keys, key, resealed, Expected::Exactly(bytes));
        Ok(())
    }

    /// A record that a writer moved may have left its lookup row behind.
    fn complete_move(&mut self, sealed: &mut Sealed, id: ApiKeyId, record: &Record<'_>) -> Result<(), Error> {
        if record.imported()
            && let Ok(Some(token)) = record.open_recover(self.keyring, id)
        {
            sealed.add_lookups(id, reindex(self.store, self.keyring, token.expose(), id)?);
        }
        Ok(())
    }
}

/// A batch ready to be committed.
struct Sealed {
    seen: u64,
    last: Option<Vec<u8>>,
    batch: Batch,
    /// Which lookup rows of the batch belong to which record.
    lookups: BTreeMap<Vec<u8>, ApiKeyId>,
    moved: u64,
    /// What leaves the old generation and what joins the new one.
    sets: [(Generation, RecordSet); 2],
}

impl Sealed {
    fn new(rows: &[Row], generations: [Generation; 2]) -> Self {
        Self {
            seen: api_keys_among(rows),
            last: rows.last().map(|(key, _)| key.clone()),
            batch: Batch::new(),
            lookups: BTreeMap::new(),
            moved: 0,
            sets: generations.map(|generation| (generation, RecordSet::default())),
        }
    }

    fn add_lookups(&mut self, id: ApiKeyId, lookups: Batch) {
        self.lookups.extend(lookups.changes().iter().map(|change| (change.key.clone(), id)));
        self.batch.append(lookups);
    }

    /// Takes the records out that conflicted. Their lookup rows still move, unless they conflicted themselves: whoever
    /// changed the record moved that alone, and the token leads to it as before.
    fn leave_out(&mut self, conflicts: Vec<(Table, Vec<u8>)>, keyring: &Keyring) {
        let owner = |(table, key): &(Table, Vec<u8>)| match table {
            Table::Lookup => self.lookups.get(key).copied(),
            _ => ApiKeyId::from_row(key),
        };
        let out: BTreeSet<_> = conflicts.iter().filter_map(owner).collect();
        let stay: BTreeSet<_> =
            conflicts.iter().filter(|(table, _)| *table == Table::Lookup).filter_map(owner).collect();
        let of = |change: &RowChange| match change.table {
            Table::Lookup => self.lookups.get(&change.key).copied(),
            _ => ApiKeyId::from_row(&change.key),
        };
        let [(old_generation, left), (new_generation, joined)] = &mut self.sets;
        for change in
            self.batch.changes().iter().filter(|c| c.table == Table::Keys && of(c).is_some_and(|id| out.contains(&id)))
        {
            let (Expected::Exactly(old), Effect::Put(new)) = (&change.expected, &change.effect) else { continue };
            if let (Some(keys), Ok(old)) = (keyring.generation(*old_generation), Record::parse(old)) {
                left.add(keys.record_set(), &old);
            }
            if let (Some(keys), Ok(new)) = (keyring.generation(*new_generation), Record::parse(new)) {
                joined.remove(keys.record_set(), &new);
            }
            self.moved -= u64::from(of(change) != Some(ApiKeyId::SENTINEL));
        }
        self.batch.retain(|change| {
            let left_out = if change.table == Table::Lookup { &stay } else { &out };
            of(change).is_none_or(|id| !left_out.contains(&id))
        });
    }
}

/// The changes that make `token` found under the newest lookup key alone; none when it is already.
fn reindex(store: &dyn Store, keyring: &Keyring, token: &str, id: ApiKeyId) -> Result<Batch, Error> {
    let mut batch = indexed(store, LookupRow::newest(keyring, token, id))?;
    for (_, key) in keyring.lookups().skip(1) {
        let index = key.index(token);
        if let Some(found) = store.get(Table::Lookup, &index)? {
            batch.delete(Table::Lookup, index, Expected::Exactly(found));
        }
    }
    Ok(batch)
}

/// The change that puts a row into the lookup index; none when it is there already.
fn indexed(store: &dyn Store, (index, row): ([u8; 32], Vec<u8>)) -> Result<Batch, Error> {
    let mut batch = Batch::new();
    match store.get(Table::Lookup, &index)? {
        Some(found) if found == row => {}
        found => batch.put(Table::Lookup, index, row, found.map_or(Expected::Absent, Expected::Exactly)),
    }
    Ok(batch)
}

fn parsed(bytes: &[u8]) -> Result<Record<'_>, Error> {
    let malformed = |error: RecordError| StoreError::engine(error).into();
    Record::parse(bytes).map_err(malformed)
}
