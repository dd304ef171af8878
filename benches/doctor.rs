//! The doctor of 100,000 API keys (or `STRONGROOM_BENCH_KEYS`) beside the engine's own scan of the same rows.
#![allow(missing_docs, reason = "a bench")]
#![allow(clippy::print_stdout, reason = "a bench reports on its output")]

mod support;

use std::hint::black_box;
use std::num::NonZeroU32;

use strongroom::doctor::{Checkup, Depth};
use support::{Keys, beside, filled, raw};

fn main() {
    let keys = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|keys| keys.parse().ok()).unwrap_or(100_000_u32);
    let folder = tempfile::tempdir().expect("folder");
    let (vault, _) = filled(folder.path(), Keys::generate().up_to(1), keys as usize);
    let engine = raw(folder.path());
    let scan = || {
        let mut all = engine.prepare_cached("SELECT k, v FROM keys ORDER BY k").expect("statement");
        let mut rows = all.query([]).expect("rows");
        while let Some(row) = rows.next().expect("a row") {
            black_box((row.get::<_, Vec<u8>>(0).expect("a key"), row.get::<_, Vec<u8>>(1).expect("a value")));
        }
    };
    let number = |n| NonZeroU32::new(n).expect("not zero");
    let seventh = Depth::Subset { part: number(3), parts: number(7) };
    for (name, depth) in [("--deep", Depth::Deep), ("--subset 3/7", seventh), ("--quick", Depth::Quick)] {
        let examine = || {
            let report = vault.examine(&Checkup::new().depth(depth), |_| ()).expect("examined");
            assert!(report.symptoms.is_empty(), "{:?}", report.symptoms);
        };
        beside(&format!("doctor {name}, {keys} API keys"), keys, 3, scan, examine);
    }
}
