//! Issuing API keys, and taking in those whose tokens exist already.

use std::collections::HashMap;
use std::num::NonZeroUsize;

use serde::Serialize;

use crate::api_key::{Attributes, NewApiKey, check_prefix};
use crate::audit_log::{Act, Action, Draft};
use crate::error::{Detail, Error};
use crate::import::{ImportError, ImportedKey};
use crate::keyring::Keyring;
use crate::ledger::Change;
use crate::lookup::LookupRow;
use crate::record::{Commitment, Plain, Record, Sealer, seal};
use crate::record_set::RecordSet;
use crate::secret::{SecretText, random_array};
use crate::store::{Expected, Rows, Table};
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Shape, Token, secret_digest};
use crate::vault::handle::Vault;
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
        self.ledger.change(act, |change| {
            let now = change.now;
            keys.iter().try_for_each(|key| admit(change, &key.terms(now)))?;
            keys.iter().try_for_each(|key| refuse_expired(key, now))?;
            let mut ids = (0..keys.len()).map(|_| ApiKeyId::random(now)).collect::<Result<Vec<_>, _>>()?;
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

/// # Importing
impl Vault {
    /// Whether [`Vault::import`] would take these API keys: the first fault, in their order. Writes nothing.
    pub fn check_import(&self, keys: &[ImportedKey]) -> Result<(), Error> {
        self.check_all(keys, &strengths(keys)).map(drop)
    }

    /// Whether one of them is let in as a weak one.
    fn check_all(&self, keys: &[ImportedKey], strengths: &[Option<u32>]) -> Result<bool, Error> {
        let mut any_weak = false;
        let keyring = self.ledger.reload()?;
        let (now, mut seen) = (self.ledger.now(), HashMap::with_capacity(keys.len()));
        for (at, key) in keys.iter().enumerate() {
            key.check(now).map_err(|fault| at_line(at, fault))?;
            // A token of strongroom's own shape is found by its id, whatever secret follows it.
            let token = match Shape::of(key.token.expose()) {
                Shape::Token(token) => secret_digest(&token.id.to_string()),
                _ => secret_digest(key.token.expose()),
            };
            if let Some(earlier) = seen.insert(token, at + 1) {
                return Err(at_line(at, ImportError::Repeated { line: earlier }));
            }
            if let Some(earlier) = key.id.and_then(|id| seen.insert(secret_digest(&id.to_string()), at + 1)) {
                // That of the token itself was noted a moment ago.
                if earlier != at + 1 {
                    return Err(at_line(at, ImportError::Repeated { line: earlier }));
                }
            }
            if is_taken(&keyring, self.ledger.store(), key)? {
                return Err(at_line(at, ImportError::Exists));
            }
            key.keeps(keyring.policy(), now).map_err(|fault| at_line(at, fault.into()))?;
            any_weak |= key.admit(strengths[at], keyring.policy()).map_err(|fault| at_line(at, fault))?;
        }
        Ok(any_weak)
    }

    /// Imports API keys whose tokens exist already: all of them, or none and the number of the first that cannot be,
    /// counted from 1. The tokens verify, recover and rotate like those issued here. The policy holds for them, unless they
    /// are revoked or [exempt](ImportedKey::exempt_from_policy). A token that can be guessed is refused (`import-weak`) unless it is
    /// [allowed](ImportedKey::allow_weak), and `act` has to give a reason then. One that has expired is taken as well: its token is refused as
    /// expired then, and not as unknown.
    pub fn import(&self, keys: &[ImportedKey], act: &Act) -> Result<Vec<ApiKeyId>, Error> {
        self.ledger.keep_refusal(act, Draft::of(Action::Import), self.import_all(keys, act))
    }

    fn import_all(&self, keys: &[ImportedKey], act: &Act) -> Result<Vec<ApiKeyId>, Error> {
        let strengths = strengths(keys);
        if self.check_all(keys, &strengths)? {
            act.check_with_reason()?;
        }
        let rows = self.ledger.store();
        self.ledger.change(act, |change| {
            let import = |(at, key): (usize, &ImportedKey)| {
                key.keeps(change.keyring.policy(), change.now).map_err(|fault| at_line(at, fault.into()))?;
                // As it was judged, and by rules that may have changed since.
                let weak = key.admit(strengths[at], change.keyring.policy()).map_err(|fault| at_line(at, fault))?;
                let id = import_one(change, rows, key, weak)?;
                id.ok_or_else(|| at_line(at, ImportError::Exists))
            };
            keys.iter().enumerate().map(import).collect()
        })
    }
}

fn strengths(keys: &[ImportedKey]) -> Vec<Option<u32>> {
    keys.iter().map(ImportedKey::strength).collect()
}

fn at_line(at: usize, fault: ImportError) -> Error {
    Detail::Import { line: at + 1, fault }.into()
}

/// Whether the token is in the vault: under its own id, or in the lookup index.
fn is_taken(keyring: &Keyring, rows: &dyn Rows, key: &ImportedKey) -> Result<bool, Error> {
    let token = key.token.expose();
    if let Some(id) = key.id
        && rows.get(Table::Keys, &id.to_bytes())?.is_some()
    {
        return Ok(true);
    }
    if let Shape::Token(token) = Shape::of(token) {
        return Ok(rows.get(Table::Keys, &token.id.to_bytes())?.is_some());
    }
    for (_, lookup) in keyring.lookups() {
        if rows.get(Table::Lookup, &lookup.index(token))?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
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
    if keys.len() <= MIN_SHARE {
        return seal_share(keyring, now, ids, keys);
    }
    // It reads files of the system: as long as a signature takes, for each call.
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let share = keys.len().div_ceil(cores).max(MIN_SHARE);
    std::thread::scope(|scope| {
        let shares = ids.chunks(share).zip(keys.chunks(share));
        let threads: Vec<_> =
            shares.map(|(ids, keys)| scope.spawn(move || seal_share(keyring, now, ids, keys))).collect();
        let mut all: SealedKeys =
            (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()), RecordSet::default());
        for thread in threads {
            let (issued, records, set) = thread.join().expect("sealing does not panic")?;
            all.0.extend(issued);
            all.1.extend(records);
            all.2 = all.2.plus(set);
        }
        Ok(all)
    })
}

fn seal_share(keyring: &Keyring, now: Timestamp, ids: &[ApiKeyId], keys: &[NewApiKey]) -> Result<SealedKeys, Error> {
    let mut sealer = Sealer::new(keyring, keys.len());
    let mut sealed: SealedKeys = (Vec::with_capacity(keys.len()), Vec::with_capacity(keys.len()), RecordSet::default());
    for (id, key) in ids.iter().copied().zip(keys) {
        let secret = Token::random_secret()?;
        let attributes = Attributes::of(key, secret_digest(secret.expose()), random_array()?, now).to_bytes();
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

/// `None` when the token is in the vault already. A token of strongroom's own shape keeps its id and is found by it;
/// any other gets an id, and a row in the lookup index.
fn import_one(
    change: &mut Change<'_>,
    rows: &dyn Rows,
    imported: &ImportedKey,
    weak: bool,
) -> Result<Option<ApiKeyId>, Error> {
    let text = imported.token.expose();
    let created_at = imported.issued_by(change.now);
    let mut key = imported.key.clone().expires_at(imported.key.expiry_if_issued(change.now));
    let (id, secret, foreign) = match Shape::of(text) {
        Shape::Token(token) => {
            token.prefix.clone_into(&mut key.prefix);
            (token.id, token.secret, false)
        }
        _ => {
            key.prefix.clear();
            (imported.id.map_or_else(|| ApiKeyId::random(created_at), Ok)?, text, true)
        }
    };
    if is_taken(change.keyring, rows, imported)? {
        return Ok(None);
    }
    let mut past = imported.past.clone();
    past.revoked_at = past.revoked_at.or(imported.revoked.then_some(change.now));
    let attributes =
        Attributes::of(&key, secret_digest(secret), random_array()?, created_at).with_past(&past).to_bytes();
    let recover = key.recoverable.then_some(secret);
    let plain = Plain { imported: foreign, attributes: &attributes, secret: recover };
    change.insert_record(id, seal(change.keyring, id, &plain)?)?;
    if foreign {
        let (index, row) = LookupRow::newest(change.keyring, text, id);
        change.batch.put(Table::Lookup, index, row, Expected::Absent);
    }
    let draft = Draft::on(Action::Import, id).leaving(plain.commitment(change.keyring.vault(), id));
    let told = [("policy_exempt", imported.exempt), ("weak", weak)].into_iter().filter(|(_, holds)| *holds);
    change.audit(told.fold(draft, |draft, (name, _)| draft.count(name, 1)));
    Ok(Some(id))
}

/// Fewer are sealed faster than a thread is started.
const MIN_SHARE: usize = 128;
