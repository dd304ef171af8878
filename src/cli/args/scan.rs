//! What can be typed after `scan`.

use std::path::PathBuf;

use clap::ValueEnum;
use strongroom::Timestamp;

use super::parse::moment_ahead;

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
    /// Only what is staged for the next commit of the repository, and differs from the last one
    #[arg(long, conflicts_with_all = ["history", "executable", "processes", "shell_history", "units"], help_heading = "Where to look")]
    pub(crate) staged: bool,
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
    /// Only files that match, as in .gitignore: '*.py', config/, deploy/**/prod.env
    #[arg(long, value_name = "PATTERN", help_heading = "Where to look")]
    pub(crate) include: Vec<String>,
    /// No file and no folder that matches
    #[arg(long, value_name = "PATTERN", help_heading = "Where to look")]
    pub(crate) exclude: Vec<String>,
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

    /// Do not report what this file accepts: secrets and places, each with a reason and an end
    #[arg(long, value_name = "FILE", help_heading = "What is accepted")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write a line for each secret that is reported into this new file, for --baseline
    #[arg(long, value_name = "FILE", requires = "reason", help_heading = "What is accepted")]
    pub(crate) write_baseline: Option<PathBuf>,
    /// Why they are accepted
    #[arg(long, value_name = "TEXT", requires = "write_baseline", help_heading = "What is accepted")]
    pub(crate) reason: Option<String>,
    /// Until when they are [default: in 90 days]
    #[arg(long, value_name = "TIME|SPAN", value_parser = moment_ahead, allow_hyphen_values = true, requires = "write_baseline", help_heading = "What is accepted")]
    pub(crate) until: Option<Timestamp>,

    /// Which comments beside a key keep it from being reported
    #[arg(
        long,
        value_name = "WHICH",
        default_value = "any",
        hide_default_value = true,
        help_heading = "What is accepted"
    )]
    pub(crate) marks: MarksArg,

    /// Print SARIF 2.1.0, for code-scanning services
    #[arg(long, conflicts_with = "json", help_heading = "Output")]
    pub(crate) sarif: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MarksArg {
    /// All of them, until their end where they have one [default]
    Any,
    /// Those with an end that is to come, and a reason: strongroom:allow until 2027-01-31: why
    Dated,
    /// None of them
    None,
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
