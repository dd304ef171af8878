//! The error of the vault's operations: what failed, and what kind of failure it is.

use std::fmt;

use crate::api_key::{LifeError, LimitError};
use crate::audit_log::{ActError, AuditFault};
use crate::backup_id::BackupId;
use crate::import::ImportError;
use crate::policy::PolicyError;
use crate::store::StoreError;
use crate::token::ApiKeyId;
use crate::uses::UsageError;
use crate::vault_id::VaultId;

pub use crate::keyring::KeyringError;
pub use crate::record::RecordError;
pub use crate::secret::RandomError;
pub use crate::suite::{SealError, UnknownSuite};
pub use crate::time::TimestampError;
pub use crate::token::ApiKeyIdError;
pub use crate::unsafe_path::UnsafePath;
pub use crate::vault_id::VaultIdError;

/// Why an operation on a vault failed. Messages name ids and counts, never contents.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The actor or the reason is missing or too long.
    #[error(transparent)]
    Act(#[from] ActError),
    /// The audit log does not hold together.
    #[error(transparent)]
    Audit(#[from] AuditFault),
    /// A backup does not hold what was written.
    #[error("the backup is damaged: {what}")]
    BackupDamaged {
        /// The gravest of what was found.
        what: String,
    },
    /// A backup is of another vault than the one at hand.
    #[error("the backup is of vault {found}, and the vault here is {expected}")]
    BackupOfOther {
        /// The vault at hand.
        expected: VaultId,
        /// The vault of the backup.
        found: VaultId,
    },
    /// No such backup is on the list.
    #[error("no backup {id} is known")]
    BackupUnknown {
        /// The id asked for.
        id: BackupId,
    },
    /// Others kept changing the same rows.
    #[error("others kept changing the same rows")]
    Contended,
    /// A line of an import cannot be taken, and nothing was imported.
    #[error("line {line}: {fault}")]
    Import {
        /// The first such line, from 1.
        line: usize,
        /// What is wrong with it.
        fault: ImportError,
    },
    /// The keyring does not open.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// Where an API key stands in its life does not allow the change.
    #[error("API key {id} {fault}")]
    Life {
        /// Which API key.
        id: ApiKeyId,
        /// What stands against it.
        fault: LifeError,
    },
    /// A limit is passed.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// No rotation is open, and the call was to continue one.
    #[error("no rotation is open")]
    NoRotation,
    /// The store holds no vault.
    #[error("the store holds no vault")]
    NoVault,
    /// There is no such API key.
    #[error("there is no API key {id}")]
    NotFound {
        /// The id asked for.
        id: ApiKeyId,
    },
    /// The token of an API key to be issued could not be kept, and nothing was done.
    #[error("the token of the new API key could not be kept, and nothing was done")]
    NotKept {
        /// Why.
        source: std::io::Error,
    },
    /// The API key was made without a sealed copy of its secret.
    #[error("API key {id} was made unrecoverable: no copy of its secret exists")]
    NotRecoverable {
        /// The id asked for.
        id: ApiKeyId,
    },
    /// The policy of the vault forbids it, or cannot be set.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
    /// A record does not open.
    #[error("API key {id}: {fault}")]
    Record {
        /// Where the record stands.
        id: ApiKeyId,
        /// What is wrong with it.
        fault: RecordError,
    },
    /// The records are not those that were written: their count or their digest differs from the authenticated head.
    #[error(
        "the records of generation {generation} are not those that were written: one was put back, removed or added"
    )]
    RecordSet {
        /// The generation that does not add up.
        generation: u32,
    },
    /// Another process is rotating the master key.
    #[error("another process is rotating the master key (since {since_secs} s without a sign of life)")]
    RotationHeld {
        /// Age of its last batch.
        since_secs: u64,
    },
    /// A rotation is open, and the call needs it finished.
    #[error("a rotation to master key {to} is open")]
    RotationOpen {
        /// The master key version it goes to.
        to: u32,
    },
    /// A row of the vault has a format that this version does not know, under a keyring whose format it knows: the byte
    /// was changed, since a later version changes both.
    #[error("the row {row} has format version {found}, which this version of strongroom does not know")]
    RowFormat {
        /// The row.
        row: VaultRow,
        /// The version found.
        found: u8,
    },
    /// Nothing to rotate to, or a target that cannot be one.
    #[error("cannot rotate to master key {to}: {fault}")]
    RotationTarget {
        /// The version asked for, or the active one when none was.
        to: u32,
        /// Why not.
        fault: TargetFault,
    },
    /// A master key cannot be split so.
    #[cfg(feature = "escrow")]
    #[error(transparent)]
    Split(#[from] crate::key_share::SplitError),
    /// The storage engine failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A row is not what strongroom wrote.
    #[error("the row {row} {fault}")]
    Tampered {
        /// The row.
        row: VaultRow,
        /// What is wrong with it.
        fault: RowFault,
    },
    /// The store holds a vault already.
    #[error("the store holds a vault already")]
    VaultExists,
}

