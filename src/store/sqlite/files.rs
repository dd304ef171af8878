//! The files behind a SQLite store: private from the first moment, and never reached through a link.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::access::Access;
use crate::key_source::{FolderFound, WayFault as Fault, judge_way_to_folder};
use crate::store::error::{EngineFault, StoreError};
use crate::unsafe_path::UnsafePath;

/// Makes an empty file with mode 0600 unless one is there. Whether it did.
pub(super) fn create_private(path: &Path) -> Result<bool, StoreError> {
    match private().write(true).create_new(true).open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(StoreError::NotFound { path: folder(path).display().to_string() })
        }
        Err(error) => Err(failed_at(path, error)),
    }
}

/// What was made for nothing.
pub(super) fn remove_empty(path: &Path) {
    if fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == 0) {
        let _ = fs::remove_file(path);
    }
}

/// A path that ends like that of a folder names no file.
pub(super) fn refuse_no_name(path: &Path) -> Result<(), StoreError> {
    let text = path.as_os_str().to_string_lossy();
    let is_folder = text.ends_with(std::path::is_separator) || path.file_name().is_none() || text.ends_with("/.");
    if is_folder { Err(unsafe_at(path, UnsafePath::NotAFile)) } else { Ok(()) }
}

/// A name that leaves no room for those of the files beside it.
pub(super) fn refuse_long_name(path: &Path) -> Result<(), StoreError> {
    let whole = std::path::absolute(path).map_err(failed)?;
    let name = whole.file_name().map_or(0, OsStr::len);
    if name > MAX_NAME || whole.as_os_str().len() > MAX_PATH {
        return Err(too_long(path, ErrorKind::InvalidFilename.into()));
    }
    Ok(())
}

fn too_long(path: &Path, error: std::io::Error) -> StoreError {
    StoreError::Engine { fault: EngineFault::NameTooLong { path: path.display().to_string() }, source: error.into() }
}

/// Takes the right to read from others, before anything is written into a file that somebody else made empty.
pub(super) fn make_private(path: &Path) -> Result<(), StoreError> {
    #[cfg(unix)]
    for file in [""].iter().chain(&PARTS).map(|suffix| beside(path, suffix)) {
        let Ok(found) = fs::symlink_metadata(&file) else { continue };
        if mode(&found) & 0o077 != 0 {
            fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).map_err(failed)?;
        }
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A file made with these has mode 0600.
pub(super) fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

pub(super) fn refuse_missing(path: &Path) -> Result<(), StoreError> {
    match fs::symlink_metadata(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(StoreError::NotFound { path: path.display().to_string() })
        }
        Err(error) => Err(failed_at(path, error)),
    }
}

/// Refuses a store that others could exchange or write, with what SQLite keeps beside it and the folders that lead there. Who only
/// reads trusts who owns the store.
pub(super) fn refuse_unsafe(path: &Path, access: Access) -> Result<(), StoreError> {
    let found = way_to(path)?;
    // Root gives what it makes to who owns the store.
    let others = (access == Access::ReadOnly || is_root()).then(|| owner_of(path)).flatten();
    for file in [""].iter().chain(&PARTS).map(|suffix| beside(path, suffix)) {
        let Ok(found_file) = fs::symlink_metadata(&file) else { continue };
        let refuse = |fault| Err(unsafe_at(&file, fault));
        if found_file.file_type().is_symlink() {
            return refuse(UnsafePath::Link);
        }
        if !found_file.is_file() {
            return refuse(UnsafePath::NotAFile);
        }
        if names(&found_file) > 1 {
            return refuse(UnsafePath::HardLink);
        }
        if is_mount(&file) {
            return refuse(UnsafePath::Mounted);
        }
        if mode(&found_file) & 0o022 != 0 {
            return refuse(UnsafePath::FileWritable);
        }
        if found.shared && !is_trusted(owner(&found_file), None) {
            return refuse(UnsafePath::Strangers);
        }
        if !is_trusted(owner(&found_file), others) {
            return refuse(UnsafePath::Owner);
        }
    }
    refuse_owners(&found, others)
}

