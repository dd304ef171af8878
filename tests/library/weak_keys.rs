//! Every key of tests/data/weak_keys.json, which generators outside this project made, is found; random keys are not.
#![cfg(feature = "strength")]
#![expect(clippy::print_stderr, reason = "the long tests report figures")]

use std::collections::BTreeMap;

use serde::Deserialize;
use strongroom::strength::{Severity, Suspect};
use strongroom::{MasterKey, Timestamp};

#[derive(Deserialize)]
struct Corpus {
    now: i64,
    families: BTreeMap<String, Vec<String>>,
}

fn corpus() -> Corpus {
    serde_json::from_str(include_str!("../data/weak_keys.json")).expect("the corpus")
}

/// The gravest finding, quick ones first: the full check takes long without optimisation.
fn found(text: &str, now: Timestamp, quick: bool) -> Option<(Severity, &'static str)> {
    let suspect = Suspect::read(text);
    let findings = suspect.quick_findings();
    let findings = if findings.is_empty() && !quick { suspect.findings(now) } else { findings };
    findings.first().map(|finding| (finding.severity, finding.id))
}

#[test]
fn weak_keys_of_structure_and_published_ones_are_found_by_the_quick_check() {
    let corpus = corpus();
    let now = Timestamp::from_unix_millis(corpus.now * 1_000).expect("a time");
    let families = corpus.families.iter().filter(|(family, _)| is_quick(family));
    for (family, keys) in families {
        for (at, key) in keys.iter().enumerate() {
            assert!(found(key, now, true).is_some(), "{family}, number {at}");
        }
    }
}

/// Families whose keys show what they are without any enumeration.
fn is_quick(family: &str) -> bool {
    let enumerated = [
        "argon2id",
        "bash",
        "blake2b",
        "digest",
        "half and its",
        "hkdf",
        "hmac",
        "iterated",
        "javascript",
        "java ",
        "kotlin",
        "c ",
        "perl",
        "python",
        "numpy",
        "msvc",
        "ansi",
        "musl",
        "numerical",
        "other text",
        "pair",
        "minimal",
        "xorshift",
        "splitmix",
        "pbkdf2",
        "rust",
        "salted",
        "script",
        "scrypt",
        "shake",
        "spelled",
        "utf-16",
    ];
    !enumerated.iter().any(|prefix| family.starts_with(prefix))
}

/// Writes the table of docs/master-keys.md. `STRONGROOM_CORPUS_STEP=4` takes every fourth key.
#[test]
#[ignore = "an hour without optimisation: run it with --release"]
fn every_weak_key_is_found() {
    let corpus = corpus();
    let now = Timestamp::from_unix_millis(corpus.now * 1_000).expect("a time");
    let step = std::env::var("STRONGROOM_CORPUS_STEP").map_or(1, |step| step.parse().expect("a number"));
    let mut missed = vec![];
    for (family, keys) in &corpus.families {
        let mut ids: BTreeMap<&str, usize> = BTreeMap::new();
        for (at, key) in keys.iter().enumerate().step_by(step) {
            match found(key, now, false) {
                Some((_, id)) => *ids.entry(id).or_default() += 1,
                None => missed.push(format!("{family}, number {at}")),
            }
        }
        let count: usize = ids.values().sum();
        let ids: Vec<_> = ids.keys().map(|id| format!("`{id}`")).collect();
        eprintln!("| {family} | {} | {count} | {} |", keys.len().div_ceil(step), ids.join(", "));
    }
    assert!(missed.is_empty(), "{} missed:\n{}", missed.len(), missed.join("\n"));
}

#[test]
fn a_random_key_has_no_finding_at_all() {
    let key = MasterKey::generate().expect("random");
    assert_eq!(Suspect::of(&key).findings(Timestamp::now()), []);
}

