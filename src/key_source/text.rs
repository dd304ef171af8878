//! What a source gives: its text, and what an operator should know of it.

use std::io::Read;

use zeroize::Zeroizing;

use super::error::SourceError;
use super::origin::Origin;

/// Something an operator should know of a source that was read nevertheless.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SourceConcern {
    /// A stable name for scripts.
    pub id: &'static str,
    /// What was found.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

/// What a source gave.
pub(crate) struct SourceText {
    pub(crate) origin: Origin,
    pub(crate) concerns: Vec<SourceConcern>,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl SourceText {
    pub(crate) fn text(&self) -> Result<&str, SourceError> {
        if self.bytes.starts_with(&[0xff, 0xfe]) || self.bytes.starts_with(&[0xfe, 0xff]) {
            return Err(SourceError::Utf16 { origin: self.origin.clone() });
        }
        std::str::from_utf8(&self.bytes).map_err(|_| SourceError::NotText { origin: self.origin.clone() })
    }
}

/// A source whose keys are written as a list.
pub(crate) trait TextSource {
    /// Reads it; `None` where there is no such source.
    fn text(&self) -> Result<Option<SourceText>, SourceError>;
}

/// Everything there is to read, into a buffer that is neither moved nor grown; `None` when it is longer than allowed.
pub(super) fn read_whole(mut from: impl Read) -> std::io::Result<Option<Zeroizing<Vec<u8>>>> {
    let mut bytes = Zeroizing::new(vec![0; MAX_TEXT_LEN + 1]);
    let mut len = 0;
    while len < bytes.len() {
        match from.read(&mut bytes[len..]) {
            Ok(0) => break,
            Ok(read) => len += read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    bytes.truncate(len);
    Ok((len <= MAX_TEXT_LEN).then_some(bytes))
}

/// The longest list of keys, in bytes.
pub(super) const MAX_TEXT_LEN: usize = 64 * 1024;
