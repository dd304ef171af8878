//! The searches that take a minute or two: what the full check tries, further.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use super::batch::Reach;
use super::compounds::Judge;
use super::matcher::Matcher;
use super::twister::{self, Seeding};
use super::{
    additive, digests, extracts, kdf, pcg, placeholders, rust, secure_random, seeds, small, texts, things, times, words,
};
use crate::master_key::finding::{Finding, Severity};
use crate::time::Timestamp;

/// What made the key. `tell` is called from this thread with the share that is done, in thousandths, now and then.
pub(super) fn check(key: &[u8; 32], now: Timestamp, mut tell: impl FnMut(u32)) -> Option<Finding> {
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
                    // Whoever listens has gone when something was found.
                    let _ = report.send((job, found));
                }
            });
        }
        drop(report);
        let mut done = 0;
        reports.into_iter().find_map(|(job, found)| {
            done += job.cost;
            tell(u32::try_from(done * 1_000 / total).unwrap_or(1_000));
            found.map(|what| Finding::new(job.id, Severity::Refuse, what))
        })
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

/// Digests of texts, whatever the time is.
fn text_jobs() -> Vec<Job> {
    let mut jobs = vec![];
    for part in parts(0..words::passwords().count(), 500) {
        let (again, third, fourth) = (part.clone(), part.clone(), part.clone());
        jobs.push(Job::digests(part.len() as u64 * 600, move |key| digests::compounds(key, part.clone())));
        jobs.push(Job::digests(again.len() as u64 * 60, move |key| texts::ruled(key, again.clone())));
        jobs.push(Job::digests(third.len() as u64 * 80, move |key| texts::leet_passwords(key, third.clone())));
        jobs.push(Job::digests(fourth.len() as u64 * 20, move |key| extracts::find(key, fourth.clone())));
    }
    for number in 0..40 {
        jobs.push(Job::digests(350_000, move |key| texts::ended_thoroughly(key, number, 40)));
    }
    let lists: [fn(Judge<'_>) -> Option<&'static str>; 6] = [
        things::each_key_name,
        things::each_variable,
        things::each_connection,
        things::each_host,
        things::each_address,
        placeholders::each,
    ];
    for list in lists {
        jobs.push(Job::digests(800_000, move |key| texts::listed(key, Reach::All, list)));
    }
    for part in parts(0..2_000, 50) {
        jobs.push(Job::digests(part.len() as u64 * 2_400, move |key| digests::two_words(key, part.clone(), 2_000)));
    }
    jobs
}

/// What a test counts.
#[cfg(test)]
pub(super) fn try_texts(key: &Matcher) {
    for job in text_jobs() {
        assert!((job.search)(key).is_none());
    }
}

fn jobs(now: Timestamp) -> Vec<Job> {
    let mut jobs = text_jobs();
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
    for part in runs(seconds.clone(), 4_000_000).into_iter().chain(runs(0..50_000_000, 4_000_000)) {
        jobs.push(Job::digests(part.len() as u64 / 6, move |key| times::numbers(key, part.clone())));
    }
    // What rand() gives, as text.
    for part in runs(50_000_000..1 << 31, 20_000_000) {
        jobs.push(Job::digests(part.len() as u64 / 18, move |key| times::plain_numbers(key, part.clone())));
    }
    for part in runs(SINCE / 60..seconds.end / 60, 100_000) {
        jobs.push(Job::digests(part.len() as u64 * 4, move |key| times::minutes(key, part.clone())));
    }
    for part in runs(seeds::recent(now, 366 * DAY), 1_000_000) {
        jobs.push(Job::digests(part.len() as u64, move |key| times::commonest_seconds(key, part.clone())));
    }
    for part in runs(seeds::last(now, 30 * DAY), 200_000) {
        jobs.push(Job::digests(part.len() as u64 * 3, move |key| times::seconds(key, part.clone())));
    }
    for part in runs(seeds::last(now, DAY), 2_000) {
        let (again, what) = (part.clone(), "Java's SHA1PRNG with a time for a seed");
        jobs.push(Job::digests(part.len() as u64 * 150, move |key| times::milliseconds(key, part.clone())));
        jobs.push(Job::seeds(again.len() as u64 * 80, what, move |key| {
            let (start, end) = (u64::from(again.start), u64::from(again.end));
            secure_random::find(key, 1_000 * start..1_000 * end)
        }));
    }
    for part in runs(seconds, 10_000_000).into_iter().chain(runs(0..20_000_000, 10_000_000)) {
        let what = "Java's SHA1PRNG with a number for a seed";
        jobs.push(Job::seeds(part.len() as u64 / 12, what, move |key| {
            secure_random::find(key, part.clone().map(u64::from))
        }));
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

const DAY: u32 = 86_400;
/// 2015-01-01.
const SINCE: u32 = 1_420_070_400;
