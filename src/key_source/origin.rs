//! Where keys came from, for messages.

use std::fmt;
use std::path::{Path, PathBuf};

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
#[non_exhaustive]
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
