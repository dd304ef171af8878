//! What can be typed after `man`.

use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct ManArgs {
    /// The command, such as `audit list` [default: the program itself]
    #[arg(value_name = "COMMAND", conflicts_with = "out_dir")]
    pub(crate) verb: Vec<String>,
    /// Write the pages of all commands into this folder, those that are there anew
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
}
