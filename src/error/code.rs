//! Each failure in one stable word.

use super::detail::Detail;
use super::faults::TargetFault;
use crate::import::ImportError;
#[cfg(feature = "escrow")]
use crate::key_share::CombineError;
use crate::key_source::SourceError;
use crate::keyring::{KeyringError, PinError};
use crate::master_key::MasterKeyError;
use crate::master_keys::MasterKeysError;
use crate::store::StoreError;
use crate::verifier_keys::VerifierKeysError;

impl Detail {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Act(_) => "invalid-act",
            Self::Anchor(fault) => fault.code(),
            Self::Audit(fault) => fault.code(),
            Self::BackupDamaged { .. } => "backup-damaged",
            Self::BackupOfOther { .. } => "backup-of-other",
            Self::BackupUnknown { .. } => "backup-unknown",
            #[cfg(feature = "escrow")]
            Self::Combine(fault) => combine_code(fault),
            Self::CommandLine(_) => "key-command-failed",
            Self::Contended => "contended",
            Self::Cursor(_) => "cursor-of-other",
            Self::Import { fault: ImportError::Policy(fault), .. } | Self::Policy(fault) => fault.code(),
            Self::Import { fault: ImportError::Weak { .. }, .. } => "import-weak",
            Self::Import { .. } => "import-line",
            Self::IssuedExpired { .. } => "time-past",
            Self::Keyring(fault) => keyring_code(fault),
            Self::Life { fault, .. } => fault.code(),
            Self::Limit(_) => "limit",
            Self::MasterKey(MasterKeyError::Weak { .. })
            | Self::MasterKeys(MasterKeysError::Key { fault: MasterKeyError::Weak { .. }, .. })
            | Self::MasterKeyWeak { .. } => "master-key-weak",
            Self::MasterKey(_) | Self::MasterKeys(MasterKeysError::Key { .. }) => "master-key-malformed",
            Self::MasterKeys(MasterKeysError::Source(fault)) => source_code(fault, "master-keys-unreadable"),
            Self::MasterKeys(_) => "master-keys-unreadable",
            Self::NoRotation => "no-rotation",
            Self::NoThread { .. } => "no-thread",
            Self::NoVault => "no-vault",
            Self::NotFound { .. } => "not-found",
            Self::NotKept { .. } => "token-not-kept",
            Self::NotRecoverable { .. } => "not-recoverable",
            Self::Parse(_) => "invalid-text",
            Self::Pin(fault) => pin_code(fault),
            Self::Random(_) => "no-randomness",
            Self::Record { .. } => "record-unreadable",
            Self::RecordSet { .. } => "record-set",
            Self::RotationHeld { .. } => "rotation-held",
            Self::RotationOpen { .. } => "rotation-open",
            Self::RotationOptions { .. } => "rotation-options",
            Self::RotationTarget { fault: TargetFault::Older, .. } => "rotation-older",
            Self::RotationTarget { .. } => "rotation-target",
            Self::RowFormat { .. } | Self::Tampered { .. } => "tampered",
            #[cfg(feature = "escrow")]
            Self::Share(_) => "shares-wrong",
            Self::Source(fault) => source_code(fault, "source-unreadable"),
            #[cfg(feature = "escrow")]
            Self::Split(_) => "split",
            Self::Store(fault) => store_code(fault),
            Self::Unfollowed { .. } => "audit-unfollowed",
            Self::VaultExists => "vault-exists",
            Self::VerifierKey(_) | Self::VerifierKeys(VerifierKeysError::Key { .. }) => "verifier-key-malformed",
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
        KeyringError::Feature { .. } => "newer-feature",
        KeyringError::Format { .. } => "newer-format",
        KeyringError::Malformed | KeyringError::Unauthentic | KeyringError::Unwrap { .. } => "keyring-damaged",
        KeyringError::MissingMasterKey { .. } | KeyringError::NotConfigured { .. } => "master-key-missing",
        KeyringError::MissingVerifierKey { .. } => "verifier-key-missing",
        KeyringError::OtherLine => "other-line",
        KeyringError::PutBack { .. } => "keyring-put-back",
        KeyringError::Random(_) => "no-randomness",
        KeyringError::RetiredKey { .. } | KeyringError::RetiredVersion { .. } => "master-key-retired",
        KeyringError::VerifierKeyVault { .. } | KeyringError::WrongVerifierKey { .. } => "verifier-key-wrong",
        KeyringError::VerifierOnly => "verifier-keys-only",
        KeyringError::WrongMasterKey { .. } => "master-key-wrong",
    }
}

fn pin_code(fault: &PinError) -> &'static str {
    match fault {
        PinError::Ended { .. } => "pin-ended",
        PinError::HandOver { .. } => "hand-over-wrong",
        PinError::Keyring(fault) => keyring_code(fault),
        PinError::NotHandedOver { .. } => "pin-not-handed-over",
        PinError::OtherVault { .. } => "pin-vault",
        PinError::Unknown => "pin-unknown",
    }
}

fn source_code(fault: &SourceError, unreadable: &'static str) -> &'static str {
    match fault {
        SourceError::Command { .. } | SourceError::CommandLine { .. } | SourceError::Variables { .. } => {
            "key-command-failed"
        }
        SourceError::Unsafe { .. } => "unsafe-key-file",
        SourceError::Group { .. }
        | SourceError::NotAFile { .. }
        | SourceError::NotText { .. }
        | SourceError::TooLong { .. }
        | SourceError::Utf16 { .. }
        | SourceError::Unreadable { .. } => unreadable,
    }
}

fn store_code(fault: &StoreError) -> &'static str {
    match fault {
        StoreError::AlreadyExists { .. } => "store-exists",
        StoreError::Backup { .. } => "is-a-backup",
        StoreError::Busy => "store-busy",
        StoreError::Copies { .. } => "store-copies",
        StoreError::Corrupt { .. } => "store-damaged",
        StoreError::Engine { .. } => "engine-failed",
        StoreError::Foreign { .. } => "foreign-store",
        StoreError::FreePages { .. } => "store-free-pages",
        StoreError::Full => "store-full",
        StoreError::InDoubt { .. } => "commit-in-doubt",
        StoreError::JournalMode { .. } => "store-journal",
        StoreError::KeyType { .. } => "store-key-type",
        StoreError::Moved { .. } => "store-moved",
        StoreError::NewerLayout { .. } => "newer-format",
        StoreError::NotBackup { .. } => "not-a-backup",
        StoreError::NotFound { .. } => "no-store",
        StoreError::OutOfOrder { .. } => "store-out-of-order",
        StoreError::ReadOnly => "read-only",
        StoreError::Schema { .. } => "store-schema",
        StoreError::Stranger { .. } => "store-stranger",
        StoreError::Stopped => "stopped",
        StoreError::Unfinished { .. } => "store-unfinished",
        StoreError::Unsafe { .. } => "unsafe-permissions",
        StoreError::Unsupported { .. } => "unsupported",
    }
}
