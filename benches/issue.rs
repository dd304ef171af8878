//! Issuing beside the engine's own durable inserts: one at a time, and in batches.
#![allow(missing_docs, reason = "criterion's macros make items without docs")]

mod support;

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::{NewApiKey, SqliteStore, Vault};
use support::{Keys, act, beside, filled, raw, report};

fn issue(criterion: &mut Criterion) {
    let folder = tempfile::tempdir().expect("folder");
    let (vault, _) = filled(folder.path(), Keys::generate().up_to(1), 1_000);
    let engine = raw(folder.path());
    engine
        .execute_batch("CREATE TABLE floor (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID")
        .expect("table");
    engine
        .execute_batch("CREATE TABLE floor_audit (k BLOB PRIMARY KEY NOT NULL, v BLOB NOT NULL) WITHOUT ROWID")
        .expect("table");
    let length = |table: &str| -> usize {
        engine
            .query_row(&format!("SELECT sum(length(v)) / count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))
            .map(|mean| usize::try_from(mean).expect("a length"))
            .expect("a mean")
    };
    let (record, entry) = (vec![0x5a_u8; length("keys")], vec![0x5a_u8; length("audit")]);
    let mut number = 0_u128;
    // What the vault writes for an API key: a record and an audit entry.
    let mut insert = |rows: usize| {
        engine.execute_batch("BEGIN IMMEDIATE").expect("begin");
        for _ in 0..rows {
            number += 1;
            for (sql, value) in
                [("INSERT INTO floor VALUES (?1, ?2)", &record), ("INSERT INTO floor_audit VALUES (?1, ?2)", &entry)]
            {
                engine
                    .prepare_cached(sql)
                    .and_then(|mut sql| sql.execute((number.to_be_bytes(), value)))
                    .expect("insert");
            }
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

/// Many API keys issued in batches of 1,000, beside the load of the very same rows into an empty database.
fn bulk(_: &mut Criterion) {
    let count: usize = std::env::var("STRONGROOM_BENCH_KEYS").ok().and_then(|n| n.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir().expect("folder");
    let start = Instant::now();
    drop(filled(folder.path(), Keys::generate().up_to(1), count));
    let issued = start.elapsed();
    let (source, empty) = (raw(folder.path()), tempfile::tempdir().expect("folder"));
    drop(Vault::create(
        SqliteStore::create(empty.path().join("vault.db")).expect("store"),
        Keys::generate().up_to(1),
        &act(),
    ));
    let target = raw(empty.path());
    target.execute_batch("DELETE FROM keys; DELETE FROM audit").expect("emptied");
    let (mut loaded, mut after) = (Duration::ZERO, [vec![], vec![]]);
    for _ in 0..count.div_ceil(1_000) {
        let mut page = |at: usize, table: &str| {
            let sql = format!("SELECT k, v FROM {table} WHERE k > ?1 ORDER BY k LIMIT 1000");
            let mut page = source.prepare_cached(&sql).expect("statement");
            let rows = page.query_map([&after[at]], |row| Ok((row.get(0)?, row.get(1)?))).expect("a page");
            let rows: Vec<(Vec<u8>, Vec<u8>)> = rows.collect::<Result<_, _>>().expect("rows");
            after[at] = rows.last().map(|(key, _)| key.clone()).unwrap_or_default();
            rows
        };
        let pages = [("keys", page(0, "keys")), ("audit", page(1, "audit"))];
        let start = Instant::now();
        target.execute_batch("BEGIN IMMEDIATE").expect("begin");
        for (table, rows) in &pages {
            let sql = format!("INSERT INTO {table} VALUES (?1, ?2)");
            let mut insert = target.prepare_cached(&sql).expect("statement");
            for (key, value) in rows {
                assert_eq!(insert.execute((key, value)).expect("insert"), 1);
            }
        }
        target.execute_batch("COMMIT").expect("commit");
        loaded += start.elapsed();
    }
    report("issue, bulk, beside an ordered load of the same rows", u32::try_from(count).expect("fits"), loaded, issued);
}

criterion_group!(benches, issue, bulk);
criterion_main!(benches);
