//! What is known of the uses of one API key.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use super::endpoint::MAX_ENDPOINT_LEN;
use crate::time::Timestamp;

/// What is known of the uses of one API key. Counts are what was recorded: a process that was killed takes with it what it had
/// counted since it last wrote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// How often its token was valid.
    pub verifications: u64,
    /// When it was last valid.
    pub last_used_at: Option<Timestamp>,
    /// Where it was last presented from, if the service said so.
    pub last_address: Option<IpAddr>,
    /// How often a token with the right secret was refused, by the cause: its code without the `token-`
    /// ([`Refusal::code`](crate::Refusal::code)).
    pub refusals: BTreeMap<String, u64>,
    /// What its token was valid for, if the service said so ([`Request::endpoint`](crate::Request::endpoint)), and how often.
    pub endpoints: BTreeMap<String, u64>,
    /// How often for endpoints beyond the first [`MAX_ENDPOINTS`](Self::MAX_ENDPOINTS).
    pub other_endpoints: u64,
}

impl Usage {
    /// The longest endpoint, in bytes.
    pub const MAX_ENDPOINT_LEN: usize = MAX_ENDPOINT_LEN;
    /// The most endpoints that are counted apart for one API key.
    pub const MAX_ENDPOINTS: usize = 1_000;

    /// Refusals of every cause together.
    pub fn refused(&self) -> u64 {
        self.refusals.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Adds what was counted elsewhere, whichever was earlier.
    pub(crate) fn add(&mut self, other: &Self) {
        bump(&mut self.verifications, other.verifications);
        self.touch(other.last_used_at, other.last_address);
        other.refusals.iter().for_each(|(cause, count)| self.count_refusals(cause, *count));
        for (endpoint, count) in &other.endpoints {
            let known = self.endpoints.contains_key(endpoint);
            self.count_endpoint(endpoint, *count, known || self.endpoints.len() < Self::MAX_ENDPOINTS);
        }
        bump(&mut self.other_endpoints, other.other_endpoints);
    }

    pub(super) fn touch(&mut self, at: Option<Timestamp>, address: Option<IpAddr>) {
        if at < self.last_used_at {
            return;
        }
        self.last_used_at = at;
        self.last_address = address.or(self.last_address);
    }

    pub(super) fn count_refusals(&mut self, cause: &str, count: u64) {
        match self.refusals.get_mut(cause) {
            Some(known) => bump(known, count),
            None => drop(self.refusals.insert(cause.into(), count)),
        }
    }

    /// In a count of its own where it has one, or `room` is left for one.
    pub(super) fn count_endpoint(&mut self, endpoint: &str, count: u64, room: bool) {
        match self.endpoints.get_mut(endpoint) {
            Some(known) => bump(known, count),
            None if room => drop(self.endpoints.insert(endpoint.into(), count)),
            None => bump(&mut self.other_endpoints, count),
        }
    }
}

/// Its fields, and the sum of the refusals.
impl Serialize for Usage {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut fields = to.serialize_struct("Usage", 7)?;
        fields.serialize_field("last_used_at", &self.last_used_at)?;
        fields.serialize_field("last_address", &self.last_address)?;
        fields.serialize_field("verifications", &self.verifications)?;
        fields.serialize_field("endpoints", &self.endpoints)?;
        fields.serialize_field("other_endpoints", &self.other_endpoints)?;
        fields.serialize_field("refused", &self.refused())?;
        fields.serialize_field("refusals", &self.refusals)?;
        fields.end()
    }
}

pub(super) fn bump(count: &mut u64, more: u64) {
    *count = count.saturating_add(more);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Option<Timestamp> {
        Timestamp::from_unix_millis(millis)
    }

    #[test]
    fn what_is_added_is_the_same_in_either_order() {
        let address = |text: &str| Some(text.parse().expect("an address"));
        let mut one =
            Usage { verifications: 2, last_used_at: at(10), last_address: address("::1"), ..Usage::default() };
        one.count_refusals("expired", 3);
        one.count_endpoint("/a", 2, true);
        let mut other =
            Usage { verifications: 5, last_used_at: at(7), last_address: address("10.0.0.1"), ..Usage::default() };
        other.count_refusals("expired", 1);
        other.count_refusals("scope", 1);
        other.count_endpoint("/a", 1, true);
        other.count_endpoint("/b", 4, true);
        let sum = |first: &Usage, second: &Usage| {
            let mut sum = first.clone();
            sum.add(second);
            sum
        };
        let both = sum(&one, &other);
        assert_eq!(both, sum(&other, &one));
        assert_eq!((both.verifications, both.last_used_at, both.last_address), (7, at(10), address("::1")));
        assert_eq!((both.refused(), both.refusals["expired"], both.endpoints["/a"]), (5, 4, 3));
    }

    #[test]
    fn endpoints_beyond_the_cap_are_counted_together() {
        let mut usage = Usage::default();
        for number in 0..Usage::MAX_ENDPOINTS + 5 {
            usage.add(&Usage { endpoints: [(format!("/{number}"), 2)].into(), ..Usage::default() });
        }
        usage.add(&Usage { endpoints: [("/7".into(), 1)].into(), ..Usage::default() });
        assert_eq!(
            (usage.endpoints.len(), usage.other_endpoints, usage.endpoints["/7"]),
            (Usage::MAX_ENDPOINTS, 10, 3)
        );
    }

    #[test]
    fn counts_stay_at_the_highest_number_and_do_not_begin_anew() {
        let mut usage = Usage { verifications: u64::MAX, ..Usage::default() };
        usage.add(&Usage { verifications: 3, ..Usage::default() });
        assert_eq!(usage.verifications, u64::MAX);
    }
}
