//! What needs no age: seeing whether a file is encrypted with it.

use std::io::{BufRead, BufReader, Read};

use crate::failure::Failure;
use crate::input::unreadable_file;

/// The file, from its beginning, and whether it is an age file.
pub(super) fn look_at<R: Read>(from: R, name: &str) -> Result<(BufReader<R>, bool), Failure> {
    let mut from = BufReader::new(from);
    let start = from.fill_buf().map_err(|error| unreadable_file(name, &error))?;
    let encrypted = start.starts_with(BINARY) || start.starts_with(ARMORED);
    Ok((from, encrypted))
}

const BINARY: &[u8] = b"age-encryption.org/";
const ARMORED: &[u8] = b"-----BEGIN AGE ENCRYPTED FILE-----";