/// Root looks after folders of others, and is told of them by the doctor.
fn refuse_owners(found: &FolderFound, others: Option<u32>) -> Result<(), StoreError> {
    let stranger = |(_, owner): &&(PathBuf, Option<u32>)| owner.is_some_and(|owner| !is_trusted(owner, others));
    match found.folders.iter().find(stranger).filter(|_| !is_root()) {
        Some((folder, _)) => Err(unsafe_at(folder, UnsafePath::Owner)),
        None => Ok(()),
    }
}

/// The lock of a rotation is ours: nobody else has made it, can have locked it, or keeps something else under its name.
pub(super) fn refuse_foreign_lock(lock: &Path, store: &Path) -> Result<(), StoreError> {
    let Ok(found) = fs::symlink_metadata(lock) else { return Ok(()) };
    // Through a link the lock would be on another file, which is never the one at the path.
    if !found.is_file() {
        return Err(unsafe_at(lock, UnsafePath::NotAFile));
    }
    // What root has left is of no use to anybody else, and who owns the store is trusted by root.
    let ours = owner(&found) == me() || is_root() && owner_of(store) == Some(owner(&found));
    if !ours {
        return Err(unsafe_at(lock, UnsafePath::Owner));
    }
    if mode(&found) & 0o077 != 0 {
        return Err(unsafe_at(lock, UnsafePath::FileWritable));
    }
    if found.len() > 0 {
        return Err(unsafe_at(lock, UnsafePath::NotOurs));
    }
    Ok(())
}

/// What root makes beside a store is for who owns that.
pub(super) fn give_to_owner_of(store: &Path, file: &std::fs::File) {
    #[cfg(unix)]
    if is_root()
        && let Ok(found) = fs::symlink_metadata(store)
    {
        use std::os::unix::fs::MetadataExt;
        // One that stays root's is named when it is met.
        let _ = std::os::unix::fs::fchown(file, Some(found.uid()), Some(found.gid()));
    }
    #[cfg(not(unix))]
    let _ = (store, file);
}

fn unsafe_at(path: &Path, fault: UnsafePath) -> StoreError {
    StoreError::Unsafe { path: path.display().to_string(), fault }
}

/// The folders that lead to a file, none of which others can write.
fn way_to(path: &Path) -> Result<FolderFound, StoreError> {
    let folder = folder(path);
    judge_way_to_folder(&folder).map_err(|fault| match fault {
        Fault::Unsafe { path, fault } => unsafe_at(&path, fault),
        Fault::NotAFile => unsafe_at(&folder, UnsafePath::NotAFile),
        Fault::System(error) if error.kind() == ErrorKind::NotFound => {
            StoreError::NotFound { path: folder.display().to_string() }
        }
        Fault::System(error) => failed_at(path, error),
    })
}

/// The device and the number of the file at a path.
#[cfg(unix)]
pub(super) fn which(path: &Path) -> Option<(u64, u64)> {
    rustix::fs::lstat(path).ok().map(|found| (found.st_dev, found.st_ino))
}

#[cfg(unix)]
pub(super) fn identity(found: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt;
    (found.dev(), found.ino())
}

#[cfg(not(unix))]
pub(super) fn identity(_: &fs::Metadata) -> (u64, u64) {
    (0, 0)
}

#[cfg(not(unix))]
pub(super) fn which(path: &Path) -> Option<(u64, u64)> {
    path.exists().then_some((0, 0))
}

