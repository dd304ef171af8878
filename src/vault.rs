//! The vault: what a service, an operator and an administrator do with API keys.

mod admin;
mod admission;
mod backup;
mod chain;
mod checkpoint;
mod doctor;
mod due;
#[cfg(feature = "escrow")]
mod escrow;
mod estimate;
mod export;
mod find;
mod fingerprints;
mod handle;
mod issue;
mod life;
mod list;
mod options;
mod policy;
mod recorder;
mod reissue;
#[cfg(feature = "sqlite")]
mod restore;
mod rotate;
mod status;
mod subject;
mod trail;
mod usage;
mod verify;
mod verifier;

pub use backup::{BackupManifest, BackupPhase, BackupProgress, BackupReport, BackupRotation};
pub use checkpoint::{AuditCheck, AuditCheckpoint, CheckpointCheck, CheckpointError, CheckpointFault};
pub use doctor::{Checkup, Depth, DoctorReport, Symptom, SymptomSeverity};
pub use due::{Due, DueCause, DuePage, DueRules};
pub use export::ExportPage;
pub use fingerprints::known_fingerprints;
pub use handle::{Vault, Verifier};
pub use issue::{Issued, Replaced};
pub use list::{Listed, Query};
pub use options::VaultOptions;
pub use recorder::{UsageFlush, UsageOptions};
#[cfg(feature = "sqlite")]
pub use restore::{Backup, Behind};
pub use status::VaultStatus;
pub use trail::{AuditLine, AuditPosition};
pub use usage::{ListedUsage, UsageFlusher};
pub use verify::VerifyError;
