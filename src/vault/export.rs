//! Exporting: the tokens of all API keys with everything else about them, a page at a time.

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::import::ImportedKey;
use crate::ledger::Change;
use crate::page::{Cursor, Page};
use crate::record::{Commitment, Record, RecordError};
use crate::token::ApiKeyId;
use crate::vault::handle::Vault;
use crate::vault::policy::admit_recovery;
use crate::vault::recover::{Opened, open_token};
use crate::versions::Generation;

/// One API key of an export.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// Where the record stands.
    pub id: ApiKeyId,
    /// As [`Vault::import`] takes it: with token, networks, labels, and what has become of it. Or why it cannot be exported.
    pub key: Result<ImportedKey, ExportError>,
}

/// Why the token of an API key cannot be exported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExportError {
    /// The API key was made without a sealed copy of its secret.
    #[error("the API key was made unrecoverable: no copy of its secret exists")]
    NotRecoverable,
    /// The record does not open.
    #[error(transparent)]
    Record(#[from] RecordError),
}

impl ExportError {
    /// The word used in tables and JSON.
    pub fn cause(&self) -> &'static str {
        match self {
            Self::NotRecoverable => "not-recoverable",
            Self::Record(fault) => fault.cause(),
        }
    }
}

/// A word for the cause, and a message.
impl Serialize for ExportError {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("ExportError", 2)?;
        fields.serialize_field("cause", self.cause())?;
        fields.serialize_field("message", &self.to_string())?;
        fields.end()
    }
}

/// # Exporting
impl Vault {
    /// Recovers the tokens of a page of up to `limit` API keys behind a cursor, in the order of their ids. A reason is required. There is
    /// an audit entry `export` for each of them, in one commit, and it is durable before the page is returned. The page is as
    /// the vault stood at that commit. Refused where the policy demands a reissue with every recovery.
    pub fn export_page(&self, after: Option<Cursor>, limit: usize, act: &Act) -> Result<Page<Exported>, Error> {
        let judged = act.check_with_reason().map_err(Error::from);
        let page = judged.and_then(|()| self.ledger.change(act, |change| self.read_page(change, after, limit)));
        self.ledger.keep_refusal(act, Draft::of(Action::Export), page)
    }

    fn read_page(&self, change: &mut Change<'_>, after: Option<Cursor>, limit: usize) -> Result<Page<Exported>, Error> {
        admit_recovery(change, None)?;
        self.key_page(after, limit)?.try_map(|(id, bytes)| self.export(change, id, &bytes))
    }

    fn export(&self, change: &mut Change<'_>, id: ApiKeyId, bytes: &[u8]) -> Result<Exported, Error> {
        let key = match exported(change, id, bytes) {
            Ok((key, was, generation)) => {
                match self.hold_to_log(change.keyring, generation, id, &was).map_err(Error::into_detail) {
                    Ok(()) => {
                        change.audit(Draft::on(Action::Export, id).finding(was));
                        Ok(key)
                    }
                    Err(Detail::Record { fault, .. }) => Err(fault.into()),
                    Err(error) => return Err(error.into()),
                }
            }
            // The record may be newer than the keyring it was read with: then the change is prepared again.
            Err(ExportError::Record(fault @ RecordError::MissingGeneration { .. }))
                if self.ledger.reload()?.bytes() != change.keyring.bytes() =>
            {
                return Err(Detail::Record { id, fault }.into());
            }
            Err(fault) => Err(fault),
        };
        Ok(Exported { id, key })
    }
}

fn exported(
    change: &Change<'_>,
    id: ApiKeyId,
    bytes: &[u8],
) -> Result<(ImportedKey, Commitment, Generation), ExportError> {
    let record = Record::parse(bytes)?;
    let Opened { token, attributes, was, generation } = open_token(change, id, bytes)?;
    let token = token.ok_or(ExportError::NotRecoverable)?;
    let view = attributes.into_view(id, record.imported(), true, record.revision());
    Ok((ImportedKey::of(token, view.ok_or(RecordError::Attributes)?), was, generation))
}
