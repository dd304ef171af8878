//! What the audit log records.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What an audit entry records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Action {
    /// A record that did not open was deleted, so that a rotation could finish.
    Abandon,
    /// A backup was begun.
    Backup,
    /// A backup was put in its place.
    BackupFinished,
    /// Backups were taken from the list of those that are known.
    BackupForgotten,
    /// A token left the vault with everything else about its API key.
    Export,
    /// An API key with a token from elsewhere was added.
    Import,
    /// The vault was made.
    Init,
    /// An API key was issued.
    Issue,
    /// The policy was changed.
    Policy,
    /// A token was recovered by an administrator.
    Recover,
    /// An API key was given an end, and another was issued in its place: the next entry.
    Reissue,
    /// What the doctor found around the vault was mended.
    Repair,
    /// The vault was restored from a backup.
    Restore,
    /// The suspension of an API key was taken back.
    Resume,
    /// An API key was revoked.
    Revoke,
    /// The master key was replaced and no record touched.
    Rewrap,
    /// A rotation ended, and the old generation is gone.
    RotationFinished,
    /// A rotation began: from here on every write uses the new generation.
    RotationStarted,
    /// An API key is to count as revoked from a time to come.
    ScheduleRevocation,
    /// A master key was split into shares.
    Split,
    /// An API key was taken out of use until it is resumed.
    Suspend,
    /// What an API key says was changed.
    Update,
    /// A verifier key left the vault.
    VerifierKey,
}

impl Action {
    /// Whether its entry holds a commitment to the record that it leaves behind, when it was done.
    pub(crate) fn leaves_a_record(self) -> bool {
        match self {
            Self::Import
            | Self::Init
            | Self::Issue
            | Self::Reissue
            | Self::Resume
            | Self::Revoke
            | Self::ScheduleRevocation
            | Self::Suspend
            | Self::Update => true,
            Self::Abandon
            | Self::Backup
            | Self::BackupFinished
            | Self::BackupForgotten
            | Self::Export
            | Self::Policy
            | Self::Recover
            | Self::Repair
            | Self::Restore
            | Self::Rewrap
            | Self::RotationFinished
            | Self::RotationStarted
            | Self::Split
            | Self::VerifierKey => false,
        }
    }

    /// Whether it is done to a record that was there, so that its entry holds a commitment to what it found.
    pub(crate) fn meets_a_record(self) -> bool {
        match self {
            Self::Export
            | Self::Recover
            | Self::Reissue
            | Self::Resume
            | Self::Revoke
            | Self::ScheduleRevocation
            | Self::Suspend
            | Self::Update => true,
            Self::Abandon
            | Self::Backup
            | Self::BackupFinished
            | Self::BackupForgotten
            | Self::Import
            | Self::Init
            | Self::Issue
            | Self::Policy
            | Self::Repair
            | Self::Restore
            | Self::Rewrap
            | Self::RotationFinished
            | Self::RotationStarted
            | Self::Split
            | Self::VerifierKey => false,
        }
    }

    /// Every action.
    pub(crate) const ALL: [Self; 23] = [
        Self::Abandon,
        Self::Backup,
        Self::BackupFinished,
        Self::BackupForgotten,
        Self::Export,
        Self::Import,
        Self::Init,
        Self::Issue,
        Self::Policy,
        Self::Recover,
        Self::Reissue,
        Self::Repair,
        Self::Restore,
        Self::Resume,
        Self::Revoke,
        Self::Rewrap,
        Self::RotationFinished,
        Self::RotationStarted,
        Self::ScheduleRevocation,
        Self::Split,
        Self::Suspend,
        Self::Update,
        Self::VerifierKey,
    ];

    /// The word in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Abandon => "abandon",
            Self::Backup => "backup",
            Self::BackupFinished => "backup-finished",
            Self::BackupForgotten => "backup-forgotten",
            Self::Export => "export",
            Self::Import => "import",
            Self::Init => "init",
            Self::Issue => "issue",
            Self::Policy => "policy",
            Self::Recover => "recover",
            Self::Reissue => "reissue",
            Self::Repair => "repair",
            Self::Restore => "restore",
            Self::Resume => "resume",
            Self::Revoke => "revoke",
            Self::Rewrap => "rewrap",
            Self::RotationFinished => "rotation-finished",
            Self::RotationStarted => "rotation-started",
            Self::ScheduleRevocation => "schedule-revocation",
            Self::Split => "split",
            Self::Suspend => "suspend",
            Self::Update => "update",
            Self::VerifierKey => "verifier-key",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}
