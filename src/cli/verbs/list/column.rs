//! The columns of a list of API keys.

use strongroom::usage::ListedUsage;
use strongroom::{ApiKey, Network, Timestamp};

use crate::args::ColumnArg;
use crate::shown::usage;
use crate::text::escaped;

pub(super) fn heading(column: ColumnArg) -> &'static str {
    match column {
        ColumnArg::Attributes => "ATTRIBUTES",
        ColumnArg::Created => "CREATED",
        ColumnArg::Expires => "EXPIRES",
        ColumnArg::Exposed => "EXPOSED",
        ColumnArg::Id => "ID",
        ColumnArg::LastUsed => "LAST USED",
        ColumnArg::Name => "NAME",
        ColumnArg::Networks => "NETWORKS",
        ColumnArg::DeniedNetworks => "DENIED NETWORKS",
        ColumnArg::NotBefore => "NOT BEFORE",
        ColumnArg::Owner => "OWNER",
        ColumnArg::Prefix => "PREFIX",
        ColumnArg::Revoked => "REVOKED",
        ColumnArg::Scopes => "SCOPES",
        ColumnArg::Status => "STATUS",
        ColumnArg::Suspended => "SUSPENDED",
        ColumnArg::Uses => "USES",
    }
}

/// The lowest is the last to be left out where there is no room.
pub(super) fn rank(column: ColumnArg) -> usize {
    let order = [
        ColumnArg::Id,
        ColumnArg::Name,
        ColumnArg::Status,
        ColumnArg::Owner,
        ColumnArg::Expires,
        ColumnArg::LastUsed,
        ColumnArg::Created,
        ColumnArg::Uses,
    ];
    order.iter().position(|ranked| *ranked == column).unwrap_or(order.len())
}

/// For people.
pub(super) fn cell(column: ColumnArg, line: &ListedUsage) -> String {
    let value = match (&line.listed.key, column) {
        (Ok(key), ColumnArg::Status) if key.exposed_at.is_some() => return format!("{} (exposed)", status(key)),
        (Ok(key), ColumnArg::Scopes) => key.scopes.join(","),
        (Err(error), ColumnArg::Name) => return format!("{} ({error})", error.cause()),
        _ => value(column, line),
    };
    if value.is_empty() { "-".into() } else { value }
}

/// For programs: nothing where there is nothing.
pub(super) fn value(column: ColumnArg, line: &ListedUsage) -> String {
    match column {
        ColumnArg::Id => return line.listed.id.to_string(),
        ColumnArg::LastUsed => {
            let [last_used, _] = usage::cells(&line.usage);
            return if last_used == "-" { String::new() } else { last_used };
        }
        ColumnArg::Uses => return usage::cells(&line.usage)[1].clone(),
        _ => {}
    }
    let Ok(key) = &line.listed.key else {
        return if column == ColumnArg::Status { "unreadable".into() } else { String::new() };
    };
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    // What could move the cursor of whoever looks at the file is visible in it.
    let text = |text: &str| escaped(text).into_owned();
    match column {
        ColumnArg::Attributes => {
            let pairs = key.attributes.iter().map(|(name, value)| format!("{name}={value}"));
            text(&pairs.collect::<Vec<_>>().join(" "))
        }
        ColumnArg::Created => key.created_at.to_string(),
        ColumnArg::Expires => time(key.expires_at),
        ColumnArg::Exposed => time(key.exposed_at),
        ColumnArg::Name => text(&key.name),
        ColumnArg::Networks => networks(&key.networks),
        ColumnArg::DeniedNetworks => networks(&key.denied_networks),
        ColumnArg::NotBefore => time(key.not_before),
        ColumnArg::Owner => text(key.owner.as_deref().unwrap_or_default()),
        ColumnArg::Prefix => text(&key.prefix),
        ColumnArg::Revoked => time(key.revoked_since(Timestamp::now()).or(key.revoke_at)),
        ColumnArg::Scopes => text(&key.scopes.join(" ")),
        ColumnArg::Status => status(key).to_owned(),
        ColumnArg::Suspended => time(key.suspended_at),
        ColumnArg::Id | ColumnArg::LastUsed | ColumnArg::Uses => String::new(),
    }
}

fn networks(networks: &[Network]) -> String {
    networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn status(key: &ApiKey) -> &'static str {
    key.status(Timestamp::now()).name()
}

/// Those that a table has.
pub(super) const USUAL: [ColumnArg; 9] = [
    ColumnArg::Id,
    ColumnArg::Status,
    ColumnArg::Created,
    ColumnArg::Expires,
    ColumnArg::LastUsed,
    ColumnArg::Uses,
    ColumnArg::Owner,
    ColumnArg::Scopes,
    ColumnArg::Name,
];
pub(super) const ALL: [ColumnArg; 17] = [
    ColumnArg::Id,
    ColumnArg::Name,
    ColumnArg::Owner,
    ColumnArg::Status,
    ColumnArg::Scopes,
    ColumnArg::Networks,
    ColumnArg::DeniedNetworks,
    ColumnArg::Attributes,
    ColumnArg::Created,
    ColumnArg::NotBefore,
    ColumnArg::Expires,
    ColumnArg::Suspended,
    ColumnArg::Revoked,
    ColumnArg::Exposed,
    ColumnArg::Prefix,
    ColumnArg::LastUsed,
    ColumnArg::Uses,
];
