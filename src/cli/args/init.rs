//! What can be typed after `init`.

use strongroom::Suite;

#[derive(clap::Args)]
pub(crate) struct InitArgs {
    /// The encryption of new records: xaes-256-gcm, or xchacha20-poly1305 for machines without AES instructions
    #[arg(long, value_name = "SUITE", default_value_t)]
    pub(crate) suite: Suite,
    /// Check the new master key for what takes no time alone, and leave the rest to `master-key check`
    #[arg(long)]
    pub(crate) quick: bool,
}
