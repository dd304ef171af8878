//! Every byte of the file of a store, as it lies there, whether anything leads to it or not.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::PoisonError;

use super::raw::kept_open;

/// Gives all of it piece by piece; each piece begins with the last `overlap` bytes of the one before. Returns how many bytes there
/// are.
pub(super) fn each_piece(path: &Path, overlap: usize, each: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let file = kept_open(path)?;
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    file.seek(SeekFrom::Start(0))?;
    pieces(&mut file, overlap, each)
}

/// The same of a file that SQLite locks nothing of, such as a log.
pub(super) fn each_piece_of_part(path: &Path, overlap: usize, each: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    match File::open(path) {
        Ok(mut file) => pieces(&mut file, overlap, each),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error),
    }
}

fn pieces(file: &mut File, overlap: usize, each: &mut dyn FnMut(&[u8])) -> io::Result<u64> {
    let (mut buffer, mut kept, mut total) = (vec![0; PIECE + overlap], 0, 0);
    loop {
        let read = match file.read(&mut buffer[kept..]) {
            Ok(0) => return Ok(total),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        total += read as u64;
        let end = kept + read;
        each(&buffer[..end]);
        kept = overlap.min(end);
        buffer.copy_within(end - kept..end, 0);
    }
}

const PIECE: usize = 1024 * 1024;
