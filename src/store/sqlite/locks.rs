//! Whether the file system keeps the locks that are taken.
//!
//! SQLite keeps two writers apart by locks on the file. Some file systems grant every lock to everybody, and some refuse all: the
//! first lose what was acknowledged, and the second look like somebody who never lets go.

use std::path::Path;

/// Whether the lock that a connection of this process holds on the file is there. True where the system does not show locks.
#[cfg(target_os = "linux")]
pub(super) fn are_kept(path: &Path) -> bool {
    let shown = held_on(path);
    // None of our files is this one, or its lock is there, or no lock is shown at all.
    shown != Some(false) || !are_shown()
}

/// Whether one of this process's files that is the one at the path has a lock.
#[cfg(target_os = "linux")]
fn held_on(path: &Path) -> Option<bool> {
    use super::files::which;
    let (wanted, mut held) = (which(path)?, None);
    for file in std::fs::read_dir("/proc/self/fd").ok()?.flatten() {
        let found = std::fs::metadata(file.path()).ok();
        if found.is_some_and(|found| super::files::identity(&found) == wanted) {
            held = Some(held == Some(true) || shows_lock(file.file_name().to_str()?)?);
        }
    }
    held
}

#[cfg(target_os = "linux")]
fn shows_lock(descriptor: &str) -> Option<bool> {
    let shown = std::fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).ok()?;
    Some(shown.lines().any(|line| line.starts_with("lock:")))
}

/// Whether the system shows a lock of another kind, on a file in memory, that is there for certain.
#[cfg(target_os = "linux")]
fn are_shown() -> bool {
    use std::os::fd::AsRawFd;
    let made = rustix::fs::memfd_create("strongroom-lock", rustix::fs::MemfdFlags::CLOEXEC);
    let Ok(file) = made.map(std::fs::File::from) else { return false };
    file.try_lock().is_ok() && shows_lock(&file.as_raw_fd().to_string()) == Some(true)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn are_kept(_: &Path) -> bool {
    true
}

/// Whether a connection to the store has this index of its log open. False where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn is_in_use(index: &Path) -> bool {
    let Some((_, inode)) = super::files::which(index) else { return false };
    // Its number, kind, and process; device and inode; first and last byte.
    let is_it = |line: &str| {
        let mut words = line.split_ascii_whitespace().rev().skip(1);
        let (first, place) = (words.next(), words.next());
        first == Some(IN_USE) && place.and_then(|place| place.rsplit(':').next()) == Some(inode.to_string().as_str())
    };
    is_listed(is_it)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_in_use(_: &Path) -> bool {
    false
}

/// Whether a connection has this file open and reads it or has read it: with a write-ahead log it keeps its lock until it is closed.
/// False where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn is_shared(path: &Path) -> bool {
    let Some((device, inode)) = super::files::which(path) else { return false };
    let place = format!("{:02x}:{:02x}:{inode}", rustix::fs::major(device), rustix::fs::minor(device));
    let is_it = |line: &str| {
        let mut words = line.split_ascii_whitespace().rev();
        let (last, first, found) = (words.next(), words.next(), words.next());
        first == Some(SHARED.0) && last == Some(SHARED.1) && found == Some(&*place) && line.contains(" READ ")
    };
    is_listed(is_it)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_shared(_: &Path) -> bool {
    false
}

/// Whether there is such a line in the list of all locks. It comes in pieces, and a line is in none of them where others came or went
/// between two: so it is read more than once.
#[cfg(target_os = "linux")]
fn is_listed(is_it: impl Fn(&str) -> bool) -> bool {
    let look = || std::fs::read_to_string("/proc/locks").is_ok_and(|locks| locks.lines().any(&is_it));
    (0..LOOKS).any(|_| look())
}

/// Whether this process has the file open with this device and number. True where the system does not tell.
#[cfg(target_os = "linux")]
pub(super) fn is_open_here(wanted: (u64, u64)) -> bool {
    let Ok(files) = std::fs::read_dir("/proc/self/fd") else { return true };
    files
        .flatten()
        .any(|file| std::fs::metadata(file.path()).is_ok_and(|found| super::files::identity(&found) == wanted))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_open_here(_: (u64, u64)) -> bool {
    true
}

/// Whether no lock at all can be taken beside this file. False where that cannot be tried.
#[cfg(unix)]
pub(super) fn are_refused(path: &Path) -> bool {
    use rustix::fs::{FlockOperation, fcntl_lock};
    use rustix::io::Errno;
    // On a file of its own: closing any descriptor of the store's would drop SQLite's locks in this process.
    let Ok(file) = tempfile_beside(path) else { return false };
    match fcntl_lock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => false,
        Err(error) => !matches!(error, Errno::AGAIN | Errno::ACCESS | Errno::INTR),
    }
}

/// A file without a name, or one whose name is gone at once.
#[cfg(unix)]
fn tempfile_beside(path: &Path) -> std::io::Result<std::fs::File> {
    let random: [u8; 8] = crate::secret::random_array().map_err(std::io::Error::other)?;
    let probe = super::files::beside(path, &format!("-lock-{}", crate::secret::hex(&random)));
    let file = super::files::private().write(true).create_new(true).open(&probe)?;
    std::fs::remove_file(&probe)?;
    Ok(file)
}

#[cfg(not(unix))]
pub(super) fn are_refused(_: &Path) -> bool {
    false
}

/// The byte of the index that every connection keeps locked (`UNIX_SHM_DMS` in SQLite's os_unix.c).
#[cfg(target_os = "linux")]
const IN_USE: &str = "128";
#[cfg(target_os = "linux")]
const LOOKS: u32 = 3;
/// The bytes that every connection locks which reads (`SHARED_FIRST` and `SHARED_SIZE` there).
#[cfg(target_os = "linux")]
const SHARED: (&str, &str) = ("1073741826", "1073742335");
