//! Why a master key cannot be split, a share not be read, and shares not be put together.

use crate::master_key::MasterKeyError;
use crate::secret::RandomError;

/// Why a master key is not split.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SplitError {
    /// The threshold does not fit the number of shares.
    #[error(
        "{number} shares of which {threshold} are enough cannot be: the threshold is at least 2, and no more than there are"
    )]
    Numbers {
        /// How many shares were asked for.
        number: u8,
        /// How many were to be enough.
        threshold: u8,
    },
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] RandomError),
}

/// Why a text is no share. Never holds any part of the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyShareError {
    /// Not URL-safe base64.
    #[error("a share is srs1- and 103 characters of URL-safe base64, and this has other characters")]
    Alphabet,
    /// The check does not fit the rest.
    #[error("the share is mistyped or damaged: its checksum does not fit")]
    Check,
    /// There is nothing.
    #[error("there is no share")]
    Empty,
    /// Written by a later version.
    #[error("the share has format {found}, which this version of strongroom does not know")]
    Format {
        /// The format.
        found: u8,
    },
    /// The wrong number of characters.
    #[error("a share has 108 characters, and this has {found}")]
    Length {
        /// How many there are.
        found: usize,
    },
    /// The check fits, and the numbers cannot be.
    #[error("the share is malformed: no set of shares has these numbers")]
    Malformed,
    /// It does not begin like one.
    #[error("a share begins with srs1- or is 56 words, and this is neither")]
    Prefix,
    /// More than one share, or something behind it.
    #[error("there is more than one share, or something else behind it")]
    Several,
    /// A word is not of the list.
    #[error("word {at} is not of the list of words")]
    Word {
        /// Which one, from 1.
        at: usize,
    },
    /// The wrong number of words.
    #[error("a share has 56 words, and this has {found}")]
    Words {
        /// How many there are.
        found: usize,
    },
}

/// Why shares give no key. Shares are counted from 0, in the order they were given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// The strength checks refuse the key.
    #[error(transparent)]
    Key(#[from] MasterKeyError),
    /// No share at all.
    #[error("there is no share")]
    None,
    /// Shares of two splittings.
    #[error("the shares are not of one set")]
    OtherSet {
        /// Those that are not of the set of the first.
        places: Vec<usize>,
    },
    /// Fewer than the threshold.
    #[error("{threshold} different shares are needed, and there are {found}")]
    TooFew {
        /// How many different ones there are.
        found: usize,
        /// How many it takes.
        threshold: usize,
        /// Those that repeat one before them.
        repeated: Vec<usize>,
    },
    /// There are too many ways to choose among the shares.
    #[error("{tried} ways to choose among the shares were tried, and none gives the master key")]
    TooManyWays {
        /// How many were tried.
        tried: usize,
    },
    /// Every checksum fits, and no choice of the shares gives the key of the fingerprint.
    #[error("the shares do not give the master key that their fingerprint names: at least {} of them are wrong", spare + 1)]
    Unproven {
        /// How many shares there are beyond the threshold.
        spare: usize,
    },
}
