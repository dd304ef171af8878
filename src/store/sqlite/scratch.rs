//! A folder beside a store for another store that nobody keeps.

use std::fs::{self, DirBuilder};
use std::path::{Path, PathBuf};

use super::files;
use crate::secret::{hex, random_array};
use crate::store::error::StoreError;

/// Removed when it is dropped.
pub(super) struct Scratch(PathBuf);

impl Scratch {
    pub(super) fn beside(store: &Path) -> Result<Self, StoreError> {
        let random: [u8; 8] = random_array().map_err(StoreError::engine)?;
        let path = files::beside(store, &format!("-scratch-{}", hex(&random)));
        let mut builder = DirBuilder::new();
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&path).map_err(files::failed)?;
        Ok(Self(path))
    }

    pub(super) fn store(&self) -> PathBuf {
        self.0.join("scratch.db")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What cannot be removed is litter that holds nobody's secrets.
        let _ = fs::remove_dir_all(&self.0);
    }
}
