//! The verifier keys a process was given, by the version of the master key that each was derived from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::path::Path;

use crate::key_list::{ListError, entries, plain};
use crate::key_source::{KeyFile, KeyVariable, Origin, Origins, SourceConcern, SourceError, TextSource, beside};
use crate::master_key::Fingerprint;
use crate::verifier_key::{VerifierKey, VerifierKeyError};
use crate::versions::MasterKeyVersion;

/// Verifier keys by the version of their master key. Around a rotation a process has two: without that of the new version
/// it stops at the moment the new master key is active.
#[derive(Debug, Default)]
pub struct VerifierKeys {
    keys: BTreeMap<MasterKeyVersion, (VerifierKey, Origin)>,
    concerns: Vec<SourceConcern>,
}

impl VerifierKeys {
    /// Reads `VERSION:KEY` entries in the syntax of [`MasterKeys::parse`](crate::MasterKeys::parse).
    pub fn parse(text: &str) -> Result<Self, VerifierKeysError> {
        Self::parse_from(text, &Origin::Text)
    }

    /// Reads the variable `STRONGROOM_VERIFIER_KEYS` and the file that `STRONGROOM_VERIFIER_KEYS_FILE` names, and takes
    /// both together.
    pub fn from_env() -> Result<Self, VerifierKeysError> {
        let mut keys = Self::default();
        keys.read(&KeyVariable::new(KEYS_VARIABLE))?;
        if let Some(file) = KeyFile::from_variable(FILE_VARIABLE)? {
            keys.read(&file)?;
        }
        if keys.keys.is_empty() { Err(VerifierKeysError::NotSet) } else { Ok(keys) }
    }

    /// Reads a file in the same syntax, at most 64 KiB, that nobody else can exchange.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, VerifierKeysError> {
        let mut keys = Self::default();
        keys.read(&KeyFile::new(path.as_ref()))?;
        Ok(keys)
    }

    /// Adds a key. A version or a key that is already there is an error.
    pub fn insert(&mut self, version: MasterKeyVersion, key: VerifierKey) -> Result<(), VerifierKeysError> {
        self.insert_from(version, key, Origin::Caller)
    }

    /// Versions, and the fingerprints of their master keys, in ascending order.
    pub fn versions(&self) -> impl Iterator<Item = (MasterKeyVersion, Fingerprint)> {
        self.keys.iter().map(|(version, (key, _))| (*version, key.fingerprint()))
    }

    /// What an operator should know of the sources; see [`MasterKeys::concerns`](crate::MasterKeys::concerns).
    pub fn concerns(&self, store: Option<&Path>) -> Vec<SourceConcern> {
        let mut files: Vec<_> = self.keys.values().filter_map(|(_, origin)| origin.path()).collect();
        files.sort_unstable();
        files.dedup();
        let beside = files.into_iter().filter_map(|file| beside(file, store?));
        self.concerns.iter().cloned().chain(beside).collect()
    }

    pub(crate) fn into_keys(self) -> impl Iterator<Item = (MasterKeyVersion, VerifierKey)> {
        self.keys.into_iter().map(|(version, (key, _))| (version, key))
    }

    fn read(&mut self, source: &impl TextSource) -> Result<(), VerifierKeysError> {
        let Some(source) = source.text()? else { return Ok(()) };
        self.concerns.extend(source.concerns.iter().cloned());
        let read = Self::parse_from(source.text()?, &source.origin)?;
        read.keys.into_iter().try_for_each(|(version, (key, origin))| self.insert_from(version, key, origin))
    }

    fn parse_from(text: &str, origin: &Origin) -> Result<Self, VerifierKeysError> {
        let malformed = |fault| VerifierKeysError::List { origin: origin.clone(), fault };
        let mut keys = Self::default();
        let list = plain(text).map_err(malformed)?;
        for (entry, version, key) in entries(&list).map_err(malformed)? {
            let key = VerifierKey::parse(key);
            let key = key.map_err(|fault| VerifierKeysError::Key { origin: origin.clone(), entry, fault })?;
            keys.insert_from(version, key, origin.clone())?;
        }
        Ok(keys)
    }

    fn insert_from(
        &mut self,
        version: MasterKeyVersion,
        key: VerifierKey,
        origin: Origin,
    ) -> Result<(), VerifierKeysError> {
        let same = self.keys.iter().find(|(known, (held, _))| **known != version && key.same_as(held));
        if let Some((&first, (_, held))) = same {
            let origins = (held.clone(), origin).into();
            return Err(VerifierKeysError::SameKey { first, second: version, origins });
        }
        match self.keys.entry(version) {
            Entry::Vacant(vacant) => vacant.insert((key, origin)),
            Entry::Occupied(held) => {
                let origins = (held.get().1.clone(), origin).into();
                return Err(VerifierKeysError::Twice { version, origins });
            }
        };
        Ok(())
    }
}

/// Why the verifier keys could not be read. Never holds any part of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierKeysError {
    /// An entry's key is malformed.
    #[error("entry {entry} of {origin}: {fault}")]
    Key {
        /// Where it stands.
        origin: Origin,
        /// Which one, from 1.
        entry: usize,
        /// What is wrong with it.
        fault: VerifierKeyError,
    },
    /// A text is no list of keys.
    #[error("{origin} is no list of verifier keys: {fault}")]
    List {
        /// Where it stands.
        origin: Origin,
        /// What is wrong with it.
        fault: ListError,
    },
    /// No source is there.
    #[error("no verifier key is configured")]
    NotSet,
    /// One key is given for two versions.
    #[error("verifier keys {first} and {second} are the same key: {origins}")]
    SameKey {
        /// The version that was read first.
        first: MasterKeyVersion,
        /// The other version.
        second: MasterKeyVersion,
        /// Where both come from.
        origins: Origins,
    },
    /// A source could not be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A version is given twice.
    #[error("verifier key {version} is given twice: {origins}")]
    Twice {
        /// The version.
        version: MasterKeyVersion,
        /// Where both come from.
        origins: Origins,
    },
}

const KEYS_VARIABLE: &str = "STRONGROOM_VERIFIER_KEYS";
const FILE_VARIABLE: &str = "STRONGROOM_VERIFIER_KEYS_FILE";
