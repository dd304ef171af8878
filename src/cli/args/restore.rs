//! What can be typed after `restore`.

use std::ffi::OsString;
use std::path::PathBuf;

use strongroom::VaultId;

#[derive(clap::Args)]
pub(crate) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Where the vault is to be, such as sqlite:restored.db; nothing may be there [default: where --store says]. The vault at
    /// --store, should there be one, is then compared with the backup
    #[arg(long, value_name = "URL")]
    pub(crate) to: Option<OsString>,
    /// Only if it is a backup of the vault with this id
    #[arg(long, value_name = "ID")]
    pub(crate) vault: Option<VaultId>,
    /// Compare it with these checkpoints of its vault first, and ask when it is older or of another line; a single dash is
    /// standard input
    #[arg(long, value_name = "FILE", num_args = 1..)]
    pub(crate) checkpoint: Vec<PathBuf>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
