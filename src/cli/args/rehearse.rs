//! What can be typed after `rehearse`, and what it tells its own child.

use std::ffi::OsString;
use std::num::NonZeroUsize;

use super::parse::{count, number, version};
use strongroom::MasterKeyVersion;

#[derive(clap::Args)]
pub(crate) struct RehearseArgs {
    /// Rehearse on a copy of this vault, such as sqlite:production.db; it is only read
    #[arg(long, value_name = "STORE", conflicts_with = "keys")]
    pub(crate) from: Option<OsString>,
    /// API keys of the synthetic vault
    #[arg(long, value_name = "N", default_value = "2000", value_parser = |text: &str| number::<u32>(text, 1, 1_000_000), allow_hyphen_values = true)]
    pub(crate) keys: u32,
    /// Kill at this many points at most, spread over the whole rotation
    #[arg(long, value_name = "N", default_value = "60", value_parser = count, allow_hyphen_values = true)]
    pub(crate) points: NonZeroUsize,
    /// Records in one batch [default: a twentieth of the vault, and 1000 at most]
    #[arg(long, value_name = "N", value_parser = |text: &str| number::<u16>(text, 1, 10_000), allow_hyphen_values = true)]
    pub(crate) batch: Option<u16>,
}

#[derive(clap::Args)]
pub(crate) struct RehearsalStepArgs {
    /// The version to rotate to
    #[arg(long, value_parser = version, allow_hyphen_values = true)]
    pub(crate) to: MasterKeyVersion,
    /// Records in one batch
    #[arg(long)]
    pub(crate) batch: NonZeroUsize,
    /// Before and after each commit is a point; this is where to die
    #[arg(long)]
    pub(crate) kill_at: u64,
}
