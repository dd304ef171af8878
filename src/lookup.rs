//! The rows that find imported tokens: the HMAC of a token leads to the id of its API key.

use crate::keyring::{Keyring, LookupKey};
use crate::secret::same_bytes;
use crate::token::ApiKeyId;
use crate::versions::Generation;

/// The value of a row of the table `lookup` (docs/format.md, Lookup).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LookupRow {
    /// Which lookup key made the row's key.
    pub(crate) lookup_key: Generation,
    /// The API key the token belongs to.
    pub(crate) id: ApiKeyId,
}

impl LookupRow {
    /// The row of a token under the newest lookup key: its key and its value.
    pub(crate) fn newest(keyring: &Keyring, token: &str, id: ApiKeyId) -> ([u8; 32], Vec<u8>) {
        let (lookup_key, key) = keyring.active_lookup();
        let index = key.index(token);
        (index, Self { lookup_key, id }.seal(key, &index))
    }

    /// The row after all others: it leads to the sentinel, so that an unknown token takes the path of a known one.
    pub(crate) fn sentinel(keyring: &Keyring) -> ([u8; 32], Vec<u8>) {
        let (lookup_key, key) = keyring.active_lookup();
        (SENTINEL_INDEX, Self { lookup_key, id: ApiKeyId::SENTINEL }.seal(key, &SENTINEL_INDEX))
    }

    /// Reads a value without judging its tag.
    pub(crate) fn parse(value: &[u8]) -> Option<Self> {
        let (fields, _) = value.split_last_chunk::<TAG_LEN>()?;
        let (&[LOOKUP_FORMAT], rest) = fields.split_first_chunk()? else { return None };
        let (lookup_key, id) = rest.split_first_chunk::<4>()?;
        Some(Self { lookup_key: Generation::from_be_bytes(*lookup_key)?, id: ApiKeyId::from_row(id)? })
    }

    /// Reads a row and checks that it was written here, by this vault.
    pub(crate) fn open(keyring: &Keyring, index: &[u8], value: &[u8]) -> Option<Self> {
        let row = Self::parse(value)?;
        let (_, key) = keyring.lookups().find(|(number, _)| *number == row.lookup_key)?;
        same_bytes(&row.seal(key, index), value).then_some(row)
    }

    fn seal(self, key: &LookupKey, index: &[u8]) -> Vec<u8> {
        let mut value = Vec::with_capacity(1 + 4 + 16 + TAG_LEN);
        value.push(LOOKUP_FORMAT);
        value.extend(self.lookup_key.to_be_bytes());
        value.extend(self.id.to_bytes());
        let tag = key.tag(index, &value);
        value.extend(tag);
        value
    }
}

/// No HMAC is all ones but with a probability of 2^-256.
pub(crate) const SENTINEL_INDEX: [u8; 32] = [0xff; 32];
const LOOKUP_FORMAT: u8 = 1;
const TAG_LEN: usize = 16;
