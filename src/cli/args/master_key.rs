//! What can be typed after `master-key`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Subcommand;
use strongroom::{MasterKeyVersion, VaultId};

use super::parse::{dash, number, share_count, version};

#[derive(Subcommand)]
pub(crate) enum MasterKeyVerb {
    /// Print a new random master key, or write it to a new file
    Generate(GenerateArgs),
    /// Split a master key into shares: as many as the threshold restore it, and fewer reveal nothing
    Split(SplitArgs),
    /// Check the configured master keys, or those on standard input
    Check(CheckArgs),
    /// Put a master key together from its shares, prove it by its fingerprint, and print it or write it to a new file
    Combine(CombineArgs),
    /// Print the verifier key of a master key: with it a process can verify and list, and neither recover, issue nor rotate
    Verifier(VerifierArgs),
}

#[derive(clap::Args)]
pub(crate) struct GenerateArgs {
    /// Write it to this new file, readable by its owner alone, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Write it as VERSION:KEY
    #[arg(long, value_name = "VERSION", value_parser = version, allow_hyphen_values = true)]
    pub(crate) version: Option<MasterKeyVersion>,
}

#[derive(clap::Args)]
pub(crate) struct SplitArgs {
    /// How many shares to make, up to 255
    // The same name as the option of every command that takes shares, and so the same type; that one has no use here.
    #[arg(id = "shares", long = "shares", value_name = "N", num_args = 1, value_parser = share_count, allow_hyphen_values = true)]
    pub(crate) number: OsString,
    /// How many of them give the master key back: at least 2
    #[arg(long, value_name = "N", value_parser = |text: &str| number::<u8>(text, 0, 255), allow_hyphen_values = true)]
    pub(crate) threshold: u8,
    /// Which of the configured master keys [default: the newest]
    #[arg(long, value_name = "VERSION", value_parser = version, allow_hyphen_values = true)]
    pub(crate) version: Option<MasterKeyVersion>,
    /// Write each share to a new file of its own in this folder, readable by its owner alone
    #[arg(long, value_name = "DIR", required_unless_present = "words")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Encrypt each share to a person: as many age recipients (age1...) as shares, in the order of the shares
    #[arg(long = "recipient", value_name = "RECIPIENT", requires = "out_dir")]
    pub(crate) recipients: Vec<String>,
    /// Write the shares as words, for paper; without --out-dir they are printed
    #[arg(long)]
    pub(crate) words: bool,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
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
pub(crate) struct CombineArgs {
    /// Files with one share each, in text, in words, or encrypted with age; a single dash is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write the master key to this new file, readable by its owner alone, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the master key although standard output is a terminal
    #[arg(long)]
    pub(crate) reveal: bool,
}

#[derive(clap::Args)]
pub(crate) struct VerifierArgs {
    /// The version of the master key; its own verifier key is needed as soon as it is active
    #[arg(long, value_name = "VERSION", value_parser = version, allow_hyphen_values = true)]
    pub(crate) version: MasterKeyVersion,
    /// Write it to this new file, readable by its owner alone, and not to standard output
    #[arg(short, long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Why, for the audit log
    #[arg(long, value_name = "TEXT", required_unless_present = "vault")]
    pub(crate) reason: Option<String>,
    /// For the vault with this id, whose store is not at hand: no audit log will record it
    #[arg(long, value_name = "ID", conflicts_with = "reason")]
    pub(crate) vault: Option<VaultId>,
}
