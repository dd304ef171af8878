//! The verifier: a vault opened with verifier keys, which can be asked and not changed.

use std::time::{Duration, Instant};

use crate::api_key::{ApiKey, Request};
use crate::arguments::Verdict;
use crate::audit_log::{Act, Action, AuditEntry, Draft};
use crate::error::Error;
use crate::keyring::{KeyEncryptionKeys, Keyring, KeyringError};
use crate::ledger::Ledger;
use crate::policy::Policy;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::uses::Usage;
use crate::vault::usage::Recorder;
use crate::vault::{
    AuditCheck, AuditCheckpoint, AuditLine, AuditPosition, DuePage, DueRules, Listed, ListedUsage, Query, UsageOptions,
    Vault, VaultOptions, VaultStatus, VerifyError,
};
use crate::verifier_key::VerifierKey;
use crate::verifier_keys::VerifierKeys;

/// A vault opened with verifier keys: it verifies, lists and shows. It holds no key that opens a secret, and it has no
/// method that recovers, issues, revokes or rotates.
///
/// It follows rotations: once another master key is active it needs the verifier key of that one, and every call fails
/// until it is opened anew with it. Give it both before the rotation.
///
/// Sealing is symmetric, so a process that has a verifier key **and writes the store** could forge API keys. Give it a
/// store that it can only read, such as `SqliteStore::open_read_only`.
///
/// ```
/// use strongroom::{Act, MasterKey, MasterKeys, MemoryStore, NewApiKey, Request, Vault, VerifierKeys};
///
/// let (store, keys) = (MemoryStore::new(), MasterKeys::single(MasterKey::generate()?));
/// let vault = Vault::create(store.clone(), keys, &Act::by("deploy"))?;
/// let issued = vault.issue(&NewApiKey::new("billing worker"), &Act::by("alice"))?;
///
/// let mut keys = VerifierKeys::default();
/// keys.insert(1, vault.issue_verifier_key(1, &Act::by("alice").because("the gateway verifies"))?)?;
/// let verifier = Vault::open_verifier(store, keys)?;
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
pub struct Verifier {
    /// Its keyring has no recover key, and what changes a vault is not handed out.
    vault: Vault,
}

impl Verifier {
    /// See [`Vault::verify`].
    pub fn verify(&self, token: &str, request: &Request<'_>) -> Result<ApiKey, VerifyError> {
        self.vault.verify(token, request)
    }

    /// See [`Vault::list`].
    pub fn list(&self, query: &Query) -> Result<Vec<Listed>, Error> {
        self.vault.list(query)
    }

    /// See [`Vault::show`].
    pub fn show(&self, id: ApiKeyId) -> Result<ApiKey, Error> {
        self.vault.show(id)
    }

    /// See [`Vault::chain`].
    pub fn chain(&self, id: ApiKeyId) -> Result<Vec<Listed>, Error> {
        self.vault.chain(id)
    }

    /// See [`Vault::usage`].
    pub fn usage(&self, id: ApiKeyId) -> Result<Option<Usage>, Error> {
        self.vault.usage(id)
    }

    /// See [`Vault::usage_of_none`].
    pub fn usage_of_none(&self) -> Result<Option<Usage>, Error> {
        self.vault.usage_of_none()
    }

    /// See [`Vault::list_usage`].
    pub fn list_usage<V: Verdict>(&self, query: &Query, each: impl FnMut(ListedUsage) -> V) -> Result<(), Error> {
        self.vault.list_usage(query, each)
    }

    /// What was counted since the last call: the uses of each API key, and under `None` what belongs to none. A verifier only
    /// reads its store and writes nothing of it; whoever has a [`Vault`] can, with [`Vault::add_usage`]. Counts nothing unless
    /// [`VaultOptions::usage`] was given.
    pub fn take_usage(&self) -> Vec<(Option<ApiKeyId>, Usage)> {
        self.vault.take_usage()
    }

    /// See [`Vault::policy`].
    pub fn policy(&self) -> Result<Policy, Error> {
        self.vault.policy()
    }

    /// See [`Vault::due`].
    pub fn due(&self, rules: &DueRules, after: Option<ApiKeyId>) -> Result<DuePage, Error> {
        self.vault.due(rules, after)
    }

