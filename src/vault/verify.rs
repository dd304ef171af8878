//! Verification: from a token to the API key it belongs to, or to a refusal.

use zeroize::Zeroizing;

use crate::api_key::{ApiKey, Attributes, Refusal, Request, Revision, digest_in};
use crate::audit_log::EVENTS;
use crate::error::{Detail, Error, RowFault, VaultRow};
use crate::follower::Follower;
use crate::keyring::Keyring;
use crate::lookup::LookupRow;
use crate::record::{Commitment, Record, RecordError};
use crate::secret::same_bytes;
use crate::store::Table;
use crate::time::Timestamp;
use crate::token::{ApiKeyId, MAX_IMPORTED_LEN, Shape, secret_digest};
use crate::vault::handle::Verifier;
use crate::vault_id::VaultId;
use crate::versions::Generation;

/// # Verifying
impl Verifier {
    /// Whose token this is, when it is valid for the request. Anything else is an error: `Refused` when the token is
    /// to be refused, `Unavailable` when the vault could not tell.
    ///
    /// The secret is judged first, then the state of the API key, the address, and the scopes: see [`Refusal`].
    ///
    /// An unknown id takes the same path as a known one: the next record is opened, and only then compared.
    pub fn verify(&self, token: &str, request: &Request<'_>) -> Result<ApiKey, VerifyError> {
        let verdict = self.judge(token, request);
        match &verdict {
            Ok(key) => tracing::debug!(target: EVENTS, key = %key.id, "token valid"),
            Err(VerifyError::Refused { refusal, key }) => {
                self.usage.refused_of_none(token, *refusal);
                let key = key.as_ref().map(tracing::field::display);
                tracing::info!(target: EVENTS, key, refusal = refusal.code(), "token refused");
            }
            Err(VerifyError::Unavailable(error)) => {
                tracing::warn!(target: EVENTS, error = format!("{error:#}"), code = error.code(), "token could not be judged");
            }
        }
        verdict
    }

    /// Whose token this is, valid or not: for operators who have found one. Refused as damaged or unknown when it is nobody's. It is not
    /// counted as a use, and says nothing to who has not the whole secret.
    pub fn identify(&self, token: &str) -> Result<ApiKey, VerifyError> {
        let owner = self.owner_of(token)?;
        tracing::info!(target: EVENTS, key = %owner.found.id, "token identified");
        owner.into_view()
    }

    fn judge(&self, token: &str, request: &Request<'_>) -> Result<ApiKey, VerifyError> {
        let owner = self.owner_of(token)?;
        let (id, now) = (owner.found.id, self.ledger.now());
        if let Some(refusal) = owner.attributes.refusal(request, now) {
            self.usage.refused(id, refusal);
            return Err(VerifyError::Refused { refusal, key: Some(id) });
        }
        let key = owner.into_view()?;
        self.usage.valid(id, token, request, now);
        Ok(key)
    }

    /// The API key whose secret this is, in whatever state.
    fn owner_of(&self, token: &str) -> Result<Owner, VerifyError> {
        let (id, prefix, digest) = match Shape::of(token) {
            Shape::Damaged => return Err(VerifyError::nobodys(Refusal::Damaged)),
            Shape::Foreign if token.is_empty() || token.len() > MAX_IMPORTED_LEN => {
                return Err(VerifyError::nobodys(Refusal::Unknown));
            }
            Shape::Foreign => (self.look_up(token)?, "", secret_digest(token)),
            Shape::Token(token) => (token.id, token.prefix, secret_digest(token.secret)),
        };
        // The digest is compared whether or not it is the right record, and before anything else is read: who has not the secret does
        // not learn how much there is to read.
        let is_of = |found: &Found| same_bytes(&found.digest, &digest) && found.id == id;
        let mut found = self.next_record(id, is_of)?;
        let mut valid = is_of(&found);
        if valid && found.judged_by(&self.follower).is_err() {
            found = self.judged_anew(found, is_of)?;
            valid = is_of(&found);
        }
        if !valid {
            return Err(VerifyError::nobodys(Refusal::Unknown));
        }
        let attributes = found.attributes().ok_or(Detail::Record { id, fault: RecordError::Attributes })?;
        if !attributes.has_token(prefix, &digest) {
            return Err(VerifyError::nobodys(Refusal::Unknown));
        }
        Ok(Owner { found, attributes })
    }

