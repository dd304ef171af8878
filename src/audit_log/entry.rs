//! One entry of the audit log, as its JSON line has it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::action::Action;
use crate::secret::is_hex;
use crate::time::Timestamp;
use crate::token::ApiKeyId;

/// One entry of the audit log. It holds no secret and no attribute of an API key.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AuditEntry {
    /// Its place in the log, from 1.
    pub seq: u64,
    /// When, by the clock of the process that acted.
    #[serde(with = "rfc3339")]
    pub at: Timestamp,
    /// Names the commit that the entry came with, in hex: it is in all of that commit's entries, and in no others.
    pub act: String,
    /// Who acted.
    pub actor: String,
    /// What was done.
    pub action: Action,
    /// The API key it was done to.
    #[serde(skip_serializing_if = "Option::is_none", default, with = "optional_id")]
    pub key: Option<ApiKeyId>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// Counts that belong to the act, such as the records a rotation moved.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub counts: BTreeMap<String, u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it was refused, in a word such as `not-found`: [`Error::code`](crate::Error::code).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub cause: Option<String>,
    /// The commitment to what the API key's record said when this act met it, in hex. It is what the entry before it about the API key
    /// left behind, or the record was put back or forged between the two.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub was: Option<String>,
    /// The commitment to what the API key's record says after this, in hex. It says nothing to who cannot open the record.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub record: Option<String>,
    /// The hash of the entry before, in hex.
    pub prev: String,
}

impl AuditEntry {
    /// Whether it has the fields that an entry of its action has to have.
    pub(crate) fn is_sound(&self) -> bool {
        // The vault cannot be without its sentinel: where that is given up, another takes its place.
        let sentinel = self.action == Action::Abandon && self.key == Some(ApiKeyId::SENTINEL);
        let done = self.outcome == Outcome::Done;
        let of_a_record = self.was.is_some() || self.record.is_some();
        is_hex(&self.act, 32)
            && self.was.is_some() == (done && self.action.meets_a_record())
            && self.record.is_some() == (done && (self.action.leaves_a_record() || sentinel))
            && (self.key.is_some() || !of_a_record || self.action == Action::Init)
            && [&self.was, &self.record].into_iter().flatten().all(|commitment| is_hex(commitment, 64))
    }

    /// The commitment to the record as it was, as bytes.
    pub(crate) fn found(&self) -> Option<[u8; 32]> {
        self.was.as_deref().and_then(bytes_of)
    }

    /// The commitment to the record as it is then, as bytes.
    pub(crate) fn commitment(&self) -> Option<[u8; 32]> {
        self.record.as_deref().and_then(bytes_of)
    }
}

fn bytes_of(commitment: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    base16ct::lower::decode(commitment, &mut bytes).ok()?;
    Some(bytes)
}

/// How an act ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Outcome {
    /// It was done, in the same batch as this entry.
    Done,
    /// It was refused, and nothing changed.
    Refused,
}

/// Times as they stand in the log.
pub(crate) mod rfc3339 {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::time::Timestamp;

    pub(crate) fn serialize<S: Serializer>(time: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(time)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Timestamp, D::Error> {
        String::deserialize(input)?.parse().map_err(D::Error::custom)
    }
}

mod optional_id {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    use crate::token::ApiKeyId;

    #[allow(clippy::ref_option, reason = "serde calls it with a reference to the field")]
    pub(super) fn serialize<S: Serializer>(id: &Option<ApiKeyId>, out: S) -> Result<S::Ok, S::Error> {
        match id {
            Some(id) => out.collect_str(id),
            None => out.serialize_none(),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(input: D) -> Result<Option<ApiKeyId>, D::Error> {
        Option::<String>::deserialize(input)?.map(|id| id.parse()).transpose().map_err(D::Error::custom)
    }
}
