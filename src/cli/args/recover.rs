//! What can be typed after `recover`.

use std::path::PathBuf;
use std::time::Duration;

use super::named::Named;
use super::parse::duration;

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct RecoverArgs {
    /// The id of the API key, its first 6 characters or more, a token up to and including its id, or name:NAME
    #[arg(value_name = "ID", required_unless_present_any = ["name", "all"])]
    pub(crate) id: Option<Named>,
    /// The API key with this name, when there is one only
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    pub(crate) name: Option<String>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Print the token although standard output is a terminal
    #[arg(long, conflicts_with_all = ["out", "all"])]
    pub(crate) reveal: bool,
    /// Write the token to this new file, readable by its owner alone; with --all, the export
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Also issue a new API key in its place, whose token follows on a line of its own
    #[arg(long, conflicts_with = "all")]
    pub(crate) reissue: bool,
    /// How long the old token stays valid after that: 90d, 12h, 30m or 45s [default: not at all]
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, requires = "reissue")]
    pub(crate) grace: Option<Duration>,
    /// All of them, into an encrypted export for migration or disaster
    #[arg(long, conflicts_with_all = ["id", "name"], requires_all = ["recipients", "out"])]
    pub(crate) all: bool,
    /// Whom the export is encrypted to: an age recipient (age1...); can be given several times
    #[arg(id = "recipients", long = "to", value_name = "RECIPIENT", requires = "all")]
    pub(crate) recipients: Vec<String>,
    /// Go on with an export that was interrupted
    #[arg(long, requires = "all")]
    pub(crate) resume: bool,
}
