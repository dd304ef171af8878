//! The row `backups`: the backups that were taken of a vault, and the master key that opens each.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use serde::Serialize;

use crate::backup_id::BackupId;
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::keyring::{Keyring, RowError, RowLabel, encode, row_hash};
use crate::ledger::{Change, Head, row_refused};
use crate::master_key::Fingerprint;
use crate::store::{Expected, Rows, Table};
use crate::time::Timestamp;
use crate::versions::MasterKeyVersion;

/// A backup that a vault remembers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KnownBackup {
    /// Its id, which stands in its manifest.
    pub id: BackupId,
    /// When it was begun.
    pub at: Timestamp,
    /// The audit entry `backup` of it: everything up to there is in it.
    pub audit_seq: u64,
    /// The master key version that opens it.
    pub master_key: MasterKeyVersion,
    /// The fingerprint of that version.
    pub fingerprint: Fingerprint,
    /// API keys in it; 0 while it is unfinished.
    pub records: u64,
    /// The name of the file it was written to, without its folder.
    pub file_name: String,
    /// Whether it is known to have been put in its place. The process that took an unfinished one is at it, or was killed:
    /// there may be such a backup, or not.
    pub finished: bool,
}

/// The opened row.
#[derive(Clone, Debug, Default)]
pub(crate) struct KnownBackups {
    /// Oldest first.
    pub(crate) list: Vec<KnownBackup>,
    /// As it was read; `None` where there was none.
    row: Option<Vec<u8>>,
}

/// docs/format.md, Known backups.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    list: Vec<StoredBackup>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredBackup {
    #[n(0)]
    id: ByteArray<{ BackupId::LEN }>,
    #[n(1)]
    at: i64,
    #[n(2)]
    audit_seq: u64,
    #[n(3)]
    master_key: MasterKeyVersion,
    #[n(4)]
    fingerprint: ByteArray<{ Fingerprint::LEN }>,
    #[n(5)]
    records: u64,
    #[n(6)]
    file_name: String,
    #[n(7)]
    finished: bool,
}

impl KnownBackups {
    /// The row that the head names.
    pub(crate) fn read(keyring: &Keyring, head: &Head, rows: &dyn Rows) -> Result<Self, Error> {
        let row = rows.get(Table::Vault, BACKUPS)?;
        if row.as_ref().map(|row| row_hash(RowLabel::Backups, row)) != head.backups {
            let fault = if row.is_some() { RowFault::OfOtherHead } else { RowFault::Missing };
            return Err(Detail::Tampered { row: VaultRow::Backups, fault }.into());
        }
        Self::signed(keyring, row)
    }

    /// The same where there is no head to name it.
    pub(crate) fn read_unnamed(keyring: &Keyring, rows: &dyn Rows) -> Result<Self, Error> {
        Self::signed(keyring, rows.get(Table::Vault, BACKUPS)?)
    }

    fn signed(keyring: &Keyring, row: Option<Vec<u8>>) -> Result<Self, Error> {
        let Some(row) = row else { return Ok(Self::default()) };
        Self::open(keyring, row).map_err(|error| row_refused(VaultRow::Backups, error))
    }

    /// Checks the signature and reads the row.
    pub(crate) fn open(keyring: &Keyring, row: Vec<u8>) -> Result<Self, RowError> {
        let stored: Stored = keyring.open_row(RowLabel::Backups, &row)?.decode()?;
        let list = stored.list.into_iter().map(StoredBackup::view).collect::<Option<_>>().ok_or(RowError::Malformed)?;
        Ok(Self { list, row: Some(row) })
    }

    /// One that was read without judging it, to be replaced as a whole.
    pub(crate) fn replacing(row: Option<Vec<u8>>) -> Self {
        Self { list: vec![], row }
    }

    /// The row, signed by the authority of the active master key.
    pub(crate) fn seal(&self, keyring: &Keyring) -> Vec<u8> {
        let list = self.list.iter().map(StoredBackup::of).collect();
        keyring.seal_row(RowLabel::Backups, &encode(&Stored { list }))
    }

    /// Adds one. The oldest go when there are too many.
    pub(crate) fn add(&mut self, backup: KnownBackup) {
        self.list.push(backup);
        self.list.drain(..self.list.len().saturating_sub(MAX_KNOWN_BACKUPS));
    }

    pub(crate) fn find(&mut self, id: BackupId) -> Option<&mut KnownBackup> {
        self.list.iter_mut().find(|backup| backup.id == id)
    }

    /// Whether it was there.
    pub(crate) fn remove(&mut self, id: BackupId) -> bool {
        let before = self.list.len();
        self.list.retain(|backup| backup.id != id);
        self.list.len() < before
    }

    /// Writes the row as part of a change.
    pub(crate) fn put(self, change: &mut Change<'_>) {
        let sealed = self.seal(change.keyring);
        self.write(change, sealed);
    }

    /// The row under the keyring that a change puts in place of the present one. Nothing, where there are none.
    pub(crate) fn carry_over(self, change: &mut Change<'_>, next: &Keyring) {
        if self.row.is_none() {
            return change.batch.check(Table::Vault, BACKUPS, Expected::Absent);
        }
        let sealed = self.seal(next);
        self.write(change, sealed);
    }

    fn write(self, change: &mut Change<'_>, sealed: Vec<u8>) {
        change.head.backups = Some(row_hash(RowLabel::Backups, &sealed));
        change.batch.put(Table::Vault, BACKUPS, sealed, self.row.map_or(Expected::Absent, Expected::Exactly));
    }
}

impl StoredBackup {
    fn of(backup: &KnownBackup) -> Self {
        Self {
            id: backup.id.0.into(),
            at: backup.at.unix_millis(),
            audit_seq: backup.audit_seq,
            master_key: backup.master_key,
            fingerprint: backup.fingerprint.to_bytes().into(),
            records: backup.records,
            file_name: backup.file_name.clone(),
            finished: backup.finished,
        }
    }

    fn view(self) -> Option<KnownBackup> {
        Some(KnownBackup {
            id: BackupId(*self.id),
            at: Timestamp::from_unix_millis(self.at)?,
            audit_seq: self.audit_seq,
            master_key: self.master_key,
            fingerprint: Fingerprint::from_bytes(*self.fingerprint),
            records: self.records,
            file_name: self.file_name,
            finished: self.finished,
        })
    }
}

/// Key of the row in the table `vault`.
pub(crate) const BACKUPS: &[u8] = b"backups";
/// Backups that a vault remembers: older ones drop off its list.
pub(crate) const MAX_KNOWN_BACKUPS: usize = 100;
