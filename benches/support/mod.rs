//! Measuring beside a floor: the machine's speed drifts, so both sides take turns within one run.
#![allow(dead_code, reason = "each bench uses its own part")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;
use strongroom::{Act, MasterKey, MasterKeys, NewApiKey, SqliteStore, Vault};

/// Master keys: version 1 is the one that a vault begins with.
pub(crate) struct Keys(Vec<String>);

impl Keys {
    pub(crate) fn generate() -> Self {
        Self((0..7).map(|_| MasterKey::generate().expect("random").to_text().expose().to_owned()).collect())
    }

    /// The versions up to this one, as a process is given them.
    pub(crate) fn variable(&self, newest: u32) -> String {
        (1..=newest).zip(&self.0).map(|(version, key)| format!("{version}:{key}")).collect::<Vec<_>>().join(",")
    }

    pub(crate) fn up_to(&self, newest: u32) -> MasterKeys {
        MasterKeys::parse(&self.variable(newest)).expect("good keys")
    }

    pub(crate) fn all(&self) -> MasterKeys {
        self.up_to(7)
    }
}

pub(crate) fn act() -> Act {
    Act::by("bench")
}

/// A vault in `folder` with `count` API keys, and their tokens.
pub(crate) fn filled(folder: &Path, keys: MasterKeys, count: usize) -> (Vault, Vec<String>) {
    let vault =
        Vault::create(SqliteStore::create(folder.join("vault.db")).expect("store"), keys, &act()).expect("vault");
    let new: Vec<_> =
        (0..1_000).map(|n| NewApiKey::new(format!("worker {n}")).owner("acme corporation").scope("read")).collect();
    let mut tokens = Vec::with_capacity(count);
    while tokens.len() < count {
        let batch = &new[..new.len().min(count - tokens.len())];
        tokens
            .extend(vault.issue_many(batch, &act()).expect("issued").into_iter().map(|i| i.token.expose().to_owned()));
    }
    (vault, tokens)
}

/// A plain connection with the settings of the engine.
pub(crate) fn raw(folder: &Path) -> Connection {
    let connection = Connection::open(folder.join("vault.db")).expect("database");
    connection
        .execute_batch("PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA cache_size = -8192;")
        .expect("settings");
    connection
}

/// Times `floor` and `ours` in turn, and prints the medians and their ratio. Each call does `operations` operations.
pub(crate) fn beside(name: &str, operations: u32, rounds: usize, mut floor: impl FnMut(), mut ours: impl FnMut()) {
    let time = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        work();
        start.elapsed()
    };
    let _ = (time(&mut floor), time(&mut ours));
    let (mut floors, mut own) = (vec![], vec![]);
    for _ in 0..rounds {
        floors.push(time(&mut floor));
        own.push(time(&mut ours));
    }
    report(name, operations, median(&mut floors), median(&mut own));
}

pub(crate) fn report(name: &str, operations: u32, floor: Duration, ours: Duration) {
    let per_second = |time: Duration| f64::from(operations) / time.as_secs_f64();
    println!(
        "{name}: engine {:.0}/s, strongroom {:.0}/s, ratio {:.2}",
        per_second(floor),
        per_second(ours),
        floor.as_secs_f64() / ours.as_secs_f64()
    );
}

pub(crate) fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

/// A cheap generator for access patterns; nothing secret depends on it.
pub(crate) struct Pattern(u64);

impl Pattern {
    pub(crate) fn new() -> Self {
        Self(0x9e37_79b9_7f4a_7c15)
    }

    /// One of several that differ.
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(0x9e37_79b9_7f4a_7c15 ^ (seed << 20))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("below a usize")
    }
}
