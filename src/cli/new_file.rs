//! New files: private, and never in the place of one that is there, which may hold the only copy of a key.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use strongroom::SecretText;

use crate::exit::Exit;
use crate::failure::Failure;
use crate::text::quoted;
use crate::told::Told;

/// A new file that holds its place until there is something to write into it. What cannot be taken back, such as a
/// recovery, is done only once there is such a place: a missing folder is reported before it, and not after.
///
/// The file is removed when this is dropped, unless it is kept.
pub(crate) struct Reserved {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Reserved {
    /// Makes the file, empty and private, where nothing may be.
    pub(crate) fn at(path: &Path) -> Result<Self, Failure> {
        Self::create(path).map_err(|error| unwritten(path, &error))
    }

    /// The same, for a caller with words of its own for a failure.
    pub(crate) fn create(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        Ok(Self { path: path.into(), file, kept: false })
    }

    /// An empty file that is there already, which stays whatever happens.
    pub(crate) fn adopt(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).open(path)?;
        Ok(Self { path: path.into(), file, kept: true })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Writes the secret on a line of its own, and keeps the file.
    pub(crate) fn take(self, secret: &SecretText) -> Result<(), Failure> {
        let path = self.path.clone();
        self.finish_with(secret.expose()).map_err(|error| unwritten(&path, &error))
    }

    /// Writes what is to be in it, onto the medium.
    pub(crate) fn fill(&self, write: impl FnOnce(&File) -> io::Result<()>) -> Result<(), Failure> {
        let written = write(&self.file).and_then(|()| self.file.sync_all());
        written.map_err(|error| unwritten(&self.path, &error))
    }

    /// Lets it stay, and its name survive a power loss.
    pub(crate) fn keep(self) -> Result<(), Failure> {
        let path = self.path.clone();
        self.finish().map_err(|error| unwritten(&path, &error))
    }

    /// Writes a line, and keeps the file.
    pub(crate) fn finish_with(mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")?;
        self.finish()
    }

    /// Writes a line, and keeps the file, which [`sync_all`] brings onto the medium together with others.
    pub(crate) fn write_later(mut self, line: &str) -> io::Result<()> {
        self.file.write_all(line.as_bytes())?;
        self.file.write_all(b"\n")?;
        self.kept = true;
        Ok(())
    }

    /// Keeps the file with what was written into it.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        self.kept = true;
        sync_folder(&self.path)
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if !self.kept {
            // Half a key is of no use to anybody.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Before a secret is made that is to go into a file: nobody else may make, exchange or remove files in its folder.
pub(crate) fn refuse_unsafe_folder(file: &Path) -> Result<(), Failure> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    refuse_unsafe(folder)
}

/// The same of the folder itself. One that is not there is told of when something is to be written into it.
pub(crate) fn refuse_unsafe(folder: &Path) -> Result<(), Failure> {
    let Ok(found) = folder.metadata() else { return Ok(()) };
    let refused = |message: String, hint| Told::new(Exit::UnsafePermissions, "unsafe-permissions", message).hint(hint);
    let owner = found.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        let message = format!("{} belongs to another user (uid {owner})", folder.display());
        return Err(refused(message, "name a new folder, or one of your own".into()).into());
    }
    if found.is_dir() && found.mode() & 0o022 != 0 {
        // What everybody shares is not to be closed.
        let hint = if found.mode() & 0o1000 == 0 {
            format!("`chmod go-w {}`, or name a new folder", quoted(&folder.to_string_lossy()))
        } else {
            "`mkdir -m 700 DIR` makes a folder of your own: name a file in it".into()
        };
        return Err(refused(format!("others can write to {}", folder.display()), hint).into());
    }
    Ok(())
}

/// Before anything is done whose result the file is to hold.
pub(crate) fn refuse_existing(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => Err(unwritten(path, &ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// Where a token is to go: nothing is there, and nobody else writes there.
pub(crate) fn token_file(path: &Path) -> Result<&Path, Failure> {
    refuse_unsafe_folder(path).and_then(|()| refuse_existing(path)).map(|()| path)
}

/// Writes a secret into a new file at once.
pub(crate) fn write_new(path: &Path, secret: &SecretText) -> io::Result<()> {
    Reserved::create(path)?.finish_with(secret.expose())
}

/// Brings files of a folder onto the medium, with their names. Many are brought there in one go, where the system can.
pub(crate) fn sync_all(folder: &Path, files: &[PathBuf]) -> Result<(), (PathBuf, io::Error)> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |error: io::Error| (path, error)
    };
    let opened = File::open(folder).map_err(failed(folder))?;
    if files.len() < MANY || !sync_file_system(&opened).map_err(failed(folder))? {
        for file in files {
            File::open(file).and_then(|file| file.sync_all()).map_err(failed(file))?;
        }
    }
    opened.sync_all().map_err(failed(folder))
}

/// Whether that can be done.
#[cfg(target_os = "linux")]
fn sync_file_system(folder: &File) -> io::Result<bool> {
    rustix::fs::syncfs(folder)?;
    Ok(true)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_: &File) -> io::Result<bool> {
    Ok(false)
}

/// So that a new name survives a power loss.
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

pub(crate) fn unwritten(path: &Path, error: &io::Error) -> Failure {
    let (exit, code, hint) = match error.kind() {
        ErrorKind::AlreadyExists => {
            (Exit::Conflict, "file-exists", "name a new file: it may hold a key that is still needed")
        }
        _ => (Exit::General, "file-unwritable", "name a file in a folder that is there and writable"),
    };
    let path = path.display();
    let message = match exit {
        Exit::Conflict => format!("cannot write {path}: it exists already"),
        _ => format!("cannot write {path}: {error}"),
    };
    Told::new(exit, code, message).hint(hint).into()
}

/// From so many files on, bringing everything onto the medium takes no longer than one after the other.
const MANY: usize = 8;
