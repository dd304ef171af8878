//! What can be typed about shares of master keys.

use std::ffi::OsString;
use std::num::NonZeroU32;
use std::path::PathBuf;

use super::parse::share_count;

#[derive(clap::Args)]
pub(crate) struct SplitArgs {
    /// How many shares to make, up to 255
    // The same name as the option of every command that takes shares, and so the same type; that one has no use here.
    #[arg(id = "shares", long = "shares", value_name = "N", num_args = 1, value_parser = share_count)]
    pub(crate) number: OsString,
    /// How many of them give the master key back: at least 2
    #[arg(long, value_name = "N")]
    pub(crate) threshold: u8,
    /// Which of the configured master keys [default: the newest]
    #[arg(long, value_name = "VERSION")]
    pub(crate) version: Option<NonZeroU32>,
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
pub(crate) struct CombineArgs {
    /// Files with one share each, in text, in words, or encrypted with age; a single dash is standard input
    #[arg(value_name = "FILE", required = true)]
    pub(crate) files: Vec<PathBuf>,
    /// Write the master key to this new file, readable by its owner alone, and not to standard output
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Print the master key although standard output is a terminal
    #[arg(long)]
    pub(crate) reveal: bool,
}
