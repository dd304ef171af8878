//! Exporting: the tokens of all API keys with everything else about them, a page at a time.

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::import::ImportedKey;
use crate::ledger::Change;
use crate::record::{Record, RecordError};
use crate::store::Table;
use crate::token::ApiKeyId;
use crate::vault::Vault;
use crate::vault::admin::open_token;
use crate::vault::admission::admit_recovery;

/// One page of an export.
#[derive(Debug)]
#[non_exhaustive]
pub struct ExportPage {
    /// The API keys, as [`Vault::import`] takes them: with tokens, networks, labels, and what has become of them.
    pub keys: Vec<ImportedKey>,
    /// Those that cannot be exported, each with the cause in a word: they are not recoverable, or do not open.
    pub left_out: Vec<(ApiKeyId, &'static str)>,
    /// The last API key of the page, where the next page goes on; `None` when there are no more.
    pub last: Option<ApiKeyId>,
}

impl Vault {
    /// Recovers the tokens of up to `limit` API keys after an id, in the order of their ids. A reason is required. There is an
    /// audit entry `export` for each of them, in one commit, and it is durable before the page is returned. The page is as
    /// the vault stood at that commit. Refused where the policy demands a reissue with every recovery.
    pub fn export_page(&self, after: Option<ApiKeyId>, limit: usize, act: &Act) -> Result<ExportPage, Error> {
        let judged = act.check_with_reason().map_err(Error::from);
        let page = judged.and_then(|()| self.ledger.change(act, |change| self.read_page(change, after, limit)));
        self.ledger.keep_refusal(act, Draft::of(Action::Export), page)
    }

    fn read_page(&self, change: &mut Change<'_>, after: Option<ApiKeyId>, limit: usize) -> Result<ExportPage, Error> {
        admit_recovery(change, None)?;
        let after = after.map(ApiKeyId::to_bytes);
        let rows = self.ledger.store().scan(Table::Keys, after.as_ref().map(<[u8; 16]>::as_slice), limit)?;
        let mut page = ExportPage { keys: Vec::with_capacity(rows.len()), left_out: vec![], last: None };
        for (key, bytes) in &rows {
            let Some(id) = ApiKeyId::from_row(key).filter(|id| *id != ApiKeyId::SENTINEL) else { continue };
            page.last = Some(id);
            match exported(change, id, bytes) {
                Ok(Some(key)) => {
                    change.audit(Draft::on(Action::Export, id));
                    page.keys.push(key);
                }
                Ok(None) => page.left_out.push((id, "not-recoverable")),
                // The record may be newer than the keyring it was read with: then the change is prepared again.
                Err(Error::Record { fault: RecordError::MissingGeneration { generation }, .. })
                    if self.ledger.reload()?.bytes() != change.keyring.bytes() =>
                {
                    return Err(Error::Record { id, fault: RecordError::MissingGeneration { generation } });
                }
                Err(error) => page.left_out.push((id, error.cause())),
            }
        }
        Ok(page)
    }
}

fn exported(change: &Change<'_>, id: ApiKeyId, bytes: &[u8]) -> Result<Option<ImportedKey>, Error> {
    let unreadable = |fault| Error::Record { id, fault };
    let Some(token) = open_token(change, id, bytes)? else { return Ok(None) };
    let record = Record::parse(bytes).map_err(unreadable)?;
    let attributes = record.attributes(change.keyring, id).map_err(unreadable)?;
    let view = attributes.into_view(id, record.imported(), true, record.revision());
    Ok(Some(ImportedKey::of(token, view.ok_or(unreadable(RecordError::Attributes))?)))
}
