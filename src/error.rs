//! The error of the vault's operations: what failed, and what kind of failure it is.

use std::error::Error as _;
use std::fmt;

use crate::api_key::{LifeError, LimitError};
use crate::audit_log::{ActError, AuditFault};
use crate::backup_id::BackupId;
use crate::import::ImportError;
#[cfg(feature = "escrow")]
use crate::key_share::{CombineError, KeyShareError, SplitError};
use crate::key_source::{CommandLineError, SourceError};
use crate::master_key::MasterKeyError;
use crate::master_keys::MasterKeysError;
use crate::parse_error::ParseError;
use crate::policy::PolicyError;
use crate::store::StoreError;
use crate::token::ApiKeyId;
use crate::uses::UsageError;
use crate::vault_id::VaultId;
use crate::verifier_key::VerifierKeyError;
use crate::verifier_keys::VerifierKeysError;
use crate::versions::{Generation, MasterKeyVersion};

pub use crate::keyring::KeyringError;
pub use crate::page::CursorError;
pub use crate::record::RecordError;
pub use crate::secret::RandomError;
pub use crate::unsafe_path::UnsafePath;

/// Why an operation on a vault failed. Messages name ids and counts, never contents.
///
/// `{error}` is the message alone, and what lies behind it are the [sources](std::error::Error::source); `{error:#}` is all
/// of it on one line.
pub struct Error(Box<Detail>);

impl Error {
    /// What kind of failure this is: what a program decides by.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind()
    }

    /// The error in one stable word: the same in the audit log, in events and in what the program prints (docs/codes.md).
    pub fn code(&self) -> &'static str {
        self.0.code()
    }

    /// Whether the same call may well succeed in a moment: others held the store, or were quicker.
    pub fn is_retryable(&self) -> bool {
        self.kind() == ErrorKind::Busy
    }

    /// The API key it speaks of.
    pub fn api_key(&self) -> Option<ApiKeyId> {
        match self.detail() {
            Detail::Life { id, .. }
            | Detail::NotFound { id }
            | Detail::NotRecoverable { id }
            | Detail::Record { id, .. } => Some(*id),
            _ => None,
        }
    }

    /// What failed, with all that is known of it.
    pub fn detail(&self) -> &Detail {
        &self.0
    }

    /// The same, taken out.
    pub fn into_detail(self) -> Detail {
        *self.0
    }

    /// Whether the act is refused for what it asks, and not because something failed. The audit log keeps refusals.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.kind(), ErrorKind::Conflict | ErrorKind::Input | ErrorKind::NotFound)
            || matches!(self.detail(), Detail::Keyring(KeyringError::NotConfigured { .. }))
    }
}

