//! From finds in windows to hits: lines and columns, each key once, and comments that allow.

use std::ops::Range;

use crate::master_key::Fingerprint;
use crate::versions::MasterKeyVersion;

use super::hit::{Hit, Sameness, ScanMode, Scanned};
use super::marks::{Marks, is_allowed};
use super::position::Lines;

/// A key in a window.
pub(super) struct Find {
    pub(super) span: Range<usize>,
    pub(super) mode: ScanMode,
    pub(super) kind: &'static str,
    pub(super) version: Option<MasterKeyVersion>,
    pub(super) fingerprint: Option<Fingerprint>,
    /// What the checks of master keys refuse it for.
    pub(super) weak: Option<&'static str>,
}

impl Find {
    pub(super) fn generic(span: Range<usize>, kind: &'static str, fingerprint: Option<Fingerprint>) -> Self {
        Self { span, mode: ScanMode::Generic, kind, version: None, fingerprint, weak: None }
    }
}

/// One content, window after window.
pub(super) struct Sweep {
    scanned: Scanned,
    lines: Lines,
    kept: Vec<Kept>,
    marks: Marks,
}

struct Kept {
    span: Range<u64>,
    mode: ScanMode,
    version: Option<MasterKeyVersion>,
}

impl Sweep {
    pub(super) fn new(marks: Marks) -> Self {
        Self { scanned: Scanned::default(), lines: Lines::default(), kept: vec![], marks }
    }

    /// Takes the finds of a window, the first `len` bytes of what is known of the content; some may stand behind it. The next
    /// window begins `overlap` before this one's end.
    pub(super) fn window(&mut self, content: &[u8], len: usize, mut finds: Vec<Find>, overlap: usize, last: bool) {
        finds.sort_by_key(|find| (find.mode, find.span.start));
        let mut hits: Vec<(u64, Hit)> = vec![];
        for find in finds {
            let base = self.lines.start();
            let span = base + find.span.start as u64..base + find.span.end as u64;
            if self.is_known(&span, &find) {
                continue;
            }
            if is_allowed(content, &find.span, self.marks) {
                self.scanned.allowed += 1;
            } else {
                let (line, column) = self.lines.place(content, find.span.start);
                let sameness = Sameness::of(&content[find.span.clone()]);
                let Find { mode, kind, version, fingerprint, weak, .. } = find;
                hits.push((span.start, Hit { line, column, mode, kind, version, fingerprint, weak, sameness }));
            }
            self.kept.push(Kept { span, mode: find.mode, version: find.version });
        }
        hits.sort_by_key(|(start, _)| *start);
        self.scanned.hits.extend(hits.into_iter().map(|(_, hit)| hit));
        if !last {
            let next = len - overlap;
            self.lines.advance(content, next);
            let start = self.lines.start();
            self.kept.retain(|kept| kept.span.end > start);
        }
    }

    pub(super) fn done(mut self, bytes: u64, cut: u64) -> Scanned {
        self.scanned.bytes = bytes;
        self.scanned.cut = cut;
        self.scanned.hits.sort_by_key(|hit| (hit.line, hit.column));
        self.scanned
    }

    /// Whether the same key was already found there: in the window before, in another writing, or by a surer mode.
    fn is_known(&self, span: &Range<u64>, find: &Find) -> bool {
        self.kept.iter().rev().take(NEIGHBOURS).any(|kept| {
            let overlaps = kept.span.start < span.end && span.start < kept.span.end;
            overlaps && (kept.mode != find.mode || kept.version == find.version)
        })
    }
}

/// How many earlier finds are compared with: a bound, so that a file full of finds takes linear time.
const NEIGHBOURS: usize = 64;
