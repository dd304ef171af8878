//! What can be typed after `revoke`.

use std::time::Duration;

use strongroom::Timestamp;

use super::parse::{duration, moment};
use super::selection::Selection;

#[derive(clap::Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Not now, but at this time, such as 2027-01-31 or 2027-01-31T12:00:00Z; it can be moved to an earlier one, and never to a later
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "after")]
    pub(crate) at: Option<Timestamp>,
    /// Not now, but in 1y, 2w, 90d, 12h, 30m or 45s
    #[arg(long = "in", value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) after: Option<Duration>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}