    /// See [`Vault::status`]. What is configured are the verifier keys.
    pub fn status(&self) -> Result<VaultStatus, Error> {
        at_one_moment(|| self.vault.status())
    }

    /// See [`Vault::audit_entries`].
    pub fn audit_entries(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        self.vault.audit_entries(after, limit)
    }

    /// See [`Vault::audit_lines`].
    pub fn audit_lines(&self, after: u64, limit: usize) -> Result<Vec<AuditLine>, Error> {
        self.vault.audit_lines(after, limit)
    }

    /// See [`Vault::audit_end`].
    pub fn audit_end(&self) -> Result<AuditPosition, Error> {
        at_one_moment(|| self.vault.audit_end())
    }

    /// See [`Vault::audit_position`].
    pub fn audit_position(&self, seq: u64) -> Result<AuditPosition, Error> {
        self.vault.audit_position(seq)
    }

    /// See [`Vault::audit_since`].
    pub fn audit_since(&self, seen: AuditPosition, limit: usize) -> Result<(Vec<AuditLine>, AuditPosition), Error> {
        at_one_moment(|| self.vault.audit_since(seen, limit))
    }

    /// See [`Vault::audit_checkpoint`].
    pub fn audit_checkpoint(&self) -> Result<AuditCheckpoint, Error> {
        at_one_moment(|| self.vault.audit_checkpoint())
    }

    /// See [`Vault::check_audit`].
    pub fn check_audit(&self, checkpoints: &[AuditCheckpoint]) -> Result<AuditCheck, Error> {
        at_one_moment(|| self.vault.check_audit(checkpoints))
    }

    /// See [`Vault::verify_audit`].
    pub fn verify_audit(&self) -> Result<u64, Error> {
        at_one_moment(|| self.vault.verify_audit())
    }
}

/// Reads again when a store that can only be read did not keep still. One that waits for others has done so for longer.
fn at_one_moment<T>(read: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    let begun = Instant::now();
    loop {
        match read() {
            Err(Error::Store(StoreError::Busy)) if begun.elapsed() < PATIENCE => {}
            read => return read,
        }
    }
}

impl Vault {
    /// Opens the vault in a store with verifier keys, to verify and to list and for nothing else.
    pub fn open_verifier(store: impl Store + 'static, keys: VerifierKeys) -> Result<Verifier, Error> {
        VaultOptions::new().open_verifier(store, keys)
    }

    /// The verifier key of a configured master key version, for this vault. A reason is required. The audit entry is
    /// durable before the key is returned; when it cannot be written, there is no key.
    pub fn issue_verifier_key(&self, version: u32, act: &Act) -> Result<VerifierKey, Error> {
        let subject = Draft::of(Action::VerifierKey).count("master_key", version.into());
        self.ledger.keep_refusal(act, subject.clone(), self.hand_out(version, act, subject))
    }

    fn hand_out(&self, version: u32, act: &Act, subject: Draft) -> Result<VerifierKey, Error> {
        act.check_with_reason()?;
        let key = self.ledger.keks().verifier_key(version, self.ledger.keyring().vault());
        let key = key.ok_or(KeyringError::NotConfigured { version })?;
        self.ledger.change(act, |change| {
            change.audit(subject.clone());
            Ok(())
        })?;
        Ok(key)
    }
}

impl VaultOptions {
    /// See [`Vault::open_verifier`].
    pub fn open_verifier(self, store: impl Store + 'static, keys: VerifierKeys) -> Result<Verifier, Error> {
        let clock = self.clock.unwrap_or_else(|| Box::new(Timestamp::now));
        let derive = |row: &[u8]| Ok(KeyEncryptionKeys::of_verifier(keys, Keyring::vault_claimed_by(row)?)?);
        let ledger = Ledger::open(Box::new(store), derive, clock)?;
        let usage = Recorder::in_memory(self.usage.unwrap_or_else(UsageOptions::off));
        Ok(Verifier { vault: Vault { ledger, usage } })
    }
}

const PATIENCE: Duration = Duration::from_secs(2);
