//! A record: sealed, read, and opened part by part.

use zeroize::{Zeroize, Zeroizing};

use super::commitment::{Commitment, commitment};
use super::error::RecordError;
use super::layout::{HEADER_LEN, Header, IMPORTED, OVERHEAD, Part, Plain, part_aad, seal_part, vault_tag};
use crate::api_key::{Attributes, NewApiKey, Revision, with_exposure};
use crate::keyring::{GenerationKeys, Keyring};
use crate::secret::{RandomError, SecretText, random_array};
use crate::suite::{CipherStream, NONCE_LEN, TAG_LEN};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::Generation;

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

/// The record after all others, and the commitment to it: looking for an unknown id always finds something to open. Nobody knows its secret,
/// and it is revoked.
pub(crate) fn sentinel(keyring: &Keyring, now: Timestamp) -> Result<(Vec<u8>, Commitment), RandomError> {
    let (key, digest, salt) = (NewApiKey::new("sentinel"), random_array()?, random_array()?);
    let attributes = Attributes::of(&key, digest, salt, now).revoked(Some(now)).to_bytes();
    let plain = Plain { imported: false, attributes: &attributes, secret: None };
    let record = seal(keyring, ApiKeyId::SENTINEL, &plain)?;
    Ok((record, plain.commitment(keyring.vault(), ApiKeyId::SENTINEL)))
}

/// A stored record whose header has been read, and nothing opened yet.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(super) header: Header,
    pub(super) bytes: &'a [u8],
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
        let (plain, exposed_at) = self.open_to_verify(keyring, id)?;
        let mut attributes = Attributes::from_bytes(&plain).ok_or(RecordError::Attributes)?;
        attributes.expose(exposed_at);
        Ok(attributes)
    }

    /// The attributes as bytes, not read yet, and since when the API key counts as exposed by its generation.
    pub(crate) fn open_to_verify(
        &self,
        keyring: &Keyring,
        id: ApiKeyId,
    ) -> Result<(Zeroizing<Vec<u8>>, Option<Timestamp>), RecordError> {
        Ok((self.open_verify(keyring, id)?, self.belongs(keyring, id)?.exposed_at))
    }

    /// Opens and reads the attributes, for who seals a record in place of this one: the commitment to this one; the attributes as
    /// bytes, as the other has to hold them, marked as exposed where this one counts as such by its generation; and as they read.
    pub(crate) fn attributes_to_carry(
        &self,
        keyring: &Keyring,
        id: ApiKeyId,
    ) -> Result<(Commitment, Zeroizing<Vec<u8>>, Attributes), RecordError> {
        let (plain, exposed_at) = (self.open_verify(keyring, id)?, self.belongs(keyring, id)?.exposed_at);
        let commitment = self.commitment(keyring.vault(), &plain);
        let carried = match exposed_at {
            Some(at) => with_exposure(&plain, at).ok_or(RecordError::Attributes)?,
            None => plain,
        };
        let mut attributes = Attributes::from_bytes(&carried).ok_or(RecordError::Attributes)?;
        attributes.expose(exposed_at);
        Ok((commitment, carried, attributes))
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

    /// The commitment to a record like this one that says `attributes`.
    pub(crate) fn commitment(&self, vault: VaultId, attributes: &[u8]) -> Commitment {
        commitment(vault, self.header.id, self.header.flags, attributes)
    }

    /// All of it, as it is stored.
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The record is of this vault, of this place, and of a generation whose keys are there.
    pub(super) fn belongs<'k>(&self, keyring: &'k Keyring, id: ApiKeyId) -> Result<&'k GenerationKeys, RecordError> {
        if self.header.vault_tag != vault_tag(keyring.vault()) {
            return Err(RecordError::Foreign);
        }
        if self.header.id != id {
            return Err(RecordError::Moved { from: self.header.id });
        }
        let generation = self.header.generation;
        keyring.generation(generation).ok_or(RecordError::MissingGeneration { generation })
    }

    pub(super) fn open_part(
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
