//! What can be typed after `issue`.

use std::path::PathBuf;
use std::time::Duration;

use strongroom::{Network, Timestamp};

use super::parse::{attribute, duration, moment};

#[derive(clap::Args)]
pub(crate) struct IssueArgs {
    /// What the API key is called
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,
    /// Whom it belongs to
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
    /// What it may do; can be given several times
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// Where it may be used from, such as 10.0.0.0/8; can be given several times
    #[arg(long = "network", value_name = "CIDR")]
    pub(crate) networks: Vec<Network>,
    /// Where it may not be used from, whatever --network says; can be given several times
    #[arg(long = "deny-network", value_name = "CIDR")]
    pub(crate) denied_networks: Vec<Network>,
    /// A scope that ends in :*, .* or /* stands for all that begin so, and * for every scope
    #[arg(long)]
    pub(crate) wildcard_scopes: bool,
    /// A label of your own; can be given several times
    #[arg(long = "attribute", value_name = "KEY=VALUE", value_parser = attribute)]
    pub(crate) attributes: Vec<(String, String)>,
    /// From when on it is valid, such as 2027-01-01 or 2027-01-01T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub(crate) not_before: Option<Timestamp>,
    /// When it ends, such as 2027-01-31 or 2027-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment, conflicts_with = "expires_in")]
    pub(crate) expires_at: Option<Timestamp>,
    /// How long it lives: 1y, 2w, 90d, 12h, 30m or 45s
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) expires_in: Option<Duration>,
    /// What the token begins with
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Write the token to this new file, readable by its owner alone, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Keep no sealed copy of the secret, so that nobody can recover the token
    #[arg(long)]
    pub(crate) unrecoverable: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
