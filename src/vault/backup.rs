//! Backups: taken beside those who write, verified before they get their name, and remembered.

mod manifest;

use std::ops::ControlFlow;
use std::path::Path;

use crate::arguments::Verdict;
use crate::audit_log::{Act, Action, Draft};
use crate::backup_id::BackupId;
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::known_backups::{BACKUPS, KnownBackup, KnownBackups};
use crate::ledger::row_refused;
use crate::store::{Ordered, Rows, Table, UnfinishedBackup};
use crate::time::Timestamp;
use crate::vault::doctor::SymptomSeverity;
use crate::vault::handle::Vault;

pub use manifest::{BackupManifest, BackupRotation};

/// What came of a backup.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupReport {
    /// What is in it.
    pub manifest: BackupManifest,
    /// Whether the vault's list says that it is finished. Where that could not be written, the list has it as unfinished.
    pub recorded: bool,
}

/// How far a backup, a check or a restore has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupProgress {
    /// What is being done.
    pub phase: BackupPhase,
    /// Pages or bytes copied; API keys opened.
    pub done: u64,
    /// How many there are.
    pub total: u64,
}

/// What is done with a backup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum BackupPhase {
    /// It is copied.
    Copy,
    /// Everything in it is opened.
    Verify,
}

impl BackupPhase {
    /// The word used in JSON and progress.
    pub fn name(self) -> &'static str {
        match self {
            Self::Copy => "copy",
            Self::Verify => "verify",
        }
    }
}

/// # Backing up
impl Vault {
    /// Writes a backup to a new file, while this process and others go on working: what is in it is one moment, and every
    /// change that was acknowledged before the call. It stays sealed. It gets its name only after everything in it was opened
    /// and compared, and the vault remembers which master key it needs.
    ///
    /// `watch` may stop it; the error is then [`StoreError::Stopped`](crate::store::StoreError::Stopped).
    pub fn backup<V: Verdict>(
        &self,
        file: impl AsRef<Path>,
        act: &Act,
        mut watch: impl FnMut(BackupProgress) -> V,
    ) -> Result<BackupReport, Error> {
        act.check()?;
        let taken = self.take_backup(file.as_ref(), act, &mut |progress| watch(progress).flow());
        self.ledger.keep_refusal(act, Draft::of(Action::Backup), taken)
    }

    /// The backups that the vault remembers, oldest first: the last [`Backup::MAX_KNOWN`](crate::backup::Backup::MAX_KNOWN).
    pub fn backups(&self) -> Result<Vec<KnownBackup>, Error> {
        let snapshot = self.ledger.store().snapshot()?;
        let (keyring, head) = self.ledger.read_together(&*snapshot)?;
        Ok(KnownBackups::read(&keyring, &head, &*snapshot)?.list)
    }

    /// Takes a backup from the list, once its file is deleted.
    pub fn forget_backup(&self, id: BackupId, act: &Act) -> Result<(), Error> {
        let draft = || Draft::of(Action::BackupForgotten).count("backups", 1);
        let forgotten = self.ledger.change(act, |change| {
            let mut known = KnownBackups::read(change.keyring, &change.head, self.ledger.store())?;
            if !known.remove(id) {
                return Err(Detail::BackupUnknown { id }.into());
            }
            known.put(change);
            change.audit(draft());
            Ok(())
        });
        self.ledger.keep_refusal(act, draft(), forgotten)
    }

    /// Begins the list anew, whatever it is, and returns how many were on it. A list that was tampered with ends like this.
    pub fn forget_all_backups(&self, act: &Act) -> Result<u64, Error> {
        let forgotten = self.ledger.change(act, |change| {
            let rows = self.ledger.store();
            let known = KnownBackups::read(change.keyring, &change.head, rows).unwrap_or_default().list.len() as u64;
            KnownBackups::replacing(rows.get(Table::Vault, BACKUPS)?).put(change);
            change.audit(Draft::of(Action::BackupForgotten).count("backups", known));
            Ok(known)
        });
        self.ledger.keep_refusal(act, Draft::of(Action::BackupForgotten), forgotten)
    }

