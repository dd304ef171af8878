//! Every key of tests/data/weak_keys.json, which generators outside this project made, is found; random keys are not.
#![cfg(feature = "strength")]
#![expect(clippy::print_stderr, reason = "the long tests report figures")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::support::{act, version};
use serde::Deserialize;
use strongroom::error::Detail;
use strongroom::master::MasterKeyError;
use strongroom::rotation::{RotateOptions, RotationOutcome};
use strongroom::strength::{Severity, Suspect, Waivers};
use strongroom::{ErrorKind, MasterKey, MasterKeyVersion, MasterKeys, MemoryStore, Timestamp, Vault, VaultOptions};

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

#[test]
fn a_thorough_check_that_is_stopped_says_nothing_of_a_key_that_it_did_not_refuse() {
    let suspect = Suspect::of(&MasterKey::generate().expect("random"));
    let mut heard = vec![];
    let findings = suspect.findings_thorough(Timestamp::now(), |done| {
        heard.push(done);
        if heard.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    assert!(findings.is_none() && heard.len() == 2 && heard[1] < 1_000, "{heard:?}");
    let refused = Suspect::read(SPELLED).findings_thorough(Timestamp::now(), |_| ControlFlow::Break(()));
    assert!(refused.is_some_and(|findings| findings[0].severity == Severity::Refuse));
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

/// Words that were typed where a key was wanted: the first thing that the full checks look for, however busy the machine is.
const SPELLED: &str = "ThisIsMySuperSecretMasterKeyForTheVaultAppA=";

fn spelled() -> MasterKey {
    MasterKey::parse(SPELLED).expect("the quick checks see nothing")
}

fn waiver(fingerprint: impl std::fmt::Display) -> Waivers {
    let line = format!(
        r#"{{"id": "spelled-words", "fingerprint": "{fingerprint}", "until": "2999-01-01", "reason": "a test"}}"#
    );
    Waivers::parse(&line, Timestamp::now())
}

fn two(first: MasterKey, second: MasterKey) -> MasterKeys {
    let mut keys = MasterKeys::single(first);
    keys.insert(version(2), second).expect("another");
    keys
}

fn text_of(key: &MasterKey) -> String {
    key.to_text().expose().to_owned()
}

#[test]
fn a_vault_is_not_made_under_a_key_that_the_full_checks_refuse() {
    let store = MemoryStore::new();
    let refused = Vault::create(store.clone(), MasterKeys::single(spelled()), &act()).expect_err("refused");
    assert_eq!(refused.kind(), ErrorKind::MasterKey);
    let Detail::MasterKeyWeak {
        version: MasterKeyVersion::FIRST,
        fault: MasterKeyError::Weak { fingerprint, findings },
    } = refused.detail()
    else {
        panic!("{refused}")
    };
    assert_eq!((fingerprint, findings[0].id), (&spelled().fingerprint(), "spelled-words"));
    let opened = Vault::open(store.clone(), MasterKeys::single(spelled()));
    assert!(opened.is_err_and(|error| matches!(error.detail(), Detail::NoVault)), "nothing was written");
    let waived = VaultOptions::new().waivers(waiver(fingerprint));
    waived.create(store, MasterKeys::single(spelled()), &act()).expect("waived");
    let quick = VaultOptions::new().quick(true);
    quick.create(MemoryStore::new(), MasterKeys::single(spelled()), &act()).expect("left out");
}

#[test]
fn a_rotation_begins_to_no_key_that_the_full_checks_refuse_where_the_vault_was_opened_to_rotate() {
    let (store, first) = (MemoryStore::new(), MasterKey::generate().expect("random"));
    let keys = |second| two(MasterKey::parse(&text_of(&first)).expect("good"), second);
    let only = MasterKey::parse(&text_of(&first)).expect("good").known_random();
    drop(Vault::create(store.clone(), MasterKeys::single(only), &act()).expect("vault"));
    let rotate = |vault: &Vault, options: RotateOptions| vault.rotate(&options, &act(), |_| ());

    let to_rotate = |second| VaultOptions::new().to_rotate(true).open(store.clone(), keys(second)).expect("vault");
    let vault = to_rotate(spelled());
    for options in [RotateOptions::new(), RotateOptions::new().rewrap_only(true)] {
        let weak = rotate(&vault, options).expect_err("refused");
        assert!(matches!(weak.detail(), Detail::MasterKeyWeak { version, .. } if version.get() == 2), "{weak}");
    }
    assert_eq!(vault.status().expect("status").active_master_key, version(1), "nothing has begun");

    let good = MasterKey::parse(&text_of(&MasterKey::generate().expect("random"))).expect("good");
    let begun = rotate(&to_rotate(good), RotateOptions::new()).expect("judged and found good");
    assert_eq!(begun.outcome, RotationOutcome::Finished);
}

#[test]
fn after_one_rotation_the_key_of_the_next_is_judged_as_well() {
    let (store, [first, second]) = (MemoryStore::new(), [(); 2].map(|()| MasterKey::generate().expect("random")));
    drop(Vault::create(store.clone(), MasterKeys::single(again(&first)), &act()).expect("vault"));
    let mut keys = two(again(&first), again(&second));
    keys.insert(version(3), spelled()).expect("another");
    let vault = VaultOptions::new().to_rotate(true).open(store, keys).expect("vault");
    let rotate = |to| vault.rotate(&RotateOptions::new().to(version(to)), &act(), |_| ());
    assert_eq!(rotate(2).expect("good").outcome, RotationOutcome::Finished);
    let weak = rotate(3).expect_err("refused");
    assert!(matches!(weak.detail(), Detail::MasterKeyWeak { version, .. } if version.get() == 3), "{weak}");
}

/// A feature that another crate turns on does not change what a service does that has not asked for it.
#[test]
fn a_vault_that_was_not_opened_to_rotate_judges_nothing_with_every_feature() {
    let (store, first) = (MemoryStore::new(), MasterKey::generate().expect("random"));
    let keys = two(again(&first), spelled());
    drop(Vault::create(store.clone(), MasterKeys::single(first), &act()).expect("vault"));
    let vault = Vault::open(store, keys).expect("vault");
    let report = vault.rotate(&RotateOptions::new(), &act(), |_| ()).expect("the checks of reading are all there are");
    assert_eq!(report.outcome, RotationOutcome::Finished);
}

/// The same key, of which nobody knows that it is random.
fn again(key: &MasterKey) -> MasterKey {
    MasterKey::parse(&text_of(key)).expect("good")
}

#[test]
fn a_weak_key_is_rotated_to_where_it_is_waived_or_the_checks_are_left_out() {
    for how in ["waived", "quick", "known"] {
        let (store, first) = (MemoryStore::new(), MasterKey::generate().expect("random"));
        let again = MasterKey::parse(&text_of(&first)).expect("good");
        drop(Vault::create(store.clone(), MasterKeys::single(first), &act()).expect("a generated key is not judged"));
        let options = RotateOptions::new();
        let (second, open, options) = match how {
            "waived" => {
                (spelled(), VaultOptions::new().to_rotate(true), options.waivers(waiver(spelled().fingerprint())))
            }
            "quick" => (spelled(), VaultOptions::new(), options.quick(true)),
            _ => (spelled().known_random(), VaultOptions::new(), options),
        };
        let vault = open.open(store, two(again, second)).expect("vault");
        vault.rotate(&options, &act(), |_| ()).unwrap_or_else(|error| panic!("{how}: {error}"));
    }
}
