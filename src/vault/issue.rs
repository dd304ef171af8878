//! Issuing API keys.

use serde::Serialize;

use crate::api_key::{Attributes, NewApiKey, check_prefix};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::keyring::Keyring;
use crate::record::{Commitment, Plain, Record, Sealer};
use crate::record_set::RecordSet;
use crate::secret::{Drawn, SecretText};
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Token, secret_digest};
use crate::vault::handle::Vault;
use crate::vault::in_parts::in_parts;
use crate::vault::policy::admit;

/// An API key just issued. The token is shown once; give it to the client and drop it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Issued {
    /// The id of the API key.
    pub id: ApiKeyId,
    /// The token for the client.
    pub token: SecretText,
    /// The API key it was issued in place of, when it was reissued.
    pub replaces: Option<Replaced>,
}

/// An API key that another was issued in place of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Replaced {
    /// Its id.
    pub id: ApiKeyId,
    /// The first moment at which its token is no longer valid.
    pub until: Timestamp,
}

/// # Issuing
impl Vault {
    /// Issues an API key. When it returns, the API key survives a power loss. One that would have expired already is refused.
    ///
    /// Its errors ([`Error::code`]) are `limit`, `time-past`, `invalid-act`, `policy-owner`, `policy-expiry`, `policy-age`, `policy-reason`
    /// and `policy-newer`, and what stands in the way of a commit, such as `store-busy` and `engine-failed`.
    pub fn issue(&self, key: &NewApiKey, act: &Act) -> Result<Issued, Error> {
        let mut issued = self.issue_many(std::slice::from_ref(key), act)?;
        Ok(issued.remove(0))
    }

    /// Issues many API keys in one batch: all or none. A few thousand at a time are fastest.
    pub fn issue_many(&self, keys: &[NewApiKey], act: &Act) -> Result<Vec<Issued>, Error> {
        self.ledger.keep_refusal(act, Draft::of(Action::Issue), self.issue_all(keys, act))
    }

    fn issue_all(&self, keys: &[NewApiKey], act: &Act) -> Result<Vec<Issued>, Error> {
        keys.iter().try_for_each(|key| check_prefix(&key.prefix))?;
        self.ledger.change_with_others(act, |change| {
            let now = change.now;
            keys.iter().try_for_each(|key| admit(change, &key.terms(now)))?;
            keys.iter().try_for_each(|key| refuse_expired(key, now))?;
            for key in keys {
                change.need(key.terms(now).features());
            }
            let mut drawn = Drawn::about(keys.len() * ApiKeyId::RANDOM_LEN);
            let ids = (0..keys.len()).map(|_| ApiKeyId::drawn(now, &mut drawn));
            let mut ids = ids.collect::<Result<Vec<_>, _>>()?;
            // The engine appends fastest in the order of its keys.
            ids.sort_unstable();
            let (issued, records, set) = seal_all(change.keyring, now, &ids, keys)?;
            for (id, (record, commitment)) in ids.iter().zip(records) {
                change.insert_sealed(*id, record);
                change.audit(Draft::on(Action::Issue, *id).leaving(commitment));
            }
            change.count_in(set);
            Ok(issued)
        })
    }
}

/// A token that no verification would ever accept is a mistake of the caller's.
fn refuse_expired(key: &NewApiKey, now: Timestamp) -> Result<(), Error> {
    let past = key.expiry_if_issued(now).filter(|at| *at <= now);
    past.map_or(Ok(()), |at| Err(Detail::IssuedExpired { at }.into()))
}

/// What was issued, the records of it with the commitments to them, and their record set.
type SealedKeys = (Vec<Issued>, Vec<(Vec<u8>, Commitment)>, RecordSet);

/// Makes and seals API keys, a large number of them on every core.
fn seal_all(keyring: &Keyring, now: Timestamp, ids: &[ApiKeyId], keys: &[NewApiKey]) -> Result<SealedKeys, Error> {
    let mut all: SealedKeys = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()), RecordSet::default());
    for part in in_parts(keys.len(), |part| seal_part(keyring, now, &ids[part.clone()], &keys[part])) {
        let (issued, records, set) = part?;
        all.0.extend(issued);
        all.1.extend(records);
        all.2 = all.2.plus(set);
    }
    Ok(all)
}

fn seal_part(keyring: &Keyring, now: Timestamp, ids: &[ApiKeyId], keys: &[NewApiKey]) -> Result<SealedKeys, Error> {
    let mut sealer = Sealer::new(keyring, keys.len());
    let mut sealed: SealedKeys = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()), RecordSet::default());
    for (id, key) in ids.iter().copied().zip(keys) {
        let secret = Token::drawn_secret(sealer.drawn())?;
        let attributes = Attributes::of(key, secret_digest(secret.expose()), sealer.drawn().array()?, now).to_bytes();
        let recover = key.recoverable.then_some(secret.expose());
        let plain = Plain { imported: false, attributes: &attributes, secret: recover };
        let record = sealer.seal(id, &plain)?;
        let parsed = Record::parse(&record).map_err(|fault| Detail::Record { id, fault })?;
        sealed.2.add(keyring.active().record_set(), &parsed);
        sealed.0.push(Issued { id, token: Token::compose(&key.prefix, id, secret.expose()), replaces: None });
        sealed.1.push((record, plain.commitment(keyring.vault(), id)));
    }
    Ok(sealed)
}
