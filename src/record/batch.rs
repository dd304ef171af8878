//! What the records of a batch share: ciphers prepared once for many neighbours, and nonces drawn together.

use zeroize::Zeroizing;

use super::layout::{Header, Part, Plain, part_aad, seal_part};
use super::sealed::Record;
use crate::keyring::{GenerationKeys, Keyring};
use crate::secret::{Drawn, RandomError};
use crate::suite::{CipherStream, NONCE_LEN, Nonce, SHARED_NONCE_LEN, Suite};
use crate::token::ApiKeyId;

/// Seals many records under the active generation, as [`seal`](super::sealed::seal) does one.
pub(crate) struct Sealer<'k> {
    keyring: &'k Keyring,
    ciphers: PartCiphers<'k>,
    nonces: Nonces,
    sealed: usize,
}

impl<'k> Sealer<'k> {
    /// For one batch of so many records.
    pub(crate) fn new(keyring: &'k Keyring, records: usize) -> Self {
        let ciphers = PartCiphers::new(keyring.active(), keyring.suite());
        Self { keyring, ciphers, nonces: Nonces::drawing(2 * records), sealed: 0 }
    }

    /// What its nonces are drawn from, for the secrets that it seals.
    pub(crate) fn drawn(&mut self) -> &mut Drawn {
        &mut self.nonces.drawn
    }

    pub(crate) fn seal(&mut self, id: ApiKeyId, plain: &Plain<'_>) -> Result<Vec<u8>, RandomError> {
        self.sealed += 1;
        if self.sealed.is_multiple_of(MAX_UNDER_PREFIX) {
            self.nonces.start_batch()?;
        }
        let header = Header::new(self.keyring, id, plain);
        let mut record = header.with_space_for(plain);
        let parts = [(Part::Verify, Some(plain.attributes)), (Part::Recover, plain.secret.map(str::as_bytes))];
        for (part, plain) in parts.into_iter().filter_map(|(part, plain)| Some((part, plain?))) {
            let aad = part_aad(self.keyring.vault(), part, &header);
            seal_part(self.ciphers.part(part), self.nonces.next()?, &aad, plain, &mut record);
        }
        Ok(record)
    }
}

/// Opens both parts of many records of the active generation, and keeps nothing of them.
pub(crate) struct Opener<'k> {
    keyring: &'k Keyring,
    ciphers: [PartCiphers<'k>; 2],
    plain: Zeroizing<Vec<u8>>,
}

impl<'k> Opener<'k> {
    pub(crate) fn new(keyring: &'k Keyring) -> Self {
        let ciphers = Suite::BOTH.map(|suite| PartCiphers::new(keyring.active(), suite));
        Self { keyring, ciphers, plain: Zeroizing::default() }
    }

    /// Whether the record that stands at `id` is of the active generation and opens, and each part that opens is sound. Why not is for
    /// [`Record::open_both`] to say.
    pub(crate) fn opens_as(
        &mut self,
        id: ApiKeyId,
        record: &Record<'_>,
        mut is_sound: impl FnMut(Part, &[u8]) -> bool,
    ) -> bool {
        let ours = record.belongs(self.keyring, id).is_ok() && record.generation() == self.keyring.active_generation();
        let ciphers = self.ciphers.iter_mut().find(|ciphers| ours && ciphers.suite == record.header.suite);
        let Some(ciphers) = ciphers else { return false };
        let (vault, plain) = (self.keyring.vault(), &mut self.plain);
        let mut opens = |part| {
            let opened = record.open_part(ciphers.part(part), part, vault, plain).is_ok();
            opened && is_sound(part, plain)
        };
        opens(Part::Verify) && (!record.recoverable() || opens(Part::Recover))
    }
}

/// The ciphers of both parts, for one suite.
pub(super) struct PartCiphers<'k> {
    pub(super) suite: Suite,
    pub(super) verify: CipherStream<'k>,
    pub(super) recover: CipherStream<'k>,
}

impl<'k> PartCiphers<'k> {
    pub(super) fn new(generation: &'k GenerationKeys, suite: Suite) -> Self {
        let (verify, recover) = (generation.verify.cipher(suite).stream(), generation.recover().cipher(suite).stream());
        Self { suite, verify, recover }
    }

    pub(super) fn part(&mut self, part: Part) -> &mut CipherStream<'k> {
        match part {
            Part::Recover => &mut self.recover,
            Part::Verify => &mut self.verify,
        }
    }
}

/// Nonces with a shared prefix and 12 random bytes each, drawn from the operating system a few hundred at a time.
/// Within one prefix they are plain random GCM nonces, of which a batch uses a few thousand.
pub(crate) struct Nonces {
    /// Drawn for each batch; before the first, for the first nonce.
    prefix: Option<[u8; SHARED_NONCE_LEN]>,
    drawn: Drawn,
}

impl Nonces {
    /// Draws so many together, if that many are needed at all.
    pub(crate) fn drawing(count: usize) -> Self {
        Self { prefix: None, drawn: Drawn::about(SHARED_NONCE_LEN + count.min(MAX_DRAWN) * OWN_LEN) }
    }

    /// Draws another prefix.
    pub(crate) fn start_batch(&mut self) -> Result<(), RandomError> {
        self.prefix = Some(self.drawn.array()?);
        Ok(())
    }

    pub(crate) fn next(&mut self) -> Result<Nonce, RandomError> {
        let prefix = match self.prefix {
            Some(prefix) => prefix,
            None => *self.prefix.insert(self.drawn.array()?),
        };
        let mut nonce = [0; NONCE_LEN];
        nonce[..SHARED_NONCE_LEN].copy_from_slice(&prefix);
        self.drawn.fill(&mut nonce[SHARED_NONCE_LEN..])?;
        Ok(nonce)
    }
}

/// Records that share a nonce prefix, at most.
pub(crate) const MAX_UNDER_PREFIX: usize = 10_000;
const OWN_LEN: usize = NONCE_LEN - SHARED_NONCE_LEN;
/// 4 KiB: more at a time is hardly faster.
pub(super) const MAX_DRAWN: usize = 340;
