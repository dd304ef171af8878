//! Backup files: looked at, verified, compared with a vault, and made a vault again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::backup::{self, BackupManifest, BackupPhase, BackupProgress, step};
use crate::arguments::Verdict;
use crate::audit_log::{Act, Action, AuditFault, ChainEnd, Draft, Outcome, row_key};
use crate::error::{Detail, Error, VaultRow};
use crate::keyring::{KeyEncryptionKeys, Keyring};
use crate::known_backups::{KnownBackups, MAX_KNOWN_BACKUPS};
use crate::ledger::{Ledger, row_refused};
use crate::master_keys::MasterKeys;
use crate::secret::hex;
#[cfg(feature = "sqlite")]
use crate::store::SqliteBackups;
use crate::store::{BackupFormat, Rows, Store, Table};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault::audit_check::AuditCheck;
use crate::vault::checkpoint::AuditCheckpoint;
use crate::vault::handle::Vault;

/// A backup: [`Backup::open_with`] opens one of any engine that has them, by the engine's
/// [`BackupFormat`](crate::store::BackupFormat).
///
/// With the feature `sqlite`, `Backup::open` opens the file that a `SqliteStore` wrote:
///
/// ```no_run
/// # #[cfg(feature = "sqlite")] {
/// use strongroom::backup::Backup;
/// use strongroom::{Act, MasterKeys};
///
/// let backup = Backup::open("monday.backup")?;
/// println!("{} API keys of vault {}", backup.claims().records, backup.claims().vault);
/// let act = Act::by("alice").because("the disk of the server is gone");
/// backup.restore("vault.db", &MasterKeys::from_env()?, &act, |_| ())?;
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Backup {
    format: Box<dyn BackupFormat>,
    path: PathBuf,
    claims: BackupManifest,
}

impl Backup {
    /// As many backups a vault remembers: older ones drop off its list.
    pub const MAX_KNOWN: usize = MAX_KNOWN_BACKUPS;

    /// Reads the manifest of a backup of a [`SqliteStore`](crate::SqliteStore). This needs no key.
    #[cfg(feature = "sqlite")]
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::open_with(SqliteBackups, path)
    }

    /// Reads the manifest of a backup that an engine wrote, at a path that its format understands. This needs no key.
    pub fn open_with(format: impl BackupFormat + 'static, path: impl AsRef<Path>) -> Result<Self, Error> {
        let (format, path) = (Box::new(format), path.as_ref().to_owned());
        let row = backup::manifest_row(&*format.open(&path)?)?;
        let claims = BackupManifest::claimed_by(&row).map_err(|error| row_refused(VaultRow::Manifest, error))?;
        Ok(Self { format, path, claims })
    }

    /// What the file says of itself, which nobody has checked.
    pub fn claims(&self) -> &BackupManifest {
        &self.claims
    }

    /// The manifest, with its MAC checked: this is what the vault wrote. What else is in the file is for [`Backup::verify`].
    pub fn authenticate(&self, keys: &MasterKeys) -> Result<BackupManifest, Error> {
        opened(self.format.open(&self.path)?, keys)?.authentic_manifest()
    }

    /// Checks the file, opens every part of every record in it, compares their digest with the authenticated head, follows
    /// the audit chain, and compares the manifest with all of it.
    pub fn verify<V: Verdict>(
        &self,
        keys: &MasterKeys,
        mut watch: impl FnMut(BackupProgress) -> V,
    ) -> Result<BackupManifest, Error> {
        verified(self.format.open_checked(&self.path)?, keys, &mut |progress| watch(progress).flow())
    }

    /// The audit log in the backup beside checkpoints of its vault: whether the backup is older than one of them
    /// ([`AuditFault::RolledBack`]), or of another line ([`AuditFault::Forked`]).
    pub fn check_audit(&self, keys: &MasterKeys, checkpoints: &[AuditCheckpoint]) -> Result<AuditCheck, Error> {
        opened(self.format.open(&self.path)?, keys)?.check_audit(checkpoints)
    }

    /// What a vault has done since the backup, and who restores it would lose.
    pub fn behind(&self, vault: &Vault) -> Result<Behind, Error> {
        let snapshot = vault.ledger.store().snapshot()?;
        let (keyring, head) = vault.ledger.read_together(&*snapshot)?;
        if keyring.vault() != self.claims.vault {
            return Err(Detail::BackupOfOther { expected: keyring.vault(), found: self.claims.vault }.into());
        }
        let seq = self.claims.audit_entries;
        let line = snapshot.get(Table::Audit, &row_key(seq))?;
        let related = line.is_some_and(|line| hex(&ChainEnd::at(seq, &line).hash) == self.claims.audit_hash);
        let mut behind = Behind { related, ..Behind::default() };
        if !related {
            behind.entries = head.chain.seq.saturating_sub(seq);
            return Ok(behind);
        }
        let backup = self.format.open(&self.path)?;
        let mut after = row_key(seq).to_vec();
        loop {
            let page = snapshot.scan(Table::Audit, Some(&after), PAGE)?;
            let Some((last, _)) = page.last() else { return Ok(behind) };
            after.clone_from(last);
            for (key, line) in &page {
                let seq = <[u8; 8]>::try_from(key.as_slice()).map_or(0, u64::from_be_bytes);
                behind.count(&serde_json::from_slice(line).map_err(|_| AuditFault::Malformed { seq })?, &*backup)?;
            }
        }
    }

    /// Makes a vault of it at `to`, where nothing may be. Everything is checked first, as by [`Backup::verify`], and on the
    /// copy that becomes the vault. The restored vault's audit log says that it was restored.
    pub fn restore<V: Verdict>(
        &self,
        to: impl AsRef<Path>,
        keys: &MasterKeys,
        act: &Act,
        mut watch: impl FnMut(BackupProgress) -> V,
    ) -> Result<BackupManifest, Error> {
        act.check()?;
        // Before minutes of copying: the key opens it, and the reason is one that its policy takes.
        let rules = opened(self.format.open(&self.path)?, keys)?.ledger.keyring();
        rules.policy().check_reason(act.reason())?;
        let watch = &mut |progress| watch(progress).flow();
        let place = self
            .format
            .begin_restore(&self.path, to.as_ref(), &mut |done, total| step(watch, BackupPhase::Copy, done, total))?;
        let manifest = verified(place.reopen()?, keys, watch)?;
        let vault = opened(place.convert()?, keys)?;
        vault.ledger.change(act, |change| {
            let mut known = KnownBackups::read(change.keyring, &change.head, vault.ledger.store())?;
            // It was taken before it could say of itself that it is finished.
            if let Some(own) = known.find(manifest.id) {
                backup::finish(own, &manifest);
                known.put(change);
            }
            // What went on after the backup is another life of the vault, and nobody is to take one for the other.
            change.replace_keyring(change.keyring.on_another_line(vault.ledger.keks())?);
            change.audit(Draft::of(Action::Restore).count("backup_seq", manifest.audit_entries));
            Ok(())
        })?;
        // Closing the last connection moves the write-ahead log into the file.
        drop(vault);
        place.publish()?;
        Ok(manifest)
    }
}

