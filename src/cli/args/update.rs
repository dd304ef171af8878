//! What can be typed after `update`.

use strongroom::{Network, Revision, Timestamp};

use super::expiry::Expiry;
use super::parse::{attribute, moment};
use super::selection::Selection;

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct UpdateArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Another name
    #[arg(long, value_name = "NAME", help_heading = CHANGES)]
    pub(crate) set_name: Option<String>,
    /// Another owner
    #[arg(long, value_name = "OWNER", help_heading = CHANGES)]
    pub(crate) set_owner: Option<String>,
    /// No owner
    #[arg(long, conflicts_with = "set_owner", help_heading = CHANGES)]
    pub(crate) no_owner: bool,
    /// These scopes and no others; can be given several times
    #[arg(long = "set-scope", value_name = "SCOPE", help_heading = CHANGES)]
    pub(crate) set_scopes: Vec<String>,
    /// No scopes
    #[arg(long, conflicts_with = "set_scopes", help_heading = CHANGES)]
    pub(crate) no_scopes: bool,
    /// From these networks and no others; can be given several times
    #[arg(long = "set-network", value_name = "CIDR", help_heading = CHANGES)]
    pub(crate) set_networks: Vec<Network>,
    /// From everywhere
    #[arg(long, conflicts_with = "set_networks", help_heading = CHANGES)]
    pub(crate) no_networks: bool,
    /// Not from these networks, and from no others not; can be given several times
    #[arg(long = "set-deny-network", value_name = "CIDR", help_heading = CHANGES)]
    pub(crate) set_denied_networks: Vec<Network>,
    /// From all networks that it may be used from
    #[arg(long, conflicts_with = "set_denied_networks", help_heading = CHANGES)]
    pub(crate) no_deny_networks: bool,
    /// A scope that ends in :*, .* or /* stands for all that begin so, and * for every scope
    #[arg(long, help_heading = CHANGES)]
    pub(crate) wildcard_scopes: bool,
    /// Each scope is itself and no other
    #[arg(long, conflicts_with = "wildcard_scopes", help_heading = CHANGES)]
    pub(crate) no_wildcard_scopes: bool,
    /// A label of your own, new or with another value; can be given several times
    #[arg(long = "set-attribute", value_name = "KEY=VALUE", value_parser = attribute, help_heading = CHANGES)]
    pub(crate) set_attributes: Vec<(String, String)>,
    /// Take a label away; can be given several times
    #[arg(long = "remove-attribute", value_name = "KEY", help_heading = CHANGES)]
    pub(crate) remove_attributes: Vec<String>,
    /// Valid from this time on
    #[arg(long, value_name = "TIME", value_parser = moment, help_heading = CHANGES)]
    pub(crate) not_before: Option<Timestamp>,
    /// Valid at once
    #[arg(long, conflicts_with = "not_before", help_heading = CHANGES)]
    pub(crate) no_not_before: bool,
    #[command(flatten, next_help_heading = CHANGES)]
    pub(crate) expiry: Expiry,
    /// Only if the API key has this revision, as `show` prints it: exit code 5 when somebody has changed it since
    #[arg(long, value_name = "REVISION")]
    pub(crate) if_revision: Option<Revision>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

const CHANGES: &str = "What to change";
