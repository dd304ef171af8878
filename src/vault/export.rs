//! Exporting: the tokens of all API keys with everything else about them, a page at a time.

use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::import::ImportedKey;
use crate::ledger::Change;
use crate::page::{Cursor, Page};
use crate::record::{Record, RecordError};
use crate::token::ApiKeyId;
use crate::vault::handle::Vault;
use crate::vault::policy::admit_recovery;
use crate::vault::recover::open_token;

/// One API key of an export.
#[derive(Debug)]
#[non_exhaustive]
pub struct Exported {
    /// Where the record stands.
    pub id: ApiKeyId,
    /// As [`Vault::import`] takes it: with token, networks, labels, and what has become of it. Or why it cannot be exported, in a word:
    /// it is not recoverable, or does not open.
    pub key: Result<ImportedKey, &'static str>,
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
        let key = match exported(change, id, bytes).map_err(Error::into_detail) {
            Ok(Some(key)) => {
                change.audit(Draft::on(Action::Export, id));
                Ok(key)
            }
            Ok(None) => Err("not-recoverable"),
            // The record may be newer than the keyring it was read with: then the change is prepared again.
            Err(Detail::Record { fault: fault @ RecordError::MissingGeneration { .. }, .. })
                if self.ledger.reload()?.bytes() != change.keyring.bytes() =>
            {
                return Err(Detail::Record { id, fault }.into());
            }
            Err(Detail::Record { fault, .. }) => Err(fault.cause()),
            Err(error) => Err(Error::from(error).code()),
        };
        Ok(Exported { id, key })
    }
}

fn exported(change: &Change<'_>, id: ApiKeyId, bytes: &[u8]) -> Result<Option<ImportedKey>, Error> {
    let unreadable = |fault| Detail::Record { id, fault };
    let Some(token) = open_token(change, id, bytes)? else { return Ok(None) };
    let record = Record::parse(bytes).map_err(unreadable)?;
    let attributes = record.attributes(change.keyring, id).map_err(unreadable)?;
    let view = attributes.into_view(id, record.imported(), true, record.revision());
    Ok(Some(ImportedKey::of(token, view.ok_or(unreadable(RecordError::Attributes))?)))
}
