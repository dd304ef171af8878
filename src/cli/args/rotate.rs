//! What can be typed after `rotate-master-key`.

use std::num::NonZeroU64;
use std::path::PathBuf;

use strongroom::MasterKeyVersion;
use strongroom::master::Fingerprint;

use super::parse::{number, rate, version};

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct RotateArgs {
    /// The version to go to [default: the newest that is configured]; where it is active already there is nothing to do, and
    /// that is no failure
    #[arg(long, value_name = "VERSION", value_parser = version, allow_hyphen_values = true)]
    pub(crate) to: Option<MasterKeyVersion>,
    /// Only if the new master key has this fingerprint, as `master-key generate` showed it: exit code 12 when it is another. Where
    /// nobody can be asked, a rotation begins with this, or with --yes
    #[arg(long, value_name = "FINGERPRINT")]
    pub(crate) expect: Option<Fingerprint>,
    /// Records in one batch, up to 10000; other writers get their turn between batches
    #[arg(long, value_name = "N", default_value = "1000", value_parser = |text: &str| number::<u16>(text, 1, 10_000), allow_hyphen_values = true)]
    pub(crate) batch: u16,
    /// Go through at most this many records in a second
    #[arg(long, value_name = "N", value_parser = rate, allow_hyphen_values = true)]
    pub(crate) rate: Option<NonZeroU64>,
    /// Check the new master key for what takes no time alone, and leave the rest to `master-key check`
    #[arg(long)]
    pub(crate) quick: bool,
    /// Say what would be done and how long it would take, and do nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Say how far the rotation that is open has come, and do nothing
    #[arg(long, conflicts_with_all = ["to", "batch", "rate", "dry_run", "resume", "rewrap_only", "compromised",
        "abandon_unreadable", "certificate", "accept_record_set", "reason", "quick", "expect"])]
    pub(crate) status: bool,
    /// Continue the rotation that is open, and begin none
    #[arg(long, conflicts_with_all = ["rewrap_only", "compromised"])]
    pub(crate) resume: bool,
    /// Replace only the master key, and leave the records as they are
    #[arg(long, conflicts_with_all = ["batch", "rate", "accept_record_set"])]
    pub(crate) rewrap_only: bool,
    /// The master key has leaked: mark every API key issued so far as exposed; `list --exposed` then shows what to reissue
    #[arg(long, conflicts_with = "rewrap_only")]
    pub(crate) compromised: bool,
    /// Delete the records that do not open, after they were shown and `abandon` was typed, and finish without them
    #[arg(long, conflicts_with_all = ["rewrap_only", "dry_run"])]
    pub(crate) abandon_unreadable: bool,
    /// Write a certificate of the finished rotation to this new file; `doctor --certificate` checks it later
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rewrap_only", "dry_run"])]
    pub(crate) certificate: Option<PathBuf>,
    /// Finish although the records are not those that were written, and take those that are there for the right ones
    #[arg(long)]
    pub(crate) accept_record_set: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}
