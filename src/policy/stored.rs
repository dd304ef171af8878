//! The policy as bytes: field 9 of the `keyring` row.

use std::time::Duration;

use minicbor::data::Type;
use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

use super::rules::{Policy, ReasonPattern};
use crate::master_key::AgePolicy;

/// One CBOR map as it stands in the row: whoever writes the row anew keeps its bytes, and with them rules of later
/// versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RawPolicy(Vec<u8>);

impl RawPolicy {
    /// `None` when there are no rules.
    pub(crate) fn of(policy: &Policy) -> Option<Self> {
        let millis = |span: Duration| u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let stored = Stored {
            max_key_age: policy.max_key_age.map(millis),
            master_key_warn: policy.master_key_age.map(|age| millis(age.warn)),
            master_key_refuse: policy.master_key_age.map(|age| millis(age.refuse)),
            require_expiry: policy.require_expiry.then_some(true),
            require_owner: policy.require_owner.then_some(true),
            reason: policy.reason.as_ref().map(|pattern| pattern.as_str().to_owned()),
            reissue_grace: policy.reissue_on_recovery.map(millis),
            min_import_bits: policy.min_import_bits.map(u64::from),
        };
        let bytes = minicbor::to_vec(&stored).expect("writing CBOR to memory cannot fail");
        (bytes != EMPTY).then_some(Self(bytes))
    }

    /// Reads the rules; `None` when one that this version knows is not of its type. One that is not known, or has a value
    /// that is not, is remembered.
    pub(crate) fn read(&self) -> Option<Policy> {
        let stored: Stored = minicbor::decode(&self.0).ok()?;
        let span = Duration::from_millis;
        let pattern = stored.reason.map(ReasonPattern::new);
        let mut policy = Policy {
            max_key_age: stored.max_key_age.map(span),
            master_key_age: None,
            require_expiry: stored.require_expiry.unwrap_or(false),
            require_owner: stored.require_owner.unwrap_or(false),
            reissue_on_recovery: stored.reissue_grace.map(span),
            min_import_bits: None,
            newer: self.has_unknown_field()? || matches!(pattern, Some(Err(_))),
            reason: pattern.and_then(Result::ok),
        };
        match (stored.master_key_warn, stored.master_key_refuse) {
            (Some(warn), Some(refuse)) => {
                policy.master_key_age = Some(AgePolicy { warn: span(warn), refuse: span(refuse) });
            }
            (None, None) => {}
            _ => policy.newer = true,
        }
        match stored.min_import_bits.map(u32::try_from) {
            Some(Err(_)) => policy.newer = true,
            bits => policy.min_import_bits = bits.and_then(Result::ok),
        }
        policy.newer |= policy.check().is_err();
        Some(policy)
    }

    fn has_unknown_field(&self) -> Option<bool> {
        let mut decoder = Decoder::new(&self.0);
        let mut unknown = false;
        for _ in 0..decoder.map().ok()?? {
            unknown |= decoder.u64().ok()? > LAST_FIELD;
            decoder.skip().ok()?;
        }
        Some(unknown)
    }
}

impl<C> Encode<C> for RawPolicy {
    fn encode<W: Write>(&self, encoder: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        encoder.writer_mut().write_all(&self.0).map_err(EncodeError::write)
    }
}

impl<'b, C> Decode<'b, C> for RawPolicy {
    fn decode(decoder: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        if decoder.datatype()? != Type::Map {
            return Err(DecodeError::message("a policy is a map"));
        }
        let start = decoder.position();
        decoder.skip()?;
        Ok(Self(decoder.input()[start..decoder.position()].to_vec()))
    }
}

/// docs/format.md, Policy. Spans are milliseconds.
#[derive(Encode, Decode)]
#[cbor(map)]
struct Stored {
    #[n(0)]
    max_key_age: Option<u64>,
    #[n(1)]
    master_key_warn: Option<u64>,
    #[n(2)]
    master_key_refuse: Option<u64>,
    #[n(3)]
    require_expiry: Option<bool>,
    #[n(4)]
    require_owner: Option<bool>,
    #[n(5)]
    reason: Option<String>,
    #[n(6)]
    reissue_grace: Option<u64>,
    #[n(7)]
    min_import_bits: Option<u64>,
}

const LAST_FIELD: u64 = 7;
/// A map of nothing.
const EMPTY: [u8; 1] = [0xa0];

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Policy {
        let day = Duration::from_secs(86_400);
        Policy {
            max_key_age: Some(90 * day),
            master_key_age: Some(AgePolicy { warn: 180 * day, refuse: 360 * day }),
            require_expiry: true,
            require_owner: true,
            reason: Some(ReasonPattern::new("^OPS-[0-9]+").expect("a pattern")),
            reissue_on_recovery: Some(day),
            min_import_bits: Some(100),
            newer: false,
        }
    }

    fn later(field: u32) -> RawPolicy {
        let mut bytes = RawPolicy::of(&full()).expect("rules").0;
        bytes[0] += 1; // one entry more in the map's head
        let mut extra = Encoder::new(vec![]);
        extra.u32(field).expect("memory").str("from the future").expect("memory");
        bytes.extend(extra.into_writer());
        RawPolicy(bytes)
    }

    #[test]
    fn rules_read_back_and_none_are_not_stored() {
        assert_eq!(RawPolicy::of(&full()).and_then(|raw| raw.read()), Some(full()));
        assert_eq!(RawPolicy::of(&Policy::default()), None);
    }

    #[test]
    fn a_rule_of_a_later_version_is_noticed_and_kept() {
        let raw = later(8);
        let read = raw.read().expect("readable");
        assert_eq!(read, Policy { newer: true, ..full() });
        let written = minicbor::to_vec(&raw).expect("memory");
        assert_eq!(minicbor::decode::<RawPolicy>(&written).expect("a map"), raw);
        assert_eq!(written, raw.0);
    }

    #[test]
    fn a_value_of_a_later_version_is_noticed() {
        for edit in [
            |stored: &mut Stored| stored.reason = Some("(".into()),
            |stored: &mut Stored| stored.max_key_age = Some(0),
            |stored: &mut Stored| stored.master_key_refuse = None,
            |stored: &mut Stored| stored.min_import_bits = Some(257),
            |stored: &mut Stored| stored.min_import_bits = Some(1 << 32),
        ] {
            let mut stored: Stored = minicbor::decode(&RawPolicy::of(&full()).expect("rules").0).expect("a map");
            edit(&mut stored);
            let raw = RawPolicy(minicbor::to_vec(&stored).expect("memory"));
            assert!(raw.read().expect("readable").newer);
        }
    }
}
