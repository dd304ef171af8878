//! Where lists of keys come from: a variable, a file, a command, a credential. Each is read once, into a buffer that is
//! wiped.

mod command;
mod file;
mod redaction;
mod variable;
mod way;
mod words;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::unsafe_path::UnsafePath;
use redaction::is_redacted;

pub use command::{CommandFault, KeyCommand};
pub use file::{KeyFile, SystemdCredential};
pub use variable::KeyVariable;
pub use words::CommandLineError;

pub(crate) use variable::variable_path;
pub(crate) use way::beside;

/// Where keys came from; written as a noun, for messages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The program that calls the library.
    Caller,
    /// The output of a command. Its arguments are not named: they may be secret.
    Command {
        /// What was started.
        program: String,
    },
    /// A credential that systemd passes to a service.
    Credential {
        /// Its file.
        path: PathBuf,
    },
    /// A file.
    File {
        /// As it was named.
        path: PathBuf,
    },
    /// A source of the caller's own.
    Other(String),
    /// A text that was handed over.
    Text,
    /// A variable of the environment.
    Variable {
        /// Its name.
        name: String,
    },
}

impl Origin {
    /// The file behind it.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Credential { path } | Self::File { path } => Some(path),
            _ => None,
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Caller => out.write_str("the calling program"),
            Self::Command { program } => write!(out, "the output of the command {program}"),
            Self::Credential { path } => write!(out, "the systemd credential {}", path.display()),
            Self::File { path } => write!(out, "the key file {}", path.display()),
            Self::Other(name) | Self::Variable { name } => out.write_str(name),
            Self::Text => out.write_str("the list of keys"),
        }
    }
}

/// Where two keys came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origins {
    /// Of the one that was read first.
    pub first: Origin,
    /// Of the other.
    pub second: Origin,
}

impl From<(Origin, Origin)> for Origins {
    fn from((first, second): (Origin, Origin)) -> Self {
        Self { first, second }
    }
}

impl fmt::Display for Origins {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.second {
            write!(out, "both in {}", self.first)
        } else {
            write!(out, "in {} and in {}", self.first, self.second)
        }
    }
}

/// Something an operator should know of a source that was read nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceConcern {
    /// A stable name for scripts.
    pub id: &'static str,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

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
            Self::NotAFile { origin } => write!(out, "{origin} is not a regular file"),
            Self::NotText { origin } => write!(out, "{origin} is not text"),
            Self::TooLong { origin } => write!(out, "{origin} is longer than 64 KiB"),
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

/// What a source gave.
pub(crate) struct SourceText {
    pub(crate) origin: Origin,
    pub(crate) concerns: Vec<SourceConcern>,
    bytes: Zeroizing<Vec<u8>>,
}

impl SourceText {
    pub(crate) fn text(&self) -> Result<&str, SourceError> {
        std::str::from_utf8(&self.bytes).map_err(|_| SourceError::NotText { origin: self.origin.clone() })
    }
}

/// A source whose keys are written as a list.
pub(crate) trait TextSource {
    /// Reads it; `None` where there is no such source.
    fn text(&self) -> Result<Option<SourceText>, SourceError>;
}

/// Everything there is to read, into a buffer that is neither moved nor grown; `None` when it is longer than allowed.
fn read_whole(mut from: impl Read) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(vec![0; MAX_TEXT_LEN + 1]);
    let mut len = 0;
    while len < bytes.len() {
        match from.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok((len <= MAX_TEXT_LEN).then_some(bytes))
}

/// The longest list of keys, in bytes.
const MAX_TEXT_LEN: usize = 64 * 1024;
