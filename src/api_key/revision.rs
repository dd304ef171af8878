//! The revision of an API key: what a caller saw, so that a change can insist on it.

use std::fmt;
use std::str::FromStr;

/// Eight bytes, written as 16 hexadecimal digits, that are new whenever the record of an API key is written: by any
/// change, and by a rotation of the master key. They say nothing else.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision([u8; 8]);

impl Revision {
    pub(crate) fn of(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl FromStr for Revision {
    type Err = RevisionError;

    fn from_str(text: &str) -> Result<Self, RevisionError> {
        let mut bytes = [0; 8];
        base16ct::lower::decode(text, &mut bytes).ok().filter(|read| read.len() == 8).ok_or(RevisionError)?;
        Ok(Self(bytes))
    }
}

/// The text is not 16 lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a revision is 16 hexadecimal digits, as `show` prints it")]
pub struct RevisionError;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_has_one_spelling() {
        let good = "00ff17a9c3d2e1f0";
        assert_eq!(good.parse::<Revision>().expect(good).to_string(), good);
        for bad in
            ["", "00FF17A9C3D2E1F0", "00ff17a9c3d2e1", "00ff17a9c3d2e1f000", "00ff17a9c3d2e1fg", "00ff17a9c3d2e1f"]
        {
            assert_eq!(bad.parse::<Revision>(), Err(RevisionError), "{bad}");
        }
    }
}
