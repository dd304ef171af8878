//! Whether a key comes from a word, a password, a small seed or a clock: found by making them all.

mod additive;
mod batch;
mod congruential;
mod digests;
mod kdf;
mod matcher;
mod pcg;
mod register;
mod rust;
mod seeds;
mod small;
mod spelled;
mod texts;
mod thorough;
mod times;
mod twister;
mod words;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::finding::{Finding, Severity};
use crate::time::Timestamp;
use matcher::Matcher;
use twister::{Seeding, Twister};

pub(super) use digests::is_digest_of;

/// What made the key, if anything that is tried here did.
pub(super) fn check(key: &[u8; 32], now: Timestamp) -> Option<Finding> {
    if spelled::is_spelled(key) {
        let what = "its 44 characters are readable words, not an encoding of random bytes";
        return Some(Finding::new("spelled-words", Severity::Refuse, what));
    }
    let key = &Matcher::new(key);
    let next = AtomicUsize::new(0);
    let work = || {
        loop {
            let (id, search) = SEARCHES.get(next.fetch_add(1, Ordering::Relaxed)).filter(|_| !key.is_over())?;
            if let Some(what) = search(key, now) {
                key.end();
                return Some(Finding::new(id, Severity::Refuse, what));
            }
        }
    };
    // Two threads at most: the service beside this one needs its processors.
    std::thread::scope(|scope| {
        let other = scope.spawn(work);
        let found = work();
        found.or(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

/// The same and whatever takes a minute or two, on all processors; `watch` hears which share is done, in thousandths, and may
/// stop it.
pub(super) fn check_thoroughly(
    key: &[u8; 32],
    now: Timestamp,
    watch: &mut dyn FnMut(u32) -> ControlFlow<()>,
) -> Option<Finding> {
    check(key, now).or_else(|| thorough::check(key, now, watch))
}

/// What was found, in words.
type Search = fn(&Matcher, Timestamp) -> Option<Cow<'static, str>>;

/// Those that find most come first, the longest before the short ones.
const SEARCHES: &[(&str, Search)] = &[
    ("kdf-of-word", |key, _| {
        let found = kdf::find(key);
        found.map(|function| format!("it is derived by {function} from a common password and a common salt").into())
    }),
    ("digest-of-word", |key, _| digest(digests::phrases(key))),
    ("seeded-generator", |key, now| python_seconds(key, now, 0)),
    ("seeded-generator", |key, now| glibc_seconds(key, now, 0)),
    ("digest-of-word", |key, _| digest(digests::passwords(key))),
    ("seeded-generator", |key, _| seeded(register::find(key))),
    ("seeded-generator", |key, _| {
        let what = "a linear congruential generator such as C's rand() or Java's Random";
        seeded(congruential::find(key).then_some(what))
    }),
    ("seeded-generator", |key, _| python(twister::find(key, Seeding::Array, seeds::usual(SMALL_TWISTER)))),
    ("seeded-generator", |key, _| twister(twister::find(key, Seeding::Single, seeds::usual(SMALL_TWISTER)))),
    ("seeded-generator", |key, now| twister(twister::find(key, Seeding::Single, seeds::recent(now, RECENT_TWISTER)))),
    ("seeded-generator", |key, now| python_seconds(key, now, 1)),
    ("seeded-generator", |key, now| glibc_seconds(key, now, 1)),
    ("seeded-generator", |key, _| glibc(additive::glibc(key, seeds::usual(0)))),
    ("seeded-generator", |key, _| glibc(additive::glibc_within(key, 0..SMALL_GLIBC))),
    ("digest-of-word", |key, _| digest(digests::numbers(key))),
    ("digest-of-word", |key, _| digest(digests::macs(key))),
    ("digest-of-word", |key, _| digest(digests::short(key))),
    ("seeded-generator", |key, _| {
        let texts = words::phrases().chain(words::passwords().take(2_000));
        let mut texts = texts.chain(seeds::NUMBERS.iter().map(|text| text.as_bytes()));
        let found = texts.any(|text| !key.is_over() && twister::made_by(key, Twister::of_python_text(text)));
        seeded(found.then_some("Python's random, seeded by a common word"))
    }),
    ("seeded-generator", |key, _| {
        seeded(pcg::find(key, 0..SMALL_PCG).then_some("NumPy's default generator with a small seed"))
    }),
    ("seeded-generator", |key, _| seeded(additive::dotnet(key).then_some(".NET's Random"))),
    ("seeded-generator", |key, _| seeded(additive::minimal(key).then_some("a minimal standard generator"))),
    ("seeded-generator", |key, _| seeded(additive::bash(key).then_some("bash's RANDOM"))),
    ("digest-of-word", |key, _| digest(texts::find(key))),
    ("seeded-generator", |key, _| seeded(small::find(key, SMALL_OTHERS))),
    ("seeded-generator", |key, _| {
        let found = rust::find(key, seeds::famous(SMALL_RUST));
        seeded(found.then_some("a generator of Rust or Lua with a small seed"))
    }),
    ("seeded-generator", |key, _| {
        python(twister::find_slowly(key, Seeding::Array, seeds::famous(SMALL_SLOW), &[1, 2, 4, 8, 32]))
    }),
    ("seeded-generator", |key, now| {
        let seconds = seeds::since(SINCE_MULBERRY, now);
        let found = small::mulberry(key, seeds::usual(SMALL_MULBERRY))
            || small::mulberry_within(key, u64::from(seconds.start)..u64::from(seconds.end));
        seeded(found.then_some("mulberry32 with a small number or a time for a seed"))
    }),
];

fn python_seconds(key: &Matcher, now: Timestamp, number: u32) -> Option<Cow<'static, str>> {
    let seconds = seeds::part(seeds::recent(now, RECENT_PYTHON), number, 2);
    python(twister::find(key, Seeding::Array, seconds))
}

fn python(found: bool) -> Option<Cow<'static, str>> {
    seeded(found.then_some("the Mersenne Twister of Python or Ruby with a small number or a time for a seed"))
}

fn twister(found: bool) -> Option<Cow<'static, str>> {
    seeded(found.then_some("a Mersenne Twister with a small number or a time for a seed"))
}

fn glibc_seconds(key: &Matcher, now: Timestamp, number: u32) -> Option<Cow<'static, str>> {
    glibc(additive::glibc_within(key, seeds::part(seeds::since(SINCE_GLIBC, now), number, 2)))
}

