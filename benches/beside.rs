//! How long a verification takes in one process while another one rotates the master key of the same vault, and while eight others
//! change it as fast as they can, with the log followed and without.
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use strongroom::{NewApiKey, Query, Request, SqliteStore, Update, Vault, VaultOptions};
use support::{Keys, Pattern, act, filled};

fn main() {
    if let Ok(seed) = std::env::var(WRITER) {
        write(seed.parse().expect("a number"));
    }
    let count: usize = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    beside_a_rotation(count);
    beside_writers(count);
}

fn beside_a_rotation(count: usize) {
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

/// Eight processes change labels of the API keys that are verified, and issue new ones. One handle follows the log and one does not; they
/// take turns.
fn beside_writers(count: usize) {
    let folder = tempfile::tempdir().expect("folder");
    let keys = Keys::generate();
    let (vault, tokens) = filled(folder.path(), keys.up_to(1), count);
    let open = |follow: bool| {
        let store = SqliteStore::open(folder.path().join("vault.db")).expect("store");
        VaultOptions::new().follow(follow).open(store, keys.up_to(1)).expect("vault")
    };
    let (followed, alone) = (open(true), open(false));
    followed.catch_up().expect("the log");
    let before = followed.following().entries;
    let mut writers: Vec<_> = (0..8_u64).map(|seed| writer(folder.path(), &keys, seed)).collect();
    let (mut with, mut without) = (vec![], vec![]);
    for _ in 0..24 {
        for (service, times) in [(&followed, &mut with), (&alone, &mut without)] {
            let pause = Duration::from_micros(200);
            let until = Instant::now() + Duration::from_millis(500);
            times.extend(
                Verifier { service, tokens: &tokens, pause, pattern: Pattern::new() }.run(|| Instant::now() < until),
            );
        }
    }
    for writer in &mut writers {
        assert!(writer.try_wait().expect("a child").is_none(), "a writer ended early");
        writer.kill().expect("stopped");
        writer.wait().expect("a child");
    }
    drop(vault);
    followed.catch_up().expect("the log");
    let following = followed.following();
    let ratio = percentile(&mut with, 99).as_secs_f64() / percentile(&mut without, 99).as_secs_f64();
    println!(
        "verify beside 8 writers, {} changes, {} API keys held to the log: followed {}; not followed {}; 99th percentile at {ratio:.2} of \
         not followed, 0 failures",
        following.entries - before,
        following.changed,
        described(&mut with),
        described(&mut without)
    );
}

fn writer(folder: &Path, keys: &Keys, seed: u64) -> Child {
    Command::new(std::env::current_exe().expect("this program"))
        .env(WRITER, seed.to_string())
        .env(FOLDER, folder)
        .env("STRONGROOM_MASTER_KEYS", keys.variable(1))
        .spawn()
        .expect("a writer")
}

/// Until it is stopped.
fn write(seed: u64) -> ! {
    let folder = std::env::var_os(FOLDER).expect("the folder");
    let store = SqliteStore::open(Path::new(&folder).join("vault.db")).expect("store");
    let keys = strongroom::MasterKeys::from_env().expect("keys");
    let vault = VaultOptions::new().follow(false).open(store, keys).expect("vault");
    let ids: Vec<_> = vault.list_all(&Query::new()).map(|listed| listed.expect("a record").id).take(100_000).collect();
    let mut pattern = Pattern::seeded(seed);
    for round in 0.. {
        if round % 4 == 0 {
            vault.issue(&NewApiKey::new("beside"), &act()).expect("issued");
        } else {
            let update = Update::new().name(format!("round {round}"));
            vault.update(ids[pattern.below(ids.len())], &update, &act()).expect("updated");
        }
    }
    unreachable!("it is stopped before");
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

const WRITER: &str = "STRONGROOM_BENCH_WRITER";
const FOLDER: &str = "STRONGROOM_BENCH_FOLDER";
