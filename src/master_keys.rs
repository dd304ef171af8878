//! The master keys a process was given, by version, and where they come from.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::master_key::{Fingerprint, MasterKey, MasterKeyError, Waivers};

/// Master keys by version. Which one is active is the vault's knowledge, not the environment's.
#[derive(Debug, Default)]
pub struct MasterKeys(BTreeMap<u32, MasterKey>);

impl MasterKeys {
    /// One key, as version 1.
    pub fn single(key: MasterKey) -> Self {
        Self(BTreeMap::from([(1, key)]))
    }

    /// Reads `VERSION:KEY` entries separated by commas or white space; one bare key is version 1.
    ///
    /// ```
    /// # use strongroom::{MasterKey, MasterKeys};
    /// let (one, two) = (MasterKey::generate()?, MasterKey::generate()?);
    /// let keys = MasterKeys::parse(&format!("1:{}, 2:{}", one.to_text().expose(), two.to_text().expose()))?;
    /// assert_eq!(keys.versions().map(|(version, _)| version).collect::<Vec<_>>(), [1, 2]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn parse(text: &str) -> Result<Self, MasterKeysError> {
        Self::parse_accepting(text, &Waivers::none())
    }

    /// The same, where `waivers` may cover what the strength checks refuse.
    pub fn parse_accepting(text: &str, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let mut keys = Self::default();
        let mut entries = text.split(|c: char| c == ',' || c.is_ascii_whitespace()).filter(|entry| !entry.is_empty());
        let first = entries.next().ok_or(MasterKeysError::Empty)?;
        let mut rest = entries.peekable();
        if rest.peek().is_none() && !first.contains(':') {
            let key = MasterKey::parse_accepting(first, waivers)
                .map_err(|source| MasterKeysError::Key { entry: 1, source })?;
            return Ok(Self::single(key));
        }
        for (entry, text) in (1..).zip(std::iter::once(first).chain(rest)) {
            let (version, key) = text.split_once(':').ok_or(MasterKeysError::Entry { entry })?;
            let version = parse_version(version).ok_or(MasterKeysError::Version { entry })?;
            let key =
                MasterKey::parse_accepting(key, waivers).map_err(|source| MasterKeysError::Key { entry, source })?;
            keys.insert(version, key)?;
        }
        Ok(keys)
    }

    /// Reads `STRONGROOM_MASTER_KEYS` and the file that `STRONGROOM_MASTER_KEYS_FILE` names.
    pub fn from_env() -> Result<Self, MasterKeysError> {
        Self::from_env_accepting(&Waivers::none())
    }

    /// The same, where `waivers` may cover what the strength checks refuse.
    pub fn from_env_accepting(waivers: &Waivers) -> Result<Self, MasterKeysError> {
        Self::from_variables(|name| std::env::var_os(name), waivers)
    }

    /// Reads a file in the syntax of [`MasterKeys::parse`], at most 64 KiB.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, MasterKeysError> {
        Self::from_file_accepting(path, &Waivers::none())
    }

    /// The same, where `waivers` may cover what the strength checks refuse.
    pub fn from_file_accepting(path: impl AsRef<Path>, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let path = path.as_ref();
        let unreadable = |source| MasterKeysError::File { path: path.to_owned(), source };
        let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_FILE_LEN + 1));
        let file = File::open(path).map_err(unreadable)?;
        file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut bytes).map_err(unreadable)?;
        if bytes.len() > MAX_FILE_LEN {
            return Err(MasterKeysError::FileTooLong { path: path.to_owned() });
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| MasterKeysError::FileNotText { path: path.to_owned() })?;
        Self::parse_accepting(text, waivers)
    }

    /// Adds a key. A version or a key that is already there is an error.
    pub fn insert(&mut self, version: u32, key: MasterKey) -> Result<(), MasterKeysError> {
        if version == 0 {
            return Err(MasterKeysError::VersionZero);
        }
        if let Some((&first, _)) = self.0.iter().find(|(known, other)| **known != version && key.same_as(other)) {
            return Err(MasterKeysError::SameKey { first, second: version });
        }
        match self.0.entry(version) {
            Entry::Vacant(vacant) => vacant.insert(key),
            Entry::Occupied(_) => return Err(MasterKeysError::Twice { version }),
        };
        Ok(())
    }

    /// The key of a version.
    pub fn key(&self, version: u32) -> Option<&MasterKey> {
        self.0.get(&version)
    }

    /// Versions and fingerprints in ascending order.
    pub fn versions(&self) -> impl Iterator<Item = (u32, Fingerprint)> {
        self.0.iter().map(|(version, key)| (*version, key.fingerprint()))
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, &MasterKey)> {
        self.0.iter().map(|(version, key)| (*version, key))
    }

    fn from_variables(variable: impl Fn(&str) -> Option<OsString>, waivers: &Waivers) -> Result<Self, MasterKeysError> {
        let set = |name| variable(name).filter(|value| !value.is_empty());
        let text = set(KEYS_VARIABLE).map(OsString::into_string).transpose();
        let text = text.map_err(|_| MasterKeysError::VariableNotText)?.map(Zeroizing::new);
        let file = set(FILE_VARIABLE).map(|path| Self::from_file_accepting(path, waivers)).transpose()?;
        match (text.map(|text| Self::parse_accepting(&text, waivers)).transpose()?, file) {
            (None, None) => Err(MasterKeysError::NotSet),
            (Some(keys), None) | (None, Some(keys)) => Ok(keys),
            (Some(mut keys), Some(others)) => {
                for (version, key) in others.0 {
                    keys.insert(version, key)?;
                }
                Ok(keys)
            }
        }
    }
}

