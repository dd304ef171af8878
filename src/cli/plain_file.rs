//! Files that were named to be read: regular ones, opened without waiting for anybody, and read no further than they may be long.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::OFlags;

/// Opens a file to read it. What the caller's shell has opened, as in `<(command)`, may be a pipe.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true))
}

/// The same in another way.
pub(crate) fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if is_descriptor(path) {
        let file = options.open(path)?;
        let kind = file.metadata()?.file_type();
        // An endless device is read as far as everything else; a folder is nothing to read.
        return if kind.is_dir() { Err(not_a_file()) } else { Ok(file) };
    }
    // Opening a device can do something, and opening a pipe lets whoever waits at its other end go on.
    match path.metadata() {
        Ok(found) if !found.is_file() => return Err(not_a_file()),
        _ => {}
    }
    let flags = OFlags::NONBLOCK.union(OFlags::NOCTTY).bits();
    let file = options.custom_flags(flags.cast_signed()).open(path)?;
    // It may have been exchanged a moment ago.
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

/// All of a text that is no longer than `limit`.
pub(crate) fn text(path: &Path, limit: usize) -> io::Result<String> {
    bounded(open(path)?, limit)
}

/// The same of what is open already.
pub(crate) fn bounded(from: impl Read, limit: usize) -> io::Result<String> {
    let mut bytes = vec![];
    from.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {} KiB", limit / 1024)));
    }
    String::from_utf8(bytes).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Names of what this process was started with.
fn is_descriptor(path: &Path) -> bool {
    path == Path::new("/dev/stdin") || path.starts_with("/dev/fd") || path.starts_with("/proc/self/fd")
}

fn not_a_file() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")
}