/// The bar is none in ten million. `STRONGROOM_RANDOM_KEYS` takes another number.
#[test]
#[ignore = "a quarter of an hour: run it with --release"]
fn ten_million_random_keys_are_not_refused() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let count = std::env::var("STRONGROOM_RANDOM_KEYS").map_or(10_000_000, |count| count.parse().expect("a number"));
    let each = count / threads + 1;
    let counts = std::thread::scope(|scope| {
        let work = || {
            let mut counts: BTreeMap<&'static str, usize> = BTreeMap::new();
            for _ in 0..each {
                for finding in MasterKey::generate().expect("random").findings() {
                    *counts.entry(finding.id).or_default() += 1;
                }
            }
            counts
        };
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let counts: Vec<_> = workers.into_iter().flat_map(|worker| worker.join().expect("no panic")).collect();
        counts
    });
    eprintln!("{} keys: {counts:?}", each * threads);
    assert!(counts.iter().all(|(id, _)| *id == "printable-half"), "{counts:?}");
}

/// Which tier finds each key of a list that `STRONGROOM_BLIND` names: a line is a key in any spelling, and behind a tab how it was
/// made. It prints what is found by which tier, a table by what stands behind the tab, and what is not found.
/// `STRONGROOM_BLIND_THOROUGH=1` tries the thorough check on what the full one misses: minutes for each.
#[test]
#[ignore = "needs a list of keys: run it with --release --nocapture"]
fn which_tier_finds_each_key_of_a_list() {
    let Ok(path) = std::env::var("STRONGROOM_BLIND") else { return };
    let thorough = std::env::var_os("STRONGROOM_BLIND_THOROUGH").is_some();
    let now = Timestamp::now();
    let mut kinds: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    for line in std::fs::read_to_string(path).expect("the list").lines().filter(|line| !line.is_empty()) {
        let (key, kind) = line.split_once('\t').unwrap_or((line, ""));
        let suspect = Suspect::read(key);
        let grave = |findings: Vec<strongroom::strength::Finding>| {
            findings
                .into_iter()
                .find(|finding| finding.severity == Severity::Refuse && !finding.id.starts_with("format-"))
        };
        let tiers: [(&str, &dyn Fn() -> Vec<_>); 3] = [
            ("quick", &|| suspect.quick_findings()),
            ("full", &|| suspect.findings(now)),
            ("thorough", &|| if thorough { suspect.findings_thorough(now, |_| {}) } else { vec![] }),
        ];
        let mut found = tiers.iter().enumerate().filter_map(|(at, (tier, search))| Some((at, tier, grave(search())?)));
        let (at, said) = found.next().map_or((3, "missed".to_owned()), |(at, tier, finding)| {
            (at, format!("{tier}\t{}\t{}", finding.id, finding.what))
        });
        kinds.entry(kind.to_owned()).or_default()[at] += 1;
        eprintln!("{key}\t{kind}\t{said}");
    }
    eprintln!("kind\tquick\tfull\tthorough\tmissed");
    let mut sum = [0; 4];
    for (kind, counts) in &kinds {
        eprintln!("{kind}\t{}\t{}\t{}\t{}", counts[0], counts[1], counts[2], counts[3]);
        for (total, count) in sum.iter_mut().zip(counts) {
            *total += count;
        }
    }
    eprintln!("all\t{}\t{}\t{}\t{}", sum[0], sum[1], sum[2], sum[3]);
}

/// Three hundred, each of which takes a second or two. `STRONGROOM_RANDOM_KEYS` takes another number.
#[test]
#[ignore = "ten minutes: run it with --release"]
fn random_keys_pass_the_full_check() {
    let count = std::env::var("STRONGROOM_RANDOM_KEYS").map_or(300, |count| count.parse().expect("a number"));
    for _ in 0..count {
        let key = MasterKey::generate().expect("random");
        let findings = Suspect::of(&key).findings(Timestamp::now());
        assert!(findings.iter().all(|finding| finding.id == "printable-half"), "{findings:?}");
    }
    eprintln!("{count} random keys without a finding of the full check");
}
