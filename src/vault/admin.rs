//! Recovering tokens, and reading the audit log.

use crate::audit::{Act, Action, AuditEntry, AuditFault, ChainEnd, Draft, row_key};
use crate::error::Error;
use crate::keyring::Keyring;
use crate::ledger::{Change, follow_chain};
use crate::record::{Record, RecordError};
use crate::secret::SecretText;
use crate::store::{Rows, Table};
use crate::token::{ApiKeyId, Token};
use crate::vault::Vault;

impl Vault {
    /// Opens the secret of an API key and returns its token. A reason is required. The audit entry is durable before
    /// the token is returned; when it cannot be written, there is no token. Refused where the policy demands a reissue with it.
    pub fn recover(&self, id: ApiKeyId, act: &Act) -> Result<SecretText, Error> {
        let draft = || Draft::on(Action::Recover, id);
        let rows = self.ledger.store();
        let recovered = act.check_with_reason().map_err(Error::from).and_then(|()| {
            self.ledger.change(act, |change| {
                let bytes = record_at(rows, id)?;
                change.keyring.policy().check_recovery()?;
                let token = open_token(change, id, &bytes)?.ok_or(Error::NotRecoverable { id })?;
                change.audit(draft());
                Ok(token)
            })
        });
        self.ledger.keep_refusal(act, draft(), recovered)
    }

    /// Up to `limit` audit entries after a sequence number, oldest first. The chain is not checked here.
    pub fn audit_entries(&self, after: u64, limit: usize) -> Result<Vec<AuditEntry>, Error> {
        let rows = self.ledger.store().scan(Table::Audit, Some(&row_key(after)), limit)?;
        let parse = |(key, line): (Vec<u8>, Vec<u8>)| {
            let seq = key.try_into().map_or(after + 1, u64::from_be_bytes);
            serde_json::from_slice(&line).map_err(|_| AuditFault::Malformed { seq }.into())
        };
        rows.into_iter().map(parse).collect()
    }

    /// Follows the whole chain to the authenticated head, and returns the number of entries. A chain whose tail was
    /// cut together with the head can only be told from an outside checkpoint.
    pub fn verify_audit(&self) -> Result<u64, Error> {
        let snapshot = self.ledger.store().snapshot()?;
        let (keyring, head) = self.ledger.read_together(&*snapshot)?;
        verify_chain(&keyring, &*snapshot, head.chain)
    }
}

pub(super) fn verify_chain(keyring: &Keyring, rows: &dyn Rows, expected: ChainEnd) -> Result<u64, Error> {
    let end = follow_chain(keyring.vault(), rows, u64::MAX, |_| Ok(()))?;
    if end == expected { Ok(end.seq) } else { Err(AuditFault::End { found: end.seq, expected: expected.seq }.into()) }
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
    let view = attributes.into_view(id, false, true, record.revision()).ok_or(unreadable(RecordError::Attributes))?;
    Ok(secret.map(|secret| Token::compose(&view.prefix, id, secret.expose())))
}
