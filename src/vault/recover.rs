//! Recovering tokens, alone or together with a reissue.

use crate::api_key::{Attributes, Reissue};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::ledger::Change;
use crate::record::{Commitment, Record, RecordError, Sealer};
use crate::secret::{SecretText, same_bytes};
use crate::token::{ApiKeyId, Token, secret_digest};
use crate::vault::handle::Vault;
use crate::vault::issue::Issued;
use crate::vault::policy::admit_recovery;
use crate::vault::reissue::{New, millis};
use crate::vault::subject::{Subject, record_at};
use crate::versions::Generation;

/// # Recovering
impl Vault {
    /// Opens the secret of an API key and returns its token. A reason is required. The audit entry is durable before
    /// the token is returned; when it cannot be written, there is no token. Refused where the policy demands a reissue with it.
    pub fn recover(&self, id: ApiKeyId, act: &Act) -> Result<SecretText, Error> {
        let draft = || Draft::on(Action::Recover, id);
        let rows = self.ledger.store();
        let recovered = act.check_with_reason().map_err(Error::from).and_then(|()| {
            self.ledger.change_with_others(act, |change| {
                admit_recovery(change, None)?;
                change.look_at(id);
                let (token, was, generation) = token_of(change, id, &record_at(rows, id)?)?;
                self.hold_to_log(change.keyring, generation, id, &was)?;
                change.audit(draft().finding(was));
                Ok(token)
            })
        });
        self.ledger.keep_refusal(act, draft(), recovered)
    }

    /// Recovers the token of an API key and reissues the API key, in one commit: the audit log has an entry `recover`, and after
    /// it those of the reissue, and both are durable before either token is returned. A reason is required.
    pub fn recover_and_reissue(
        &self,
        id: ApiKeyId,
        reissue: &Reissue,
        act: &Act,
    ) -> Result<(SecretText, Issued), Error> {
        let draft = Draft::on(Action::Recover, id);
        let prepared =
            act.check_with_reason().map_err(Error::from).and_then(|()| New::prepare(reissue, self.ledger.now()));
        let done = prepared.and_then(|new| {
            self.ledger.change_with_others(act, |change| {
                admit_recovery(change, Some(reissue.grace))?;
                let mut old = Subject::read(change, self.ledger.store(), id)?;
                // What the token is read from is what is replaced.
                let (token, was, _) = token_of(change, id, old.record())?;
                self.follower.catch_up()?;
                self.hold_to_what_was_read(change.keyring, old.generation()?, id, &old.was)?;
                let sealer = &mut Sealer::new(change.keyring, 2);
                let (issued, left) = new.issue(change, sealer, &mut old, id, reissue)?;
                change.audit(draft.clone().finding(was));
                let reissued = Draft::on(Action::Reissue, id).count("grace_ms", millis(reissue));
                change.audit(reissued.finding(old.was).leaving(left.old));
                change.audit(Draft::on(Action::Issue, new.id).leaving(left.new));
                Ok((token, issued))
            })
        });
        self.ledger.keep_refusal(act, draft, done)
    }
}

/// The token of an API key and the commitment to its record, for a change that writes an audit entry of it.
fn token_of(change: &Change<'_>, id: ApiKeyId, record: &[u8]) -> Result<(SecretText, Commitment, Generation), Error> {
    let opened = open_token(change, id, record).map_err(|fault| Detail::Record { id, fault })?;
    let Opened { token, was, generation, .. } = opened;
    Ok((token.ok_or(Detail::NotRecoverable { id })?, was, generation))
}

/// A record opened by somebody who takes the token out.
pub(super) struct Opened {
    /// The whole token; `None` when no copy of the secret exists.
    pub(super) token: Option<SecretText>,
    pub(super) attributes: Attributes,
    /// The commitment to it.
    pub(super) was: Commitment,
    pub(super) generation: Generation,
}

pub(super) fn open_token(change: &Change<'_>, id: ApiKeyId, bytes: &[u8]) -> Result<Opened, RecordError> {
    let record = Record::parse(bytes)?;
    // The verify part first: it authenticates the header, and with it whether there is anything to recover.
    let (was, _, attributes) = record.attributes_to_carry(change.keyring, id)?;
    let secret = record.open_recover(change.keyring, id)?;
    // Who could exchange one part and not the other would have an administrator hand out a token that never was one.
    if secret.as_ref().is_some_and(|secret| !same_bytes(&secret_digest(secret.expose()), attributes.digest())) {
        return Err(RecordError::OtherSecret);
    }
    let token = match secret {
        Some(secret) if !record.imported() => Some(Token::compose(attributes.prefix(), id, secret.expose())),
        secret => secret,
    };
    Ok(Opened { token, attributes, was, generation: record.generation() })
}
