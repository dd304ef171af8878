//! The index of a repository: what the next commit will hold (gitformat-index).

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::object::ObjectId;

/// A file that is staged.
#[derive(PartialEq, Eq)]
pub(super) struct Staged {
    pub(super) path: PathBuf,
    pub(super) id: ObjectId,
}

/// Every file in the index; `None` where it is damaged, or of a version or with an extension that is not read here.
pub(super) fn entries(index: &[u8], id_len: usize) -> Option<Vec<Staged>> {
    let mut rest = index.strip_prefix(b"DIRC")?;
    let (version, count) = (take_u32(&mut rest)?, take_u32(&mut rest)?);
    if !(2..=4).contains(&version) {
        return None;
    }
    let mut entries = vec![];
    let mut path = vec![];
    for _ in 0..count {
        let begun = rest.len();
        let stat = take(&mut rest, STAT)?;
        let mode = u32::from_be_bytes(*stat[MODE..].first_chunk()?);
        let id = ObjectId::new(take(&mut rest, id_len)?)?;
        let flags = take(&mut rest, 2)?;
        if flags[0] & EXTENDED != 0 {
            take(&mut rest, 2)?;
        }
        // Of the path before so many bytes at the end are others.
        let kept = if version == 4 { path.len().checked_sub(varint(&mut rest)?)? } else { 0 };
        path.truncate(kept);
        let len = memchr::memchr(0, rest)?;
        path.extend_from_slice(take(&mut rest, len)?);
        let read = begun - rest.len();
        take(&mut rest, if version == 4 { 1 } else { 8 - read % 8 })?;
        if mode & TYPE == REGULAR || mode & TYPE == LINK {
            entries.push(Staged { path: OsString::from_vec(path.clone()).into(), id });
        }
    }
    while rest.len() >= 8 + id_len {
        let name = take(&mut rest, 4)?;
        let len = usize::try_from(take_u32(&mut rest)?).ok()?;
        // In lower case: who does not understand it understands nothing. A sparse index is one of folders that are as they were.
        if name.iter().all(u8::is_ascii_lowercase) && name != b"sdir" {
            return None;
        }
        take(&mut rest, len)?;
    }
    Some(entries)
}

fn take<'i>(rest: &mut &'i [u8], len: usize) -> Option<&'i [u8]> {
    let (taken, left) = rest.split_at_checked(len)?;
    *rest = left;
    Some(taken)
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    take(rest, 4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// As offsets in packs are written: each byte that goes on counts one more.
fn varint(rest: &mut &[u8]) -> Option<usize> {
    let mut byte = take(rest, 1)?[0];
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = take(rest, 1)?[0];
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
    }
    Some(value)
}

/// Times, device, inode, mode, owner and size.
const STAT: usize = 40;
const MODE: usize = 24;
const EXTENDED: u8 = 0x40;
const TYPE: u32 = 0o170_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;
