//! A file in the making: private, locked by its maker, in a folder of its own, until it is whole and takes its place.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::header::{APPLICATION_ID, BACKUP_ID};
use super::layout::LAYOUT_VERSION;
use super::{claim, files};
use crate::secret::{hex, random_array};
use crate::store::error::{EngineFault, StoreError};
use crate::unsafe_path::UnsafePath;

/// Removed when it is dropped, unless it was published.
pub(super) struct Unfinished {
    /// A folder of ours, with a name that nobody else gives, so that nothing of somebody else's is ever swept away.
    folder: PathBuf,
    path: PathBuf,
    to: PathBuf,
    /// Holds the lock. Whoever finds a file without one knows that its maker is gone.
    file: File,
    published: bool,
}

impl Unfinished {
    /// Makes an empty file beside `to`, where nothing may be, and removes what others left unfinished in that folder.
    pub(super) fn beside(to: &Path) -> Result<Self, StoreError> {
        files::refuse_unsafe_folder(to)?;
        files::refuse_part(to)?;
        refuse_taken(to)?;
        for _ in 0..ATTEMPTS {
            sweep(&files::folder(to));
            let random: [u8; 8] = random_array().map_err(StoreError::engine)?;
            let folder = files::folder(to).join(format!("{PREFIX}{}", hex(&random)));
            make_folder(&folder).map_err(|error| files::failed_at(to, error))?;
            let path = folder.join(NAME);
            match files::private().read(true).write(true).create_new(true).open(&path) {
                Ok(file) => match file.try_lock() {
                    Ok(()) if claim::is_still_at(&file, &path) => {
                        return Ok(Self { folder, path, to: to.to_owned(), file, published: false });
                    }
                    // Another process swept it away between the two steps, or is at it.
                    Ok(()) | Err(TryLockError::WouldBlock) => {}
                    Err(TryLockError::Error(error)) => {
                        remove(&folder);
                        return Err(locks_refused(to, error));
                    }
                },
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                Err(error) => {
                    let _ = fs::remove_dir(&folder);
                    return Err(files::failed(error));
                }
            }
        }
        Err(StoreError::Busy)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Makes it durable and gives it its name. On success both survive a power loss.
    pub(super) fn publish(mut self) -> Result<(), StoreError> {
        let failed = files::failed;
        self.file.sync_all().map_err(failed)?;
        if !claim::is_still_at(&self.file, &self.path) {
            return Err(StoreError::Moved { path: self.path.display().to_string() });
        }
        refuse_taken(&self.to)?;
        rename_to_free(&self.path, &self.to).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => StoreError::AlreadyExists { path: self.to.display().to_string() },
            _ => files::failed(error),
        })?;
        self.published = true;
        let synced = sync_folder(&self.to).map_err(|error| {
            // It may or may not be there after a power loss: better that it is not.
            let _ = fs::remove_file(&self.to);
            files::failed(error)
        });
        let _ = fs::remove_dir(&self.folder);
        synced
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.published {
            remove(&self.folder);
        }
    }
}

/// Nothing may be at a new file's name, nor where SQLite would look for what belongs to it: the log of a store that is gone
/// would be taken for that of the new one.
fn refuse_taken(to: &Path) -> Result<(), StoreError> {
    for path in [""].iter().chain(&files::PARTS).map(|suffix| files::beside(to, suffix)) {
        let Ok(found) = fs::symlink_metadata(&path) else { continue };
        let path = path.display().to_string();
        return Err(if found.file_type().is_symlink() {
            StoreError::Unsafe { path, fault: UnsafePath::Link }
        } else {
            StoreError::AlreadyExists { path }
        });
    }
    Ok(())
}

/// Removes the folders whose makers are gone. What cannot be removed is for somebody else.
fn sweep(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for left in entries.filter_map(|entry| Some(entry.ok()?.path())).filter(|left| is_named_by_us(left)) {
        if !fs::symlink_metadata(&left).is_ok_and(|found| found.is_dir()) {
            continue;
        }
        let path = left.join(NAME);
        match OpenOptions::new().read(true).write(true).open(&path) {
            Ok(file) if file.try_lock().is_ok() && claim::is_still_at(&file, &path) && is_work(&file) => remove(&left),
            // Its maker was stopped before or after there was a file; where somebody is at it, it begins again. What is in it is not ours.
            Err(error) if error.kind() == ErrorKind::NotFound => drop(fs::remove_dir(&left)),
            _ => {}
        }
    }
}

/// Whether it is what a maker of ours has begun: nothing yet, a database with a mark of ours or none yet, or one whose first page is
/// not written yet.
fn is_work(file: &File) -> bool {
    let (mut file, mut header) = (file, [0; 100]);
    match file.read(&mut header) {
        Ok(0) => true,
        Ok(len) if len == header.len() => header == [0; 100] || is_marked(&header),
        _ => false,
    }
}

fn is_marked(header: &[u8; 100]) -> bool {
    let number =
        |at: usize| i64::from(u32::from_be_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]));
    let marks = (number(68), number(60));
    header.starts_with(b"SQLite format 3\0")
        && (marks == (0, LAYOUT_VERSION) || [APPLICATION_ID, BACKUP_ID].contains(&marks.0))
}

fn locks_refused(to: &Path, error: std::io::Error) -> StoreError {
    let fault = EngineFault::LocksRefused { path: to.display().to_string() };
    StoreError::Engine { fault, source: error.into() }
}

fn is_named_by_us(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let random = name.and_then(|name| name.strip_prefix(PREFIX));
    random.is_some_and(|random| random.len() == 16 && base16ct::lower::decode_vec(random).is_ok())
}

/// What SQLite made beside the file goes first: while the file is there, somebody comes and sweeps. A folder in which there is
/// anything else stays.
fn remove(folder: &Path) {
    for suffix in files::PARTS.iter().chain(&[""]) {
        let _ = fs::remove_file(files::beside(&folder.join(NAME), suffix));
    }
    let _ = fs::remove_dir(folder);
}

fn make_folder(path: &Path) -> std::io::Result<()> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "modes are of Unix"))]
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

#[cfg(target_os = "linux")]
fn rename_to_free(from: &Path, to: &Path) -> std::io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // This file system cannot.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_to_free(from, to),
        renamed => Ok(renamed?),
    }
}

#[cfg(not(target_os = "linux"))]
fn rename_to_free(from: &Path, to: &Path) -> std::io::Result<()> {
    link_to_free(from, to)
}

fn link_to_free(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::hard_link(from, to)?;
    // A second name of the same file is litter that the next one sweeps.
    let _ = fs::remove_file(from);
    Ok(())
}

#[cfg(unix)]
fn sync_folder(path: &Path) -> std::io::Result<()> {
    File::open(files::folder(path))?.sync_all()
}

/// Elsewhere a folder cannot be opened, and the system makes names durable itself.
#[cfg(not(unix))]
fn sync_folder(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Before 16 hexadecimal digits.
const PREFIX: &str = ".strongroom-unfinished-";
const NAME: &str = "file";
const ATTEMPTS: usize = 20;
