//! The attributes inside the verify part of a record, as CBOR with integer keys.

mod change;

use std::collections::BTreeMap;
use std::net::IpAddr;

use minicbor::bytes::ByteArray;
use minicbor::{CborLen, Decode, Decoder, Encode, Encoder};
use zeroize::Zeroizing;

use super::network::Network;
use super::new::NewApiKey;
use super::refusal::Refusal;
use super::request::Request;
use super::revision::Revision;
use super::shown::ApiKey;
use super::status::{Status, Times};
use super::terms::Terms;
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
    pub(super) revoked_at: Option<i64>,
    #[n(6)]
    scopes: Option<Vec<String>>,
    #[n(7)]
    networks: Option<Vec<String>>,
    #[n(8)]
    labels: Option<BTreeMap<String, String>>,
    #[n(9)]
    prefix: String,
    #[n(10)]
    pub(super) exposed_at: Option<i64>,
    #[n(11)]
    not_before: Option<i64>,
    #[n(12)]
    pub(super) suspended_at: Option<i64>,
    #[n(13)]
    pub(super) revoke_at: Option<i64>,
    #[n(14)]
    pub(super) replaces: Option<ByteArray<16>>,
    #[n(15)]
    pub(super) replaced_by: Option<ByteArray<16>>,
    /// New with every change: without it nobody can tell what a commitment was made of.
    #[n(16)]
    salt: ByteArray<SALT_LEN>,
    #[n(17)]
    denied_networks: Option<Vec<String>>,
    #[n(20)]
    wildcard_scopes: Option<bool>,
}

impl Attributes {
    /// The attributes of a new API key whose secret has this digest.
    pub(crate) fn of(key: &NewApiKey, digest: [u8; 32], salt: [u8; SALT_LEN], created_at: Timestamp) -> Self {
        let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
        Self {
            digest: digest.into(),
            created_at: created_at.unix_millis(),
            name: key.name.clone(),
            owner: key.owner.clone(),
            expires_at: key.expiry_if_issued(created_at).map(Timestamp::unix_millis),
            revoked_at: None,
            scopes: some(key.scopes.clone()),
            networks: some(key.networks.iter().map(ToString::to_string).collect()),
            labels: (!key.attributes.is_empty()).then(|| key.attributes.clone()),
            prefix: key.prefix.clone(),
            exposed_at: None,
            not_before: key.not_before.map(Timestamp::unix_millis),
            suspended_at: None,
            revoke_at: None,
            replaces: None,
            replaced_by: None,
            salt: salt.into(),
            denied_networks: some(key.denied_networks.iter().map(ToString::to_string).collect()),
            wildcard_scopes: key.wildcard_scopes.then_some(true),
        }
    }

    /// With a salt of its own, as every change has to have.
    pub(crate) fn salted(mut self, salt: [u8; SALT_LEN]) -> Self {
        self.salt = salt.into();
        self
    }

    /// The digest of the secret, or of a whole token of another shape.
    pub(crate) fn digest(&self) -> &[u8; 32] {
        &self.digest
    }

    pub(crate) fn revoked(mut self, at: Option<Timestamp>) -> Self {
        self.revoked_at = at.map(Timestamp::unix_millis);
        self
    }

    /// Marks the API key as exposed since then, unless it was marked before.
    pub(crate) fn expose(&mut self, at: Option<Timestamp>) {
        self.exposed_at = self.exposed_at.or(at.map(Timestamp::unix_millis));
    }

    /// What state the API key is in.
    pub(crate) fn status(&self, now: Timestamp) -> Status {
        Times {
            not_before: self.not_before,
            expires_at: self.expires_at,
            suspended_at: self.suspended_at,
            revoke_at: self.revoke_at,
            revoked_at: self.revoked_at,
        }
        .status(now.unix_millis())
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    /// What it says, to be held to the limits.
    pub(crate) fn terms(&self) -> Terms<'_> {
        Terms {
            name: &self.name,
            owner: self.owner.as_deref(),
            scopes: self.scopes.as_deref().unwrap_or_default(),
            wildcards: self.has_wildcards(),
            networks: self.networks.as_ref().map_or(0, Vec::len),
            denied_networks: self.denied_networks.as_ref().map_or(0, Vec::len),
            attributes: self.labels.as_ref(),
            created_at: Timestamp::from_unix_millis(self.created_at),
            not_before: self.not_before.and_then(Timestamp::from_unix_millis),
            expires_at: self.expires_at.and_then(Timestamp::from_unix_millis),
        }
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
        match decoder.decode() {
            Ok(attributes) if decoder.position() == bytes.len() => Some(attributes),
            _ => None,
        }
    }

