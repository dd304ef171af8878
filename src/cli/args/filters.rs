//! Which API keys, by what they say: the same options wherever API keys are chosen.

use clap::ValueEnum;
use strongroom::{Query, Status};

#[derive(clap::Args)]
pub(crate) struct Filters {
    /// Only API keys of this owner
    #[arg(long, value_name = "OWNER")]
    owner: Option<String>,
    /// Only API keys whose name contains this
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Only API keys with this scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<String>,
}

impl Filters {
    pub(crate) fn query(&self) -> Query {
        Query::new().owner(self.owner.as_deref()).name_contains(self.name.as_deref()).scope(self.scope.as_deref())
    }

    fn is_empty(&self) -> bool {
        self.owner.is_none() && self.name.is_none() && self.scope.is_none()
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
pub(super) const IDS: [&str; 5] = ["owner", "name", "scope", "status", "exposed"];

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
