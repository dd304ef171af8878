//! A new file that holds its place until there is something to write into it. What cannot be taken back, such as a recovery,
//! is done only once there is such a place: a folder that is not there is told before, and not after.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use strongroom::SecretText;

use super::failure::Failure;
use super::master_key::{sync_folder, unwritten};

/// Removed when it is dropped, unless it is kept.
pub(crate) struct Reserved {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Reserved {
    /// Makes the file, empty and private, where nothing may be.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path);
        let file = file.map_err(|error| unwritten(path, &error))?;
        Ok(Self { path: path.into(), file, kept: false })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the secret on a line of its own, and keeps the file.
    pub(crate) fn take(self, secret: &SecretText) -> Result<(), Failure> {
        self.fill(|mut file| {
            file.write_all(secret.expose().as_bytes())?;
            file.write_all(b"\n")
        })?;
        self.keep()
    }

    /// Writes what is to be in it, onto the medium.
    pub(crate) fn fill(&self, write: impl FnOnce(&File) -> io::Result<()>) -> Result<(), Failure> {
        let written = write(&self.file).and_then(|()| self.file.sync_all());
        written.map_err(|error| unwritten(&self.path, &error))
    }

    /// Lets it stay, and its name survive a power loss.
    pub(crate) fn keep(mut self) -> Result<(), Failure> {
        self.kept = true;
        sync_folder(&self.path).map_err(|error| unwritten(&self.path, &error))
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}
