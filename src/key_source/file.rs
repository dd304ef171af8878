//! Keys in a file, and in a credential of systemd.

use std::ffi::OsString;
use std::fmt;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use super::error::SourceError;
use super::origin::Origin;
use super::redaction::redacted_path;
use super::text::{SourceText, TextSource, read_whole};
use super::variable::variable_path;
use super::way::{self, Strictness};
use crate::arguments::Maybe;
use crate::plain_file;

/// A file that holds a list of keys, at most 64 KiB.
///
/// It is read only when nobody else can exchange it: neither the file nor any folder on the way to it may be writable by
/// others. Links are followed and judged.
#[derive(Clone)]
pub struct KeyFile {
    path: PathBuf,
    group: Option<u32>,
}

impl KeyFile {
    /// The file at `path`, which must be there when it is read.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), group: None }
    }

    /// Trusts the members of this group not to exchange it: the file and the folders on the way may be writable by the group. That it
    /// was needed is told among the [concerns](crate::MasterKeys::concerns).
    #[must_use]
    pub fn trust_group(mut self, group: impl Maybe<u32>) -> Self {
        self.group = group.maybe().or(self.group);
        self
    }

    /// The file that a variable names, with the group that another one names as trusted.
    pub(crate) fn from_variable(name: &str) -> Result<Option<Self>, SourceError> {
        let Some(path) = variable_path(name) else { return Ok(None) };
        let group = std::env::var_os(GROUP_VARIABLE).filter(|group| !group.is_empty());
        let number = |group: OsString| group.to_str().and_then(|group| group.parse().ok());
        let refused = || SourceError::Group { name: GROUP_VARIABLE.to_owned() };
        let group = group.map(|group| number(group).ok_or_else(refused)).transpose()?;
        Ok(Some(Self::new(path).trust_group(group)))
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::File { path: redacted_path(&self.path) }
    }
}

impl TextSource for KeyFile {
    fn text(&self) -> Result<Option<SourceText>, SourceError> {
        read(&self.path, self.origin(), Strictness::File { group: self.group }).map(Some)
    }
}

/// A key may stand where the path should.
impl fmt::Debug for KeyFile {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "KeyFile({})", redacted_path(&self.path).display())
    }
}

/// A credential that systemd passes to a service (`LoadCredential=` and its like): a file of this name in the folder that
/// `CREDENTIALS_DIRECTORY` names. Without the variable, or without the file, there is no such source.
#[derive(Clone, Debug)]
pub struct SystemdCredential {
    name: String,
}

impl SystemdCredential {
    /// The credential of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::Credential { path: self.path().unwrap_or_else(|| PathBuf::from(&self.name)) }
    }

    fn path(&self) -> Option<PathBuf> {
        let folder = std::env::var_os(CREDENTIALS_VARIABLE).filter(|folder| !folder.is_empty())?;
        Some(PathBuf::from(folder).join(&self.name))
    }
}

impl TextSource for SystemdCredential {
    fn text(&self) -> Result<Option<SourceText>, SourceError> {
        let Some(path) = self.path() else { return Ok(None) };
        match read(&path, Origin::Credential { path: path.clone() }, Strictness::Credential) {
            Err(SourceError::Unreadable { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }
}

fn read(path: &Path, origin: Origin, strictness: Strictness) -> Result<SourceText, SourceError> {
    let unreadable = |source| SourceError::Unreadable { origin: origin.clone(), source };
    let found = way::follow(path, strictness).map_err(|fault| match fault {
        way::Fault::System(source) => unreadable(source),
        way::Fault::NotAFile => SourceError::NotAFile { origin: origin.clone() },
        way::Fault::Unsafe { path, fault } => SourceError::Unsafe { origin: origin.clone(), path, fault },
    })?;
    let file = plain_file::open(&found.path).map_err(unreadable)?;
    // What was judged is what is read.
    if !found.is(&file).map_err(unreadable)? {
        return Err(unreadable(io::Error::other("it was exchanged while it was read")));
    }
    let bytes = read_whole(file).map_err(unreadable)?;
    let bytes = bytes.ok_or_else(|| SourceError::TooLong { origin: origin.clone() })?;
    Ok(SourceText { concerns: found.concerns, origin, bytes })
}

/// The number of a group whose members may write key files and their folders, such as the fsGroup of a pod.
const GROUP_VARIABLE: &str = "STRONGROOM_KEY_FILE_GROUP";
pub(super) const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";
