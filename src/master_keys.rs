//! The master keys a process was given, by version, and which source gave each.

mod candidates;
mod error;
mod held;
mod source;

use std::path::Path;

use crate::key_source::{KeyCommand, KeyFile, KeyVariable, Origin, SourceText, SystemdCredential, TextSource};
use crate::master_key::Waivers;

pub(crate) use candidates::Candidates;
pub use error::MasterKeysError;
pub use held::MasterKeys;
pub use source::MasterKeySource;

impl MasterKeys {
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
        if let Some(file) = KeyFile::from_variable(FILE_VARIABLE)? {
            keys.take(file.text()?, waivers)?;
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

    fn some(self) -> Result<Self, MasterKeysError> {
        if self.keys.is_empty() { Err(MasterKeysError::NotSet) } else { Ok(self) }
    }
}

pub(crate) const KEYS_VARIABLE: &str = "STRONGROOM_MASTER_KEYS";
const FILE_VARIABLE: &str = "STRONGROOM_MASTER_KEYS_FILE";
const COMMAND_VARIABLE: &str = "STRONGROOM_MASTER_KEYS_COMMAND";
const CREDENTIAL: &str = "strongroom.master-keys";

#[cfg(test)]
mod tests;