/// From a [`Detail`], and from whatever one is made of.
impl<T> From<T> for Error
where
    Detail: From<T>,
{
    fn from(fault: T) -> Self {
        Self(Box::new(fault.into()))
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.0)?;
        let mut behind = self.source().filter(|_| out.alternate());
        while let Some(source) = behind {
            write!(out, ": {source}")?;
            behind = source.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// What failed, with all that is known of it. What it is in a word says [`Error::code`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Detail {
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
    /// Shares give no master key.
    #[cfg(feature = "escrow")]
    #[error(transparent)]
    Combine(#[from] CombineError),
    /// A text is no command line.
    #[error(transparent)]
    CommandLine(#[from] CommandLineError),
    /// Others kept changing the same rows.
    #[error("others kept changing the same rows")]
    Contended,
    /// A cursor is one of another kind of list.
    #[error(transparent)]
    Cursor(#[from] CursorError),
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
    /// A text is no master key, or a weak one.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyError),
    /// The master keys could not be read.
    #[error(transparent)]
    MasterKeys(#[from] MasterKeysError),
    /// A master key is to become the active one, and nobody knows how strong it is.
    #[error("master key {version} has not been judged: the vault was not opened to rotate")]
    MasterKeyUnjudged {
        /// Which one.
        version: MasterKeyVersion,
    },
    /// A master key is to become the active one, and the strength checks refuse it.
    #[error("master key {version}: {fault}")]
    MasterKeyWeak {
        /// Which one.
        version: MasterKeyVersion,
        /// Why.
        fault: MasterKeyError,
    },
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
    /// A text is not what it should be.
    #[error(transparent)]
    Parse(#[from] ParseError),
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
        generation: Generation,
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
        to: MasterKeyVersion,
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
        to: MasterKeyVersion,
        /// Why not.
        fault: TargetFault,
    },
    /// A text is no share of a master key.
    #[cfg(feature = "escrow")]
    #[error(transparent)]
    Share(#[from] KeyShareError),
    /// A source of keys could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A master key cannot be split so.
    #[cfg(feature = "escrow")]
    #[error(transparent)]
    Split(#[from] SplitError),
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
    /// A text is no verifier key.
    #[error(transparent)]
    VerifierKey(#[from] VerifierKeyError),
    /// The verifier keys could not be read.
    #[error(transparent)]
    VerifierKeys(#[from] VerifierKeysError),
}

impl Detail {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Act(_) | Self::Cursor(_) | Self::Import { .. } | Self::Limit(_) | Self::RotationTarget { .. } => {
                ErrorKind::Input
            }
            Self::Audit(_)
            | Self::BackupDamaged { .. }
            | Self::Record { .. }
            | Self::RecordSet { .. }
            | Self::RowFormat { .. }
            | Self::Tampered { .. } => ErrorKind::Corrupt,
            Self::BackupOfOther { .. } | Self::RotationOpen { .. } | Self::VaultExists => ErrorKind::Conflict,
            Self::BackupUnknown { .. } | Self::NoRotation | Self::NotFound { .. } | Self::NotRecoverable { .. } => {
                ErrorKind::NotFound
            }
            #[cfg(feature = "escrow")]
            Self::Combine(_) | Self::Share(_) => ErrorKind::MasterKey,
            Self::Contended | Self::RotationHeld { .. } => ErrorKind::Busy,
            Self::Keyring(fault) => keyring_kind(fault),
            Self::Life { fault, .. } => life_kind(fault),
            Self::CommandLine(_)
            | Self::MasterKey(_)
            | Self::MasterKeyUnjudged { .. }
            | Self::MasterKeyWeak { .. }
            | Self::VerifierKey(_) => ErrorKind::MasterKey,
            Self::MasterKeys(MasterKeysError::Source(fault))
            | Self::VerifierKeys(VerifierKeysError::Source(fault))
            | Self::Source(fault) => source_kind(fault),
            Self::MasterKeys(_) | Self::VerifierKeys(_) => ErrorKind::MasterKey,
            Self::NoVault => ErrorKind::NoStore,
            Self::NotKept { .. } | Self::Random(_) => ErrorKind::General,
            Self::Parse(_) => ErrorKind::Input,
            Self::Policy(PolicyError::Newer) => ErrorKind::Newer,
            Self::Policy(_) => ErrorKind::Input,
            #[cfg(feature = "escrow")]
            Self::Split(_) => ErrorKind::Input,
            Self::Store(fault) => store_kind(fault),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Act(_) => "invalid-act",
            Self::Audit(fault) => fault.code(),
            Self::BackupDamaged { .. } => "vault-damaged",
            Self::BackupOfOther { .. } => "backup-of-other",
            Self::BackupUnknown { .. } => "backup-unknown",
            #[cfg(feature = "escrow")]
            Self::Combine(fault) => combine_code(fault),
            Self::CommandLine(_) => "key-command-failed",
            Self::Contended => "contended",
            Self::Cursor(_) => "cursor-of-other",
            Self::Import { fault: ImportError::Policy(fault), .. } | Self::Policy(fault) => fault.code(),
            Self::Import { .. } => "import-line",
            Self::Keyring(fault) => keyring_code(fault),
            Self::Life { fault, .. } => fault.code(),
            Self::Limit(_) => "limit",
            Self::MasterKey(MasterKeyError::Weak { .. }) | Self::MasterKeyWeak { .. } => "master-key-weak",
            Self::MasterKeyUnjudged { .. } => "master-key-unjudged",
            Self::MasterKey(_) => "master-key-malformed",
            Self::MasterKeys(MasterKeysError::Source(fault)) => source_code(fault, "master-keys-unreadable"),
            Self::MasterKeys(_) => "master-keys-unreadable",
            Self::NoRotation => "no-rotation",
            Self::NoVault => "no-vault",
            Self::NotFound { .. } => "not-found",
            Self::NotKept { .. } => "token-not-kept",
            Self::NotRecoverable { .. } => "not-recoverable",
            Self::Parse(_) => "invalid-text",
            Self::Random(_) => "no-randomness",
            Self::Record { .. } => "record-unreadable",
            Self::RecordSet { .. } => "record-set",
            Self::RotationHeld { .. } => "rotation-held",
            Self::RotationOpen { .. } => "rotation-open",
            Self::RotationTarget { .. } => "rotation-target",
            Self::RowFormat { .. } | Self::Tampered { .. } => "tampered",
            #[cfg(feature = "escrow")]
            Self::Share(_) => "shares-wrong",
            Self::Source(fault) => source_code(fault, "source-unreadable"),
            #[cfg(feature = "escrow")]
            Self::Split(_) => "split",
            Self::Store(fault) => store_code(fault),
            Self::VaultExists => "vault-exists",
            Self::VerifierKey(_) => "verifier-key-malformed",
            Self::VerifierKeys(VerifierKeysError::Source(fault)) => source_code(fault, "verifier-keys-unreadable"),
            Self::VerifierKeys(_) => "verifier-keys-unreadable",
        }
    }
}

#[cfg(feature = "escrow")]
fn combine_code(fault: &CombineError) -> &'static str {
    match fault {
        CombineError::OtherSet { .. } => "shares-of-two-sets",
        CombineError::TooFew { .. } => "shares-too-few",
        CombineError::Key(_)
        | CombineError::None
        | CombineError::TooManyWays { .. }
        | CombineError::Unproven { .. } => "shares-wrong",
    }
}

fn keyring_code(fault: &KeyringError) -> &'static str {
    match fault {
        KeyringError::Format { .. } => "newer-format",
        KeyringError::Malformed | KeyringError::Unauthentic | KeyringError::Unwrap { .. } => "keyring-damaged",
        KeyringError::MissingMasterKey { .. } | KeyringError::NotConfigured { .. } => "master-key-missing",
        KeyringError::MissingVerifierKey { .. } => "verifier-key-missing",
        KeyringError::Random(_) => "no-randomness",
        KeyringError::RetiredKey { .. } | KeyringError::RetiredVersion { .. } => "master-key-retired",
        KeyringError::VerifierKeyVault { .. } | KeyringError::WrongVerifierKey { .. } => "verifier-key-wrong",
        KeyringError::VerifierOnly => "verifier-keys-only",
        KeyringError::WrongMasterKey { .. } => "master-key-wrong",
    }
}

fn source_code(fault: &SourceError, unreadable: &'static str) -> &'static str {
    match fault {
        SourceError::Command { .. } | SourceError::CommandLine { .. } => "key-command-failed",
        SourceError::Unsafe { .. } => "unsafe-key-file",
        SourceError::NotAFile { .. }
        | SourceError::NotText { .. }
        | SourceError::TooLong { .. }
        | SourceError::Unreadable { .. } => unreadable,
    }
}

fn store_code(fault: &StoreError) -> &'static str {
    match fault {
        StoreError::AlreadyExists { .. } => "store-exists",
        StoreError::Backup { .. } => "is-a-backup",
        StoreError::Busy => "store-busy",
        StoreError::Corrupt { .. } => "store-damaged",
        StoreError::Engine { .. } => "engine-failed",
        StoreError::Foreign { .. } => "foreign-store",
        StoreError::Full => "store-full",
        StoreError::NewerLayout { .. } => "newer-format",
        StoreError::NotBackup { .. } => "not-a-backup",
        StoreError::NotFound { .. } => "no-store",
        StoreError::ReadOnly => "read-only",
        StoreError::Stopped => "stopped",
        StoreError::Unsafe { .. } => "unsafe-permissions",
        StoreError::Unsupported { .. } => "unsupported",
    }
}

fn source_kind(fault: &SourceError) -> ErrorKind {
    match fault {
        SourceError::Unsafe { .. } => ErrorKind::Unsafe,
        _ => ErrorKind::MasterKey,
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
    /// The word for it.
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
