//! Whether a key comes from a word, a password, a small seed or a clock: found by making them all.

mod additive;
mod congruential;
mod digests;
mod kdf;
mod matcher;
mod pcg;
mod register;
mod seeds;
mod spelled;
mod twister;
mod words;

use std::time::Instant;

use super::finding::{Finding, Severity};
use crate::time::Timestamp;
use matcher::Matcher;
use twister::{Seeding, Twister};

pub(super) use digests::is_digest_of;

/// What made the key, if anything that is tried here did.
pub(super) fn check(key: &[u8; 32], now: Timestamp, until: Option<Instant>) -> Option<Finding> {
    if spelled::is_spelled(key) {
        let what = "its 44 characters are readable words, not an encoding of random bytes";
        return Some(Finding::new("spelled-words", Severity::Refuse, what));
    }
    let key = &Matcher::until(key, until);
    // Two threads at most: the service beside this one needs its processors.
    std::thread::scope(|scope| {
        let seeds = scope.spawn(|| seeded(key, now).inspect(|_| key.end()));
        let words = from_words(key).inspect(|_| key.end());
        words.or(seeds.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    })
}

fn from_words(key: &Matcher) -> Option<Finding> {
    if let Some(function) = kdf::find(key) {
        let what = format!("it is derived by {function} from a common password and a common salt");
        return Some(Finding::new("kdf-of-word", Severity::Refuse, what));
    }
    digests::find(key).map(|function| {
        let what = format!("it is made by {function} from a common word, number, date or password");
        Finding::new("digest-of-word", Severity::Refuse, what)
    })
}

fn seeded(key: &Matcher, now: Timestamp) -> Option<Finding> {
    let generator = register::find(key)
        .or_else(|| {
            congruential::find(key).then_some("a linear congruential generator such as C's rand() or Java's Random")
        })
        .or_else(|| by_seed(key, now))?;
    let what = format!("it is drawn from {generator}: its seed can be found");
    Some(Finding::new("seeded-generator", Severity::Refuse, what))
}

fn by_seed(key: &Matcher, now: Timestamp) -> Option<&'static str> {
    let texts = words::phrases().chain(words::passwords().take(2_000));
    let mut texts = texts.chain(seeds::NUMBERS.iter().map(|text| text.as_bytes()));
    if pcg::find(key, 20_000) {
        return Some("NumPy's default generator with a small seed");
    }
    if texts.any(|text| !key.is_over() && twister::made_by(key, Twister::of_python_text(text))) {
        return Some("Python's random, seeded by a common word");
    }
    if key.is_over() {
        return None;
    }
    if twister::find(key, Seeding::Array, seeds::usual(now, 100_000, RECENT_ARRAY)) {
        return Some("the Mersenne Twister of Python or Ruby with a small number or a time for a seed");
    }
    if twister::find(key, Seeding::Single, seeds::usual(now, 100_000, RECENT_SINGLE)) {
        return Some("a Mersenne Twister with a small number or a time for a seed");
    }
    if additive::glibc(key, seeds::usual(now, 200_000, RECENT_GLIBC)) {
        return Some("glibc's rand() with a small number or a time for a seed");
    }
    if additive::dotnet(key, seeds::usual(now, 1_000_000, RECENT_SINGLE)) {
        return Some(".NET's Random with a small number or a time for a seed");
    }
    additive::scripted(key, seeds::usual(now, 1_000_000, RECENT_SINGLE))
        .then_some("a small generator with a small seed")
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

/// Seconds before now that each seeding is tried with, by what it costs (docs/master-keys.md).
const RECENT_ARRAY: u32 = 400_000;
const RECENT_SINGLE: u32 = 400_000;
const RECENT_GLIBC: u32 = 1_500_000;
