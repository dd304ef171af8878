//! Verification beside the engine's own point reads of the same rows.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]

mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::Request;
use support::{Keys, Pattern, beside, filled, raw};

fn verify(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("folder");
    let (vault, tokens) = filled(folder.path(), Keys::generate().up_to(1), KEYS);
    let engine = raw(folder.path());
    let mut select = engine.prepare("SELECT v FROM keys WHERE k = ?1").expect("statement");
    let ids: Vec<Vec<u8>> = engine
        .prepare("SELECT k FROM keys ORDER BY k LIMIT ?1")
        .and_then(|mut all| {
            all.query_map([i64::try_from(KEYS).expect("a count that fits")], |row| row.get(0))?.collect()
        })
        .expect("ids");

    let (mut read_pattern, mut verify_pattern) = (Pattern::new(), Pattern::new());
    let mut read = || {
        let id = &ids[read_pattern.below(KEYS)];
        black_box(select.query_row([id], |row| row.get::<_, Vec<u8>>(0)).expect("a row"));
    };
    let mut verify = || {
        let token = &tokens[verify_pattern.below(KEYS)];
        black_box(vault.verify(token, &Request::new().scope("read")).expect("valid"));
    };
    criterion.bench_function("verify 100k: engine point read", |bench| bench.iter(&mut read));
    criterion.bench_function("verify 100k: vault", |bench| bench.iter(&mut verify));
    let unknown = tokens[0].replace("sr_0", "sr_1");
    criterion.bench_function("verify 100k: damaged token", |bench| {
        bench.iter(|| black_box(vault.verify(&unknown, &Request::new()).is_err()));
    });
    beside(
        "verify, 100k API keys, one thread",
        10_000,
        21,
        || (0..10_000).for_each(|_| read()),
        || {
            (0..10_000).for_each(|_| verify());
        },
    );
}

const KEYS: usize = 100_000;

criterion_group!(benches, verify);
criterion_main!(benches);
