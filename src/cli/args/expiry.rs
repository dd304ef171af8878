//! Another expiry than there is.

use std::time::Duration;

use strongroom::Timestamp;

use super::parse::{duration, moment};

#[derive(clap::Args)]
#[group(multiple = false)]
pub(crate) struct Expiry {
    /// It ends at this time, such as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) expires_at: Option<Timestamp>,
    /// It ends in 1y, 2w, 90d, 12h, 30m or 45s
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) expires_in: Option<Duration>,
    /// It never ends by itself
    #[arg(long)]
    pub(crate) never_expires: bool,
}
