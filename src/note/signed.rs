//! A text, and under it the lines of those who signed it.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding};
use sha2::{Digest, Sha256};

use crate::authority::{PublicKey, SigningKey};

/// A text and its signatures, which nobody has checked: those of others are kept as they are. Printed as it is written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl Note {
    /// A text that nobody has signed. It is no note yet: `parse` takes none without a signature.
    pub(crate) fn new(text: String) -> Result<Self, NoteError> {
        if text.len() > MAX_LEN {
            return Err(NoteError::TooLong);
        }
        if has_control_character(&text) {
            return Err(NoteError::ControlCharacter);
        }
        if !text.ends_with('\n') {
            return Err(NoteError::Unended);
        }
        Ok(Self { text, signatures: Vec::new() })
    }

    pub(crate) fn parse(written: &str) -> Result<Self, NoteError> {
        if written.len() > MAX_LEN {
            return Err(NoteError::TooLong);
        }
        if has_control_character(written) {
            return Err(NoteError::ControlCharacter);
        }
        // The text may have empty lines of its own: the last one is the end of it.
        let end = written.rfind("\n\n").ok_or(NoteError::Unsigned)?;
        let (text, rest) = (&written[..=end], &written[end + 2..]);
        let mut note = Self { text: text.to_owned(), signatures: Vec::new() };
        let lines = rest.strip_suffix('\n').ok_or(NoteError::Unsigned)?;
        for (at, line) in (1..).zip(lines.split('\n')) {
            note.insert(NoteSignature::parse(line).ok_or(NoteError::SignatureLine(at))?)?;
        }
        Ok(note)
    }

    /// What is signed, with the line feed at its end.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, known and unknown, as they stand there.
    #[cfg(test)]
    pub(crate) fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// The first signature by this name and key id.
    #[cfg(test)]
    pub(crate) fn signature_of(&self, name: &str, key_id: KeyId) -> Option<&[u8]> {
        self.by(name, key_id).next()
    }

    /// Whether this key, under this name, has signed the text. A wrong signature beside a good one is none.
    pub(crate) fn is_signed_by(&self, name: &str, key: &PublicKey) -> bool {
        let key_id = key_id(name, key);
        let mut signatures = self.by(name, key_id).peekable();
        signatures.peek().is_some() && signatures.all(|signature| key.verify_text(self.text.as_bytes(), signature))
    }

    /// Signs the text.
    pub(crate) fn sign(&mut self, name: &str, key: &SigningKey) -> Result<(), NoteError> {
        let signature = key.sign_text(self.text.as_bytes());
        self.add(name, key_id(name, &key.public()), &signature)
    }

    /// Adds a signature that was made elsewhere.
    pub(crate) fn add(&mut self, name: &str, key_id: KeyId, signature: &[u8]) -> Result<(), NoteError> {
        let added = NoteSignature { name: name.to_owned(), key_id, signature: signature.to_vec() };
        if !is_name(name) || signature.is_empty() {
            return Err(NoteError::Signer);
        }
        if self.to_string().len() + added.to_string().len() > MAX_LEN {
            return Err(NoteError::TooLong);
        }
        self.insert(added)
    }

    fn insert(&mut self, signature: NoteSignature) -> Result<(), NoteError> {
        if self.signatures.len() == MAX_SIGNATURES {
            return Err(NoteError::TooManySignatures);
        }
        self.signatures.push(signature);
        Ok(())
    }

    fn by(&self, name: &str, key_id: KeyId) -> impl Iterator<Item = &[u8]> {
        let signatures = self.signatures.iter().filter(move |by| by.name == name && by.key_id == key_id);
        signatures.map(|by| by.signature.as_slice())
    }
}

impl fmt::Display for Note {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| write!(out, "{signature}"))
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(written: &str) -> Result<Self, NoteError> {
        Self::parse(written)
    }
}

/// Who signed with which key, and the signature, of whatever kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoteSignature {
    pub(crate) name: String,
    pub(crate) key_id: KeyId,
    pub(crate) signature: Vec<u8>,
}

impl NoteSignature {
    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = Base64::decode_vec(base64).ok()?;
        let (key_id, signature) = bytes.split_first_chunk()?;
        (is_name(name) && !signature.is_empty()).then(|| Self {
            name: name.to_owned(),
            key_id: *key_id,
            signature: signature.to_vec(),
        })
    }
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id[..], &self.signature].concat();
        writeln!(out, "{DASH}{} {}", self.name, Base64::encode_string(&bytes))
    }
}

/// The first bytes of a hash over a name and a public key. It finds the key, and proves nothing.
pub(crate) type KeyId = [u8; 4];

pub(crate) fn key_id(name: &str, key: &PublicKey) -> KeyId {
    let hash = Sha256::new().chain_update(name).chain_update([b'\n', ED25519]).chain_update(key.to_bytes()).finalize();
    let [a, b, c, d, ..] = hash.0;
    [a, b, c, d]
}

/// Why a text is no signed note, or a note cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoteError {
    #[error("the note has a control character other than the line feed")]
    ControlCharacter,
    #[error("signature line {0} of the note is not an em dash, a name and base64")]
    SignatureLine(usize),
    #[error("a signature needs a name without spaces and plus signs, and at least one byte")]
    Signer,
    #[error("the note is longer than 1 MiB")]
    TooLong,
    #[error("the note has more than 16 signatures")]
    TooManySignatures,
    #[error("the text of the note does not end with a line feed")]
    Unended,
    #[error("the note has no signature lines after an empty line")]
    Unsigned,
}

fn has_control_character(text: &str) -> bool {
    text.bytes().any(|byte| byte < b' ' && byte != b'\n')
}

pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c.is_control() || c == '+')
}

pub(super) const MAX_LEN: usize = 1024 * 1024;

pub(super) const MAX_SIGNATURES: usize = 16;

const DASH: &str = "\u{2014} ";

/// The type of signature that goes into a key id.
pub(super) const ED25519: u8 = 1;
