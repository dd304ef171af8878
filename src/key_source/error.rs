//! Why a source gave no text.

use std::fmt;
use std::path::PathBuf;

use super::command::fault::CommandFault;
use super::origin::Origin;
use super::redaction::is_redacted;
use super::words::CommandLineError;
use crate::unsafe_path::UnsafePath;

/// Why a source gave no text. Never holds any part of what it gave.
#[derive(Debug)]
#[non_exhaustive]
pub enum SourceError {
    /// The command did not do what it should.
    Command {
        /// What was started, or was to be.
        program: String,
        /// What happened.
        fault: CommandFault,
        /// The last lines that it wrote to its standard error, with whatever looks like a key taken out.
        said: Vec<String>,
    },
    /// The command is not written as a command line.
    CommandLine {
        /// The variable that holds it.
        name: String,
        /// What is wrong with it.
        fault: CommandLineError,
    },
    /// A variable that should hold the number of a group holds something else.
    Group {
        /// The variable.
        name: String,
    },
    /// It is no regular file.
    NotAFile {
        /// What was to be read.
        origin: Origin,
    },
    /// It is not UTF-8.
    NotText {
        /// What was read.
        origin: Origin,
    },
    /// It is longer than 64 KiB.
    TooLong {
        /// What was read.
        origin: Origin,
    },
    /// The operating system does not let it be read.
    Unreadable {
        /// What was to be read.
        origin: Origin,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// It is text in UTF-16, as some editors write it.
    Utf16 {
        /// What was read.
        origin: Origin,
    },
    /// A variable that should hold names of variables holds something else, or names one with keys in it.
    Variables {
        /// The variable.
        name: String,
    },
    /// Others could exchange or write it.
    Unsafe {
        /// What was to be read.
        origin: Origin,
        /// The file or folder that makes it so.
        path: PathBuf,
        /// What is wrong with it.
        fault: UnsafePath,
    },
}

impl SourceError {
    /// Whether what should name the source is redacted: a key may have been put there instead.
    pub fn names_a_key(&self) -> bool {
        match self {
            Self::Command { program, fault: CommandFault::NotStarted(_), .. } => is_redacted(program),
            Self::Unreadable { origin: Origin::File { path }, .. } => path.to_str().is_some_and(is_redacted),
            _ => false,
        }
    }
}

impl fmt::Display for SourceError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command { program, fault, .. } => write!(out, "the command {program} {fault}"),
            Self::CommandLine { name, fault } => write!(out, "{name} is no command line: {fault}"),
            Self::Group { name } => write!(out, "{name} is not the number of a group"),
            Self::NotAFile { origin } => write!(out, "{origin} is not a regular file"),
            Self::NotText { origin } => write!(out, "{origin} is not text"),
            Self::TooLong { origin } => write!(out, "{origin} is longer than 64 KiB"),
            Self::Utf16 { origin } => write!(out, "{origin} is text in UTF-16, and not in UTF-8"),
            Self::Variables { name } => write!(
                out,
                "{name} is no list of variables: names, which may end in *, and none of the variables that hold keys"
            ),
            Self::Unreadable { origin, .. } => write!(out, "cannot read {origin}"),
            Self::Unsafe { origin, path, fault } => {
                write!(out, "{origin} is not safe: {} {fault}", path.display())
            }
        }
    }
}

impl std::error::Error for SourceError {
    /// The message holds the fault of a command, and not what lies behind that.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Command { fault, .. } => fault.source(),
            Self::Unreadable { source, .. } => Some(source),
            _ => None,
        }
    }
}