    fn take_backup(
        &self,
        file: &Path,
        act: &Act,
        watch: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupReport, Error> {
        let id = BackupId::random()?;
        let place = self.ledger.store().begin_backup(file)?;
        // Listed and in the audit log first: no backup stands at its name that the vault does not know of.
        let at = self.list_unfinished(id, file, act)?;
        let written = self.write_backup(place, id, at, watch);
        match written {
            Ok(manifest) => {
                let listed = self.list_finished(&manifest, act);
                if let Err(error) = &listed {
                    tracing::warn!(error = format!("{error:#}"), backup = %id, "the backup is in place, and is listed as unfinished");
                }
                Ok(BackupReport { manifest, recorded: listed.is_ok() })
            }
            Err(error) => {
                if let Err(unlisted) = self.unlist(id, act) {
                    tracing::warn!(error = format!("{unlisted:#}"), backup = %id, "there is no such backup, and it stays listed as unfinished");
                }
                Err(error)
            }
        }
    }

    fn write_backup(
        &self,
        mut place: Box<dyn UnfinishedBackup + '_>,
        id: BackupId,
        at: Timestamp,
        watch: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupManifest, Error> {
        place.copy(&mut |done, total| step(watch, BackupPhase::Copy, done, total))?;
        let (manifest, row) = BackupManifest::describe(&self.ledger, &Ordered(&*place), id, at)?;
        place.seal(&row)?;
        let copy = Vault::unused(self.ledger.open_copy(place.reopen()?)?);
        let verified = copy.verify_as_backup(watch)?;
        drop(copy);
        if verified != manifest {
            return Err(Detail::BackupDamaged { what: "its manifest is not the one that was written".into() }.into());
        }
        place.publish()?;
        Ok(manifest)
    }

    /// Opens everything in this vault, which is a backup, and compares its manifest with what is there.
    pub(super) fn verify_as_backup(
        &self,
        watch: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
    ) -> Result<BackupManifest, Error> {
        let manifest = self.authentic_manifest()?;
        let (found, _) = BackupManifest::describe(&self.ledger, self.ledger.store(), manifest.id, manifest.at)?;
        if !manifest.agrees_with(&found) {
            return Err(Detail::Tampered { row: VaultRow::Manifest, fault: RowFault::OfOtherContents }.into());
        }
        let report = self.doctor(|progress| step(watch, BackupPhase::Verify, progress.counted, manifest.records))?;
        let damage = report.symptoms.into_iter().find(|symptom| symptom.severity == SymptomSeverity::Damage);
        match damage {
            Some(symptom) => Err(Detail::BackupDamaged { what: symptom.what }.into()),
            None => Ok(manifest),
        }
    }

    /// The manifest of this vault, which is a backup, with its signature checked.
    pub(super) fn authentic_manifest(&self) -> Result<BackupManifest, Error> {
        let row = manifest_row(self.ledger.store())?;
        let keyring = self.ledger.keyring();
        BackupManifest::open(&keyring, &row).map_err(|error| row_refused(VaultRow::Manifest, error))
    }

    fn list_unfinished(&self, id: BackupId, file: &Path, act: &Act) -> Result<Timestamp, Error> {
        self.ledger.change(act, |change| {
            let mut known = KnownBackups::read(change.keyring, &change.head, self.ledger.store())?;
            let active = change.keyring.masters().find(|master| master.version == change.keyring.active_master());
            let active = active.ok_or(crate::keyring::KeyringError::Malformed)?;
            change.audit(Draft::of(Action::Backup).count("master_key", active.version.into()));
            known.add(KnownBackup {
                id,
                at: change.now,
                audit_seq: change.last_seq(),
                master_key: active.version,
                fingerprint: active.fingerprint,
                records: 0,
                file_name: file_name(file),
                finished: false,
            });
            known.put(change);
            Ok(change.now)
        })
    }

    /// What the manifest says: a rotation may have begun between the listing and the copy.
    fn list_finished(&self, manifest: &BackupManifest, act: &Act) -> Result<(), Error> {
        self.ledger.change_for_any_reason(act, |change| {
            let mut known = KnownBackups::read(change.keyring, &change.head, self.ledger.store())?;
            let Some(backup) = known.find(manifest.id) else {
                return Err(Detail::BackupUnknown { id: manifest.id }.into());
            };
            let seq = backup.audit_seq;
            finish(backup, manifest);
            known.put(change);
            change.audit(Draft::of(Action::BackupFinished).count("backup_seq", seq).count("keys", manifest.records));
            Ok(())
        })
    }

    fn unlist(&self, id: BackupId, act: &Act) -> Result<(), Error> {
        self.ledger.change_for_any_reason(act, |change| {
            let mut known = KnownBackups::read(change.keyring, &change.head, self.ledger.store())?;
            known.remove(id);
            known.put(change);
            change.audit(Draft::of(Action::BackupForgotten).count("backups", 1));
            Ok(())
        })
    }
}

/// A listed backup as its manifest describes it.
pub(super) fn finish(backup: &mut KnownBackup, manifest: &BackupManifest) {
    if let Some((version, fingerprint)) = manifest.opens_with.first() {
        (backup.master_key, backup.fingerprint) = (*version, *fingerprint);
    }
    (backup.records, backup.finished) = (manifest.records, true);
}

pub(super) fn manifest_row(rows: &dyn Rows) -> Result<Vec<u8>, Error> {
    let missing = || Detail::Tampered { row: VaultRow::Manifest, fault: RowFault::Missing }.into();
    rows.get(Table::Vault, Table::MANIFEST)?.ok_or_else(missing)
}

pub(super) fn step(
    watch: &mut dyn FnMut(BackupProgress) -> ControlFlow<()>,
    phase: BackupPhase,
    done: u64,
    total: u64,
) -> ControlFlow<()> {
    watch(BackupProgress { phase, done, total })
}

/// The folder stays out of it: it may tell something of the place where backups are kept.
fn file_name(file: &Path) -> String {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let end = (0..=MAX_FILE_NAME_LEN.min(name.len())).rev().find(|end| name.is_char_boundary(*end)).unwrap_or(0);
    name[..end].to_owned()
}

const MAX_FILE_NAME_LEN: usize = 256;
