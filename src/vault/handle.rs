//! The handles of an opened vault: one that reads it, and one that can do everything.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::error::Error;
use crate::fence::KnownFence;
use crate::follower::Follower;
use crate::keyring::Keyring;
use crate::ledger::{Head, Ledger};
use crate::store::Rows;
use crate::vault::auditor::{Auditor, patiently};
use crate::vault::recorder::{Recorder, UsageOptions};

/// An opened vault: it issues, verifies, changes, recovers and rotates. What only reads are methods of [`Verifier`], and a
/// vault has them as well.
///
/// A clone is another handle of the same vault, and costs next to nothing: keep one wherever it is used, on every thread.
///
/// Its chapters are [opening](#opening), [issuing](#issuing), [importing](#importing), [changing](#changing),
/// [reissuing](#reissuing), [policy](#policy), [rotating the master key](#rotating-the-master-key),
/// [recovering](#recovering), [exporting](#exporting), [keys for other hands](#keys-for-other-hands),
/// [writing uses](#writing-uses), [checkpoints of the audit log](#checkpoints-of-the-audit-log),
/// [proofs of it](#proofs-of-the-audit-log), [backing up](#backing-up) and
/// [examining](#examining). [`Verifier`] has those of what only
/// reads: [verifying](Verifier#verifying), [listing](Verifier#listing), [what is due](Verifier#what-is-due),
/// [status](Verifier#status), [rotation certificates](Verifier#rotation-certificates) and [uses](Verifier#uses), and [`Auditor`] those of
/// the [audit log](Auditor#audit-log), [its checkpoints](Auditor#checkpoints-of-the-audit-log) and
/// [its proofs](Auditor#proofs-of-the-audit-log).
///
/// ```
/// use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Request, Vault};
///
/// let keys = MasterKeys::single(MasterKey::generate()?);
/// let vault = Vault::create(MemoryStore::new(), keys, &Act::by("deploy"))?;
/// let issued = vault.issue(&NewApiKey::new("billing worker").scope("read"), &Act::by("alice"))?;
/// let key = vault.verify(issued.token.expose(), &Request::new().scope("read"))?;
/// assert_eq!(key.name, "billing worker");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Vault {
    read: Verifier,
}

/// A vault that can be asked and not changed: it verifies, lists and shows, and it has no method that recovers, issues,
/// revokes or rotates. A clone is another handle of the same.
///
/// [`Verifier::open`] opens one with verifier keys, and holds no key that opens a secret. One that was taken from a
/// [`Vault`] is restricted by its type and not by memory: its process still has the keys of that vault.
///
/// It follows rotations: once another master key is active it needs the verifier key of that one, and every call fails
/// until it is opened anew with it. Give it both before the rotation.
///
/// Sealing is symmetric, so a process that has a verifier key **and writes the store** could forge API keys. Give it a
/// store that it can only read, such as `SqliteStore::open_read_only`.
///
/// ```
/// use strongroom::{Act, MasterKey, MasterKeyVersion, MasterKeys, MemoryStore, NewApiKey, Request, Vault, Verifier, VerifierKeys};
///
/// let (store, keys) = (MemoryStore::new(), MasterKeys::single(MasterKey::generate()?));
/// let vault = Vault::create(store.clone(), keys, &Act::by("deploy"))?;
/// let issued = vault.issue(&NewApiKey::new("billing worker"), &Act::by("alice"))?;
///
/// let mut keys = VerifierKeys::default();
/// let version = MasterKeyVersion::FIRST;
/// keys.insert(version, vault.issue_verifier_key(version, &Act::by("alice").because("the gateway verifies"))?)?;
/// let verifier = Verifier::open(store, keys)?;
/// assert_eq!(verifier.verify(issued.token.expose(), &Request::new())?.name, "billing worker");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// These do not compile:
///
/// ```compile_fail,E0599
/// # use strongroom::{Act, ApiKeyId, Verifier};
/// fn secret(verifier: &Verifier, id: ApiKeyId) {
///     verifier.recover(id, &Act::by("mallory").because("greed"));
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use strongroom::{Act, NewApiKey, Verifier};
/// fn forged(verifier: &Verifier) {
///     verifier.issue(&NewApiKey::new("mallory"), &Act::by("mallory"));
/// }
/// ```
///
/// ```compile_fail,E0599
/// # use strongroom::rotation::RotateOptions;
/// # use strongroom::{Act, Verifier};
/// fn rotated(verifier: &Verifier) {
///     verifier.rotate(&RotateOptions::new(), &Act::by("mallory"), |_| ());
/// }
/// ```
///
/// ```compile_fail,E0308
/// # use strongroom::{Vault, Verifier};
/// fn whole(verifier: &Verifier) {
///     let vault: &Vault = verifier;
/// }
/// ```
#[derive(Clone)]
pub struct Verifier {
    pub(super) ledger: Arc<Ledger>,
    pub(super) usage: Arc<Recorder>,
    pub(super) follower: Arc<Follower>,
    pub(super) fence: Arc<KnownFence>,
    audit: Auditor,
}

