#![doc = include_str!("../README.md")]
// Where the documentation is made with this, it says of each item which feature it needs.
#![cfg_attr(docsrs, feature(doc_cfg))]

// The layers, the lowest first: each imports only those before it.

mod written;

mod parse_error;

mod versions;

mod time;

pub mod arguments;

mod secret;

mod words;

mod guesses;

mod authority;

mod tree;

mod note;

mod suite;

mod plain_file;

mod unsafe_path;

mod key_source;

mod key_list;

mod vault_id;

mod backup_id;

mod master_key;

#[cfg(feature = "escrow")]
mod key_share;

mod verifier_key;

mod master_keys;

mod verifier_keys;

pub mod policy;

mod keyring;

mod token;

mod page;

mod api_key;

mod record;

mod record_set;

mod lookup;

mod uses;

mod audit_log;

pub mod anchor;

pub mod store;

mod import;

pub mod error;

mod ledger;

mod commitments;

mod fence;

mod follower;

mod known_backups;

pub mod rotation;

mod vault;

#[cfg(feature = "scan")]
pub mod scan;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(all(doctest, feature = "sqlite"))]
#[doc = include_str!("../docs/service.md")]
struct Service;

#[cfg(test)]
mod vectors;

#[cfg(test)]
mod every_error;

// What a service types on its first day stands at the root; the rest by what it is about.

pub use api_key::{ApiKey, Network, NewApiKey, Refusal, Reissue, Request, Revision, Status, Update};
pub use audit_log::Act;
pub use error::{Error, ErrorKind};
pub use master_key::MasterKey;
pub use master_keys::MasterKeys;
pub use page::{Cursor, Page};
pub use parse_error::ParseError;
pub use secret::SecretText;
pub use store::MemoryStore;
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use suite::Suite;
pub use time::Timestamp;
pub use token::ApiKeyId;
pub use vault::{Issued, Listed, Query, Vault, VaultOptions, VaultStatus, Verifier, VerifyError};
pub use vault_id::VaultId;
pub use verifier_keys::VerifierKeys;
pub use versions::MasterKeyVersion;

/// What is refused to API keys by their limits and their life, and their way in and out: import and export.
pub mod api_keys {
    pub use crate::api_key::{LifeError, LimitError};
    pub use crate::import::{ImportError, ImportedKey};
    pub use crate::vault::{ExportError, Exported, Imported, Replaced, Taken};
}

/// The audit log: its entries, following and checking it, the checkpoints that prove it later, and the keys and proofs for those who have
/// no key of the vault.
pub mod audit {
    pub use crate::audit_log::{ActError, Action, AuditEntry, AuditFault, AuditFilter, Outcome};
    pub use crate::follower::{FollowFault, Following};
    pub use crate::vault::{AuditCheck, AuditCheckpoint, AuditLine, AuditPosition, CheckpointCheck, CheckpointFault};
    pub use crate::vault::{AuditProof, Auditor, AuthorityKey, MadeProof, Pin, ProofFault, ProveError};
}

/// Backups: made beside a live service, verified, restored, and remembered by the vault.
pub mod backup {
    pub use crate::backup_id::BackupId;
    pub use crate::known_backups::KnownBackup;
    pub use crate::vault::{Backup, Behind};
    pub use crate::vault::{BackupManifest, BackupPhase, BackupProgress, BackupReport, BackupRotation};
}

/// The doctor: what is wrong with a vault, its keys and its files.
pub mod doctor {
    pub use crate::vault::{Checkup, CheckupProgress, Depth, DoctorReport, Symptom, SymptomSeverity};
}

/// What is overdue, about to end, exposed or forgotten.
pub mod due {
    pub use crate::vault::{Due, DueCause, DuePage, DueRules};
}

/// Escrow: a master key in shares, of which some together give it back.
#[cfg(feature = "escrow")]
pub mod escrow {
    pub use crate::key_share::{CombineError, Combined, KeyShare, KeyShareError, Split, SplitError};
}

/// Where master keys and verifier keys come from, and how they are told apart.
pub mod master {
    pub use crate::authority::PublicKey;
    pub use crate::key_list::{ListError, Mistaken};
    pub use crate::key_source::{
        CommandFault, CommandLineError, KeyCommand, KeyFile, KeyVariable, Origin, Origins, SourceConcern, SourceError,
        SystemdCredential,
    };
    pub use crate::keyring::KnownMasterKey;
    pub use crate::master_key::{AgePolicy, Fingerprint, MasterKeyError};
    pub use crate::master_keys::{MasterKeySource, MasterKeysError};
    pub use crate::vault::known_fingerprints;
    pub use crate::verifier_key::{VerifierKey, VerifierKeyError};
    pub use crate::verifier_keys::VerifierKeysError;
}

/// Whether a master key is weak, published or related to another, and what an operator waives.
pub mod strength {
    pub use crate::master_key::{Finding, Severity, Suspect, Waivers};
}

/// How API keys are used: counted in memory, written together, read beside them.
pub mod usage {
    pub use crate::uses::{Usage, UsageError};
    pub use crate::vault::{ListedUsage, UsageFlush, UsageFlusher, UsageOptions};
}