/// SQLite would take a file of such a name for the log of the store beside it, and empty or remove it; a rotation for its claim.
pub(super) fn refuse_part(path: &Path) -> Result<(), StoreError> {
    let ends_with = |name: &OsStr, suffix: &str| name.as_encoded_bytes().ends_with(suffix.as_bytes());
    let is_part =
        path.file_name().is_some_and(|name| PARTS.iter().chain(&[CLAIM]).any(|suffix| ends_with(name, suffix)));
    let fault = UnsafePath::PartOfAnother;
    if is_part { Err(StoreError::Unsafe { path: path.display().to_string(), fault }) } else { Ok(()) }
}

/// Refuses a place for a new store where SQLite would take what others left for a part of it. Whoever makes the same store at this
/// moment makes the file first, and writes into it before there is a log.
pub(super) fn refuse_remains(path: &Path) -> Result<(), StoreError> {
    for suffix in PARTS {
        let part = beside(path, suffix);
        let Ok(found) = fs::symlink_metadata(&part) else { continue };
        let taken = match fs::symlink_metadata(path) {
            Ok(store) => suffix == LOG && store.is_file() && store.len() == 0 && found.len() > 0,
            Err(_) => true,
        };
        if taken {
            return Err(StoreError::AlreadyExists { path: part.display().to_string() });
        }
    }
    Ok(())
}

/// Refuses a place where others could exchange the file. In a sticky folder such as /tmp others can make files, and cannot
/// exchange ours.
pub(super) fn refuse_unsafe_folder(path: &Path) -> Result<(), StoreError> {
    refuse_owners(&way_to(path)?, None)
}

/// What is not refused and still worth mending.
pub(super) fn concerns(path: &Path) -> Vec<String> {
    let mut concerns = vec![];
    for suffix in ["", LOG, INDEX, JOURNAL, CLAIM] {
        let file = beside(path, suffix);
        let Ok(found) = fs::symlink_metadata(&file) else { continue };
        if mode(&found) & 0o044 != 0 {
            concerns.push(format!("{} can be read by others", file.display()));
        }
        if mode(&found) & 0o022 != 0 {
            concerns.push(format!("{} can be written by others", file.display()));
        }
        concerns.extend(stranger(&file, &found));
    }
    let folder = folder(path);
    if let Ok(found) = fs::metadata(&folder) {
        if mode(&found) & 0o022 != 0 {
            concerns.push(format!("others can make files in {}, the folder of the store", folder.display()));
        }
        concerns.extend(stranger(&folder, &found));
    }
    concerns
}

/// Who owns a file may do with it what its mode forbids.
fn stranger(file: &Path, found: &fs::Metadata) -> Option<String> {
    let owner = owner(found);
    (!is_trusted(owner, None)).then(|| format!("{} belongs to another user (uid {owner})", file.display()))
}

/// Root and the user of this process may do it in any case, and `others` are trusted by who says so.
fn is_trusted(owner: u32, others: Option<u32>) -> bool {
    owner == 0 || owner == me() || Some(owner) == others
}

fn is_root() -> bool {
    me() == 0 && cfg!(unix)
}

#[cfg(unix)]
fn owner(found: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::uid(found)
}

fn owner_of(path: &Path) -> Option<u32> {
    fs::symlink_metadata(path).ok().as_ref().map(owner)
}

#[cfg(unix)]
fn me() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// Elsewhere owners are not expressed in numbers, and nothing is refused for them.
#[cfg(not(unix))]
fn owner(_: &fs::Metadata) -> u32 {
    0
}

#[cfg(not(unix))]
fn me() -> u32 {
    0
}

/// The file that SQLite, or the rotation lock, keeps beside the store.
pub(super) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Whether there is no room for a few pages where this file is.
#[cfg(unix)]
pub(super) fn is_full(path: &Path) -> bool {
    let left = rustix::fs::statvfs(folder(path)).map(|disk| disk.f_bavail.saturating_mul(disk.f_frsize));
    left.is_ok_and(|left| left < ROOM)
}

#[cfg(not(unix))]
pub(super) fn is_full(_: &Path) -> bool {
    false
}

