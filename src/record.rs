//! An API key as stored: a header, the sealed verify part, and the sealed recover part.

mod batch;
mod reseal;

use std::ops::Range;

use serde::ser::{Serialize, SerializeStruct, Serializer};
use zeroize::{Zeroize, Zeroizing};

use crate::api_key::{Attributes, NewApiKey, Revision, with_exposure};
use crate::keyring::{GenerationKeys, Keyring};
use crate::secret::{RandomError, SecretText, random_array};
use crate::suite::{AssociatedData, CipherStream, NONCE_LEN, Nonce, Suite, TAG_LEN};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::Generation;

pub(crate) use batch::{MAX_UNDER_PREFIX, Nonces, Opener, Sealer};
pub(crate) use reseal::{ResealError, Resealer};

/// What goes into a record.
pub(crate) struct Plain<'a> {
    pub(crate) imported: bool,
    pub(crate) attributes: &'a [u8],
    /// What recovery gives back: the secret of an issued token, or a whole imported one.
    pub(crate) secret: Option<&'a str>,
}

/// Seals a record under the active generation.
pub(crate) fn seal(keyring: &Keyring, id: ApiKeyId, plain: &Plain<'_>) -> Result<Vec<u8>, RandomError> {
    let generation = keyring.active();
    let header = Header::new(keyring, id, plain);
    let mut record = header.with_space_for(plain);
    let aad = |part| part_aad(keyring.vault(), part, &header);
    let cipher = &mut generation.verify.cipher(header.suite).stream();
    seal_part(cipher, random_array()?, &aad(Part::Verify), plain.attributes, &mut record);
    if let Some(secret) = plain.secret {
        let cipher = &mut generation.recover().cipher(header.suite).stream();
        seal_part(cipher, random_array()?, &aad(Part::Recover), secret.as_bytes(), &mut record);
    }
    Ok(record)
}

/// The record after all others: looking for an unknown id always finds something to open. Nobody knows its secret,
/// and it is revoked.
pub(crate) fn sentinel(keyring: &Keyring, now: Timestamp) -> Result<Vec<u8>, RandomError> {
    let attributes = Attributes::of(&NewApiKey::new("sentinel"), random_array()?, now).revoked(Some(now)).to_bytes();
    seal(keyring, ApiKeyId::SENTINEL, &Plain { imported: false, attributes: &attributes, secret: None })
}

/// A stored record whose header has been read, and nothing opened yet.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    header: Header,
    bytes: &'a [u8],
}

