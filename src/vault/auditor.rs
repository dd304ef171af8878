//! The handle of who reads the audit log of a vault, and needs no secret for that.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::anchor::Anchor;
use crate::audit_log::{AuditFault, ChainEnd};
use crate::authority::PublicKey;
use crate::error::{Detail, Error, KeyringError, PinError};
use crate::keyring::{Keyring, PublicKeyring};
use crate::ledger::{Anchored, Head, KEYRING, Ledger, head_beside, must_go_on, verify_chain};
use crate::store::{Ordered, Rows, Store, StoreError, Table};
use crate::time::Timestamp;
use crate::vault::checkpoint::{AuditCheckpoint, record_digest};
use crate::vault::pin::Pin;
use crate::vault_id::VaultId;
use crate::versions::MasterKeyVersion;

/// A vault whose audit log is read: its entries, whether it holds together, and what proves that it only grew. It holds no secret, and
/// [`Verifier`](crate::Verifier) and [`Vault`](crate::Vault) have its methods as well.
///
/// What it says is as true as what it believes by: the keys of a vault that was opened with some, a public key that was pinned
/// ([`Auditor::open_pinned`]), or nothing ([`Auditor::open`]), and then whoever writes the store could have written all of it.
///
/// ```
/// use strongroom::audit::Auditor;
/// use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Vault};
///
/// let (store, keys) = (MemoryStore::new(), MasterKeys::single(MasterKey::generate()?));
/// let vault = Vault::create(store.clone(), keys, &Act::by("deploy"))?;
/// vault.issue(&NewApiKey::new("billing worker"), &Act::by("alice"))?;
/// let pin = vault.public_keys()?[0].public_key.into();
///
/// let auditor = Auditor::open_pinned(store.clone(), &pin, &[])?;
/// assert_eq!((auditor.verify_audit()?, auditor.is_authenticated()), (2, true));
/// assert!(!Auditor::open(store)?.is_authenticated());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Auditor {
    source: Source,
}

#[derive(Clone)]
enum Source {
    Keys(Arc<Ledger>),
    Public(Arc<PublicLog>),
}

/// The log of a vault whose keys nobody here has.
struct PublicLog {
    store: Box<dyn Store>,
    vault: VaultId,
    /// What is believed by, where something is.
    believed: Mutex<Option<Believed>>,
}

/// A public key that was pinned, or that one led to, and what was seen under it.
#[derive(Clone)]
struct Believed {
    public: PublicKey,
    row: Vec<u8>,
    keyring: PublicKeyring,
    seen: ChainEnd,
}

/// What stands in a vault at one moment, as far as its audit log is concerned.
pub(super) struct Standing {
    pub(super) keyring: PublicKeyring,
    pub(super) head: Head,
    /// The digest of the records of the active generation, by who has the key of it.
    pub(super) record_digest: Option<String>,
    /// Whether more than the store itself speaks for it.
    pub(super) authenticated: bool,
}

/// # Opening
impl Auditor {
    /// Opens the log in a store by nothing: what it says was written by whoever writes the store. Good for looking.
    pub fn open(store: impl Store + 'static) -> Result<Self, Error> {
        let store = Ordered(store);
        let row = keyring_row(&store)?;
        let vault = PublicKeyring::claimed(&row)?.vault();
        Ok(Self::over_public(PublicLog { store: Box::new(store), vault, believed: Mutex::new(None) }))
    }

