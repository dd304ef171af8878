//! The rows of the table `usage`: counts sealed under a key of their own, since addresses and endpoints are nobody else's business.

use std::collections::BTreeMap;
use std::net::IpAddr;

use minicbor::bytes::ByteVec;
use minicbor::{Decode, Encode};

use super::usage::Usage;
use crate::keyring::{Keyring, decode_whole, encode};
use crate::record::{MAX_UNDER_PREFIX, Nonces};
use crate::secret::RandomError;
use crate::suite::{AssociatedData, CipherStream, NONCE_LEN, Suite, TAG_LEN};
use crate::time::Timestamp;
use crate::token::ApiKeyId;
use crate::vault_id::VaultId;
use crate::versions::Generation;

/// A stored row whose header has been read, and nothing opened yet.
#[derive(Clone, Copy)]
pub(crate) struct UsageRow<'a> {
    header: Header,
    bytes: &'a [u8],
}

impl<'a> UsageRow<'a> {
    /// Reads the header.
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, UsageError> {
        let header = Header::parse(bytes)?;
        if bytes.len() < HEADER_LEN + NONCE_LEN + TAG_LEN {
            Err(UsageError::Malformed)
        } else {
            Ok(Self { header, bytes })
        }
    }

    /// The generation the header names; proven only by opening.
    pub(crate) fn generation(&self) -> Generation {
        self.header.generation
    }

    /// Opens the row that stands at `id`.
    pub(crate) fn open(&self, keyring: &Keyring, id: ApiKeyId) -> Result<Usage, UsageError> {
        let mut plain = vec![];
        self.open_into(keyring, id, &mut plain)?;
        decode_whole(&plain).and_then(Stored::into_usage).ok_or(UsageError::Malformed)
    }

    /// Opens the row and reads nothing of it.
    pub(crate) fn open_into(&self, keyring: &Keyring, id: ApiKeyId, plain: &mut Vec<u8>) -> Result<(), UsageError> {
        let generation = self.header.generation;
        let keys = keyring.generation(generation).ok_or(UsageError::MissingGeneration { generation })?;
        let mut cipher = keys.usage.cipher(self.header.suite).stream();
        let (nonce, rest) = self.bytes[HEADER_LEN..].split_first_chunk::<NONCE_LEN>().ok_or(UsageError::Malformed)?;
        let (body, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(UsageError::Malformed)?;
        plain.clear();
        plain.resize(body.len(), 0);
        let opened = cipher.open(nonce, &aad(keyring.vault(), id, self.header), body, tag, plain);
        opened.map_err(|_| UsageError::Corrupt)
    }
}

/// Seals rows under the active generation, many in a run.
pub(crate) struct UsageSealer<'k> {
    keyring: &'k Keyring,
    cipher: CipherStream<'k>,
    nonces: Nonces,
    sealed: usize,
}

impl<'k> UsageSealer<'k> {
    /// For about so many rows.
    pub(crate) fn new(keyring: &'k Keyring, rows: usize) -> Self {
        let cipher = keyring.active().usage.cipher(keyring.suite()).stream();
        Self { keyring, cipher, nonces: Nonces::drawing(rows), sealed: 0 }
    }

    /// The row of `id`.
    pub(crate) fn seal(&mut self, id: ApiKeyId, usage: &Usage) -> Result<Vec<u8>, RandomError> {
        self.seal_bytes(id, &encode(&Stored::of(usage)))
    }

    /// The same of what another row held.
    pub(crate) fn seal_bytes(&mut self, id: ApiKeyId, plain: &[u8]) -> Result<Vec<u8>, RandomError> {
        self.sealed += 1;
        if self.sealed.is_multiple_of(MAX_UNDER_PREFIX) {
            self.nonces.start_batch()?;
        }
        let header = Header { suite: self.keyring.suite(), generation: self.keyring.active_generation() };
        let nonce = self.nonces.next()?;
        let mut row = Vec::with_capacity(HEADER_LEN + NONCE_LEN + plain.len() + TAG_LEN);
        row.extend(header.to_bytes());
        row.extend(nonce);
        let body = row.len();
        row.extend(plain);
        let aad = aad(self.keyring.vault(), id, header);
        let tag = self.cipher.seal(&nonce, &aad, &mut row[body..]).expect("counts are limited to kilobytes");
        row.extend(tag);
        Ok(row)
    }
}

