//! What is typed to change API keys, one or many.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use strongroom::{ApiKeyId, Network, Revision, Timestamp};

use super::{StatusArg, attribute, duration};

#[derive(clap::Args)]
#[command(next_help_heading = "Which API keys")]
pub(crate) struct Selection {
    /// The id of the API key; a single dash reads ids from standard input, one a line
    #[arg(value_name = "ID", conflicts_with_all = FILTERS)]
    pub(crate) target: Option<Target>,
    /// All of this owner
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
    /// All whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// All with this scope
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// All in this state
    #[arg(long, value_name = "STATE")]
    pub(crate) status: Option<StatusArg>,
    /// All that are exposed since a rotation with --compromised, and active unless --status says otherwise
    #[arg(long)]
    pub(crate) exposed: bool,
    /// Say what would be done to which API keys, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
}

impl Selection {
    /// Whether any of the options says which.
    pub(crate) fn filters(&self) -> bool {
        self.owner.is_some() || self.name.is_some() || self.scope.is_some() || self.status.is_some() || self.exposed
    }
}

const FILTERS: [&str; 5] = ["owner", "name", "scope", "status", "exposed"];

#[derive(Clone, Copy)]
pub(crate) enum Target {
    One(ApiKeyId),
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

#[derive(clap::Args)]
pub(crate) struct RevokeArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Not now, but at this time, such as 2027-01-31T00:00:00Z; it can be moved to an earlier one, and never to a later
    #[arg(long, value_name = "TIME", conflicts_with = "after")]
    pub(crate) at: Option<Timestamp>,
    /// Not now, but in 90d, 12h, 30m or 45s
    #[arg(long = "in", value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) after: Option<Duration>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(clap::Args)]
pub(crate) struct SuspendArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}

#[derive(clap::Args)]
pub(crate) struct ReissueArgs {
    #[command(flatten)]
    pub(crate) selection: Selection,
    /// All that are due and that a new token mends, among those of the other options: expiring, exposed, and near or past
    /// the maximum age of the policy
    #[arg(long, conflicts_with = "target", help_heading = "Which API keys")]
    pub(crate) due: bool,
    /// With --due: what expires, or reaches the maximum age of the policy, within this time
    #[arg(long, value_name = "SPAN", value_parser = duration, default_value = "14d", help_heading = "Which API keys")]
    pub(crate) within: Duration,
    /// How long the old token stays valid beside the new one: 14d, 12h, 30m or 45s; never longer than it would have been
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, required_unless_present_any = ["now", "dry_run"])]
    pub(crate) grace: Option<Duration>,
    /// The old token ends at once
    #[arg(long, conflicts_with = "grace")]
    pub(crate) now: bool,
    #[command(flatten)]
    pub(crate) expiry: Expiry,
    /// What the new token begins with [default: what the old one begins with]
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Only if the API key has this revision, as `show` prints it
    #[arg(long, value_name = "REVISION")]
    pub(crate) if_revision: Option<Revision>,
    /// Write each token into a new file of its own in this folder, <old id>-<new id>.token, before it becomes valid
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

/// Another expiry than there is.
#[derive(clap::Args)]
#[group(multiple = false)]
pub(crate) struct Expiry {
    /// It ends at this time, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) expires_at: Option<Timestamp>,
    /// It ends in 90d, 12h, 30m or 45s
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) expires_in: Option<Duration>,
    /// It never ends by itself
    #[arg(long)]
    pub(crate) never_expires: bool,
}

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
    /// A label of your own, new or with another value; can be given several times
    #[arg(long = "set-attribute", value_name = "KEY=VALUE", value_parser = attribute, help_heading = CHANGES)]
    pub(crate) set_attributes: Vec<(String, String)>,
    /// Take a label away; can be given several times
    #[arg(long = "remove-attribute", value_name = "KEY", help_heading = CHANGES)]
    pub(crate) remove_attributes: Vec<String>,
    /// Valid from this time on
    #[arg(long, value_name = "TIME", help_heading = CHANGES)]
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
