//! An authenticated row: a format version, CBOR, and the MAC that it ends with.

use minicbor::{Decode, Encode};

use super::mac::MacKey;
use crate::secret::same_bytes;

/// Which row a MAC is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RowLabel {
    Backups,
    Head,
    Keyring,
    Manifest,
    Rotation,
}

impl RowLabel {
    fn bytes(self) -> &'static [u8] {
        match self {
            Self::Backups => b"strongroom/v1/row/backups",
            Self::Head => b"strongroom/v1/row/head",
            Self::Keyring => b"strongroom/v1/row/keyring",
            Self::Manifest => b"strongroom/v1/row/manifest",
            Self::Rotation => b"strongroom/v1/row/rotation",
        }
    }
}

/// The body of a row whose MAC is right.
pub(crate) struct Authenticated<'a>(&'a [u8]);

impl Authenticated<'_> {
    pub(crate) fn decode<T: for<'b> Decode<'b, ()>>(&self) -> Result<T, RowError> {
        decode_whole(self.0).ok_or(RowError::Malformed)
    }
}

/// What a row says, before its MAC is judged: for a reader who has no key.
pub(crate) fn claimed<T: for<'b> Decode<'b, ()>>(row: &[u8]) -> Result<T, RowError> {
    decode_whole(body_of(row)?).ok_or(RowError::Malformed)
}

/// Why a row is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RowError {
    #[error("has format version {0}, which this program does not know")]
    Format(u8),
    #[error("is malformed")]
    Malformed,
    #[error("failed authentication")]
    Unauthentic,
}

/// `body` as a row: format version, body, MAC.
pub(super) fn authenticate(key: &MacKey, label: RowLabel, body: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + body.len() + MAC_LEN);
    row.push(ROW_FORMAT);
    row.extend(body);
    let mac = key.mac(&[label.bytes(), &[0], &row]);
    row.extend(mac);
    row
}

pub(super) fn authenticated<'a>(key: &MacKey, label: RowLabel, row: &'a [u8]) -> Result<Authenticated<'a>, RowError> {
    let body = body_of(row)?;
    let (authenticated, mac) = row.split_at(row.len() - MAC_LEN);
    if same_bytes(&key.mac(&[label.bytes(), &[0], authenticated]), mac) {
        Ok(Authenticated(body))
    } else {
        Err(RowError::Unauthentic)
    }
}

pub(super) fn body_of(row: &[u8]) -> Result<&[u8], RowError> {
    match row.split_first() {
        Some((&ROW_FORMAT, rest)) => match rest.len().checked_sub(MAC_LEN) {
            Some(len) => Ok(&rest[..len]),
            None => Err(RowError::Malformed),
        },
        Some((&format, _)) => Err(RowError::Format(format)),
        None => Err(RowError::Malformed),
    }
}

pub(crate) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    minicbor::to_vec(value).expect("writing CBOR to memory cannot fail")
}

/// Decodes `bytes` when they are one value and nothing after it.
pub(crate) fn decode_whole<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Option<T> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().ok()?;
    (decoder.position() == bytes.len()).then_some(value)
}

const ROW_FORMAT: u8 = 1;
const MAC_LEN: usize = 32;