/// docs/format.md, Usage rows.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    verifications: u64,
    #[n(1)]
    last_used_at: Option<i64>,
    #[n(2)]
    last_address: Option<ByteVec>,
    #[n(3)]
    refusals: Option<BTreeMap<String, u64>>,
    #[n(4)]
    endpoints: Option<BTreeMap<String, u64>>,
    #[n(5)]
    other_endpoints: Option<u64>,
}

impl Stored {
    fn of(usage: &Usage) -> Self {
        let some = |counts: &BTreeMap<String, u64>| (!counts.is_empty()).then(|| counts.clone());
        let octets = |address| match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        Self {
            verifications: usage.verifications,
            last_used_at: usage.last_used_at.map(Timestamp::unix_millis),
            last_address: usage.last_address.map(|address| octets(address).into()),
            refusals: some(&usage.refusals),
            endpoints: some(&usage.endpoints),
            other_endpoints: Some(usage.other_endpoints).filter(|count| *count > 0),
        }
    }

    /// `None` when the time or the address is none.
    fn into_usage(self) -> Option<Usage> {
        let time =
            |millis: Option<i64>| millis.map_or(Some(None), |millis| Timestamp::from_unix_millis(millis).map(Some));
        Some(Usage {
            verifications: self.verifications,
            last_used_at: time(self.last_used_at)?,
            last_address: self.last_address.map_or(Some(None), |octets| address(&octets).map(Some))?,
            refusals: self.refusals.unwrap_or_default(),
            endpoints: self.endpoints.unwrap_or_default(),
            other_endpoints: self.other_endpoints.unwrap_or_default(),
        })
    }
}

fn address(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(IpAddr::from);
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(IpAddr::from)).ok()
}

/// The header of a row (docs/format.md, Usage rows).
#[derive(Clone, Copy)]
struct Header {
    suite: Suite,
    generation: Generation,
}

impl Header {
    fn parse(bytes: &[u8]) -> Result<Self, UsageError> {
        let (&[format, suite, reserved @ .., a, b, c, d], _) =
            bytes.split_first_chunk::<HEADER_LEN>().ok_or(UsageError::Malformed)?;
        if format != USAGE_FORMAT {
            // No format has the number 0: such a byte was overwritten.
            return Err(if format == 0 { UsageError::Malformed } else { UsageError::Format { found: format } });
        }
        let suite = Suite::from_byte(suite).filter(|_| reserved == [0, 0]).ok_or(UsageError::Malformed)?;
        let generation = Generation::from_be_bytes([a, b, c, d]).ok_or(UsageError::Malformed)?;
        Ok(Self { suite, generation })
    }

    fn to_bytes(self) -> [u8; HEADER_LEN] {
        let mut bytes = [USAGE_FORMAT, self.suite.byte(), 0, 0, 0, 0, 0, 0];
        bytes[4..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }
}

fn aad(vault: VaultId, id: ApiKeyId, header: Header) -> AssociatedData {
    AssociatedData::of(&[USAGE_LABEL, &vault.0, b"usage", &id.to_bytes(), &header.to_bytes()])
}

/// Why a row of counts does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UsageError {
    /// Its bytes were changed, or exchanged with those of another row.
    #[error("failed authentication")]
    Corrupt,
    /// Written by a later version of strongroom.
    #[error("has format version {found}, which this version of strongroom does not know")]
    Format {
        /// The version found.
        found: u8,
    },
    /// Too short, or it holds something else than counts.
    #[error("is malformed")]
    Malformed,
    /// The row names a generation that the keyring does not have.
    #[error("is of generation {generation}, which the keyring does not have")]
    MissingGeneration {
        /// The generation it names.
        generation: Generation,
    },
}

/// docs/format.md, Usage rows. Changing this makes every row unreadable.
const USAGE_LABEL: &[u8] = b"strongroom/v1/usage";
const USAGE_FORMAT: u8 = 1;
const HEADER_LEN: usize = 8;
