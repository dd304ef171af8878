//! The attributes inside the verify part of a record, as CBOR with integer keys.

use std::collections::BTreeMap;

use minicbor::bytes::ByteArray;
use minicbor::{CborLen, Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use super::{ApiKey, NewApiKey, Refusal, Request};
use crate::secret::same_bytes;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// What verification needs (docs/format.md, Attributes). Keys are never reused; readers skip those they do not know.
#[derive(Clone, Debug, PartialEq, Eq, CborLen, Decode, Encode)]
#[cbor(map)]
pub(crate) struct Attributes {
    #[n(0)]
    digest: ByteArray<32>,
    #[n(1)]
    created_at: i64,
    #[n(2)]
    name: String,
    #[n(3)]
    owner: Option<String>,
    #[n(4)]
    expires_at: Option<i64>,
    #[n(5)]
    revoked_at: Option<i64>,
    #[n(6)]
    scopes: Option<Vec<String>>,
    #[n(7)]
    networks: Option<Vec<String>>,
    #[n(8)]
    labels: Option<BTreeMap<String, String>>,
    #[n(9)]
    prefix: String,
    #[n(10)]
    exposed_at: Option<i64>,
}

impl Attributes {
    /// The attributes of a new API key whose secret has this digest.
    pub(crate) fn of(key: &NewApiKey, digest: [u8; 32], created_at: Timestamp) -> Self {
        let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
        Self {
            digest: digest.into(),
            created_at: created_at.unix_millis(),
            name: key.name.clone(),
            owner: key.owner.clone(),
            expires_at: key.expires_at.map(Timestamp::unix_millis),
            revoked_at: None,
            scopes: some(key.scopes.clone()),
            networks: some(key.networks.iter().map(ToString::to_string).collect()),
            labels: (!key.attributes.is_empty()).then(|| key.attributes.clone()),
            prefix: key.prefix.clone(),
            exposed_at: None,
        }
    }

    pub(crate) fn revoked(mut self, at: Option<Timestamp>) -> Self {
        self.revoked_at = at.map(Timestamp::unix_millis);
        self
    }

    /// Marks the API key as exposed since then, unless it was marked before.
    pub(crate) fn exposed(mut self, at: Option<Timestamp>) -> Self {
        self.exposed_at = self.exposed_at.or(at.map(Timestamp::unix_millis));
        self
    }

    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked_at.is_some()
    }

    pub(crate) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        // Sized first: growing would leave copies behind.
        let mut bytes = Zeroizing::new(Vec::with_capacity(minicbor::len(self)));
        minicbor::encode(self, &mut *bytes).expect("writing CBOR to memory cannot fail");
        bytes
    }

    /// Reads what a sealed part held; `None` when it is not one CBOR map with the fields every version writes.
    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let mut decoder = Decoder::new(bytes);
        let attributes = decoder.decode().ok()?;
        (decoder.position() == bytes.len()).then_some(attributes)
    }

    /// Whether a token with this prefix (none, for one of another shape) and this digest of its secret is the API key's
    /// own. In constant time; the prefix is no secret, and a token has one spelling.
    pub(crate) fn has_token(&self, prefix: &str, digest: &[u8; 32]) -> bool {
        same_bytes(&*self.digest, digest) & same_bytes(self.prefix.as_bytes(), prefix.as_bytes())
    }

    /// Why an API key with these attributes is refused to a caller who knows its secret.
    pub(crate) fn refusal(&self, request: &Request<'_>, now: Timestamp) -> Option<Refusal> {
        if self.revoked_at.is_some() {
            return Some(Refusal::Revoked);
        }
        if self.expires_at.is_some_and(|at| at <= now.unix_millis()) {
            return Some(Refusal::Expired);
        }
        if let Some(networks) = &self.networks {
            let inside =
                |address| networks.iter().any(|text| text.parse().is_ok_and(|n: super::Network| n.contains(address)));
            if !request.address.is_some_and(inside) {
                return Some(Refusal::Address);
            }
        }
        let has = |wanted: &str| self.scopes.iter().flatten().any(|scope| scope == wanted);
        request.scope.is_some_and(|wanted| !has(wanted)).then_some(Refusal::Scope)
    }

    /// The public view. `None` when a stored network or time is not one.
    pub(crate) fn into_view(self, id: ApiKeyId, imported: bool, recoverable: bool) -> Option<ApiKey> {
        let networks: Result<Vec<_>, _> = self.networks.iter().flatten().map(|text| text.parse()).collect();
        Some(ApiKey {
            id,
            name: self.name,
            owner: self.owner,
            scopes: self.scopes.unwrap_or_default(),
            networks: networks.ok()?,
            attributes: self.labels.unwrap_or_default(),
            created_at: Timestamp::from_unix_millis(self.created_at)?,
            expires_at: self.expires_at.map(Timestamp::from_unix_millis).map_or(Some(None), |at| at.map(Some))?,
            revoked_at: self.revoked_at.map(Timestamp::from_unix_millis).map_or(Some(None), |at| at.map(Some))?,
            exposed_at: self.exposed_at.map(Timestamp::from_unix_millis).map_or(Some(None), |at| at.map(Some))?,
            prefix: self.prefix,
            recoverable,
            imported,
        })
    }
}

