//! The same without age: nobody to encrypt to, and nothing that decrypts.

use std::io::{self, Read, Write};
use std::path::PathBuf;

use super::plain::look_at;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::told::Told;

/// Nobody.
pub(crate) struct Recipients;

impl Recipients {
    pub(crate) fn parse(texts: &[String]) -> Result<Self, Failure> {
        if texts.is_empty() { Ok(Self) } else { Err(built_without("an age recipient is given")) }
    }

    #[expect(clippy::unused_self, reason = "the other build has some")]
    pub(crate) fn len(&self) -> usize {
        0
    }

    #[expect(clippy::unused_self, reason = "the other build has some")]
    pub(crate) fn only(&self, _at: usize) -> Self {
        Self
    }

    #[expect(clippy::unused_self, reason = "the other build has some")]
    pub(crate) fn names(&self) -> Vec<String> {
        vec![]
    }

    /// Never writes in clear what was to be encrypted.
    #[expect(clippy::unused_self, reason = "the other build has some")]
    pub(crate) fn encrypt(
        &self,
        _to: impl Write,
        _armored: bool,
        _write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// None.
pub(crate) struct Identities;

impl Identities {
    pub(crate) fn open(files: &[PathBuf]) -> Result<Self, Failure> {
        if files.is_empty() { Ok(Self) } else { Err(built_without("an age identity is given")) }
    }

    #[expect(clippy::unused_self, reason = "the other build has some")]
    pub(crate) fn reader<'r>(&self, from: impl Read + 'r, name: &str) -> Result<Box<dyn Read + 'r>, Failure> {
        match look_at(from, name)? {
            (from, false) => Ok(Box::new(from)),
            (_, true) => Err(built_without(&format!("{name} is encrypted with age"))),
        }
    }
}

fn built_without(what: &str) -> Failure {
    Told::new(Exit::Usage, "built-without-age", format!("{what}, and this program was built without age"))
        .hint("install it with age: `cargo install strongroom-cli --features age`")
        .into()
}
