//! What counting uses costs a verification, a flush and a rotation, and whether it tells API keys that are there from others.
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::hint::black_box;
use std::net::IpAddr;
use std::path::Path;
use std::time::Instant;

use strongroom::api_keys::ImportedKey;
use strongroom::rotation::RotateOptions;
use strongroom::store::Store;
use strongroom::usage::UsageOptions;
use strongroom::{MemoryStore, NewApiKey, Request, SecretText, SqliteStore, Vault, VaultOptions};
use support::{Keys, Pattern, act, beside, filled};

fn main() {
    let count = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|count| count.parse().ok()).unwrap_or(100_000);
    for (name, imported) in [("issued", false), ("imported", true)] {
        let folder = tempfile::tempdir().expect("folder");
        let keys = Keys::generate();
        let tokens =
            if imported { import(folder.path(), &keys, count) } else { filled(folder.path(), keys.up_to(1), count).1 };
        verification(folder.path(), &keys, &tokens, name);
        flush(folder.path(), &keys, &tokens, name);
        rotation(folder.path(), &keys, &tokens, name);
    }
    timing();
}

fn import(folder: &Path, keys: &Keys, count: usize) -> Vec<String> {
    let store = SqliteStore::create(folder.join("vault.db")).expect("store");
    let vault = Vault::create(store, keys.up_to(1), &act()).expect("vault");
    let tokens: Vec<_> =
        (0..count).map(|at| format!("django-{at:08}-{:016x}", at.wrapping_mul(0x9e37_79b9_7f4a_7c15))).collect();
    for part in tokens.chunks(5_000) {
        let key = || NewApiKey::new("worker").owner("acme corporation").scope("read");
        let part: Vec<_> =
            part.iter().map(|token| ImportedKey::new(SecretText::new(token.clone()), key()).allow_weak(true)).collect();
        vault.import(&part, &act()).expect("imported");
    }
    tokens
}

fn open(folder: &Path, keys: &Keys, usage: UsageOptions) -> Vault {
    let store = SqliteStore::open(folder.join("vault.db")).expect("store");
    VaultOptions::new().usage(usage).open(store, keys.all()).expect("vault")
}

fn request() -> Request<'static> {
    Request::new().scope("read").address(IpAddr::from([203, 0, 113, 7])).endpoint("/v1/invoices")
}

/// The same vault with and without, in turns.
fn verification(folder: &Path, keys: &Keys, tokens: &[String], name: &str) {
    let (without, with) = (open(folder, keys, UsageOptions::off()), open(folder, keys, UsageOptions::new()));
    // Within an interval most uses are not the first of their API key.
    for token in tokens {
        with.verify(token, &request()).expect("valid");
    }
    for threads in [1, 2, 8] {
        let run = |vault: &Vault| {
            std::thread::scope(|scope| {
                for thread in 0..threads {
                    scope.spawn(move || {
                        let mut pattern = Pattern::seeded(thread);
                        for _ in 0..OPERATIONS {
                            black_box(vault.verify(&tokens[pattern.below(tokens.len())], &request()).expect("valid"));
                        }
                    });
                }
            });
        };
        let operations = OPERATIONS * u32::try_from(threads).expect("a few");
        let name = format!("{name}: verify without usage (\"engine\") and with, threads: {threads}");
        beside(&name, operations, 21, || run(&without), || run(&with));
    }
}

/// The largest there is: every API key was used since the last.
fn flush(folder: &Path, keys: &Keys, tokens: &[String], name: &str) {
    let vault = open(folder, keys, UsageOptions::new().max_keys(tokens.len()));
    for round in ["first", "second"] {
        let begun = Instant::now();
        for token in tokens {
            vault.verify(token, &request()).expect("valid");
        }
        let verified = begun.elapsed();
        let begun = Instant::now();
        let flushed = vault.flush_usage().expect("flushed");
        println!(
            "{name}: {round} flush of {} rows {:?}, of as many verifications {verified:?}",
            flushed.rows,
            begun.elapsed()
        );
    }
}

fn rotation(folder: &Path, keys: &Keys, tokens: &[String], name: &str) {
    let vault = open(folder, keys, UsageOptions::off());
    let rotate = |to: u32| {
        let begun = Instant::now();
        vault.rotate(&RotateOptions::new().to(to.try_into().ok()).quick(true), &act(), |_| ()).expect("rotated");
        begun.elapsed()
    };
    let with = rotate(2);
    let connection = support::raw(folder);
    connection.execute_batch("DELETE FROM usage").expect("deleted");
    println!("{name}: rotation of {} records with as many usage rows {with:?}, without {:?}", tokens.len(), rotate(3));
}