/// `attributes` with the time of revocation set, every other byte kept: fields of later versions survive.
/// `None` when the bytes are no such map. An earlier revocation stays.
pub(crate) fn with_revocation(attributes: &[u8], at: Timestamp) -> Option<Zeroizing<Vec<u8>>> {
    with_time(attributes, REVOKED_AT, |attributes| attributes.revoked_at, at)
}

/// The same for the time since which the API key is exposed.
pub(crate) fn with_exposure(attributes: &[u8], at: Timestamp) -> Option<Zeroizing<Vec<u8>>> {
    with_time(attributes, EXPOSED_AT, |attributes| attributes.exposed_at, at)
}

fn with_time(
    attributes: &[u8],
    field: u32,
    known: fn(&Attributes) -> Option<i64>,
    at: Timestamp,
) -> Option<Zeroizing<Vec<u8>>> {
    if known(&Attributes::from_bytes(attributes)?).is_some() {
        return Some(Zeroizing::new(attributes.to_vec()));
    }
    let mut decoder = Decoder::new(attributes);
    let mut fields = vec![];
    for _ in 0..decoder.map().ok()?? {
        let start = decoder.position();
        let key = decoder.u32().ok()?;
        decoder.skip().ok()?;
        fields.push((key, &attributes[start..decoder.position()]));
    }
    fields.retain(|(key, _)| *key != field);
    let split = fields.partition_point(|(key, _)| *key < field);
    let mut bytes = Zeroizing::new(Vec::with_capacity(attributes.len() + 16));
    let mut encoder = Encoder::new(&mut *bytes);
    encoder.map(fields.len() as u64 + 1).expect(TO_MEMORY);
    fields[..split].iter().for_each(|(_, raw)| encoder.writer_mut().extend(*raw));
    encoder.u32(field).expect(TO_MEMORY).i64(at.unix_millis()).expect(TO_MEMORY);
    fields[split..].iter().for_each(|(_, raw)| encoder.writer_mut().extend(*raw));
    known(&Attributes::from_bytes(&bytes)?).is_some().then_some(bytes)
}

/// The keys of `revoked_at` and `exposed_at` above.
const REVOKED_AT: u32 = 5;
const EXPOSED_AT: u32 = 10;
const TO_MEMORY: &str = "writing CBOR to memory cannot fail";

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).expect("time")
    }

    fn sample() -> Attributes {
        let key = NewApiKey::new("name").owner("o").scope("s").attribute("k", "v").expires_at(at(9_000));
        Attributes::of(&key, [7; 32], at(1_000))
    }

    #[test]
    fn attributes_read_back() {
        let sample = sample();
        assert_eq!(Attributes::from_bytes(&sample.to_bytes()), Some(sample));
    }

    #[test]
    fn a_revocation_changes_nothing_else_and_is_never_moved() {
        let before = sample();
        let bytes = with_revocation(&before.to_bytes(), at(2_000)).expect("a map");
        assert_eq!(Attributes::from_bytes(&bytes), Some(before.clone().revoked(Some(at(2_000)))));
        let again = with_revocation(&bytes, at(3_000)).expect("a map");
        assert_eq!(again, bytes);
    }

    #[test]
    fn an_exposure_changes_nothing_else_and_is_never_moved() {
        let before = sample().revoked(Some(at(2_000)));
        let bytes = with_exposure(&before.to_bytes(), at(3_000)).expect("a map");
        assert_eq!(Attributes::from_bytes(&bytes), Some(before.exposed(Some(at(3_000)))));
        assert_eq!(with_exposure(&bytes, at(4_000)).expect("a map"), bytes);
    }

    #[test]
    fn fields_of_later_versions_are_skipped_and_kept() {
        let mut later = sample().to_bytes().to_vec();
        later[0] += 1; // one entry more in the map's head
        let mut extra = Encoder::new(vec![]);
        extra.u32(200).expect("memory").str("from the future").expect("memory");
        later.extend(extra.into_writer());
        assert_eq!(Attributes::from_bytes(&later), Some(sample()));
        let revoked = with_revocation(&later, at(2_000)).expect("a map");
        assert_eq!(Attributes::from_bytes(&revoked), Some(sample().revoked(Some(at(2_000)))));
        assert!(revoked.windows(15).any(|window| window == b"from the future"));
    }

    #[test]
    fn truncated_or_trailing_bytes_are_no_attributes() {
        let bytes = sample().to_bytes();
        for len in 0..bytes.len() {
            assert_eq!(Attributes::from_bytes(&bytes[..len]), None);
            assert!(with_revocation(&bytes[..len], at(1)).is_none());
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(Attributes::from_bytes(&longer), None);
        assert!(with_revocation(&longer, at(1)).is_none());
    }
}
