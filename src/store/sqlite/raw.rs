//! The first bytes of a file that SQLite may have open in this process.

#[cfg(unix)]
use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(unix)]
pub(super) fn first_bytes<const LEN: usize>(path: &Path) -> Option<[u8; LEN]> {
    use std::os::unix::fs::FileExt;
    let mut bytes = [0; LEN];
    kept_open(path)?.read_exact_at(&mut bytes, 0).ok()?;
    Some(bytes)
}

#[cfg(not(unix))]
pub(super) fn first_bytes<const LEN: usize>(path: &Path) -> Option<[u8; LEN]> {
    let mut bytes = [0; LEN];
    File::open(path).and_then(|mut file| std::io::Read::read_exact(&mut file, &mut bytes)).ok()?;
    Some(bytes)
}

/// Closing any descriptor of the file would drop SQLite's locks in this process. So one is opened, once for each file, and never
/// closed.
#[cfg(unix)]
fn kept_open(path: &Path) -> Option<Arc<File>> {
    static KEPT: Mutex<BTreeMap<(u64, u64), Arc<File>>> = Mutex::new(BTreeMap::new());
    let place = super::files::which(path)?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = kept.get(&place) {
        return Some(Arc::clone(file));
    }
    let file = Arc::new(File::open(path).ok()?);
    kept.insert(place, Arc::clone(&file));
    Some(file)
}
