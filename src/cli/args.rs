//! What can be typed: verbs, options, and their help. No secret is ever an argument.
#![expect(clippy::doc_markdown, reason = "these comments are the help, which is plain text")]

mod backups;
mod checkup;
mod due;
mod escrow;
mod life;
mod parse;
mod recovery;
mod rules;
mod scanning;
mod stats;
mod trail;

use std::ffi::OsString;
use std::net::IpAddr;
use std::num::{NonZeroU32, NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand, ValueEnum};
use strongroom::{ApiKeyId, Network, Suite, Timestamp, VaultId};

use super::exit;

pub(crate) use backups::{BackupArgs, BackupVerb, ForgetArgs, RestoreArgs};
pub(crate) use checkup::DoctorArgs;
pub(crate) use due::DueArgs;
pub(crate) use escrow::{CombineArgs, SplitArgs};
pub(crate) use life::{Expiry, ReissueArgs, RevokeArgs, Selection, SuspendArgs, Target, UpdateArgs};
pub(crate) use recovery::RecoverArgs;
pub(crate) use rules::{PolicyArgs, PolicyVerb};
pub(crate) use scanning::{ModeArg, ScanArgs};
pub(crate) use stats::{FormatArg, StatsArgs};
pub(crate) use trail::{AuditExportArgs, AuditFollowArgs, AuditListArgs, AuditVerb, AuditVerifyArgs, OutcomeArg};

/// Keeps the API keys a service has issued: encrypted at rest under versioned master keys.
///
/// Master keys come from STRONGROOM_MASTER_KEYS (VERSION:KEY entries separated by commas or white space), from the file
/// that STRONGROOM_MASTER_KEYS_FILE names, from the command in STRONGROOM_MASTER_KEYS_COMMAND, and from the systemd
/// credential strongroom.master-keys. They are never arguments. Verifier keys, enough for verify, list, show, due, status
/// and audit, come from STRONGROOM_VERIFIER_KEYS and STRONGROOM_VERIFIER_KEYS_FILE.
#[derive(Parser)]
#[command(name = "strongroom", version, disable_help_subcommand = true, subcommand_precedence_over_arg = true, max_term_width = 100, after_help = exit::HELP)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

