//! What kind of failure each is.

use super::detail::Detail;
use super::faults::TargetFault;
use crate::anchor::AnchorFault;
use crate::api_key::LifeError;
use crate::key_source::SourceError;
use crate::keyring::{KeyringError, PinError};
use crate::master_keys::MasterKeysError;
use crate::policy::PolicyError;
use crate::store::StoreError;
use crate::verifier_keys::VerifierKeysError;

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
    /// What is kept outside of the vault could not be written, or is not there.
    Output,
    /// Nothing speaks against it, and nothing that is at hand proves it.
    Unproven,
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
            Self::Output => "output",
            Self::Unproven => "unproven",
            Self::Unsafe => "unsafe",
        }
    }
}

impl Detail {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::RotationTarget { fault: TargetFault::Older, .. } => ErrorKind::Conflict,
            Self::Act(_)
            | Self::Cursor(_)
            | Self::Import { .. }
            | Self::IssuedExpired { .. }
            | Self::Limit(_)
            | Self::RotationOptions { .. }
            | Self::RotationTarget { .. } => ErrorKind::Input,
            Self::Anchor(fault) => anchor_kind(fault),
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
            Self::CommandLine(_) | Self::MasterKey(_) | Self::MasterKeyWeak { .. } | Self::VerifierKey(_) => {
                ErrorKind::MasterKey
            }
            Self::MasterKeys(MasterKeysError::Source(fault))
            | Self::VerifierKeys(VerifierKeysError::Source(fault))
            | Self::Source(fault) => source_kind(fault),
            Self::MasterKeys(_) | Self::VerifierKeys(_) => ErrorKind::MasterKey,
            Self::NoVault => ErrorKind::NoStore,
            Self::NoThread { .. } | Self::Random(_) => ErrorKind::General,
            Self::Unfollowed { .. } => ErrorKind::Engine,
            Self::NotKept { .. } => ErrorKind::Output,
            Self::Parse(_) => ErrorKind::Input,
            Self::Pin(fault) => pin_kind(fault),
            Self::Policy(PolicyError::Newer) => ErrorKind::Newer,
            Self::Policy(_) => ErrorKind::Input,
            #[cfg(feature = "escrow")]
            Self::Split(_) => ErrorKind::Input,
            Self::Store(fault) => store_kind(fault),
        }
    }
}

fn anchor_kind(fault: &AnchorFault) -> ErrorKind {
    match fault {
        AnchorFault::Exists { .. } => ErrorKind::Conflict,
        AnchorFault::Newer { .. } => ErrorKind::Newer,
        AnchorFault::Unsafe { .. } => ErrorKind::Unsafe,
        AnchorFault::Where { .. } => ErrorKind::Input,
        AnchorFault::Missing { .. } | AnchorFault::Unreadable { .. } | AnchorFault::Unwritten { .. } => {
            ErrorKind::Output
        }
        AnchorFault::Malformed { .. } => ErrorKind::Corrupt,
        fault => {
            debug_assert!(fault.is_about_the_store());
            ErrorKind::Corrupt
        }
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
        KeyringError::Feature { .. } | KeyringError::Format { .. } => ErrorKind::Newer,
        KeyringError::Malformed
        | KeyringError::OtherLine
        | KeyringError::PutBack { .. }
        | KeyringError::Unauthentic
        | KeyringError::Unwrap { .. } => ErrorKind::Corrupt,
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

fn pin_kind(error: &PinError) -> ErrorKind {
    match error {
        PinError::Ended { .. } | PinError::NotHandedOver { .. } => ErrorKind::Unproven,
        PinError::HandOver { .. } | PinError::Unknown => ErrorKind::Corrupt,
        PinError::Keyring(fault) => keyring_kind(fault),
        PinError::OtherVault { .. } => ErrorKind::Input,
    }
}

fn store_kind(error: &StoreError) -> ErrorKind {
    match error {
        StoreError::AlreadyExists { .. } => ErrorKind::Conflict,
        StoreError::Busy => ErrorKind::Busy,
        StoreError::Copies { .. }
        | StoreError::Corrupt { .. }
        | StoreError::FreePages { .. }
        | StoreError::KeyType { .. }
        | StoreError::OutOfOrder { .. }
        | StoreError::Schema { .. }
        | StoreError::Stranger { .. } => ErrorKind::Corrupt,
        StoreError::Engine { .. }
        | StoreError::Full
        | StoreError::InDoubt { .. }
        | StoreError::JournalMode { .. }
        | StoreError::Moved { .. }
        | StoreError::ReadOnly
        | StoreError::Unfinished { .. } => ErrorKind::Engine,
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
