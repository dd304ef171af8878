//! The proof: every part of every record opened under the new generation. Labels are not believed.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{PoisonError, RwLock};
use std::time::Instant;

use super::feed::Feed;
use super::report::{Progress, RotationReport, Unreadable, api_keys_among};
use super::run::{RENEWAL, Run};
use super::state::Phase;
use crate::api_key::digest_in;
use crate::commitments::Commitments;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::Ledger;
use crate::lookup::LookupRow;
use crate::record::{Opener, Part, Record, RecordError};
use crate::record_set::RecordSet;
use crate::store::{Batch, Row, Store, Table};
use crate::token::{ApiKeyId, digest_of};
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
    let (ledger, shared) = (run.ledger, RwLock::new(run.read_log()?));
    let (keyring, from) = (run.keyring.clone(), run.state.from_generation);
    let (mut done, mut renewed) = (0, Instant::now());
    let worker = || {
        let mut opener = Opener::new(&keyring);
        let proof = Proof { ledger, held: Held { keyring: &keyring, from }, log: &shared };
        move |rows: Vec<Row>| Opened::of(&rows, proof, &mut opener)
    };
    let flow = Feed::of(run.ledger.store(), Table::Keys, None, run.options).run(worker, |mut opened: Opened| {
        done += opened.seen;
        report.verified += opened.seen.saturating_sub(opened.unreadable.len() as u64);
        report.unreadable.append(&mut opened.unreadable);
        if renewed.elapsed() > RENEWAL {
            run.save(&mut Batch::new())?;
            renewed = Instant::now();
        }
        Ok(watch(run.progress(Phase::Verify, done)))
    })?;
    run.log = Some(shared.into_inner().unwrap_or_else(PoisonError::into_inner));
    Ok(flow)
}

struct Opened {
    seen: u64,
    unreadable: Vec<Unreadable>,
}

impl Opened {
    fn of(rows: &[Row], proof: Proof<'_>, opener: &mut Opener<'_>) -> Result<Self, Error> {
        let mut unreadable = vec![];
        for (key, bytes) in rows {
            let id = ApiKeyId::from_row(key);
            let judged = match id {
                Some(id) => proof.judge(id, bytes, opener)?,
                None => Err(RecordError::Malformed),
            };
            unreadable.extend(judged.err().map(|cause| Unreadable { id, key: key.clone(), cause }));
        }
        Ok(Self { seen: api_keys_among(rows), unreadable })
    }
}

/// Holds records to the audit log, on several threads.
#[derive(Clone, Copy)]
struct Proof<'a> {
    ledger: &'a Ledger,
    held: Held<'a>,
    log: &'a RwLock<Commitments>,
}

impl Proof<'_> {
    fn judge(self, id: ApiKeyId, bytes: &[u8], opener: &mut Opener<'_>) -> Result<Result<(), RecordError>, Error> {
        let judged = self.held.judge(id, bytes, opener, &self.log.read().unwrap_or_else(PoisonError::into_inner));
        if !matches!(judged, Err(RecordError::Continued { .. } | RecordError::Differs { .. } | RecordError::Unlogged)) {
            return Ok(judged);
        }
        // Somebody may have changed or deleted it since the log was read: both are looked at again, at one moment.
        let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.ledger.store().snapshot()?;
        let (_, head) = self.ledger.read_together(&*snapshot)?;
        log.follow(&*snapshot, &head, |_| Ok(()))?;
        let now = snapshot.get(Table::Keys, &id.to_bytes())?;
        Ok(now.map_or(Ok(()), |bytes| self.held.judge(id, &bytes, opener, &log)))
    }
}

/// What a record is held to: it opens under the new generation, its secret is the one that it verifies, and it says what the
/// audit log says.
#[derive(Clone, Copy)]
pub(super) struct Held<'a> {
    pub(super) keyring: &'a Keyring,
    pub(super) from: Generation,
}

impl Held<'_> {
    /// A record of the old generation was left behind, and is an error like the others.
    pub(super) fn judge(
        self,
        id: ApiKeyId,
        bytes: &[u8],
        opener: &mut Opener<'_>,
        log: &Commitments,
    ) -> Result<(), RecordError> {
        let record = Record::parse(bytes)?;
        let (mut commitment, mut verifies) = (None, false);
        let mut digest = None;
        let opens = opener.opens_as(id, &record, |part, plain| {
            match part {
                Part::Verify => {
                    commitment = Some(record.commitment(self.keyring.vault(), plain));
                    (digest, verifies) = (digest_in(plain), true);
                }
                Part::Recover => verifies = digest.is_some_and(|digest| digest == digest_of(plain)),
            }
            true
        });
        let Some(commitment) = commitment.filter(|_| opens) else { return self.judge_left_behind(id, &record, log) };
        // The log first: it names the entry that a forged record contradicts.
        log.judge(id, &commitment)?;
        if verifies { Ok(()) } else { Err(RecordError::OtherSecret) }
    }

    fn judge_left_behind(self, id: ApiKeyId, record: &Record<'_>, log: &Commitments) -> Result<(), RecordError> {
        record.open_both(self.keyring, id)?;
        let attributes = record.open_verify(self.keyring, id)?;
        log.judge(id, &record.commitment(self.keyring.vault(), &attributes))?;
        Err(RecordError::MissingGeneration { generation: self.from })
    }
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
        active.for_each(|record| set.add(keyring.active().record_set(), &record));
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
