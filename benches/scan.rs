//! The scanner beside a search for one literal, over the same bytes, with one key and with many.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use memchr::memmem::Finder;
use strongroom::scan::Scanner;
use strongroom::{MasterKey, MasterKeyVersion, MasterKeys};
use support::median;

fn scan(_criterion: &mut Criterion) {
    let files = read(&folder());
    let bytes: usize = files.iter().map(|(_, content)| content.len()).sum();
    println!("scan: {} files, {} MB", files.len(), bytes / 1_000_000);
    let key = MasterKey::generate().expect("random");
    let literal = key.to_text().expose().to_owned();
    let finder = Finder::new(&literal);
    let exact = |count| {
        let mut keys = MasterKeys::default();
        std::iter::successors(Some(MasterKeyVersion::FIRST), |version| version.next())
            .take(count)
            .for_each(|version| keys.insert(version, MasterKey::generate().expect("random")).expect("new"));
        Scanner::exact(&keys)
    };
    let only = std::env::var("STRONGROOM_BENCH_MODE").unwrap_or_default();
    let modes = [
        ("exact, one key", exact(1)),
        ("exact, ten keys", exact(10)),
        ("exact, a hundred keys", exact(100)),
        ("fingerprint", Scanner::fingerprints([(MasterKeyVersion::FIRST, key.fingerprint())])),
        ("generic", Scanner::generic()),
        ("exact and generic", exact(1).with(Scanner::generic())),
    ];
    let modes: Vec<_> = modes.into_iter().filter(|(name, _)| name.contains(&only)).collect();
    let mut floors = vec![];
    let mut own = vec![vec![]; modes.len()];
    // In turns: the machine's speed drifts.
    for _ in 0..ROUNDS {
        floors.push(timed(|| files.iter().filter(|(_, content)| finder.find(content).is_some()).count()));
        for ((_, scanner), times) in modes.iter().zip(&mut own) {
            times.push(timed(|| files.iter().map(|(name, content)| scanner.scan(name, content).hits.len()).sum()));
        }
    }
    let kilobytes = u32::try_from(bytes / 1000).expect("it fits into memory");
    let rate = |time: Duration| f64::from(kilobytes) / 1e3 / time.as_secs_f64();
    let (floor, first) = (rate(median(&mut floors)), rate(median(&mut own[0].clone())));
    println!("scan, one literal, one thread: {floor:.0} MB/s of processor time");
    for ((name, _), times) in modes.iter().zip(&mut own) {
        let ours = rate(median(times));
        println!(
            "scan, {name}, one thread: {ours:.0} MB/s of processor time, {:.2} times that of {}, {:.4} of one literal",
            first / ours,
            modes[0].0,
            ours / floor
        );
    }
}

/// Processor time of this thread.
fn timed(work: impl FnOnce() -> usize) -> Duration {
    let used = || {
        let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
        text.split(' ').next().and_then(|first| first.parse().ok()).map(Duration::from_nanos)
    };
    let (start, before) = (Instant::now(), used());
    black_box(work());
    match (before, used()) {
        (Some(before), Some(after)) if after > before => after.saturating_sub(before),
        _ => start.elapsed(),
    }
}

/// `STRONGROOM_BENCH_FOLDER`, the sources of the registry, or the repository's own.
fn folder() -> PathBuf {
    let registry = std::env::home_dir().map(|home| home.join(".cargo/registry/src")).filter(|folder| folder.exists());
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("src");
    std::env::var_os("STRONGROOM_BENCH_FOLDER").map(PathBuf::from).or(registry).unwrap_or(own)
}

/// All files below the folder, as far as they fit into memory.
fn read(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let (mut files, mut bytes) = (vec![], 0);
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder").flatten() {
            let path = entry.path();
            match entry.file_type().expect("a type") {
                kind if kind.is_dir() => folders.push(path),
                kind if kind.is_file() && bytes < MOST => {
                    let content = fs::read(&path).expect("a file");
                    bytes += content.len();
                    files.push((path.display().to_string(), content));
                }
                _ => {}
            }
        }
    }
    files
}

const MOST: usize = 400 << 20;
const ROUNDS: usize = 5;

criterion_group!(benches, scan);
criterion_main!(benches);
