//! The master keys a process was given, by version, and which source gave each.

mod candidates;
mod error;
mod source;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::path::Path;

use crate::key_list::entries;
use crate::key_source::{
    KeyCommand, KeyFile, KeyVariable, Origin, SourceConcern, SourceText, SystemdCredential, TextSource, beside,
    variable_path,
};
use crate::master_key::{Fingerprint, MasterKey, Waivers};
use crate::versions::MasterKeyVersion;

pub(crate) use candidates::Candidates;
pub use error::MasterKeysError;
pub use source::MasterKeySource;

/// Master keys by version. Which one is active is the vault's knowledge, not the environment's.
#[derive(Debug, Default)]
pub struct MasterKeys {
    keys: BTreeMap<MasterKeyVersion, Held>,
    concerns: Vec<SourceConcern>,
}

#[derive(Debug)]
struct Held {
    key: MasterKey,
    origin: Origin,
}

impl MasterKeys {
    /// One key, as version 1.
    pub fn single(key: MasterKey) -> Self {
        let held = Held { key, origin: Origin::Caller };
        Self { keys: BTreeMap::from([(MasterKeyVersion::FIRST, held)]), concerns: vec![] }
    }

    /// Reads `VERSION:KEY` entries separated by commas or white space, one bare key as version 1, or a JSON object with
    /// versions for names and keys for values.
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

    /// Reads everything the environment names, and takes all of it together:
    ///
    /// - the variable `STRONGROOM_MASTER_KEYS`;
    /// - the file that `STRONGROOM_MASTER_KEYS_FILE` names ([`KeyFile`]);
    /// - the output of the command that `STRONGROOM_MASTER_KEYS_COMMAND` holds, **which it runs** ([`KeyCommand`]);
    ///   lines of its standard error become `tracing` events;
    /// - the file `strongroom.master-keys` in the folder that `CREDENTIALS_DIRECTORY` names ([`SystemdCredential`]).
    ///
    /// A version from two sources is an error, and so is a key under two versions.
    pub fn from_env() -> Result<Self, MasterKeysError> {
        Self::from_env_hearing(|line| tracing::info!("the command for master keys says: {line}"))
    }

    /// The same, where `waivers` may cover what the strength checks refuse, and `heard` is told each line that the command writes to
    /// its standard error, as [`MasterKeys::from_env_hearing`] has it.
    pub fn from_env_accepting(waivers: &Waivers, mut heard: impl FnMut(&str)) -> Result<Self, MasterKeysError> {
        let mut keys = Self::default();
        keys.take(KeyVariable::new(KEYS_VARIABLE).text()?, waivers)?;
        if let Some(path) = variable_path(FILE_VARIABLE) {
            keys.take(KeyFile::new(path).text()?, waivers)?;
        }
        if let Some(command) = KeyCommand::from_variable(COMMAND_VARIABLE)? {
            keys.take(Some(command.text_hearing(&mut heard)?), waivers)?;
        }
        keys.take(SystemdCredential::new(CREDENTIAL).text()?, waivers)?;
        keys.some()
    }

    /// The same, with each line that the command writes to its standard error handed to `heard` while it runs. What looks
    /// like a key is taken out; nothing else is changed, so escape it before it reaches a terminal.
    pub fn from_env_hearing(heard: impl FnMut(&str)) -> Result<Self, MasterKeysError> {
        Self::from_env_accepting(&Waivers::none(), heard)
    }

    /// Reads all of these sources and takes them together. Those that are not there are passed over; that none is there is
    /// an error, and so are a version from two sources, and a key under two versions.
    ///
    /// ```
    /// # use strongroom::master::{KeyVariable, MasterKeysError, MasterKeySource, SystemdCredential};
    /// # use strongroom::MasterKeys;
    /// let (variable, credential) = (KeyVariable::new("BILLING_VAULT_KEYS"), SystemdCredential::new("billing.keys"));
    /// let keys = MasterKeys::from_sources([&variable as &dyn MasterKeySource, &credential]);
    /// assert!(matches!(keys, Err(MasterKeysError::NotSet)));
    /// ```
    pub fn from_sources<'s>(
        sources: impl IntoIterator<Item = &'s dyn MasterKeySource>,
    ) -> Result<Self, MasterKeysError> {
        let mut keys = Self::default();
        sources.into_iter().try_for_each(|source| keys.read(source))?;
        keys.some()
    }

    /// Reads a file in the syntax of [`MasterKeys::parse`], at most 64 KiB, that nobody else can exchange.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, MasterKeysError> {
        Self::from_sources([&KeyFile::new(path.as_ref()) as &dyn MasterKeySource])
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

    fn read(&mut self, source: &dyn MasterKeySource) -> Result<(), MasterKeysError> {
        let Some(mut read) = source.read()? else { return Ok(()) };
        for held in read.keys.values_mut().filter(|held| held.origin == Origin::Caller) {
            held.origin = source.origin();
        }
        self.absorb(read)
    }

    fn take(&mut self, text: Option<SourceText>, waivers: &Waivers) -> Result<(), MasterKeysError> {
        text.map_or(Ok(()), |text| self.absorb(Self::parse_source(&text, waivers)?))
    }

    fn absorb(&mut self, other: Self) -> Result<(), MasterKeysError> {
        self.concerns.extend(other.concerns);
        other.keys.into_iter().try_for_each(|(version, held)| self.insert_from(version, held.key, held.origin))
    }

    fn some(self) -> Result<Self, MasterKeysError> {
        if self.keys.is_empty() { Err(MasterKeysError::NotSet) } else { Ok(self) }
    }

    fn parse_source(source: &SourceText, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let keys = Self::parse_from(source.text()?, &source.origin, waivers)?;
        Ok(Self { concerns: source.concerns.clone(), ..keys })
    }

    fn parse_from(text: &str, origin: &Origin, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let malformed = |fault| MasterKeysError::List { origin: origin.clone(), fault };
        let mut keys = Self::default();
        for (entry, version, key) in entries(text).map_err(malformed)? {
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

pub(crate) const KEYS_VARIABLE: &str = "STRONGROOM_MASTER_KEYS";
const FILE_VARIABLE: &str = "STRONGROOM_MASTER_KEYS_FILE";
const COMMAND_VARIABLE: &str = "STRONGROOM_MASTER_KEYS_COMMAND";
const CREDENTIAL: &str = "strongroom.master-keys";

#[cfg(test)]
mod tests;
