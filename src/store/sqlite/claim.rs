//! The claim to rotate: a lock on a file beside the store, which the operating system drops when its process ends.
//!
//! Never on the database file itself: closing any descriptor of it would drop SQLite's own locks in this process.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

use super::files;
use crate::store::engine::RotationClaim;
use crate::store::error::StoreError;
use crate::unsafe_path::UnsafePath;

pub(super) fn claim(store: &Path) -> Result<RotationClaim, StoreError> {
    let path = files::beside(store, "-rotate");
    loop {
        // Through a link the lock would be on another file, which is never the one at `path`.
        if fs::symlink_metadata(&path).is_ok_and(|found| !found.is_file()) {
            return Err(StoreError::Unsafe { path: path.display().to_string(), fault: UnsafePath::NotAFile });
        }
        let opened = files::private().write(true).create(true).truncate(false).open(&path);
        let file = opened.map_err(files::failed)?;
        match file.try_lock() {
            Ok(()) if is_still_at(&file, &path) => {
                return Ok(RotationClaim::Granted(Box::new(Held { path, _file: file })));
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
    _file: File,
}

impl Drop for Held {
    fn drop(&mut self) {
        // While it is still locked. A file that cannot be removed is only litter.
        let _ = fs::remove_file(&self.path);
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
