//! Why master keys could not be read, and from where.

use crate::key_list::ListError;
use crate::key_source::{Origin, Origins, SourceError};
use crate::master_key::MasterKeyError;
use crate::versions::MasterKeyVersion;

/// Why the master keys could not be read. Never holds any part of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeysError {
    /// An entry's key is malformed or weak.
    #[error("entry {entry} of {origin}: {fault}")]
    Key {
        /// Where it stands.
        origin: Origin,
        /// Which one, from 1.
        entry: usize,
        /// What is wrong with it.
        fault: MasterKeyError,
    },
    /// A text is no list of keys.
    #[error("{origin} is no list of master keys: {fault}")]
    List {
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        fault: ListError,
    },
    /// No source is there.
    #[error("no master key is configured: no source of them is there")]
    NotSet,
    /// A source of the caller's own failed.
    #[error("cannot read {origin}")]
    Other {
        /// Which source.
        origin: Origin,
        /// What it says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Two versions have the same key.
    #[error("master keys {first} and {second} are the same key ({origins})")]
    SameKey {
        /// One version.
        first: MasterKeyVersion,
        /// The other.
        second: MasterKeyVersion,
        /// Where both come from.
        origins: Origins,
    },
    /// A source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A version is given twice.
    #[error("master key {version} is given twice: {origins}")]
    Twice {
        /// The version.
        version: MasterKeyVersion,
        /// Where both come from.
        origins: Origins,
    },
    /// An entry is a verifier key.
    #[error("entry {entry} of {origin} is a verifier key, and no master key")]
    VerifierKey {
        /// Where it stands.
        origin: Origin,
        /// Which one, from 1.
        entry: usize,
    },
}
