//! A folder of one's own, removed when it is no longer needed.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

pub(crate) struct Scratch {
    path: PathBuf,
    keep: bool,
}

impl Scratch {
    /// Makes it, with a name that nobody can have made before.
    pub(crate) fn new(keep: bool) -> Result<Self, Failure> {
        Self::make(keep).map_err(|error| {
            let message = format!("cannot make a scratch folder: {error}");
            Told::new(Exit::General, "no-scratch-folder", message).hint("name a writable folder with TMPDIR").into()
        })
    }

    fn make(keep: bool) -> io::Result<Self> {
        let mut random = [0; 8];
        getrandom::fill(&mut random).map_err(io::Error::other)?;
        let path = std::env::temp_dir().join(format!("strongroom-{:016x}", u64::from_be_bytes(random)));
        DirBuilder::new().mode(0o700).create(&path)?;
        Ok(Self { path, keep })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if !self.keep {
            // What cannot be removed is encrypted litter.
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}