    /// The record at the id, or the first after it: the sentinel stands after all. Only who knows the secret of the record learns that it
    /// is fenced off.
    fn next_record(&self, id: ApiKeyId, is_of: impl Fn(&Found) -> bool) -> Result<Found, VerifyError> {
        let mut keyring = self.ledger.recent_keyring()?;
        self.follower.keep_up();
        // After a pause it has only now been found that the store went back.
        self.follower.must_be_whole()?;
        loop {
            let row = self.ledger.store().at_or_after(Table::Keys, &id.to_bytes())?;
            let sentinel_missing = || Detail::Tampered { row: VaultRow::Sentinel, fault: RowFault::Missing };
            let (key, bytes) = row.ok_or_else(sentinel_missing)?;
            let at = ApiKeyId::from_row(&key).ok_or_else(sentinel_missing)?;
            let error: Error = match Found::open(&keyring, at, bytes) {
                // A neighbour lets nobody in, and neither does the record to who only knows its id.
                Ok(found) if !is_of(&found) => return Ok(found),
                Ok(found) => match self.behind_no_fence(&keyring, &found) {
                    Ok(()) => return Ok(found),
                    Err(error) => error,
                },
                Err(fault) => Detail::Record { id, fault }.into(),
            };
            // The record may be newer than the keyring it was read with.
            let reloaded = self.ledger.reload()?;
            if reloaded.bytes() == keyring.bytes() {
                // A damaged neighbour says nothing about an API key that does not exist.
                return Err(if at == id { error.into() } else { VerifyError::nobodys(Refusal::Unknown) });
            }
            keyring = reloaded;
        }
    }

    /// The record, unless its generation is fenced off and it is not one that was there at the cutover.
    fn behind_no_fence(&self, keyring: &Keyring, found: &Found) -> Result<(), Error> {
        let (rows, generation, id) = (self.ledger.store(), found.generation, found.id);
        self.fence.admits(rows, keyring, generation, id, || found.commitment())
    }

    /// Somebody may have changed the record since the log was read: the log is read to its end, and what stands there before and
    /// after that is held to it.
    fn judged_anew(&self, mut found: Found, is_of: impl Fn(&Found) -> bool) -> Result<Found, VerifyError> {
        for _ in 0..MAX_ATTEMPTS {
            self.follower.catch_up()?;
            let (again, id) = (self.next_record(found.id, &is_of)?, found.id);
            if again.id != id {
                return Ok(again);
            }
            match again.judged_by(&self.follower) {
                Ok(()) => return Ok(again),
                Err(fault) if again.record == found.record => {
                    tracing::error!(target: EVENTS, key = %id, fault = fault.to_string(), "a record that the audit log does not bear out is refused");
                    return Err(Detail::Record { id, fault }.into());
                }
                Err(_) => found = again,
            }
        }
        Err(Detail::Contended.into())
    }

    /// The API key an imported token belongs to; the sentinel when there is none, or one that its row only claims.
    fn look_up(&self, token: &str) -> Result<ApiKeyId, VerifyError> {
        let keyring = self.ledger.recent_keyring()?;
        let mut known = keyring;
        loop {
            // A rotation moves rows to the newest key, and may do so between two looks: the newest once more at the end.
            let newest = known.lookups().take(1).filter(|_| known.lookups().nth(1).is_some());
            for (_, key) in known.lookups().chain(newest) {
                let index = key.index(token);
                let row = self.ledger.store().at_or_after(Table::Lookup, &index)?;
                if let Some((_, value)) = row.filter(|(found, _)| *found == index) {
                    let forged = Detail::Tampered { row: VaultRow::Lookup, fault: RowFault::Unauthentic };
                    return LookupRow::open(&known, &index, &value).map(|row| row.id).ok_or_else(|| forged.into());
                }
            }
            // The row may have moved to a lookup key that this process has not seen.
            let reloaded = self.ledger.reload()?;
            if reloaded.bytes() == known.bytes() {
                return Ok(ApiKeyId::SENTINEL);
            }
            known = reloaded;
        }
    }
}

/// The API key whose secret was shown.
struct Owner {
    found: Found,
    attributes: Attributes,
}

impl Owner {
    fn into_view(self) -> Result<ApiKey, VerifyError> {
        let Found { id, imported, recoverable, revision, .. } = self.found;
        let key = self.attributes.into_view(id, imported, recoverable, revision);
        Ok(key.ok_or(Detail::Record { id, fault: RecordError::Attributes })?)
    }
}

struct Found {
    id: ApiKeyId,
    /// Of the secret.
    digest: [u8; 32],
    exposed_at: Option<Timestamp>,
    imported: bool,
    recoverable: bool,
    revision: Revision,
    generation: Generation,
    vault: VaultId,
    record: Vec<u8>,
    /// The attributes as they were sealed.
    plain: Zeroizing<Vec<u8>>,
}

