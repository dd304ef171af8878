//! The file of a store as it lies there, past SQLite, which may have it open in this process.

#[cfg(unix)]
use std::collections::BTreeMap;
use std::fs::File;
use std::io;
#[cfg(not(unix))]
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(unix)]
use super::files::which;

/// What it begins with, where it has as much.
pub(super) fn first_bytes<const LEN: usize>(path: &Path) -> Option<[u8; LEN]> {
    let file = kept_open(path).ok()?;
    let mut bytes = [0; LEN];
    let read = read_first(&file.lock().unwrap_or_else(PoisonError::into_inner), &mut bytes).ok()?;
    (read == LEN).then_some(bytes)
}

/// What a file begins with, as far as it has as much, wherever others read in it.
#[cfg(unix)]
pub(super) fn read_first(file: &File, into: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, into, 0)
}

#[cfg(not(unix))]
pub(super) fn read_first(mut file: &File, into: &mut [u8]) -> io::Result<usize> {
    file.seek(SeekFrom::Start(0))?;
    file.read(into)
}

#[cfg(not(unix))]
pub(super) fn kept_open(path: &Path) -> io::Result<Arc<Mutex<File>>> {
    Ok(Arc::new(Mutex::new(File::open(path)?)))
}

/// By device and inode.
#[cfg(unix)]
type Kept = BTreeMap<(u64, u64), Arc<Mutex<File>>>;

/// Closing any descriptor of the file would drop SQLite's locks in this process. So one is opened, once for each file, and never
/// closed.
#[cfg(unix)]
pub(super) fn kept_open(path: &Path) -> io::Result<Arc<Mutex<File>>> {
    static KEPT: Mutex<Kept> = Mutex::new(BTreeMap::new());
    let place = which(path).ok_or(io::ErrorKind::NotFound)?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = kept.get(&place) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(Mutex::new(File::open(path)?));
    kept.insert(place, Arc::clone(&file));
    Ok(file)
}
