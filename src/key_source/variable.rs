//! Keys in a variable of the environment.

use std::ffi::OsString;
use std::path::PathBuf;

use zeroize::Zeroizing;

use super::error::SourceError;
use super::origin::Origin;
use super::text::{MAX_TEXT_LEN, SourceText, TextSource};

/// A variable of the environment that holds a list of keys. It is looked up when it is read; an empty one counts as not
/// set.
#[derive(Clone, Debug)]
pub struct KeyVariable {
    name: String,
}

impl KeyVariable {
    /// The variable of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self { name: name.into() }
    }

    pub(crate) fn origin(&self) -> Origin {
        Origin::Variable { name: self.name.clone() }
    }
}

impl TextSource for KeyVariable {
    fn text(&self) -> Result<Option<SourceText>, SourceError> {
        let Some(bytes) = secret_variable(&self.name) else { return Ok(None) };
        let origin = self.origin();
        if bytes.len() > MAX_TEXT_LEN {
            return Err(SourceError::TooLong { origin });
        }
        Ok(Some(SourceText { origin, concerns: vec![], bytes }))
    }
}

/// The bytes of a variable that is set and not empty. Taken over without another copy.
pub(super) fn secret_variable(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    let bytes = std::env::var_os(name).map(OsString::into_encoded_bytes).map(Zeroizing::new);
    bytes.filter(|bytes| !bytes.is_empty())
}

/// The path in a variable that is set and not empty.
pub(super) fn variable_path(name: &str) -> Option<PathBuf> {
    std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from)
}
