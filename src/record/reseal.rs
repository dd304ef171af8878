//! Re-encryption: a record opened under one generation and sealed under the active one, without reading what it says.

use zeroize::Zeroizing;

use super::batch::{MAX_DRAWN, Nonces, PartCiphers};
use super::commitment::Commitment;
use super::error::RecordError;
use super::layout::{Header, OVERHEAD, Part, part_aad, seal_part};
use super::sealed::Record;
use crate::api_key::with_exposure;
use crate::keyring::Keyring;
use crate::secret::{RandomError, same_bytes};
use crate::suite::Suite;
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::Generation;

/// Moves records of the retiring generation to the active one. One for each worker, one batch after another.
pub(crate) struct Resealer<'k> {
    keyring: &'k Keyring,
    from: Generation,
    exposed_at: Option<Timestamp>,
    opening: [PartCiphers<'k>; 2],
    sealing: PartCiphers<'k>,
    pub(super) verify: Zeroizing<Vec<u8>>,
    pub(super) recover: Zeroizing<Vec<u8>>,
    check: Zeroizing<Vec<u8>>,
    nonces: Nonces,
    /// What goes wrong in memory between sealing and reading back.
    #[cfg(test)]
    pub(super) spoil: Option<fn(&mut Self, &mut Vec<u8>)>,
}

impl<'k> Resealer<'k> {
    /// Ready to move records of generation `from`; `None` when its keys are gone.
    pub(crate) fn new(keyring: &'k Keyring, from: Generation) -> Option<Self> {
        let old = keyring.generation(from)?;
        Some(Self {
            keyring,
            from,
            exposed_at: old.exposed_at,
            opening: Suite::BOTH.map(|suite| PartCiphers::new(old, suite)),
            sealing: PartCiphers::new(keyring.active(), keyring.suite()),
            verify: Zeroizing::default(),
            recover: Zeroizing::default(),
            check: Zeroizing::default(),
            nonces: Nonces::drawing(MAX_DRAWN),
            #[cfg(test)]
            spoil: None,
        })
    }

    /// Draws the nonce prefix that the records of the next batch share.
    pub(crate) fn start_batch(&mut self) -> Result<(), RandomError> {
        self.nonces.start_batch()
    }

    /// The record that stands at `id`, sealed under the active generation and read back.
    pub(crate) fn reseal(&mut self, id: ApiKeyId, bytes: &[u8]) -> Result<Vec<u8>, ResealError> {
        let record = Record::parse(bytes)?;
        record.belongs(self.keyring, id)?;
        if record.generation() != self.from {
            return Err(RecordError::MissingGeneration { generation: record.generation() }.into());
        }
        let vault = self.keyring.vault();
        self.open(&record, vault)?;
        if let Some(at) = self.exposed_at {
            self.verify = with_exposure(&self.verify, at).ok_or(RecordError::Attributes)?;
        }
        let header = Header {
            suite: self.keyring.suite(),
            generation: self.keyring.active_generation(),
            verify_len: u32::try_from(OVERHEAD + self.verify.len()).expect("attributes are limited to kilobytes"),
            ..record.header
        };
        let mut resealed = Vec::with_capacity(bytes.len() + MAX_EXPOSURE_LEN);
        resealed.extend(header.to_bytes());
        for (part, plain) in parts(&self.verify, record.recoverable().then_some(&self.recover)) {
            let aad = part_aad(vault, part, &header);
            seal_part(self.sealing.part(part), self.nonces.next()?, &aad, plain, &mut resealed);
        }
        #[cfg(test)]
        if let Some(spoil) = self.spoil {
            spoil(self, &mut resealed);
        }
        self.read_back(&resealed, vault)?;
        Ok(resealed)
    }

    /// What the last record says, as the commitment in the audit log has it.
    pub(crate) fn commitment(&self, record: &Record<'_>) -> Commitment {
        record.commitment(self.keyring.vault(), &self.verify)
    }

    /// What the recover part of the last record held.
    pub(crate) fn secret(&self) -> Option<&str> {
        std::str::from_utf8(&self.recover).ok().filter(|secret| !secret.is_empty())
    }

    fn open(&mut self, record: &Record<'_>, vault: VaultId) -> Result<(), RecordError> {
        let ciphers = self.opening.iter_mut().find(|ciphers| ciphers.suite == record.header.suite);
        let ciphers = ciphers.ok_or(RecordError::Malformed)?;
        record.open_part(&mut ciphers.verify, Part::Verify, vault, &mut self.verify)?;
        self.recover.clear();
        if record.recoverable() {
            record.open_part(&mut ciphers.recover, Part::Recover, vault, &mut self.recover)?;
        }
        Ok(())
    }

    fn read_back(&mut self, resealed: &[u8], vault: VaultId) -> Result<(), ResealError> {
        let record = Record::parse(resealed)?;
        for (part, plain) in parts(&self.verify, record.recoverable().then_some(&self.recover)) {
            record.open_part(self.sealing.part(part), part, vault, &mut self.check)?;
            if !same_bytes(&self.check, plain) {
                return Err(ResealError::ReadBack);
            }
        }
        Ok(())
    }
}

fn parts<'p>(
    verify: &'p Zeroizing<Vec<u8>>,
    recover: Option<&'p Zeroizing<Vec<u8>>>,
) -> impl Iterator<Item = (Part, &'p [u8])> {
    let verify = std::iter::once((Part::Verify, verify.as_slice()));
    verify.chain(recover.map(|recover| (Part::Recover, recover.as_slice())))
}

/// Why a record was not moved.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResealError {
    #[error(transparent)]
    Random(#[from] RandomError),
    #[error("the record read back differs from what was sealed")]
    ReadBack,
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// What the mark of an exposed API key adds to its attributes.
const MAX_EXPOSURE_LEN: usize = 16;
