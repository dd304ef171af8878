//! What stands under a generation whose master key has leaked: a record that is not the one that the audit log had at the cutover is
//! none any more (docs/format.md, Fence).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use crate::audit_log::AuditEntry;
use crate::commitments::{Commitments, Half, Said, half};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{Keyring, MacKey};
use crate::ledger::{Change, Head, KEYRING};
use crate::record::{Commitment, RecordError};
use crate::secret::{random_array, same_bytes};
use crate::store::{Batch, CommitError, Expected, Rows, Store, Table};
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// A fence in the making: written beside what others do, and completed in the commit of the cutover.
pub(crate) struct NewFence {
    log: Commitments,
    key: MacKey,
    /// What stands in place of the index until the cutover: who finds another there has been overtaken.
    claim: [u8; STRETCH],
    /// Where each row but the first begins.
    borders: Vec<ApiKeyId>,
    hashes: Vec<[u8; 32]>,
    /// The rows of which the log has said more since they were made, as they are written now.
    touched: BTreeMap<usize, Vec<u8>>,
    /// What was written last is not known: nothing can be made of it any more.
    lost: bool,
}

/// What stands for a record: nobody without the new verify key can tell what it is of.
type Mark = [u8; 8];

impl NewFence {
    /// Writes the rows of what the log says so far. What an earlier attempt has left goes.
    pub(crate) fn write(store: &dyn Store, keyring: &Keyring, head: &Head, key: MacKey) -> Result<Self, Error> {
        let records = head.sets().values().fold(0_u64, |sum, set| sum.saturating_add(set.count()));
        let mut log = Commitments::new(keyring.vault(), records);
        log.follow(store, head, |_| Ok(()))?;
        let borders = log.standing().map(|(id, _)| id).step_by(IN_A_ROW).skip(1).collect();
        let claim = random_array()?;
        let mut fence = Self { log, key, claim, borders, hashes: vec![], touched: BTreeMap::new(), lost: false };
        let mut batch = Batch::new();
        let there = store.get(Table::Vault, INDEX)?.map_or(Expected::Absent, Expected::Exactly);
        batch.put(Table::Vault, INDEX, claim, there);
        commit(store, &mut batch, keyring)?;
        each_row_there(store, |rows| {
            let mut batch = fence.batch();
            for (key, bytes) in rows {
                batch.delete(Table::Vault, key, Expected::Exactly(bytes));
            }
            commit(store, &mut batch, keyring)
        })?;
        for some in (0..=fence.borders.len()).collect::<Vec<_>>().chunks(ROWS_TOGETHER) {
            let mut batch = fence.batch();
            for at in some.iter().copied() {
                let row = fence.row(at);
                fence.hashes.push(hash_of(ROW_LABEL, &row));
                batch.put(Table::Vault, row_key(at), row, Expected::Absent);
            }
            commit(store, &mut batch, keyring)?;
        }
        Ok(fence)
    }

    /// Reads the log to this head and writes the rows of which it has said more; those that came to the end get rows of their own. Returns
    /// how many entries that took.
    pub(crate) fn catch_up(&mut self, store: &dyn Store, keyring: &Keyring, head: &Head) -> Result<usize, Error> {
        if std::mem::replace(&mut self.lost, true) {
            return Err(Detail::Contended.into());
        }
        let mut news = vec![];
        let each = |entry: &AuditEntry| news.extend(Said::by(entry));
        let place = self.log.place().clone().walk(store, head, each, |_| Ok(()))?;
        let mut about = BTreeMap::<usize, BTreeSet<ApiKeyId>>::new();
        for said in &news {
            about.entry(self.borders.partition_point(|border| *border <= said.id)).or_default().insert(said.id);
        }
        for at in about.keys().copied() {
            if !self.touched.contains_key(&at) {
                self.touched.insert(at, self.row(at));
            }
        }
        self.log.take_in(&news);
        self.log.arrive(place);
        let about: Vec<_> = about.into_iter().collect();
        for some in about.chunks(ROWS_TOGETHER) {
            let mut batch = self.batch();
            for (at, ids) in some {
                let row = self.touched.get_mut(at).expect("it was just put there");
                let before = row.clone();
                for id in ids {
                    set(row, *id, self.log.standing_at(*id).map(|half| mark(&self.key, *id, &half)));
                }
                let more = if *at == self.borders.len() {
                    row.split_off(row.len().min(MOST_IN_A_ROW * ENTRY))
                } else {
                    vec![]
                };
                self.hashes[*at] = hash_of(ROW_LABEL, row);
                batch.put(Table::Vault, row_key(*at), row.as_slice(), Expected::Exactly(before));
                for row in more.chunks(IN_A_ROW * ENTRY) {
                    self.borders.push(ApiKeyId::from_bytes(*row.first_chunk().expect("an entry begins with an id")));
                    self.hashes.push(hash_of(ROW_LABEL, row));
                    batch.put(Table::Vault, row_key(self.borders.len()), row, Expected::Absent);
                }
            }
            commit(store, &mut batch, keyring)?;
        }
        self.lost = false;
        Ok(news.len())
    }

    /// Reads the log to the head of the change, and puts the index of all rows into it. Returns what the keyring holds.
    pub(crate) fn complete(&mut self, store: &dyn Store, change: &mut Change<'_>) -> Result<[u8; 32], Error> {
        self.catch_up(store, change.keyring, &change.head)?;
        if store.get(Table::Vault, INDEX)?.is_none_or(|claim| claim != self.claim) {
            return Err(Detail::Contended.into());
        }
        let index = index_of(&self.borders, &self.hashes);
        let hash = hash_of(INDEX_LABEL, &index);
        change.batch.put(Table::Vault, INDEX, index, Expected::Exactly(self.claim.into()));
        Ok(hash)
    }

