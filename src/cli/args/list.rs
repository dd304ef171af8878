//! What can be typed after `list`.

use std::num::NonZeroUsize;
use std::time::Duration;

use clap::ValueEnum;

use super::filters::StateFilters;
use super::named::Named;
use super::parse::{count, duration};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct ListArgs {
    #[command(flatten)]
    pub(crate) which: StateFilters,
    /// Only API keys that have not been used for this time, by the counts of their uses
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) unused: Option<Duration>,
    /// At most this many
    #[arg(long, value_name = "N", default_value = "100", value_parser = count, allow_hyphen_values = true)]
    pub(crate) limit: NonZeroUsize,
    /// Only those after this id: the last of the page before
    #[arg(long, value_name = "ID", conflicts_with = "sort")]
    pub(crate) after: Option<Named>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
    /// In this order, after all of them were read; those without such a value come last
    #[arg(long, value_name = "COLUMN")]
    pub(crate) sort: Option<SortArg>,
    /// In the opposite order
    #[arg(long, requires = "sort")]
    pub(crate) reverse: bool,
    /// These columns, in this order; without it as many as fit on a terminal, and elsewhere the usual ones
    #[arg(long, value_name = "COLUMN,...", value_delimiter = ',')]
    pub(crate) columns: Vec<ColumnArg>,
    /// Only the ids, one a line, as `suspend -` and its like read them
    #[arg(long, conflicts_with_all = ["columns", "count"])]
    pub(crate) ids: bool,
    /// Only how many there are, whatever the limit
    #[arg(long, conflicts_with_all = ["columns", "sort", "after"])]
    pub(crate) count: bool,
    /// Columns for people, one JSON document a line as with --json, or comma-separated values with a heading (RFC 4180)
    #[arg(long, value_name = "FORMAT", default_value = "table", conflicts_with_all = ["ids", "count"])]
    pub(crate) format: ListFormatArg,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ListFormatArg {
    Csv,
    Json,
    Table,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SortArg {
    Created,
    Expires,
    LastUsed,
    Name,
    Owner,
    Status,
    Uses,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ColumnArg {
    Attributes,
    Created,
    DeniedNetworks,
    Expires,
    Exposed,
    Id,
    LastUsed,
    Name,
    Networks,
    NotBefore,
    Owner,
    Prefix,
    Revoked,
    Scopes,
    Status,
    Suspended,
    Uses,
}
