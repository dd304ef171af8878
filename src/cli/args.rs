//! What can be typed: verbs, options, and their help. No secret is ever an argument.
#![expect(clippy::doc_markdown, reason = "these comments are the help, which is plain text")]

mod anchor;
mod audit;
mod backup;
mod demo;
mod doctor;
mod due;
mod examples;
mod expiry;
mod filters;
mod import;
mod init;
mod issue;
mod list;
mod man;
mod master_key;
mod named;
mod parse;
mod policy;
mod recover;
mod rehearse;
mod reissue;
mod restore;
mod revoke;
mod rotate;
mod scan;
mod selection;
mod stats;
mod suspend;
mod update;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use crate::exit;
use clap::{Args as _, Command, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

pub(crate) use anchor::{AnchorAcceptArgs, AnchorInitArgs, AnchorVerb};
pub(crate) use audit::{
    AuditCheckProofArgs, AuditExportArgs, AuditFollowArgs, AuditListArgs, AuditProveArgs, AuditVerb, AuditVerifyArgs,
    OutcomeArg, PinArgs,
};
pub(crate) use backup::{BackupArgs, BackupVerb, ForgetArgs};
pub(crate) use demo::DemoArgs;
pub(crate) use doctor::DoctorArgs;
pub(crate) use due::DueArgs;
pub(crate) use expiry::Expiry;
pub(crate) use import::ImportArgs;
pub(crate) use init::InitArgs;
pub(crate) use issue::IssueArgs;
pub(crate) use list::{ColumnArg, ListArgs, ListFormatArg, SortArg};
pub(crate) use man::ManArgs;
pub(crate) use master_key::{CheckArgs, CombineArgs, GenerateArgs, MasterKeyVerb, SplitArgs, VerifierArgs};
pub(crate) use named::Named;
pub(crate) use policy::{PolicyArgs, PolicyVerb};
pub(crate) use recover::RecoverArgs;
pub(crate) use rehearse::{RehearsalStepArgs, RehearseArgs};
pub(crate) use reissue::ReissueArgs;
pub(crate) use restore::RestoreArgs;
pub(crate) use revoke::RevokeArgs;
pub(crate) use rotate::RotateArgs;
pub(crate) use scan::{MarksArg, ModeArg, ScanArgs};
pub(crate) use selection::{Selection, Target};
pub(crate) use stats::{FormatArg, StatsArgs};
pub(crate) use suspend::SuspendArgs;
pub(crate) use update::UpdateArgs;
pub(crate) use verify::VerifyArgs;

/// Keeps the API keys a service has issued: encrypted at rest under versioned master keys.
///
/// Master keys come from STRONGROOM_MASTER_KEYS (VERSION:KEY entries separated by commas or white space), from the file
/// that STRONGROOM_MASTER_KEYS_FILE names, from the command in STRONGROOM_MASTER_KEYS_COMMAND, and from the systemd
/// credential strongroom.master-keys. They are never arguments. Verifier keys, enough for verify, identify, list, show, due, stats, scan,
/// policy show, status and audit (all but audit checkpoint), come from STRONGROOM_VERIFIER_KEYS and STRONGROOM_VERIFIER_KEYS_FILE.
/// STRONGROOM_ANCHOR (file:PATH) names where this machine keeps what it saw of the vault last: an older store is refused then.
#[derive(Parser)]
#[command(name = "strongroom", version, subcommand_precedence_over_arg = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

impl Args {
    /// Reads the arguments of the process.
    pub(crate) fn read() -> Result<Self, clap::Error> {
        whole().try_get_matches().and_then(|matches| Self::from_arg_matches(&matches))
    }
}

/// What can be typed, with examples.
pub(crate) fn whole() -> Command {
    let command = examples::dressed(Args::command());
    let end = format!("{}\n\n{}", options_of_every_command(), exit::HELP);
    command.after_help(exit::HELP).after_long_help(end)
}

/// The same, without what only the program itself types.
pub(crate) fn shown() -> Command {
    let whole = whole();
    let verbs: Vec<_> = whole.get_subcommands().filter(|verb| !verb.is_hide_set()).cloned().collect();
    let bare = Global::augment_args(Command::new("strongroom").disable_help_subcommand(true));
    let about = whole.get_about().cloned().unwrap_or_default();
    let long = whole.get_long_about().cloned().unwrap_or_default();
    bare.version(env!("CARGO_PKG_VERSION")).about(about).long_about(long).after_help(exit::HELP).subcommands(verbs)
}

/// They are told of in one place: the help of each command names them only.
fn options_of_every_command() -> String {
    let bare = Command::new("strongroom").disable_help_flag(true).max_term_width(100).help_template("{all-args}");
    let mut bare = Global::augment_args(bare).mut_args(|arg| arg.hide_short_help(false).hide_long_help(false));
    bare.render_help().to_string().trim_end().to_owned()
}

#[derive(clap::Args)]
#[command(next_help_heading = "Options of every command")]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(crate) struct Global {
    /// Where the vault is: sqlite:PATH [else $STRONGROOM_STORE, else sqlite:strongroom.db]
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true, value_name = "URL")]
    pub(crate) store: Option<OsString>,
    /// Print JSON, errors included
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true)]
    pub(crate) json: bool,
    /// Say nothing where all is well: no remarks and no progress, and of what checks or changes no results either
    #[arg(short, long, global = true, hide_short_help = true, hide_long_help = true)]
    pub(crate) quiet: bool,
    /// Show times in UTC on a terminal too, and not in the time of this place
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true)]
    pub(crate) utc: bool,
    /// Answer yes to the question a command asks
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true)]
    pub(crate) yes: bool,
    /// Who acts, for the audit log [else $STRONGROOM_ACTOR, else the user's name]
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true, value_name = "NAME")]
    pub(crate) actor: Option<String>,
    /// Take weak master keys that this file waives, one JSON object a line [else $STRONGROOM_WAIVERS]
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true, value_name = "FILE")]
    pub(crate) waivers: Option<PathBuf>,
    /// Let the waivers cover published keys and misspelled ones as well
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true)]
    pub(crate) accept_risk: bool,
    /// Take a master key from its shares for this run: files with one share each
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true, value_name = "FILE", num_args = 1..)]
    pub(crate) shares: Vec<OsString>,
    /// An age identity file, to read what is encrypted to it: shares and exports; can be given several times
    #[arg(long = "identity", global = true, hide_short_help = true, hide_long_help = true, value_name = "FILE")]
    pub(crate) identities: Vec<PathBuf>,
    /// Say more: events of the level info on standard error, twice of the level debug
    #[arg(short, long, global = true, hide_short_help = true, hide_long_help = true, action = clap::ArgAction::Count, conflicts_with = "log")]
    pub(crate) verbose: u8,
    /// Write events of this level and graver ones to standard error
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true, value_name = "LEVEL")]
    pub(crate) log: Option<LogLevel>,
    /// Let the system write core dumps of this process, with the keys in them, and let debuggers attach
    #[arg(long, global = true, hide_short_help = true, hide_long_help = true)]
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

