//! The manifest of a backup: what is in it, and which master key opens it. It can be read without a key, and is then only
//! what the file claims.

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};

use crate::backup_id::BackupId;
use crate::error::Error;
use crate::keyring::{Keyring, KeyringError, RowError, RowLabel, encode};
use crate::ledger::Ledger;
use crate::master_key::Fingerprint;
use crate::rotation::{Phase, census, open_in};
use crate::secret::hex;
use crate::store::Rows;
use crate::time::Timestamp;
use crate::vault_id::VaultId;
use crate::versions::{Generation, MasterKeyVersion};

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupManifest {
    /// The id of the backup.
    pub id: BackupId,
    /// The vault it is of.
    pub vault: VaultId,
    /// When it was begun.
    pub at: Timestamp,
    /// API keys in it, revoked and expired ones included.
    pub records: u64,
    /// Audit entries in it.
    pub audit_entries: u64,
    /// The hash of the last one, in hex: the head of the audit chain.
    pub audit_hash: String,
    /// The master key versions that open it, with their fingerprints: each alone is enough. So far it is always one, the active
    /// version of that moment, during a rotation as well.
    pub opens_with: Vec<(MasterKeyVersion, Fingerprint)>,
    /// The generation of new seals.
    pub active_generation: Generation,
    /// Every generation in it.
    pub generations: Vec<Generation>,
    /// The rotation that was open.
    pub rotation: Option<BackupRotation>,
    /// The version of strongroom that wrote it.
    pub strongroom: String,
    pub(crate) keyring: KeyringName,
}

/// Which keyring stood beside these rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct KeyringName {
    pub(crate) revision: u64,
    pub(crate) hash: [u8; 32],
    pub(crate) line: [u8; 16],
}

impl KeyringName {
    pub(crate) fn of(keyring: &Keyring) -> Self {
        Self { revision: keyring.revision(), hash: keyring.hash(), line: keyring.line() }
    }
}

/// A rotation that was open when a backup was taken. The restored vault continues it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackupRotation {
    /// What it was doing.
    pub phase: Phase,
    /// The master key version it comes from.
    pub from_master_key: MasterKeyVersion,
    /// The master key version it goes to.
    pub to_master_key: MasterKeyVersion,
}

/// docs/format.md, Manifest.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    id: ByteArray<{ BackupId::LEN }>,
    #[n(1)]
    vault: ByteArray<{ VaultId::LEN }>,
    #[n(2)]
    at: i64,
    #[n(3)]
    records: u64,
    #[n(4)]
    audit_entries: u64,
    #[n(5)]
    audit_hash: ByteArray<32>,
    #[n(6)]
    opens_with: Vec<StoredMaster>,
    #[n(7)]
    active_generation: Generation,
    #[n(8)]
    generations: Vec<Generation>,
    #[n(9)]
    rotation: Option<StoredRotation>,
    #[n(10)]
    strongroom: String,
    #[n(11)]
    revision: u64,
    #[n(12)]
    keyring: ByteArray<32>,
    #[n(13)]
    line: ByteArray<16>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredMaster {
    #[n(0)]
    version: MasterKeyVersion,
    #[n(1)]
    fingerprint: ByteArray<{ Fingerprint::LEN }>,
}

#[derive(Encode, Decode)]
#[cbor(map)]
struct StoredRotation {
    #[n(0)]
    phase: u8,
    #[n(1)]
    from_master_key: MasterKeyVersion,
    #[n(2)]
    to_master_key: MasterKeyVersion,
}

