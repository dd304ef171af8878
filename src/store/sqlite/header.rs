//! The first bytes of a file of ours, where SQLite makes nothing of them (SQLite's Database File Format, section 1.3).
//!
//! SQLite tells a file that was never a database, or one of a later time, from none that was damaged. Our mark stands in the same bytes.

use std::path::Path;

use super::raw::first_bytes;
use crate::store::error::StoreError;

/// That a file with our mark is damaged where SQLite finds no database.
pub(super) fn damage(path: &Path) -> Option<StoreError> {
    let header = Header::of(path)?;
    Some(corrupt(header.wrong().unwrap_or_else(|| "it is no whole header of a database".into())))
}

/// The byte for which SQLite takes a file of ours for one that it may not write.
pub(super) fn wrong_byte(path: &Path) -> Option<StoreError> {
    let header = Header::of(path)?;
    Some(corrupt(header.wrong()?))
}

struct Header([u8; LEN]);

impl Header {
    /// Of a file with our mark.
    fn of(path: &Path) -> Option<Self> {
        let bytes = first_bytes::<LEN>(path)?;
        let mark = i64::from(u32::from_be_bytes([bytes[68], bytes[69], bytes[70], bytes[71]]));
        [APPLICATION_ID, BACKUP_ID].contains(&mark).then_some(Self(bytes))
    }

    /// What is never there.
    fn wrong(&self) -> Option<String> {
        let byte = |at: usize| Some(format!("byte {at} cannot be {}", self.0[at]));
        if let Some(at) = (0..MAGIC.len()).find(|at| self.0[*at] != MAGIC[*at]) {
            return byte(at);
        }
        let size = u16::from_be_bytes([self.0[16], self.0[17]]);
        if !(size == 1 || size >= 512 && size.is_power_of_two()) {
            return Some(format!("the pages cannot have {size} bytes"));
        }
        let versions = [18, 19].into_iter().find(|at| ![1, 2].contains(&self.0[*at]));
        let fractions = [(21, 64), (22, 32), (23, 32)].into_iter().find(|(at, value)| self.0[*at] != *value);
        versions.or(fractions.map(|(at, _)| at)).and_then(byte)
    }
}

fn corrupt(what: String) -> StoreError {
    StoreError::Corrupt { message: format!("the header of the file was changed: {what}") }
}

/// "SRM1" in ASCII.
pub(super) const APPLICATION_ID: i64 = 0x5352_4d31;
/// "SRB1" in ASCII: the same tables, and no store that can be worked on.
pub(super) const BACKUP_ID: i64 = 0x5352_4231;
const LEN: usize = 100;
const MAGIC: &[u8; 16] = b"SQLite format 3\0";
