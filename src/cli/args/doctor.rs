//! What can be typed after `doctor`.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::parse::{duration, subset};

/// Without --deep, --quick and --subset it opens every record of a vault of up to 100000, and of a larger one none, which
/// is a warning.
#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct DoctorArgs {
    /// Open every record, however many there are
    #[arg(long)]
    pub(crate) deep: bool,
    /// Open no record: keys, files, the rotation, the head, the audit log and the clock
    #[arg(long, conflicts_with = "deep")]
    pub(crate) quick: bool,
    /// Count every record and open those of the N-th of T parts, so that T runs open each
    #[arg(long, value_name = "N/T", value_parser = subset, allow_hyphen_values = true, conflicts_with_all = ["deep", "quick"])]
    pub(crate) subset: Option<(NonZeroU32, NonZeroU32)>,
    /// Also check this certificate of an earlier rotation; a single dash is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) certificate: Option<PathBuf>,
    /// First mend what needs no guess, after a backup: modes, scratch folders of processes that were killed, the journal mode, what was
    /// planted in the schema, copies of rows, rows that are no bytes, and old bytes in free pages
    #[arg(long, requires = "reason")]
    pub(crate) repair: bool,
    /// Show what a repair would mend, and do nothing
    #[arg(long, requires = "repair")]
    pub(crate) dry_run: bool,
    /// Where the backup before the repair goes [default: <store>-before-repair-<time>]
    #[arg(long, value_name = "FILE", requires = "repair")]
    pub(crate) backup: Option<PathBuf>,
    /// Why it is repaired, for the audit log
    #[arg(long, value_name = "TEXT", requires = "repair")]
    pub(crate) reason: Option<String>,
    /// Warn when the last backup is older than this
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, default_value = "8d")]
    pub(crate) max_backup_age: Duration,
}
