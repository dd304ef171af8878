//! The records: each one counted, and those of the checkup opened, on every core.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::mpsc::{Receiver, Sender, channel, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::checkup::Depth;
use super::findings::{Findings, TAKE_AWAY};
use crate::api_key::{Attributes, digest_in};
use crate::commitments::Commitments;
use crate::error::Error;
use crate::keyring::Keyring;
use crate::lookup::LookupRow;
use crate::record::{Opener, Part, Record, RecordError};
use crate::record_set::RecordSet;
use crate::store::{Row, Rows, StoreError, Table};
use crate::token::{ApiKeyId, digest_of};
use crate::versions::Generation;

/// What the records are.
#[derive(Default)]
pub(super) struct Examined {
    /// API keys that were read.
    pub(super) counted: u64,
    /// API keys that opened.
    pub(super) opened: u64,
    pub(super) sets: BTreeMap<Generation, RecordSet>,
    sentinel: bool,
}

/// A view of one moment has one reader: it reads here, and the other threads open what it has read.
pub(super) fn examine(
    keyring: &Keyring,
    rows: &dyn Rows,
    log: Option<&Commitments>,
    depth: Depth,
    findings: &mut Findings,
    watch: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Examined, Error> {
    let workers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let most = 2 * workers + 1;
    let (pages, todo) = sync_channel::<(u64, Vec<Row>)>(most);
    let (todo, (done, results)) = (Mutex::new(todo), channel());
    let mut order = Order { waiting: BTreeMap::new(), next: 0 };
    let mut examined = Examined::default();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            let (todo, done) = (&todo, done.clone());
            scope.spawn(move || work(keyring, log, depth, todo, &done));
        }
        drop(done);
        // Dropped at the end of this block, whichever way it ends: that is what ends the workers.
        let pages = pages;
        let (mut after, mut sent): (Option<Vec<u8>>, u64) = (None, 0);
        let mut take = |page: Page| {
            examined.take(page, keyring, rows, findings)?;
            if watch(examined.counted).is_break() { Err(StoreError::Stopped.into()) } else { Ok::<(), Error>(()) }
        };
        loop {
            while sent - order.next >= most as u64 {
                let Some(ready) = order.receive(&results) else { return Ok(()) };
                ready.into_iter().try_for_each(&mut take)?;
            }
            let page = rows.scan(Table::Keys, after.as_deref(), PAGE)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            if pages.send((sent, page)).is_err() {
                return Ok(());
            }
            sent += 1;
        }
        drop(pages);
        while let Some(ready) = order.receive(&results) {
            ready.into_iter().try_for_each(&mut take)?;
        }
        Ok::<(), Error>(())
    })?;
    if !examined.sentinel {
        findings.damage("sentinel", "the sentinel record is missing", RESTORE_RECORD);
    }
    Ok(examined)
}

fn work(
    keyring: &Keyring,
    log: Option<&Commitments>,
    depth: Depth,
    todo: &Mutex<Receiver<(u64, Vec<Row>)>>,
    done: &Sender<(u64, Page)>,
) {
    let mut opener = Opener::new(keyring);
    loop {
        let next = todo.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, rows)) = next else { return };
        if done.send((number, Page::of(&rows, keyring, log, depth, &mut opener))).is_err() {
            return;
        }
    }
}

/// Puts what the workers made into the order of the records again.
struct Order {
    waiting: BTreeMap<u64, Page>,
    next: u64,
}

impl Order {
    /// The pages whose turn it is; `None` when no more will come.
    fn receive(&mut self, results: &Receiver<(u64, Page)>) -> Option<Vec<Page>> {
        let (number, page) = results.recv().ok()?;
        self.waiting.insert(number, page);
        let mut ready = vec![];
        while let Some(page) = self.waiting.remove(&self.next) {
            self.next += 1;
            ready.push(page);
        }
        Some(ready)
    }
}

/// What a worker has made of a page of rows.
#[derive(Default)]
struct Page {
    counted: u64,
    opened: u64,
    sets: BTreeMap<Generation, RecordSet>,
    sentinel: bool,
    faults: Vec<(Option<ApiKeyId>, RecordError)>,
    /// Imported API keys, and where each lookup key would have their row.
    imported: Vec<(ApiKeyId, Vec<[u8; 32]>)>,
}

impl Page {
    fn of(rows: &[Row], keyring: &Keyring, log: Option<&Commitments>, depth: Depth, opener: &mut Opener<'_>) -> Self {
        let mut page = Self::default();
        for (key, bytes) in rows {
            let id = ApiKeyId::from_row(key);
            let sentinel = id == Some(ApiKeyId::SENTINEL);
            page.sentinel |= sentinel;
            page.counted += u64::from(!sentinel);
            match page.judge(id, bytes, depth.opens(key), keyring, log, opener) {
                Ok(opened) => page.opened += u64::from(opened && !sentinel),
                Err(error) => page.faults.push((id, error)),
            }
        }
        page
    }

