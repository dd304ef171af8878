//! What stands under a generation whose master key has leaked: a record that is not the one that the audit log had at the cutover is
//! none any more (docs/format.md, Fence).

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::audit_log::AuditEntry;
use crate::commitments::{Commitments, Half, Said, half};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{Keyring, MacKey};
use crate::ledger::{Change, Head, KEYRING};
use crate::record::{Commitment, RecordError};
use crate::secret::same_bytes;
use crate::store::{Batch, CommitError, Expected, Rows, Store, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// A fence in the making: written beside what others do, and completed in the commit of the cutover.
pub(crate) struct NewFence {
    log: Commitments,
    key: MacKey,
    /// Where each row but the first begins.
    borders: Vec<ApiKeyId>,
    /// The rows as they were written, and those of them of which the log has said more since.
    written: Vec<Vec<u8>>,
    outdated: BTreeSet<usize>,
}

/// What stands for a record: nobody without the new verify key can tell what it is of.
type Mark = [u8; 8];

impl NewFence {
    /// Writes the rows of what the log says so far. What an earlier attempt has left goes.
    pub(crate) fn write(store: &dyn Store, keyring: &Keyring, head: &Head, key: MacKey) -> Result<Self, Error> {
        let records = head.sets().values().fold(0_u64, |sum, set| sum.saturating_add(set.count()));
        let mut log = Commitments::new(keyring.vault(), records);
        log.follow(store, head, |_| Ok(()))?;
        let borders: Vec<_> = log.standing().map(|(id, _)| id).step_by(IN_A_ROW).skip(1).collect();
        let mut fence = Self { log, key, borders, written: vec![], outdated: BTreeSet::new() };
        let rows = fence.rows(|_| true);
        let mut there = rows_there(store)?;
        for (at, some) in rows.chunks(ROWS_TOGETHER).enumerate() {
            let mut batch = Batch::new();
            for (row, bytes) in (at * ROWS_TOGETHER..).zip(some) {
                let key = row_key(row);
                let expected = there.remove(&key).map_or(Expected::Absent, Expected::Exactly);
                batch.put(Table::Vault, key, bytes.as_slice(), expected);
            }
            commit(store, &mut batch, keyring)?;
        }
        let mut batch = Batch::new();
        for (key, bytes) in there {
            batch.delete(Table::Vault, key, Expected::Exactly(bytes));
        }
        commit(store, &mut batch, keyring)?;
        fence.written = rows;
        Ok(fence)
    }

    /// Reads the log to the head of the change, and puts what is different since into it. Returns what the keyring holds.
    pub(crate) fn complete(&mut self, store: &dyn Store, change: &mut Change<'_>) -> Result<[u8; 32], Error> {
        let mut news = vec![];
        let each = |entry: &AuditEntry| news.extend(Said::by(entry));
        let place = self.log.place().clone().walk(store, &change.head, each, |_| Ok(()))?;
        self.outdated.extend(news.iter().map(|said| self.borders.partition_point(|border| *border <= said.id)));
        self.log.take_in(&news);
        self.log.arrive(place);
        let fresh = self.rows(|at| self.outdated.contains(&at));
        for (at, written) in self.written.iter().enumerate() {
            let expected = Expected::Exactly(written.clone());
            if self.outdated.contains(&at) {
                change.batch.put(Table::Vault, row_key(at), fresh[at].as_slice(), expected);
            } else {
                change.batch.check(Table::Vault, row_key(at), expected);
            }
        }
        let rows = self.written.iter().zip(&fresh).enumerate();
        let rows = rows.map(|(at, (written, fresh))| if self.outdated.contains(&at) { fresh } else { written });
        let index = index_of(&self.borders, rows);
        let hash = hash_of(INDEX_LABEL, &index);
        // One that no keyring names is nobody's.
        let there = store.get(Table::Vault, INDEX)?.map_or(Expected::Absent, Expected::Exactly);
        change.batch.put(Table::Vault, INDEX, index, there);
        Ok(hash)
    }

    /// The rows that are wanted, each in its place.
    fn rows(&self, wanted: impl Fn(usize) -> bool) -> Vec<Vec<u8>> {
        let mut rows = vec![vec![]; self.borders.len() + 1];
        let mut at = 0;
        for (id, half) in self.log.standing() {
            while self.borders.get(at).is_some_and(|border| *border <= id) {
                at += 1;
            }
            if wanted(at) {
                rows[at].extend_from_slice(&id.to_bytes());
                rows[at].extend_from_slice(&mark(&self.key, id, &half));
            }
        }
        rows
    }
}

/// Deletes the rows with the generation that they fence.
pub(crate) fn remove(store: &dyn Store, change: &mut Change<'_>) -> Result<(), Error> {
    for (key, bytes) in rows_there(store)? {
        change.batch.delete(Table::Vault, key, Expected::Exactly(bytes));
    }
    Ok(())
}

/// The rows that a process has read, while a fence stands.
#[derive(Default)]
pub(crate) struct KnownFence(Mutex<Option<Known>>);

struct Known {
    hash: [u8; 32],
    index: Arc<Vec<Stretch>>,
    rows: HashMap<usize, Arc<Vec<u8>>>,
}

/// Where a row begins, and its hash.
struct Stretch {
    from: ApiKeyId,
    hash: [u8; 32],
}

impl KnownFence {
    /// Whether a record under this generation may be believed: any, unless the generation is fenced off.
    pub(crate) fn admits(
        &self,
        rows: &dyn Rows,
        keyring: &Keyring,
        generation: Generation,
        id: ApiKeyId,
        commitment: impl FnOnce() -> Commitment,
    ) -> Result<(), Error> {
        let Some(hash) = keyring.generation(generation).and_then(|keys| keys.fence) else { return Ok(()) };
        let row = self.row_of(rows, hash, id)?;
        let (entries, _) = row.as_chunks::<ENTRY>();
        let found = entries.binary_search_by(|entry| entry[..ID].cmp(&id.to_bytes())).ok().map(|at| entries[at]);
        let expected = mark(keyring.active().fence_key(), id, &half(&commitment()));
        if found.is_some_and(|entry| same_bytes(&entry[ID..], &expected)) {
            return Ok(());
        }
        Err(Detail::Record { id, fault: RecordError::Fenced { generation } }.into())
    }

    /// Every row is what the keyring holds, for the doctor.
    pub(crate) fn check(rows: &dyn Rows, keyring: &Keyring) -> Result<(), Error> {
        for hash in keyring.generations().filter_map(|id| keyring.generation(id)?.fence) {
            let index = read_index(rows, hash)?;
            for (at, stretch) in index.iter().enumerate() {
                read_row(rows, at, stretch)?;
            }
        }
        Ok(())
    }

    fn row_of(&self, rows: &dyn Rows, hash: [u8; 32], id: ApiKeyId) -> Result<Arc<Vec<u8>>, Error> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.as_ref().is_none_or(|known| known.hash != hash) {
            *known = Some(Known { hash, index: Arc::new(read_index(rows, hash)?), rows: HashMap::new() });
        }
        let known = known.as_mut().expect("it was just read");
        let at = known.index.partition_point(|stretch| stretch.from <= id).saturating_sub(1);
        if let Some(row) = known.rows.get(&at) {
            return Ok(Arc::clone(row));
        }
        let row = Arc::new(read_row(rows, at, &known.index[at])?);
        known.rows.insert(at, Arc::clone(&row));
        Ok(row)
    }
}

