//! The text of a log's checkpoint (C2SP tlog-checkpoint): which log, how many leaves, and their root.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};

/// What a log says of itself at one moment. Printed as it is signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Checkpoint {
    origin: String,
    size: u64,
    root: [u8; 32],
    extensions: Vec<String>,
}

impl Checkpoint {
    pub(crate) fn new(
        origin: String,
        size: u64,
        root: [u8; 32],
        extensions: Vec<String>,
    ) -> Result<Self, CheckpointError> {
        if !is_line(&origin) {
            return Err(CheckpointError::Origin);
        }
        if !extensions.iter().all(|line| is_line(line)) {
            return Err(CheckpointError::Extension);
        }
        Ok(Self { origin, size, root, extensions })
    }

    /// The text of a note, without its signatures.
    pub(crate) fn parse(text: &str) -> Result<Self, CheckpointError> {
        let mut lines = text.strip_suffix('\n').ok_or(CheckpointError::Unended)?.split('\n');
        let origin = lines.next().ok_or(CheckpointError::Origin)?;
        let size = lines.next().and_then(decimal).ok_or(CheckpointError::Size)?;
        let root = lines.next().and_then(root).ok_or(CheckpointError::Root)?;
        Self::new(origin.to_owned(), size, root, lines.map(str::to_owned).collect())
    }

    /// The log that says it.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// The number of leaves.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// The root of the tree over them.
    pub(crate) fn root(&self) -> &[u8; 32] {
        &self.root
    }

    /// The lines after these three, without their line feeds.
    pub(crate) fn extensions(&self) -> &[String] {
        &self.extensions
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}\n{}\n{}", self.origin, self.size, Base64::encode_string(&self.root))?;
        self.extensions.iter().try_for_each(|line| writeln!(out, "{line}"))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        Self::parse(text)
    }
}

/// Why a text is not that of a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CheckpointError {
    #[error("the checkpoint has an empty line, or a control character in one")]
    Extension,
    #[error("the checkpoint does not begin with an origin")]
    Origin,
    #[error("the third line of the checkpoint is not the base64 of 32 bytes")]
    Root,
    #[error("the second line of the checkpoint is not a number of 64 bits in its one spelling")]
    Size,
    #[error("the checkpoint does not end with a line feed")]
    Unended,
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte >= b' ')
}

/// A number in its one spelling.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    // Neither zeros nor a plus in front.
    (number.to_string() == text).then_some(number)
}

fn root(base64: &str) -> Option<[u8; 32]> {
    Base64::decode_vec(base64).ok()?.try_into().ok()
}
