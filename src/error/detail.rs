//! What failed, with all that is known of it.

use super::faults::{RowFault, TargetFault, VaultRow};
use crate::anchor::AnchorFault;
use crate::api_key::{LifeError, LimitError};
use crate::audit_log::{ActError, AuditFault};
use crate::backup_id::BackupId;
use crate::import::ImportError;
#[cfg(feature = "escrow")]
use crate::key_share::{CombineError, KeyShareError, SplitError};
use crate::key_source::{CommandLineError, SourceError};
use crate::keyring::{KeyringError, PinError};
use crate::master_key::MasterKeyError;
use crate::master_keys::MasterKeysError;
use crate::page::CursorError;
use crate::parse_error::ParseError;
use crate::policy::PolicyError;
use crate::record::RecordError;
use crate::secret::RandomError;
use crate::store::StoreError;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::verifier_key::VerifierKeyError;
use crate::verifier_keys::VerifierKeysError;
use crate::versions::{Generation, MasterKeyVersion};

/// What failed, with all that is known of it. What it is in a word says [`Error::code`](super::Error::code).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Detail {
    /// The actor or the reason is missing or too long.
    #[error(transparent)]
    Act(#[from] ActError),
    /// A store is not the one that an anchor holds, or the anchor cannot be used.
    #[error(transparent)]
    Anchor(#[from] AnchorFault),
    /// The audit log does not hold together.
    #[error(transparent)]
    Audit(#[from] AuditFault),
    /// A backup does not hold what was written.
    #[error("what is in the backup is damaged: {what}")]
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
    /// The audit log could not be followed for some time, and without it nobody can tell what was undone.
    #[error("the audit log could not be followed for some time: {problem}")]
    Unfollowed {
        /// What the store says.
        problem: String,
    },
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
    /// An API key is to be issued that has expired already.
    #[error("an API key cannot be issued with an expiry at {at}: that time has passed")]
    IssuedExpired {
        /// The expiry.
        at: Timestamp,
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
    /// The operating system gave no thread.
    #[error("a thread cannot be started")]
    NoThread {
        /// Why.
        source: std::io::Error,
    },
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
    /// A public key that was pinned does not lead to the one of today.
    #[error(transparent)]
    Pin(#[from] PinError),
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
    /// A rewrap was asked for together with something that is done to records.
    #[error("rewrap_only moves no record, so it does not go with {other}")]
    RotationOptions {
        /// The other option.
        other: &'static str,
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
