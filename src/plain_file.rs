//! Regular files and nothing else, opened without waiting for anybody, and read no further than they may be long.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::path::Path;

/// Opens a file to read it. A pipe would keep the caller waiting and a device may never end: neither is opened.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    open_with(path, OpenOptions::new().read(true))
}

/// The same in another way.
pub(crate) fn open_with(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    // Opening a device can do something, and opening a pipe lets whoever waits at its other end go on.
    match path.metadata() {
        Ok(found) if !found.is_file() => return Err(not_a_file()),
        _ => {}
    }
    let file = without_waiting(options).open(path)?;
    // It may have been exchanged a moment ago.
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_a_file()) }
}

/// All of a file that is no longer than `limit`.
pub(crate) fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    bounded(open(path)?, limit)
}

/// The same of a text.
pub(crate) fn text(path: &Path, limit: usize) -> io::Result<String> {
    String::from_utf8(read(path, limit)?).map_err(|_| io::Error::new(ErrorKind::InvalidData, "it is not UTF-8"))
}

/// Everything there is to read, if it is no longer than `limit`.
pub(crate) fn bounded(from: impl Read, limit: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![];
    from.take(limit as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > limit { Err(too_long(limit)) } else { Ok(bytes) }
}

fn too_long(limit: usize) -> io::Error {
    io::Error::new(ErrorKind::FileTooLarge, format!("it is longer than {} KiB", limit / 1024))
}

fn not_a_file() -> io::Error {
    io::Error::new(ErrorKind::InvalidInput, "it is not a regular file")
}

#[cfg(unix)]
fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    let flags = rustix::fs::OFlags::NONBLOCK.union(rustix::fs::OFlags::NOCTTY).bits();
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags.cast_signed())
}

#[cfg(not(unix))]
fn without_waiting(options: &mut OpenOptions) -> &mut OpenOptions {
    options
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_regular_file_or_too_long_is_refused_at_once() {
        let folder = std::env::temp_dir().join(format!("strongroom-plain-file-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let (pipe, socket, file) = (folder.join("pipe"), folder.join("socket"), folder.join("file"));
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
        for path in [&pipe, &socket, &folder, Path::new("/dev/zero"), Path::new("/dev/null")] {
            assert_eq!(read(path, 10).expect_err("refused").to_string(), "it is not a regular file", "{path:?}");
        }
        std::fs::write(&file, "0123456789").expect("written");
        assert_eq!(text(&file, 10).expect("read"), "0123456789");
        assert_eq!(text(&file, 9).expect_err("refused").kind(), ErrorKind::FileTooLarge);
        // A hole of a terabyte is no reason to read on.
        File::options().write(true).open(&file).and_then(|file| file.set_len(1 << 40)).expect("a hole");
        assert_eq!(text(&file, 4096).expect_err("refused").to_string(), "it is longer than 4 KiB");
        std::fs::remove_dir_all(&folder).expect("removed");
    }
}
