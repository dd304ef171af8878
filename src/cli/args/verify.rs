//! What can be typed after `verify`.

use std::net::IpAddr;

#[derive(clap::Args)]
pub(crate) struct VerifyArgs {
    /// The address the token was presented from
    #[arg(long, value_name = "IP")]
    pub(crate) address: Option<IpAddr>,
    /// A scope the API key must have; given more than once, it must have all of them
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// A scope that will do: given more than once, the API key must have at least one of them
    #[arg(long = "any-scope", value_name = "SCOPE")]
    pub(crate) any_scopes: Vec<String>,
    /// What the token was presented for, such as /v1/invoices, to be counted
    #[arg(long, value_name = "TEXT", conflicts_with = "no_usage")]
    pub(crate) endpoint: Option<String>,
    /// Do not record that the API key was used
    #[arg(long)]
    pub(crate) no_usage: bool,
}
