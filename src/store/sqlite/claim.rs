//! The claim to rotate: a lock on a file beside the store, which the operating system drops when its process ends.
//!
//! Never on the database file itself: closing any descriptor of it would drop SQLite's own locks in this process.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::files;
use crate::store::engine::RotationClaim;
use crate::store::error::StoreError;

pub(super) fn claim(store: &Path) -> Result<RotationClaim, StoreError> {
    let path = files::beside(store, files::CLAIM);
    loop {
        files::refuse_foreign_lock(&path, store)?;
        let opened = files::private().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(|error| files::failed_at(&path, error))?;
        files::give_to_owner_of(store, &file);
        match file.try_lock() {
            Ok(()) if is_still_at(&file, &path) => {
                return Ok(RotationClaim::Granted(Box::new(Held { path, file })));
            }
            // Its last holder removed it between our opening and our locking.
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(RotationClaim::Held),
            Err(TryLockError::Error(_)) => return Ok(RotationClaim::Unknown),
        }
    }
}

struct Held {
    path: PathBuf,
    file: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // While it is still locked, and if it is ours still. A file that cannot be removed is only litter.
        if is_still_at(&self.file, &self.path) && self.file.metadata().is_ok_and(|found| found.len() == 0) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

#[cfg(unix)]
pub(super) fn is_still_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let place = |found: fs::Metadata| (found.dev(), found.ino());
    let (held, named) = (file.metadata().map(place), fs::symlink_metadata(path).map(place));
    held.is_ok_and(|held| named.is_ok_and(|named| held == named))
}

#[cfg(not(unix))]
pub(super) fn is_still_at(_: &File, path: &Path) -> bool {
    path.exists()
}