#[derive(clap::Args)]
#[command(next_help_heading = "Options of every command")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Global {
    /// Where the vault is: sqlite:PATH [else $STRONGROOM_STORE, else sqlite:strongroom.db]
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) store: Option<OsString>,
    /// Print JSON, errors included
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Answer yes to the question a command asks
    #[arg(long, global = true)]
    pub(crate) yes: bool,
    /// Who acts, for the audit log [else $STRONGROOM_ACTOR, else the user's name]
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Take weak master keys that this file waives, one JSON object a line [else $STRONGROOM_WAIVERS]
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    /// Let the waivers cover published keys and misspelled ones as well
    #[arg(long, global = true)]
    pub(crate) accept_risk: bool,
    /// Take a master key from its shares for this run: files with one share each
    #[arg(long, global = true, value_name = "FILE", num_args = 1..)]
    pub(crate) shares: Vec<OsString>,
    /// An age identity file, to read what is encrypted to it: shares and exports; can be given several times
    #[arg(long = "identity", global = true, value_name = "FILE")]
    pub(crate) identities: Vec<PathBuf>,
    /// Write events of this level and graver ones to standard error
    #[arg(long, global = true, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,
    /// Let the system write core dumps of this process, with the keys in them, and let debuggers attach
    #[arg(long, global = true)]
    pub(crate) allow_core_dumps: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum LogLevel {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

#[derive(Subcommand)]
pub(crate) enum Verb {
    /// Make a new vault
    Init(InitArgs),
    /// Show the vault's keys, counts and open rotation
    Status,
    /// Say what is wrong with the vault, its keys and its files: exit code 3 for warnings, 13 for damage
    Doctor(DoctorArgs),
    /// Issue an API key and print its token, once
    Issue(IssueArgs),
    /// Judge the token on standard input: exit code 0 when it is valid, 3 when it is not
    Verify(VerifyArgs),
    /// List API keys in the order of their issue
    List(ListArgs),
    /// Show one API key
    Show {
        /// The id of the API key
        id: ApiKeyId,
    },
    /// Issue a new API key in place of another, which stays valid for a while
    Reissue(ReissueArgs),
    /// Change what an API key says
    Update(UpdateArgs),
    /// Take an API key out of use until it is resumed
    Suspend(SuspendArgs),
    /// Take a suspension back
    Resume(SuspendArgs),
    /// Revoke an API key, for good, now or at a time
    Revoke(RevokeArgs),
    /// Sum up the API keys and their uses
    Stats(StatsArgs),
    /// Print the token of an API key again
    Recover(RecoverArgs),
    /// List what somebody should look after: exit code 3 when something is due
    Due(DueArgs),
    /// Show and set the rules of the vault
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Policy {
        #[command(subcommand)]
        verb: PolicyVerb,
    },
    /// Replace the master key and re-encrypt every record, or continue where an earlier run was stopped
    RotateMasterKey(RotateArgs),
    /// Make and check master keys
    #[command(subcommand_required = true, arg_required_else_help = true)]
    MasterKey {
        #[command(subcommand)]
        verb: MasterKeyVerb,
    },
    /// Find master keys in files, in git history and in other places: exit code 3 when there are any
    Scan(ScanArgs),
    /// Read and verify the audit log
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Audit {
        #[command(subcommand)]
        verb: AuditVerb,
    },
    /// Write a backup to a new file while others go on working, verify it, and remember which master key opens it
    Backup(BackupArgs),
    /// Make a vault of a backup, where there is none; everything in it is checked first
    Restore(RestoreArgs),
    /// Take in API keys whose tokens exist already: all of the file, or nothing
    Import(ImportArgs),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Rotate a copy of the vault, or a synthetic one, again and again, killed at every commit, and check every record
    Rehearse(RehearseArgs),
    /// What `rehearse` runs and kills
    #[command(hide = true)]
    RehearsalStep(RehearsalStepArgs),
    /// Prove a rotation on a scratch vault: issue, rotate under load, verify, search for old bytes
    Demo(DemoArgs),
}

#[derive(Subcommand)]
pub(crate) enum MasterKeyVerb {
    /// Print a new random master key, or write it to a new file
    Generate(GenerateArgs),
    /// Split a master key into shares, so many of which give it back, and fewer of which tell nothing
    Split(SplitArgs),
    /// Check the configured master keys, or those on standard input
    Check(CheckArgs),
    /// Put a master key together from its shares, prove it by its fingerprint, and print it or write it to a new file
    Combine(CombineArgs),
    /// Print the verifier key of a master key: with it a process can verify and list, and neither recover, issue nor rotate
    Verifier(VerifierArgs),
}

#[derive(clap::Args)]
pub(crate) struct InitArgs {
    /// The encryption of new records: xaes-256-gcm, or xchacha20-poly1305 for machines without AES instructions
    #[arg(long, value_name = "SUITE", default_value_t)]
    pub(crate) suite: Suite,
    /// Check the new master key for what takes no time alone, and leave the rest to `master-key check`
    #[arg(long)]
    pub(crate) quick: bool,
}

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
    /// A label of your own; can be given several times
    #[arg(long = "attribute", value_name = "KEY=VALUE", value_parser = attribute)]
    pub(crate) attributes: Vec<(String, String)>,
    /// From when on it is valid, such as 2027-01-01T00:00:00Z
    #[arg(long, value_name = "TIME")]
    pub(crate) not_before: Option<Timestamp>,
    /// When it ends, such as 2027-01-31T00:00:00Z
    #[arg(long, value_name = "TIME", conflicts_with = "expires_in")]
    pub(crate) expires_at: Option<Timestamp>,
    /// How long it lives: 90d, 12h, 30m or 45s
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) expires_in: Option<Duration>,
    /// What the token begins with
    #[arg(long, value_name = "PREFIX")]
    pub(crate) prefix: Option<String>,
    /// Keep no sealed copy of the secret, so that nobody can recover the token
    #[arg(long)]
    pub(crate) unrecoverable: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct VerifyArgs {
    /// The address the token was presented from
    #[arg(long, value_name = "IP")]
    pub(crate) address: Option<IpAddr>,
    /// A scope the API key must have; given more than once, it must have all of them
    #[arg(long = "scope", value_name = "SCOPE")]
    pub(crate) scopes: Vec<String>,
    /// What the token was presented for, such as /v1/invoices, to be counted
    #[arg(long, value_name = "TEXT", conflicts_with = "no_usage")]
    pub(crate) endpoint: Option<String>,
    /// Do not record that the API key was used
    #[arg(long)]
    pub(crate) no_usage: bool,
}

#[derive(clap::Args)]
pub(crate) struct ListArgs {
    /// Only those of this owner
    #[arg(long, value_name = "OWNER")]
    pub(crate) owner: Option<String>,
    /// Only those whose name contains this
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// Only those with this scope
    #[arg(long, value_name = "SCOPE")]
    pub(crate) scope: Option<String>,
    /// Only those in this state
    #[arg(long, value_name = "STATE")]
    pub(crate) status: Option<StatusArg>,
    /// Only those that are exposed since a rotation with --compromised, and active unless --status says otherwise
    #[arg(long)]
    pub(crate) exposed: bool,
    /// At most this many
    #[arg(long, value_name = "N", default_value = "100")]
    pub(crate) limit: NonZeroUsize,
    /// Only those after this id: the last of the page before
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<ApiKeyId>,
    /// All of them
    #[arg(long, conflicts_with = "limit")]
    pub(crate) all: bool,
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum StatusArg {
    Active,
    Expired,
    NotYetValid,
    Revoked,
    Suspended,
}

#[derive(clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct RotateArgs {
    /// The version to go to [default: the newest that is configured]
    #[arg(long, value_name = "VERSION")]
    pub(crate) to: Option<NonZeroU32>,
    /// Records in one batch, up to 10000; other writers get their turn between batches
    #[arg(long, value_name = "N", default_value = "1000", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) batch: u16,
    /// Go through at most this many records in a second
    #[arg(long, value_name = "N")]
    pub(crate) rate: Option<NonZeroU64>,
    /// Check the new master key for what takes no time alone, and leave the rest to `master-key check`
    #[arg(long)]
    pub(crate) quick: bool,
    /// Say what would be done and how long it would take, and do nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Say how far the rotation that is open has come, and do nothing
    #[arg(long, conflicts_with_all = ["to", "batch", "rate", "dry_run", "resume", "rewrap_only", "compromised",
        "abandon_unreadable", "certificate", "accept_record_set", "reason", "quick"])]
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

