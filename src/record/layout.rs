//! The bytes of a record: its header, its parts, and what binds them to their place.

use std::ops::Range;

use super::error::RecordError;
use crate::keyring::Keyring;
use crate::suite::{AssociatedData, CipherStream, NONCE_LEN, Nonce, Suite, TAG_LEN};
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::Generation;

/// What goes into a record.
pub(crate) struct Plain<'a> {
    pub(crate) imported: bool,
    pub(crate) attributes: &'a [u8],
    /// What recovery gives back: the secret of an issued token, or a whole imported one.
    pub(crate) secret: Option<&'a str>,
}

/// The header of a record (docs/format.md, Records).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) suite: Suite,
    pub(super) flags: u8,
    pub(super) generation: Generation,
    pub(super) verify_len: u32,
    pub(super) vault_tag: [u8; 4],
    pub(super) id: ApiKeyId,
}

impl Header {
    pub(super) fn new(keyring: &Keyring, id: ApiKeyId, plain: &Plain<'_>) -> Self {
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

    pub(super) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let (header, _) = bytes.split_first_chunk::<HEADER_LEN>().ok_or(RecordError::Malformed)?;
        let word = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
        let [format, suite, flags, reserved, ..] = *header;
        if format != RECORD_FORMAT {
            // No format has the number 0: such a byte was overwritten.
            return Err(if format == 0 { RecordError::Malformed } else { RecordError::Format { found: format } });
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

    pub(super) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..3].copy_from_slice(&[RECORD_FORMAT, self.suite.byte(), self.flags]);
        bytes[4..8].copy_from_slice(&self.generation.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.verify_len.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.vault_tag);
        bytes[16..].copy_from_slice(&self.id.to_bytes());
        bytes
    }

    pub(super) fn with_space_for(&self, plain: &Plain<'_>) -> Vec<u8> {
        let recover = plain.secret.map_or(0, |secret| OVERHEAD + secret.len());
        let mut record = Vec::with_capacity(HEADER_LEN + self.verify_len as usize + recover);
        record.extend(self.to_bytes());
        record
    }

    pub(super) fn recoverable(&self) -> bool {
        self.flags & RECOVERABLE != 0
    }

    /// Where a part lies in a record of `len` bytes.
    pub(super) fn part(&self, part: Part, len: usize) -> Range<usize> {
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
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Recover => "recover",
            Self::Verify => "verify",
        }
    }
}

/// Appends nonce, ciphertext and tag to the record; the plaintext is copied into the record and encrypted there.
pub(super) fn seal_part(cipher: &mut CipherStream<'_>, nonce: Nonce, aad: &[u8], plain: &[u8], record: &mut Vec<u8>) {
    record.extend(nonce);
    let body = record.len();
    record.extend(plain);
    let tag = cipher.seal(&nonce, aad, &mut record[body..]).expect("parts are limited to kilobytes");
    record.extend(tag);
}

pub(super) fn part_aad(vault: VaultId, part: Part, header: &Header) -> AssociatedData {
    let (id, header) = (header.id.to_bytes(), header.to_bytes());
    AssociatedData::of(&[RECORD_LABEL, &vault.0, b"keys", part.name().as_bytes(), &id, &header])
}

pub(super) fn vault_tag(vault: VaultId) -> [u8; 4] {
    [vault.0[0], vault.0[1], vault.0[2], vault.0[3]]
}

/// The generations of the records of a vault of which the beginning stands in these bytes, as it is stored or in hexadecimal.
pub(crate) fn generations_in(bytes: &[u8], vault: VaultId) -> impl Iterator<Item = Generation> {
    let tag = vault_tag(vault);
    let plain = bytes.windows(TAG_END).filter(move |window| window[TAG_AT..] == tag).filter_map(generation_of);
    let digits = |window: &&[u8]| window[..2] == *b"01" && window.is_ascii();
    let in_digits = bytes.windows(2 * TAG_END).filter(digits).filter_map(move |window| {
        let lower = window.to_ascii_lowercase();
        let mut header = [0; TAG_END];
        base16ct::lower::decode(lower, &mut header).ok()?;
        if header[TAG_AT..] == tag { generation_of(&header) } else { None }
    });
    plain.chain(in_digits)
}

/// As many bytes of the beginning are needed to see whose record it is.
pub(crate) const RECOGNISED_IN: usize = 2 * TAG_END;
const TAG_AT: usize = 12;
const TAG_END: usize = 16;

fn generation_of(header: &[u8]) -> Option<Generation> {
    let [format, suite, _, reserved, a, b, c, d, ..] = *header else { return None };
    let known = format == RECORD_FORMAT && Suite::from_byte(suite).is_some() && reserved == 0;
    Generation::from_be_bytes([a, b, c, d]).filter(|_| known)
}

/// docs/format.md, Records. Changing this makes every record unreadable.
pub(super) const RECORD_LABEL: &[u8] = b"strongroom/v1/record";
pub(super) const RECORD_FORMAT: u8 = 1;
pub(super) const HEADER_LEN: usize = 32;
pub(super) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;
pub(super) const RECOVERABLE: u8 = 1;
pub(super) const IMPORTED: u8 = 2;