impl Error {
    /// What kind of failure this is: what a program decides by.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Act(_) | Self::Limit(_) | Self::Import { .. } | Self::RotationTarget { .. } => ErrorKind::Input,
            Self::Audit(_)
            | Self::BackupDamaged { .. }
            | Self::Record { .. }
            | Self::RecordSet { .. }
            | Self::RowFormat { .. }
            | Self::Tampered { .. } => ErrorKind::Corrupt,
            Self::Contended | Self::RotationHeld { .. } => ErrorKind::Busy,
            Self::BackupOfOther { .. } | Self::RotationOpen { .. } | Self::VaultExists => ErrorKind::Conflict,
            Self::Life { fault, .. } => life_kind(fault),
            Self::Keyring(error) => keyring_kind(error),
            Self::Policy(PolicyError::Newer) => ErrorKind::Newer,
            Self::Policy(_) => ErrorKind::Input,
            Self::NoVault => ErrorKind::NoStore,
            Self::BackupUnknown { .. } | Self::NoRotation | Self::NotFound { .. } | Self::NotRecoverable { .. } => {
                ErrorKind::NotFound
            }
            #[cfg(feature = "escrow")]
            Self::Split(_) => ErrorKind::Input,
            Self::NotKept { .. } | Self::Random(_) => ErrorKind::General,
            Self::Store(error) => store_kind(error),
        }
    }
}

impl Error {
    /// The cause in one stable word, for the audit log and for events.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Act(ActError::NoReason) => "no-reason",
            Self::BackupOfOther { .. } => "backup-of-other",
            Self::BackupUnknown { .. } => "backup-unknown",
            Self::Import { fault: ImportError::Exists, .. } => "exists",
            Self::Import { fault: ImportError::Repeated { .. }, .. } => "repeated",
            Self::Import { fault: ImportError::Limit(_) | ImportError::TokenTooLong { .. }, .. } | Self::Limit(_) => {
                "limit"
            }
            Self::Keyring(KeyringError::NotConfigured { .. }) => "not-configured",
            Self::NoRotation => "no-rotation",
            Self::Life { fault, .. } => fault.cause(),
            Self::NotFound { .. } => "not-found",
            Self::NotRecoverable { .. } => "not-recoverable",
            Self::Policy(error) | Self::Import { fault: ImportError::Policy(error), .. } => error.cause(),
            Self::Record { fault, .. } => fault.cause(),
            Self::RotationOpen { .. } => "rotation-open",
            Self::RotationTarget { .. } => "rotation-target",
            other => other.kind().name(),
        }
    }

    /// Whether the act is refused for what it asks, and not because something failed. The audit log keeps refusals.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.kind(), ErrorKind::Conflict | ErrorKind::Input | ErrorKind::NotFound)
            || matches!(self, Self::Keyring(KeyringError::NotConfigured { .. }))
    }
}

fn life_kind(error: &LifeError) -> ErrorKind {
    match error {
        LifeError::Expired { .. } | LifeError::Past { .. } => ErrorKind::Input,
        LifeError::Changed { .. }
        | LifeError::Replaced { .. }
        | LifeError::Revoked
        | LifeError::RevokedEarlier { .. } => ErrorKind::Conflict,
    }
}

