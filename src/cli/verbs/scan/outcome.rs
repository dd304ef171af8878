//! What came of a scan.

use strongroom::scan::{Missed, ScanCounts, Secret};

use super::known::Known;
use crate::exit::Exit;

pub(super) struct Outcome {
    pub(super) known: Known,
    pub(super) counts: ScanCounts,
    pub(super) secrets: Vec<Secret>,
    pub(super) missed: Vec<Missed>,
    pub(super) seconds: f64,
    /// Whether git's objects were among what was read.
    pub(super) history: bool,
}

impl Outcome {
    pub(super) fn complete(&self) -> bool {
        self.counts.missed == 0
    }

    /// A find outranks what could not be read: the document says both.
    pub(super) fn exit(&self) -> Exit {
        match (self.counts.found, self.complete()) {
            (0, true) => Exit::Success,
            (0, false) => Exit::Incomplete,
            _ => Exit::NotValid,
        }
    }
}
