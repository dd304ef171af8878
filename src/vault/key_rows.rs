//! The rows of API keys in the order of their ids, read a piece at a time.

use std::vec;

use crate::error::Error;
use crate::page::{Cursor, Page};
use crate::store::{Row, Store, Table};
use crate::token::ApiKeyId;
use crate::vault::handle::Verifier;

impl Verifier {
    /// The rows behind a cursor, or all of them, read so many at a time.
    pub(super) fn key_rows(&self, after: Option<Cursor>, piece: usize) -> Result<KeyRows<'_>, Error> {
        let after = after.map(Cursor::api_key).transpose()?.map(|id| id.to_bytes().to_vec());
        Ok(KeyRows { store: self.ledger.store(), after, len: piece, piece: vec![].into_iter(), ended: false })
    }

    /// A page of them, read at once.
    pub(super) fn key_page(&self, after: Option<Cursor>, limit: usize) -> Result<Page<KeyRow>, Error> {
        Page::take(limit, self.key_rows(after, limit.saturating_add(1))?, |(id, _)| Cursor::after_api_key(*id))
    }
}

/// An id, and the record that stands there.
pub(super) type KeyRow = (ApiKeyId, Vec<u8>);

/// An iterator that ends with the first error. Rows that are none of API keys are passed over.
pub(super) struct KeyRows<'s> {
    store: &'s dyn Store,
    after: Option<Vec<u8>>,
    len: usize,
    piece: vec::IntoIter<Row>,
    ended: bool,
}

impl KeyRows<'_> {
    /// Whether the next one has yet to be read.
    pub(super) fn is_unread(&self) -> bool {
        self.piece.len() == 0
    }

    /// The next one that was read; `None` when another piece has to be.
    fn next_read(&mut self) -> Option<KeyRow> {
        for (key, bytes) in self.piece.by_ref() {
            match ApiKeyId::from_row(&key) {
                // No API key stands behind it.
                Some(ApiKeyId::SENTINEL) => self.ended = true,
                Some(id) => return Some((id, bytes)),
                None => {}
            }
        }
        None
    }

    fn read(&mut self) -> Result<(), Error> {
        let piece = self.store.scan(Table::Keys, self.after.as_deref(), self.len)?;
        match piece.last() {
            Some((last, _)) => self.after = Some(last.clone()),
            None => self.ended = true,
        }
        self.piece = piece.into_iter();
        Ok(())
    }
}

impl Iterator for KeyRows<'_> {
    type Item = Result<KeyRow, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.next_read() {
                return Some(Ok(row));
            }
            if self.ended {
                return None;
            }
            if let Err(error) = self.read() {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}
