//! The one way to change a vault: a change, its audit entries, and the new authenticated head are one batch.

mod head;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Instant;

use tracing::field::display;

use crate::audit_log::{Act, AuditEntry, AuditFault, ChainEnd, Draft, EVENTS, row_key};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{KeyEncryptionKeys, Keyring, RowError};
use crate::record::Record;
use crate::record_set::RecordSet;
use crate::secret::random_array;
use crate::store::{Batch, CommitError, Effect, Expected, Rows, Store, Table};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::tree::{CompactRange, Stored, leaf_hash};
use crate::vault_id::VaultId;

pub(crate) use head::{Head, mask_all, unmask_all};

/// A source of the present moment.
pub(crate) type Clock = Box<dyn Fn() -> Timestamp + Send + Sync>;

/// What every operation on a vault shares: the store, the keys, the clock.
pub(crate) struct Ledger {
    store: Box<dyn Store>,
    keks: Arc<KeyEncryptionKeys>,
    clock: Clock,
    keyring: RwLock<Arc<Keyring>>,
    started: Instant,
    checked_millis: AtomicU64,
    /// Whoever writes holds it, and finds the head that this process wrote or judged last.
    writing: Mutex<Written>,
}

/// What a process knows of the head from its own writing.
#[derive(Default)]
struct Written {
    judged: Option<Judged>,
    /// The end of the log, as far as it was seen: a head never goes back behind it.
    seen: Option<ChainEnd>,
}

/// A head whose signature was checked, or made here, under a keyring.
struct Judged {
    keyring: [u8; 32],
    row: Vec<u8>,
    head: Head,
}

