//! Rows handed to workers: each batch once, in the order of the keys.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::error::Error;
use crate::store::{Row, Store, Table};

/// The records from a cursor on, a batch at a time.
pub(super) struct Feed<'a> {
    store: &'a dyn Store,
    limit: usize,
    stopped: AtomicBool,
    next: Mutex<Option<(u64, Option<Vec<u8>>)>>,
}

impl<'a> Feed<'a> {
    pub(super) fn new(store: &'a dyn Store, cursor: Option<Vec<u8>>, limit: usize) -> Self {
        Self { store, limit, stopped: AtomicBool::new(false), next: Mutex::new(Some((0, cursor))) }
    }

    /// From now on there is nothing more to take.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
    }

    /// The next batch and its number, from 0; `None` at the end.
    pub(super) fn take(&self) -> Result<Option<(u64, Vec<Row>)>, Error> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((number, after)) = next.take().filter(|_| !self.stopped.load(Ordering::Relaxed)) else {
            return Ok(None);
        };
        let rows = self.store.scan(Table::Keys, after.as_deref(), self.limit)?;
        let Some((last, _)) = rows.last() else { return Ok(None) };
        *next = Some((number + 1, Some(last.clone())));
        Ok(Some((number, rows)))
    }
}
