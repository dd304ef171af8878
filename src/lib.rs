#![doc = include_str!("../README.md")]
//! # Modules
//!
//! They stand in the order of their dependencies, the lowest first, and import downward only.

mod time;

mod secret;

mod suite;

mod key_source;

mod key_list;

mod vault_id;

mod master_key;

#[cfg(feature = "escrow")]
mod key_share;

mod verifier_key;

mod master_keys;

mod verifier_keys;

mod policy;

mod keyring;

mod token;

mod api_key;

mod record;

mod record_set;

mod lookup;

mod audit;

mod store;

mod import;

mod error;

mod ledger;

mod rotation;

mod vault;

#[cfg(feature = "scan")]
mod scan;

#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;

#[cfg(test)]
mod vectors;

pub use api_key::{
    ApiKey, LifeError, LimitError, MAX_ATTRIBUTES_LEN, MAX_LABEL_LEN, MAX_NETWORKS, MAX_SCOPE_LEN, MAX_SCOPES, Network,
    NetworkError, NewApiKey, Refusal, Reissue, Request, Revision, RevisionError, Status, Update,
};
pub use audit::{Act, ActError, Action, AuditEntry, AuditFault, MAX_ACTOR_LEN, MAX_REASON_LEN, Outcome};
pub use error::{Error, ErrorKind};
pub use import::{ImportError, ImportedKey};
pub use key_list::ListError;
#[cfg(feature = "escrow")]
pub use key_share::{CombineError, Combined, KeyShare, KeyShareError, Split, SplitError};
pub use key_source::{
    CommandFault, CommandLineError, KeyCommand, KeyFile, KeyVariable, Origin, Origins, SourceConcern, SourceError,
    SystemdCredential,
};
pub use keyring::{KeyringError, MasterKeyVersion};
pub use master_key::{
    AgePolicy, Finding, Fingerprint, FingerprintError, MasterKey, MasterKeyError, Severity, Suspect, Waivers,
};
pub use master_keys::{MasterKeySource, MasterKeys, MasterKeysError};
pub use policy::{Policy, PolicyError, ReasonPattern};
pub use record::RecordError;
pub use rotation::{
    Census, CertificateCheck, CertificateError, Flow, OpenRotation, Phase, Progress, RotateOptions,
    RotationCertificate, RotationOutcome, RotationPlan, RotationReport, Unreadable,
};
#[cfg(feature = "scan")]
pub use scan::{
    Found, GitObject, Hit, IgnoreFiles, Missed, Scan, ScanCounts, ScanEvent, ScanMode, ScanPlace, Scanned, Scanner,
};
pub use secret::{RandomError, SecretBytes, SecretText};
#[cfg(feature = "sqlite")]
pub use store::SqliteStore;
pub use store::{
    Batch, Change, Claim, CommitError, Effect, Expected, MemoryStore, Row, Rows, Scrub, Store, StoreError, Table,
};
pub use suite::{SealError, Suite, UnknownSuite};
pub use time::{Timestamp, TimestampError};
pub use token::{ApiKeyId, ApiKeyIdError};
pub use vault::{
    DoctorReport, Issued, Listed, PolicyChange, Query, Replaced, RotationEstimate, Symptom, SymptomSeverity, Vault,
    VaultOptions, VaultStatus, Verifier, VerifyError, known_fingerprints,
};
pub use vault_id::{VaultId, VaultIdError};
pub use verifier_key::{VerifierKey, VerifierKeyError};
pub use verifier_keys::{VerifierKeys, VerifierKeysError};