impl Vault {
    /// All of a vault, where the keys are those for it.
    pub(super) fn over(ledger: Ledger, usage: UsageOptions, follows: bool) -> Self {
        let ledger = Arc::new(ledger);
        let usage = Recorder::new(Arc::clone(&ledger), usage);
        Self { read: Verifier::of(ledger, usage, follows) }
    }

    /// One that reads and writes nothing of its own accord: a backup, or a copy of one.
    pub(super) fn unused(ledger: Ledger) -> Self {
        Self::over(ledger, UsageOptions::default(), false)
    }
}

impl Verifier {
    /// One whose store is only read.
    pub(super) fn over(ledger: Ledger, usage: UsageOptions, follows: bool) -> Self {
        let ledger = Arc::new(ledger);
        let usage = Recorder::in_memory(Arc::clone(&ledger), usage);
        Self::of(ledger, usage, follows)
    }

    fn of(ledger: Arc<Ledger>, usage: Recorder, follows: bool) -> Self {
        let follower = Arc::new(Follower::new(Arc::clone(&ledger), follows));
        let audit = Auditor::over(Arc::clone(&ledger));
        Self { ledger, usage: Arc::new(usage), follower, fence: Arc::default(), audit }
    }

    /// Reads what stands together at one moment, with the keys to open it.
    pub(super) fn at_one_moment<T>(
        &self,
        read: impl Fn(&dyn Rows, &Keyring, &Head) -> Result<T, Error>,
    ) -> Result<T, Error> {
        patiently(|| {
            let snapshot = self.ledger.store().snapshot()?;
            let (keyring, head) = self.ledger.read_together(&*snapshot)?;
            read(&*snapshot, &keyring, &head)
        })
    }
}

impl Deref for Vault {
    type Target = Verifier;

    fn deref(&self) -> &Verifier {
        &self.read
    }
}

impl Deref for Verifier {
    type Target = Auditor;

    fn deref(&self) -> &Auditor {
        &self.audit
    }
}

impl From<Vault> for Verifier {
    fn from(vault: Vault) -> Self {
        vault.read
    }
}

impl From<&Vault> for Verifier {
    fn from(vault: &Vault) -> Self {
        vault.read.clone()
    }
}

impl From<Verifier> for Auditor {
    fn from(verifier: Verifier) -> Self {
        verifier.audit
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.read.shown(f, "Vault")
    }
}

impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shown(f, "Verifier")
    }
}

impl Verifier {
    /// As last read: no store is asked to show a handle.
    fn shown(&self, f: &mut fmt::Formatter<'_>, name: &str) -> fmt::Result {
        let keyring = self.ledger.keyring();
        f.debug_struct(name)
            .field("vault", &keyring.vault())
            .field("configured", &self.ledger.keks().versions().map(|(version, _)| version).collect::<Vec<_>>())
            .field("active_master_key", &keyring.active_master())
            .field("active_generation", &keyring.active_generation())
            .finish_non_exhaustive()
    }
}

const _: () = {
    const fn a_handle<T: Send + Sync + Clone + 'static>() {}
    const fn crosses_threads<T: std::error::Error + Send + Sync + 'static>() {}
    a_handle::<Vault>();
    a_handle::<Verifier>();
    crosses_threads::<Error>();
};
