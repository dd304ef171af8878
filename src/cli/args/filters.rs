//! Which API keys, by what they say: the same options wherever API keys are chosen.

use clap::ValueEnum;
use strongroom::{Network, Query, Status, Timestamp};

use super::parse::{moment_ago, moment_ahead};

#[derive(clap::Args)]
pub(crate) struct Filters {
    /// Only API keys of this owner
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only API keys whose name contains this, in upper or lower case
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Only API keys with this scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
    /// Only API keys with this label, with this value where one is given; of several, those that have all of them
    #[arg(id = "having", long = "attribute", value_name = "KEY[=VALUE]")]
    having: Vec<String>,
    /// Only API keys without an owner
    #[arg(long, conflicts_with = "owner")]
    without_owner: bool,
    /// Only API keys that are limited to networks that have an address in common with this one; can be given several times
    #[arg(id = "within_network", long = "network", value_name = "CIDR")]
    within_network: Vec<Network>,
    /// Only API keys that were issued at this time or later, or so long ago at most: 2026-01-31, 90d
    #[arg(long, value_name = "TIME|SPAN", value_parser = moment_ago, allow_hyphen_values = true)]
    created_since: Option<Timestamp>,
    /// Only API keys that were issued before this time, or longer ago than this: 2026-01-31, 1y
    #[arg(long, value_name = "TIME|SPAN", value_parser = moment_ago, allow_hyphen_values = true)]
    created_before: Option<Timestamp>,
    /// Only API keys that expire by this time, or within this time from now; those that have expired are among them
    #[arg(long, value_name = "TIME|SPAN", value_parser = moment_ahead, allow_hyphen_values = true)]
    expiring: Option<Timestamp>,
}

impl Filters {
    pub(crate) fn query(&self) -> Query {
        let query = Query::new()
            .owner(self.owner.as_deref())
            .name_contains(self.name.as_deref())
            .scope(self.scope.as_deref())
            .without_owner(self.without_owner)
            .created_since(self.created_since)
            .created_before(self.created_before)
            .expires_by(self.expiring);
        let query = self.having.iter().fold(query, |query, label| match label.split_once('=') {
            Some((name, value)) => query.attribute(name, value),
            None => query.attribute(label, None::<String>),
        });
        self.within_network.iter().fold(query, |query, network| query.network(*network))
    }

    fn is_empty(&self) -> bool {
        self.owner.is_none()
            && self.name.is_none()
            && self.scope.is_none()
            && self.having.is_empty()
            && !self.without_owner
            && self.within_network.is_empty()
            && self.created_since.is_none()
            && self.created_before.is_none()
            && self.expiring.is_none()
    }
}

#[derive(clap::Args)]
pub(crate) struct StateFilters {
    #[command(flatten)]
    filters: Filters,
    /// Only API keys in this state, or in another one that is named; can be given several times
    #[arg(long, value_name = "STATE")]
    status: Vec<StatusArg>,
    /// Only API keys that are exposed since a rotation with --compromised, and active unless --status says otherwise
    #[arg(long)]
    exposed: bool,
}

impl StateFilters {
    pub(crate) fn query(&self) -> Query {
        let active = (self.exposed && self.status.is_empty()).then_some(Status::Active);
        let statuses = self.status.iter().copied().map(Status::from).chain(active);
        self.filters.query().exposed(self.exposed).statuses(statuses)
    }

    /// Whether none of the options is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.filters.is_empty() && self.status.is_empty() && !self.exposed
    }
}

/// The ids of these options, for others that cannot be given beside them.
pub(super) const IDS: [&str; 11] = [
    "owner",
    "name",
    "scope",
    "having",
    "without_owner",
    "within_network",
    "created_since",
    "created_before",
    "expiring",
    "status",
    "exposed",
];

#[derive(Clone, Copy, ValueEnum)]
enum StatusArg {
    Active,
    Expired,
    NotYetValid,
    Revoked,
    Suspended,
}

impl From<StatusArg> for Status {
    fn from(status: StatusArg) -> Self {
        match status {
            StatusArg::Active => Self::Active,
            StatusArg::Expired => Self::Expired,
            StatusArg::NotYetValid => Self::NotYetValid,
            StatusArg::Revoked => Self::Revoked,
            StatusArg::Suspended => Self::Suspended,
        }
    }
}
