//! What can be typed after `scan`.

use std::path::PathBuf;

use clap::ValueEnum;

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct ScanArgs {
    /// Files and folders; a single dash is standard input [default: the current folder, unless only other places are
    /// named]
    #[arg(value_name = "PATH")]
    pub(crate) paths: Vec<PathBuf>,

    /// Also every object of the git repositories that the paths are in: all commits, stashes, what nothing refers to
    #[arg(long, help_heading = "Where to look")]
    pub(crate) history: bool,
    /// Also the executable of this program
    #[arg(long, help_heading = "Where to look")]
    pub(crate) executable: bool,
    /// Also the arguments and environments of this process and others of the same user
    #[arg(long, visible_alias = "process", help_heading = "Where to look")]
    pub(crate) processes: bool,
    /// Also what shells and database prompts remember in the home folder
    #[arg(long, help_heading = "Where to look")]
    pub(crate) shell_history: bool,
    /// Also unit files of systemd, and /etc/default and its like
    #[arg(long, help_heading = "Where to look")]
    pub(crate) units: bool,
    /// Leave out what .gitignore, .ignore and git's own lists leave out
    #[arg(long, alias = "respect-gitignore", conflicts_with = "no_ignore", help_heading = "Where to look")]
    pub(crate) respect_ignore: bool,
    /// With --respect-ignore: but read .env, .env.*, *.env and .envrc all the same
    #[arg(long, requires = "respect_ignore", help_heading = "Where to look")]
    pub(crate) env_files: bool,
    /// Leave out nothing, not even what .strongroomignore names
    #[arg(long, help_heading = "Where to look")]
    pub(crate) no_ignore: bool,

    /// Only these modes [default: generic; exact where master keys are configured, fingerprint where a vault or
    /// --fingerprints is at hand]
    #[arg(long = "mode", value_name = "MODE", value_delimiter = ',', help_heading = "What to look for")]
    pub(crate) modes: Vec<ModeArg>,
    /// Look for keys with the fingerprints in this file: what `status --json` prints, or VERSION:FINGERPRINT lines
    #[arg(long, value_name = "FILE", help_heading = "What to look for")]
    pub(crate) fingerprints: Option<PathBuf>,

    /// Print SARIF 2.1.0, for code-scanning services
    #[arg(long, conflicts_with = "json", help_heading = "Output")]
    pub(crate) sarif: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ModeArg {
    /// The configured master keys, in any writing
    Exact,
    /// Keys whose fingerprints are known
    Fingerprint,
    /// Whatever stands where a master key would
    Generic,
}
