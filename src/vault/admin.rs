//! Recovering tokens.

use crate::audit_log::{Act, Action, Draft};
use crate::error::Error;
use crate::ledger::Change;
use crate::record::{Record, RecordError};
use crate::secret::SecretText;
use crate::store::{Rows, Table};
use crate::token::{ApiKeyId, Token};
use crate::vault::Vault;
use crate::vault::admission::admit_recovery;

impl Vault {
    /// Opens the secret of an API key and returns its token. A reason is required. The audit entry is durable before
    /// the token is returned; when it cannot be written, there is no token. Refused where the policy demands a reissue with it.
    pub fn recover(&self, id: ApiKeyId, act: &Act) -> Result<SecretText, Error> {
        let draft = || Draft::on(Action::Recover, id);
        let rows = self.ledger.store();
        let recovered = act.check_with_reason().map_err(Error::from).and_then(|()| {
            self.ledger.change(act, |change| {
                admit_recovery(change, None)?;
                let token = token_at(change, rows, id)?;
                change.audit(draft());
                Ok(token)
            })
        });
        self.ledger.keep_refusal(act, draft(), recovered)
    }
}

/// The record of an API key. The sentinel is none.
pub(super) fn record_at(rows: &dyn Rows, id: ApiKeyId) -> Result<Vec<u8>, Error> {
    if id == ApiKeyId::SENTINEL {
        return Err(Error::NotFound { id });
    }
    rows.get(Table::Keys, &id.to_bytes())?.ok_or(Error::NotFound { id })
}

/// The token of an API key, for a change that writes an audit entry of it.
pub(super) fn token_at(change: &Change<'_>, rows: &dyn Rows, id: ApiKeyId) -> Result<SecretText, Error> {
    open_token(change, id, &record_at(rows, id)?)?.ok_or(Error::NotRecoverable { id })
}

/// The whole token; `None` when no copy of the secret exists.
pub(super) fn open_token(change: &Change<'_>, id: ApiKeyId, bytes: &[u8]) -> Result<Option<SecretText>, Error> {
    let unreadable = |fault| Error::Record { id, fault };
    let record = Record::parse(bytes).map_err(unreadable)?;
    // The verify part first: it authenticates the header, and with it whether there is anything to recover.
    let attributes = record.attributes(change.keyring, id).map_err(unreadable)?;
    let secret = record.open_recover(change.keyring, id).map_err(unreadable)?;
    if record.imported() {
        return Ok(secret);
    }
    let view = attributes.into_view(id, false, true, record.revision()).ok_or(unreadable(RecordError::Attributes))?;
    Ok(secret.map(|secret| Token::compose(&view.prefix, id, secret.expose())))
}
