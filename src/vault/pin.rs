//! A public key that somebody keeps outside of the store, to believe by it.

use std::fmt;
use std::str::FromStr;

use crate::authority::PublicKey;
use crate::note::NoteKey;
use crate::parse_error::ParseError;
use crate::vault::checkpoint::ORIGIN;
use crate::vault_id::VaultId;
use crate::written::written_as_text;

/// A public key that is kept where the store's writers cannot write: what an [`Auditor`](crate::audit::Auditor) believes by who has no key of
/// the vault. It is written as the key alone, 64 hexadecimal characters, or as witnesses of transparency logs take it, with the vault in
/// front: `strongroom/VAULT/LINE+ID+BASE64`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pin {
    key: PublicKey,
    named: Option<(NoteKey, VaultId)>,
}

impl Pin {
    /// The public key.
    pub fn key(&self) -> PublicKey {
        self.key
    }

    /// The vault that it names. The key alone names none.
    pub fn vault(&self) -> Option<VaultId> {
        self.named.as_ref().map(|(_, vault)| *vault)
    }
}

impl From<PublicKey> for Pin {
    fn from(key: PublicKey) -> Self {
        Self { key, named: None }
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.named {
            Some((named, _)) => named.fmt(out),
            None => self.key.fmt(out),
        }
    }
}

written_as_text!(Pin);

impl FromStr for Pin {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if !text.contains('+') {
            return text.parse().map(|key: PublicKey| key.into());
        }
        let key: NoteKey = text.parse()?;
        let vault = key.name().strip_prefix(ORIGIN).and_then(|name| name.split_once('/')?.0.parse().ok());
        let wrong =
            || ParseError::new("note key", "the note key of a vault has a name that begins with strongroom/VAULT/");
        Ok(Self { key: key.key(), named: Some((key, vault.ok_or_else(wrong)?)) })
    }
}
