//! Master keys by version, each with where it came from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::Path;

use super::error::MasterKeysError;
use crate::key_list::{entries, plain};
use crate::key_source::{Origin, SourceConcern, SourceText, beside};
use crate::master_key::{Fingerprint, MasterKey, Waivers};
use crate::versions::MasterKeyVersion;

/// Master keys by version. Which one is active is the vault's knowledge, not the environment's.
#[derive(Debug, Default)]
pub struct MasterKeys {
    pub(super) keys: BTreeMap<MasterKeyVersion, Held>,
    concerns: Vec<SourceConcern>,
}

#[derive(Debug)]
pub(super) struct Held {
    pub(super) key: MasterKey,
    pub(super) origin: Origin,
}

impl MasterKeys {
    /// One key, as version 1.
    pub fn single(key: MasterKey) -> Self {
        let held = Held { key, origin: Origin::Caller };
        Self { keys: BTreeMap::from([(MasterKeyVersion::FIRST, held)]), concerns: vec![] }
    }

    /// Reads `VERSION:KEY` entries separated by commas or white space, one bare key as version 1, or a JSON object with
    /// versions for names and keys for values. What environment files have around such a list is no part of it: quotes, comments,
    /// `export STRONGROOM_MASTER_KEYS=`, other variables, a byte order mark, a second layer of base64.
    ///
    /// ```
    /// # use strongroom::{MasterKey, MasterKeys};
    /// let (one, two) = (MasterKey::generate()?, MasterKey::generate()?);
    /// let keys = MasterKeys::parse(&format!("1:{}, 2:{}", one.to_text().expose(), two.to_text().expose()))?;
    /// assert_eq!(keys.versions().map(|(version, _)| version.get()).collect::<Vec<_>>(), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MasterKeysError> {
        Self::parse_accepting(text, &Waivers::none())
    }

    /// The same, where `waivers` may cover what the strength checks refuse.
    pub fn parse_accepting(text: &str, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        Self::parse_from(text, &Origin::Text, waivers)
    }

    /// Marks a key that was judged.
    pub(crate) fn trust(&mut self, version: MasterKeyVersion) {
        if let Some(held) = self.keys.get_mut(&version) {
            held.key.trust();
        }
    }

    /// Adds a key. A version or a key that is already there is an error.
    ///
    /// ```
    /// use strongroom::{MasterKey, MasterKeyVersion, MasterKeys};
    ///
    /// let mut keys = MasterKeys::single(MasterKey::generate()?);
    /// keys.insert(MasterKeyVersion::try_from(2)?, MasterKey::generate()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert(&mut self, version: MasterKeyVersion, key: MasterKey) -> Result<(), MasterKeysError> {
        self.insert_from(version, key, Origin::Caller)
    }

    /// The same, with where the key comes from, for messages.
    pub fn insert_from(
        &mut self,
        version: MasterKeyVersion,
        key: MasterKey,
        origin: Origin,
    ) -> Result<(), MasterKeysError> {
        let same = self.keys.iter().find(|(known, held)| **known != version && key.same_as(&held.key));
        if let Some((&first, held)) = same {
            let origins = (held.origin.clone(), origin).into();
            return Err(MasterKeysError::SameKey { first, second: version, origins });
        }
        match self.keys.entry(version) {
            Entry::Vacant(vacant) => vacant.insert(Held { key, origin }),
            Entry::Occupied(held) => {
                let origins = (held.get().origin.clone(), origin).into();
                return Err(MasterKeysError::Twice { version, origins });
            }
        };
        Ok(())
    }

    /// The key of a version.
    pub fn key(&self, version: MasterKeyVersion) -> Option<&MasterKey> {
        self.keys.get(&version).map(|held| &held.key)
    }

    /// Versions and fingerprints in ascending order.
    pub fn versions(&self) -> impl Iterator<Item = (MasterKeyVersion, Fingerprint)> {
        self.iter().map(|(version, key)| (version, key.fingerprint()))
    }

    /// Where the key of a version came from.
    pub fn origin(&self, version: MasterKeyVersion) -> Option<&Origin> {
        self.keys.get(&version).map(|held| &held.origin)
    }

    /// What an operator should know of the sources: key files that others can read, that are links, that belong to
    /// others. With the path of the store also those that lie beside it.
    pub fn concerns(&self, store: Option<&Path>) -> Vec<SourceConcern> {
        let mut files: Vec<_> = self.keys.values().filter_map(|held| held.origin.path()).collect();
        files.sort_unstable();
        files.dedup();
        let beside = files.into_iter().filter_map(|file| beside(file, store?));
        self.concerns.iter().cloned().chain(beside).collect()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (MasterKeyVersion, &MasterKey)> {
        self.keys.iter().map(|(version, held)| (*version, &held.key))
    }

    pub(super) fn absorb(&mut self, other: Self) -> Result<(), MasterKeysError> {
        self.concerns.extend(other.concerns);
        other.keys.into_iter().try_for_each(|(version, held)| self.insert_from(version, held.key, held.origin))
    }

    pub(super) fn parse_source(source: &SourceText, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let keys = Self::parse_from(source.text()?, &source.origin, waivers)?;
        Ok(Self { concerns: source.concerns.clone(), ..keys })
    }

    pub(super) fn parse_from(text: &str, origin: &Origin, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let malformed = |fault| MasterKeysError::List { origin: origin.clone(), fault };
        let mut keys = Self::default();
        let list = plain(text).map_err(malformed)?;
        for (entry, version, key) in entries(&list).map_err(malformed)? {
            if key.starts_with(crate::verifier_key::PREFIX) {
                return Err(MasterKeysError::VerifierKey { origin: origin.clone(), entry });
            }
            let key = MasterKey::parse_accepting(key, waivers);
            let key = key.map_err(|fault| MasterKeysError::Key { origin: origin.clone(), entry, fault })?;
            keys.insert_from(version, key, origin.clone())?;
        }
        Ok(keys)
    }
}

impl fmt::Display for MasterKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.versions().map(|(version, print)| format!("{version} ({print})")).collect();
        out.write_str(&named.join(", "))
    }
}
