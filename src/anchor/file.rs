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
            // Nobody could have taken it away who must not put one there.
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

    /// Whoever writes must be the one whose file it is, or root, and nobody else may put files there.
    fn must_be_ours(&self) -> io::Result<()> {
        if let Err(WayFault::Unsafe { path, fault }) = judge_way(&self.path) {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("{} {fault}", path.display())));
        }
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
        let lock = self.own(".lock", 0o600)?;
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
        let mut file = self.own(".next", 0o644)?;
        let missing = ROOM.saturating_sub(usize::try_from(file.metadata()?.len()).unwrap_or(ROOM));
        if missing > 0 {
            // Blocks that are written are there for the text as well, also when the disk is full by then.
            file.write_all(&[b' '; ROOM])?;
        }
        Ok(file)
    }

    /// A file beside this one, to be written. It is one of the folder's owner and has no other name: a link, a pipe or somebody else's
    /// file that was put there is taken away and not written to, nor waited for.
    fn own(&self, ending: &str, mode: u32) -> io::Result<File> {
        let path = self.beside(ending);
        for _ in 0..TRIES {
            let opened = match not_followed(OpenOptions::new().write(true)).open(&path) {
                Ok(file) if is_plain(&file, self.folder())? => return Ok(file),
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    with_mode(OpenOptions::new().write(true).create_new(true), mode).open(&path)
                }
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => return Err(error),
                _ => {
                    fs::remove_file(&path)?;
                    continue;
                }
            };
            match opened {
                Ok(file) => {
                    whatever_the_mask_is(&file, mode)?;
                    give_to_owner(&file, self.folder())?;
                    return Ok(file);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other(format!("{} is exchanged again and again", path.display())))
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
            let there = match self.text() {
                // What is no text says as little as one that is cut off.
                Err(AnchorFault::Malformed { .. }) => Some(String::new()),
                there => there.map_err(io::Error::other)?,
            };
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
fn with_mode(options: &mut OpenOptions, mode: u32) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::mode(options, mode)
}

/// Neither a link is followed, nor a pipe waited for.
#[cfg(unix)]
fn not_followed(options: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    let flags = OFlags::NOFOLLOW.union(OFlags::NONBLOCK).bits();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed())
}

/// A regular file of the folder's owner that no other name leads to.
#[cfg(unix)]
fn is_plain(file: &File, folder: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let found = file.metadata()?;
    Ok(found.is_file() && found.nlink() == 1 && found.uid() == fs::metadata(folder)?.uid())
}

#[cfg(not(unix))]
fn with_mode(options: &mut OpenOptions, _: u32) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn not_followed(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(not(unix))]
fn is_plain(file: &File, _: &Path) -> io::Result<bool> {
    Ok(file.metadata()?.is_file())
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

#[cfg(unix)]
fn whatever_the_mask_is(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(mode))
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
fn whatever_the_mask_is(_: &File, _: u32) -> io::Result<()> {
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
/// Who puts something else there each time, beside us, is the owner of the folder or root.
const TRIES: usize = 100;
const PATIENCE: Duration = Duration::from_secs(10);
const BETWEEN_TRIES: Duration = Duration::from_millis(1);