fn read_index(rows: &dyn Rows, hash: [u8; 32]) -> Result<Vec<Stretch>, Error> {
    let index = rows.get(Table::Vault, INDEX)?.ok_or_else(|| tampered(RowFault::Missing))?;
    if hash_of(INDEX_LABEL, &index) != hash || index.is_empty() || index.len() % STRETCH != 0 {
        return Err(tampered(RowFault::Unauthentic));
    }
    let stretch = |bytes: &[u8]| Stretch {
        from: ApiKeyId::from_bytes(*bytes.first_chunk().expect("48 bytes")),
        hash: *bytes.last_chunk().expect("48 bytes"),
    };
    Ok(index.chunks_exact(STRETCH).map(stretch).collect())
}

fn read_row(rows: &dyn Rows, at: usize, stretch: &Stretch) -> Result<Vec<u8>, Error> {
    let row = rows.get(Table::Vault, &row_key(at))?.ok_or_else(|| tampered(RowFault::Missing))?;
    if hash_of(ROW_LABEL, &row) == stretch.hash { Ok(row) } else { Err(tampered(RowFault::Unauthentic)) }
}

fn index_of<'r>(borders: &[ApiKeyId], rows: impl Iterator<Item = &'r Vec<u8>>) -> Vec<u8> {
    let first = ApiKeyId::from_bytes([0; ID]);
    let from = std::iter::once(&first).chain(borders);
    from.zip(rows).flat_map(|(from, row)| [&from.to_bytes()[..], &hash_of(ROW_LABEL, row)].concat()).collect()
}

fn mark(key: &MacKey, id: ApiKeyId, half: &Half) -> Mark {
    *key.mac(&[MARK_LABEL, &[0], &id.to_bytes(), half]).first_chunk().expect("32 bytes begin with 8")
}

fn hash_of(label: &[u8], bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update([0]).chain_update(bytes).finalize().into()
}

fn rows_there(rows: &dyn Rows) -> Result<HashMap<Vec<u8>, Vec<u8>>, Error> {
    let (mut there, mut after) = (HashMap::new(), INDEX[..INDEX.len() - 1].to_vec());
    loop {
        let page = rows.scan(Table::Vault, Some(&after), PAGE)?;
        let Some((last, _)) = page.last() else { return Ok(there) };
        after.clone_from(last);
        for (key, bytes) in page {
            if !key.starts_with(INDEX) {
                if key.as_slice() > INDEX {
                    return Ok(there);
                }
                continue;
            }
            there.insert(key, bytes);
        }
    }
}

fn row_key(at: usize) -> Vec<u8> {
    let at = u32::try_from(at).expect("there are no 2^44 records");
    [INDEX, b"/", &at.to_be_bytes()].concat()
}

/// Under the keyring that is to be fenced off: who has cut over meanwhile is disturbed by nobody.
fn commit(store: &dyn Store, batch: &mut Batch, keyring: &Keyring) -> Result<(), Error> {
    batch.check(Table::Vault, KEYRING, Expected::Exactly(keyring.bytes().into()));
    match store.commit(batch) {
        Ok(()) => Ok(()),
        Err(CommitError::Conflict(_)) => Err(Detail::Contended.into()),
        Err(CommitError::Store(error)) => Err(error.into()),
    }
}

fn tampered(fault: RowFault) -> Error {
    Detail::Tampered { row: VaultRow::Fence, fault }.into()
}

/// The key of the index in the table `vault`, and what the keys of the rows begin with.
const INDEX: &[u8] = b"fence";
const IN_A_ROW: usize = 4_096;
const ROWS_TOGETHER: usize = 16;
const PAGE: usize = 16;
const ID: usize = 16;
const ENTRY: usize = ID + 8;
const STRETCH: usize = ID + 32;
const MARK_LABEL: &[u8] = b"strongroom/v1/fence/mark";
const ROW_LABEL: &[u8] = b"strongroom/v1/fence/row";
const INDEX_LABEL: &[u8] = b"strongroom/v1/fence/index";
