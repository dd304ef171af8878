//! The vault: what a service, an operator and an administrator do with API keys.

mod admin;
mod admission;
mod backup;
mod chain;
mod checkpoint;
mod doctor;
mod due;
#[cfg(feature = "escrow")]
mod escrow;
mod estimate;
mod export;
mod find;
mod fingerprints;
mod issue;
mod life;
mod list;
mod policy;
mod reissue;
#[cfg(feature = "sqlite")]
mod restore;
mod status;
mod subject;
mod trail;
mod usage;
mod verify;
mod verifier;

use crate::arguments::Maybe;
use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::keyring::{KeyEncryptionKeys, Keyring};
use crate::ledger::{Clock, Ledger};
use crate::lookup::LookupRow;
use crate::master_keys::MasterKeys;
use crate::record::sentinel;
use crate::rotation::{
    self, CertificateCheck, Flow, Progress, RotateOptions, RotationCertificate, RotationPlan, RotationReport,
};
use crate::store::{Expected, Store, Table};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;

pub use backup::{BackupManifest, BackupPhase, BackupProgress, BackupReport, BackupRotation};
pub use checkpoint::{AuditCheck, AuditCheckpoint, CheckpointCheck, CheckpointError, CheckpointFault};
pub use doctor::{Checkup, Depth, DoctorReport, Symptom, SymptomSeverity};
pub use due::{Due, DueCause, DuePage, DueRules};
pub use export::ExportPage;
pub use fingerprints::known_fingerprints;
pub use issue::{Issued, Replaced};
pub use list::{Listed, Query};
#[cfg(feature = "sqlite")]
pub use restore::{Backup, Behind};
pub use status::VaultStatus;
pub use trail::{AuditLine, AuditPosition};
pub use usage::{ListedUsage, UsageFlush, UsageFlusher, UsageOptions};
pub use verifier::Verifier;
pub use verify::VerifyError;

use usage::Recorder;

/// An opened vault. Cheap to share: put it into an [`Arc`](std::sync::Arc) and use it from every thread.
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
pub struct Vault {
    ledger: Ledger,
    usage: Recorder,
}

impl Vault {
    /// Makes a vault in a store that holds none, under the newest of `keys`.
    pub fn create(store: impl Store + 'static, keys: MasterKeys, act: &Act) -> Result<Self, Error> {
        VaultOptions::new().create(store, keys, act)
    }

    /// Opens the vault in a store. The master keys are not kept: only what is derived from them for this vault.
    pub fn open(store: impl Store + 'static, keys: MasterKeys) -> Result<Self, Error> {
        VaultOptions::new().open(store, keys)
    }

    /// Replaces the master key, or continues a rotation begun before. The vault goes on working meanwhile, here and
    /// in other processes that have the new master key. `watch` is called after each batch, and may stop it.
    pub fn rotate(
        &self,
        options: &RotateOptions,
        act: &Act,
        mut watch: impl FnMut(&Progress) -> Flow,
    ) -> Result<RotationReport, Error> {
        rotation::rotate(&self.ledger, options, act, &mut watch)
    }

    /// Whether the certificate of an earlier rotation is true of this vault.
    pub fn check_certificate(&self, certificate: &RotationCertificate) -> Result<CertificateCheck, Error> {
        rotation::check_certificate(&self.ledger, certificate)
    }

    /// What [`Vault::rotate`] would do. Writes nothing.
    pub fn plan_rotation(&self, options: &RotateOptions) -> Result<RotationPlan, Error> {
        rotation::plan(&self.ledger, options)
    }
}

/// How to make or open a vault, where the defaults do not fit.
#[derive(Default)]
pub struct VaultOptions {
    suite: Suite,
    clock: Option<Clock>,
    first: Option<u32>,
    usage: Option<UsageOptions>,
}

impl VaultOptions {
    /// Suite 1 and the operating system's clock.
    pub fn new() -> Self {
        Self::default()
    }

    /// The suite of a new vault.
    #[must_use]
    pub fn suite(mut self, suite: impl Maybe<Suite>) -> Self {
        self.suite = suite.maybe().unwrap_or(self.suite);
        self
    }

    /// Another clock, for tests.
    #[must_use]
    pub fn clock(mut self, clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        self.clock = Some(Box::new(clock));
        self
    }

    /// How uses of API keys are recorded. A [`Verifier`] records none unless this is said.
    #[must_use]
    pub fn usage(mut self, usage: impl Maybe<UsageOptions>) -> Self {
        self.usage = usage.maybe().or(self.usage);
        self
    }

    /// Begins under this version, and not under the newest.
    fn first(mut self, version: u32) -> Self {
        self.first = Some(version);
        self
    }

    /// See [`Vault::create`].
    pub fn create(self, store: impl Store + 'static, keys: MasterKeys, act: &Act) -> Result<Vault, Error> {
        act.check()?;
        let usage = Recorder::of(self.usage.unwrap_or_default());
        let clock = self.clock.unwrap_or_else(|| Box::new(Timestamp::now));
        let (vault, now) = (VaultId::random()?, clock());
        let keks = KeyEncryptionKeys::derive(&keys, vault);
        drop(keys);
        let newest = self.first.or(keks.versions().next_back().map(|(version, _)| version)).unwrap_or(1);
        let keyring = Keyring::create(self.suite, vault, newest, &keks, now)?;
        let first = |change: &mut crate::ledger::Change<'_>| {
            change.insert_record(ApiKeyId::SENTINEL, sentinel(change.keyring, now)?)?;
            let (index, row) = LookupRow::sentinel(change.keyring);
            change.batch.put(Table::Lookup, index, row, Expected::Absent);
            change.audit(Draft::of(Action::Init).count("master_key", newest.into()));
            Ok(())
        };
        let ledger = Ledger::create(Box::new(store), keks, clock, keyring, first, act)?;
        Ok(Vault { ledger, usage })
    }

    /// See [`Vault::open`].
    pub fn open(self, store: impl Store + 'static, keys: MasterKeys) -> Result<Vault, Error> {
        let clock = self.clock.unwrap_or_else(|| Box::new(Timestamp::now));
        let derive = |row: &[u8]| Ok(KeyEncryptionKeys::derive(&keys, Keyring::vault_claimed_by(row)?));
        let ledger = Ledger::open(Box::new(store), derive, clock)?;
        Ok(Vault { ledger, usage: Recorder::of(self.usage.unwrap_or_default()) })
    }
}
