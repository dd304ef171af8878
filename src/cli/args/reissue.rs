//! What can be typed after `reissue`.

use std::path::PathBuf;
use std::time::Duration;

use strongroom::Revision;

use super::expiry::Expiry;
use super::parse::duration;
use super::selection::Selection;

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("how").args(["grace", "now", "dry_run"]).multiple(true).required(true))]
pub(crate) struct ReissueArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// All that are due and that a new token mends, among those of the other options: expiring, exposed, and near or past
    /// the maximum age of the policy
    #[arg(long, conflicts_with = "target", help_heading = "Which API keys")]
    pub(crate) due: bool,
    /// With --due: what expires, or reaches the maximum age of the policy, within this time
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, default_value = "14d", help_heading = "Which API keys")]
    pub(crate) within: Duration,
    /// How long the old token stays valid beside the new one: 14d, 12h, 30m or 45s; never longer than it would have been
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) grace: Option<Duration>,
    /// The old token ends at once
    #[arg(long, conflicts_with = "grace")]
    pub(crate) now: bool,
    #[command(flatten)]
    pub(crate) expiry: Expiry,
    /// What the new token begins with [default: what the old one begins with]
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only if the API key has this revision, as `show` prints it
    #[arg(long, value_name = "REVISION")]
    pub(crate) if_revision: Option<Revision>,
    /// Write the new token of one API key to this new file, readable by its owner alone, and not to standard output
    #[arg(short, long, value_name = "FILE", conflicts_with = "out_dir")]
    pub(crate) out: Option<PathBuf>,
    /// Write each token into a new file of its own in this folder, <old id>-<new id>.token, before it becomes valid
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
