//! What can be typed after `audit`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use strongroom::audit::Action;
use strongroom::{ApiKeyId, Timestamp};

use super::parse::{count, interval, seq};

#[derive(Subcommand)]
pub(crate) enum AuditVerb {
    /// List audit entries, oldest first; --actor NAME lists only those of this actor
    List(AuditListArgs),
    /// Follow the hash chain from the first entry to the authenticated end
    Verify(AuditVerifyArgs),
    /// Write all entries as they are stored, one a line, for whoever checks the chain without strongroom
    Export(AuditExportArgs),
    /// Print entries as they come, and end with 13 when the log does not go on from where it was
    Follow(AuditFollowArgs),
    /// Print where the log stands, to be kept where the store's writers cannot write
    Checkpoint,
}

#[derive(clap::Args)]
pub(crate) struct AuditListArgs {
    /// Only entries after this number
    #[arg(long, value_name = "SEQ", default_value = "0", value_parser = seq, allow_hyphen_values = true)]
    pub(crate) after: u64,
    /// At most this many
    #[arg(long, value_name = "N", default_value = "100", value_parser = count, allow_hyphen_values = true)]
    pub(crate) limit: NonZeroUsize,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// The newest N, newest first
    #[arg(long, value_name = "N", value_parser = count, allow_hyphen_values = true, conflicts_with_all = ["limit", "all"])]
    pub(crate) last: Option<NonZeroUsize>,
    /// Only acts of this kind, such as recover
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<Action>,
    /// Only what was done to this API key
    #[arg(long, value_name = "ID")]
    pub(crate) key: Option<ApiKeyId>,
    /// Only acts that ended like this
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<OutcomeArg>,
    /// Only acts whose reason contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Only entries of this moment and later ones, such as 2026-11-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<Timestamp>,
    /// Only entries before this moment
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<Timestamp>,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum OutcomeArg {
    Done,
    Refused,
}

#[derive(clap::Args)]
pub(crate) struct AuditVerifyArgs {
    /// Compare the log with these checkpoints of it as well; a single dash is standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) checkpoint: Vec<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct AuditExportArgs {
    /// Write them to this new file, readable by its owner alone, and not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct AuditFollowArgs {
    /// Begin after this entry [default: the last there is]
    #[arg(long, value_name = "SEQ", value_parser = seq, allow_hyphen_values = true)]
    pub(crate) after: Option<u64>,
    /// How often to look: 500ms, 1s, 5m or 1h
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = interval, allow_hyphen_values = true)]
    pub(crate) every: Duration,
}
