//! The counts of one API key between two writes, in little room: there may be a hundred thousand of them.

use std::borrow::Cow;
use std::net::IpAddr;

use super::usage::{Usage, bump};
use crate::api_key::Refusal;
use crate::time::Timestamp;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    verifications: u64,
    last_used_at: Option<Timestamp>,
    last_address: Option<IpAddr>,
    /// A handful of words.
    refusals: Vec<(Cow<'static, str>, u64)>,
    /// In the order of their texts.
    endpoints: Vec<(Box<str>, u64)>,
    other_endpoints: u64,
}

impl Tally {
    pub(super) fn count_valid(&mut self) {
        bump(&mut self.verifications, 1);
    }

    pub(super) fn touch(&mut self, at: Option<Timestamp>, address: Option<IpAddr>) {
        if at >= self.last_used_at {
            self.last_used_at = at;
            self.last_address = address.or(self.last_address);
        }
    }

    pub(super) fn count_refusal(&mut self, refusal: Refusal) {
        self.count_refusals(Cow::Borrowed(refusal.counted_as()), 1);
    }

    /// Counts an endpoint that has a count of its own, or gets one where there is `room` for so many bytes.
    pub(super) fn count_endpoint(&mut self, endpoint: Option<&str>, count: u64, room: impl FnOnce(usize) -> bool) {
        let Some(endpoint) = endpoint else { return bump(&mut self.other_endpoints, count) };
        match self.endpoints.binary_search_by(|(known, _)| (**known).cmp(endpoint)) {
            Ok(place) => bump(&mut self.endpoints[place].1, count),
            Err(place) if self.endpoints.len() < Usage::MAX_ENDPOINTS && room(bytes_of(endpoint)) => {
                // Most API keys have one or a few.
                if self.endpoints.len() < 4 {
                    self.endpoints.reserve_exact(1);
                }
                self.endpoints.insert(place, (endpoint.into(), count));
            }
            Err(_) => bump(&mut self.other_endpoints, count),
        }
    }

    /// Adds all but the endpoints.
    pub(super) fn add(&mut self, usage: &Usage) {
        bump(&mut self.verifications, usage.verifications);
        self.touch(usage.last_used_at, usage.last_address);
        for (cause, count) in &usage.refusals {
            self.count_refusals(Cow::Owned(cause.clone()), *count);
        }
        bump(&mut self.other_endpoints, usage.other_endpoints);
    }

    /// What the endpoints take.
    pub(super) fn endpoint_bytes(&self) -> usize {
        self.endpoints.iter().map(|(endpoint, _)| bytes_of(endpoint)).sum()
    }

    pub(super) fn into_usage(self) -> Usage {
        Usage {
            verifications: self.verifications,
            last_used_at: self.last_used_at,
            last_address: self.last_address,
            refusals: self.refusals.into_iter().map(|(cause, count)| (cause.into_owned(), count)).collect(),
            endpoints: self.endpoints.into_iter().map(|(endpoint, count)| (endpoint.into(), count)).collect(),
            other_endpoints: self.other_endpoints,
        }
    }

    fn count_refusals(&mut self, cause: Cow<'static, str>, count: u64) {
        match self.refusals.iter_mut().find(|(known, _)| *known == cause) {
            Some((_, known)) => bump(known, count),
            None => self.refusals.push((cause, count)),
        }
    }
}

fn bytes_of(endpoint: &str) -> usize {
    endpoint.len() + ENDPOINT_OVERHEAD
}

/// What the allocator and the list add to a text, about.
const ENDPOINT_OVERHEAD: usize = 64;