fn keyring_kind(error: &KeyringError) -> ErrorKind {
    match error {
        KeyringError::Format { .. } => ErrorKind::Newer,
        KeyringError::Malformed | KeyringError::Unauthentic | KeyringError::Unwrap { .. } => ErrorKind::Corrupt,
        KeyringError::MissingMasterKey { .. }
        | KeyringError::MissingVerifierKey { .. }
        | KeyringError::NotConfigured { .. }
        | KeyringError::RetiredKey { .. }
        | KeyringError::RetiredVersion { .. }
        | KeyringError::VerifierKeyVault { .. }
        | KeyringError::VerifierOnly
        | KeyringError::WrongMasterKey { .. }
        | KeyringError::WrongVerifierKey { .. } => ErrorKind::MasterKey,
        KeyringError::Random(_) => ErrorKind::General,
    }
}

fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::AlreadyExists { .. } => ErrorKind::Conflict,
        StoreError::Busy => ErrorKind::Busy,
        StoreError::Corrupt { .. } => ErrorKind::Corrupt,
        StoreError::Engine { .. } | StoreError::Full | StoreError::ReadOnly => ErrorKind::Engine,
        StoreError::Backup { .. }
        | StoreError::Foreign { .. }
        | StoreError::NotBackup { .. }
        | StoreError::NotFound { .. } => ErrorKind::NoStore,
        StoreError::NewerLayout { .. } => ErrorKind::Newer,
        StoreError::Stopped => ErrorKind::General,
        StoreError::Unsupported { .. } => ErrorKind::Input,
        StoreError::Unsafe { .. } => ErrorKind::Unsafe,
    }
}

/// Rows that a vault has beside the records of its API keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum VaultRow {
    /// The list of backups.
    Backups,
    /// What holds the audit log and the set of records together.
    Head,
    /// A row of the lookup index, for imported tokens.
    Lookup,
    /// The manifest of a backup.
    Manifest,
    /// The rotation that is open.
    Rotation,
    /// The record that stands after all others.
    Sentinel,
    /// Counts of the uses of an API key.
    Usage,
}

impl VaultRow {
    /// Its name in messages, and in the findings of the doctor.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backups => "backups",
            Self::Head => "head",
            Self::Lookup => "lookup",
            Self::Manifest => "manifest",
            Self::Rotation => "rotation",
            Self::Sentinel => "sentinel",
            Self::Usage => "usage",
        }
    }
}

impl fmt::Display for VaultRow {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// What is wrong with a row. Each reads after its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RowFault {
    /// Too short, or it holds something else than it should.
    #[error("is malformed")]
    Malformed,
    /// It is not there.
    #[error("is missing")]
    Missing,
    /// It is authentic, and the backup that it stands in is another one.
    #[error("does not describe what is in the backup")]
    OfOtherContents,
    /// Its MAC is wrong.
    #[error("failed authentication")]
    Unauthentic,
    /// It holds counts, and they do not open.
    #[error(transparent)]
    Usage(#[from] UsageError),
}

/// Why a master key cannot be rotated to. Each reads after a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetFault {
    /// It is the active one.
    #[error("it is active already")]
    Active,
    /// None was named, and the newest that is configured is active.
    #[error("it is active already, and no newer one is configured")]
    NoNewer,
    /// It is not among the configured ones.
    #[error("it is not configured")]
    NotConfigured,
    /// There is no way back.
    #[error("a newer one is active")]
    Older,
}

/// Kinds of failure. The program has an exit code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// Somebody else is at it; try again.
    Busy,
    /// Something is there already, or open.
    Conflict,
    /// Stored bytes are damaged or were tampered with.
    Corrupt,
    /// The storage engine or its medium failed, is full, or may not be written.
    Engine,
    /// Anything else.
    General,
    /// The caller asked for something that cannot be.
    Input,
    /// A master key is missing or wrong.
    MasterKey,
    /// Written by a later version of strongroom.
    Newer,
    /// There is no vault where one was expected.
    NoStore,
    /// There is no such API key, nothing to recover of it, or no rotation to continue.
    NotFound,
    /// Others could exchange or write the files.
    Unsafe,
}

impl ErrorKind {
    /// The word for it in the audit log and in events.
    pub fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Conflict => "conflict",
            Self::Corrupt => "corrupt",
            Self::Engine => "engine",
            Self::General => "general",
            Self::Input => "input",
            Self::MasterKey => "master-key",
            Self::Newer => "newer",
            Self::NoStore => "no-store",
            Self::NotFound => "not-found",
            Self::Unsafe => "unsafe",
        }
    }
}
