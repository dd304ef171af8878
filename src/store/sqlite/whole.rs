//! Every byte of the file of a store, as it lies there, whether anything leads to it or not.

#[cfg(unix)]
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

#[cfg(unix)]
use super::files::which;
use crate::store::error::StoreError;

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

/// Whether there is anything in the free pages: every connection of ours has zeroed what it freed. The caller sees to it that
/// nothing is written meanwhile.
pub(super) fn has_dirty_free_pages(path: &Path) -> Result<bool, StoreError> {
    let file = kept_open(path).map_err(super::files::failed)?;
    let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
    Pages::of(&mut file).and_then(|mut pages| pages.are_free_ones_dirty()).map_err(super::files::failed)
}

#[cfg(not(unix))]
fn kept_open(path: &Path) -> io::Result<Arc<Mutex<File>>> {
    Ok(Arc::new(Mutex::new(File::open(path)?)))
}

/// By device and inode.
#[cfg(unix)]
type Kept = BTreeMap<(u64, u64), Arc<Mutex<File>>>;

/// Closing any descriptor of the file would drop SQLite's locks in this process. So one is opened, once for each file, and never
/// closed.
#[cfg(unix)]
fn kept_open(path: &Path) -> io::Result<Arc<Mutex<File>>> {
    static KEPT: Mutex<Kept> = Mutex::new(BTreeMap::new());
    let place = which(path).ok_or(io::ErrorKind::NotFound)?;
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(file) = kept.get(&place) {
        return Ok(Arc::clone(file));
    }
    let file = Arc::new(Mutex::new(File::open(path)?));
    kept.insert(place, Arc::clone(&file));
    Ok(file)
}

/// Pages by their numbers, from 1 (SQLite's Database File Format, section 1.3).
struct Pages<'f> {
    file: &'f mut File,
    page: Vec<u8>,
    first_trunk: u32,
    free: u32,
    count: u32,
}

impl<'f> Pages<'f> {
    fn of(file: &'f mut File) -> io::Result<Self> {
        let mut header = [0; 100];
        file.seek(SeekFrom::Start(0))?;
        file.read_exact(&mut header)?;
        // 65,536 does not fit, and stands there as 1.
        let size = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65_536,
            size => usize::from(size),
        };
        let len = file.metadata()?.len();
        let count = u32::try_from(len / (size.max(512) as u64)).unwrap_or(u32::MAX);
        let (first_trunk, free) = (word(&header, 32), word(&header, 36));
        Ok(Self { file, page: vec![0; size.max(512)], first_trunk, free, count })
    }

    fn read(&mut self, number: u32) -> io::Result<()> {
        let at = u64::from(number.saturating_sub(1)) * self.page.len() as u64;
        self.file.seek(SeekFrom::Start(at))?;
        self.file.read_exact(&mut self.page)
    }

    /// A trunk has the number of the next one, how many leaves it lists, and their numbers; and numbers that it listed once.
    fn are_free_ones_dirty(&mut self) -> io::Result<bool> {
        let (mut trunk, mut seen) = (self.first_trunk, 0);
        while trunk != 0 && seen <= self.free {
            self.read(trunk)?;
            seen += 1;
            let listed = (word(&self.page, 4) as usize).min(self.page.len() / 4 - 2);
            let numbers: Vec<_> = self.page[8..].chunks_exact(4).map(|number| word(number, 0)).collect();
            if numbers.iter().any(|number| *number > self.count) {
                return Ok(true);
            }
            trunk = word(&self.page, 0);
            for leaf in &numbers[..listed] {
                self.read(*leaf)?;
                seen += 1;
                if self.page.iter().any(|byte| *byte != 0) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

const PIECE: usize = 1024 * 1024;