    /// Whether a token with this prefix (none, for one of another shape) and this digest of its secret is the API key's
    /// own. In constant time; the prefix is no secret, and a token has one spelling.
    pub(crate) fn has_token(&self, prefix: &str, digest: &[u8; 32]) -> bool {
        same_bytes(&*self.digest, digest) & same_bytes(self.prefix.as_bytes(), prefix.as_bytes())
    }

    /// Why an API key with these attributes is refused to a caller who knows its secret.
    pub(crate) fn refusal(&self, request: &Request<'_>, now: Timestamp) -> Option<Refusal> {
        if let Some(refusal) = Refusal::of(self.status(now)) {
            return Some(refusal);
        }
        if (self.networks.is_some() || self.denied_networks.is_some())
            && !request.address.is_some_and(|address| self.may_be_used_from(address))
        {
            return Some(Refusal::Address);
        }
        let met = request.is_met_by(self.scopes.as_deref().unwrap_or_default(), self.has_wildcards());
        (!met).then_some(Refusal::Scope)
    }

    fn has_wildcards(&self) -> bool {
        self.wildcard_scopes == Some(true)
    }

    fn may_be_used_from(&self, address: IpAddr) -> bool {
        let network = |text: &String| text.parse::<Network>().ok();
        // What is no network keeps everybody out.
        let allowed = |text: &String| network(text).is_some_and(|network| network.contains(address));
        let denied = |text: &String| network(text).is_none_or(|network| network.contains(address));
        self.networks.as_ref().is_none_or(|networks| networks.iter().any(allowed))
            && !self.denied_networks.iter().flatten().any(denied)
    }

    /// The public view. `None` when a stored network or time is not one.
    pub(crate) fn into_view(
        self,
        id: ApiKeyId,
        imported: bool,
        recoverable: bool,
        revision: Revision,
    ) -> Option<ApiKey> {
        let time = |at: Option<i64>| at.map(Timestamp::from_unix_millis).map_or(Some(None), |at| at.map(Some));
        let wildcard_scopes = self.has_wildcards();
        let networks = |texts: &Option<Vec<String>>| -> Option<Vec<Network>> {
            texts.iter().flatten().map(|text| text.parse().ok()).collect()
        };
        Some(ApiKey {
            id,
            name: self.name,
            owner: self.owner,
            scopes: self.scopes.unwrap_or_default(),
            networks: networks(&self.networks)?,
            denied_networks: networks(&self.denied_networks)?,
            wildcard_scopes,
            attributes: self.labels.unwrap_or_default(),
            created_at: Timestamp::from_unix_millis(self.created_at)?,
            not_before: time(self.not_before)?,
            expires_at: time(self.expires_at)?,
            suspended_at: time(self.suspended_at)?,
            revoke_at: time(self.revoke_at)?,
            revoked_at: time(self.revoked_at)?,
            exposed_at: time(self.exposed_at)?,
            prefix: self.prefix,
            recoverable,
            imported,
            replaces: self.replaces.map(|id| ApiKeyId::from_bytes(*id)),
            replaced_by: self.replaced_by.map(|id| ApiKeyId::from_bytes(*id)),
            revision,
        })
    }
}

/// `attributes` with what `edit` changes, every other byte kept: fields of later versions survive. `None` when the bytes
/// are no such map.
pub(crate) fn edited(attributes: &[u8], edit: impl FnOnce(&mut Attributes)) -> Option<Zeroizing<Vec<u8>>> {
    let mut wanted = Attributes::from_bytes(attributes)?;
    let before = wanted.to_bytes();
    edit(&mut wanted);
    let after = wanted.to_bytes();
    let (mut kept, before, mut after) = (fields(attributes)?, fields(&before)?, fields(&after)?);
    // A field that reads the same stays as it was written.
    kept.retain(|key, _| before.get(key) == after.get(key));
    after.retain(|key, field| before.get(key) != Some(field));
    kept.append(&mut after);
    let mut bytes =
        Zeroizing::new(Vec::with_capacity(MAX_HEAD_LEN + kept.values().map(|raw| raw.len()).sum::<usize>()));
    let mut encoder = Encoder::new(&mut *bytes);
    encoder.map(kept.len() as u64).expect("writing CBOR to memory cannot fail");
    for raw in kept.values() {
        encoder.writer_mut().extend(*raw);
    }
    (Attributes::from_bytes(&bytes)? == wanted).then_some(bytes)
}

