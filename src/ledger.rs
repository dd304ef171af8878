//! The one way to change a vault: a change, its audit entries, and the new authenticated head are one batch.

mod anchored;
mod change;
mod group;
mod head;
mod log;
mod stuck;
mod writing;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Instant;

use crate::anchor::{AnchorActKind, AnchorFault, AnchorStatement};
use crate::audit_log::{Act, AuditFault, ChainEnd};
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{KeyEncryptionKeys, Keyring, PublicKeyring, RowError};
use crate::store::{CommitError, Expected, Ordered, Rows, Store, Table};
use crate::time::Timestamp;

pub(crate) use anchored::{Anchored, Moment};
pub(crate) use change::Change;
use group::Line;
pub(crate) use head::{Head, mask_all, unmask_all};
pub(crate) use log::{
    HEAD, KEYRING, ROTATION, SUBTREE, behind_head, follow_chain, follow_from, grow, must_go_on, subtree_key,
    verify_chain,
};
pub(crate) use stuck::in_the_way;

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
    looks: AtomicU64,
    anchored: Option<Anchored>,
    /// How far the log was followed beside what is done: nobody who knows more acts on less.
    followed: Mutex<Option<ChainEnd>>,
    /// Whoever writes holds it, and finds the head that this process wrote or judged last.
    writing: Mutex<Written>,
    line: Line,
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
        anchored: Option<Anchored>,
        first: impl FnOnce(&mut Change<'_>) -> Result<(), Error>,
        act: &Act,
    ) -> Result<Self, Error> {
        let mut ledger = Self::new(store, keks, clock, keyring);
        ledger.anchored = anchored;
        if let Some(anchored) = &ledger.anchored {
            // Another process may have been quicker, and have made its anchor.
            if let Err(error) = anchored.must_be_absent() {
                let there = ledger.store.get(Table::Vault, KEYRING)?.is_some();
                return Err(if there { Detail::VaultExists.into() } else { error });
            }
            anchored.prepare(&*ledger.store)?;
        }
        let keyring = ledger.keyring();
        let head = Head::new(&keyring);
        let mut change = Change::new(&keyring, head, ledger.now());
        change.batch.put(Table::Vault, KEYRING, keyring.bytes(), Expected::Absent);
        first(&mut change)?;
        let kept = change.log(act)?;
        let Change { head, mut batch, .. } = change;
        let head_row = head.seal(&keyring)?;
        batch.put(Table::Vault, HEAD, head_row.as_slice(), Expected::Absent);
        match ledger.store.commit(&batch) {
            Ok(()) => {
                kept.announce(act);
                if let Some(anchored) = &ledger.anchored {
                    let now = Moment { keyring: &keyring, head: &head, head_row: &head_row };
                    // The vault is made. Without its anchor nobody opens it, and is told how to make that.
                    if let Err(error) = anchored.put(now, ledger.now(), AnchorActKind::Init, act) {
                        tracing::warn!(error = format!("{error:#}"), "the anchor could not be made");
                    }
                }
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
        anchored: Option<Anchored>,
    ) -> Result<Self, Error> {
        let Some(row) = store.get(Table::Vault, KEYRING)? else {
            let seen = anchored.as_ref().and_then(|anchored| anchored.read().ok());
            return Err(seen
                .map_or(Detail::NoVault, |seen| AnchorFault::NoVault { anchored: seen.vault }.into())
                .into());
        };
        let keks = keks(&row)?;
        let keyring = match Keyring::open(row, &keks) {
            Ok(keyring) => keyring,
            // An older store asks for an older master key: that it is older is the answer.
            Err(error) => {
                let held = anchored.map_or(Ok(()), |anchored| held_without_keys(&anchored, &store));
                return Err(match held.map_err(Error::into_detail) {
                    Err(Detail::Anchor(fault)) if fault.is_about_the_store() => fault.into(),
                    _ => error.into(),
                });
            }
        };
        Ok(Self { anchored, ..Self::new(store, keks, clock, keyring) })
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
        self.check_rows()?;
        self.check_anchor().map(drop)
    }

    fn check_rows(&self) -> Result<(), Error> {
        let look = || {
            let rows = self.store.snapshot()?;
            let (_, head) = self.read_together(&*rows)?;
            head.is_the_end_of_the_log(&*rows)
        };
        // An engine whose snapshot is torn by a commit shows it once, and not twice.
        look().or_else(|_| look())
    }

    /// The store is not behind what this machine saw of it, and beside it, where there is an anchor. It is kept there then.
    /// Returns the head.
    pub(crate) fn check_anchor(&self) -> Result<Head, Error> {
        let seen = self.anchored.as_ref().map(Anchored::read).transpose()?;
        let (keyring, head, head_row) = self.keyring_and_head(&Written::default())?;
        if let (Some(anchored), Some(seen)) = (&self.anchored, seen) {
            let now = Moment { keyring: &keyring, head: &head, head_row: &head_row };
            anchored.hold(&seen, &keyring.facts(), &head, self.store())?;
            if head.chain.seq > seen.audit_seq {
                // Nothing was committed here that could be in doubt: a store that was put back meanwhile shows in the next look.
                drop(anchored.advance(now, self.store(), self.now()));
            }
        }
        Ok(head)
    }

    /// Makes an anchor, or has it hold this store whatever it held.
    /// Where `shown` is the end that somebody decided by, the log must lead on from there.
    pub(crate) fn put_anchor(
        &self,
        anchored: &Anchored,
        kind: AnchorActKind,
        shown: Option<ChainEnd>,
        act: &Act,
    ) -> Result<AnchorStatement, Error> {
        let (keyring, head, head_row) = self.keyring_and_head(&Written::default())?;
        if let Some(shown) = shown {
            must_go_on(head.chain, Some(shown))?;
            if follow_from(shown, self.store(), head.chain.seq, |_, _| Ok(()))? != head.chain {
                return Err(AuditFault::Forked { seq: shown.seq }.into());
            }
        }
        let now = Moment { keyring: &keyring, head: &head, head_row: &head_row };
        anchored.put(now, self.now(), kind, act)
    }

    pub(crate) fn anchored(&self) -> Option<&Anchored> {
        self.anchored.as_ref()
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
        self.looks.fetch_add(1, Ordering::Relaxed);
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

    /// The log was followed to here.
    pub(crate) fn followed_to(&self, end: ChainEnd) {
        *self.followed() = Some(end);
    }

    fn followed(&self) -> MutexGuard<'_, Option<ChainEnd>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the keyring was looked up again.
    pub(crate) fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
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
            store: Box::new(Ordered(store)),
            keks: keks.into(),
            clock,
            keyring: RwLock::new(Arc::new(keyring)),
            started: Instant::now(),
            checked_millis: AtomicU64::new(0),
            looks: AtomicU64::new(0),
            anchored: None,
            followed: Mutex::default(),
            writing: Mutex::default(),
            line: Line::default(),
        }
    }

    fn elapsed_millis(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What an anchor says of a store whose keys are not there, by what it claims.
fn held_without_keys(anchored: &Anchored, rows: &dyn Rows) -> Result<(), Error> {
    // Before the store, as always.
    let seen = anchored.read()?;
    let keyring = PublicKeyring::claimed(&rows.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?)?;
    anchored.hold(&seen, &keyring.facts(), &head_beside(&keyring, rows)?, rows)
}

/// The head, for who has no key of the keyring beside it.
pub(crate) fn head_beside(keyring: &PublicKeyring, rows: &dyn Rows) -> Result<Head, Error> {
    let row = rows.get(Table::Vault, HEAD)?.ok_or_else(head_missing)?;
    Head::open_public(keyring, &row).map_err(head_tampered)
}

pub(crate) fn head_missing() -> Error {
    Detail::Tampered { row: VaultRow::Head, fault: RowFault::Missing }.into()
}

pub(crate) fn head_tampered(error: RowError) -> Error {
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

const MAX_KEYRING_AGE_MILLIS: u64 = 1_000;
/// One of several writers always gets through, so this many lost races in a row mean that something else is wrong.
const MAX_ATTEMPTS: usize = 1_000;