fn glibc(found: bool) -> Option<Cow<'static, str>> {
    seeded(found.then_some("glibc's rand() with a small number or a time for a seed"))
}

fn digest(function: Option<&'static str>) -> Option<Cow<'static, str>> {
    function.map(|function| format!("it is made by {function} from a common word, number, date or password").into())
}

fn seeded(generator: Option<&'static str>) -> Option<Cow<'static, str>> {
    generator.map(|generator| format!("it is drawn from {generator}: its seed can be found").into())
}

/// Whether the 32 bytes, or their 44 characters, are text, and how soon it would be guessed.
pub(super) fn describe_texts(key: &[u8; 32], findings: &mut [Finding]) {
    let readable = |finding: &&mut Finding| finding.id.starts_with("text");
    let Some(finding) = findings.iter_mut().find(readable) else { return };
    let Ok(text) = std::str::from_utf8(key) else { return };
    let guesses = zxcvbn::zxcvbn(text, &["strongroom", "fernet", "master", "key", "secret"]).guesses_log10();
    if guesses.is_finite() {
        finding.what = format!("{}; zxcvbn expects about 10^{:.0} guesses", finding.what, guesses.min(77.0)).into();
    }
}

/// How far seeds are tried: small numbers, and seconds before now, by what one costs (docs/master-keys.md).
const SMALL_TWISTER: u32 = 100_000;
const RECENT_PYTHON: u32 = 3_000_000;
const RECENT_TWISTER: u32 = 3_000_000;
const SMALL_GLIBC: u32 = 10_000_000;
/// 2024-01-01.
const SINCE_GLIBC: u32 = 1_704_067_200;
const SMALL_OTHERS: u32 = 30_000;
const SMALL_MULBERRY: u32 = 1_000_000;
const SINCE_MULBERRY: u32 = SINCE_GLIBC;
const SMALL_RUST: u32 = 20_000;
const SMALL_SLOW: u32 = 1_000;
const SMALL_PCG: u32 = 20_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::random_array;

    /// What each search costs a good key, in the order in which they are begun.
    #[test]
    #[cfg(target_os = "linux")]
    #[ignore = "prints figures: run it with --release --nocapture"]
    #[expect(clippy::print_stderr, reason = "it reports figures")]
    fn what_each_search_costs() {
        let key = random_array().expect("random");
        let key = Matcher::new(&key);
        for (number, (id, search)) in SEARCHES.iter().enumerate() {
            let begun = busy_ms();
            assert_eq!(search(&key, Timestamp::now()), None);
            eprintln!("{number:2} {id} {:5} ms", busy_ms() - begun);
        }
    }

    /// Time of this thread on a processor: other programs count for less in it than in the time of a clock.
    #[cfg(target_os = "linux")]
    fn busy_ms() -> u64 {
        let status = std::fs::read_to_string("/proc/thread-self/stat").expect("Linux");
        let (_, fields) = status.rsplit_once(") ").expect("a name in parentheses");
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().expect("a number"));
        ticks.sum::<u64>() * 10
    }
}
