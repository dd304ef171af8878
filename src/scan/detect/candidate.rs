//! A literal that may be a key.

use std::ops::Range;

use zeroize::Zeroizing;

use crate::master_key::Fingerprint;
use crate::versions::MasterKeyVersion;

use super::find::Find;
use super::hit::ScanMode;

/// A literal that may be a key.
pub(super) struct Candidate {
    /// Where it stands in the content that `search` calls its context.
    pub(super) span: Range<usize>,
    /// Where it stands in the window.
    pub(super) place: Range<usize>,
    pub(super) kind: &'static str,
    /// What it decodes to, if that is 32 bytes.
    pub(super) bytes: Option<Zeroizing<[u8; 32]>>,
    /// Whether it is a whole literal, not one end of something longer.
    pub(super) whole: bool,
}

impl Candidate {
    pub(super) fn new(kind: &'static str, span: Range<usize>, bytes: Zeroizing<[u8; 32]>) -> Self {
        Self { place: span.clone(), span, kind, bytes: Some(bytes), whole: true }
    }

    /// The find, if its fingerprint is known.
    pub(super) fn known(&self, known: &[(MasterKeyVersion, Fingerprint)]) -> Option<Find> {
        if known.is_empty() {
            return None;
        }
        let fingerprint = Fingerprint::of(self.bytes.as_deref()?);
        let (version, _) = known.iter().find(|(_, known)| *known == fingerprint)?;
        Some(Find {
            span: self.place.clone(),
            mode: ScanMode::Fingerprint,
            kind: self.kind,
            version: Some(*version),
            fingerprint: Some(fingerprint),
            weak: None,
        })
    }
}
