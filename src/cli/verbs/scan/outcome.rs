//! What came of a scan.

use strongroom::scan::{Missed, ScanCounts, Secret};

use super::accepted::Accepted;
use super::known::Known;
use crate::exit::Exit;

pub(super) struct Outcome {
    pub(super) known: Known,
    pub(super) accepted: Accepted,
    /// Without what is accepted.
    pub(super) counts: ScanCounts,
    pub(super) secrets: Vec<Secret>,
    pub(super) missed: Vec<Missed>,
    pub(super) seconds: f64,
    /// Whether git's objects were among what was read.
    pub(super) history: bool,
    /// The exit code of the signal that stopped it.
    pub(super) stopped: Option<Exit>,
}

impl Outcome {
    pub(super) fn complete(&self) -> bool {
        self.counts.missed == 0 && self.stopped.is_none()
    }

    /// A signal outranks a find, and a find what could not be read: the document says all.
    pub(super) fn exit(&self) -> Exit {
        match (self.stopped, self.counts.found, self.complete()) {
            (Some(exit), ..) => exit,
            (None, 0, true) => Exit::Success,
            (None, 0, false) => Exit::Incomplete,
            _ => Exit::NotValid,
        }
    }
}