impl Ledger {
    /// Writes a new vault's first rows and opens it. The store must hold none.
    pub(crate) fn create(
        store: Box<dyn Store>,
        keks: KeyEncryptionKeys,
        clock: Clock,
        keyring: Keyring,
        first: impl FnOnce(&mut Change<'_>) -> Result<(), Error>,
        act: &Act,
    ) -> Result<Self, Error> {
        let ledger = Self::new(store, keks, clock, keyring);
        let keyring = ledger.keyring();
        let head = Head::new(&keyring);
        let mut change = Change::new(&keyring, head, ledger.now());
        change.batch.put(Table::Vault, KEYRING, keyring.bytes(), Expected::Absent);
        first(&mut change)?;
        let (batch, kept, ..) = change.into_batch(act, None)?;
        match ledger.store.commit(&batch) {
            Ok(()) => {
                kept.announce(act);
                Ok(ledger)
            }
            Err(CommitError::Conflict(_)) => Err(Detail::VaultExists.into()),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    /// Opens the vault in a store. Whether its rows belong together is for [`Ledger::check_that_it_belongs_together`].
    pub(crate) fn open(
        store: Box<dyn Store>,
        keks: impl FnOnce(&[u8]) -> Result<KeyEncryptionKeys, Error>,
        clock: Clock,
    ) -> Result<Self, Error> {
        let row = store.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?;
        let keks = keks(&row)?;
        let keyring = Keyring::open(row, &keks)?;
        Ok(Self::new(store, keks, clock, keyring))
    }

    /// Opens another store of the same vault with the same keys.
    pub(crate) fn open_copy(&self, store: Box<dyn Store>) -> Result<Self, Error> {
        let row = store.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?;
        let keyring = Keyring::open(row, &self.keks)?;
        let ledger = Self::new(store, Arc::clone(&self.keks), Box::new(Timestamp::now), keyring);
        ledger.check_that_it_belongs_together()?;
        Ok(ledger)
    }

    /// Keyring, head, the entry that the head names, and the end of the log are of one moment. A single one of them that was put back
    /// is noticed here.
    pub(crate) fn check_that_it_belongs_together(&self) -> Result<(), Error> {
        let look = || {
            let rows = self.store.snapshot()?;
            let (_, head) = self.read_together(&*rows)?;
            head.is_the_end_of_the_log(&*rows)
        };
        // An engine whose snapshot is torn by a commit shows it once, and not twice.
        look().or_else(|_| look())
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    pub(crate) fn keks(&self) -> &KeyEncryptionKeys {
        &self.keks
    }

    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// The keyring as last seen.
    pub(crate) fn keyring(&self) -> Arc<Keyring> {
        Arc::clone(&self.keyring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keyring, looked up again when the last look is a second old: a process that only verifies stops using a
    /// retired generation within a second.
    pub(crate) fn recent_keyring(&self) -> Result<Arc<Keyring>, Error> {
        let now = self.elapsed_millis();
        if now.saturating_sub(self.checked_millis.load(Ordering::Relaxed)) < MAX_KEYRING_AGE_MILLIS {
            return Ok(self.keyring());
        }
        self.reload()
    }

    /// Reads the keyring again; opens it only when it changed.
    pub(crate) fn reload(&self) -> Result<Arc<Keyring>, Error> {
        let known = self.keyring();
        let row = self.store.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?;
        let looked_at = self.elapsed_millis();
        if known.bytes() == row {
            self.checked_millis.store(looked_at, Ordering::Relaxed);
            return Ok(known);
        }
        // Only a keyring that opens counts as a look: without the new master key every call fails, not one a second.
        let opened = Arc::new(Keyring::open(row, &self.keks)?);
        opened.must_follow(&known)?;
        tracing::info!(
            generation = opened.active_generation().get(),
            master_key = opened.active_master().get(),
            "the keyring changed and was opened again"
        );
        self.advance(Arc::clone(&opened));
        self.checked_millis.store(looked_at, Ordering::Relaxed);
        Ok(opened)
    }

    /// Another thread may have seen a later one meanwhile.
    fn advance(&self, opened: Arc<Keyring>) {
        let mut known = self.keyring.write().unwrap_or_else(PoisonError::into_inner);
        if opened.revision() > known.revision() && opened.must_follow(&known).is_ok() {
            *known = opened;
        }
    }

    /// Keyring and head as they stood at one moment.
    pub(crate) fn read_together(&self, rows: &dyn Rows) -> Result<(Arc<Keyring>, Head), Error> {
        let keyring = self.keyring_in(rows)?;
        let head = Self::head_in(&keyring, rows)?;
        Ok((keyring, head))
    }

    /// The keyring as it stood at that moment.
    pub(crate) fn keyring_in(&self, rows: &dyn Rows) -> Result<Arc<Keyring>, Error> {
        let row = rows.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?;
        let known = self.keyring();
        if known.bytes() == row {
            return Ok(known);
        }
        let opened = Arc::new(Keyring::open(row, &self.keks)?);
        if opened.must_follow(&known).is_err() {
            // The rows may be of a moment before the last look of another thread. What stands there now tells.
            self.reload()?;
        } else {
            self.advance(Arc::clone(&opened));
        }
        Ok(opened)
    }

    /// The head as it stood at that moment, under the keyring of the same.
    pub(crate) fn head_in(keyring: &Keyring, rows: &dyn Rows) -> Result<Head, Error> {
        let row = rows.get(Table::Vault, HEAD)?.ok_or_else(head_missing)?;
        Head::open(keyring, &row).map_err(head_tampered)
    }

    /// Makes a change: `prepare` reads what it needs and fills the batch; it runs again whenever somebody else was
    /// quicker, and sees the new state then. The reason has to be one that the policy takes.
    pub(crate) fn change<T>(
        &self,
        act: &Act,
        mut prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.change_for_any_reason(act, |change| {
            change.keyring.policy().check_reason(act.reason())?;
            prepare(change)
        })
    }

    /// The same for what only completes an act, whose reason has been taken.
    pub(crate) fn change_for_any_reason<T>(
        &self,
        act: &Act,
        mut prepare: impl FnMut(&mut Change<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        act.check()?;
        // Threads of one process take turns, rather than finding out at the commit that another was quicker.
        let mut turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let mut planted = vec![];
        for _ in 0..MAX_ATTEMPTS {
            let (keyring, head, head_row) = self.keyring_and_head(&turn)?;
            turn.seen = Some(head.chain);
            let mut change = Change::new(&keyring, head, self.now());
            change.batch.check(Table::Vault, KEYRING, Expected::Exactly(keyring.bytes().into()));
            let prepared = match prepare(&mut change) {
                Ok(prepared) => prepared,
                // What was read may be newer than the keyring and the head it was read with.
                Err(error) => match self.store.get(Table::Vault, HEAD)? {
                    Some(row) if row == head_row => return Err(error),
                    _ => {
                        self.reload()?;
                        continue;
                    }
                },
            };
            if change.is_idle() {
                return Ok(prepared);
            }
            let next = change.next_keyring.take();
            let (mut batch, kept, head, row) = change.into_batch(act, Some((head_row, next.as_ref())))?;
            batch.retain(|change| !planted.contains(&change.key));
            match self.store.commit(&batch) {
                Ok(()) => {
                    kept.announce(act);
                    let keyring = next.as_ref().map_or(keyring.hash(), Keyring::hash);
                    turn.seen = Some(head.chain);
                    turn.judged = Some(Judged { keyring, row, head });
                    if let Some(next) = next {
                        self.advance(Arc::new(next));
                    }
                    return Ok(prepared);
                }
                Err(CommitError::Store(error)) => return Err(error.into()),
                Err(CommitError::Conflict(rows)) => {
                    tracing::debug!(rows = rows.len(), "others were quicker; reading again");
                    self.reload()?;
                    self.check_behind_head(&rows)?;
                    // A row of a subtree proves nothing, and must not keep anybody from writing: one that is there stays.
                    planted.extend(rows.into_iter().filter(|(_, key)| key.starts_with(SUBTREE)).map(|(_, key)| key));
                }
            }
        }
        Err(Detail::Contended.into())
    }

    /// Whether a commit met an audit entry where the head says there is none: then no other attempt succeeds either.
    fn check_behind_head(&self, conflicts: &[(Table, Vec<u8>)]) -> Result<(), Error> {
        if conflicts.iter().all(|(table, _)| *table != Table::Audit) {
            return Ok(());
        }
        let rows = self.store.snapshot()?;
        let (_, head) = self.read_together(&*rows)?;
        head.is_the_end_of_the_log(&*rows)
    }

    /// Writes an audit entry of an act that is refused for what it asks. The refusal is returned whether or not the entry
    /// could be written.
    pub(crate) fn keep_refusal<T>(&self, act: &Act, subject: Draft, judged: Result<T, Error>) -> Result<T, Error> {
        let Err(error) = &judged else { return judged };
        if error.is_refusal() && act.check().is_ok() {
            let draft = subject.refused(error.code());
            let written = self.change_for_any_reason(act, |change| {
                change.audit(draft.clone());
                Ok(())
            });
            if let Err(unwritten) = written {
                tracing::warn!(
                    error = format!("{unwritten:#}"),
                    "the audit entry of a refused act could not be written"
                );
            }
        }
        judged
    }

    /// The two are separate reads, and a rotation may fall between them: a head that does not open is only tampered
    /// with if it stays when the keyring has stayed.
    fn keyring_and_head(&self, written: &Written) -> Result<(Arc<Keyring>, Head, Vec<u8>), Error> {
        let mut last: Option<Vec<u8>> = None;
        for _ in 0..MAX_ATTEMPTS {
            let keyring = self.keyring();
            let row = self.store.get(Table::Vault, HEAD)?.ok_or_else(head_missing)?;
            let judged = written.judged.as_ref();
            if let Some(judged) = judged.filter(|judged| judged.keyring == keyring.hash() && judged.row == row) {
                return Ok((keyring, judged.head.clone(), row));
            }
            match Head::open(&keyring, &row) {
                Ok(head) => {
                    must_go_on(head.chain, written.seen)?;
                    return Ok((keyring, head, row));
                }
                Err(error) => {
                    let reloaded = self.reload()?;
                    if reloaded.bytes() == keyring.bytes() && last.as_ref() == Some(&row) {
                        return Err(head_tampered(error));
                    }
                    last = Some(row);
                }
            }
        }
        Err(Detail::Contended.into())
    }

    fn new(store: Box<dyn Store>, keks: impl Into<Arc<KeyEncryptionKeys>>, clock: Clock, keyring: Keyring) -> Self {
        Self {
            store,
            keks: keks.into(),
            clock,
            keyring: RwLock::new(Arc::new(keyring)),
            started: Instant::now(),
            checked_millis: AtomicU64::new(0),
            writing: Mutex::default(),
        }
    }

    fn elapsed_millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A change in the making.
pub(crate) struct Change<'k> {
    pub(crate) keyring: &'k Keyring,
    pub(crate) head: Head,
    pub(crate) now: Timestamp,
    pub(crate) batch: Batch,
    drafts: Vec<Draft>,
    next_keyring: Option<Keyring>,
}

impl<'k> Change<'k> {
    fn new(keyring: &'k Keyring, head: Head, now: Timestamp) -> Self {
        Self { keyring, head, now, batch: Batch::new(), drafts: vec![], next_keyring: None }
    }

    /// Whether nothing is to be written.
    fn is_idle(&self) -> bool {
        self.drafts.is_empty()
            && self.next_keyring.is_none()
            && self.batch.changes().iter().all(|change| change.effect == Effect::Check)
    }

    /// Adds an audit entry.
    pub(crate) fn audit(&mut self, draft: Draft) {
        self.drafts.push(draft);
    }

    /// The number of the audit entry added last.
    pub(crate) fn last_seq(&self) -> u64 {
        self.head.chain.seq + self.drafts.len() as u64
    }

    /// Writes a new record.
    pub(crate) fn insert_record(&mut self, id: ApiKeyId, record: Vec<u8>) -> Result<(), Error> {
        self.count(id, &record, RecordSet::add)?;
        self.batch.put(Table::Keys, id.to_bytes(), record, Expected::Absent);
        Ok(())
    }

    /// Writes a new record that [`Change::count_in`] counts together with others.
    pub(crate) fn insert_sealed(&mut self, id: ApiKeyId, record: Vec<u8>) {
        self.batch.put(Table::Keys, id.to_bytes(), record, Expected::Absent);
    }

    /// Counts new records of the active generation.
    pub(crate) fn count_in(&mut self, records: RecordSet) {
        let set = self.head.set(self.keyring.active_generation());
        *set = set.plus(records);
    }

    /// Writes a record in place of the one read before.
    pub(crate) fn replace_record(&mut self, id: ApiKeyId, old: Vec<u8>, new: Vec<u8>) -> Result<(), Error> {
        self.count(id, &old, RecordSet::remove)?;
        self.count(id, &new, RecordSet::add)?;
        self.batch.put(Table::Keys, id.to_bytes(), new, Expected::Exactly(old));
        Ok(())
    }

    /// Puts another keyring in place of the present one; the head is authenticated under it.
    pub(crate) fn replace_keyring(&mut self, next: Keyring) {
        let old = Expected::Exactly(self.keyring.bytes().into());
        self.batch.retain(|change| {
            !(change.table == Table::Vault && change.key == KEYRING && change.effect == Effect::Check)
        });
        self.batch.put(Table::Vault, KEYRING, next.bytes(), old);
        self.next_keyring = Some(next);
    }

    fn count(
        &mut self,
        id: ApiKeyId,
        bytes: &[u8],
        apply: fn(&mut RecordSet, &crate::keyring::MacKey, &Record<'_>),
    ) -> Result<(), Error> {
        let unreadable = |fault| Detail::Record { id, fault };
        let record = Record::parse(bytes).map_err(unreadable)?;
        let generation = record.generation();
        let missing = || unreadable(crate::record::RecordError::MissingGeneration { generation });
        let key = self.keyring.generation(generation).ok_or_else(missing)?.record_set();
        apply(self.head.set(generation), key, &record);
        Ok(())
    }

    /// The batch, its audit entries, and the head as it is then, with its row.
    fn into_batch(
        mut self,
        act: &Act,
        old: Option<(Vec<u8>, Option<&Keyring>)>,
    ) -> Result<(Batch, Kept, Head, Vec<u8>), Error> {
        let (after, commit) = (self.head.chain.seq, random_array()?);
        let (expected, next) = match old {
            None => (Expected::Absent, None),
            Some((row, next)) => (Expected::Exactly(row), next),
        };
        for draft in &self.drafts {
            let (line, end) = self.head.chain.append(draft, &commit, act, self.now);
            if let Some(subtree) = grow(&mut self.head.tree, &line) {
                self.batch.put(Table::Vault, subtree_key(subtree.index), subtree.hash, Expected::Absent);
            }
            self.batch.put(Table::Audit, row_key(end.seq), line, Expected::Absent);
            self.head.chain = end;
        }
        let row = self.head.seal(next.unwrap_or(self.keyring))?;
        self.batch.put(Table::Vault, HEAD, row.as_slice(), expected);
        Ok((self.batch, Kept { after, drafts: self.drafts }, self.head, row))
    }
}

/// The audit entries of a batch.
struct Kept {
    after: u64,
    drafts: Vec<Draft>,
}

impl Kept {
    /// Tells whoever listens to events, once they are committed. A reason may hold anything, and stays in the log.
    fn announce(&self, act: &Act) {
        for (seq, draft) in (self.after + 1..).zip(&self.drafts) {
            let (action, actor, key) = (draft.action.name(), act.actor.as_str(), draft.key.map(display));
            match draft.refused {
                None => tracing::info!(target: EVENTS, seq, action, actor, key, outcome = "done"),
                Some(cause) => tracing::warn!(target: EVENTS, seq, action, actor, key, outcome = "refused", cause),
            }
        }
    }
}

/// Counts the next line of the log into the tree over it.
pub(crate) fn grow(tree: &mut CompactRange, line: &[u8]) -> Option<Stored> {
    tree.append(leaf_hash(line)).expect("an audit log has no 2^64 entries")
}

/// Follows the chain of the audit log from its first entry, over at most `upto` of them, and returns where that ends. What the
/// end has to be is in the head.
pub(crate) fn follow_chain(
    vault: VaultId,
    rows: &dyn Rows,
    upto: u64,
    each: impl FnMut(&AuditEntry, &[u8]) -> Result<(), Error>,
) -> Result<ChainEnd, Error> {
    follow_from(ChainEnd::start(vault), rows, upto, each)
}

/// The same from a place on that was followed to before.
pub(crate) fn follow_from(
    start: ChainEnd,
    rows: &dyn Rows,
    upto: u64,
    mut each: impl FnMut(&AuditEntry, &[u8]) -> Result<(), Error>,
) -> Result<ChainEnd, Error> {
    let (mut end, mut after) = (start, Some(row_key(start.seq).to_vec()).filter(|_| start.seq > 0));
    while end.seq < upto {
        let page = rows.scan(Table::Audit, after.as_deref(), PAGE)?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        for (key, line) in &page[..page.len().min(usize::try_from(upto - end.seq).unwrap_or(usize::MAX))] {
            let entry;
            (entry, end) = end.follow(key, line)?;
            each(&entry, line)?;
        }
    }
    Ok(end)
}

/// The end of a log that was seen is in every later one.
fn must_go_on(end: ChainEnd, seen: Option<ChainEnd>) -> Result<(), Error> {
    match seen {
        Some(seen) if end.seq < seen.seq => Err(AuditFault::RolledBack { found: end.seq, seen: seen.seq }.into()),
        Some(seen) if end.seq == seen.seq && end.hash != seen.hash => Err(AuditFault::Forked { seq: seen.seq }.into()),
        _ => Ok(()),
    }
}

fn head_missing() -> Error {
    Detail::Tampered { row: VaultRow::Head, fault: RowFault::Missing }.into()
}

fn head_tampered(error: RowError) -> Error {
    row_refused(VaultRow::Head, error)
}

/// Why a row of the table `vault` is not believed.
pub(crate) fn row_refused(row: VaultRow, error: RowError) -> Error {
    match error {
        RowError::Format(found) => Detail::RowFormat { row, found }.into(),
        RowError::Malformed => Detail::Tampered { row, fault: RowFault::Malformed }.into(),
        RowError::Other => Detail::Tampered { row, fault: RowFault::OfOtherKeyring }.into(),
        RowError::Unauthentic => Detail::Tampered { row, fault: RowFault::Unauthentic }.into(),
    }
}

/// Keys of the table `vault`.
pub(crate) const KEYRING: &[u8] = b"keyring";
pub(crate) const HEAD: &[u8] = b"head";
/// Where the hash of a subtree of the log stands in the table `vault` (docs/format.md, Subtrees).
pub(crate) fn subtree_key(at: u64) -> Vec<u8> {
    [SUBTREE, &at.to_be_bytes()].concat()
}

pub(crate) const SUBTREE: &[u8] = b"subtree/";
const MAX_KEYRING_AGE_MILLIS: u64 = 1_000;
/// Rows read together.
const PAGE: usize = 1_000;
/// One of several writers always gets through, so this many lost races in a row mean that something else is wrong.
const MAX_ATTEMPTS: usize = 1_000;
