//! What can be typed after `backup`.

use std::path::PathBuf;

use clap::Subcommand;
use strongroom::backup::BackupId;

#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct BackupArgs {
    /// The new file; one that is called like a command is named ./list
    #[arg(value_name = "FILE", required = true)]
    pub(crate) file: Option<PathBuf>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    #[command(subcommand)]
    pub(crate) verb: Option<BackupVerb>,
}

#[derive(Subcommand)]
pub(crate) enum BackupVerb {
    /// Say what a backup holds and which master key opens it; without a key this is what the file claims
    Inspect {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Open everything in a backup, as restoring it would
    Verify {
        /// The backup
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// Compare it with these checkpoints of its vault as well: 3 when it is older, 13 when it is of another line; a single
        /// dash is standard input
        #[arg(long, value_name = "FILE", num_args = 1..)]
        checkpoint: Vec<PathBuf>,
    },
    /// List the backups that the vault remembers, and the master keys they need
    List,
    /// Take a backup from that list, once its file is deleted
    Forget(ForgetArgs),
}

#[derive(clap::Args)]
pub(crate) struct ForgetArgs {
    /// The id of the backup
    #[arg(value_name = "ID", required_unless_present_any = ["all", "needing_other_keys"], conflicts_with_all = ["all", "needing_other_keys"])]
    pub(crate) id: Option<BackupId>,
    /// Those that the active master key does not open, as after a rotation
    #[arg(long, conflicts_with = "all")]
    pub(crate) needing_other_keys: bool,
    /// All of them: the list begins anew
    #[arg(long)]
    pub(crate) all: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
