//! An anchor in a file of this machine.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::{Duration, Instant};

use super::fault::AnchorFault;
use super::kept::Anchor;
use crate::key_source::{WayFault, judge_way};
use crate::plain_file;

/// An anchor in a file, which others may read: it holds no secret. Neither the file nor any folder on the way to it may be writable by
/// anybody but its owner. Processes of one machine can share one. Beside it stand `PATH.lock`, which who writes holds, and for a moment
/// `PATH.next`.
///
/// A verifier, which has no master key, writes it only where the file belongs to the user that the process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileAnchor {
    path: PathBuf,
}

impl FileAnchor {
    /// The variable that the program reads: `file:` and a path.
    pub const VARIABLE: &'static str = "STRONGROOM_ANCHOR";

    /// The file at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// What the environment names in [`FileAnchor::VARIABLE`]; nothing where that is not set. One that is set and empty is an error: an
    /// anchor that was meant is not to be left out by mistake.
    pub fn from_env() -> Result<Option<Self>, AnchorFault> {
        let Some(named) = std::env::var_os(Self::VARIABLE) else { return Ok(None) };
        let named = named.to_str().and_then(place);
        named.map(|path| Some(Self::new(path))).ok_or_else(|| AnchorFault::Where { what: Self::VARIABLE.into() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The text, when only its owner could have written it.
    fn text(&self) -> Result<Option<String>, AnchorFault> {
        let place = self.place();
        let unreadable = |problem: String| AnchorFault::Unreadable { place: self.place(), problem };
        match judge_way(&self.path) {
            Ok(()) => {}
            Err(WayFault::System(error)) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(WayFault::System(error)) => return Err(unreadable(error.to_string())),
            Err(WayFault::NotAFile) => return Err(unreadable("it is not a regular file".into())),
            Err(WayFault::Unsafe { path, fault }) => {
                return Err(AnchorFault::Unsafe { path: path.display().to_string(), fault });
            }
        }
        let mut text = String::new();
        let read = plain_file::open(&self.path).and_then(|file| file.take(MAX_LEN + 1).read_to_string(&mut text));
        match read {
            Ok(len) if len as u64 > MAX_LEN => {
                Err(AnchorFault::Malformed { place, problem: format!("it is longer than {MAX_LEN} bytes") })
            }
            Ok(_) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(AnchorFault::Malformed { place, problem: "it is no text".into() })
            }
            Err(error) => Err(unreadable(error.to_string())),
        }
    }

    /// Whoever writes must be the one whose file it is, or root, and so must be who can exchange it.
    fn must_be_ours(&self) -> io::Result<()> {
        for path in [self.folder(), &self.path] {
            match fs::metadata(path) {
                Ok(found) if !is_trusted(&found) => {
                    let foreign = format!("{} belongs to another user", path.display());
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, foreign));
                }
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    fn folder(&self) -> &Path {
        self.path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
    }

    /// Holds the lock while `act` runs. Who is stopped with it in hand keeps nobody waiting for ever.
    fn alone<T>(&self, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        self.must_be_ours()?;
        let mut options = private(OpenOptions::new().write(true).create(true).truncate(false)).clone();
        let lock = plain_file::open_with(&self.beside(".lock"), &mut options)?;
        give_to_owner(&lock, self.folder())?;
        let deadline = Instant::now() + PATIENCE;
        loop {
            match lock.try_lock() {
                Ok(()) => return act(),
                Err(TryLockError::Error(error)) => return Err(error),
                Err(TryLockError::WouldBlock) if Instant::now() > deadline => {
                    let held = format!(
                        "another process has held {} for {} seconds",
                        self.beside(".lock").display(),
                        PATIENCE.as_secs()
                    );
                    return Err(io::Error::new(io::ErrorKind::TimedOut, held));
                }
                Err(TryLockError::WouldBlock) => std::thread::sleep(BETWEEN_TRIES),
            }
        }
    }

    /// The file that takes the place of this one, with room for a text.
    fn next(&self) -> io::Result<File> {
        let mut options = public(OpenOptions::new().write(true).create(true).truncate(false)).clone();
        let mut file = plain_file::open_with(&self.beside(".next"), &mut options)?;
        readable_by_all(&file)?;
        give_to_owner(&file, self.folder())?;
        let missing = ROOM.saturating_sub(usize::try_from(file.metadata()?.len()).unwrap_or(ROOM));
        if missing > 0 {
            // Blocks that are written are there for the text as well, also when the disk is full by then.
            file.write_all(&[b' '; ROOM])?;
        }
        Ok(file)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(ending);
        name.into()
    }
}

impl Anchor for FileAnchor {
    fn read(&self) -> Result<Option<String>, AnchorFault> {
        self.text()
    }

    fn prepare(&self) -> io::Result<()> {
        self.alone(|| self.next().map(drop))
    }

    fn update(&self, next: &mut dyn FnMut(Option<&str>) -> Option<String>) -> io::Result<()> {
        self.alone(|| {
            let there = self.text().map_err(io::Error::other)?;
            let Some(text) = next(there.as_deref()) else { return Ok(()) };
            let mut file = self.next()?;
            io::Seek::rewind(&mut file)?;
            file.write_all(text.as_bytes())?;
            file.set_len(text.len() as u64)?;
            // After a power loss the older text may stand there. A name without its text must not.
            file.sync_all()?;
            fs::rename(self.beside(".next"), &self.path)
        })
    }

    fn is_of_a_verifier(&self) -> bool {
        owned(&self.path)
    }

    fn place(&self) -> String {
        self.path.display().to_string()
    }
}

/// From `file:PATH`.
impl FromStr for FileAnchor {
    type Err = AnchorFault;

    fn from_str(text: &str) -> Result<Self, AnchorFault> {
        place(text).map(Self::new).ok_or_else(|| AnchorFault::Where { what: format!("`{text}`") })
    }
}

fn place(text: &str) -> Option<PathBuf> {
    text.strip_prefix("file:").filter(|path| !path.is_empty()).map(PathBuf::from)
}

#[cfg(unix)]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600)
}

#[cfg(unix)]
fn public(options: &mut OpenOptions) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o644)
}

#[cfg(not(unix))]
fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn public(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

/// What root makes for the service of another user belongs to that user, who could not write it otherwise.
#[cfg(unix)]
fn give_to_owner(file: &File, folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let (folder, made) = (fs::metadata(folder)?, file.metadata()?);
    if rustix::process::geteuid().is_root() && (folder.uid(), folder.gid()) != (made.uid(), made.gid()) {
        fchown(file, Some(folder.uid()), Some(folder.gid()))?;
    }
    Ok(())
}

/// Whatever the mask of the process is.
#[cfg(unix)]
fn readable_by_all(file: &File) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o644))
}

#[cfg(unix)]
fn is_trusted(found: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid();
    user.is_root() || found.uid() == 0 || found.uid() == user.as_raw()
}

#[cfg(not(unix))]
fn give_to_owner(_: &File, _: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn readable_by_all(_: &File) -> io::Result<()> {
    Ok(())
}

#[cfg(not(unix))]
fn is_trusted(_: &fs::Metadata) -> bool {
    true
}

#[cfg(unix)]
fn owned(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).is_ok_and(|there| there.uid() == rustix::process::geteuid().as_raw())
}

#[cfg(not(unix))]
fn owned(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| !there.permissions().readonly())
}

const MAX_LEN: u64 = 1 << 20;
/// More than a text has, but after a hundred acts with long reasons.
const ROOM: usize = 8_192;
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(1);
