//! Proofs about a log in the texts that its field has for them: some lines, an empty one, and the checkpoint that it leads to.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};

use super::checkpoint::decimal;
use super::signed::{MAX_LEN, Note, NoteError};
use crate::tree::Hash;

/// What a proof claims, its hashes, and the checkpoint, which nobody has checked. Printed as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Proof {
    pub(crate) claim: Claim,
    pub(crate) hashes: Vec<Hash>,
    pub(crate) checkpoint: Note,
}

/// What a proof claims of the log of its checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// It begins with one of so many leaves: the request to a witness (C2SP tlog-witness).
    Consistency { old: u64 },
    /// It has a leaf at this index, from 0 (C2SP tlog-proof). What the leaf says may stand beside it.
    Inclusion { index: u64, extra: Option<Vec<u8>> },
}

impl Proof {
    pub(crate) fn parse(text: &str) -> Result<Self, ProofTextError> {
        if text.len() > 2 * MAX_LEN {
            return Err(ProofTextError::TooLong);
        }
        let (head, note) = text.split_once("\n\n").ok_or(ProofTextError::Unended)?;
        let mut lines = head.split('\n').peekable();
        let first = lines.next().unwrap_or_default();
        let claim = if first == INCLUSION {
            let extra = lines.peek().and_then(|line| line.strip_prefix(EXTRA));
            let extra =
                extra.map(|base64| Base64::decode_vec(base64).map_err(|_| ProofTextError::Extra)).transpose()?;
            lines.next_if(|_| extra.is_some());
            let index = lines.next().and_then(|line| line.strip_prefix(INDEX)).and_then(decimal);
            Claim::Inclusion { index: index.ok_or(ProofTextError::Index)?, extra }
        } else {
            let old = first.strip_prefix(OLD).and_then(decimal).ok_or(ProofTextError::Kind)?;
            Claim::Consistency { old }
        };
        let hashes = (1..).zip(lines).map(|(at, line)| hash(line).ok_or(ProofTextError::Hash(at)));
        let hashes: Vec<_> = hashes.collect::<Result<_, _>>()?;
        if hashes.len() > MAX_HASHES {
            return Err(ProofTextError::TooManyHashes);
        }
        Ok(Self { claim, hashes, checkpoint: Note::parse(note)? })
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.claim {
            Claim::Consistency { old } => writeln!(out, "{OLD}{old}")?,
            Claim::Inclusion { index, extra } => {
                writeln!(out, "{INCLUSION}")?;
                if let Some(extra) = extra {
                    writeln!(out, "{EXTRA}{}", Base64::encode_string(extra))?;
                }
                writeln!(out, "{INDEX}{index}")?;
            }
        }
        self.hashes.iter().try_for_each(|hash| writeln!(out, "{}", Base64::encode_string(hash)))?;
        write!(out, "\n{}", self.checkpoint)
    }
}

impl FromStr for Proof {
    type Err = ProofTextError;

    fn from_str(text: &str) -> Result<Self, ProofTextError> {
        Self::parse(text)
    }
}

/// Why a text is no proof.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProofTextError {
    #[error("what stands behind `extra` is no base64")]
    Extra,
    #[error("hash {0} is not the base64 of 32 bytes")]
    Hash(usize),
    #[error("no line says the index, a number of 64 bits in its one spelling")]
    Index,
    #[error("it begins neither with `old` and a number of 64 bits nor with `{INCLUSION}`")]
    Kind,
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("it is longer than 2 MiB")]
    TooLong,
    #[error("it has more than {MAX_HASHES} hashes")]
    TooManyHashes,
    #[error("no empty line and no checkpoint follows the hashes")]
    Unended,
}

fn hash(base64: &str) -> Option<Hash> {
    Base64::decode_vec(base64).ok()?.try_into().ok()
}

/// A tree has no more levels.
const MAX_HASHES: usize = 64;
const INCLUSION: &str = "c2sp.org/tlog-proof@v1";
const EXTRA: &str = "extra ";
const INDEX: &str = "index ";
const OLD: &str = "old ";
