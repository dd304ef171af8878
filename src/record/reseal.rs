//! Re-encryption: a record opened under one generation and sealed under the active one, without reading what it says.

use zeroize::Zeroizing;

use super::{Generation, Header, Keyring, Part, Record, RecordError, part_aad, seal_part};
use crate::keyring::VaultId;
use crate::secret::{RandomError, fill_random, random_array, same_bytes};
use crate::suite::{CipherStream, NONCE_LEN, Nonce, SHARED_NONCE_LEN, Suite};
use crate::token::ApiKeyId;

/// Moves records of the retiring generation to the active one. One for each worker, one batch after another.
pub(crate) struct Resealer<'k> {
    keyring: &'k Keyring,
    from: u32,
    opening: [PartCiphers<'k>; 2],
    sealing: PartCiphers<'k>,
    verify: Zeroizing<Vec<u8>>,
    recover: Zeroizing<Vec<u8>>,
    check: Zeroizing<Vec<u8>>,
    nonces: Nonces,
}

/// The ciphers of both parts, for one suite.
struct PartCiphers<'k> {
    suite: Suite,
    verify: CipherStream<'k>,
    recover: CipherStream<'k>,
}

impl<'k> PartCiphers<'k> {
    fn new(generation: &'k Generation, suite: Suite) -> Self {
        let (verify, recover) = (generation.verify.cipher(suite).stream(), generation.recover.cipher(suite).stream());
        Self { suite, verify, recover }
    }

    fn part(&mut self, part: Part) -> &mut CipherStream<'k> {
        match part {
            Part::Recover => &mut self.recover,
            Part::Verify => &mut self.verify,
        }
    }
}

impl<'k> Resealer<'k> {
    /// Ready to move records of generation `from`; `None` when its keys are gone.
    pub(crate) fn new(keyring: &'k Keyring, from: u32) -> Option<Self> {
        let old = keyring.generation(from)?;
        Some(Self {
            keyring,
            from,
            opening: [Suite::Xaes256Gcm, Suite::XChaCha20Poly1305].map(|suite| PartCiphers::new(old, suite)),
            sealing: PartCiphers::new(keyring.active(), keyring.suite()),
            verify: Zeroizing::default(),
            recover: Zeroizing::default(),
            check: Zeroizing::default(),
            nonces: Nonces::default(),
        })
    }

    /// Draws the nonce prefix that the records of the next batch share.
    pub(crate) fn start_batch(&mut self) -> Result<(), RandomError> {
        self.nonces.prefix = Some(random_array()?);
        Ok(())
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
        let header =
            Header { suite: self.keyring.suite(), generation: self.keyring.active_generation(), ..record.header };
        let mut resealed = Vec::with_capacity(bytes.len());
        resealed.extend(header.to_bytes());
        for (part, plain) in parts(&self.verify, record.recoverable().then_some(&self.recover)) {
            let aad = part_aad(vault, part, &header);
            seal_part(self.sealing.part(part), self.nonces.next()?, &aad, plain, &mut resealed);
        }
        self.read_back(&resealed, vault)?;
        Ok(resealed)
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

/// Nonces with a shared prefix and 12 random bytes each, drawn from the operating system a few hundred at a time.
/// Within one prefix they are plain random GCM nonces, of which a batch uses a few thousand.
struct Nonces {
    /// Drawn for each batch; before the first, for the first nonce.
    prefix: Option<[u8; SHARED_NONCE_LEN]>,
    pool: [u8; POOL_LEN],
    used: usize,
}

impl Nonces {
    fn next(&mut self) -> Result<Nonce, RandomError> {
        if self.used + OWN_LEN > POOL_LEN {
            fill_random(&mut self.pool)?;
            self.used = 0;
        }
        let prefix = match self.prefix {
            Some(prefix) => prefix,
            None => *self.prefix.insert(random_array()?),
        };
        let mut nonce = [0; NONCE_LEN];
        nonce[..SHARED_NONCE_LEN].copy_from_slice(&prefix);
        nonce[SHARED_NONCE_LEN..].copy_from_slice(&self.pool[self.used..self.used + OWN_LEN]);
        self.used += OWN_LEN;
        Ok(nonce)
    }
}

impl Default for Nonces {
    fn default() -> Self {
        Self { prefix: None, pool: [0; POOL_LEN], used: POOL_LEN }
    }
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

const OWN_LEN: usize = NONCE_LEN - SHARED_NONCE_LEN;
const POOL_LEN: usize = 340 * OWN_LEN;