impl Found {
    fn open(keyring: &Keyring, id: ApiKeyId, bytes: Vec<u8>) -> Result<Self, RecordError> {
        let record = Record::parse(&bytes)?;
        let (plain, exposed_at) = record.open_to_verify(keyring, id)?;
        let digest = digest_in(&plain).ok_or(RecordError::Attributes)?;
        let (imported, recoverable, revision) = (record.imported(), record.recoverable(), record.revision());
        let (generation, vault) = (record.generation(), keyring.vault());
        Ok(Self { id, digest, exposed_at, imported, recoverable, revision, generation, vault, record: bytes, plain })
    }

    fn attributes(&self) -> Option<Attributes> {
        let mut attributes = Attributes::from_bytes(&self.plain)?;
        attributes.expose(self.exposed_at);
        Some(attributes)
    }

    fn judged_by(&self, follower: &Follower) -> Result<(), RecordError> {
        follower.judge(self.id, || self.commitment())
    }

    fn commitment(&self) -> Commitment {
        let record = Record::parse(&self.record).expect("it was parsed before");
        record.commitment(self.vault, &self.plain)
    }
}

/// Why a token does not verify.
///
/// It does not become an [`Error`] by `?`, because a refusal is no failure of the vault: match on it, or ask for its
/// [refusal](Self::refusal).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The token is to be refused. The text is the same for every cause; the cause and the API key are for operators.
    #[error("the token is not valid")]
    Refused {
        /// Why.
        refusal: Refusal,
        /// The API key whose token it is; `None` where nobody has [shown its secret](Refusal::secret_was_right).
        key: Option<ApiKeyId>,
    },
    /// The vault could not tell. Refuse the caller, and tell the operator.
    #[error("the token could not be judged")]
    Unavailable(#[source] Error),
}

impl VerifyError {
    /// Why the token is refused; `None` when the vault could not tell.
    pub fn refusal(&self) -> Option<Refusal> {
        match self {
            Self::Refused { refusal, .. } => Some(*refusal),
            Self::Unavailable(_) => None,
        }
    }

    /// The API key whose token was refused, for the log: the secret was right, and it may not be used like this.
    pub fn key(&self) -> Option<ApiKeyId> {
        match self {
            Self::Refused { key, .. } => *key,
            Self::Unavailable(_) => None,
        }
    }

    fn nobodys(refusal: Refusal) -> Self {
        Self::Refused { refusal, key: None }
    }
}

/// From an [`Error`], and from whatever one is made of.
impl<T> From<T> for VerifyError
where
    Error: From<T>,
{
    fn from(fault: T) -> Self {
        Self::Unavailable(fault.into())
    }
}

/// A record is changed again and again between two looks at it only by somebody who does nothing else.
const MAX_ATTEMPTS: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api_key::NewApiKey;
    use crate::audit_log::{Act, Action, Draft};
    use crate::master_key::MasterKey;
    use crate::master_keys::MasterKeys;
    use crate::record::{Plain, seal};
    use crate::store::MemoryStore;
    use crate::vault::handle::Vault;

    #[test]
    fn of_a_record_whose_secret_was_not_shown_nothing_but_the_digest_is_read() {
        let keys = MasterKeys::single(MasterKey::generate().expect("random").known_random());
        let act = Act::by("tester").because("a test");
        let vault = Vault::create(MemoryStore::new(), keys, &act).expect("vault");
        let issued = vault.issue(&NewApiKey::new("n"), &act).expect("issued");
        let written = vault.ledger.change(&act, |change| {
            let old = vault.ledger.store().get(Table::Keys, &issued.id.to_bytes())?.expect("there");
            let (was, _, attributes) =
                Record::parse(&old).expect("parses").attributes_to_carry(change.keyring, issued.id).expect("opens");
            // A map of two, of which the second is no field at all.
            let mut garbled = vec![0xa2, 0x00, 0x58, 0x20];
            garbled.extend(attributes.digest());
            garbled.extend([0xff; 40]);
            let plain = Plain { imported: false, attributes: &garbled, secret: None };
            let new = seal(change.keyring, issued.id, &plain)?;
            let left = plain.commitment(change.keyring.vault(), issued.id);
            change.audit(Draft::on(Action::Update, issued.id).finding(was).leaving(left));
            change.replace_record(issued.id, old, new)
        });
        written.expect("written");
        let token = issued.token.expose();
        let other = vault.issue(&NewApiKey::new("other"), &act).expect("issued");
        let Shape::Token(secret) = Shape::of(other.token.expose()) else { panic!("a token") };
        let wrong = crate::token::Token::compose("sr", issued.id, secret.secret);
        let verdict = vault.verify(wrong.expose(), &Request::new());
        assert!(matches!(verdict, Err(VerifyError::Refused { refusal: Refusal::Unknown, key: None })), "{verdict:?}");
        let verdict = vault.verify(token, &Request::new());
        assert!(matches!(verdict, Err(VerifyError::Unavailable(_))), "{verdict:?}");
    }
}
