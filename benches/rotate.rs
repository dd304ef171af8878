//! Rotation beside the engine's own rewrite of every record: every byte of every value changed, compare-and-swap,
//! in batches of the same size, durable.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use rusqlite::Connection;
use strongroom::rotation::{Phase, RotateOptions, RotationOutcome};
use strongroom::{SqliteStore, Vault};
use support::{Keys, act, filled, median, raw, report};

fn rotate(_: &mut Criterion) {
    let count: usize = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let rounds = if count > 200_000 { 1 } else { 5 };
    let (mut engine, mut sweep, mut whole, mut rewrap) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rounds {
        let folder = tempfile::tempdir().expect("folder");
        let keys = Keys::generate();
        drop(filled(folder.path(), keys.up_to(1), count));
        // The floor runs twice, so that what it changed is back when the rotation begins, and its speed is known
        // before and after.
        engine.push(rewrite(&raw(folder.path())));
        engine.push(rewrite(&raw(folder.path())));
        let (swept, all) = rotation(folder.path(), &keys);
        sweep.push(swept);
        whole.push(all);
        rewrap.push(rewrapping(folder.path(), &keys));
    }
    // Before anything else that could raise it.
    let memory = peak_memory_kib();
    let written_by_hand = multifernet(count);
    let count = u32::try_from(count).expect("a count that fits");
    let floor = median(&mut engine);
    report("rotate, sweep", count, floor, median(&mut sweep));
    report("rotate, whole command with verify and scrub", count, floor, median(&mut whole));
    println!("rotate, peak memory of this process: {memory} KiB");
    println!("rotate, the master key only: {:.1} ms after opening", median(&mut rewrap).as_secs_f64() * 1e3);
    match written_by_hand {
        Ok(rate) => {
            let ours = f64::from(count) / median(&mut whole).as_secs_f64();
            println!("rotate, the whole command beside MultiFernet by hand: {rate:.0}/s, ratio {:.1}", ours / rate);
        }
        Err(why) => println!("SKIPPED: rotate beside MultiFernet by hand: {why}"),
    }
}

/// Records that Python's `MultiFernet` moves per second, over a store with the same settings.
fn multifernet(count: usize) -> Result<f64, String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/multifernet.py");
    let ran =
        Command::new("python3").arg(script).arg(count.to_string()).output().map_err(|e| format!("python3: {e}"))?;
    let said = String::from_utf8_lossy(if ran.status.success() { &ran.stdout } else { &ran.stderr });
    let last = said.trim().lines().last().unwrap_or_default().to_owned();
    last.parse().map_err(|_| format!("python3 with the package cryptography is needed: {last}"))
}

fn rewrapping(folder: &Path, keys: &Keys) -> Duration {
    let vault = Vault::open(SqliteStore::open(folder.join("vault.db")).expect("store"), keys.up_to(3)).expect("vault");
    let start = Instant::now();
    let done = vault.rotate(&RotateOptions::new().rewrap_only(true).quick(true), &act(), |_| ()).expect("rewrapped");
    let took = start.elapsed();
    assert_eq!(done.outcome, RotationOutcome::Finished);
    took
}

/// Time until the sweep was over, and until everything was.
fn rotation(folder: &Path, keys: &Keys) -> (Duration, Duration) {
    let vault = Vault::open(SqliteStore::open(folder.join("vault.db")).expect("store"), keys.up_to(2)).expect("vault");
    let (start, mut swept) = (Instant::now(), Duration::ZERO);
    let done = vault
        .rotate(&RotateOptions::new().quick(true), &act(), |progress| {
            if progress.phase == Phase::Sweep {
                swept = start.elapsed();
            }
            ControlFlow::Continue(())
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
