//! Why a text is no list of keys.

/// Why a text is no list of keys. Never holds any part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The variable is set twice, and a shell and its like would disagree on which of the two counts.
    #[error("the variable is set in it twice")]
    AssignedTwice,
    /// Nothing but separators.
    #[error("it is empty")]
    Empty,
    /// An entry has no colon.
    #[error("entry {entry} is not VERSION:KEY")]
    Entry {
        /// Which one, from 1.
        entry: usize,
    },
    /// It begins like JSON, and is no object of versions and keys.
    #[error("it is no JSON object with versions for names and keys, without escapes, for values")]
    Json,
    /// It is something else.
    #[error("{0}")]
    Mistaken(Mistaken),
    /// It sets variables, and none of them is the one that holds the list.
    #[error("line {line} sets another variable than the one that holds the list")]
    OtherVariable {
        /// The first of them, from 1.
        line: usize,
    },
    /// Its quotes do not belong together, or are typographic ones.
    #[error("a quote in it is not closed, or is a typographic one")]
    Quote,
    /// A version is not a number from 1 to 4294967295.
    #[error("the version of entry {entry} is not a number from 1")]
    Version {
        /// Which one, from 1.
        entry: usize,
    },
}

/// What stands in the place of a list. Each reads after a colon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Mistaken {
    /// An identity, a recipient or a file of age.
    #[error("it is an identity, a recipient or a file of age")]
    Age,
    /// The name of a file.
    #[error("it is the name of a file, and not what is in it")]
    Path,
    /// A block of PEM.
    #[error("it is a block of PEM, such as a certificate or a private key")]
    Pem,
    /// What a key service or a tool encrypted, or the name of a key there.
    #[error("it is what a key service or a tool has encrypted, or names, and not a key")]
    Sealed,
    /// A variable or a command in the syntax of a shell.
    #[error("a variable or a command of a shell in it was not expanded")]
    Unexpanded,
}
