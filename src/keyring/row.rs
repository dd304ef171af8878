//! An authenticated row: a format version, CBOR, and the signature that it ends with.

use minicbor::{Decode, Encode};

use sha2::{Digest, Sha256};

use crate::authority::{PublicKey, SIGNATURE_LEN, SigningKey};

/// Which row a signature is for.
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

/// The body of a row whose signature is right.
pub(crate) struct Authenticated<'a>(&'a [u8]);

impl Authenticated<'_> {
    pub(crate) fn decode<T: for<'b> Decode<'b, ()>>(&self) -> Result<T, RowError> {
        decode_whole(self.0).ok_or(RowError::Malformed)
    }
}

/// What a row says, before its signature is judged: for a reader who has no key.
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
    /// It is genuine, and belongs beside another keyring.
    #[error("belongs to another keyring")]
    Other,
    #[error("failed authentication")]
    Unauthentic,
}

/// `body` as a row: format version, body, signature.
pub(super) fn authenticate(signer: &SigningKey, label: RowLabel, body: &[u8]) -> Vec<u8> {
    let mut row = Vec::with_capacity(1 + body.len() + SIGNATURE_LEN);
    row.push(ROW_FORMAT);
    row.extend(body);
    let signature = signer.sign(label.bytes(), &row);
    row.extend(signature);
    row
}

/// The body of a row, when this public key vouches for it.
pub(crate) fn authenticated(public: PublicKey, label: RowLabel, row: &[u8]) -> Result<Authenticated<'_>, RowError> {
    let body = body_of(row)?;
    let (signed, signature) = row.split_last_chunk::<SIGNATURE_LEN>().ok_or(RowError::Malformed)?;
    if public.verify(label.bytes(), signed, signature) { Ok(Authenticated(body)) } else { Err(RowError::Unauthentic) }
}

/// What names a row in the rows of others (docs/format.md, Authenticated rows).
pub(crate) fn row_hash(label: RowLabel, row: &[u8]) -> [u8; 32] {
    let hash = Sha256::new().chain_update(ROW_HASH_LABEL).chain_update([0]);
    hash.chain_update(label.bytes()).chain_update([0]).chain_update(row).finalize().into()
}

pub(super) fn body_of(row: &[u8]) -> Result<&[u8], RowError> {
    match row.split_first() {
        Some((&ROW_FORMAT, rest)) => match rest.len().checked_sub(SIGNATURE_LEN) {
            Some(len) => Ok(&rest[..len]),
            None => Err(RowError::Malformed),
        },
        // No format has the number 0: such a byte was overwritten.
        Some((0, _)) | None => Err(RowError::Malformed),
        Some((&format, _)) => Err(RowError::Format(format)),
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
const ROW_HASH_LABEL: &[u8] = b"strongroom/v1/row-hash";