/// The fields of a map by their keys, each with its key as it is written.
fn fields(map: &[u8]) -> Option<BTreeMap<u32, &[u8]>> {
    let (mut decoder, mut fields) = (Decoder::new(map), BTreeMap::new());
    for _ in 0..decoder.map().ok()?? {
        let start = decoder.position();
        let key = decoder.u32().ok()?;
        decoder.skip().ok()?;
        fields.insert(key, &map[start..decoder.position()]);
    }
    Some(fields)
}

/// `attributes` marked as exposed since then, unless they are marked already.
pub(crate) fn with_exposure(attributes: &[u8], at: Timestamp) -> Option<Zeroizing<Vec<u8>>> {
    edited(attributes, |attributes| attributes.expose(Some(at)))
}

/// The digest of the secret alone: every version writes it first.
pub(crate) fn digest_in(attributes: &[u8]) -> Option<[u8; 32]> {
    let mut decoder = Decoder::new(attributes);
    decoder.map().ok()??;
    let digest = if decoder.u32().ok()? == 0 { decoder.bytes().ok()? } else { return None };
    digest.try_into().ok()
}

/// Gives `each` the encoded fields of a map in the order in which they stand, but the mark of exposure. Nothing when the bytes are
/// no such map.
pub(crate) fn each_committed_field(map: &[u8], mut each: impl FnMut(&[u8])) -> Option<()> {
    let mut decoder = Decoder::new(map);
    let count = decoder.map().ok()??;
    // Fields that stand beside each other go together.
    let mut start = decoder.position();
    for _ in 0..count {
        let before = decoder.position();
        let key = decoder.u32().ok()?;
        decoder.skip().ok()?;
        if key == EXPOSED_FIELD {
            each(&map[start..before]);
            start = decoder.position();
        }
    }
    each(&map[start..decoder.position()]);
    (decoder.position() == map.len()).then_some(())
}

pub(crate) const SALT_LEN: usize = 32;
/// docs/format.md, Attributes: it is in no commitment, because rotations add it.
const EXPOSED_FIELD: u32 = 10;
/// The longest head of a map.
const MAX_HEAD_LEN: usize = 9;

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_unix_millis(millis).expect("time")
    }

    fn sample() -> Attributes {
        let key = NewApiKey::new("name").owner("o").scope("s").attribute("k", "v").expires_at(at(9_000));
        Attributes::of(&key, [7; 32], [8; 32], at(1_000))
    }

    #[test]
    fn attributes_read_back() {
        let sample = sample();
        assert_eq!(Attributes::from_bytes(&sample.to_bytes()), Some(sample));
    }

    #[test]
    fn a_revocation_changes_nothing_else_and_is_never_moved() {
        let before = sample();
        let bytes = edited(&before.to_bytes(), |a| a.revoke(at(2_000))).expect("a map");
        assert_eq!(Attributes::from_bytes(&bytes), Some(before.clone().revoked(Some(at(2_000)))));
        let again = edited(&bytes, |a| a.revoke(at(3_000))).expect("a map");
        assert_eq!(again, bytes);
    }

    #[test]
    fn an_exposure_changes_nothing_else_and_is_never_moved() {
        let mut before = sample().revoked(Some(at(2_000)));
        let bytes = with_exposure(&before.to_bytes(), at(3_000)).expect("a map");
        before.expose(Some(at(3_000)));
        assert_eq!(Attributes::from_bytes(&bytes), Some(before));
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
        let revoked = edited(&later, |a| a.revoke(at(2_000))).expect("a map");
        assert_eq!(Attributes::from_bytes(&revoked), Some(sample().revoked(Some(at(2_000)))));
        assert!(revoked.windows(15).any(|window| window == b"from the future"));
    }

    #[test]
    fn truncated_or_trailing_bytes_are_no_attributes() {
        let bytes = sample().to_bytes();
        for len in 0..bytes.len() {
            assert_eq!(Attributes::from_bytes(&bytes[..len]), None);
            assert!(edited(&bytes[..len], |a| a.revoke(at(1))).is_none());
        }
        let mut longer = bytes.to_vec();
        longer.push(0);
        assert_eq!(Attributes::from_bytes(&longer), None);
        assert!(edited(&longer, |a| a.revoke(at(1))).is_none());
    }
}