#[derive(clap::Args)]
pub(crate) struct GenerateArgs {
    /// Write it to this new file, readable by its owner alone, and not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write it as VERSION:KEY
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<NonZeroU32>,
}

#[derive(clap::Args)]
pub(crate) struct CheckArgs {
    /// A single dash: check the key or the list on standard input
    #[arg(value_name = "-", value_parser = dash)]
    pub(crate) stdin: Option<()>,
    /// Leave out what takes about a second for each key: words, passwords and seeds
    #[arg(long)]
    pub(crate) quick: bool,
    /// Try much further, for some minutes with each key: every second since 2015 as a seed, long lists of compounds
    #[arg(long, conflicts_with = "quick")]
    pub(crate) thorough: bool,
}

#[derive(clap::Args)]
pub(crate) struct VerifierArgs {
    /// The version of the master key; its own verifier key is needed as soon as it is active
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: NonZeroU32,
    /// Write it to this new file, readable by its owner alone, and not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", required_unless_present = "vault")]
    pub(crate) reason: Option<String>,
    /// For the vault with this id, whose store is not at hand: no audit log will tell of it
    #[arg(long, value_name = "ID", conflicts_with = "reason")]
    pub(crate) vault: Option<VaultId>,
}

#[derive(clap::Args)]
pub(crate) struct ImportArgs {
    /// One JSON object a line, with token and name, and if wanted owner, scopes, expires_at, revoked, created_at;
    /// a single dash is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// Take API keys that do not keep the policy: their tokens are in use already. The audit log tells of it, and `due` lists them
    #[arg(long)]
    pub(crate) exempt_from_policy: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
}

#[derive(clap::Args)]
pub(crate) struct RehearseArgs {
    /// Rehearse on a copy of this vault, such as sqlite:production.db; it is only read
    #[arg(long, value_name = "STORE", conflicts_with = "keys")]
    pub(crate) from: Option<OsString>,
    /// API keys of the synthetic vault
    #[arg(long, value_name = "N", default_value = "2000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) keys: u32,
    /// Kill at so many points at most, spread over the whole rotation
    #[arg(long, value_name = "N", default_value = "60")]
    pub(crate) points: NonZeroUsize,
    /// Records in one batch [default: a twentieth of the vault, and 1000 at most]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) batch: Option<u16>,
}

#[derive(clap::Args)]
pub(crate) struct RehearsalStepArgs {
    /// The version to rotate to
    #[arg(long)]
    pub(crate) to: u32,
    /// Records in one batch
    #[arg(long)]
    pub(crate) batch: NonZeroUsize,
    /// Before and after each commit is a point; this is where to die
    #[arg(long)]
    pub(crate) kill_at: u64,
}

#[derive(clap::Args)]
pub(crate) struct DemoArgs {
    /// How many API keys to issue
    #[arg(long, value_name = "N", default_value = "10000", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub(crate) keys: u32,
    /// Keep the scratch folder
    #[arg(long)]
    pub(crate) keep: bool,
}

fn attribute(text: &str) -> Result<(String, String), &'static str> {
    let (key, value) = text.split_once('=').ok_or("an attribute is KEY=VALUE")?;
    Ok((key.into(), value.into()))
}

fn duration(text: &str) -> Result<Duration, &'static str> {
    let wrong = "a time span is a number and d, h, m or s, such as 90d";
    let unit = text.chars().next_back().ok_or(wrong)?;
    let seconds = match unit {
        'd' => 86_400,
        'h' => 3_600,
        'm' => 60,
        's' => 1,
        _ => return Err(wrong),
    };
    let digits = &text[..text.len() - 1];
    let count: u64 = digits.parse().ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_digit())).ok_or(wrong)?;
    if count == 0 {
        return Err("a time span is at least 1");
    }
    // Longer ones end after the year 9999, the last that can be written.
    let span = count.checked_mul(seconds).filter(|seconds| *seconds <= MAX_SPAN_SECS);
    span.map(Duration::from_secs).ok_or("the time span is too long: 365000d is the longest")
}

fn dash(text: &str) -> Result<(), &'static str> {
    if text == "-" { Ok(()) } else { Err("the only argument is a single dash; keys are read from standard input") }
}

const MAX_SPAN_SECS: u64 = 365_000 * 86_400;
