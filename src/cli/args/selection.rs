//! Which API keys something is to be done to: one, those of a filter, or those on standard input.

use std::str::FromStr;

use super::filters::{IDS, StateFilters};
use super::named::Named;

#[derive(clap::Args)]
#[command(next_help_heading = "Which API keys")]
pub(crate) struct Selection {
    /// The id of the API key, its first 6 characters or more, a token up to and including its id, or name:NAME; a single dash
    /// reads them from standard input, one a line
    #[arg(value_name = "ID", conflicts_with_all = IDS)]
    pub(crate) target: Option<Target>,
    #[command(flatten)]
    pub(crate) which: StateFilters,
    /// Say what would be done to which API keys, and do nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
}

#[derive(Clone)]
pub(crate) enum Target {
    One(Named),
    Stdin,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        text.parse().map(Self::One).map_err(|error| format!("{error}, or a single dash"))
    }
}
