//! Rotation beside the engine's own rewrite of every record: every byte of every value changed, compare-and-swap,
//! in batches of the same size, durable.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use rusqlite::Connection;
use strongroom::{Flow, Phase, RotateOptions, RotationOutcome, SqliteStore, Vault};
use support::{Keys, act, filled, median, raw, report};

fn rotate(_: &mut Criterion) {
    let count: usize = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let rounds = if count > 200_000 { 1 } else { 5 };
    let (mut engine, mut sweep, mut whole) = (vec![], vec![], vec![]);
    for _ in 0..rounds {
        let folder = tempfile::tempdir().expect("folder");
        let keys = Keys::generate();
        drop(filled(folder.path(), keys.one(), count));
        // The floor runs twice, so that what it changed is back when the rotation begins, and its speed is known
        // before and after.
        engine.push(rewrite(&raw(folder.path())));
        engine.push(rewrite(&raw(folder.path())));
        let (swept, all) = rotation(folder.path(), &keys);
        sweep.push(swept);
        whole.push(all);
    }
    let count = u32::try_from(count).expect("a count that fits");
    let floor = median(&mut engine);
    report("rotate, sweep", count, floor, median(&mut sweep));
    report("rotate, whole command with verify and scrub", count, floor, median(&mut whole));
    println!("rotate, peak memory of this process: {} KiB", peak_memory_kib());
}

/// Time until the sweep was over, and until everything was.
fn rotation(folder: &Path, keys: &Keys) -> (Duration, Duration) {
    let vault = Vault::open(SqliteStore::open(folder.join("vault.db")).expect("store"), keys.both()).expect("vault");
    let (start, mut swept) = (Instant::now(), Duration::ZERO);
    let done = vault
        .rotate(&RotateOptions::new(), &act(), |progress| {
            if progress.phase == Phase::Sweep {
                swept = start.elapsed();
            }
            Flow::Continue
        })
        .expect("rotated");
    assert_eq!(done.outcome, RotationOutcome::Finished);
    (swept, start.elapsed())
}

fn rewrite(engine: &Connection) -> Duration {
    let (start, mut after) = (Instant::now(), vec![]);
    loop {
        let rows: Vec<(Vec<u8>, Vec<u8>)> = engine
            .prepare_cached("SELECT k, v FROM keys WHERE k > ?1 ORDER BY k LIMIT 1000")
            .and_then(|mut page| page.query_map([&after], |row| Ok((row.get(0)?, row.get(1)?)))?.collect())
            .expect("a page");
        let Some((last, _)) = rows.last() else { return start.elapsed() };
        after.clone_from(last);
        engine.execute_batch("BEGIN IMMEDIATE").expect("begin");
        for (key, old) in &rows {
            let new: Vec<u8> = old.iter().map(|byte| !byte).collect();
            let mut update =
                engine.prepare_cached("UPDATE keys SET v = ?3 WHERE k = ?1 AND v = ?2").expect("statement");
            assert_eq!(update.execute((key, old, new)).expect("update"), 1);
        }
        engine.execute_batch("COMMIT").expect("commit");
    }
}

fn peak_memory_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|text| text.trim().trim_end_matches(" kB").parse().ok()).unwrap_or(0)
}

criterion_group!(benches, rotate);
criterion_main!(benches);
