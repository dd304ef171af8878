//! What can be typed after `audit`.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Subcommand, ValueEnum};
use strongroom::Timestamp;
use strongroom::audit::{Action, Pin};

use super::named::Named;
use super::parse::{count, interval, moment_ago, seq};

#[derive(Subcommand)]
pub(crate) enum AuditVerb {
    /// List audit entries, oldest first; --actor NAME lists only those of this actor
    List(AuditListArgs),
    /// Follow the hash chain from the first entry to the authenticated end, and compare it with checkpoints and a pin
    Verify(AuditVerifyArgs),
    /// Write all entries as they are stored, one a line, for whoever checks the chain without strongroom
    Export(AuditExportArgs),
    /// Print entries as they come, and end with 13 when the log does not go on from where it was
    Follow(AuditFollowArgs),
    /// Print where the log stands, to be kept where the store's writers cannot write
    Checkpoint,
    /// Print the public keys of the vault and the entries that each speaks for: to pin them, and to give them to witnesses
    PublicKey(PinArgs),
    /// Prove that the log goes on from a checkpoint, or that an entry is in it, to who has no log
    Prove(AuditProveArgs),
    /// Check such a proof without a vault: 0 when it is proven, 13 when it is not
    CheckProof(AuditCheckProofArgs),
}

/// What the log is believed by where there is no key of the vault.
#[derive(clap::Args)]
pub(crate) struct PinArgs {
    /// Believe the log by this public key of the vault, in either form that `audit public-key` prints, and by no key that is configured
    #[arg(long, value_name = "PUBLICKEY")]
    pub(crate) pin: Option<Pin>,
    /// Where the pinned key has ended: follow it on from one of these checkpoints, which it signed
    #[arg(long, value_name = "FILE", num_args = 1.., requires = "pin")]
    pub(crate) checkpoint: Vec<PathBuf>,
}

#[derive(clap::Args)]
#[command(group(ArgGroup::new("claim").required(true).args(["from", "entry"])))]
pub(crate) struct AuditProveArgs {
    /// Prove that the log only grew since this checkpoint
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// Prove that this entry is in the log
    #[arg(long, value_name = "SEQ")]
    pub(crate) entry: Option<u64>,
    /// Up to this checkpoint, without a master key [default: one that is made now]
    #[arg(long, value_name = "FILE")]
    pub(crate) to: Option<PathBuf>,
    /// Write the proof to this new file, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(clap::Args)]
pub(crate) struct AuditCheckProofArgs {
    /// The proof, with the newer checkpoint in it; a single dash is standard input
    #[arg(value_name = "PROOF")]
    pub(crate) proof: PathBuf,
    /// The older checkpoint, which was kept
    #[arg(long, value_name = "FILE")]
    pub(crate) from: Option<PathBuf>,
    /// A public key that is believed; can be given several times, since the two checkpoints may be signed by different ones
    #[arg(long, value_name = "PUBLICKEY")]
    pub(crate) pin: Vec<Pin>,
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
    pub(crate) key: Option<Named>,
    /// Only acts that ended like this
    #[arg(long, value_name = "OUTCOME")]
    pub(crate) outcome: Option<OutcomeArg>,
    /// Only acts whose reason contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Only entries of this moment and later ones, such as 2026-11-01, or 7d for those of the last seven days
    #[arg(long, value_name = "TIME|SPAN", value_parser = moment_ago, allow_hyphen_values = true)]
    pub(crate) since: Option<Timestamp>,
    /// Only entries before this moment
    #[arg(long, value_name = "TIME|SPAN", value_parser = moment_ago, allow_hyphen_values = true)]
    pub(crate) until: Option<Timestamp>,
    #[command(flatten)]
    pub(crate) pinned: PinArgs,
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
    /// Believe the log by this public key of the vault, and by no key that is configured. One that has ended is followed on from a
    /// checkpoint that it signed, and the new one is printed
    #[arg(long, value_name = "PUBLICKEY")]
    pub(crate) pin: Option<Pin>,
}

#[derive(clap::Args)]
pub(crate) struct AuditExportArgs {
    /// Write them to this new file, readable by its owner alone, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) pinned: PinArgs,
}

#[derive(clap::Args)]
pub(crate) struct AuditFollowArgs {
    /// Begin after this entry [default: the last there is]
    #[arg(long, value_name = "SEQ", value_parser = seq, allow_hyphen_values = true)]
    pub(crate) after: Option<u64>,
    /// How often to look: 500ms, 1s, 5m or 1h
    #[arg(long, value_name = "SPAN", default_value = "1s", value_parser = interval, allow_hyphen_values = true)]
    pub(crate) every: Duration,
    #[command(flatten)]
    pub(crate) pinned: PinArgs,
}
