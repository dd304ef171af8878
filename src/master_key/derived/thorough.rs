//! The searches that take a minute or two: what the full check tries, further.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::matcher::Matcher;
use super::twister::{self, Seeding};
use super::{additive, digests, kdf, pcg, rust, seeds, small, texts, times, words};
use crate::master_key::finding::{Finding, Severity};
use crate::time::Timestamp;

/// What made the key. `watch` is called from this thread with the share that is done, in thousandths, now and then. Stopped,
/// it says nothing of the key.
pub(super) fn check(key: &[u8; 32], now: Timestamp, watch: &mut dyn FnMut(u32) -> ControlFlow<()>) -> Option<Finding> {
    if watch(0).is_break() {
        return None;
    }
    let key = &Matcher::new(key);
    let jobs = &jobs(now);
    let total: u64 = jobs.iter().map(|job| job.cost).sum();
    let next = &AtomicUsize::new(0);
    let (report, reports) = mpsc::channel();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            let report = report.clone();
            scope.spawn(move || {
                while let Some(job) = jobs.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !key.is_over()) {
                    let found = (job.search)(key);
                    if found.is_some() {
                        key.end();
                    }
                    // Whoever listens has gone when something was found, or when it was stopped.
                    let _ = report.send((job, found));
                }
            });
        }
        drop(report);
        let mut done = 0;
        for (job, found) in reports {
            if let Some(what) = found {
                return Some(Finding::new(job.id, Severity::Refuse, what));
            }
            done += job.cost;
            if watch(u32::try_from(done * 1_000 / total).unwrap_or(1_000)).is_break() {
                key.end();
                return None;
            }
        }
        None
    })
}

/// A part of a search.
struct Job {
    id: &'static str,
    /// Microseconds, roughly.
    cost: u64,
    search: Search,
}

/// What was found, in words.
type Search = Box<dyn Fn(&Matcher) -> Option<String> + Sync + Send>;

impl Job {
    fn new(id: &'static str, cost: u64, search: impl Fn(&Matcher) -> Option<String> + Sync + Send + 'static) -> Self {
        Self { id, cost, search: Box::new(search) }
    }

    fn seeds(cost: u64, what: &'static str, search: impl Fn(&Matcher) -> bool + Sync + Send + 'static) -> Self {
        let said = format!("it is drawn from {what}: its seed can be found");
        Self::new("seeded-generator", cost, move |key| search(key).then(|| said.clone()))
    }

    fn digests(cost: u64, search: impl Fn(&Matcher) -> Option<&'static str> + Sync + Send + 'static) -> Self {
        let said = |function| format!("it is made by {function} from a common word, number, time or password");
        Self::new("digest-of-word", cost, move |key| search(key).map(said))
    }
}

fn jobs(now: Timestamp) -> Vec<Job> {
    let mut jobs = vec![];
    for part in parts(0..words::passwords().count(), 500) {
        jobs.push(Job::digests(part.len() as u64 * 600, move |key| digests::compounds(key, part.clone())));
    }
    for part in parts(0..2_000, 50) {
        jobs.push(Job::digests(part.len() as u64 * 2_400, move |key| digests::two_words(key, part.clone(), 2_000)));
    }
    for part in parts(0..2_000, 20) {
        jobs.push(Job::digests(part.len() as u64 * 1_600, move |key| texts::stretched(key, part.clone(), 10_000)));
    }
    for part in parts(0..2_000, 20) {
        jobs.push(Job::new("kdf-of-word", part.len() as u64 * 9_000, move |key| {
            let function = kdf::follow(key, part.clone())?;
            Some(format!("it is derived by {function} from a common password and a common salt"))
        }));
    }
    let seconds = seeds::since(SINCE, now);
    let twisted = "a Mersenne Twister with a small number or a time for a seed";
    for part in runs(seconds.clone(), 2_000_000).into_iter().chain(runs(0..10_000_000, 2_000_000)) {
        let (again, cost) = (part.clone(), part.len() as u64);
        jobs.push(Job::seeds(cost / 10, twisted, move |key| twister::find(key, Seeding::Array, part.clone())));
        jobs.push(Job::seeds(cost / 28, twisted, move |key| twister::find(key, Seeding::Single, again.clone())));
    }
    for part in runs(0..100_000, 2_000) {
        let again = part.clone();
        let skipped: Vec<usize> = (0..32).chain([64, 100, 128]).collect();
        let skipped_too = skipped.clone();
        jobs.push(Job::seeds(part.len() as u64 * 45, twisted, move |key| {
            twister::find_slowly(key, Seeding::Array, part.clone(), &skipped)
        }));
        jobs.push(Job::seeds(again.len() as u64 * 45, twisted, move |key| {
            twister::find_slowly(key, Seeding::Single, again.clone(), &skipped_too)
        }));
    }
    // Every seed that glibc tells from others.
    for part in runs(0..(1 << 31) - 1, 100_000_000) {
        let what = "glibc's rand(), with any seed";
        jobs.push(Job::seeds(part.len() as u64 / 600, what, move |key| additive::glibc_within(key, part.clone())));
    }
    for first in (0..1_u64 << 32).step_by(1 << 28) {
        let what = "mulberry32, with any seed";
        jobs.push(Job::seeds(150_000, what, move |key| small::mulberry_within(key, first..first + (1 << 28))));
    }
    for part in runs(0..10_000_000, 500_000) {
        let again = part.clone();
        let what = "a small generator with a small seed";
        jobs.push(Job::seeds(part.len() as u64 / 2, what, move |key| small::find_within(key, part.clone()).is_some()));
        let what = "NumPy's default generator with a small seed";
        jobs.push(Job::seeds(again.len() as u64 / 3, what, move |key| pcg::find(key, again.clone())));
    }
    for part in runs(0..3_000_000, 500_000).into_iter().chain(runs(seeds::recent(now, 90 * 86_400), 500_000)) {
        let what = "a generator of Rust or Lua with a small seed or a time";
        jobs.push(Job::seeds(part.len() as u64 / 2, what, move |key| rust::find(key, part.clone())));
    }
    for part in runs(seconds, 4_000_000).into_iter().chain(runs(0..50_000_000, 4_000_000)) {
        jobs.push(Job::digests(part.len() as u64 / 6, move |key| times::numbers(key, part.clone())));
    }
    for part in runs(SINCE / 60..seeds::since(SINCE, now).end / 60, 200_000) {
        jobs.push(Job::digests(part.len() as u64 * 2, move |key| times::minutes(key, part.clone())));
    }
    for part in runs(seeds::recent(now, 366 * 86_400), 1_000_000) {
        jobs.push(Job::digests(part.len() as u64 / 2, move |key| times::seconds(key, part.clone())));
    }
    jobs
}

fn runs(seeds: Range<u32>, each: u32) -> Vec<Range<u32>> {
    let first = seeds.clone().step_by(each as usize);
    first.map(|start| start..seeds.end.min(start.saturating_add(each))).collect()
}

fn parts(places: Range<usize>, each: usize) -> Vec<Range<usize>> {
    let first = places.clone().step_by(each);
    first.map(|start| start..places.end.min(start + each)).collect()
}

/// 2015-01-01.
const SINCE: u32 = 1_420_070_400;