impl<'a> Record<'a> {
    /// Reads the header. The parts are judged when they are opened.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        let header = Header::parse(bytes)?;
        let parts = bytes.len() - HEADER_LEN;
        let verify = header.verify_len as usize;
        let recover = parts.checked_sub(verify).ok_or(RecordError::Malformed)?;
        let recover_fits = if header.recoverable() { recover >= OVERHEAD } else { recover == 0 };
        if verify < OVERHEAD || !recover_fits { Err(RecordError::Malformed) } else { Ok(Self { header, bytes }) }
    }

    /// The generation the header names; proven only by opening.
    pub(crate) fn generation(&self) -> Generation {
        self.header.generation
    }

    pub(crate) fn imported(&self) -> bool {
        self.header.flags & IMPORTED != 0
    }

    pub(crate) fn recoverable(&self) -> bool {
        self.header.recoverable()
    }

    /// What tells this writing of the record from every other: random bytes of the verify part's nonce, those that no
    /// batch shares.
    pub(crate) fn revision(&self) -> Revision {
        let nonce = &self.bytes[HEADER_LEN..HEADER_LEN + NONCE_LEN];
        Revision::of(*nonce.last_chunk().expect("a nonce is longer"))
    }

    /// Opens the verify part of the record that stands at `id`.
    pub(crate) fn open_verify(&self, keyring: &Keyring, id: ApiKeyId) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        let generation = self.belongs(keyring, id)?;
        let cipher = generation.verify.cipher(self.header.suite);
        let mut plain = Zeroizing::new(Vec::new());
        self.open_part(&mut cipher.stream(), Part::Verify, keyring.vault(), &mut plain)?;
        Ok(plain)
    }

    /// Opens and reads the attributes of the record that stands at `id`.
    pub(crate) fn attributes(&self, keyring: &Keyring, id: ApiKeyId) -> Result<Attributes, RecordError> {
        let exposed_at = self.belongs(keyring, id)?.exposed_at;
        let attributes = Attributes::from_bytes(&self.open_verify(keyring, id)?).ok_or(RecordError::Attributes)?;
        Ok(attributes.exposed(exposed_at))
    }

    /// Opens the attributes as bytes, in the form in which a record sealed in place of this one has to hold them: marked
    /// as exposed where this one counts as such by its generation.
    pub(crate) fn carried(&self, keyring: &Keyring, id: ApiKeyId) -> Result<Zeroizing<Vec<u8>>, RecordError> {
        let plain = self.open_verify(keyring, id)?;
        match self.belongs(keyring, id)?.exposed_at {
            Some(at) => with_exposure(&plain, at).ok_or(RecordError::Attributes),
            None => Ok(plain),
        }
    }

    /// Opens both parts of the record that stands at `id`, and reads nothing. Where that fails, the error tells a record
    /// whose header alone was changed from one that is damaged.
    pub(crate) fn open_both(&self, keyring: &Keyring, id: ApiKeyId) -> Result<(), RecordError> {
        let opened = self.open_verify(keyring, id).and_then(|_| self.open_recover(keyring, id));
        match opened {
            Ok(_) => Ok(()),
            Err(error @ (RecordError::Corrupt { .. } | RecordError::MissingGeneration { .. })) => {
                let named = self.header.generation;
                Err(self.sealed_under(keyring).map_or(error, |sealed| RecordError::Relabelled { named, sealed }))
            }
            Err(error) => Err(error),
        }
    }

    /// The generation under which a record that does not open was sealed, when it is whole but for the generation that
    /// its header names. Nothing that it holds is read.
    fn sealed_under(&self, keyring: &Keyring) -> Option<Generation> {
        let whole_under = |generation: &Generation| {
            let record = Self { header: Header { generation: *generation, ..self.header }, bytes: self.bytes };
            let opened = record.open_verify(keyring, self.header.id).is_ok();
            opened && record.open_recover(keyring, self.header.id).is_ok()
        };
        keyring.generations().filter(|generation| *generation != self.header.generation).find(whole_under)
    }

    /// Opens the recover part of the record that stands at `id`; `None` for one that has none.
    pub(crate) fn open_recover(&self, keyring: &Keyring, id: ApiKeyId) -> Result<Option<SecretText>, RecordError> {
        let generation = self.belongs(keyring, id)?;
        if !self.recoverable() {
            return Ok(None);
        }
        let cipher = generation.recover().cipher(self.header.suite);
        let mut plain = Zeroizing::new(Vec::new());
        self.open_part(&mut cipher.stream(), Part::Recover, keyring.vault(), &mut plain)?;
        let text = String::from_utf8(std::mem::take(&mut *plain));
        text.map(|text| Some(SecretText::new(text))).map_err(|_| RecordError::Attributes)
    }

    /// The bytes that change whenever the record is sealed anew, and that no one can keep while changing the rest:
    /// header, nonces and tags.
    pub(crate) fn identity(&self) -> impl Iterator<Item = &'a [u8]> {
        let parts = [Some(Part::Verify), self.recoverable().then_some(Part::Recover)];
        let (header, record) = (self.header, self.bytes);
        let ends = parts.into_iter().flatten().flat_map(move |part| {
            let range = header.part(part, record.len());
            [&record[range.start..range.start + NONCE_LEN], &record[range.end - TAG_LEN..range.end]]
        });
        std::iter::once(&record[..HEADER_LEN]).chain(ends)
    }

    /// The record is of this vault, of this place, and of a generation whose keys are there.
    fn belongs<'k>(&self, keyring: &'k Keyring, id: ApiKeyId) -> Result<&'k GenerationKeys, RecordError> {
        if self.header.vault_tag != vault_tag(keyring.vault()) {
            return Err(RecordError::Foreign);
        }
        if self.header.id != id {
            return Err(RecordError::Moved { from: self.header.id });
        }
        let generation = self.header.generation;
        keyring.generation(generation).ok_or(RecordError::MissingGeneration { generation })
    }

    fn open_part(
        &self,
        cipher: &mut CipherStream<'_>,
        part: Part,
        vault: VaultId,
        plain: &mut Vec<u8>,
    ) -> Result<(), RecordError> {
        let sealed = &self.bytes[self.header.part(part, self.bytes.len())];
        let corrupt = RecordError::Corrupt { part: part.name() };
        let Some((nonce, rest)) = sealed.split_first_chunk::<NONCE_LEN>() else { return Err(corrupt) };
        let Some((body, tag)) = rest.split_last_chunk::<TAG_LEN>() else { return Err(corrupt) };
        plain.clear();
        if plain.capacity() < body.len() {
            // Growing would leave what the buffer held before behind.
            plain.zeroize();
            *plain = Vec::with_capacity(body.len().next_power_of_two());
        }
        plain.resize(body.len(), 0);
        let opened = cipher.open(nonce, &part_aad(vault, part, &self.header), body, tag, plain);
        opened.map_err(|_| corrupt)
    }
}

