//! Sealing what is imported, a large number of them on every core.

use crate::api_key::Attributes;
use crate::audit_log::{Action, Draft};
use crate::error::{Detail, Error};
use crate::import::ImportedKey;
use crate::keyring::Keyring;
use crate::ledger::Change;
use crate::lookup::LookupRow;
use crate::record::{Commitment, Plain, Record, Sealer};
use crate::record_set::RecordSet;
use crate::secret::random_array;
use crate::store::{Expected, Table};
use crate::time::Timestamp;
use crate::token::{ApiKeyId, Shape, secret_digest};
use crate::vault::in_parts::in_parts;

/// One that is sealed and not written yet.
struct Sealed {
    id: ApiKeyId,
    record: Vec<u8>,
    /// Of a token that has not strongroom's own shape.
    lookup: Option<([u8; 32], Vec<u8>)>,
    commitment: Commitment,
}

/// Seals them, and adds them to a change with their audit entries.
pub(super) fn put(
    change: &mut Change<'_>,
    keys: &[ImportedKey],
    weak: &[bool],
    last: impl Fn(&mut Draft),
) -> Result<Vec<ApiKeyId>, Error> {
    for key in keys {
        change.need(key.key.terms(change.now).features());
    }
    let (mut sealed, set) = seal_all(change.keyring, change.now, keys)?;
    let ids: Vec<_> = sealed.iter().map(|sealed| sealed.id).collect();
    for (at, (key, sealed)) in keys.iter().zip(&sealed).enumerate() {
        let draft = Draft::on(Action::Import, sealed.id).leaving(sealed.commitment);
        let told = [("policy_exempt", key.exempt), ("weak", weak[at])].into_iter().filter(|(_, holds)| *holds);
        let mut draft = told.fold(draft, |draft, (name, _)| draft.count(name, 1));
        if at + 1 == keys.len() {
            last(&mut draft);
        }
        change.audit(draft);
    }
    // The engine writes neighbours together.
    let mut lookups: Vec<_> = sealed.iter_mut().filter_map(|sealed| sealed.lookup.take()).collect();
    lookups.sort_unstable_by_key(|(index, _)| *index);
    sealed.sort_unstable_by_key(|sealed| sealed.id);
    for Sealed { id, record, .. } in sealed {
        change.insert_sealed(id, record);
    }
    for (index, row) in lookups {
        change.batch.put(Table::Lookup, index, row, Expected::Absent);
    }
    change.count_in(set);
    Ok(ids)
}

fn seal_all(keyring: &Keyring, now: Timestamp, keys: &[ImportedKey]) -> Result<(Vec<Sealed>, RecordSet), Error> {
    let (mut all, mut sum) = (Vec::with_capacity(keys.len()), RecordSet::default());
    for part in in_parts(keys.len(), |part| seal_part(keyring, now, &keys[part])) {
        let (sealed, set) = part?;
        all.extend(sealed);
        sum = sum.plus(set);
    }
    Ok((all, sum))
}

fn seal_part(keyring: &Keyring, now: Timestamp, keys: &[ImportedKey]) -> Result<(Vec<Sealed>, RecordSet), Error> {
    let (mut sealer, mut set) = (Sealer::new(keyring, keys.len()), RecordSet::default());
    let mut all = Vec::with_capacity(keys.len());
    for key in keys {
        let sealed = seal(keyring, &mut sealer, now, key)?;
        let record = Record::parse(&sealed.record).map_err(|fault| Detail::Record { id: sealed.id, fault })?;
        set.add(keyring.active().record_set(), &record);
        all.push(sealed);
    }
    Ok((all, set))
}

/// A token of strongroom's own shape keeps its id and is found by it; any other gets an id, and a row in the lookup index.
fn seal(keyring: &Keyring, sealer: &mut Sealer<'_>, now: Timestamp, imported: &ImportedKey) -> Result<Sealed, Error> {
    let text = imported.token.expose();
    let created_at = imported.issued_by(now);
    let mut key = imported.key.clone().expires_at(imported.key.expiry_if_issued(now));
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
    let mut past = imported.past.clone();
    past.revoked_at = past.revoked_at.or(imported.revoked.then_some(now));
    let attributes =
        Attributes::of(&key, secret_digest(secret), random_array()?, created_at).with_past(&past).to_bytes();
    let recover = key.recoverable.then_some(secret);
    let plain = Plain { imported: foreign, attributes: &attributes, secret: recover };
    let record = sealer.seal(id, &plain)?;
    let lookup = foreign.then(|| LookupRow::newest(keyring, text, id));
    Ok(Sealed { id, record, lookup, commitment: plain.commitment(keyring.vault(), id) })
}
