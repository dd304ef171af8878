//! What is due among 100,000 API keys (or `STRONGROOM_BENCH_KEYS`), beside a plain scan of the engine, and the memory it takes.
#![allow(missing_docs, reason = "a bench has no interface")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::fs;
use std::time::Duration;

use strongroom::Vault;
use strongroom::due::DueRules;
use support::{Keys, act, beside, filled, raw};

fn main() {
    let count: u32 = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("folder");
    let (vault, tokens) = filled(folder.path(), Keys::generate().up_to(1), count as usize);
    drop(tokens);
    vault
        .change_policy(|policy| policy.max_key_age = Some(Duration::from_secs(90 * 86_400)), &act().because("bench"))
        .expect("set");
    let engine = raw(folder.path());
    let floor = || {
        let mut sql = engine.prepare_cached("SELECT k, v FROM keys ORDER BY k").expect("a table");
        let mut rows = sql.query([]).expect("rows");
        let mut bytes = 0;
        while let Some(row) = rows.next().expect("a row") {
            let lengths = [0, 1].map(|at| row.get_ref(at).expect("a column").as_blob().expect("bytes").len());
            bytes += lengths[0] + lengths[1];
        }
        assert!(bytes > count as usize * 100);
    };
    // Memory first, without what the floor leaves behind. Writing 5 sets the peak back to what is used now.
    fs::write("/proc/self/clear_refs", "5").expect("a Linux of this decade");
    let before = peak_kib();
    assert_eq!(examined(&vault), u64::from(count));
    println!(
        "due: {count} API keys: peak memory {} KiB, {} KiB of it by the call",
        peak_kib(),
        peak_kib().saturating_sub(before)
    );
    beside("due", count, 5, floor, || assert_eq!(examined(&vault), u64::from(count)));
}

fn examined(vault: &Vault) -> u64 {
    let (rules, mut examined, mut after) = (DueRules::new(), 0, None);
    loop {
        let page = vault.due(&rules, after).expect("a page");
        assert!(page.items.is_empty());
        (examined, after) = (examined + page.examined, page.next);
        if after.is_none() {
            return examined;
        }
    }
}

fn peak_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("readable");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