    /// Opens it by a public key that was kept outside. One of an earlier master key version leads to the one of today over its hand-overs,
    /// but only from a checkpoint among `kept` that the pinned key has signed, before it ended, and that the log agrees with; the whole log
    /// is read for that. Who holds a retired key can sign hand-overs to whom they like, and the log goes on from the checkpoint as they
    /// like: compare where it leads with what who has the master key says ([`Auditor::public_keys`]).
    pub fn open_pinned(store: impl Store + 'static, pin: &Pin, kept: &[AuditCheckpoint]) -> Result<Self, Error> {
        let store = Ordered(store);
        let snapshot = store.snapshot()?;
        let row = keyring_row(&*snapshot)?;
        let vault = Keyring::vault_claimed_by(&row)?;
        if let Some(found) = pin.vault().filter(|found| *found != vault) {
            return Err(PinError::OtherVault { expected: vault, found }.into());
        }
        let keyring = PublicKeyring::pinned(&row, pin.key())?;
        let head = head_beside(&keyring, &*snapshot)?;
        let pinned = keyring.masters().iter().find(|master| master.public_key == pin.key()).ok_or(PinError::Unknown)?;
        if let Some(ended) = pinned.ended {
            let signed =
                |made: &&AuditCheckpoint| made.vault == vault && made.seq <= ended && made.is_signed_by(pin.key());
            let kept: Vec<_> = kept.iter().filter(signed).collect();
            if kept.is_empty() {
                return Err(ended_at(pinned.version, ended));
            }
            // That its last entry is there is not enough: what comes before it may be another's.
            let roots = verify_chain(vault, &*snapshot, &head, &kept.iter().map(|made| made.seq).collect::<Vec<_>>())?;
            let agrees = |made: &&AuditCheckpoint| match made.is_in(&*snapshot, &head) {
                Ok(()) if roots.get(&made.seq).copied() == made.tree_root() => Ok(()),
                Ok(()) => Err(AuditFault::Forked { seq: made.seq }.into()),
                Err(error) => Err(error),
            };
            let mut faults =
                kept.iter().map(agrees).take_while(Result::is_err).filter_map(Result::err).collect::<Vec<_>>();
            if faults.len() == kept.len() {
                return Err(faults.swap_remove(0));
            }
        }
        drop(snapshot);
        let believed = Believed { public: keyring.public_key(), row, keyring, seen: head.chain };
        Ok(Self::over_public(PublicLog { store: Box::new(store), vault, believed: Mutex::new(Some(believed)) }))
    }
}

impl Auditor {
    pub(super) fn over(ledger: Arc<Ledger>) -> Self {
        Self { source: Source::Keys(ledger) }
    }

    fn over_public(log: PublicLog) -> Self {
        Self { source: Source::Public(Arc::new(log)) }
    }

    /// Whether keys of the vault or a public key that was pinned speak for what this says, or nothing but the store itself.
    pub fn is_authenticated(&self) -> bool {
        match &self.source {
            Source::Keys(_) => true,
            Source::Public(log) => log.believed.lock().unwrap_or_else(PoisonError::into_inner).is_some(),
        }
    }

    /// Holds the store to what this machine saw of it last, also where nobody has keys of the vault. Nothing is written.
    pub fn check_anchor(&self, anchor: impl Anchor + 'static) -> Result<(), Error> {
        let anchored = Anchored::new(Arc::new(anchor), false);
        // Before the store, or what was committed between the two would look like something that was lost.
        let seen = anchored.read()?;
        self.log_at_one_moment(|rows, now| anchored.hold(&seen, &now.keyring.facts(), &now.head, rows))
    }

    /// The rows as they are now.
    pub(super) fn rows(&self) -> &dyn Store {
        match &self.source {
            Source::Keys(ledger) => ledger.store(),
            Source::Public(log) => &*log.store,
        }
    }

