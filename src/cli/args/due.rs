//! What can be typed after `due`.

use std::time::Duration;

use super::filters::Filters;
use super::parse::duration;

#[derive(clap::Args)]
pub(crate) struct DueArgs {
    /// What expires, or reaches the maximum age of the policy, within this time
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, default_value = "14d")]
    pub(crate) within: Duration,
    /// What is to be revoked within this time: after a reissue, its client has to use the new token by then
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, default_value = "3d")]
    pub(crate) ending_within: Duration,
    /// What has been suspended for this time
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, default_value = "30d")]
    pub(crate) suspended_for: Duration,
    /// Also what has been expired for this time and was not revoked
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) expired_for: Option<Duration>,
    /// Also what has not been used for this time, by the counts of its uses
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) unused: Option<Duration>,
    #[command(flatten)]
    pub(crate) which: Filters,
}
