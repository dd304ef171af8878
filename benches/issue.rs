//! Issuing beside the engine's own durable inserts: one at a time, and in batches.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]

mod support;

use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::NewApiKey;
use support::{Keys, act, beside, filled, raw};

fn issue(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("folder");
    let (vault, _) = filled(folder.path(), Keys::generate().one(), 1_000);
    let engine = raw(folder.path());
    engine
        .execute_batch("CREATE TABLE floor (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID")
        .expect("table");
    let mut number = 0_u128;
    let mut insert = |rows: usize| {
        engine.execute_batch("BEGIN IMMEDIATE").expect("begin");
        for _ in 0..rows {
            number += 1;
            let mut statement = engine.prepare_cached("INSERT INTO floor VALUES (?1, ?2)").expect("statement");
            statement.execute((number.to_be_bytes(), [0x5a_u8; RECORD_LEN])).expect("insert");
        }
        engine.execute_batch("COMMIT").expect("commit");
    };
    let key = NewApiKey::new("worker").owner("acme corporation").scope("read");
    criterion.bench_function("issue: engine durable insert", |bench| bench.iter(|| insert(1)));
    criterion.bench_function("issue: vault", |bench| bench.iter(|| vault.issue(&key, &act()).expect("issued")));
    beside(
        "issue, one at a time",
        500,
        11,
        || (0..500).for_each(|_| insert(1)),
        || {
            (0..500).for_each(|_| drop(vault.issue(&key, &act()).expect("issued")));
        },
    );
    let batch = vec![key; 1_000];
    beside(
        "issue, in batches of 1,000",
        10_000,
        11,
        || (0..10).for_each(|_| insert(1_000)),
        || {
            (0..10).for_each(|_| drop(vault.issue_many(&batch, &act()).expect("issued")));
        },
    );
}

/// The length of the record that the vault writes for the same API key.
const RECORD_LEN: usize = 230;

criterion_group!(benches, issue);
criterion_main!(benches);