pub(super) fn failed_at(path: &Path, error: std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::PermissionDenied => StoreError::Engine {
            fault: EngineFault::CannotOpen { path: path.display().to_string() },
            source: error.into(),
        },
        ErrorKind::InvalidFilename => too_long(path, error),
        ErrorKind::ReadOnlyFilesystem | ErrorKind::StorageFull | ErrorKind::QuotaExceeded => failed(error),
        _ if is_of_descriptors(&error) => StoreError::Engine {
            fault: EngineFault::NoDescriptors { path: path.display().to_string() },
            source: error.into(),
        },
        _ => StoreError::Engine {
            fault: EngineFault::OtherAt { path: path.display().to_string() },
            source: error.into(),
        },
    }
}

/// Whether a connection could be opened as far as the limits go: it opens the file, the log, the index and the folder.
pub(super) fn may_open_more() -> bool {
    let tried: Vec<_> = (0..A_CONNECTION).map(|_| fs::File::open("/")).collect();
    !tried.iter().any(|opened| opened.as_ref().is_err_and(is_of_descriptors))
}

#[cfg(unix)]
fn is_of_descriptors(error: &std::io::Error) -> bool {
    use rustix::io::Errno;
    matches!(Errno::from_io_error(error), Some(Errno::MFILE | Errno::NFILE))
}

#[cfg(not(unix))]
fn is_of_descriptors(_: &std::io::Error) -> bool {
    false
}

/// Whether this process may not make a file of the store a few pages longer.
#[cfg(unix)]
pub(super) fn is_limited(path: &Path) -> bool {
    use rustix::process::{Resource, getrlimit};
    let Some(limit) = getrlimit(Resource::Fsize).current else { return false };
    let len = |file: PathBuf| fs::symlink_metadata(file).map_or(0, |found| found.len());
    [path.to_owned(), beside(path, LOG)].map(len).iter().any(|len| len.saturating_add(ROOM) > limit)
}

#[cfg(not(unix))]
pub(super) fn is_limited(_: &Path) -> bool {
    false
}

pub(super) fn failed(error: std::io::Error) -> StoreError {
    match error.kind() {
        ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => StoreError::Full,
        _ => StoreError::engine(error),
    }
}

pub(super) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

#[cfg(unix)]
fn mode(found: &fs::Metadata) -> u32 {
    std::os::unix::fs::MetadataExt::mode(found)
}

#[cfg(unix)]
fn names(found: &fs::Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(found)
}

#[cfg(not(unix))]
fn names(_: &fs::Metadata) -> u64 {
    1
}

/// Whether something is mounted at this very path.
#[cfg(target_os = "linux")]
fn is_mount(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    let found = statx(CWD, path, AtFlags::SYMLINK_NOFOLLOW, StatxFlags::empty());
    // Not every kernel tells.
    found.is_ok_and(|found| (found.stx_attributes & found.stx_attributes_mask).contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mount(_: &Path) -> bool {
    false
}

/// Elsewhere permissions are not expressed in mode bits, and nothing is refused for them.
#[cfg(not(unix))]
fn mode(_: &fs::Metadata) -> u32 {
    0
}

/// Bytes: a file system gives a name 255, and SQLite a path 512, of which `-journal` takes 8.
const MAX_NAME: usize = 247;
const MAX_PATH: usize = 503;
/// Descriptors.
const A_CONNECTION: usize = 5;
/// The index of a log that begins takes 32 KiB.
#[cfg(unix)]
const ROOM: u64 = 64 * 1024;
/// What SQLite keeps beside a file.
pub(super) const PARTS: [&str; 3] = [LOG, INDEX, JOURNAL];

/// Who rotates holds a lock on it.
pub(super) const CLAIM: &str = "-rotate";
pub(super) const LOG: &str = "-wal";
pub(super) const INDEX: &str = "-shm";
pub(super) const JOURNAL: &str = "-journal";
