//! Literals that decode to 32 bytes.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::master_key::Fingerprint;

use super::ScanMode;
use super::find::Find;

/// 32 bytes that are written in the content.
pub(super) struct Candidate {
    pub(super) span: Range<usize>,
    pub(super) kind: &'static str,
    pub(super) bytes: Zeroizing<[u8; 32]>,
}

impl Candidate {
    /// The find, if its fingerprint is known.
    pub(super) fn known(&self, known: &[(u32, Fingerprint)]) -> Option<Find> {
        if known.is_empty() {
            return None;
        }
        let fingerprint = Fingerprint::of(&self.bytes);
        let (version, _) = known.iter().find(|(_, known)| *known == fingerprint)?;
        Some(Find {
            span: self.span.clone(),
            mode: ScanMode::Fingerprint,
            kind: self.kind,
            version: Some(*version),
            fingerprint: Some(fingerprint),
        })
    }
}

/// Tells `found` every candidate in the window.
pub(super) fn search(_window: &[u8], _found: &mut dyn FnMut(Candidate)) {}
