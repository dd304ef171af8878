//! Pieces of stored ciphertext, and the search for them in the bytes of files.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Read};
use std::path::PathBuf;

use strongroom::SqliteStore;
use strongroom::store::{Rows, Table};

use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

/// 16 bytes that are nowhere else by chance.
type Needle = [u8; LEN];

pub(super) struct Needles(HashSet<Needle>);

impl Needles {
    /// The first bytes of every nonce and of every ciphertext in the records, and the `keyring` row, whose wraps are
    /// to be gone as well.
    pub(super) fn collect(store: &SqliteStore) -> Result<(Self, Vec<u8>), Failure> {
        let (mut needles, mut after) = (HashSet::new(), None::<Vec<u8>>);
        loop {
            let page = store.scan(Table::Keys, after.as_deref(), 1_000)?;
            let Some((last, _)) = page.last() else { break };
            after = Some(last.clone());
            needles.extend(page.iter().flat_map(|(_, record)| pieces(record)));
        }
        Ok((Self(needles), keyring(store)?))
    }

    /// Adds every piece of an old `keyring` row that the present one does not have.
    pub(super) fn with_row(mut self, old: &[u8], store: &SqliteStore) -> Result<Self, Failure> {
        let present = keyring(store)?;
        let kept: HashSet<&[u8]> = present.windows(LEN).collect();
        let gone = old.windows(LEN).filter(|piece| !kept.contains(piece));
        self.0.extend(gone.filter_map(|piece| Needle::try_from(piece).ok()));
        Ok(self)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// How many of them stand anywhere in the files.
    pub(super) fn count_in(&self, files: &[PathBuf]) -> Result<usize, Failure> {
        let mut found = HashSet::new();
        for file in files {
            let searched = self.search(file, &mut found);
            searched.map_err(|error| {
                Told::new(Exit::General, "unreadable-file", format!("cannot search {}: {error}", file.display()))
            })?;
        }
        Ok(found.len())
    }

    fn search(&self, file: &PathBuf, found: &mut HashSet<Needle>) -> io::Result<()> {
        let (mut file, mut window) = (File::open(file)?, Vec::with_capacity(CHUNK + LEN));
        loop {
            let read = file.by_ref().take(CHUNK as u64).read_to_end(&mut window)?;
            if read == 0 {
                return Ok(());
            }
            let pieces = window.windows(LEN).filter_map(|piece| Needle::try_from(piece).ok());
            found.extend(pieces.filter(|piece| self.0.contains(piece)));
            // A piece may begin in this chunk and end in the next.
            window.drain(..window.len().saturating_sub(LEN - 1));
        }
    }
}

/// Where nonces and ciphertexts begin (docs/format.md, Records).
fn pieces(record: &[u8]) -> impl Iterator<Item = Needle> {
    let verify_len = record.get(8..12).and_then(|len| len.try_into().ok()).map_or(0, u32::from_be_bytes) as usize;
    let parts = [HEADER_LEN, HEADER_LEN + verify_len];
    let starts = parts.into_iter().flat_map(|part| [part, part + NONCE_LEN]);
    starts.filter_map(|start| record.get(start..start + LEN)?.try_into().ok())
}

fn keyring(store: &SqliteStore) -> Result<Vec<u8>, Failure> {
    Ok(store.get(Table::Vault, b"keyring")?.unwrap_or_default())
}

const LEN: usize = 16;
const HEADER_LEN: usize = 32;
const NONCE_LEN: usize = 24;
const CHUNK: usize = 1024 * 1024;
