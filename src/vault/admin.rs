//! What administrators do with API keys that exist.

use crate::api_key::with_revocation;
use crate::audit::{Act, Action, Draft};
use crate::error::Error;
use crate::ledger::Change;
use crate::record::{Plain, Record, RecordError, seal};
use crate::secret::SecretText;
use crate::store::{Rows, Table};
use crate::token::{ApiKeyId, Token};
use crate::vault::Vault;

impl Vault {
    /// Revokes an API key, for good. From the moment this returns, no process that shares the store accepts its
    /// token. Revoking twice is no error: `false` says that it was revoked before.
    pub fn revoke(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        act.check()?;
        self.ledger.keep_refusal(act, Draft::on(Action::Revoke, id), self.revoke_now(id, act))
    }

    fn revoke_now(&self, id: ApiKeyId, act: &Act) -> Result<bool, Error> {
        if self.attributes(id)?.revoked_at.is_some() {
            return Ok(false);
        }
        let (rows, mut earlier) = (self.ledger.store(), false);
        let done = self.ledger.change(act, |change| {
            let old = record_at(rows, id)?;
            let unreadable = |source| Error::Record { id, source };
            let record = Record::parse(&old).map_err(unreadable)?;
            let before = record.carried(change.keyring, id).map_err(unreadable)?;
            // Somebody else was quicker: there is nothing to commit, and what is returned here is not.
            earlier = record.attributes(change.keyring, id).is_ok_and(|attributes| attributes.is_revoked());
            if earlier {
                return Err(Error::Contended);
            }
            let revoked = with_revocation(&before, change.now).ok_or(unreadable(RecordError::Attributes))?;
            let secret = match record.open_recover(change.keyring, id) {
                Ok(secret) => secret,
                // Verification does not need this part, so a revocation must not need it either.
                Err(RecordError::Corrupt { .. } | RecordError::Attributes) => {
                    tracing::warn!(key = %id, "the recover part is damaged and was given up with the revocation");
                    None
                }
                Err(error) => return Err(unreadable(error)),
            };
            let secret = secret.as_ref().map(SecretText::expose);
            let plain = Plain { imported: record.imported(), attributes: &revoked, secret };
            let new = seal(change.keyring, id, &plain)?;
            change.replace_record(id, old, new)?;
            change.audit(Draft::on(Action::Revoke, id));
            Ok(true)
        });
        if earlier { Ok(false) } else { done }
    }

    /// Opens the secret of an API key and returns its token. A reason is required. The audit entry is durable before
    /// the token is returned; when it cannot be written, there is no token.
    pub fn recover(&self, id: ApiKeyId, act: &Act) -> Result<SecretText, Error> {
        let draft = || Draft::on(Action::Recover, id);
        let rows = self.ledger.store();
        let recovered = act.check_with_reason().map_err(Error::from).and_then(|()| {
            self.ledger.change(act, |change| {
                let bytes = record_at(rows, id)?;
                let token = open_token(change, id, &bytes)?.ok_or(Error::NotRecoverable { id })?;
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

/// The whole token; `None` when no copy of the secret exists.
fn open_token(change: &Change<'_>, id: ApiKeyId, bytes: &[u8]) -> Result<Option<SecretText>, Error> {
    let unreadable = |source| Error::Record { id, source };
    let record = Record::parse(bytes).map_err(unreadable)?;
    // The verify part first: it authenticates the header, and with it whether there is anything to recover.
    let attributes = record.attributes(change.keyring, id).map_err(unreadable)?;
    let secret = record.open_recover(change.keyring, id).map_err(unreadable)?;
    if record.imported() {
        return Ok(secret);
    }
    let view = attributes.into_view(id, false, true).ok_or(unreadable(RecordError::Attributes))?;
    Ok(secret.map(|secret| Token::compose(&view.prefix, id, secret.expose())))
}
