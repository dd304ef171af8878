//! How long a verification takes in one process while another one rotates the master key of the same vault.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::{Request, SqliteStore, Vault};
use support::{Keys, Pattern, filled};

fn beside(_: &mut Criterion) {
    let count: usize = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("folder");
    let keys = Keys::generate();
    let (vault, tokens) = filled(folder.path(), keys.up_to(1), count);
    drop(vault);
    let store = SqliteStore::open(folder.path().join("vault.db")).expect("store");
    let service = Vault::open(store, keys.all()).expect("vault");
    // As a service that is busy and not overloaded calls it, and as fast as one thread can.
    for (name, pause) in [("5,000 calls a second at most", Duration::from_micros(200)), ("no pauses", Duration::ZERO)] {
        let mut verifier = Verifier { service: &service, tokens: &tokens, pause, pattern: Pattern::new() };
        let (mut idle, mut busy) = (vec![], vec![]);
        for _ in 0..3 {
            let until = Instant::now() + Duration::from_millis(500);
            idle.extend(verifier.run(|| Instant::now() < until));
            let version = service.status().expect("status").active_master_key.get() + 1;
            let mut rotation = rotation(folder.path(), &keys, version);
            busy.extend(verifier.run(|| rotation.try_wait().expect("a child").is_none()));
            assert!(rotation.wait().expect("a child").success());
            assert_eq!(service.status().expect("status").active_master_key.get(), version);
        }
        let ratio = percentile(&mut busy, 99).as_secs_f64() / percentile(&mut idle, 99).as_secs_f64();
        println!(
            "verify beside a rotation, {name}: idle {}; during {}; 99th percentile at {ratio:.2} of idle, 0 failures",
            described(&mut idle),
            described(&mut busy)
        );
    }
}

struct Verifier<'a> {
    service: &'a Vault,
    tokens: &'a [String],
    pause: Duration,
    pattern: Pattern,
}

impl Verifier<'_> {
    /// What each call took. Every one of them has to be accepted.
    fn run(&mut self, mut go_on: impl FnMut() -> bool) -> Vec<Duration> {
        let mut times = vec![];
        while go_on() {
            for _ in 0..50 {
                let token = &self.tokens[self.pattern.below(self.tokens.len())];
                let start = Instant::now();
                self.service.verify(token, &Request::new()).expect("a valid token is accepted");
                times.push(start.elapsed());
                if !self.pause.is_zero() {
                    std::thread::sleep(self.pause);
                }
            }
        }
        times
    }
}

fn rotation(folder: &Path, keys: &Keys, version: u32) -> Child {
    Command::new(env!("CARGO_BIN_EXE_strongroom"))
        .args(["rotate-master-key", "--yes", "--store"])
        .arg(format!("sqlite:{}", folder.join("vault.db").display()))
        .env_clear()
        .env("STRONGROOM_MASTER_KEYS", keys.variable(version))
        .stdout(Stdio::null())
        .spawn()
        .expect("the program")
}

fn described(times: &mut [Duration]) -> String {
    let micros = |time: Duration| time.as_secs_f64() * 1e6;
    let (half, high) = (percentile(times, 50), percentile(times, 99));
    format!("{} calls, median {:.1} us, 99th percentile {:.1} us", times.len(), micros(half), micros(high))
}

fn percentile(times: &mut [Duration], percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() - 1) * percent / 100]
}

criterion_group!(benches, beside);
criterion_main!(benches);