    pub(super) fn vault_id(&self) -> VaultId {
        match &self.source {
            Source::Keys(ledger) => ledger.keyring().vault(),
            Source::Public(log) => log.vault,
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        match &self.source {
            Source::Keys(ledger) => ledger.now(),
            Source::Public(_) => Timestamp::now(),
        }
    }

    /// The public keys of the master keys and verifier keys that are configured.
    pub(super) fn configured(&self) -> Vec<(MasterKeyVersion, PublicKey)> {
        match &self.source {
            Source::Keys(ledger) => {
                let keks = ledger.keks();
                keks.versions().filter_map(|(version, _)| Some((version, keks.public_key(version)?))).collect()
            }
            Source::Public(_) => vec![],
        }
    }

    /// Reads what stands together at one moment.
    pub(super) fn log_at_one_moment<T>(
        &self,
        read: impl Fn(&dyn Rows, &Standing) -> Result<T, Error>,
    ) -> Result<T, Error> {
        patiently(|| match &self.source {
            Source::Keys(ledger) => {
                let snapshot = ledger.store().snapshot()?;
                let (keyring, head) = ledger.read_together(&*snapshot)?;
                read(&*snapshot, &Standing::by_keys(&keyring, head))
            }
            Source::Public(log) => {
                let (snapshot, standing) = log.look()?;
                read(&*snapshot, &standing)
            }
        })
    }
}

impl PublicLog {
    /// One look after the other: what one has seen, the next does not go back behind.
    fn look(&self) -> Result<(Box<dyn Rows + '_>, Standing), Error> {
        let mut believed = self.believed.lock().unwrap_or_else(PoisonError::into_inner);
        let snapshot = self.store.snapshot()?;
        let row = keyring_row(&*snapshot)?;
        let keyring = match &*believed {
            None => PublicKeyring::claimed(&row)?,
            Some(believed) if believed.row == row => believed.keyring.clone(),
            Some(believed) => believed.followed_by(&row)?,
        };
        let head = head_beside(&keyring, &*snapshot)?;
        if let Some(believed) = &mut *believed {
            must_go_on(head.chain, Some(believed.seen))?;
            *believed = Believed { public: keyring.public_key(), row, keyring: keyring.clone(), seen: head.chain };
        }
        let authenticated = believed.is_some();
        Ok((snapshot, Standing { keyring, head, record_digest: None, authenticated }))
    }
}

impl Believed {
    /// A keyring that took the place of the one that was seen. A hand-over in it lies behind what was seen before.
    fn followed_by(&self, row: &[u8]) -> Result<PublicKeyring, Error> {
        let next = PublicKeyring::pinned(row, self.public)?;
        if next.line() != self.keyring.line() {
            return Err(KeyringError::OtherLine.into());
        }
        if next.revision() <= self.keyring.revision() {
            return Err(KeyringError::PutBack { found: next.revision(), seen: self.keyring.revision() }.into());
        }
        let before = next.masters().iter().find(|master| master.public_key == self.public);
        match before.and_then(|master| Some((master.version, master.ended?))) {
            Some((version, ended)) if ended < self.seen.seq => Err(ended_at(version, ended)),
            _ => Ok(next),
        }
    }
}

impl Standing {
    fn by_keys(keyring: &Keyring, head: Head) -> Self {
        let record_digest = record_digest(keyring, &head);
        Self { keyring: keyring.public(), head, record_digest, authenticated: true }
    }
}

impl fmt::Debug for Auditor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = out.debug_struct("Auditor");
        shown.field("vault", &self.vault_id()).field("authenticated", &self.is_authenticated()).finish_non_exhaustive()
    }
}

/// Reads again when a store that can only be read did not keep still; one that waits for others has done so for longer.
pub(super) fn patiently<T>(read: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    loop {
        match read() {
            Err(error) if matches!(error.detail(), Detail::Store(StoreError::Busy)) && begun.elapsed() < PATIENCE => {}
            read => return read,
        }
    }
}

fn keyring_row<R: Rows + ?Sized>(rows: &R) -> Result<Vec<u8>, Error> {
    Ok(rows.get(Table::Vault, KEYRING)?.ok_or(Detail::NoVault)?)
}

fn ended_at(version: MasterKeyVersion, ended: u64) -> Error {
    PinError::Ended { version, ended }.into()
}

const PATIENCE: Duration = Duration::from_secs(2);

const _: () = {
    const fn a_handle<T: Send + Sync + Clone + 'static>() {}
    a_handle::<Auditor>();
};
