//! The public key of who signs notes, in one line: its name, its key id and the key itself.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};

use super::signed::{ED25519, is_name, key_id};
use crate::authority::PublicKey;
use crate::parse_error::ParseError;
use crate::secret::hex;

/// A public key and the name it signs under: what a witness of transparency logs registers a log by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteKey {
    name: String,
    key: PublicKey,
}

impl NoteKey {
    pub(crate) fn new(name: String, key: PublicKey) -> Self {
        Self { name, key }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn key(&self) -> PublicKey {
        self.key
    }

    fn read(text: &str) -> Option<Self> {
        // Base64 may have a plus, and names and key ids have none.
        let (name, rest) = text.split_once('+')?;
        let (_, base64) = rest.split_once('+')?;
        let bytes = Base64::decode_vec(base64).ok()?;
        let (algorithm, key) = bytes.split_first()?;
        let key = PublicKey::from_bytes(key.try_into().ok()?)?;
        let read = Self::new(name.to_owned(), key);
        (is_name(name) && *algorithm == ED25519 && read.to_string() == text).then_some(read)
    }
}

impl fmt::Display for NoteKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = [&[ED25519][..], &self.key.to_bytes()].concat();
        write!(out, "{}+{}+{}", self.name, hex(&key_id(&self.name, &self.key)), Base64::encode_string(&key))
    }
}

impl FromStr for NoteKey {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let wrong = || ParseError::new("note key", "a note key is a name, a key id and base64, joined by plus signs");
        Self::read(text).ok_or_else(wrong)
    }
}
