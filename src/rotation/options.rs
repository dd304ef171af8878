//! How to rotate.

use std::num::NonZeroUsize;

/// How to rotate.
#[derive(Clone, Debug)]
pub struct RotateOptions {
    pub(crate) to: Option<u32>,
    pub(crate) batch: NonZeroUsize,
    pub(crate) workers: Option<NonZeroUsize>,
    pub(crate) rewrap_only: bool,
    pub(crate) accept_record_set: bool,
}

impl Default for RotateOptions {
    fn default() -> Self {
        Self { to: None, batch: DEFAULT_BATCH, workers: None, rewrap_only: false, accept_record_set: false }
    }
}

impl RotateOptions {
    /// To the newest master key that is configured, in batches of 1,000 records.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rotates to this version.
    #[must_use]
    pub fn to(mut self, version: u32) -> Self {
        self.to = Some(version);
        self
    }

    /// Records in one batch. Other writers get their turn between batches.
    #[must_use]
    pub fn batch(mut self, records: NonZeroUsize) -> Self {
        self.batch = records.min(MAX_BATCH);
        self
    }

    /// Threads that open and seal, beside the one that writes; one less than the machine has, unless set.
    #[must_use]
    pub fn workers(mut self, threads: NonZeroUsize) -> Self {
        self.workers = Some(threads);
        self
    }

    /// Wraps the data keys under the new master key and leaves the records as they are.
    #[must_use]
    pub fn rewrap_only(mut self) -> Self {
        self.rewrap_only = true;
        self
    }

    /// Finishes although the records are not those that were written, and takes those that are there for the right
    /// ones. The audit log says so.
    #[must_use]
    pub fn accept_record_set(mut self) -> Self {
        self.accept_record_set = true;
        self
    }

    pub(super) fn worker_count(&self) -> NonZeroUsize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.workers.unwrap_or_else(|| NonZeroUsize::new(cores().saturating_sub(1)).unwrap_or(NonZeroUsize::MIN))
    }
}

const DEFAULT_BATCH: NonZeroUsize = NonZeroUsize::new(1_000).expect("not zero");
/// Keeps the memory of a rotation bounded, and the nonces under one prefix few.
const MAX_BATCH: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");