    /// Nobody else has begun to write a fence since.
    fn batch(&self) -> Batch {
        let mut batch = Batch::new();
        batch.check(Table::Vault, INDEX, Expected::Exactly(self.claim.into()));
        batch
    }

    /// A row as the log has it.
    fn row(&self, at: usize) -> Vec<u8> {
        let from = at.checked_sub(1).map(|before| self.borders[before]);
        let standing = self.log.standing_between(from, self.borders.get(at).copied());
        standing.flat_map(|(id, half)| entry(id, mark(&self.key, id, &half))).collect()
    }
}

/// Deletes the rows, once the generation that they fenced off is gone: some at a time, so that nobody waits for it. Another process may be
/// at it as well, and whoever cuts over next takes over what is left.
pub(crate) fn remove(store: &dyn Store, keyring: &Keyring) -> Result<(), Error> {
    for _ in 0..ATTEMPTS {
        match remove_once(store, keyring) {
            Err(error) if matches!(error.detail(), Detail::Contended) => {
                if store.get(Table::Vault, KEYRING)?.is_none_or(|now| now != keyring.bytes()) {
                    return Ok(());
                }
            }
            removed => return removed,
        }
    }
    Err(Detail::Contended.into())
}

fn remove_once(store: &dyn Store, keyring: &Keyring) -> Result<(), Error> {
    if let Some(index) = store.get(Table::Vault, INDEX)? {
        let mut batch = Batch::new();
        batch.delete(Table::Vault, INDEX, Expected::Exactly(index));
        commit(store, &mut batch, keyring)?;
    }
    each_row_there(store, |rows| {
        let mut batch = Batch::new();
        for (key, bytes) in rows {
            batch.delete(Table::Vault, key, Expected::Exactly(bytes));
        }
        commit(store, &mut batch, keyring)
    })
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

/// Exchanges what a row says of an id.
fn set(row: &mut Vec<u8>, id: ApiKeyId, mark: Option<Mark>) {
    let (entries, _) = row.as_chunks::<ENTRY>();
    let found = entries.binary_search_by(|entry| entry[..ID].cmp(&id.to_bytes()));
    let (from, until) = match found {
        Ok(at) => (at * ENTRY, (at + 1) * ENTRY),
        Err(at) => (at * ENTRY, at * ENTRY),
    };
    row.splice(from..until, mark.into_iter().flat_map(|mark| entry(id, mark)));
}

fn entry(id: ApiKeyId, mark: Mark) -> impl Iterator<Item = u8> {
    id.to_bytes().into_iter().chain(mark)
}

fn index_of(borders: &[ApiKeyId], hashes: &[[u8; 32]]) -> Vec<u8> {
    let first = ApiKeyId::from_bytes([0; ID]);
    let from = std::iter::once(&first).chain(borders);
    from.zip(hashes).flat_map(|(from, hash)| [&from.to_bytes()[..], hash].concat()).collect()
}

fn mark(key: &MacKey, id: ApiKeyId, half: &Half) -> Mark {
    *key.mac(&[MARK_LABEL, &[0], &id.to_bytes(), half]).first_chunk().expect("32 bytes begin with 8")
}

fn hash_of(label: &[u8], bytes: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update([0]).chain_update(bytes).finalize().into()
}

/// The rows of a fence that are there, some at a time, without the index.
fn each_row_there(
    rows: &dyn Rows,
    mut each: impl FnMut(Vec<(Vec<u8>, Vec<u8>)>) -> Result<(), Error>,
) -> Result<(), Error> {
    let (first, mut after) = ([INDEX, b"/"].concat(), INDEX.to_vec());
    loop {
        let mut page = rows.scan(Table::Vault, Some(&after), ROWS_TOGETHER)?;
        page.retain(|(key, _)| key.starts_with(&first));
        let Some((last, _)) = page.last() else { return Ok(()) };
        after.clone_from(last);
        each(page)?;
    }
}

/// Whether the index or a row of a fence stands under this key.
pub(crate) fn is_key(key: &[u8]) -> bool {
    key.strip_prefix(INDEX).is_some_and(|at| at.is_empty() || at.len() == 1 + size_of::<u32>() && at[0] == b'/')
}

fn row_key(at: usize) -> Vec<u8> {
    let at = u32::try_from(at).expect("there are no 2^44 records");
    [INDEX, b"/", &at.to_be_bytes()].concat()
}

/// Under this keyring alone: who has cut over meanwhile is disturbed by nobody.
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
const ATTEMPTS: usize = 20;
const IN_A_ROW: usize = 4_096;
/// The last row takes the API keys that are issued meanwhile, up to so many.
const MOST_IN_A_ROW: usize = 2 * IN_A_ROW;
const ROWS_TOGETHER: usize = 16;
const ID: usize = 16;
const ENTRY: usize = ID + 8;
const STRETCH: usize = ID + 32;
const MARK_LABEL: &[u8] = b"strongroom/v1/fence/mark";
const ROW_LABEL: &[u8] = b"strongroom/v1/fence/row";
const INDEX_LABEL: &[u8] = b"strongroom/v1/fence/index";