/// The header of a record (docs/format.md, Records).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    suite: Suite,
    flags: u8,
    generation: Generation,
    verify_len: u32,
    vault_tag: [u8; 4],
    id: ApiKeyId,
}

impl Header {
    fn new(keyring: &Keyring, id: ApiKeyId, plain: &Plain<'_>) -> Self {
        let recoverable = if plain.secret.is_some() { RECOVERABLE } else { 0 };
        let imported = if plain.imported { IMPORTED } else { 0 };
        Self {
            suite: keyring.suite(),
            flags: recoverable | imported,
            generation: keyring.active_generation(),
            verify_len: u32::try_from(OVERHEAD + plain.attributes.len()).expect("attributes are limited to kilobytes"),
            vault_tag: vault_tag(keyring.vault()),
            id,
        }
    }

    fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let (header, _) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(RecordError::Malformed)?;
        let word = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
        let [format, suite, flags, reserved, ..] = *header;
        if format != RECORD_FORMAT {
            return Err(RecordError::Format { found: format });
        }
        if reserved != 0 || flags & !(RECOVERABLE | IMPORTED) != 0 {
            return Err(RecordError::Malformed);
        }
        Ok(Self {
            suite: Suite::from_byte(suite).ok_or(RecordError::Malformed)?,
            flags,
            generation: Generation::from_be_bytes(word(4)).ok_or(RecordError::Malformed)?,
            verify_len: u32::from_be_bytes(word(8)),
            vault_tag: word(12),
            id: ApiKeyId::from_row(&header[16..]).ok_or(RecordError::Malformed)?,
        })
    }

    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..3].copy_from_slice(&[RECORD_FORMAT, self.suite.byte(), self.flags]);
        bytes[4..8].copy_from_slice(&self.generation.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.verify_len.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.vault_tag);
        bytes[16..].copy_from_slice(&self.id.to_bytes());
        bytes
    }

    fn with_space_for(&self, plain: &Plain<'_>) -> Vec<u8> {
        let recover = plain.secret.map_or(0, |secret| OVERHEAD + secret.len());
        let mut record = Vec::with_capacity(HEADER_LEN + self.verify_len as usize + recover);
        record.extend(self.to_bytes());
        record
    }

    fn recoverable(&self) -> bool {
        self.flags & RECOVERABLE != 0
    }

    /// Where a part lies in a record of `len` bytes.
    fn part(&self, part: Part, len: usize) -> Range<usize> {
        let seam = HEADER_LEN + self.verify_len as usize;
        match part {
            Part::Recover => seam..len,
            Part::Verify => HEADER_LEN..seam,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Recover,
    Verify,
}

impl Part {
    fn name(self) -> &'static str {
        match self {
            Self::Recover => "recover",
            Self::Verify => "verify",
        }
    }
}

