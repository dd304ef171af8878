//! Reading a store that nobody has open, without the right to write.
//!
//! SQLite reads a database with a write-ahead log only where the files beside it are there or can be made. While no
//! process has the store open they are not there, and the database file holds everything. It can then be read as a file
//! that never changes, as long as that is true: whoever begins to write makes the log first, and what is written into
//! the file later shows in its times. So each read is framed by two looks at the files, and counts only when both saw
//! the same.

use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use rusqlite::{Connection, OpenFlags};

use super::connection::{explained, restrict};
use super::files;
use super::guarded::Guarded;
use super::statements::rows_by;
use crate::store::error::StoreError;

/// The store as it stands, while it is at rest.
pub(super) struct AtRest {
    path: PathBuf,
    connection: Guarded,
    seen: Seen,
}

impl AtRest {
    /// Opens it; `None` while a process that writes has it open.
    pub(super) fn open(path: &Path) -> Result<Option<Self>, StoreError> {
        let Some(seen) = Seen::now(path)? else { return Ok(None) };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(unchanging(path), flags).and_then(|connection| {
            restrict(&connection)?;
            Guarded::store(connection, path)
        });
        let connection = connection.map_err(|error| explained(error, path))?;
        Ok(Some(Self { path: path.to_owned(), connection, seen }))
    }

    /// Whether no process that writes has the store open.
    pub(super) fn is(path: &Path) -> Result<bool, StoreError> {
        Seen::now(path).map(|seen| seen.is_some())
    }

    /// What `work` read; `None` when the store did not stay at rest meanwhile.
    pub(super) fn read<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<Option<T>, StoreError> {
        let read = self.connection.read(work);
        if Seen::now(&self.path)?.as_ref() != Some(&self.seen) {
            return Ok(None);
        }
        read.map(Some).map_err(|error| explained(error, &self.path))
    }

    fn read_still<T>(&self, work: impl Fn(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        self.read(work)?.ok_or(StoreError::Busy)
    }
}

// As one moment: it ends with an error when somebody begins to write.
rows_by!(AtRest, read_still);

/// What changes when the file does.
#[derive(PartialEq, Eq)]
struct Seen {
    len: u64,
    modified: SystemTime,
    place: (u64, u64),
    changed: (i64, i64),
}

impl Seen {
    /// `None` while there is something in a write-ahead log.
    fn now(path: &Path) -> Result<Option<Self>, StoreError> {
        refuse_unfinished(path)?;
        let found = fs::symlink_metadata(path).map_err(files::failed)?;
        let modified = found.modified().map_err(files::failed)?;
        let (place, changed) = identity(&found);
        let seen = Self { len: found.len(), modified, place, changed };
        // A log without a byte says nothing; what is written into it makes it longer, and what is moved from it shows in the file.
        let log = fs::symlink_metadata(files::beside(path, files::LOG)).map_or(0, |log| log.len());
        Ok((log == 0).then_some(seen))
    }
}

#[cfg(unix)]
fn identity(found: &fs::Metadata) -> ((u64, u64), (i64, i64)) {
    use std::os::unix::fs::MetadataExt;
    ((found.dev(), found.ino()), (found.ctime(), found.ctime_nsec()))
}

#[cfg(not(unix))]
fn identity(_: &fs::Metadata) -> ((u64, u64), (i64, i64)) {
    ((0, 0), (0, 0))
}

/// What SQLite would take back of a change that was not finished is in the file until then, and cannot be told from the rest.
pub(super) fn refuse_unfinished(path: &Path) -> Result<(), StoreError> {
    let journal = files::beside(path, files::JOURNAL);
    if fs::symlink_metadata(&journal).map_or(0, |found| found.len()) == 0 {
        return Ok(());
    }
    let mut first = [0];
    // One that is done with begins with zeros. Of one that cannot be read nobody knows.
    match fs::File::open(&journal).and_then(|mut file| file.read_exact(&mut first)) {
        Ok(()) if first == [0] => Ok(()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        _ => Err(StoreError::Unfinished { path: journal.display().to_string() }),
    }
}

/// The path as a URI that tells SQLite to lock nothing and to look for nothing beside the file.
pub(super) fn unchanging(path: &Path) -> String {
    let mut uri = String::from("file:");
    for byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() {
            uri.push(char::from(*byte));
        } else {
            uri.push('%');
            uri.push_str(&crate::secret::hex(&[*byte]));
        }
    }
    uri.push_str("?immutable=1");
    uri
}
