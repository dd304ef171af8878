//! What can be typed after `anchor`.

use std::path::PathBuf;

use clap::Subcommand;

#[derive(Subcommand)]
pub(crate) enum AnchorVerb {
    /// Make the anchor of this machine, to hold the vault as it stands
    Init(AnchorInitArgs),
    /// Show what this machine saw of the vault last
    Show,
    /// Hold the vault as it stands, whatever was seen before: after a restore, and after a database lost acknowledged acts
    Accept(AnchorAcceptArgs),
}

#[derive(clap::Args)]
pub(crate) struct AnchorInitArgs {
    /// Why, for the anchor
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(clap::Args)]
pub(crate) struct AnchorAcceptArgs {
    /// Why, for the anchor
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
    /// Another copy of the audit log, as `strongroom audit export` writes it: the acts in it that the vault has lost are listed
    #[arg(long, value_name = "FILE")]
    pub(crate) log: Option<PathBuf>,
}
