//! How much content is looked at in one go.

use std::io::{self, Read};

/// Reads until the buffer is full or there is no more.
pub(in crate::scan) fn fill(reader: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match reader.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// What is searched at a time: small enough for the caches.
pub(super) const WINDOW: usize = 512 * 1024;

/// What two windows share: longer than any writing of a key that is recognised.
pub(super) const OVERLAP: usize = 16 * 1024;