/// The times of a wrong secret for an id that is there, for one that is not, and for another that is not: what tells the first
/// two apart, as in dudect, beside what tells the last two apart, between which there is nothing to tell.
fn timing() {
    for (name, usage) in [("without usage", UsageOptions::off()), ("with usage", UsageOptions::new())] {
        let folder = tempfile::tempdir().expect("folder");
        let sqlite = SqliteStore::create(folder.path().join("vault.db")).expect("store");
        let stores: [(&str, Box<dyn Store>); 2] =
            [("memory", Box::new(MemoryStore::new())), ("sqlite", Box::new(sqlite))];
        for (engine, store) in stores {
            let keys = Keys::generate();
            let vault = VaultOptions::new().usage(usage.clone()).create(store, keys.up_to(1), &act()).expect("vault");
            println!("timing, {engine}, {name}: {}", told_apart(&vault));
        }
    }
}

fn told_apart(vault: &Vault) -> String {
    let issue = || vault.issue(&NewApiKey::new("n"), &act()).expect("issued").token.expose().to_owned();
    let secret = issue();
    // The record that is opened is the first at or after an id: for the ids just before one it is the same. Unknown ids taken
    // from elsewhere would open some records more often than others, and the cache would tell them from those that are there.
    let tokens: Vec<_> = (0..1_000)
        .map(|_| {
            let known = issue();
            let before = earlier(&known);
            [joined(&known, &secret), joined(&before, &secret), joined(&earlier(&before), &secret)]
        })
        .collect();
    let (mut pattern, mut samples, mut token) = (Pattern::new(), [vec![], vec![], vec![]], String::with_capacity(128));
    for _ in 0..SAMPLES {
        let class = pattern.below(3);
        // In one place, so that where the texts lie tells nothing.
        token.clear();
        token.push_str(&tokens[pattern.below(tokens.len())][class]);
        let begun = Instant::now();
        black_box(vault.verify(&token, &Request::new()).is_err());
        samples[class].push(u32::try_from(begun.elapsed().as_nanos()).unwrap_or(u32::MAX));
    }
    let [known, unknown, unknown_too] = without_the_slowest(samples);
    let difference = |left: &Times, right: &Times| {
        format!(
            "{:+.1} ns, t = {:.2}",
            left.mean - right.mean,
            (left.mean - right.mean) / (left.error + right.error).sqrt()
        )
    };
    format!(
        "of {:.0} ns: known id beside unknown {}; unknown beside unknown {}",
        unknown.mean,
        difference(&known, &unknown),
        difference(&unknown_too, &unknown)
    )
}

/// The token with the id before its own.
fn earlier(token: &str) -> String {
    let mut text = token.as_bytes().to_vec();
    for digit in text[3..29].iter_mut().rev() {
        let value = CROCKFORD.iter().position(|known| known == digit).expect("a digit of an id");
        *digit = CROCKFORD[value.checked_sub(1).unwrap_or(31)];
        if value > 0 {
            break;
        }
    }
    String::from_utf8(text).expect("ASCII")
}

/// The id of one token and the secret of another, with its check.
fn joined(id: &str, secret: &str) -> String {
    let text = format!("{}{}", &id[..29], &secret[29..72]);
    let mut number = crc32fast::hash(text.as_bytes());
    let mut check = [0; 6];
    for digit in check.iter_mut().rev() {
        *digit = BASE62[(number % 62) as usize];
        number /= 62;
    }
    text + std::str::from_utf8(&check).expect("ASCII")
}

struct Times {
    mean: f64,
    /// The variance of the mean.
    error: f64,
}

/// Without the slowest tenth, where the machine speaks.
fn without_the_slowest(samples: [Vec<u32>; 3]) -> [Times; 3] {
    let mut all: Vec<_> = samples.concat();
    all.sort_unstable();
    let limit = all[all.len() * 9 / 10];
    samples.map(|mut times| {
        times.retain(|time| *time <= limit);
        let count = f64::from(u32::try_from(times.len()).expect("a million"));
        let mean = times.iter().map(|time| f64::from(*time)).sum::<f64>() / count;
        let variance = times.iter().map(|time| (f64::from(*time) - mean).powi(2)).sum::<f64>() / (count - 1.0);
        Times { mean, error: variance / count }
    })
}

const OPERATIONS: u32 = 10_000;
const SAMPLES: usize = 1_000_000;
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
