//! Files without their long holes: zeros that take no room on the medium, of which a file can have a terabyte.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

/// Reads a file from its beginning. Of a hole only the last part is read: no key lies in zeros, nor across so many.
pub(super) struct Dense<'f> {
    file: &'f File,
    at: u64,
    /// Where the data that `at` stands in ends, as far as is known.
    data_end: u64,
}

impl<'f> Dense<'f> {
    pub(super) fn of(file: &'f File) -> Self {
        Self { file, at: 0, data_end: 0 }
    }

    /// Goes on to the data that comes next; whether there is any.
    fn next_data(&mut self) -> io::Result<bool> {
        let begins = match seek(self.file, SeekFrom::Data(self.at)) {
            Ok(begins) => begins,
            Err(Errno::NXIO) => return Ok(false),
            // A file system that knows of no holes.
            Err(Errno::INVAL | Errno::OPNOTSUPP) => {
                self.data_end = u64::MAX;
                return Ok(true);
            }
            Err(error) => return Err(error.into()),
        };
        self.at = self.at.max(begins.saturating_sub(MOST_ZEROS));
        self.data_end = match seek(self.file, SeekFrom::Hole(begins)) {
            Ok(end) => end,
            Err(Errno::NXIO) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        Ok(true)
    }
}

impl Read for Dense<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.at >= self.data_end && !self.next_data()? {
            return Ok(0);
        }
        let most = usize::try_from(self.data_end - self.at).unwrap_or(usize::MAX).min(buffer.len());
        let read = self.file.read_at(&mut buffer[..most], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Longer than any window looks back.
const MOST_ZEROS: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::io::{Seek, Write};

    use super::*;

    #[test]
    fn a_terabyte_of_holes_is_passed_over_and_what_lies_between_is_read() {
        let path = std::env::temp_dir().join(format!("strongroom-holes-{}", std::process::id()));
        let mut file = File::options().read(true).write(true).create_new(true).open(&path).expect("a file");
        std::fs::remove_file(&path).expect("removed");
        for at in [1_u64 << 30, 1 << 39] {
            file.seek(io::SeekFrom::Start(at)).and_then(|_| file.write_all(b"here")).expect("written");
        }
        file.set_len(1 << 40).expect("a hole at the end");
        let mut read = vec![];
        Dense::of(&file).read_to_end(&mut read).expect("read");
        assert_eq!(read.windows(4).filter(|window| window == b"here").count(), 2);
        assert!(read.len() < 4 << 20, "{}", read.len());
    }
}
