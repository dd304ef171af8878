//! The proof: every part of every record opened under the new generation. Labels are not believed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::feed::Feed;
use super::report::{Progress, RotationReport, Unreadable, api_keys_among};
use super::run::Run;
use super::state::Phase;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::lookup::LookupRow;
use crate::record::{Opener, Record, RecordError};
use crate::record_set::RecordSet;
use crate::store::{Batch, Row, Store, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// Opens every record, and lists those that do not open under the new generation. Always from the first record on:
/// what an interrupted proof had found is not known any more.
pub(super) fn verify(
    run: &mut Run<'_>,
    report: &mut RotationReport,
    watch: &mut dyn FnMut(Progress) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, Error> {
    (report.verified, report.unreadable) = (0, vec![]);
    count_lookups(run)?;
    let (keyring, from) = (run.keyring.clone(), run.state.from_generation);
    let (mut done, mut renewed) = (0, Instant::now());
    let worker = || {
        let mut opener = Opener::new(&keyring);
        let keyring = &keyring;
        move |rows: Vec<Row>| Ok(Opened::of(&rows, keyring, from, &mut opener))
    };
    Feed::of(run.ledger.store(), Table::Keys, None, run.options).run(worker, |mut opened: Opened| {
        done += opened.seen;
        report.verified += opened.seen.saturating_sub(opened.unreadable.len() as u64);
        report.unreadable.append(&mut opened.unreadable);
        if renewed.elapsed() > RENEWAL {
            run.save(&mut Batch::new())?;
            renewed = Instant::now();
        }
        Ok(watch(run.progress(Phase::Verify, done)))
    })
}

struct Opened {
    seen: u64,
    unreadable: Vec<Unreadable>,
}

impl Opened {
    fn of(rows: &[Row], keyring: &Keyring, from: Generation, opener: &mut Opener<'_>) -> Self {
        let unreadable = rows.iter().filter_map(|(key, bytes)| {
            let id = ApiKeyId::from_row(key);
            if let (Some(id), Ok(record)) = (id, Record::parse(bytes))
                && opener.opens(id, &record)
            {
                return None;
            }
            let judged = id.ok_or(RecordError::Malformed).and_then(|id| judge(keyring, from, id, bytes));
            judged.err().map(|cause| Unreadable { id, key: key.clone(), cause })
        });
        Self { seen: api_keys_among(rows), unreadable: unreadable.collect() }
    }
}

/// Opens both parts. A record that opens under the old generation was left behind, and is an error like the others.
pub(super) fn judge(keyring: &Keyring, from: Generation, id: ApiKeyId, bytes: &[u8]) -> Result<(), RecordError> {
    let record = Record::parse(bytes)?;
    record.open_both(keyring, id)?;
    if record.generation() == from { Err(RecordError::MissingGeneration { generation: from }) } else { Ok(()) }
}

/// The set of the records of the active generation that are there now. It is what was written only if an operator
/// says so; that nobody writes meanwhile is for the caller's commit to prove.
pub(super) fn present_set(
    store: &dyn Store,
    keyring: &Keyring,
    except: &BTreeSet<Vec<u8>>,
) -> Result<RecordSet, Error> {
    let (mut after, mut set) = (None::<Vec<u8>>, RecordSet::default());
    loop {
        let rows = store.scan(Table::Keys, after.as_deref(), 1_000)?;
        let Some((last, _)) = rows.last() else { return Ok(set) };
        after = Some(last.clone());
        let records = rows.iter().filter(|(key, _)| !except.contains(key));
        let records = records.filter_map(|(_, bytes)| Record::parse(bytes).ok());
        let active = records.filter(|record| record.generation() == keyring.active_generation());
        active.for_each(|record| set.add(&keyring.active().record_set, &record));
    }
}

/// How many rows each lookup key still serves: a retired one is kept as long as it serves any.
fn count_lookups(run: &mut Run<'_>) -> Result<(), Error> {
    run.lookup_rows.clear();
    let mut after: Option<Vec<u8>> = None;
    loop {
        let rows = run.ledger.store().scan(Table::Lookup, after.as_deref(), run.options.batch.get())?;
        let Some((last, _)) = rows.last() else { return Ok(()) };
        for row in rows.iter().filter_map(|(_, value)| LookupRow::parse(value)) {
            *run.lookup_rows.entry(row.lookup_key).or_default() += 1;
        }
        after = Some(last.clone());
    }
}

const RENEWAL: Duration = Duration::from_secs(1);