    /// Counts a record, and opens it if it is to be opened.
    fn judge(
        &mut self,
        id: Option<ApiKeyId>,
        bytes: &[u8],
        open: bool,
        keyring: &Keyring,
        log: Option<&Commitments>,
        opener: &mut Opener<'_>,
    ) -> Result<bool, RecordError> {
        let record = Record::parse(bytes)?;
        if let Some(keys) = keyring.generation(record.generation()) {
            self.sets.entry(record.generation()).or_default().add(keys.record_set(), &record);
        }
        let id = id.ok_or(RecordError::Malformed)?;
        if !open {
            return Ok(false);
        }
        let mut indexes = vec![];
        let mut index = |text: &str| indexes = keyring.lookups().map(|(_, key)| key.index(text)).collect();
        let (mut commitment, mut digest, mut verifies) = ([0; 32], None, true);
        let sound = opener.opens_as(id, &record, |part, plain| match (part, std::str::from_utf8(plain)) {
            (Part::Verify, _) => {
                (commitment, digest) = (record.commitment(keyring.vault(), plain), digest_in(plain));
                Attributes::from_bytes(plain).is_some()
            }
            (Part::Recover, Ok(text)) => {
                verifies = digest == Some(digest_of(plain));
                if record.imported() {
                    index(text);
                }
                true
            }
            (Part::Recover, Err(_)) => false,
        });
        if !sound {
            // Not of the active generation, or with a fault that has a name.
            record.open_both(keyring, id)?;
            record.attributes(keyring, id)?;
            let (plain, secret) = (record.open_verify(keyring, id)?, record.open_recover(keyring, id)?);
            commitment = record.commitment(keyring.vault(), &plain);
            let shown = secret.as_ref().map(|secret| digest_of(secret.expose().as_bytes()));
            verifies = shown.is_none_or(|shown| digest_in(&plain) == Some(shown));
            secret.filter(|_| record.imported()).iter().for_each(|secret| index(secret.expose()));
        }
        // The log first: it names the entry that a forged record contradicts.
        log.map_or(Ok(()), |log| log.judge(id, &commitment))?;
        if !verifies {
            return Err(RecordError::OtherSecret);
        }
        if !indexes.is_empty() {
            self.imported.push((id, indexes));
        }
        Ok(true)
    }
}

impl Examined {
    fn take(&mut self, page: Page, keyring: &Keyring, rows: &dyn Rows, findings: &mut Findings) -> Result<(), Error> {
        self.counted += page.counted;
        self.opened += page.opened;
        self.sentinel |= page.sentinel;
        for (generation, set) in page.sets {
            let sum = self.sets.entry(generation).or_default();
            *sum = sum.plus(set);
        }
        for (id, error) in page.faults {
            unsound(id, &error, findings);
        }
        for (id, indexes) in page.imported {
            if !is_found(id, &indexes, keyring, rows)? {
                self.opened -= 1;
                unsound(Some(id), &RecordError::NotIndexed, findings);
            }
        }
        Ok(())
    }
}

/// Records that the log knows of and that are not there.
pub(super) fn missing(log: &Commitments, rows: &dyn Rows, findings: &mut Findings) -> Result<(), Error> {
    log.each_missing(rows, |id, seq| {
        // The sentinel has a finding of its own.
        if id != ApiKeyId::SENTINEL {
            let what = format!("API key {id}: the record that audit entry {seq} left behind is missing (missing)");
            findings.damage("record", what, RESTORE_RECORD);
        }
    })
}

fn unsound(id: Option<ApiKeyId>, error: &RecordError, findings: &mut Findings) {
    let Some(place) = id else {
        return findings.damage("record", "a row of the table keys stands under a key that is no id", TAKE_AWAY);
    };
    let remedy = match error {
        RecordError::Continued { .. } | RecordError::Differs { .. } | RecordError::Unlogged => REVOKE,
        _ => RESTORE_RECORD,
    };
    findings.damage("record", format!("API key {place}: {error} ({})", error.cause()), remedy);
}

/// Whether one of these rows of the lookup index leads to the API key.
fn is_found(id: ApiKeyId, indexes: &[[u8; 32]], keyring: &Keyring, rows: &dyn Rows) -> Result<bool, Error> {
    for index in indexes {
        let row = rows.get(Table::Lookup, index)?.and_then(|value| LookupRow::open(keyring, index, &value));
        if row.is_some_and(|row| row.id == id) {
            return Ok(true);
        }
    }
    Ok(false)
}

const PAGE: usize = 1_000;
const REVOKE: &str = "revoke it with `strongroom revoke ID --reason TEXT`, and issue a new one to its client; or restore the row as it was last \
    written from a backup";
const RESTORE_RECORD: &str = "restore the row from a backup, or revoke the API key at the client and issue a new one";
