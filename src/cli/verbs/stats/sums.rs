//! What is counted, of all API keys.

use std::collections::BTreeMap;
use std::time::Duration;

use strongroom::usage::{ListedUsage, Usage};
use strongroom::{ApiKey, Status, Timestamp};

use crate::shown::usage::most_used;

pub(super) struct Sums {
    now: Timestamp,
    pub(super) by_status: BTreeMap<&'static str, u64>,
    /// Those used within so many days.
    pub(super) used: [(u64, u64); 4],
    pub(super) never_used: u64,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) verifications: u64,
    pub(super) refusals: BTreeMap<String, u64>,
    pub(super) endpoints: Endpoints,
    /// Records that do not open.
    pub(super) unreadable: u64,
    /// Counts that do not open.
    pub(super) damaged: u64,
}

impl Sums {
    pub(super) fn new(now: Timestamp) -> Self {
        Self {
            now,
            by_status: Status::ALL.iter().map(|status| (status.name(), 0)).collect(),
            used: [1, 7, 30, 90].map(|days| (days, 0)),
            never_used: 0,
            last_used_at: None,
            verifications: 0,
            refusals: BTreeMap::new(),
            endpoints: Endpoints::default(),
            unreadable: 0,
            damaged: 0,
        }
    }

    pub(super) fn count(&mut self, line: &ListedUsage) {
        match &line.listed.key {
            Ok(key) => *self.by_status.entry(ApiKey::status(key, self.now).name()).or_default() += 1,
            Err(_) => self.unreadable += 1,
        }
        match &line.usage {
            Ok(usage) => {
                let usage = usage.as_ref();
                self.count_last_use(usage.and_then(|usage| usage.last_used_at));
                if let Some(usage) = usage {
                    self.add(usage);
                }
            }
            Err(_) => self.damaged += 1,
        }
    }

    fn count_last_use(&mut self, at: Option<Timestamp>) {
        let Some(at) = at else {
            self.never_used += 1;
            return;
        };
        for (days, count) in &mut self.used {
            *count += u64::from(self.now.since(at) < Duration::from_secs(*days * 86_400));
        }
        self.last_used_at = self.last_used_at.max(Some(at));
    }

    pub(super) fn add(&mut self, usage: &Usage) {
        self.verifications = self.verifications.saturating_add(usage.verifications);
        for (cause, count) in &usage.refusals {
            let sum = self.refusals.entry(cause.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        self.endpoints.add(usage);
    }
}

/// Counts by endpoint, of no more endpoints than fit into a few megabytes.
#[derive(Default)]
pub(super) struct Endpoints {
    counts: BTreeMap<String, u64>,
    others: u64,
}

impl Endpoints {
    pub(super) fn add(&mut self, usage: &Usage) {
        self.others = self.others.saturating_add(usage.other_endpoints);
        for (endpoint, count) in &usage.endpoints {
            match self.counts.get_mut(endpoint) {
                Some(sum) => *sum = sum.saturating_add(*count),
                None => drop(self.counts.insert(endpoint.clone(), *count)),
            }
        }
        if self.counts.len() > MAX_ENDPOINTS {
            self.give_up_the_rare();
        }
    }

    /// The less used half, to the others.
    fn give_up_the_rare(&mut self) {
        let mut kept = most_used(std::mem::take(&mut self.counts).into_iter());
        for (_, count) in kept.drain(MAX_ENDPOINTS / 2..) {
            self.others = self.others.saturating_add(count);
        }
        self.counts = kept.into_iter().collect();
    }

    /// The most used, and how often all the rest together.
    pub(super) fn top(&self, count: usize) -> (Vec<(String, u64)>, u64) {
        let mut top = most_used(self.counts.iter().map(|(endpoint, count)| (endpoint.clone(), *count)));
        let rest = top.drain(count.min(top.len())..).fold(self.others, |sum, (_, count)| sum.saturating_add(count));
        (top, rest)
    }
}

/// 5 MB of texts at most.
const MAX_ENDPOINTS: usize = 10_000;