impl LogLevel {
    /// What `-v`, given so many times, asks for.
    pub(crate) fn of_verbosity(count: u8) -> Option<Self> {
        match count {
            0 => None,
            1 => Some(Self::Info),
            2 => Some(Self::Debug),
            _ => Some(Self::Trace),
        }
    }
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
    /// Check the token on standard input: exit code 0 when it is valid, 3 when it is not
    Verify(VerifyArgs),
    /// Say whose the token on standard input is, valid or not: exit code 4 when it is nobody's
    Identify,
    /// List API keys in the order of their issue
    List(ListArgs),
    /// Show one API key
    Show {
        /// The id of the API key, its first 6 characters or more, a token up to and including its id, or name:NAME
        #[arg(value_name = "ID")]
        id: Named,
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
    /// Keep outside of the store what this machine saw of the vault last, in the file of STRONGROOM_ANCHOR
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Anchor {
        #[command(subcommand)]
        verb: AnchorVerb,
    },
    /// Write a backup to a new file while others go on working, verify it, and remember which master key opens it
    Backup(BackupArgs),
    /// Make a vault of a backup, where there is none; everything in it is checked first
    Restore(RestoreArgs),
    /// Take in API keys whose tokens exist already: all of the file, or nothing
    Import(ImportArgs),
    /// Print a page of the manual, or write all of them
    Man(ManArgs),
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