/// Appends nonce, ciphertext and tag to the record; the plaintext is copied into the record and encrypted there.
fn seal_part(cipher: &mut CipherStream<'_>, nonce: Nonce, aad: &[u8], plain: &[u8], record: &mut Vec<u8>) {
    record.extend(nonce);
    let body = record.len();
    record.extend(plain);
    let tag = cipher.seal(&nonce, aad, &mut record[body..]).expect("parts are limited to kilobytes");
    record.extend(tag);
}

fn part_aad(vault: VaultId, part: Part, header: &Header) -> AssociatedData {
    let (id, header) = (header.id.to_bytes(), header.to_bytes());
    AssociatedData::of(&[RECORD_LABEL, &vault.0, b"keys", part.name().as_bytes(), &id, &header])
}

fn vault_tag(vault: VaultId) -> [u8; 4] {
    [vault.0[0], vault.0[1], vault.0[2], vault.0[3]]
}

/// Why a record does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// It opened, and what it holds is not what every version writes.
    #[error("the record opened and its contents are malformed")]
    Attributes,
    /// A part failed authentication: its bytes were changed, or exchanged with those of another record.
    #[error("the {part} part of the record failed authentication")]
    Corrupt {
        /// Which part: `verify` or `recover`.
        part: &'static str,
    },
    /// The record is of another vault.
    #[error("the record belongs to another vault")]
    Foreign,
    /// Written by a later version of strongroom.
    #[error("the record has format version {found}, which this version of strongroom does not know")]
    Format {
        /// The version found.
        found: u8,
    },
    /// Too short, or lengths that contradict each other.
    #[error("the record is malformed")]
    Malformed,
    /// The record names a generation that the keyring does not have.
    #[error("the record is of generation {generation}, which the keyring does not have")]
    MissingGeneration {
        /// The generation it names.
        generation: Generation,
    },
    /// No row of the lookup index leads from the imported token to this record.
    #[error("the lookup index does not lead to the record")]
    NotIndexed,
    /// The header names another generation than the one the record was sealed under; the rest of it is whole.
    #[error("the record names generation {named}, and was sealed under generation {sealed}")]
    Relabelled {
        /// The generation its header names.
        named: Generation,
        /// The generation it opens under.
        sealed: Generation,
    },
    /// The record was written for another API key.
    #[error("the record was moved here from {from}")]
    Moved {
        /// The id it was written for.
        from: ApiKeyId,
    },
}

impl RecordError {
    /// The word used in tables and JSON.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::Attributes | Self::Corrupt { .. } | Self::Malformed => "corrupt",
            Self::Foreign => "foreign",
            Self::Format { .. } => "newer-format",
            Self::MissingGeneration { .. } => "missing-generation",
            Self::Moved { .. } => "moved",
            Self::Relabelled { .. } => "relabelled",
            Self::NotIndexed => "not-indexed",
        }
    }
}

/// A word for the cause, and a message.
impl Serialize for RecordError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("RecordError", 2)?;
        fields.serialize_field("cause", self.cause())?;
        fields.serialize_field("message", &self.to_string())?;
        fields.end()
    }
}

/// docs/format.md, Records. Changing this makes every record unreadable.
const RECORD_LABEL: &[u8] = b"strongroom/v1/record";
const RECORD_FORMAT: u8 = 1;
const HEADER_LEN: usize = 32;
const OVERHEAD: usize = NONCE_LEN + TAG_LEN;
const RECOVERABLE: u8 = 1;
const IMPORTED: u8 = 2;

#[cfg(test)]
mod tests;