impl BackupManifest {
    /// What is true of these rows, and the row that says so.
    pub(crate) fn describe(
        ledger: &Ledger,
        rows: &dyn Rows,
        id: BackupId,
        at: Timestamp,
    ) -> Result<(Self, Vec<u8>), Error> {
        let (keyring, head) = ledger.read_together(rows)?;
        let rotation = open_in(&keyring, rows)?;
        let active = keyring.masters().filter(|master| master.version == keyring.active_master());
        let manifest = Self {
            id,
            vault: keyring.vault(),
            at,
            records: census(ledger, rows)?.iter().fold(0, |sum, census| sum.saturating_add(census.records)),
            audit_entries: head.chain.seq,
            audit_hash: hex(&head.chain.hash),
            opens_with: active.map(|master| (master.version, master.fingerprint)).collect(),
            active_generation: keyring.active_generation(),
            generations: keyring.generations().collect(),
            rotation: rotation.map(|open| BackupRotation {
                phase: open.phase,
                from_master_key: open.from_master_key,
                to_master_key: open.to_master_key,
            }),
            strongroom: env!("CARGO_PKG_VERSION").into(),
            keyring: KeyringName::of(&keyring),
        };
        let row = manifest.seal(&keyring).ok_or(KeyringError::Malformed)?;
        Ok((manifest, row))
    }

    /// The row, signed by the authority of the active master key; `None` when the hash is none.
    pub(crate) fn seal(&self, keyring: &Keyring) -> Option<Vec<u8>> {
        Some(keyring.seal_row(RowLabel::Manifest, &encode(&self.stored()?)))
    }

    /// Checks the signature and reads the row.
    pub(crate) fn open(keyring: &Keyring, row: &[u8]) -> Result<Self, RowError> {
        keyring.open_row(RowLabel::Manifest, row)?.decode::<Stored>()?.view().ok_or(RowError::Malformed)
    }

    /// Reads the row without judging it.
    pub(crate) fn claimed_by(row: &[u8]) -> Result<Self, RowError> {
        crate::keyring::claimed::<Stored>(row)?.view().ok_or(RowError::Malformed)
    }

    /// Whether another describes the same rows.
    pub(crate) fn agrees_with(&self, other: &Self) -> bool {
        let Self { id, at, strongroom, .. } = self.clone();
        *self == Self { id, at, strongroom, ..other.clone() }
    }

    fn stored(&self) -> Option<Stored> {
        let mut audit_hash = [0; 32];
        base16ct::lower::decode(&self.audit_hash, &mut audit_hash).ok().filter(|read| read.len() == 32)?;
        let master = |(version, fingerprint): &(MasterKeyVersion, Fingerprint)| StoredMaster {
            version: *version,
            fingerprint: fingerprint.to_bytes().into(),
        };
        Some(Stored {
            id: self.id.0.into(),
            vault: self.vault.0.into(),
            at: self.at.unix_millis(),
            records: self.records,
            audit_entries: self.audit_entries,
            audit_hash: audit_hash.into(),
            opens_with: self.opens_with.iter().map(master).collect(),
            active_generation: self.active_generation,
            generations: self.generations.clone(),
            rotation: self.rotation.map(|open| StoredRotation {
                phase: open.phase.byte(),
                from_master_key: open.from_master_key,
                to_master_key: open.to_master_key,
            }),
            strongroom: self.strongroom.clone(),
            revision: self.keyring.revision,
            keyring: self.keyring.hash.into(),
            line: self.keyring.line.into(),
        })
    }
}

impl Stored {
    fn view(self) -> Option<BackupManifest> {
        let rotation = |open: StoredRotation| {
            let phase = Phase::from_byte(open.phase)?;
            Some(BackupRotation { phase, from_master_key: open.from_master_key, to_master_key: open.to_master_key })
        };
        let master = |master: StoredMaster| (master.version, Fingerprint::from_bytes(*master.fingerprint));
        let rotation = match self.rotation {
            Some(open) => Some(rotation(open)?),
            None => None,
        };
        Some(BackupManifest {
            id: BackupId(*self.id),
            vault: VaultId(*self.vault),
            at: Timestamp::from_unix_millis(self.at)?,
            records: self.records,
            audit_entries: self.audit_entries,
            audit_hash: hex(&*self.audit_hash),
            opens_with: self.opens_with.into_iter().map(master).collect(),
            active_generation: self.active_generation,
            generations: self.generations,
            rotation,
            strongroom: self.strongroom,
            keyring: KeyringName { revision: self.revision, hash: *self.keyring, line: *self.line },
        })
    }
}
