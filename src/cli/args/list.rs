//! What can be typed after `list`.

use std::num::NonZeroUsize;

use super::filters::StateFilters;
use super::named::Named;
use super::parse::count;

#[derive(clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) which: StateFilters,
    /// At most this many
    #[arg(long, value_name = "N", default_value = "100", value_parser = count, allow_hyphen_values = true)]
    pub(crate) limit: NonZeroUsize,
    /// Only those after this id: the last of the page before
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<Named>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}
