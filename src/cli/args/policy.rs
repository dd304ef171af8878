//! What can be typed after `policy`.

use std::time::Duration;

use clap::Subcommand;

use super::parse::duration;

#[derive(Subcommand)]
pub(crate) enum PolicyVerb {
    /// Show the rules that hold
    Show,
    /// Change the rules that are named, and leave the others
    Set(PolicyArgs),
}

#[derive(clap::Args)]
#[command(group = clap::ArgGroup::new("rules").multiple(true).required(true))]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct PolicyArgs {
    /// How old an API key may grow: no later expiry can be given, and from then on it is due
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, group = "rules", help_heading = RULES)]
    pub(crate) max_key_age: Option<Duration>,
    /// API keys may grow as old as they like
    #[arg(long, conflicts_with = "max_key_age", group = "rules", help_heading = RULES)]
    pub(crate) no_max_key_age: bool,
    /// How old the active master key may grow before it is due; at twice that age it is refused
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, group = "rules", help_heading = RULES)]
    pub(crate) max_master_key_age: Option<Duration>,
    /// The age from which the active master key is refused by checks; no vault stays closed for it
    #[arg(long, value_name = "SPAN", value_parser = duration, allow_hyphen_values = true, group = "rules", help_heading = RULES)]
    pub(crate) refuse_master_key_age: Option<Duration>,
    /// Master keys are due after 365 days, and refused after 730
    #[arg(long, conflicts_with_all = ["max_master_key_age", "refuse_master_key_age"], group = "rules", help_heading = RULES)]
    pub(crate) no_max_master_key_age: bool,
    /// Every API key must have an expiry
    #[arg(long, group = "rules", help_heading = RULES)]
    pub(crate) require_expiry: bool,
    /// API keys need no expiry
    #[arg(long, conflicts_with = "require_expiry", group = "rules", help_heading = RULES)]
    pub(crate) no_require_expiry: bool,
    /// Every API key must have an owner
    #[arg(long, group = "rules", help_heading = RULES)]
    pub(crate) require_owner: bool,
    /// API keys need no owner
    #[arg(long, conflicts_with = "require_owner", group = "rules", help_heading = RULES)]
    pub(crate) no_require_owner: bool,
    /// A regular expression that must be found in the reason of every act, this one included; ^ and $ tie it to the ends
    #[arg(long, value_name = "REGEX", group = "rules", help_heading = RULES)]
    pub(crate) reason_pattern: Option<String>,
    /// Any reason will do, or none
    #[arg(long, conflicts_with = "reason_pattern", group = "rules", help_heading = RULES)]
    pub(crate) no_reason_pattern: bool,
    /// Recover a token only together with its reissue, the old one valid for this time at most
    #[arg(long, value_name = "GRACE", value_parser = duration, allow_hyphen_values = true, group = "rules", help_heading = RULES)]
    pub(crate) reissue_on_recovery: Option<Duration>,
    /// Tokens can be recovered on their own
    #[arg(long, conflicts_with = "reissue_on_recovery", group = "rules", help_heading = RULES)]
    pub(crate) no_reissue_on_recovery: bool,
    /// Take in tokens from elsewhere only if they are estimated to have this many bits of strength, --allow-weak or not: 1 to 256
    #[arg(long, value_name = "BITS", group = "rules", help_heading = RULES)]
    pub(crate) min_import_bits: Option<u32>,
    /// Weak tokens can be taken in with --allow-weak
    #[arg(long, conflicts_with = "min_import_bits", group = "rules", help_heading = RULES)]
    pub(crate) no_min_import_bits: bool,
    /// Show what would change, and change nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", required_unless_present = "dry_run")]
    pub(crate) reason: Option<String>,
}

const RULES: &str = "Rules";
