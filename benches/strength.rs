//! How long the checks of one master key take.

use criterion::{Criterion, criterion_group, criterion_main};
use strongroom::strength::Suspect;
use strongroom::{MasterKey, Timestamp};

fn strength(criterion: &mut Criterion) {
    let key = MasterKey::generate().expect("random");
    let text = key.to_text();
    criterion.bench_function("parse, with the quick checks", |bench| {
        bench.iter(|| MasterKey::parse(text.expose()).expect("good"));
    });
    let mut full = criterion.benchmark_group("full");
    full.sample_size(10);
    full.bench_function("full check", |bench| {
        let suspect = Suspect::of(&key);
        bench.iter(|| suspect.findings(Timestamp::now()));
    });
    full.finish();
}

criterion_group!(benches, strength);
criterion_main!(benches);
