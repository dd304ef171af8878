//! Objects that are files of their own.

use std::fs::{self, File};
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::ZlibDecoder;

use super::object::{Kind, ObjectId};
use super::pack::{Exactly, damaged};
use crate::plain_file;

/// A loose object, opened: its kind, its length, and its content.
pub(super) struct Loose {
    pub(super) kind: Kind,
    pub(super) size: u64,
    pub(super) content: Exactly<ZlibDecoder<BufReader<File>>>,
}

impl Loose {
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut inflated = ZlibDecoder::new(BufReader::new(plain_file::open(path)?));
        let mut header = vec![];
        loop {
            let mut byte = [0];
            if inflated.read(&mut byte)? == 0 || header.len() == MAX_HEADER_LEN {
                return Err(damaged("the object's header is damaged"));
            }
            if byte == [0] {
                break;
            }
            header.push(byte[0]);
        }
        let (kind, size) = parse_header(&header).ok_or_else(|| damaged("the object's header is damaged"))?;
        Ok(Self { kind, size, content: Exactly { inner: inflated, left: size } })
    }
}

/// Where an object would be.
pub(super) fn path(objects: &Path, id: &ObjectId) -> PathBuf {
    let hex = id.to_string();
    objects.join(&hex[..2]).join(&hex[2..])
}

/// The loose objects under one of the 256 folders, and the folder's error if it cannot be read.
pub(super) fn list(objects: &Path, first: u8, id_len: usize) -> io::Result<Vec<(ObjectId, PathBuf)>> {
    let prefix = format!("{first:02x}");
    let entries = match fs::read_dir(objects.join(&prefix)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(vec![]),
        entries => entries?,
    };
    let mut found = vec![];
    for entry in entries {
        let entry = entry?;
        let named = format!("{prefix}{}", entry.file_name().to_string_lossy());
        // Others are what an interrupted git has left.
        if named.len() == 2 * id_len
            && let Some(id) = ObjectId::from_hex(named.as_bytes())
        {
            found.push((id, entry.path()));
        }
    }
    Ok(found)
}

fn parse_header(header: &[u8]) -> Option<(Kind, u64)> {
    let (kind, size) = std::str::from_utf8(header).ok()?.split_once(' ')?;
    Some((Kind::named(kind.as_bytes())?, size.parse().ok()?))
}

const MAX_HEADER_LEN: usize = 32;
