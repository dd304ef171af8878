//! Why a record does not open.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::token::ApiKeyId;
use crate::versions::Generation;

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
    /// It opens, and is not what the audit log says was written last: an older one was put back, or it was forged.
    #[error("the record is not the one that audit entry {seq} left behind")]
    Differs {
        /// The last entry of its API key.
        seq: u64,
    },
    /// It opens, and an act went on from a record that was not what the audit log says: one that was put back or forged before.
    #[error("audit entry {seq} went on from a record that is not in the audit log: it was put back or forged before")]
    Continued {
        /// The first entry of an act that did.
        seq: u64,
    },
    /// It opens, and the audit log has no entry of it, or says that it was deleted.
    #[error("the audit log knows no such record")]
    Unlogged,
    /// It opened, and the secret in it is not the one that its token is verified by.
    #[error("the secret of the record is not the one that it verifies")]
    OtherSecret,
    /// It is of a generation whose master key has leaked, and is not what the audit log said when the rotation began.
    #[error(
        "the record is of generation {generation}, whose master key has leaked, and is not the one that the audit log had at the cutover"
    )]
    Fenced {
        /// The generation.
        generation: Generation,
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
            Self::Fenced { .. } => "fenced",
            Self::Foreign => "foreign",
            Self::Format { .. } => "newer-format",
            Self::MissingGeneration { .. } => "missing-generation",
            Self::Moved { .. } => "moved",
            Self::Relabelled { .. } => "relabelled",
            Self::Continued { .. } => "continued",
            Self::Differs { .. } => "differs",
            Self::NotIndexed => "not-indexed",
            Self::OtherSecret => "other-secret",
            Self::Unlogged => "unlogged",
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
