//! The scanner beside a search for one literal, over the same bytes.
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
    let one = || Scanner::exact(&MasterKeys::single(MasterKey::generate().expect("random")));
    let ten = || {
        let mut keys = MasterKeys::default();
        std::iter::successors(Some(MasterKeyVersion::FIRST), |version| version.next())
            .take(10)
            .for_each(|version| keys.insert(version, MasterKey::generate().expect("random")).expect("new"));
        Scanner::exact(&keys)
    };
    let only = std::env::var("STRONGROOM_BENCH_MODE").unwrap_or_default();
    let modes = [
        ("exact, one key", one()),
        ("exact, ten keys", ten()),
        ("fingerprint", Scanner::fingerprints([(MasterKeyVersion::FIRST, key.fingerprint())])),
        ("generic", Scanner::generic()),
    ];
    for (name, scanner) in modes.into_iter().filter(|(name, _)| name.contains(&only)) {
        let (mut floors, mut own) = (vec![], vec![]);
        for _ in 0..ROUNDS {
            let start = Instant::now();
            black_box(files.iter().filter(|(_, content)| finder.find(content).is_some()).count());
            floors.push(start.elapsed());
            let start = Instant::now();
            black_box(files.iter().map(|(name, content)| scanner.scan(name, content).hits.len()).sum::<usize>());
            own.push(start.elapsed());
        }
        let kilobytes = u32::try_from(bytes / 1000).expect("it fits into memory");
        let rate = |time: Duration| f64::from(kilobytes) / 1e3 / time.as_secs_f64();
        let (floor, ours) = (rate(median(&mut floors)), rate(median(&mut own)));
        println!(
            "scan, {name}, one thread: one literal {floor:.0} MB/s, strongroom {ours:.0} MB/s, ratio {:.3}",
            ours / floor
        );
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
