//! The vault: what a service, an operator and an administrator do with API keys.

mod handle;
mod recorder;
mod options;
mod issue;
mod verify;
mod life;
mod subject;
mod reissue;
mod list;
mod due;
mod status;
mod policy;
mod rotate;
mod recover;
mod export;
mod custody;
mod usage;
mod audit;
mod checkpoint;
mod backup;
#[cfg(feature = "sqlite")]
mod restore;
mod doctor;

pub use audit::{AuditLine, AuditPosition};
pub use backup::{BackupManifest, BackupPhase, BackupProgress, BackupReport, BackupRotation};
pub use checkpoint::{AuditCheck, AuditCheckpoint, CheckpointCheck, CheckpointError, CheckpointFault};
pub use doctor::{Checkup, Depth, DoctorReport, Symptom, SymptomSeverity};
pub use due::{Due, DueCause, DuePage, DueRules};
pub use export::ExportPage;
pub use handle::{Vault, Verifier};
pub use issue::{Issued, Replaced};
pub use list::{Listed, Query};
pub use options::VaultOptions;
pub use recorder::{UsageFlush, UsageOptions};
#[cfg(feature = "sqlite")]
pub use restore::{Backup, Behind};
pub use status::{VaultStatus, known_fingerprints};
pub use usage::{ListedUsage, UsageFlusher};
pub use verify::VerifyError;