/// What happened in a vault after a backup of it was taken: what restoring that backup undoes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Behind {
    /// Whether the vault's audit log goes on from where the backup's ends. Otherwise the two have parted: one of them was
    /// restored from an older backup, or tampered with, and nothing more can be said.
    pub related: bool,
    /// Audit entries since.
    pub entries: u64,
    /// The time of the last of them.
    pub last_at: Option<Timestamp>,
    /// What was done, and how often. Refused acts changed nothing and are not counted.
    pub acts: BTreeMap<&'static str, u64>,
    /// API keys of the backup that were revoked since, reissued, or given a time for that, up to [`Behind::MAX_LISTED`] of
    /// them: restoring makes their tokens valid again.
    pub revoked: BTreeSet<ApiKeyId>,
    /// API keys of the backup that were suspended since and not resumed, up to as many: restoring puts them back into use.
    pub suspended: BTreeSet<ApiKeyId>,
}

impl Behind {
    /// As many ids are listed of each kind.
    pub const MAX_LISTED: usize = 10_000;

    fn count(&mut self, entry: &crate::audit_log::AuditEntry, backup: &dyn Rows) -> Result<(), Error> {
        // That backups were finished is undone by nothing.
        if entry.action == Action::BackupFinished {
            return Ok(());
        }
        self.entries += 1;
        self.last_at = Some(entry.at);
        if entry.outcome != Outcome::Done {
            return Ok(());
        }
        *self.acts.entry(entry.action.name()).or_default() += 1;
        let Some(id) = entry.key else { return Ok(()) };
        let list = match entry.action {
            // A reissue ends the API key that it names.
            Action::Revoke | Action::ScheduleRevocation | Action::Reissue => &mut self.revoked,
            Action::Suspend => &mut self.suspended,
            Action::Resume => {
                self.suspended.remove(&id);
                return Ok(());
            }
            _ => return Ok(()),
        };
        // What was issued since is not in the backup, and its tokens are refused.
        if list.len() < Self::MAX_LISTED && backup.get(Table::Keys, &id.to_bytes())?.is_some() {
            list.insert(id);
        }
        Ok(())
    }
}

fn opened(store: Box<dyn Store>, keys: &MasterKeys) -> Result<Vault, Error> {
    let derive = |row: &[u8]| Ok(KeyEncryptionKeys::derive(keys, Keyring::vault_claimed_by(row)?));
    let ledger = Ledger::open(store, derive, Box::new(Timestamp::now), None)?;
    ledger.check_that_it_belongs_together()?;
    Ok(Vault::unused(ledger))
}

fn verified(
    backup: Box<dyn Store>,
    keys: &MasterKeys,
    watch: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
) -> Result<BackupManifest, Error> {
    opened(backup, keys)?.verify_as_backup(watch)
}

const PAGE: usize = 1_000;