/// Decimal, from 1, one spelling.
fn parse_version(text: &str) -> Option<u32> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    text.parse().ok().filter(|_| digits)
}

/// Why the master keys could not be read. Never holds any part of them.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MasterKeysError {
    /// Nothing but separators.
    #[error("the list of master keys is empty")]
    Empty,
    /// An entry has no colon.
    #[error("entry {entry} of the master keys is not VERSION:KEY")]
    Entry {
        /// Which one, from 1.
        entry: usize,
    },
    /// The key file could not be read.
    #[error("cannot read the master key file {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The operating system's answer.
        source: std::io::Error,
    },
    /// The key file is not UTF-8.
    #[error("the master key file {} is not text", path.display())]
    FileNotText {
        /// The file.
        path: PathBuf,
    },
    /// The key file is longer than 64 KiB.
    #[error("the master key file {} is longer than 64 KiB", path.display())]
    FileTooLong {
        /// The file.
        path: PathBuf,
    },
    /// An entry's key is malformed or weak.
    #[error("entry {entry} of the master keys: {source}")]
    Key {
        /// Which one, from 1.
        entry: usize,
        /// What is wrong with it.
        source: MasterKeyError,
    },
    /// Neither variable is set.
    #[error("no master key: neither {KEYS_VARIABLE} nor {FILE_VARIABLE} is set")]
    NotSet,
    /// Two versions have the same key.
    #[error("master keys {first} and {second} are the same key")]
    SameKey {
        /// One version.
        first: u32,
        /// The other.
        second: u32,
    },
    /// A version is given twice.
    #[error("master key {version} is given twice")]
    Twice {
        /// The version.
        version: u32,
    },
    /// The variable is not UTF-8.
    #[error("{KEYS_VARIABLE} is not text")]
    VariableNotText,
    /// A version is not a number from 1 to 4294967295.
    #[error("the version of entry {entry} of the master keys is not a number from 1")]
    Version {
        /// Which one, from 1.
        entry: usize,
    },
    /// Version 0.
    #[error("versions of master keys start at 1")]
    VersionZero,
}

impl fmt::Display for MasterKeys {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named: Vec<_> = self.versions().map(|(version, print)| format!("{version} ({print})")).collect();
        out.write_str(&named.join(", "))
    }
}

const KEYS_VARIABLE: &str = "STRONGROOM_MASTER_KEYS";
const FILE_VARIABLE: &str = "STRONGROOM_MASTER_KEYS_FILE";
const MAX_FILE_LEN: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn text() -> String {
        MasterKey::generate().expect("random").to_text().expose().to_owned()
    }

    fn versions(keys: &MasterKeys) -> Vec<u32> {
        keys.versions().map(|(version, _)| version).collect()
    }

    #[test]
    fn entries_may_be_separated_by_commas_and_white_space() {
        let (one, two, three) = (text(), text(), text());
        let keys = MasterKeys::parse(&format!("\n1:{one},2:{two}\n\t10:{three}\n")).expect("good");
        assert_eq!(versions(&keys), [1, 2, 10]);
        assert_eq!(versions(&MasterKeys::parse(&format!("{one}\n")).expect("bare")), [1]);
    }

    #[test]
    fn every_malformed_list_is_refused() {
        let (one, two) = (text(), text());
        let cases = [
            ("empty", " ,\n".to_owned()),
            ("two bare keys", format!("{one} {two}")),
            ("a bare key after an entry", format!("1:{one} {two}")),
            ("version 0", format!("0:{one}")),
            ("version with a zero in front", format!("01:{one}")),
            ("version with a sign", format!("+1:{one}")),
            ("version too large", format!("4294967296:{one}")),
            ("no version", format!(":{one}")),
            ("space after the colon", format!("1: {one}")),
            ("the same version twice", format!("1:{one} 1:{two}")),
            ("the same key twice", format!("1:{one} 2:{one}")),
            ("a weak key", "1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".to_owned()),
            ("quotes", format!("\"1:{one}\"")),
        ];
        for (what, text) in cases {
            let error = MasterKeys::parse(&text).expect_err(what);
            assert!(!format!("{error} {error:?}").contains(&one[..8]), "{what} echoes the key");
        }
    }

    #[test]
    fn the_same_version_from_two_sources_is_an_error() {
        let folder = tempfile::tempdir().expect("folder");
        let path = folder.path().join("keys");
        std::fs::write(&path, format!("2:{}\n", text())).expect("write");
        let read = |list: String| {
            let path = path.clone();
            let variable = move |name: &str| match name {
                KEYS_VARIABLE => Some(list.clone().into()),
                _ => Some(path.clone().into()),
            };
            MasterKeys::from_variables(variable, &Waivers::none())
        };
        assert_eq!(versions(&read(format!("1:{}", text())).expect("two sources")), [1, 2]);
        assert!(matches!(read(format!("2:{}", text())), Err(MasterKeysError::Twice { version: 2 })));
        assert!(matches!(MasterKeys::from_variables(|_| None, &Waivers::none()), Err(MasterKeysError::NotSet)));
        assert!(matches!(MasterKeys::from_file("/nonexistent/keys"), Err(MasterKeysError::File { .. })));
        std::fs::write(&path, vec![b'x'; MAX_FILE_LEN + 1]).expect("write");
        assert!(matches!(MasterKeys::from_file(&path), Err(MasterKeysError::FileTooLong { .. })));
    }
}
